"""The engine: a bounded pool whose connections always come back."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from backoffice.database.connecting import APPLICATION_NAME
from backoffice.database.engine import Engine
from backoffice.database.errors import explain
from backoffice.database.failures import DATABASE_ERRORS, DatabaseUnavailable, PoolExhausted
from backoffice.migrations.journal import Journal, noted
from backoffice.settings import Settings
from tests.support.faults import OwnServer
from tests.support.servers import a_server, own_server

DEFERRED = """
    CREATE TABLE parent (id int PRIMARY KEY);
    CREATE TABLE child (parent int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
"""


@pytest.fixture
async def engine(own: OwnServer) -> AsyncIterator[Engine]:
    engine = Engine(own.settings(db_pool_max=3, db_acquire_timeout=30))
    await engine.start_connection_pool()
    yield engine
    await engine.close_connection_pool()


async def server_connections(own: OwnServer) -> int:
    sql = f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{APPLICATION_NAME}'"
    return int(await own.query(sql))


async def test_importing_the_configuration_contacts_no_database() -> None:
    engine = Engine(Settings(database_url="postgresql://flow@127.0.0.1:1/flowcrm"))
    assert not engine.pool.is_open


async def test_a_process_has_one_pool_and_runs_no_migrations_while_it_serves(engine: Engine) -> None:
    with pytest.raises(RuntimeError, match="open already"):
        await engine.start_connection_pool()
    with pytest.raises(RuntimeError, match="This process serves"):
        async with noted(engine, Journal()):
            pass


async def test_a_pool_connection_has_its_limits_and_speaks_utc(engine: Engine) -> None:
    async with engine.acquire() as connection:
        shown = [
            await connection.fetchval(f"SHOW {name}")
            for name in ("statement_timeout", "lock_timeout", "timezone", "application_name")
        ]
    assert shown == ["10s", "3s", "UTC", APPLICATION_NAME]


async def test_a_command_without_pool_has_no_statement_limit(own: OwnServer) -> None:
    engine = Engine(own.settings())
    ((limit,),) = await engine.run_ddl("SHOW statement_timeout")
    assert limit == "0"


async def test_the_figures_tell_who_is_busy(engine: Engine) -> None:
    async with engine.acquire(), engine.acquire():
        stats = engine.pool.stats()
        assert (stats.active, stats.total, stats.max) == (2, 2, 3)
    stats = engine.pool.stats()
    assert (stats.active, stats.idle) == (0, 2)


async def test_an_exhausted_pool_says_so_in_time_and_works_again_afterwards(own: OwnServer) -> None:
    engine = Engine(own.settings(db_pool_max=3, db_acquire_timeout=0.3))
    await engine.start_connection_pool()
    async with engine.acquire(), engine.acquire(), engine.acquire():
        begin = time.monotonic()
        with pytest.raises(PoolExhausted):
            await engine.run_ddl("SELECT 1")
        assert 0.25 < time.monotonic() - begin < 5
    assert len(await asyncio.gather(*(engine.run_ddl("SELECT 1") for _ in range(3)))) == 3
    await engine.close_connection_pool()


async def test_whoever_waits_for_a_connection_gets_one(engine: Engine) -> None:
    assert len(await asyncio.gather(*(engine.run_ddl("SELECT 1") for _ in range(20)))) == 20


async def test_there_are_never_more_connections_than_the_maximum(engine: Engine, own: OwnServer) -> None:
    work = asyncio.gather(*(engine.run_ddl("SELECT pg_sleep(0.02)") for _ in range(12)))
    most = 0
    while not work.done():
        most = max(most, await server_connections(own))
    await work
    assert most == 3


@pytest.fixture
async def limited(own: OwnServer) -> AsyncIterator[Engine]:
    """As a role to which PostgreSQL gives two connections, where eight would be asked for."""
    await own.query("CREATE ROLE limited LOGIN CONNECTION LIMIT 2")
    engine = Engine(own.settings(database_url=own.dsn.replace("flowcrm@", "limited@"), db_pool_max=8))
    await engine.start_connection_pool()
    yield engine
    await engine.close_connection_pool()
    await own.query("DROP ROLE limited")


async def test_where_postgresql_takes_no_more_connections_those_that_there_are_serve_all(limited: Engine) -> None:
    for _ in range(3):
        answers = await asyncio.gather(*(limited.fetch_value("SELECT pg_sleep(0.02)::text") for _ in range(24)))
        assert len(answers) == 24
    assert limited.pool.stats().total == 2
    assert limited.pool.stats().active == 0


async def test_while_all_of_these_are_in_use_the_database_is_busy(limited: Engine) -> None:
    async with limited.acquire(), limited.acquire():
        with pytest.raises(PoolExhausted) as busy:
            await limited.fetch_value("SELECT 1")
    problem = explain(busy.value)
    assert problem is not None
    assert problem.code == "database_busy"
    assert await limited.fetch_value("SELECT 1") == 1


async def test_a_transaction_commits_or_leaves_nothing(engine: Engine) -> None:
    await engine.run_ddl("CREATE TEMP TABLE unused (id int)")
    async with engine.transaction():
        await engine.run_ddl("CREATE TABLE IF NOT EXISTS committed (id int)")
    with pytest.raises(ZeroDivisionError):
        async with engine.transaction():
            await engine.run_ddl("CREATE TABLE undone (id int)")
            raise ZeroDivisionError
    ((committed, undone),) = await engine.run_ddl("SELECT to_regclass('committed'), to_regclass('undone')")
    assert (committed is not None, undone) == (True, None)


async def is_usable(engine: Engine) -> bool:
    """No connection is lost and no transaction is left behind: as many as the pool has can be used at once."""
    answers = await asyncio.gather(*(engine.run_ddl("SELECT pg_sleep(0.01), 1") for _ in range(3)))
    stats = engine.pool.stats()
    return len(answers) == 3 and stats.active == 0 and not engine.transaction_exists()


async def test_a_commit_that_fails_leaks_no_connection(engine: Engine) -> None:
    await engine.run_ddl("DROP TABLE IF EXISTS child, parent")
    for statement in DEFERRED.split(";")[:2]:
        await engine.run_ddl(statement)
    for _ in range(5):
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            async with engine.transaction():
                await engine.run_ddl("INSERT INTO child VALUES (1)")
    assert await is_usable(engine)


async def test_a_connection_lost_inside_a_transaction_does_not_poison_the_task(engine: Engine, own: OwnServer) -> None:
    for _ in range(5):
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)):
            async with engine.transaction():
                ((pid,),) = await engine.run_ddl("SELECT pg_backend_pid()")
                await own.query(f"SELECT pg_terminate_backend({pid}, 2000)")
                await engine.run_ddl("SELECT 1")
    assert await is_usable(engine)


async def test_a_cancelled_transaction_leaks_no_connection(engine: Engine) -> None:
    async def work() -> None:
        async with engine.transaction():
            await engine.run_ddl("SELECT pg_sleep(60)")

    for _ in range(5):
        task = asyncio.create_task(work())
        while not engine.pool.stats().active:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await is_usable(engine)


async def test_a_statement_past_its_limit_is_ended_by_the_server(own: OwnServer) -> None:
    engine = Engine(own.settings(db_statement_timeout=0.2, db_pool_max=3))
    await engine.start_connection_pool()
    try:
        for _ in range(5):
            with pytest.raises(asyncpg.QueryCanceledError):
                async with engine.transaction():
                    await engine.run_ddl("SELECT pg_sleep(60)")
        assert await is_usable(engine)
    finally:
        await engine.close_connection_pool()


async def test_a_lock_held_too_long_is_an_error_of_its_own(own: OwnServer) -> None:
    engine = Engine(own.settings(db_lock_timeout=0.2, db_pool_max=3))
    await engine.start_connection_pool()
    try:
        await engine.run_ddl("CREATE TABLE IF NOT EXISTS locked (id int)")
        async with engine.acquire() as holder, holder.transaction():
            await holder.execute("LOCK TABLE locked")
            with pytest.raises(asyncpg.LockNotAvailableError):
                await engine.run_ddl("SELECT * FROM locked")
        assert await is_usable(engine)
    finally:
        await engine.close_connection_pool()


async def test_a_server_that_hangs_is_noticed_and_no_connection_is_lost(own: OwnServer) -> None:
    engine = Engine(own.settings(db_statement_timeout=0.2, db_pool_max=3))
    await engine.start_connection_pool()
    try:
        async with engine.acquire():  # so that the next one is new, and hangs while it connects
            with own.frozen(), pytest.raises(DatabaseUnavailable, match="no answer in time"):
                await engine.run_ddl("SELECT 1")
        with own.frozen():
            begin = time.monotonic()
            with pytest.raises(TimeoutError):
                async with engine.transaction():
                    raise AssertionError("a hanging server began a transaction")
            assert time.monotonic() - begin < 5
        assert await is_usable(engine)
    finally:
        await engine.close_connection_pool()


@pytest.mark.parametrize(("chosen", "kept"), [("off", "on"), ("local", "local"), ("remote_apply", "remote_apply")])
async def test_what_was_committed_is_there_after_a_crash_whatever_the_server_waits_for(
    tmp_path: Path, chosen: str, kept: str
) -> None:
    with own_server(tmp_path / "data", synchronous_commit=chosen, wal_writer_delay="10s") as own:
        engine = Engine(own.settings())
        await engine.start_connection_pool()
        command = Engine(own.settings())  # which opens no pool
        try:
            assert await engine.fetch_value("SHOW synchronous_commit") == kept
            assert await command.fetch_value("SHOW synchronous_commit") == kept
            await engine.run_ddl("CREATE TABLE committed AS SELECT")
            own.kill()
            own.start()
            assert await own.query("SELECT count(*) FROM committed") == 1
        finally:
            await engine.close_connection_pool()


async def test_reads_fail_while_the_server_is_away_and_work_when_it_is_back(tmp_path: Path) -> None:
    with own_server(tmp_path / "data") as own:
        engine = Engine(own.settings(db_pool_max=3))
        await engine.start_connection_pool()
        try:
            assert await is_usable(engine)
            own.kill()
            for _ in range(5):
                with pytest.raises(DATABASE_ERRORS):
                    await engine.run_ddl("SELECT 1")
            own.start()
            assert await is_usable(engine)
        finally:
            await engine.close_connection_pool()


async def test_an_embedded_server_that_was_killed_is_started_again(tmp_path: Path) -> None:
    handle = a_server(tmp_path / "data")
    engine = Engine(Settings(flow_data_dir=handle.folder, db_pool_max=3))
    await engine.start_connection_pool()
    try:
        handle.kill()
        await asyncio.gather(*(engine.run_ddl("SELECT 1") for _ in range(6)), return_exceptions=True)
        assert await is_usable(engine)
    finally:
        await engine.close_connection_pool()
    assert handle.running() == []


async def test_after_the_pool_a_query_is_an_error_and_no_silent_connection(own: OwnServer) -> None:
    engine = Engine(own.settings())
    await engine.start_connection_pool()
    await engine.close_connection_pool()
    with pytest.raises(DatabaseUnavailable, match="pool is closed"):
        await engine.run_ddl("SELECT 1")
    with pytest.raises(DatabaseUnavailable, match="pool is closed"):
        async with engine.transaction():
            raise AssertionError("a transaction without a pool")


async def test_closing_the_pool_does_not_wait_for_ever(own: OwnServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backoffice.database.pool.CLOSE_POOL_SECONDS", 0.2)
    engine = Engine(own.settings())
    await engine.start_connection_pool()
    kept = await engine.pool.acquire()
    begin = time.monotonic()
    await engine.close_connection_pool()
    assert time.monotonic() - begin < 2
    await engine.pool.release(kept)
    while await server_connections(own):
        await asyncio.sleep(0.01)
