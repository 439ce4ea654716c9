"""The engine behind every Piccolo query: one bounded pool, transactions that leak nothing, honest errors."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import cache
from typing import Any, Protocol, TypeVar, cast

import asyncpg
from piccolo.engine import engine_finder
from piccolo.engine.postgres import PostgresEngine

from backoffice.database import pooler
from backoffice.database.connecting import (
    APPLICATION_NAME,
    Connection,
    Connector,
    close_quietly,
    connect_arguments,
    end_at_once,
    retry_until_connected,
    session_settings,
)
from backoffice.database.embedded import NAME, PORT, EmbeddedPostgres
from backoffice.database.failures import DATABASE_ERRORS, DatabaseRefused, DatabaseUnavailable, cause
from backoffice.database.pool import Pool
from backoffice.database.programs import EmbeddedError
from backoffice.database.transactions import NO_USE_TO_ANYBODY, Transaction
from backoffice.settings import Settings
from backoffice.sigterm import end_properly_on_sigterm

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Overrides settings of the role or the database: where backslashes escape, rules would be created differently.
SESSION = {"application_name": APPLICATION_NAME, "timezone": "UTC", "standard_conforming_strings": "on"}
PATH = {"search_path": "public"}  # the schema of our tables


class Reader(Protocol):
    """Where lists and rows are read: the engine itself, or a standby of its database."""

    # Any, since most queries always give a row, and the caller unpacks it.
    async def fetch_row(self, sql: str, *arguments: Any) -> Any: ...

    async def fetch_value(self, sql: str, *arguments: Any) -> Any: ...


class Engine(PostgresEngine):
    """Built from settings; contacts the database at the first query, not before."""

    pool: Pool  # type: ignore[assignment] # Piccolo has one of asyncpg; what would use it is overridden here

    def __init__(self, settings: Settings) -> None:
        super().__init__(config={}, extensions=())
        self.configure(settings)

    def configure(self, settings: Settings) -> None:
        """Points the engine at a database. Only while no pool is open."""
        self.settings = settings
        self.embedded = None if settings.database_configured else EmbeddedPostgres(settings.flow_data_dir)
        self.connector = self._connector()
        self.config = self.connector.arguments
        self.pool = Pool(settings, self._connect_for_pool)
        self.behind_pooler = False
        self._takes_path = True
        self.reader: Reader = self

    def _connector(self) -> Connector:
        settings = self.settings
        if self.embedded is None:
            return Connector(connect_arguments(settings), settings.addresses, settings.db_connect_timeout)
        host = self.embedded.socket_folder
        arguments = {"user": NAME, "database": NAME, "ssl": False, "target_session_attrs": "any"}
        return Connector({"host": host, "port": PORT, **arguments}, [(host, PORT)], settings.db_connect_timeout)

    # Connections

    async def connect(self, **extra: Any) -> asyncpg.Connection:
        """A connection of its own, outside the pool; without time limits unless `extra` sets them."""
        session = SESSION | extra.pop("server_settings", {})
        extra |= pooler.NOTHING_BY_NAME if self.behind_pooler else {}
        if self._takes_path:
            try:
                return await self._connect(server_settings=PATH | session, **extra)
            except DatabaseUnavailable as error:
                if pooler.UNKNOWN_SETTING not in str(error):
                    raise
                self._takes_path = False
        return await self._connect(server_settings=session, **extra)

    async def _connect(self, **extra: Any) -> asyncpg.Connection:
        if self.embedded is None:
            return await self.connector.connect(**extra)
        if not self.embedded.joined:
            await self._start_embedded(self.embedded)
        try:
            return await self.connector.connect(**extra)
        except DatabaseUnavailable:
            await self._start_embedded(self.embedded)  # it may have been killed, and nobody else would start it
            return await self.connector.connect(**extra)

    @property
    def settings_of_transactions(self) -> dict[str, str]:
        """The settings that their connections lack."""
        if self.behind_pooler:
            return PATH | session_settings(self.settings)
        return {} if self._takes_path else PATH

    async def _start_embedded(self, embedded: EmbeddedPostgres) -> None:
        end_properly_on_sigterm()
        try:
            await asyncio.to_thread(embedded.start)
        except EmbeddedError as error:
            raise DatabaseRefused(str(error)) from error
        self.connector = self._connector()

    @contextlib.asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        """A raw asyncpg connection, for COPY and the like; inside a transaction, that of the transaction."""
        if current := self.current_transaction.get():
            yield current.connection
            return
        if self.behind_pooler:
            async with self.transaction() as transaction:
                yield transaction.connection
            return
        connection = await self.pool.acquire()
        try:
            yield connection
        except NO_USE_TO_ANYBODY:
            end_at_once(connection)
            raise
        finally:
            await self.pool.release(connection)

    async def fetch_row(self, sql: str, *arguments: Any) -> Any:
        """The first row, None where there is none; without Piccolo's ways of writing SQL."""
        if current := self.current_transaction.get():  # as `acquire` would, in a tenth of its time
            return await current.connection.fetchrow(sql, *arguments)
        async with self.acquire() as connection:
            return await connection.fetchrow(sql, *arguments)

    async def fetch_value(self, sql: str, *arguments: Any) -> Any:
        """The first value of the first row, None where there is no row."""
        row = await self.fetch_row(sql, *arguments)
        return None if row is None else row[0]

    # The pool

    async def when_reachable(self, work: Callable[[str], Awaitable[T]]) -> T:
        """Finds out whether a pooler is in between, then does the work, given the server's version; all anew, if the
        connection is lost meanwhile.

        :raises DatabaseUnavailable: after 30 s.
        :raises DatabaseRefused: at once.
        """
        return await retry_until_connected(self._version, work, self.connector)

    async def wait_until_reachable(self) -> None:
        """See when_reachable for the errors."""

        async def no_work(_: str) -> None: ...

        await self.when_reachable(no_work)

    async def _version(self) -> str:
        connection = await self.get_new_connection()
        try:
            async with asyncio.timeout(self.settings.db_connect_timeout):
                self.behind_pooler = await pooler.is_between(connection)
            return str(connection.get_settings().server_version)
        except DATABASE_ERRORS as error:
            raise DatabaseUnavailable(f"PostgreSQL at {self.connector.where}: {cause(error)}") from error
        finally:
            await close_quietly(connection)

    async def start_connection_pool(self, **_: Any) -> None:
        """Waits for the database, then opens the pool; see when_reachable for the errors."""
        if self.pool.is_open:
            raise RuntimeError("The connection pool is open already")
        await self.when_reachable(self.open_pool)

    async def open_pool(self, version: str) -> None:
        """:param version: of the server, for the log."""
        await self.pool.open(behind_pooler=self.behind_pooler)
        logger.info(
            "connected to PostgreSQL %s at %s%s, pool of at most %d",
            version,
            self.connector.where,
            " through a pooler" if self.behind_pooler else "",
            self.settings.db_pool_max,
        )

    async def _connect_for_pool(self, **extra: Any) -> asyncpg.Connection:
        return await self.connect(**extra)

    async def close_connection_pool(self) -> None:
        """Waits a few seconds for connections in use, then ends them; leaves the embedded server."""
        await self.pool.close()
        if self.embedded is not None:
            await asyncio.to_thread(self.embedded.stop)

    # What Piccolo calls

    # Piccolo asks this while it is imported; the version is checked with each connection instead.
    async def check_version(self) -> None: ...

    async def get_new_connection(self) -> asyncpg.Connection:
        """As `connect`, where nobody has found out yet whether a pooler is in between."""
        return await self.connect(**pooler.NOTHING_BY_NAME)

    def transaction(self, allow_nested: bool = True, begin: str = "BEGIN") -> Transaction:
        return Transaction(engine=self, allow_nested=allow_nested, begin=begin)

    async def _run_in_pool(self, query: str, args: Sequence[Any] | None = None) -> list[asyncpg.Record]:
        async with self.acquire() as connection:
            return await connection.fetch(query, *(args or ()))


@cache
def the_engine() -> Engine:
    """The engine of piccolo_conf and of every table; DB.configure changes its database, not the object."""
    return cast(Engine, engine_finder())
