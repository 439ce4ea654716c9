"""A session that the server ends at any moment is a lost connection, and nothing worse."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest

from backoffice.database.engine import Engine
from backoffice.database.errors import explain
from backoffice.database.failures import is_lost
from backoffice.settings import Settings
from tests.support.bodies import CUSTOMER
from tests.support.desk import Desks
from tests.support.servers import own_server

TIMES = 150  # in about one of twenty the driver is caught in the middle of a message


@pytest.fixture
async def engine(database: str) -> AsyncIterator[Engine]:
    engine = Engine(Settings(database_url=database, db_pool_max=2))
    await engine.start_connection_pool()
    yield engine
    await engine.close_connection_pool()


async def work_until_terminated(engine: Engine, terminator: asyncpg.Connection) -> None:
    async with engine.transaction(), engine.acquire() as connection:
        pid = await connection.fetchval("SELECT pg_backend_pid()")
        await terminator.execute("SELECT pg_terminate_backend($1)", pid)
        while True:
            await connection.fetch("SELECT 1")


async def test_whatever_the_driver_was_doing_it_is_told_as_lost_and_nothing_leaks(
    engine: Engine, connection: asyncpg.Connection
) -> None:
    for _ in range(TIMES):
        with pytest.raises(Exception) as lost:  # noqa: PT011 - which of them it is, is what this is about
            await work_until_terminated(engine, connection)
        assert is_lost(lost.value), repr(lost.value)
        problem = explain(lost.value)
        assert problem is not None
        assert problem.code == "database_unavailable"
    assert engine.pool.stats().active == 0
    async with engine.acquire() as good:
        assert await good.fetchval("SELECT 1") == 1


async def test_a_server_that_dies_while_a_transaction_begins_keeps_no_place_in_the_pool(tmp_path: Path) -> None:
    with own_server(tmp_path / "own") as server:
        engine = Engine(server.settings(db_pool_max=1))
        await engine.start_connection_pool()
        with server.frozen():
            beginning = asyncio.create_task(engine.transaction().__aenter__())
            while not engine.pool.stats().active:
                await asyncio.sleep(0.01)
            server.kill()
        with pytest.raises(Exception) as lost:  # noqa: PT011 - likewise
            await beginning
        assert is_lost(lost.value), repr(lost.value)
        await asyncio.to_thread(server.start)
        async with engine.transaction(), engine.acquire() as connection:
            assert await connection.fetchval("SELECT 1") == 1
        await engine.close_connection_pool()


async def end_all_other_sessions(database: str) -> int:
    connection = await asyncpg.connect(database)
    ended = await connection.fetch(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await connection.close()
    return len(ended)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/customers/", CUSTOMER, 201),
        ("/api/auth/password/", {"current_password": "wrong", "new_password": "correct horse"}, 422),
        ("/api/auth/login/", {"email": "nobody@flowcrm.example", "password": "wrong"}, 401),
        ("/api/auth/logout/", None, 204),
        ("/admin/public/logout/", None, 200),
    ],
)
async def test_what_finds_its_connection_dead_is_done_on_another(
    desks: Desks, database: str, path: str, body: dict[str, str] | None, status: int
) -> None:
    client = desks.employee.client
    assert (await client.get("/api/auth/me/")).status_code == 200  # which leaves a connection in the pool
    with ThreadPoolExecutor(1) as elsewhere:  # this thread's loop stands still, and hears nothing of the end
        assert elsewhere.submit(asyncio.run, end_all_other_sessions(database)).result()
    answer = await client.post(path, json=body)
    assert answer.status_code == status, answer.text
