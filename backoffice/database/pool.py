"""A bounded connection pool: a returned connection is ready for the next user, or is closed."""

import asyncio
import contextlib
import logging
import select
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from backoffice.database.connecting import Connection, close_quietly, durable_sql, end_at_once, session_settings
from backoffice.database.failures import DATABASE_ERRORS, DatabaseFull, DatabaseUnavailable, PoolExhausted
from backoffice.database.pooler import NOTHING_BY_NAME
from backoffice.settings import Settings

logger = logging.getLogger(__name__)

RELEASE_SECONDS = 2
CLOSE_POOL_SECONDS = 5
FULL_SECONDS = 1  # before it is tried again whether PostgreSQL takes more connections
COMMAND_GRACE_SECONDS = 2  # the server gives up first and says why; the client only when it hangs

# Queries are small and many: starting parallel workers or a JIT compiler takes longer than they save.
SERVING = {"max_parallel_workers_per_gather": "0", "jit": "off"}

Connect = Callable[..., Awaitable[asyncpg.Connection]]


@dataclass(frozen=True)
class Connections:
    """Connections of the pool, now."""

    active: int
    idle: int
    total: int
    max: int


class Pool:
    """Has no connection until it is opened, and none after it was closed."""

    def __init__(self, settings: Settings, connect: Connect) -> None:
        self._settings = settings
        self._connect = connect
        self._connections: asyncpg.Pool | None = None
        self._slots = asyncio.Semaphore(settings.db_pool_max)
        self.was_opened = False
        self.overrides_commits = False  # whether any connection waits otherwise than the server's settings say

    @property
    def is_open(self) -> bool:
        return self._connections is not None

    async def open(self, *, behind_pooler: bool) -> None:
        """:raises DatabaseUnavailable: when the first connection cannot be made."""
        settings = self._settings
        self._slots = asyncio.Semaphore(settings.db_pool_max)
        self._connections = await asyncpg.create_pool(
            connect=self._connect_one,
            min_size=0,
            init_size=1,
            max_size=settings.db_pool_max,
            max_inactive_connection_lifetime=settings.db_pool_idle_seconds,
            init=None if behind_pooler else self._make_durable,
            reset=_leave,
            command_timeout=settings.db_statement_timeout + COMMAND_GRACE_SECONDS,
            server_settings={} if behind_pooler else session_settings(settings) | SERVING,
        )
        self.was_opened = True

    async def _connect_one(
        self, *_: Any, loop: Any = None, connection_class: Any, record_class: Any = None, **extra: Any
    ) -> asyncpg.Connection:
        return await self._connect(**extra)

    async def _make_durable(self, connection: asyncpg.Connection) -> None:
        if await connection.fetchval(durable_sql(local=False)):
            self.overrides_commits = True

    async def close(self) -> None:
        """Waits a few seconds for connections in use, then ends them."""
        connections, self._connections = self._connections, None
        if connections is None:
            return
        try:
            await asyncio.wait_for(connections.close(), CLOSE_POOL_SECONDS)
        except DATABASE_ERRORS:
            logger.warning("the connection pool was closed with queries under way")
        logger.info("the connection pool is closed")

    async def acquire(self) -> Connection:
        """A connection of the pool, or a single one if the pool was never opened. Return it by `release`."""
        connections = self._connections
        if connections is None:
            if self.was_opened:
                raise DatabaseUnavailable("The connection pool is closed")
            return await self._connect_single()
        await self._acquire_slot()
        try:
            return await self._acquire_ready(connections)
        except DatabaseFull:
            return await self._acquire_another(connections)

    async def _connect_single(self) -> asyncpg.Connection:
        connection = await self._connect(**NOTHING_BY_NAME)
        try:
            await self._make_durable(connection)
        except BaseException:
            end_at_once(connection)
            raise
        return connection

    async def _acquire_ready(self, connections: asyncpg.Pool) -> PoolConnectionProxy:
        """A connection for a slot that the caller has acquired. On failure the slot is released.

        :raises DatabaseFull: PostgreSQL takes no more; the slot is released after FULL_SECONDS.
        """
        try:
            connection = await connections.acquire()
            if _has_something_to_say(connection):
                self._distrust_the_idle()
                end_at_once(connection)
                await _release(connection)
                connection = await connections.acquire()
            return connection
        except DatabaseFull:
            asyncio.get_running_loop().call_later(FULL_SECONDS, self._slots.release)
            raise
        except asyncpg.InterfaceError as error:
            self._slots.release()
            raise DatabaseUnavailable("The connection pool is closed") from error
        except BaseException:
            self._slots.release()
            raise

    async def _acquire_another(self, connections: asyncpg.Pool) -> PoolConnectionProxy:
        """An existing connection, once one is released."""
        try:
            async with asyncio.timeout(self._settings.db_acquire_timeout):
                while True:
                    await self._slots.acquire()
                    with contextlib.suppress(DatabaseFull):
                        return await self._acquire_ready(connections)
        except TimeoutError:
            raise PoolExhausted("PostgreSQL takes no more connections, and all that there are are in use") from None

    async def _acquire_slot(self) -> None:
        if not self._slots.locked():
            await self._slots.acquire()
            return
        try:
            async with asyncio.timeout(self._settings.db_acquire_timeout):
                await self._slots.acquire()
        except TimeoutError:
            raise PoolExhausted(f"All {self._settings.db_pool_max} database connections are in use") from None

    async def release(self, connection: Connection) -> None:
        """Returns a connection to the pool. Never raises or hangs: one that cannot be made ready is closed."""
        if not isinstance(connection, PoolConnectionProxy):
            await close_quietly(connection)
            return
        if _is_lost(connection):
            self._distrust_the_idle()
        try:
            await _release(connection)
        except DATABASE_ERRORS as error:
            logger.warning("a database connection was given up: %s", error or type(error).__name__)
        finally:
            self._slots.release()

    def _distrust_the_idle(self) -> None:
        """Closes idle connections: like the lost one, they may lead to a server that hangs, or is no longer primary."""
        inside: Any = self._connections  # its private attributes have no types
        for holder in inside._holders if self.is_open else ():
            if holder.is_idle():
                holder.terminate()

    def stats(self) -> Connections:
        connections = self._connections
        if connections is None:
            return Connections(active=0, idle=0, total=0, max=self._settings.db_pool_max)
        total, idle = connections.get_size(), connections.get_idle_size()
        return Connections(active=total - idle, idle=idle, total=total, max=connections.get_max_size())


# asyncpg's private attributes have no types, so these take Any.


async def _release(connection: Any) -> None:
    """As asyncpg's `Pool.release`, but an idle connection is released without a shielded task of its own."""
    holder, inner = connection._holder, connection._con
    if inner is None or inner._protocol._is_cancelling() or inner.is_in_transaction():
        await holder._pool.release(connection, timeout=RELEASE_SECONDS)
        return
    inner._on_release()
    await holder.release(RELEASE_SECONDS)


async def _leave(_: asyncpg.Connection) -> None:
    """Does nothing, in place of asyncpg's reset, which is a round trip: no state outlives a transaction here.

    Behind a pooler it would moreover reset whichever session is lent at that moment.
    """


def _has_something_to_say(connection: Any) -> bool:
    """True when the server has sent unasked data that is unread yet: as a rule, that it closes the connection."""
    transport = connection._con._transport
    if transport.is_closing():
        return True
    poll = select.poll()
    poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _is_lost(connection: Any) -> bool:
    return connection._con is None or connection._con.is_closed()
