"""A migration outside a transaction may be broken off anywhere: run again it ends well, and covers no drift up."""

import asyncio
import contextlib
import re
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from backoffice.database.engine import Engine
from backoffice.migrations import choices, runner
from backoffice.migrations.catalog import Catalog, compare, read_catalog
from backoffice.migrations.lock import KEY
from backoffice.migrations.outcomes import MigrationFailed
from backoffice.migrations.progress import undoable
from backoffice.server.startup import StartRefused, serving
from backoffice.settings import Settings
from piccolo_conf import DB
from tests.support.commands import begin, run
from tests.support.databases import clone
from tests.support.migrating import Workshop, a_migration, drift, recorded, relations, these, until_there_is

GATE = 4711
PASS = f"SELECT pg_advisory_lock({GATE}), pg_advisory_unlock({GATE});"
DROP = "DROP INDEX CONCURRENTLY IF EXISTS customers_name;"
OLD = "CREATE INDEX CONCURRENTLY IF NOT EXISTS customers_name ON public.customers USING btree (name);"
NEW = "CREATE INDEX CONCURRENTLY IF NOT EXISTS customers_name ON customers (name, id);"
UNIQUE = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS customers_unique ON customers (id, name);"
BY_HAND = "ALTER TABLE customers ALTER COLUMN name DROP NOT NULL; DROP INDEX products_name"
INDEXES, AFTER_INDEXES = "2026-11-28T10:15:48:530829", "2026-11-28T20:07:35:648534"
DRIFT = ["column customers.name differs", "index products.products_name is missing"]

AtTheRecord = Callable[[], contextlib.AbstractAsyncContextManager[int]]


@pytest.fixture
def engine(database: str) -> Engine:
    DB.configure(Settings(database_url=database, db_lock_timeout=60))
    return DB


@pytest.fixture
async def at_the_record(database: str) -> AsyncIterator[AtTheRecord]:
    """Lets a runner pass the gate, and gives its process when it has done what comes next, but cannot record it."""
    gatekeeper, keeper, onlooker = [await asyncpg.connect(database) for _ in range(3)]

    @contextlib.asynccontextmanager
    async def at_the_record() -> AsyncIterator[int]:
        await until_there_is(onlooker, "wait_event = 'advisory'")
        async with keeper.transaction():
            await keeper.execute("LOCK TABLE migration_catalog IN EXCLUSIVE MODE")
            # By a session that ends its statement: an index that is made concurrently waits for the transactions
            # of all that it saw busy, and the one above stays open.
            await gatekeeper.execute(f"SELECT pg_advisory_unlock({GATE})")
            yield await until_there_is(onlooker, "wait_event = 'relation'")

    await gatekeeper.execute(f"SELECT pg_advisory_lock({GATE})")
    yield at_the_record
    for connection in gatekeeper, keeper, onlooker:
        await connection.close()


async def broken_off(running: asyncio.Task[object], connection: asyncpg.Connection, pid: int) -> None:
    assert await connection.fetchval("SELECT pg_terminate_backend($1)", pid)
    (error,) = await asyncio.gather(running, return_exceptions=True)
    lost = "(.*terminating connection due to administrator command|the connection was lost)"
    assert re.match(rf"Migration crm \S+ \(later\) failed: {lost}\n  statement: ", str(error))


def test_what_the_driver_could_not_do_any_more_is_not_told_as_the_fault_of_the_migration(tmp_path: Path) -> None:
    lost = asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress")
    told = str(MigrationFailed(a_migration(tmp_path, 1, "SELECT 1"), "SELECT 1", lost))
    assert told.startswith("Migration crm 2999-01-01T00:00:00:000001 (later) failed: the connection was lost\n")


async def terminated(
    run: Coroutine[Any, Any, object], connection: asyncpg.Connection, at_the_record: AtTheRecord
) -> None:
    """Ends the run's session when it has passed the gate and done what comes next."""
    running = asyncio.create_task(run)
    async with at_the_record() as pid:
        await broken_off(running, connection, pid)


async def test_when_a_runner_is_killed_before_it_recorded_what_it_did_the_next_does_so(
    tmp_path: Path, database: str, engine: Engine, connection: asyncpg.Connection, at_the_record: AtTheRecord
) -> None:
    workshop = Workshop(tmp_path, database)
    workshop.migration(1, DROP + PASS + NEW, alone=True)
    before = await recorded(connection)
    first = workshop.begin("backoffice", "migrate", DB_LOCK_TIMEOUT="60")
    async with at_the_record():
        first.send(signal.SIGKILL)
        await asyncio.to_thread(first.end)
    said = workshop.migrate()
    assert said.code == 0, said.text
    assert len(await recorded(connection)) == len(before) + 1
    assert await drift(connection) == []
    async with serving(engine):
        pass


async def test_what_was_changed_by_hand_before_it_is_run_again_is_told(
    tmp_path: Path, engine: Engine, connection: asyncpg.Connection, at_the_record: AtTheRecord
) -> None:
    one = a_migration(tmp_path, 1, DROP + PASS + NEW, alone=True)
    await terminated(runner.forwards(engine, these(one)), connection, at_the_record)
    await connection.execute(BY_HAND)
    await runner.forwards(engine, these(one))
    assert await drift(connection) == DRIFT
    assert not await connection.fetchval("SELECT count(*) FROM migration_under_way")


async def test_the_way_back_can_be_broken_off_too(
    tmp_path: Path, engine: Engine, connection: asyncpg.Connection, at_the_record: AtTheRecord
) -> None:
    before = await recorded(connection)
    one = a_migration(tmp_path, 1, DROP + NEW, DROP + PASS + OLD, alone=True)
    await runner.forwards(engine, these(one))
    await terminated(runner.backwards(engine, lambda ran: [one]), connection, at_the_record)
    await connection.execute(BY_HAND)
    await runner.backwards(engine, lambda ran: [one])
    assert await recorded(connection) == before
    assert await drift(connection) == DRIFT


@pytest.fixture(scope="module")
async def whole(server: str, steward: asyncpg.Connection, template: str) -> Catalog:
    async with clone(server, steward, template) as dsn:
        connection = await asyncpg.connect(dsn)
        catalog = await read_catalog(connection)
        await connection.close()
        return catalog


@dataclass(frozen=True)
class HalfUndone:
    dsn: str
    before: Catalog


@pytest.fixture(scope="module")
async def half_undone(server: str, steward: asyncpg.Connection, template: str) -> AsyncIterator[HalfUndone]:
    """A database to clone, where one of three indexes of INDEXES is gone, and one not valid."""
    async with clone(server, steward, template) as dsn:
        run(dsn, "piccolo.main", "migrations", "backwards", "crm", AFTER_INDEXES, "--auto_agree")
        connection, onlooker = [await asyncpg.connect(dsn) for _ in range(2)]
        before = await read_catalog(connection)
        async with connection.transaction():
            await connection.fetchval("SELECT count(*) FROM products")
            command = ("piccolo.main", "migrations", "backwards", "crm", "1", "--auto_agree")
            first = begin(dsn, *command, DB_LOCK_TIMEOUT="60")
            await until_there_is(onlooker, "query LIKE 'DROP INDEX%' AND wait_event_type = 'Lock'")
            first.send(signal.SIGTERM)
            await asyncio.to_thread(first.end)
            while await onlooker.fetchval(f"SELECT count(*) FROM pg_locks WHERE objid = {KEY}"):
                await asyncio.sleep(0.02)
        assert "presales_notes" not in await relations(connection)
        for one in connection, onlooker:
            await one.close()
        yield HalfUndone(dsn, before)


class TestOnItsWayBack:
    @pytest.fixture
    async def database(self, server: str, steward: asyncpg.Connection, half_undone: HalfUndone) -> AsyncIterator[str]:
        async with clone(server, steward, urlsplit(half_undone.dsn).path.strip("/")) as dsn:
            yield dsn

    async def test_what_was_broken_off_is_pending_and_done_again(
        self, database: str, engine: Engine, connection: asyncpg.Connection, whole: Catalog
    ) -> None:
        with pytest.raises(StartRefused, match=r"migrations are pending\. Run `make migrate`"):
            async with serving(engine):
                pass
        run(database, "piccolo.main", "backoffice", "migrate")
        assert await read_catalog(connection) == whole
        assert await drift(connection) == []
        async with serving(engine):
            pass

    async def test_the_same_command_ends_it_and_takes_no_other(
        self, database: str, connection: asyncpg.Connection, half_undone: HalfUndone
    ) -> None:
        others = await recorded(connection)
        next_one = choices.backwards("crm", "1")
        assert [one.id for one in next_one(await undoable(connection))] == [INDEXES]
        run(database, "piccolo.main", "migrations", "backwards", "crm", "1", "--auto_agree")
        assert await recorded(connection) == others
        assert await drift(connection) == []
        assert [str(one) for one in compare(half_undone.before, await read_catalog(connection))] == [
            "index customers.customers_address is missing",
            "index presales.presales_notes is missing",
            "index products.products_description is missing",
        ]
        assert INDEXES not in [one.id for one in next_one(await undoable(connection))]


async def test_what_it_dropped_when_it_was_broken_off_is_not_missed(
    tmp_path: Path, engine: Engine, connection: asyncpg.Connection, at_the_record: AtTheRecord
) -> None:
    one = a_migration(tmp_path, 1, PASS + DROP, alone=True)
    await terminated(runner.forwards(engine, these(one)), connection, at_the_record)
    assert await drift(connection) == ["index customers.customers_name is missing"]
    await runner.forwards(engine, these(one))
    assert await drift(connection) == []


async def test_it_can_be_broken_off_twice(
    tmp_path: Path, engine: Engine, database: str, connection: asyncpg.Connection, at_the_record: AtTheRecord
) -> None:
    one = a_migration(tmp_path, 1, DROP + PASS + UNIQUE, alone=True)
    await terminated(runner.forwards(engine, these(one)), connection, at_the_record)
    await connection.execute(OLD)  # which the next has to wait with
    onlooker = await asyncpg.connect(database)
    async with connection.transaction():
        await connection.fetchval("SELECT count(*) FROM customers")
        again = asyncio.create_task(runner.forwards(engine, these(one)))
        await broken_off(
            again, onlooker, await until_there_is(onlooker, "query LIKE 'DROP%' AND wait_event_type = 'Lock'")
        )
    await onlooker.close()
    await runner.forwards(engine, these(one))
    assert await drift(connection) == []


async def test_other_migrations_may_run_before_it_is_run_again(
    tmp_path: Path, engine: Engine, connection: asyncpg.Connection, at_the_record: AtTheRecord
) -> None:
    one = a_migration(tmp_path, 1, PASS + UNIQUE, alone=True)
    two = a_migration(tmp_path, 2, "CREATE TABLE extra (id int)")
    await terminated(runner.forwards(engine, these(one)), connection, at_the_record)
    await connection.execute(BY_HAND)
    await runner.forwards(engine, these(two))
    assert await drift(connection) == DRIFT
    await runner.forwards(engine, these(one, two))
    assert await drift(connection) == DRIFT


FAILS = "SELECT 1 / divisor FROM divisors"


@pytest.mark.parametrize(
    "done",
    [
        f"{DROP} {NEW} CREATE TABLE IF NOT EXISTS extra (id serial PRIMARY KEY, divisor int CHECK (divisor > 0));"
        "ALTER TYPE presale_status ADD VALUE IF NOT EXISTS 'archived';",
        "BEGIN; CREATE TABLE IF NOT EXISTS extra (id int); CREATE OR REPLACE VIEW ids AS SELECT id FROM extra; COMMIT;",
        "DO $$ BEGIN EXECUTE 'DROP INDEX IF EXISTS customers_name'; COMMIT; END; $$;",
    ],
)
async def test_what_it_had_done_when_it_failed_is_remembered(
    tmp_path: Path, engine: Engine, connection: asyncpg.Connection, done: str
) -> None:
    await connection.execute("CREATE TABLE divisors AS SELECT 0 AS divisor")
    await runner.forwards(engine, these(a_migration(tmp_path, 1, "SELECT")), fake=True)  # which knows the table
    two = a_migration(tmp_path, 2, done + FAILS, alone=True)
    with pytest.raises(MigrationFailed, match="division by zero"):
        await runner.forwards(engine, these(two))
    assert await drift(connection) == []

    await connection.execute("UPDATE divisors SET divisor = 1")
    await connection.execute(BY_HAND)
    await runner.forwards(engine, these(two))
    assert await drift(connection) == DRIFT


async def test_a_thing_of_the_same_name_that_was_there_before_is_not_taken_for_its_work(
    tmp_path: Path, engine: Engine, connection: asyncpg.Connection, at_the_record: AtTheRecord
) -> None:
    await connection.execute("CREATE UNIQUE INDEX customers_unique ON customers (phone, id)")
    one = a_migration(tmp_path, 1, PASS + UNIQUE, alone=True)
    await terminated(runner.forwards(engine, these(one)), connection, at_the_record)
    await runner.forwards(engine, these(one))
    assert await drift(connection) == ["index customers.customers_unique is not of the program"]


async def test_a_database_of_an_earlier_release_needs_nothing_done(
    tmp_path: Path, engine: Engine, connection: asyncpg.Connection
) -> None:
    await connection.execute("DROP TABLE migration_under_way")
    assert await drift(connection) == []
    await runner.forwards(engine, these(a_migration(tmp_path, 1, UNIQUE, alone=True)))
    assert await drift(connection) == []
    assert "migration_under_way" in await relations(connection)
