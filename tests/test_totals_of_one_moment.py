"""A total is not counted again until something changes; then it is never shown again."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest

from backoffice.api.list_queries import page_statement
from backoffice.api.page import Page
from backoffice.api.query import Parameters
from backoffice.api.totals import MAX_KNOWN, Known, Totals
from backoffice.database.snapshots import SNAPSHOT
from crm.resources import CUSTOMERS
from tests.support.builders import a_customer
from tests.support.cast import Cast
from tests.support.faults import OwnServer
from tests.support.servers import own_server
from tests.support.standby import pair

STEPS = 150
ANYBODY = "id = (SELECT id FROM customers LIMIT 1 FOR UPDATE SKIP LOCKED)"
ALWAYS = (f"DELETE FROM customers WHERE {ANYBODY}", f"UPDATE customers SET name = 'Bia' WHERE {ANYBODY}", "INSERT")
OUTSIDE = ("BEGIN", *ALWAYS)
INSIDE = ("COMMIT", "ROLLBACK", f"SAVEPOINT a; {ALWAYS[0]}; ROLLBACK TO a", *ALWAYS)
COUNTS = {"": "true", "&name=Ana&name__match=exact": "name = 'Ana'"}
RESTART_SECONDS = 20


def page(query: bytes = b"limit=1") -> Page:
    return Parameters(CUSTOMERS, query).page()


async def answer(connection: asyncpg.Connection, known: Known) -> str:
    sql, arguments = page_statement(CUSTOMERS.table, page(), known)
    return str(await connection.fetchval(sql, *arguments))


async def moment_of(connection: asyncpg.Connection) -> str:
    return str(await connection.fetchval(f"SELECT {SNAPSHOT}"))


async def test_a_total_of_this_moment_is_not_counted_again(connection: asyncpg.Connection) -> None:
    await a_customer(connection)
    totals = Totals("customers")
    async with connection.transaction(isolation="repeatable_read"):  # in which it stays this moment, whoever commits
        now = await moment_of(connection)
        assert '"total" : 777' in totals.remember(None, await answer(connection, (now, 777)))
    assert totals.recall(None) == (now, 777)


async def test_a_total_of_another_moment_is(connection: asyncpg.Connection) -> None:
    before = await moment_of(connection)
    await a_customer(connection)
    totals = Totals("customers")
    async with connection.transaction(isolation="repeatable_read"):
        assert '"total" : 1' in totals.remember(None, await answer(connection, (before, 777)))
        assert totals.recall(None) == (await moment_of(connection), 1)


async def test_another_database_has_other_moments(database: str, server: str) -> None:
    connections = [await asyncpg.connect(dsn) for dsn in (database, server)]
    databases = [(await moment_of(connection)).rpartition("|")[2] for connection in connections]
    assert len(set(databases)) == 2
    for connection in connections:
        await connection.close()


async def test_of_an_older_moment_nothing_is_kept(connection: asyncpg.Connection) -> None:
    totals = Totals("customers")
    totals.remember(page(b"name=ana").where, await answer(connection, totals.recall(None)))
    await a_customer(connection)
    totals.remember(None, await answer(connection, totals.recall(None)))
    assert totals.recall(page(b"name=ana").where) == ("", 0)


async def test_only_so_many_are_kept(connection: asyncpg.Connection) -> None:
    totals = Totals("customers")
    told = await answer(connection, totals.recall(None))
    for number in range(MAX_KNOWN + 1):
        totals.remember(page(f"name={number}".encode()).where, told)
    assert totals.recall(page(b"name=0").where) == ("", 0)
    assert totals.recall(page(f"name={MAX_KNOWN}".encode()).where)[1] == 0
    assert totals.recall(page(f"name={MAX_KNOWN}".encode()).where)[0]


@pytest.fixture
async def writers(database: str) -> AsyncIterator[list[asyncpg.Connection]]:
    """Three, who come and go with their transactions as they like."""
    async with AsyncExitStack() as stack:
        found = []
        for _ in range(3):
            connection = await asyncpg.connect(database)
            stack.push_async_callback(connection.close)
            found.append(connection)
        yield found


async def test_whoever_commits_or_does_not_the_total_is_right_at_once(
    cast: Cast, connection: asyncpg.Connection, writers: list[asyncpg.Connection]
) -> None:
    chance = random.Random(1)
    for _ in range(STEPS):
        writer = chance.choice(writers)
        step = chance.choice(INSIDE if writer.is_in_transaction() else OUTSIDE)
        await (a_customer(writer, name="Ana") if step == "INSERT" else writer.execute(step))
        for query, where in [*COUNTS.items()] * 2:
            told = (await cast.employee.get(f"/api/customers/?limit=1{query}")).json()["total"]
            assert told == await connection.fetchval(f"SELECT count(*) FROM customers WHERE {where}"), step


async def _after(fall: str, server: OwnServer, connection: asyncpg.Connection) -> asyncpg.Connection:
    async with asyncio.timeout(RESTART_SECONDS):
        if fall == "a session is killed":
            witness = await asyncpg.connect(server.dsn)
            os.kill(connection.get_server_pid(), signal.SIGKILL)  # upon which the server begins anew with all of them
            while not witness.is_closed():
                await asyncio.sleep(0.01)
        else:
            server.kill()
            server.start()
        while True:
            try:
                return await asyncpg.connect(server.dsn)
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("fall", ["a session is killed", "the server is killed"])
async def test_after_a_crash_no_moment_is_one_from_before(tmp_path: Path, fall: str) -> None:
    """A transaction that failed last may be forgotten, and the next one get its number: so snapshots do not tell."""
    with own_server(tmp_path / "server") as server:
        connection = await asyncpg.connect(server.dsn)
        before = await moment_of(connection)
        after = await _after(fall, server, connection)
        try:
            assert (await moment_of(after)).partition("|")[2] != before.partition("|")[2]
        finally:
            await after.close()


async def test_on_a_standby_nothing_is_remembered(tmp_path: Path) -> None:
    with pair(tmp_path) as servers:
        servers.attach()
        assert await servers.standby.query(f"SELECT {SNAPSHOT}") is None
