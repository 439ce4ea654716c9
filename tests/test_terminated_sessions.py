"""A session that the server ends at any moment is a lost connection, and nothing worse."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from backoffice.database import Engine
from backoffice.database_errors import explain, is_lost
from backoffice.settings import Settings

TIMES = 400  # in about one of twenty the driver is caught in the middle of a message


@pytest.fixture
async def engine(database: str) -> AsyncIterator[Engine]:
    engine = Engine(Settings(database_url=database, db_pool_max=2))
    await engine.open_pool()
    yield engine
    await engine.close_pool()


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
    assert engine.figures().active == 0
    async with engine.acquire() as good:
        assert await good.fetchval("SELECT 1") == 1
