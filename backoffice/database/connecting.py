"""Opens a connection to PostgreSQL: chooses the host, limits the time, and says in plain words why it failed."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import asyncpg
import tenacity
from asyncpg.pool import PoolConnectionProxy

from backoffice.connection_urls import Address
from backoffice.database.failures import (
    DATABASE_ERRORS,
    HOST_FAILURES,
    DatabaseRefused,
    DatabaseUnavailable,
    cause,
    is_final,
    is_lost,
    kind_of,
)
from backoffice.settings import Settings

logger = logging.getLogger(__name__)

T = TypeVar("T")

APPLICATION_NAME = "flow-crm"  # of our sessions, as pg_stat_activity on the server shows it
OLDEST_MAJOR = 14
ENCODING = "UTF8"  # as the server calls it
START_SECONDS = 30  # total of all attempts at start-up
MAX_PAUSE_SECONDS = 5
CLOSE_SECONDS = 3

Connection = asyncpg.Connection | PoolConnectionProxy
"""One of its own, or one that a pool lends."""

# libpq takes these for itself; asyncpg would pass them on to the server, which refuses them.
LIBPQ_ONLY = {
    "channel_binding",
    "connect_timeout",
    "fallback_application_name",
    "gssencmode",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "load_balance_hosts",
    "sslcompression",
    "tcp_user_timeout",
}


def _url_arguments(settings: Settings) -> dict[str, Any]:
    assert settings.database_url is not None
    url = urlsplit(settings.database_url.get_secret_value())
    query = [(key, value) for key, value in parse_qsl(url.query) if key not in LIBPQ_ONLY]
    return {"dsn": url._replace(query=urlencode(query)).geturl()}


def _field_arguments(settings: Settings) -> dict[str, Any]:
    password = settings.db_password
    return {
        "host": [host for host, _ in settings.addresses],
        "port": settings.db_port,
        "user": settings.db_user or "flowcrm",
        "password": password.get_secret_value() if password else None,
        "database": settings.db_name or "flowcrm",
    }


def connect_arguments(settings: Settings) -> dict[str, Any]:
    """The arguments of asyncpg.connect for the configured database."""
    arguments = _url_arguments(settings) if settings.database_url else _field_arguments(settings)
    if settings.db_sslmode:
        arguments["ssl"] = settings.db_sslmode
    return arguments


def session_settings(settings: Settings) -> dict[str, str]:
    """Server settings of a pool connection: timeouts, in milliseconds, of statements, locks and idle transactions."""
    milliseconds = {
        "statement_timeout": settings.db_statement_timeout,
        "lock_timeout": settings.db_lock_timeout,
        "idle_in_transaction_session_timeout": settings.db_statement_timeout * 2,
    }
    return {name: str(round(seconds * 1000)) for name, seconds in milliseconds.items()}


def durable_sql(*, local: bool) -> str:
    """Makes commits wait for the disk, where they would not. Where they wait for standbys, too, they go on doing so.

    :param local: until the transaction ends, instead of the session.
    """
    return (
        f"SELECT set_config('synchronous_commit', 'on', {str(local).lower()}) "
        "WHERE current_setting('synchronous_commit') = 'off'"
    )


class Connector:
    """Opens connections to the first host that fits, beginning with the one that last did."""

    def __init__(self, arguments: dict[str, Any], addresses: list[Address], timeout: float) -> None:
        self.arguments = arguments
        self.addresses = list(addresses)
        self.timeout = timeout

    @property
    def where(self) -> str:
        places = [host if host.startswith("/") else f"{host}:{port}" for host, port in self.addresses]
        return ", ".join(places) or "the local socket"

    async def connect(self, **extra: Any) -> asyncpg.Connection:
        """A new connection.

        :raises DatabaseRefused: where trying again cannot succeed.
        :raises DatabaseUnavailable: where it may.
        """
        try:
            connection = await self._first_that_fits(extra)
            self._check_server(connection)
        except DatabaseUnavailable:
            raise
        except (*HOST_FAILURES, *DATABASE_ERRORS, ValueError) as error:
            raise kind_of(error)(f"Cannot connect to PostgreSQL at {self.where}: {cause(error)}") from error
        return connection

    async def _first_that_fits(self, extra: dict[str, Any]) -> asyncpg.Connection:
        last: BaseException | None = None
        addresses: list[Address | None] = [*self.addresses] or [None]
        for address in addresses:
            try:
                connection: asyncpg.Connection = await asyncpg.connect(
                    **self._one(address), timeout=self.timeout, **extra
                )
            except HOST_FAILURES as error:
                if is_final(error):
                    raise
                last = error
            else:
                self._prefer(address)
                return connection
        assert last is not None
        raise last

    def _one(self, address: Address | None) -> dict[str, Any]:
        return self.arguments if address is None else {**self.arguments, "host": address[0], "port": address[1]}

    def _prefer(self, address: Address | None) -> None:
        if address in self.addresses and self.addresses[0] != address:
            self.addresses.remove(address)
            self.addresses.insert(0, address)

    def _check_server(self, connection: asyncpg.Connection) -> None:
        version, encoding = connection.get_server_version(), connection.get_settings().server_encoding
        lacks = ""
        if version.major < OLDEST_MAJOR:
            found = f"{version.major}.{version.minor}"
            lacks = f"PostgreSQL {OLDEST_MAJOR} or newer is needed; {self.where} runs {found}"
        elif encoding != ENCODING:
            lacks = f"A database in {ENCODING} is needed; that at {self.where} is in {encoding}"
        if lacks:
            connection.terminate()
            raise DatabaseRefused(lacks)


async def close_quietly(connection: Connection) -> None:
    """Closes politely within CLOSE_SECONDS, else at once; never raises for a connection that is gone."""
    try:
        await connection.close(timeout=CLOSE_SECONDS)
    except DATABASE_ERRORS:
        end_at_once(connection)
    except asyncio.CancelledError:
        end_at_once(connection)
        raise


def end_at_once(connection: Connection) -> None:
    """Terminates the connection. Never raises, although the pool may have taken a lost one back already."""
    with contextlib.suppress(*DATABASE_ERRORS):
        connection.terminate()


async def retry_until_connected(
    connect: Callable[[], Awaitable[str]], work: Callable[[str], Awaitable[T]], connector: Connector
) -> T:
    """Connects, and does the work with what that gave; again, for at most START_SECONDS, if the database cannot be
    reached or is lost meanwhile. A DatabaseRefused ends it at once."""
    deadline = asyncio.get_running_loop().time() + START_SECONDS

    async def attempt() -> T:
        try:
            async with asyncio.timeout_at(deadline):
                connected = await connect()
        except TimeoutError:
            message = f"Cannot connect to PostgreSQL at {connector.where}: no answer in {START_SECONDS} s"
            raise DatabaseUnavailable(message) from None
        try:
            return await work(connected)
        except DatabaseUnavailable:
            raise
        except DATABASE_ERRORS as error:
            if not is_lost(error):
                raise
            raise kind_of(error)(f"PostgreSQL at {connector.where}: {cause(error)}") from error

    retrying = tenacity.AsyncRetrying(
        stop=tenacity.stop_before_delay(START_SECONDS - connector.timeout),
        wait=tenacity.wait_exponential(multiplier=0.2, max=MAX_PAUSE_SECONDS) + tenacity.wait_random(0, 0.3),
        retry=tenacity.retry_if_exception(_may_pass),
        before_sleep=_log_attempt,
        reraise=True,
    )
    return await retrying(attempt)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, DatabaseUnavailable) and not isinstance(error, DatabaseRefused)


def _log_attempt(state: tenacity.RetryCallState) -> None:
    assert state.outcome is not None
    pause = state.next_action.sleep if state.next_action else 0
    logger.warning("attempt %d: %s; next in %.1f s", state.attempt_number, state.outcome.exception(), pause)
