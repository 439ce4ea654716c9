"""Many may run migrations at once, and any of them may be killed: each runs once, and nothing is left half-done."""

import asyncio
import re
import signal
import socket
from pathlib import Path

import asyncpg
import pytest

from backoffice.database.engine import Engine
from backoffice.migrations import runner
from backoffice.migrations.files import all_migrations
from backoffice.migrations.lock import KEY, exclusive
from backoffice.migrations.outcomes import MigrationFailed, MigrationsBusy
from backoffice.settings import Settings
from piccolo_conf import DB
from tests.support.commands import begin
from tests.support.migrating import (
    LATER,
    PATIENCE_SECONDS,
    Workshop,
    a_migration,
    recorded,
    relations,
    these,
    until_there_is,
)

UNIQUE_NAMES = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS customers_unique_name ON customers (name)"
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'customers_unique_name'::regclass"


def later(*numbers: int) -> list[str]:
    return [f"crm {LATER.format(number=number)}" for number in numbers]


async def test_of_three_runners_each_ends_well_and_each_migration_runs_once(
    tmp_path: Path, database: str, connection: asyncpg.Connection
) -> None:
    workshop = Workshop(tmp_path, database)
    workshop.migration(1, "CREATE TABLE IF NOT EXISTS runs (number serial); INSERT INTO runs DEFAULT VALUES")
    workshop.migration(2, "CREATE INDEX CONCURRENTLY IF NOT EXISTS runs_number ON runs (number)", alone=True)
    workshop.migration(3, "INSERT INTO runs DEFAULT VALUES; SELECT pg_sleep(0.5)")
    forwards = ("migrations", "forwards", "all")
    runners = [asyncio.to_thread(workshop.make, "migrate"), asyncio.to_thread(workshop.migrate)]
    ends = await asyncio.gather(*runners, asyncio.to_thread(workshop.run, *forwards))
    assert [end.code for end in ends] == [0] * 3, "\n".join(end.text for end in ends)
    assert await recorded(connection) == [f"{one.app} {one.id}" for one in all_migrations()] + later(1, 2, 3)
    assert await connection.fetchval("SELECT count(*) FROM runs") == 2
    assert "runs_number" in await relations(connection)


async def test_of_two_on_the_way_back_each_takes_one_step(tmp_path: Path, database: str) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute("CREATE TABLE undone (number int)")
    before = await recorded(connection)
    workshop = Workshop(tmp_path, database)
    for number in (1, 2):
        workshop.migration(number, "SELECT", f"INSERT INTO undone VALUES ({number})")
    assert workshop.migrate().code == 0
    step = ("migrations", "backwards", "crm", "1", "--auto_agree")
    ends = await asyncio.gather(*(asyncio.to_thread(workshop.run, *step) for _ in range(2)))
    assert [end.code for end in ends] == [0] * 2, "\n".join(end.text for end in ends)
    assert [row["number"] for row in await connection.fetch("SELECT number FROM undone ORDER BY ctid")] == [2, 1]
    assert await recorded(connection) == before
    await connection.close()


async def test_whoever_holds_the_lock_for_long_is_named(engine: Engine, database: str) -> None:
    holder = await asyncpg.connect(database, server_settings={"application_name": "night shift"})
    await holder.execute(f"SELECT pg_advisory_lock({KEY})")
    who = f"process {holder.get_server_pid()} \\(night shift, user \\w+(?: from [^,]+)?, since 20.+\\)"
    with pytest.raises(MigrationsBusy, match=f"Migrations are being run by {who}; gave up after 0.3 s"):
        await runner.forwards(engine, these(), wait=0.3)
    await holder.close()
    await runner.forwards(engine, these(), wait=5)


async def test_a_runner_that_waits_does_not_hold_up_a_concurrent_index(
    tmp_path: Path, engine: Engine, database: str, connection: asyncpg.Connection
) -> None:
    report = connection.transaction()
    await report.start()
    await connection.fetchval("SELECT count(*) FROM customers")
    index = a_migration(tmp_path, 1, UNIQUE_NAMES, alone=True)
    building = asyncio.create_task(runner.forwards(engine, these(index)))
    onlooker = await asyncpg.connect(database)
    while not await onlooker.fetchval("SELECT count(*) FROM pg_stat_progress_create_index"):
        assert not building.done()
        await asyncio.sleep(0.02)
    second = asyncio.create_task(has_its_turn(database))
    while not await onlooker.fetchval(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND query LIKE '%advisory%' AND pid <> pg_backend_pid()"
    ):
        await asyncio.sleep(0.02)
    await report.rollback()
    await building
    await second
    assert (await recorded(onlooker))[-1:] == later(1)
    await onlooker.close()


async def has_its_turn(database: str) -> None:
    async with exclusive(Engine(Settings(database_url=database)), wait=10):
        pass


async def test_a_runner_that_waited_in_vain_ends_badly(database: str, connection: asyncpg.Connection) -> None:
    await connection.execute(f"SELECT pg_advisory_lock({KEY})")
    said = begin(database, "piccolo.main", "backoffice", "migrate", "--wait=0.2").end()
    assert said.code == 2
    assert (
        f"Migrations are being run by process {connection.get_server_pid()} (no application_name, user" in said.errors
    )
    assert "gave up after 0.2 s" in said.errors


NAP = "CREATE TABLE naps (seconds int); INSERT INTO naps VALUES (600)"


async def test_when_a_runner_is_killed_its_work_is_undone_and_the_next_takes_over(
    tmp_path: Path, database: str, connection: asyncpg.Connection
) -> None:
    await connection.execute(NAP)
    workshop = Workshop(tmp_path, database)
    workshop.migration(1, "CREATE TABLE extra (id int); SELECT pg_sleep(seconds) FROM naps")
    first = workshop.begin("backoffice", "migrate")
    holder = await until_there_is(connection, "wait_event = 'PgSleep'")
    second = workshop.begin("migrations", "forwards", "all")
    async with asyncio.timeout(PATIENCE_SECONDS):
        while "\n" not in second.output:
            await asyncio.sleep(0.02)
    waits = f"Migrations are being run by process {holder} (flow-crm migrations on {socket.gethostname()}"
    assert waits in second.output
    await connection.execute("UPDATE naps SET seconds = 0")
    assert not await connection.fetchval("SELECT to_regclass('extra') IS NOT NULL")
    first.send(signal.SIGKILL)
    async with asyncio.timeout(PATIENCE_SECONDS):
        said = await asyncio.to_thread(second.end)
    await asyncio.to_thread(first.end)
    assert said.code == 0, said.text
    assert (await recorded(connection))[-1:] == later(1)
    assert "extra" in await relations(connection)


async def test_when_the_server_ends_the_session_nothing_is_left_and_it_can_be_run_again(
    tmp_path: Path, engine: Engine, connection: asyncpg.Connection
) -> None:
    await connection.execute(NAP)
    before = await recorded(connection)
    one = a_migration(tmp_path, 1, "CREATE TABLE extra (id int); SELECT pg_sleep(seconds) FROM naps")
    running = asyncio.create_task(runner.forwards(engine, these(one)))
    pid = await until_there_is(connection, "wait_event = 'PgSleep'")
    await connection.execute("UPDATE naps SET seconds = 0")
    await connection.fetchval("SELECT pg_terminate_backend($1)", pid)
    with pytest.raises(MigrationFailed) as failure:
        await running
    assert "terminating connection due to administrator command" in str(failure.value)
    assert "SELECT pg_sleep(seconds) FROM naps" in str(failure.value)
    assert "extra" not in await relations(connection)
    assert await recorded(connection) == before
    await runner.forwards(engine, these(one))
    assert "extra" in await relations(connection)


async def test_when_the_server_ends_the_session_that_builds_an_index_it_is_told_so_and_can_be_run_again(
    tmp_path: Path, engine: Engine, database: str, connection: asyncpg.Connection
) -> None:
    one = a_migration(tmp_path, 1, UNIQUE_NAMES, alone=True)
    onlooker = await asyncpg.connect(database)
    async with connection.transaction():
        await connection.fetchval("SELECT count(*) FROM customers")
        running = asyncio.create_task(runner.forwards(engine, these(one)))
        pid = await until_there_is(onlooker, "query LIKE 'CREATE UNIQUE INDEX%' AND wait_event_type = 'Lock'")
        await onlooker.fetchval("SELECT pg_terminate_backend($1)", pid)
        with pytest.raises(MigrationFailed) as failure:
            await running
    assert "terminating connection due to administrator command" in str(failure.value)
    assert f"statement: {UNIQUE_NAMES}" in str(failure.value)
    await runner.forwards(engine, these(one))
    assert await onlooker.fetchval(
        "SELECT indisvalid FROM pg_index WHERE indexrelid = 'customers_unique_name'::regclass"
    )
    assert (await recorded(onlooker))[-1:] == later(1)
    await onlooker.close()


AT_THE_COMMIT = "DEFERRABLE INITIALLY DEFERRED"


@pytest.mark.parametrize(
    ("alone", "when", "told"),
    [
        (False, "", r"could not be recorded: .*\nNothing was changed\."),
        (True, "", r"could not be recorded: .*\nThis one runs outside a transaction: what it has done stays\."),
        (False, AT_THE_COMMIT, r"may not have been recorded: .*\nWhether the commit took place is not known"),
        (True, AT_THE_COMMIT, r"may not have been recorded: .*\nWhether the commit took place is not known"),
    ],
)
async def test_when_the_server_ends_the_session_that_records_a_migration_it_is_told_what_stays(
    tmp_path: Path, database: str, connection: asyncpg.Connection, alone: bool, when: str, told: str
) -> None:
    DB.configure(Settings(database_url=database, db_lock_timeout=60))
    await connection.execute(
        "SELECT pg_advisory_lock(7);"
        "CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NULL; END';"
        f"CREATE CONSTRAINT TRIGGER pause AFTER INSERT ON migration {when} FOR EACH ROW EXECUTE FUNCTION pause()"
    )
    one = a_migration(tmp_path, 1, "CREATE TABLE IF NOT EXISTS extra (id int)", alone=alone)
    running = asyncio.create_task(runner.forwards(DB, these(one)))
    pid = await until_there_is(connection, "wait_event = 'advisory'")
    await connection.fetchval("SELECT pg_terminate_backend($1)", pid)
    with pytest.raises(MigrationFailed, match=f"^Migration {re.escape(str(one))} {told}"):
        await running
    assert ("extra" in await relations(connection)) is alone
    await connection.execute("SELECT pg_advisory_unlock(7)")
    await runner.forwards(DB, these(one))
    assert (await recorded(connection))[-1:] == later(1)


async def test_a_commit_that_the_server_refuses_is_known_to_have_changed_nothing(
    tmp_path: Path, engine: Engine, connection: asyncpg.Connection
) -> None:
    await connection.execute(
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END';"
        f"CREATE CONSTRAINT TRIGGER no AFTER INSERT ON migration {AT_THE_COMMIT} FOR EACH ROW EXECUTE FUNCTION no()"
    )
    one = a_migration(tmp_path, 1, "CREATE TABLE extra (id int)")
    with pytest.raises(MigrationFailed, match=r"could not be recorded: no\nNothing was changed\."):
        await runner.forwards(engine, these(one))
    assert "extra" not in await relations(connection)


async def test_an_index_that_was_being_built_when_its_runner_was_killed_is_built_by_the_next(
    tmp_path: Path, database: str, connection: asyncpg.Connection
) -> None:
    workshop = Workshop(tmp_path, database)
    workshop.migration(1, UNIQUE_NAMES, alone=True)
    report = connection.transaction()
    await report.start()
    await connection.fetchval("SELECT count(*) FROM customers")
    first = workshop.begin("backoffice", "migrate")
    onlooker = await asyncpg.connect(database)
    pid = await until_there_is(onlooker, "query LIKE 'CREATE UNIQUE INDEX%' AND wait_event_type = 'Lock'")
    holds = f"SELECT count(*) FROM pg_locks WHERE pid = {pid} AND locktype = 'advisory' AND objid = {KEY}"
    assert await onlooker.fetchval(holds) == 1, "whoever builds it holds the lock"
    first.send(signal.SIGKILL)
    await asyncio.to_thread(first.end)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await onlooker.fetchval("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", pid):
            await asyncio.sleep(0.02)
    assert await onlooker.fetchval(VALID) is False
    await report.rollback()
    said = workshop.migrate()
    assert said.code == 0, said.text
    assert await onlooker.fetchval(VALID) is True
    assert (await recorded(onlooker))[-1:] == later(1)
    await onlooker.close()
