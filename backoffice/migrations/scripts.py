"""The steps of migrations that are written in SQL."""

from collections.abc import Callable, Coroutine
from typing import Any

import asyncpg

from backoffice.database.connecting import Connection
from backoffice.database.engine import the_engine
from backoffice.migrations.sql import Statement, statements

# CREATE INDEX CONCURRENTLY blocks nobody while it waits for the transactions of others to end.
CONCURRENT_LOCK_SECONDS = 600

# Sets it for the session, and returns the old value.
SET_LOCK_TIMEOUT = """
    WITH before AS MATERIALIZED (SELECT current_setting('lock_timeout') AS value)
    SELECT value FROM before WHERE set_config('lock_timeout', $1, false) IS NOT NULL
"""
INVALID = "SELECT FROM pg_index WHERE indexrelid = to_regclass(quote_ident($1)) AND NOT indisvalid"


def script(sql: str) -> Callable[[], Coroutine[Any, Any, None]]:
    """A step for `MigrationManager.add_raw`: runs a script of several statements, to the letter.

    Piccolo's own `raw()` would take the braces in it for placeholders.
    In a migration with `wrap_in_transaction=False` each statement commits by itself. An index that a failed
    CREATE INDEX CONCURRENTLY left behind, invalid but kept up to date by every write, is dropped, then and when the
    migration is run again: so write IF NOT EXISTS.
    """

    async def run() -> None:
        async with the_engine().acquire() as connection:
            for statement in statements(sql):
                await execute(connection, statement)

    run.sql = sql  # type: ignore[attr-defined] # what the migrations make can be read without running them
    return run


async def execute(connection: Connection, statement: Statement) -> None:
    if not statement.concurrent:
        await connection.execute(str(statement))
        return
    patience = await connection.fetchval(SET_LOCK_TIMEOUT, f"{CONCURRENT_LOCK_SECONDS}s")
    try:
        await drop_if_invalid(connection, statement)
        await connection.execute(str(statement))
    except asyncpg.PostgresError:
        if not connection.is_closed():
            await drop_if_invalid(connection, statement)
        raise
    finally:
        if not connection.is_closed():
            await connection.fetchval(SET_LOCK_TIMEOUT, patience)


async def drop_if_invalid(connection: Connection, statement: Statement) -> None:
    """Drops the invalid index that a failed attempt of the statement has left."""
    name = statement.half_made
    if name and await connection.fetchval(f"SELECT EXISTS ({INVALID})", name):
        await connection.execute(f'DROP INDEX CONCURRENTLY "{name}"')
