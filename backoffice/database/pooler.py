"""PgBouncer or its like between us and PostgreSQL, lending a session for the length of a transaction.

A lent session keeps nothing for the next transaction: no settings, no prepared statements. So behind a pooler, every
query has a transaction, which sets its own timeouts, and no statement is prepared by name.
"""

from collections.abc import Mapping

from backoffice.database.connecting import Connection, durable_sql

UNKNOWN_SETTING = "unsupported startup parameter"  # PgBouncer's message for all settings but a few

# Arguments of a connection.
NOTHING_BY_NAME = {"statement_cache_size": 0}


async def is_between(connection: Connection) -> bool:
    """True when another backend answers than the one announced on connecting: then a pooler is in between."""
    answering = await connection.fetchval("SELECT pg_backend_pid()")
    return bool(answering != connection.get_server_pid())


def refusal(where: str) -> str:
    """What to tell who runs a command that needs a session of its own, or leaves settings in one."""
    return (
        f"At {where} is a pooler, which lends sessions, and this command needs one of its own: "
        "give DATABASE_URL the address of PostgreSQL itself, for this command."
    )


def for_one_transaction(settings: Mapping[str, str]) -> str:
    """The statements that make these settings, numbers or names, until the transaction ends; none for no settings."""
    made = [f"SET LOCAL {name} = {value}" for name, value in settings.items()]
    return "; ".join([*made, durable_sql(local=True)]) if made else ""
