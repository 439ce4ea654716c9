"""Two roles in production: one owns and migrates, the other serves, and owns nothing.

So whoever takes the application over can neither alter the audit trail nor switch off a rule.
"""

import sys

from piccolo.table import Table

from backoffice.audit_trail.tables import KEPT_BY_RULES
from backoffice.database.engine import Engine, the_engine
from backoffice.database.failures import DATABASE_ERRORS, cause
from backoffice.migrations.files import apps

GRANTS = """
REVOKE CREATE ON SCHEMA public FROM PUBLIC; -- as it is from PostgreSQL 15 on: a function there could be called by ours
GRANT USAGE ON SCHEMA public TO {role};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role};
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role};
GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};
GRANT INSERT, UPDATE, DELETE ON {tables} TO {role};
"""


async def grant(role: str) -> None:
    """
    Let a role serve that owns nothing: it writes the tables, but only reads what rules keep. Again after migrations.

    :param role:
        Its name. It exists already: CREATE ROLE … LOGIN PASSWORD '…'.
    """
    try:
        await _grant(the_engine(), role)
    except DATABASE_ERRORS as error:
        sys.exit(f"Nothing was granted: {cause(error)}")
    print(f"The role {role} may serve.")  # noqa: T201 # the command's answer


async def _grant(engine: Engine, role: str) -> None:
    async with engine.acquire() as connection:
        name = await connection.fetchval("SELECT quote_ident($1)", role)
        await connection.execute(GRANTS.format(role=name, tables=", ".join(map(_quoted, _written()))))


def _written() -> list[type[Table]]:
    return [table for app in apps() for table in app.table_classes if KEPT_BY_RULES not in table._meta.tags]


def _quoted(table: type[Table]) -> str:
    return f'"{table._meta.tablename}"'
