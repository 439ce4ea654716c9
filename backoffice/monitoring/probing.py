"""Probes the database: its version, its response time, and whether its schema is what the migrations made."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import asyncpg

from backoffice.database.connecting import Connection, end_at_once
from backoffice.database.engine import Engine
from backoffice.database.failures import DATABASE_ERRORS, DatabaseFull, DatabaseUnavailable, PoolExhausted, cause
from backoffice.database.pool import Connections
from backoffice.database.snapshots import SNAPSHOT
from backoffice.migrations import expected, records
from backoffice.migrations.catalog import Difference

PROBE_SECONDS = 2.0  # leaves half a second of the promised 2.5 for the way to the client
LOOK_SECONDS = 1.0  # for reading the schema, which waits while somebody changes it
DRIFT_SECONDS = 10.0  # how long the schema is cached after it was read


@dataclass(frozen=True)
class Schema:
    """The state of the schema: complete or empty, current or as it was last read."""

    migrations: records.State | None = None
    drift: Sequence[Difference] = ()
    is_of_now: bool = True

    @property
    def pending(self) -> int | None:
        return None if self.migrations is None else len(self.migrations.pending)

    @property
    def last_applied(self) -> str | None:
        return None if self.migrations is None else self.migrations.last_applied


@dataclass(frozen=True, eq=False)  # hashed by identity, so that an answer can be cached for it
class Probe:
    """The answer of the database. Concurrent callers get the same one."""

    version: str
    response_time_ms: float
    schema: Schema
    connections: Connections


class Prober:
    """Asks the database on one connection of its own, so it also gets an answer when the pool is exhausted.

    Concurrent callers share one question.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: asyncpg.Connection | None = None
        self._question: asyncio.Task[Probe] | None = None
        self._snapshot: str | None = None
        self._schema: Schema | None = None
        self._schema_is_old_at = 0.0

    async def ask(self) -> Probe:
        """The database's answer, shared by concurrent callers.

        :raises DatabaseUnavailable: within PROBE_SECONDS.
        """
        if self._question is None or self._question.done():
            self._question = asyncio.create_task(self._bounded())
            self._question.add_done_callback(_hear)  # all callers may be cancelled meanwhile
        return await asyncio.shield(self._question)

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        self._schema_is_old_at = 0.0
        if connection is not None:
            end_at_once(connection)

    async def _bounded(self) -> Probe:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                return await self._once_more_if_lost()
        except DatabaseUnavailable:
            raise
        except DATABASE_ERRORS as error:
            await self.close()
            where = self._engine.connector.where
            raise DatabaseUnavailable(f"PostgreSQL at {where} does not answer: {cause(error)}") from error

    async def _once_more_if_lost(self) -> Probe:
        """Probes, once more if an old connection was lost with a server that is back, or knows an outdated schema."""
        if self._connection is not None and not self._connection.is_closed():
            try:
                return await self._probe(self._connection)
            except DATABASE_ERRORS:
                await self.close()
        try:
            self._connection = await self._engine.connect()
        except DatabaseFull as full:
            return await self._probe_from_the_pool(full)
        return await self._probe(self._connection)

    async def _probe_from_the_pool(self, full: DatabaseFull) -> Probe:
        """Probes on a connection of the pool, while the database takes no more connections."""
        pool = self._engine.pool
        try:
            async with asyncio.timeout(PROBE_SECONDS / 2):  # or no time would be left to report why there is none
                connection = await pool.acquire()
        except (PoolExhausted, TimeoutError):
            raise full from None
        try:
            return await self._probe(connection)
        finally:
            await pool.release(connection)

    async def _probe(self, connection: Connection) -> Probe:
        begin = time.perf_counter()
        [(version, snapshot)] = await connection.fetch(f"SELECT current_setting('server_version'), {SNAPSHOT}")
        elapsed = round((time.perf_counter() - begin) * 1000, 2)
        return Probe(version, elapsed, await self._schema_of(connection, snapshot), self._engine.pool.stats())

    async def _schema_of(self, connection: Connection, snapshot: str | None) -> Schema:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                self._schema = await self._look_at_schema(connection, snapshot)
        except TimeoutError:
            await self.close()
            return replace(self._schema or Schema(), is_of_now=False)
        self._snapshot = snapshot
        return self._schema

    async def _look_at_schema(self, connection: Connection, snapshot: str | None) -> Schema:
        """Reads whole definitions only every DRIFT_SECONDS, and nothing while the snapshot is the same."""
        if self._schema is None or time.monotonic() > self._schema_is_old_at:
            async with records.read_only_snapshot(connection):
                schema = Schema(await records.read_state(connection), await expected.drift(connection))
            self._schema_is_old_at = time.monotonic() + DRIFT_SECONDS
            return schema
        if snapshot is None or snapshot != self._snapshot:
            async with records.read_only_snapshot(connection):
                return replace(self._schema, migrations=await records.read_state(connection))
        return self._schema


def _hear(question: asyncio.Task[Probe]) -> None:
    if not question.cancelled():
        question.exception()


@cache
def prober(engine: Engine) -> Prober:
    """The engine's only prober."""
    return Prober(engine)
