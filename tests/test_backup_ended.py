"""Backups and restores that are ended half way."""

import asyncio
import signal
from pathlib import Path

import asyncpg
import pytest

from tests.support.backups import everything, fill, save
from tests.support.commands import begin
from tests.support.concurrently import HERE
from tests.support.migrating import PATIENCE_SECONDS

pytestmark = pytest.mark.usefixtures("client_programs")

LET_IN = "CREATE OR REPLACE FUNCTION let_in(text) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS"
OPEN = f"{LET_IN} 'BEGIN RETURN true; END'"
CLOSED = f"{LET_IN} 'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN true; END'"

# PostgreSQL takes these in again once nobody holds the lock. The first is more than pipes and sockets hold; when it is
# at the second, psql has the whole script.
ROWS = f"""
    {OPEN};
    CREATE TABLE held_up (content text CHECK (let_in(content)));
    INSERT INTO held_up SELECT repeat('x', 10000) FROM generate_series(1, 300);
    {CLOSED};
"""
INDEX = f"""
    {OPEN};
    CREATE TABLE held_up (content text);
    INSERT INTO held_up VALUES ('x');
    CREATE INDEX ON held_up (let_in(content));
    {CLOSED};
"""
WAITING = f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND {HERE}"
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'psql'"


@pytest.mark.parametrize(
    ("held_up", "number"),
    [
        (ROWS, signal.SIGKILL),  # later, nobody could keep psql from its end
        (ROWS, signal.SIGINT),
        (ROWS, signal.SIGTERM),
        (INDEX, signal.SIGTERM),
    ],
)
async def test_a_restore_that_is_ended_half_way_changes_nothing(
    database: str, connection: asyncpg.Connection, tmp_path: Path, held_up: str, number: signal.Signals
) -> None:
    await fill(connection)
    await connection.execute(held_up)
    await save(database, tmp_path / "dump")
    await connection.execute("INSERT INTO held_up VALUES ('since then')")
    before = await everything(database)
    await connection.execute("SELECT pg_advisory_lock(1)")
    program = begin(database, "backoffice.database.backup", "load", str(tmp_path / "dump"), "--replace")
    while not await connection.fetchval(WAITING):
        assert program.is_running, program.end()
        await asyncio.sleep(0.01)
    program.send(number)
    if number != signal.SIGTERM:  # which ends psql, too
        await connection.execute("SELECT pg_advisory_unlock(1)")
    await asyncio.to_thread(program.end)
    if held_up == ROWS:  # what psql had sent of them stands before its end, where a server by TCP does not see that
        await connection.execute("SELECT pg_advisory_unlock_all()")
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await connection.fetchval(SESSIONS):
            await asyncio.sleep(0.01)
    assert await everything(database) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_backup_that_is_ended_half_way_leaves_no_file(
    database: str, connection: asyncpg.Connection, tmp_path: Path, number: signal.Signals
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    async with connection.transaction():
        await connection.execute("LOCK TABLE customers")
        program = begin(database, "backoffice.database.backup", "save", str(folder / "dump"))
        while not await connection.fetchval(f"SELECT count(*) FROM pg_locks WHERE NOT granted AND {HERE}"):
            assert program.is_running, program.end()
            await asyncio.sleep(0.01)
        assert list(folder.iterdir()) != []
        program.send(number)
        await asyncio.to_thread(program.end)
        assert list(folder.iterdir()) == []
