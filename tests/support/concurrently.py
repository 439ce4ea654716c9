"""Many connections at once, two of them step by step, and who waits for whom."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal, get_args

import asyncpg

# What PostgreSQL answers when it lets one of two win; the server of the product tries again then.
COLLISIONS = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
DONE = "done"

Isolation = Literal["read_committed", "repeatable_read", "serializable"]
ISOLATIONS: tuple[Isolation, ...] = get_args(Isolation)

Work = Callable[[asyncpg.Connection], Awaitable[object]]


@asynccontextmanager
async def connections(database: str, count: int) -> AsyncIterator[list[asyncpg.Connection]]:
    async with AsyncExitStack() as stack:
        opened = [await asyncpg.connect(database) for _ in range(count)]
        for connection in opened:
            stack.push_async_callback(connection.close)
        yield opened


def statement(sql: str) -> Work:
    return lambda connection: connection.execute(sql)


async def outcome(work: Awaitable[object]) -> str:
    """`done`, or the name of the rule that refused it."""
    try:
        await work
    except asyncpg.IntegrityConstraintViolationError as refusal:
        return str(refusal.constraint_name)
    return DONE


async def persist(connection: asyncpg.Connection, work: Work, isolation: Isolation) -> None:
    """Does the work in one transaction, again and again until no other is in its way."""
    while True:
        try:
            async with connection.transaction(isolation=isolation):
                await work(connection)
        except COLLISIONS:
            continue
        return


async def all_at_once(
    database: str, works: Iterable[Work], *, isolation: Isolation = "read_committed", retry: bool = True
) -> list[str]:
    """What became of each work, done by a connection of its own. Without retry a collision is an error."""
    works = list(works)
    async with connections(database, len(works)) as opened:
        pairs = zip(opened, works, strict=True)
        tasks = [persist(each, work, isolation) if retry else work(each) for each, work in pairs]
        return list(await asyncio.gather(*map(outcome, tasks)))


async def one_waits_for_the_other(database: str, first: str, second: str) -> str:
    """Does the first in a transaction, then the second, which must wait until the first commits; its outcome."""
    async with connections(database, 2) as (one, other):
        async with one.transaction():
            await one.execute(first)
            waiting = asyncio.create_task(outcome(other.execute(second)))
            await until_blocked(one, other.get_server_pid())
        return await waiting


HERE = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"  # of a row of pg_locks
# Of whoever waits for a row, pg_locks names the database only beside the locks they have already.
WAITING_HERE = f"""
SELECT count(DISTINCT pid) FROM pg_locks AS awaited JOIN pg_locks AS theirs USING (pid)
WHERE NOT awaited.granted AND theirs.{HERE}
"""


async def until_waiting(connection: asyncpg.Connection, number: int) -> None:
    """Until so many statements of others in this database wait for a lock."""
    async with asyncio.timeout(10):
        while await connection.fetchval(WAITING_HERE) < number:
            await asyncio.sleep(0.01)


async def until_blocked(observer: asyncpg.Connection, process: int) -> None:
    """Until this one waits for a lock that another holds."""
    async with asyncio.timeout(10):
        while not await observer.fetchval("SELECT cardinality(pg_blocking_pids($1)) > 0", process):
            await asyncio.sleep(0.005)
