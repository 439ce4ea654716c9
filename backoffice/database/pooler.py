"""PgBouncer or its like between us and PostgreSQL, lending a session for the length of a transaction.

A session that is lent keeps nothing for the next transaction: no settings, no prepared statements. So in front of one,
every query has a transaction, which brings its own limits, and nothing is prepared by name.
"""

from collections.abc import Mapping

from backoffice.database.connecting import Connection

UNKNOWN_SETTING = "unsupported startup parameter"  # what PgBouncer says of all but a few

# Arguments of a connection.
NOTHING_BY_NAME = {"statement_cache_size": 0}


async def is_between(connection: Connection) -> bool:
    """Whether another process answers than the one that was announced: then a pooler is in between."""
    answering = await connection.fetchval("SELECT pg_backend_pid()")
    return bool(answering != connection.get_server_pid())


def for_one_transaction(settings: Mapping[str, str]) -> str:
    """The statements that make these settings, numbers or names, until the transaction ends."""
    return " ".join(f"SET LOCAL {name} = {value};" for name, value in settings.items())
