"""One runner of migrations at a time, on all machines."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from backoffice.database.connecting import Connection, close_quietly
from backoffice.database.engine import Engine
from backoffice.migrations.outcomes import MigrationsBusy, say

KEY = 4_610_119  # any number, the same in every process
POLL_SECONDS = 0.1
WAIT_SECONDS = 60.0

HOLDER = """
SELECT pid, application_name, usename AS "user", client_addr, backend_start AS since, state, query
FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND objsubid = 1
  AND classid::bigint << 32 | objid::bigint = $1
  AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
BLOCKERS = """
SELECT pid, application_name, usename AS "user", client_addr, xact_start AS since, state, query
FROM pg_stat_activity WHERE pid = ANY (pg_blocking_pids($1)) ORDER BY xact_start
"""


@dataclass(frozen=True)
class Session:
    """Another session; PostgreSQL hides some columns from roles that may not see them."""

    pid: int
    application_name: str | None
    user: str | None
    client_addr: Any
    since: datetime | None
    state: str | None
    query: str | None

    def __str__(self) -> str:
        place = f" from {self.client_addr}" if self.client_addr else ""
        since = f", since {self.since:%Y-%m-%d %H:%M:%S %Z}" if self.since else ""
        return f"process {self.pid} ({self.application_name or 'no application_name'}, user {self.user}{place}{since})"


async def sessions(connection: Connection, question: str, *arguments: Any) -> list[Session]:
    prepared = await connection.prepare(question)  # which no journal notes
    return [Session(**row) for row in await prepared.fetch(*arguments)]


@contextlib.asynccontextmanager
async def exclusive(engine: Engine, wait: float = WAIT_SECONDS) -> AsyncIterator[asyncpg.Connection]:
    """A connection that holds the lock.

    The lock is polled, because a session that waits for it inside the server holds a snapshot, for which the holder's
    CREATE INDEX CONCURRENTLY would wait.

    :raises MigrationsBusy: where it is not free within `wait` seconds.
    """
    connection = await engine.connect()
    try:
        await _take(connection, wait)
        yield connection
    finally:
        await close_quietly(connection)  # and the server frees the lock


async def _take(connection: Connection, wait: float) -> None:
    deadline, told = time.monotonic() + wait, False
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", KEY):
        if time.monotonic() > deadline:
            raise MigrationsBusy(f"Migrations are being run by {await _holder(connection)}; gave up after {wait:g} s")
        if not told and time.monotonic() > deadline - wait + 1:
            say(f"Migrations are being run by {await _holder(connection)}; waiting\n")
            told = True
        await asyncio.sleep(POLL_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - so that runners do not keep step


async def _holder(connection: Connection) -> str:
    found = await sessions(connection, HOLDER, KEY)
    return str(found[0]) if found else "a process that has just ended"


@contextlib.asynccontextmanager
async def blockers(engine: Engine, pid: int, every: float) -> AsyncIterator[list[Session]]:
    """The sessions for which the process waited when last polled, so that they can be named afterwards."""
    seen: list[Session] = []
    watching = asyncio.create_task(_watch(engine, pid, every, seen))
    try:
        yield seen
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _watch(engine: Engine, pid: int, every: float, seen: list[Session]) -> None:
    await asyncio.sleep(every)
    connection = await engine.connect()
    try:
        while True:
            if found := await sessions(connection, BLOCKERS, pid):
                seen[:] = found
            await asyncio.sleep(every)
    finally:
        await close_quietly(connection)
