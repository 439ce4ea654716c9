"""What is left of an index that was to be made concurrently is cleared away before the next attempt."""

from pathlib import Path

import asyncpg
import pytest

from backoffice.database.engine import Engine
from backoffice.migrations import expected, runner
from backoffice.migrations.outcomes import MigrationFailed
from tests.support.builders import a_customer
from tests.support.migrating import FIRST, SECOND, a_migration, recorded, relations, these

UNIQUE_NAMES = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS customers_unique_name ON customers (name)"


async def test_a_failed_concurrent_index_leaves_no_ruin_and_runs_again(
    tmp_path: Path, engine: Engine, connection: asyncpg.Connection
) -> None:
    await a_customer(connection, name="Ana")
    other = await a_customer(connection, name="Ana")
    one = a_migration(tmp_path, 1, "CREATE TABLE extra (id int)")
    way_back = "DROP INDEX CONCURRENTLY IF EXISTS customers_unique_name"
    two = a_migration(tmp_path, 2, UNIQUE_NAMES, way_back, alone=True)
    with pytest.raises(MigrationFailed) as failure:
        await runner.forwards(engine, these(one, two))
    assert "could not create unique index" in str(failure.value)
    assert f"statement: {UNIQUE_NAMES}" in str(failure.value)
    assert f"Done and recorded: {FIRST}" in str(failure.value)
    assert "customers_unique_name" not in await relations(connection)
    assert (await recorded(connection))[-1] == FIRST

    await connection.execute("UPDATE customers SET name = 'Bia' WHERE id = $1", other)
    await runner.forwards(engine, these(one, two))
    assert "customers_unique_name" in await relations(connection)
    assert (await recorded(connection))[-1] == SECOND
    await runner.backwards(engine, lambda ran: [two])
    assert "customers_unique_name" not in await relations(connection)


async def test_the_ruin_of_a_runner_that_was_killed_is_cleared_away(
    tmp_path: Path, engine: Engine, connection: asyncpg.Connection
) -> None:
    await a_customer(connection, name="Ana")
    other = await a_customer(connection, name="Ana")
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute(UNIQUE_NAMES)
    await connection.execute("UPDATE customers SET name = 'Bia' WHERE id = $1", other)
    await runner.forwards(engine, these(a_migration(tmp_path, 1, UNIQUE_NAMES, alone=True)))
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'customers_unique_name'::regclass"
    assert await connection.fetchval(valid)


async def test_the_ruin_of_an_index_that_was_being_rebuilt_is_cleared_away(
    tmp_path: Path, engine: Engine, connection: asyncpg.Connection, database: str
) -> None:
    again = "REINDEX INDEX CONCURRENTLY customers_name"
    impatient = await asyncpg.connect(database, server_settings={"statement_timeout": "300ms"})
    async with connection.transaction():
        await a_customer(connection)  # which it waits for
        with pytest.raises(asyncpg.QueryCanceledError):
            await impatient.execute(again)
    await impatient.close()
    assert "customers_name_ccnew" in await relations(connection)
    await runner.forwards(engine, these(a_migration(tmp_path, 1, again, alone=True)))
    assert "customers_name_ccnew" not in await relations(connection)
    assert await expected.drift(connection) == []
