"""Two roles in production: one owns and migrates, the other serves, and owns nothing.

So an attacker who takes over the application can neither alter the audit trail nor switch off a rule.
"""

import sys

from piccolo.table import Table

from backoffice.audit_trail.tables import WRITTEN_BY_RULES
from backoffice.database.engine import Engine, the_engine
from backoffice.database.failures import DATABASE_ERRORS, cause
from backoffice.migrations.catalog import read_catalog
from backoffice.migrations.files import apps

GRANTS = """
-- As it is from PostgreSQL 15 on: a function there could be called by ours.
REVOKE CREATE ON SCHEMA public FROM PUBLIC, {role};
GRANT USAGE ON SCHEMA public TO {role};
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role}; -- or it could give numbers twice
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role};
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role};
GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};
GRANT INSERT, UPDATE, DELETE ON {tables} TO {role};
"""

OWNER = """
SELECT quote_ident(pg_get_userbyid(relowner)) FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relname = ANY ($2) AND pg_has_role($1::name, relowner, 'MEMBER') LIMIT 1
"""


class GrantRefused(Exception):
    """The text is for the operator."""


async def grant(role: str) -> None:
    """
    Let a role serve that owns nothing: it writes the tables, but only reads what rules keep. Again after migrations.

    :param role:
        Its name. It exists already: CREATE ROLE … LOGIN PASSWORD '…'.
    """
    try:
        await _grant(the_engine(), role)
    except GrantRefused as refusal:
        sys.exit(f"Nothing was granted: {refusal}")
    except DATABASE_ERRORS as error:
        sys.exit(f"Nothing was granted: {cause(error)}")
    print(f"The role {role} may serve.")  # noqa: T201 # the command's answer


async def _grant(engine: Engine, role: str) -> None:
    async with engine.acquire() as connection, connection.transaction():
        name = await connection.fetchval("SELECT quote_ident($1)", role)
        written = [table._meta.tablename for table in _written()]
        if owner := await connection.fetchval(OWNER, role, written):
            raise GrantRefused(_refusal(name, owner))
        tables = ", ".join(f'"{table}"' for table in written)
        await connection.execute(GRANTS.format(role=name, tables=tables))
        if left := [thing for thing in await read_catalog(connection) if thing.startswith(f"right of {name} ")]:
            raise GrantRefused(
                f"the {', the '.join(left)} would stay, which another gave it, or has a role that it is a member of. "
                "Let a superuser take that away first."
            )


def _refusal(role: str, owner: str) -> str:
    """The refusal of a serving role that is, or may become, the owner of the tables."""
    who = "owns the tables" if role == owner else f"may become {owner}, who owns the tables"
    return (
        f"{role} {who}, and could switch off the audit trail and every rule. "
        f"Let another role serve, which is no superuser and no member of {owner}."
    )


def _written() -> list[type[Table]]:
    return [table for app in apps() for table in app.table_classes if WRITTEN_BY_RULES not in table._meta.tags]
