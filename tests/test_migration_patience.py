"""Migrations give way to those who use the tables, and try again, but not for ever."""

import asyncio
import time
from pathlib import Path

import asyncpg
import pytest

from backoffice.database.engine import Engine
from backoffice.migrations import runner
from backoffice.migrations.outcomes import MigrationFailed
from backoffice.settings import Settings
from piccolo_conf import DB
from tests.support.migrating import FIRST, a_migration, recorded, these

PATIENCE_SECONDS = 30


async def slowest_read(dsn: str, until: asyncio.Event) -> float:
    """Seconds that the slowest of many reads of the customers took."""
    connection = await asyncpg.connect(dsn)
    slowest = 0.0
    while not until.is_set():
        begin = time.monotonic()
        await connection.fetchval("SELECT count(*) FROM customers")
        slowest = max(slowest, time.monotonic() - begin)
        await asyncio.sleep(0.005)
    await connection.close()
    return slowest


async def test_a_migration_gives_way_to_a_long_query_and_succeeds_after_it(
    tmp_path: Path,
    engine: Engine,
    database: str,
    connection: asyncpg.Connection,
    capsys: pytest.CaptureFixture[str],
) -> None:
    one = a_migration(tmp_path, 1, "ALTER TABLE customers ADD COLUMN vip boolean")
    done = asyncio.Event()
    reads = asyncio.create_task(slowest_read(database, done))
    report = connection.transaction()
    await report.start()
    await connection.fetchval("SELECT count(*) FROM customers")
    running = asyncio.create_task(runner.forwards(engine, these(one)))
    text = ""
    async with asyncio.timeout(PATIENCE_SECONDS):
        # The first attempt may be over before anybody has seen what it waits for.
        while f"process {connection.get_server_pid()} (no application_name" not in text:
            assert not running.done()
            await asyncio.sleep(0.02)
            text += capsys.readouterr().out
    assert "everything was undone" in text
    await report.rollback()
    await running
    done.set()
    assert await reads < 1.5
    assert (await recorded(connection))[-1] == FIRST


READ, LOCK, KEEP = "SELECT count(*) FROM customers", "LOCK TABLE customers", "LOCK TABLE migration IN SHARE MODE"


@pytest.mark.parametrize(
    ("alone", "holds", "told"),
    [
        (False, READ, "failed"),
        (False, LOCK, "could not begin"),
        (True, READ, "failed"),
        (True, KEEP, "could not be recorded"),
    ],
)
async def test_attempts_are_bounded_and_the_last_names_whom_it_waited_for(
    tmp_path: Path,
    database: str,
    connection: asyncpg.Connection,
    capsys: pytest.CaptureFixture[str],
    alone: bool,
    holds: str,
    told: str,
) -> None:
    DB.configure(Settings(database_url=database, db_lock_timeout=0.05))
    one = a_migration(tmp_path, 1, "ALTER TABLE customers ADD COLUMN vip boolean", alone=alone)
    before = await recorded(connection)
    async with connection.transaction():
        await connection.execute(holds)
        with pytest.raises(MigrationFailed) as failure:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await runner.forwards(DB, these(one))
    assert capsys.readouterr().out.count("next attempt") == 5
    text = str(failure.value)
    assert f"Migration {one} {told}: canceling statement due to lock timeout" in text
    assert f"held up by process {connection.get_server_pid()} (no application_name" in text
    assert holds in text
    assert ("what it has done stays" if alone else "Nothing was changed.") in text
    assert await recorded(connection) == before
