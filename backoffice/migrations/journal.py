"""Notes the statements of a migration, on whichever connection they run."""

import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from typing import Any, Protocol, cast

import asyncpg

from backoffice.database import pooler
from backoffice.database.connecting import APPLICATION_NAME, Connection, Connector, close_quietly, end_at_once
from backoffice.database.engine import Engine
from backoffice.migrations.outcomes import MigrationRefused

MIGRATING_NAME = f"{APPLICATION_NAME} migrations on {socket.gethostname()}"[:63]  # PostgreSQL would cut it there

# The server ends the statement of a runner that was killed, and releases its locks. Where it cannot (on Windows and the
# like), the statement runs to its end.
NOTICE_DEATH = "SET client_connection_check_interval = '1s'"


class Watcher(Protocol):
    """Is told of each statement of a migration, before and after."""

    async def before(self, connection: Connection, statement: str) -> None: ...

    async def after(self, connection: Connection, statement: str, arguments: tuple[Any, ...]) -> None: ...


class Journal:
    """Knows at which statement a migration failed, be it that a watcher did, and tells watchers of all statements."""

    def __init__(self) -> None:
        self.failed: str | None = None
        self._watchers: list[Watcher] = []
        self._open = False

    @contextlib.contextmanager
    def of_a_migration(self) -> Iterator[None]:
        """Only statements inside are noted; others are book-keeping."""
        self.failed, self._open = None, True
        try:
            yield
        finally:
            self._open = False

    @contextlib.contextmanager
    def telling(self, watcher: Watcher) -> Iterator[None]:
        """Inside, this watcher is told too; no other watcher sees its statements."""
        self._watchers.insert(0, watcher)
        try:
            yield
        finally:
            self._watchers.pop(0)

    @contextlib.asynccontextmanager
    async def noting(self, connection: Connection, statement: str, arguments: tuple[Any, ...]) -> AsyncIterator[None]:
        if not self._open:
            yield
            return
        with self._alone():
            try:
                for watcher in self._watchers:
                    await watcher.before(connection, statement)
                yield
                for watcher in reversed(self._watchers):
                    await watcher.after(connection, statement, arguments)
            except BaseException:
                self.failed = self.failed or statement
                raise

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Inside, statements are not noted."""
        self._open = False
        try:
            yield
        finally:
            self._open = True


class NotedConnection(asyncpg.Connection):
    """Notes statements, but not those of fetchval and fetchrow, which change nothing."""

    journal: Journal
    lent = False

    async def close(self, **options: Any) -> None:
        if not self.lent:
            await super().close(**options)

    async def execute(self, query: str, *args: Any, **options: Any) -> str:
        async with self.journal.noting(self, query, args):
            return await super().execute(query, *args, **options)

    async def fetch(self, query: str, *args: Any, **options: Any) -> Any:
        async with self.journal.noting(self, query, args):
            return await super().fetch(query, *args, **options)

    async def executemany(self, command: str, args: Any, **options: Any) -> None:
        async with self.journal.noting(self, command, ()):
            await super().executemany(command, args, **options)


_lent: ContextVar[NotedConnection | None] = ContextVar("lent", default=None)


class NotedConnector(Connector):
    """Connects for migrations: with a journal and a short lock timeout, without other timeouts."""

    def __init__(self, connector: Connector, journal: Journal, lock_seconds: float) -> None:
        super().__init__(connector.arguments, connector.addresses, connector.timeout)
        self.journal = journal
        self.session = {
            "application_name": MIGRATING_NAME,
            "lock_timeout": str(round(lock_seconds * 1000)),
            "statement_timeout": "0",
            "idle_in_transaction_session_timeout": "0",
            "idle_session_timeout": "0",
            "tcp_keepalives_idle": "30",  # a machine that vanished does not keep the lock for hours
            "tcp_keepalives_interval": "10",
            "tcp_keepalives_count": "3",
        }

    async def connect(self, **extra: Any) -> NotedConnection:
        if (lent := _lent.get()) is not None:
            return lent
        session = extra.pop("server_settings", {}) | self.session
        made = await super().connect(**extra, server_settings=session, connection_class=NotedConnection)
        connection = cast(NotedConnection, made)
        connection.journal = self.journal
        try:
            with contextlib.suppress(asyncpg.InvalidParameterValueError):
                await connection.fetchval(NOTICE_DEATH)
        except BaseException:
            end_at_once(connection)
            raise
        return connection


@contextlib.contextmanager
def lending(connection: asyncpg.Connection) -> Iterator[None]:
    """Inside, a NotedConnector gives this connection, which one made, and closing it does nothing.

    Tasks that were begun before, such as that which looks for blockers, get others.
    """
    lent = cast(NotedConnection, connection)
    lent.lent, before = True, _lent.set(lent)
    try:
        yield
    finally:
        lent.lent = False
        _lent.reset(before)


@contextlib.asynccontextmanager
async def noted(engine: Engine, journal: Journal, connector: Connector | None = None) -> AsyncIterator[None]:
    """Inside, every new connection of the engine is noted, and goes to `connector` where one is given.

    :raises RuntimeError: while the engine has an open pool, which serves requests, or when nested.
    """
    if engine.pool.is_open or isinstance(engine.connector, NotedConnector):
        raise RuntimeError("This process serves, or runs migrations already")
    if connector is None:
        await _refuse_a_pooler(engine)  # and an embedded server starts now, which changes the connector
    before = engine.connector, engine.embedded, engine.behind_pooler
    engine.connector = NotedConnector(connector or engine.connector, journal, engine.settings.db_lock_timeout)
    engine.embedded = None  # else it would be started, or started anew, and take the place of the connector
    engine.behind_pooler = False
    try:
        yield
    finally:
        engine.connector, engine.embedded, engine.behind_pooler = before


async def _refuse_a_pooler(engine: Engine) -> None:
    connection = await engine.get_new_connection()
    try:
        if await pooler.is_between(connection):
            raise MigrationRefused(pooler.refusal(engine.connector.where))
    finally:
        await close_quietly(connection)
