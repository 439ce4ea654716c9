"""The engine behind every Piccolo query: one bounded pool, transactions that leak nothing, honest errors."""

import asyncio
import contextlib
import logging
import signal
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, cast

import asyncpg
from piccolo.engine import engine_finder
from piccolo.engine.postgres import PostgresEngine

from backoffice.database import pooler
from backoffice.database.connecting import (
    BROKEN,
    Connector,
    DatabaseRefused,
    DatabaseUnavailable,
    cause,
    close_quietly,
    connect_arguments,
    end_at_once,
    patiently,
    session_settings,
)
from backoffice.database.embedded import NAME, PORT, EmbeddedError, EmbeddedPostgres
from backoffice.database.transactions import Transaction
from backoffice.settings import Settings

__all__ = [
    "DatabaseRefused",
    "DatabaseUnavailable",
    "Engine",
    "Figures",
    "PoolExhausted",
    "Reader",
    "Transaction",
    "the_engine",
]

logger = logging.getLogger(__name__)

RELEASE_SECONDS = 2
CLOSE_POOL_SECONDS = 5
COMMAND_GRACE_SECONDS = 2  # the server gives up first and says why; the client only when it hangs

SESSION = {"application_name": "flow-crm", "timezone": "UTC"}
# Answers are small and many: to start helpers or a compiler for one takes longer than they save.
SERVING = {"search_path": "public", "max_parallel_workers_per_gather": "0", "jit": "off"}


class PoolExhausted(Exception):
    """Every connection of the pool is in use, and none was given back in time."""


@dataclass(frozen=True)
class Figures:
    """Connections of the pool, now."""

    active: int
    idle: int
    total: int
    max: int


class Reader(Protocol):
    """Where lists and rows are read: the engine itself, or a standby of its database."""

    async def fetch_row(self, sql: str, *arguments: Any) -> Any: ...

    async def fetch_value(self, sql: str, *arguments: Any) -> Any: ...


class Engine(PostgresEngine):
    """Built from settings; contacts the database at the first query, not before."""

    def __init__(self, settings: Settings) -> None:
        self.configure(settings)
        super().__init__(config=self.connector.arguments, extensions=())

    def configure(self, settings: Settings) -> None:
        """Points the engine at a database. Only while no pool is open."""
        self.settings = settings
        self.embedded = None if settings.database_configured else EmbeddedPostgres(settings.flow_data_dir)
        self.connector = self._connector()
        self.config = self.connector.arguments
        self._pooled = False
        self.behind_pooler = False
        self._slots = asyncio.Semaphore(settings.db_pool_max)
        self.reader: Reader = self

    def _connector(self) -> Connector:
        settings = self.settings
        if self.embedded is None:
            return Connector(connect_arguments(settings), settings.addresses, settings.db_connect_timeout)
        host = self.embedded.socket_folder
        arguments = {"user": NAME, "database": NAME, "ssl": False, "target_session_attrs": "any"}
        return Connector({"host": host, "port": PORT, **arguments}, [(host, PORT)], settings.db_connect_timeout)

    # Piccolo asks these while it is imported; the version is checked with each connection instead.

    async def check_version(self) -> None: ...

    async def prep_database(self) -> None: ...

    # Connections

    async def connect(self, **extra: Any) -> Any:
        """A connection of its own, outside the pool; without time limits unless `extra` sets them."""
        extra["server_settings"] = SESSION | extra.get("server_settings", {})
        extra |= pooler.NOTHING_BY_NAME if self.behind_pooler else {}
        if self.embedded is None:
            return await self.connector.connect(**extra)
        if not self.embedded.joined:
            await self._start_embedded(self.embedded)
        try:
            return await self.connector.connect(**extra)
        except DatabaseUnavailable:
            await self._start_embedded(self.embedded)  # it may have been killed, and nobody else would start it
            return await self.connector.connect(**extra)

    async def _start_embedded(self, embedded: EmbeddedPostgres) -> None:
        _end_properly_on_sigterm()
        try:
            await asyncio.to_thread(embedded.start)
        except EmbeddedError as error:
            raise DatabaseRefused(str(error)) from error
        self.connector = self._connector()

    async def get_new_connection(self) -> Any:
        return await self.connect()

    async def take(self) -> Any:
        """A connection of the pool, or a single one where none was ever opened. Give it back."""
        if self.pool is None:
            self._refuse_lost_pool()
            return await self.connect()
        await self._take_slot()
        try:
            return await self.pool.acquire()
        except asyncpg.InterfaceError as error:
            self._slots.release()
            raise DatabaseUnavailable("The connection pool is closed") from error
        except BaseException:
            self._slots.release()
            raise

    async def _take_slot(self) -> None:
        if not self._slots.locked():
            await self._slots.acquire()
            return
        try:
            async with asyncio.timeout(self.settings.db_acquire_timeout):
                await self._slots.acquire()
        except TimeoutError:
            raise PoolExhausted(f"All {self.settings.db_pool_max} database connections are in use") from None

    async def give_back(self, connection: Any) -> None:
        """Never raises and never hangs: a connection that cannot be made ready for the next user is ended."""
        if not isinstance(connection, asyncpg.pool.PoolConnectionProxy):
            await close_quietly(connection)
            return
        if _is_lost(connection):
            self._distrust_the_idle()
        try:
            await _release(connection)
        except BROKEN as error:
            logger.warning("a database connection was given up: %s", error or type(error).__name__)
        finally:
            self._slots.release()

    def _distrust_the_idle(self) -> None:
        """They may lead where the lost one led: to a server that hangs, or that is not the primary any more."""
        for holder in self.pool._holders if self.pool is not None else ():
            if holder.is_idle():
                holder.terminate()

    @contextlib.asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        """A raw asyncpg connection, for COPY and the like; inside a transaction, that of the transaction."""
        if current := self.current_transaction.get():
            yield current.connection
            return
        if self.behind_pooler:
            async with self.transaction() as transaction:
                yield transaction.connection
            return
        connection = await self.take()
        try:
            yield connection
        except (TimeoutError, asyncio.CancelledError):
            end_at_once(connection)
            raise
        finally:
            await self.give_back(connection)

    def _refuse_lost_pool(self) -> None:
        if self._pooled:
            raise DatabaseUnavailable("The connection pool is closed")

    # The pool

    async def wait_until_reachable(self) -> str:
        """The server's version, and whether a pooler is before it.

        Raises DatabaseUnavailable after 30 s, DatabaseRefused at once.
        """
        return await patiently(self._version, self.connector)

    async def _version(self) -> str:
        connection = await self.connect(**pooler.NOTHING_BY_NAME)
        try:
            async with asyncio.timeout(self.settings.db_connect_timeout):
                self.behind_pooler = await pooler.is_between(connection)
            return str(connection.get_settings().server_version)
        except BROKEN as error:
            raise DatabaseUnavailable(f"PostgreSQL at {self.connector.where}: {cause(error)}") from error
        finally:
            await close_quietly(connection)

    async def open_pool(self) -> None:
        """Waits for the database, then opens the pool; see wait_until_reachable for the errors."""
        if self.pool is not None:
            raise RuntimeError("The connection pool is open already")
        version = await self.wait_until_reachable()
        settings = self.settings
        session = {"server_settings": session_settings(settings) | SERVING}
        self._slots = asyncio.Semaphore(settings.db_pool_max)
        self.pool = await asyncpg.create_pool(
            connect=self._connect_for_pool,
            min_size=0,
            init_size=1,
            max_size=settings.db_pool_max,
            max_inactive_connection_lifetime=settings.db_pool_idle_seconds,
            reset=_leave,
            command_timeout=settings.db_statement_timeout + COMMAND_GRACE_SECONDS,
            **({} if self.behind_pooler else session),
        )
        self._pooled = True
        logger.info(
            "connected to PostgreSQL %s at %s%s, pool of at most %d",
            version,
            self.connector.where,
            " through a pooler" if self.behind_pooler else "",
            settings.db_pool_max,
        )

    async def _connect_for_pool(
        self, *_: Any, loop: Any, connection_class: Any, record_class: Any, **extra: Any
    ) -> Any:
        return await self.connect(**extra)

    async def close_pool(self) -> None:
        """Waits a few seconds for connections in use, then ends them; leaves the embedded server."""
        pool, self.pool = self.pool, None
        if pool is not None:
            try:
                await asyncio.wait_for(pool.close(), CLOSE_POOL_SECONDS)
            except BROKEN:
                logger.warning("the connection pool was closed with queries under way")
            logger.info("the connection pool is closed")
        if self.embedded is not None:
            await asyncio.to_thread(self.embedded.stop)

    async def start_connection_pool(self, **kwargs: Any) -> None:
        await self.open_pool()

    async def close_connection_pool(self) -> None:
        await self.close_pool()

    def figures(self) -> Figures:
        if self.pool is None:
            return Figures(active=0, idle=0, total=0, max=self.settings.db_pool_max)
        total, idle = self.pool.get_size(), self.pool.get_idle_size()
        return Figures(active=total - idle, idle=idle, total=total, max=self.pool.get_max_size())

    # What Piccolo calls

    async def fetch_row(self, sql: str, *arguments: Any) -> Any:
        """The first row, None where there is none; without Piccolo's ways of writing SQL."""
        if current := self.current_transaction.get():  # as `acquire` would, at a tenth of its price
            return await current.connection.fetchrow(sql, *arguments)
        async with self.acquire() as connection:
            return await connection.fetchrow(sql, *arguments)

    async def fetch_value(self, sql: str, *arguments: Any) -> Any:
        """The first value of the first row, None where there is no row."""
        row = await self.fetch_row(sql, *arguments)
        return None if row is None else row[0]

    def transaction(self, allow_nested: bool = True, first: str = "") -> Transaction:
        """:param first: statements that belong to its beginning."""
        return Transaction(engine=self, allow_nested=allow_nested, first=first)

    async def run_querystring(self, querystring: Any, in_pool: bool = True) -> Any:
        if in_pool and self.pool is None and not self.transaction_exists():
            self._refuse_lost_pool()
        return await super().run_querystring(querystring, in_pool=in_pool)

    async def run_ddl(self, ddl: str, in_pool: bool = True) -> Any:
        if in_pool and self.pool is None and not self.transaction_exists():
            self._refuse_lost_pool()
        return await super().run_ddl(ddl, in_pool=in_pool)

    async def _run_in_pool(self, query: str, args: Sequence[Any] | None = None) -> Any:
        async with self.acquire() as connection:
            return await connection.fetch(query, *(args or ()))

    async def _run_in_new_connection(self, query: str, args: Sequence[Any] | None = None) -> Any:
        connection = await self.connect()
        try:
            return await connection.fetch(query, *(args or ()))
        finally:
            await close_quietly(connection)


@cache
def the_engine() -> Engine:
    """The one of piccolo_conf; DB.configure points it elsewhere, and it stays the same."""
    return cast(Engine, engine_finder())


async def _release(connection: Any) -> None:
    """What `Pool.release` does, but for a connection that is at rest without a task of its own to shield."""
    holder, inner = connection._holder, connection._con
    if inner is None or inner._protocol._is_cancelling() or inner.is_in_transaction():
        await holder._pool.release(connection, timeout=RELEASE_SECONDS)
        return
    inner._on_release()
    await holder.release(RELEASE_SECONDS)


async def _leave(_: Any) -> None:
    """In place of asyncpg's reset: a round trip more, though nothing here outlives its transaction, which is over.

    Behind a pooler it would moreover reset whichever session is lent at that moment.
    """


def _is_lost(connection: Any) -> bool:
    return connection._con is None or connection._con.is_closed()


def _end_properly_on_sigterm() -> None:
    """Lets a command stop its embedded server on SIGTERM, which by default ends Python on the spot."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
