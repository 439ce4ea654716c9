"""GET /api/health: does the database answer? is it migrated? GET /api/health/live: does the process run?"""

import asyncio
import contextlib
import logging
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Depends, Response
from piccolo.apps.migrations.commands.base import BaseMigrationManager
from piccolo.engine import engine_finder
from pydantic import BaseModel

from backoffice.connecting import BROKEN, DatabaseUnavailable, cause
from backoffice.database import Engine

logger = logging.getLogger(__name__)

PROBE_SECONDS = 2.0  # leaves half a second of the promised 2.5 for the way to the client


@dataclass(frozen=True)
class MigrationState:
    """How many migrations of this program the database lacks, and the id of the one it ran last."""

    pending: int
    last_applied: str | None


@dataclass(frozen=True)
class Probe:
    """What the database said."""

    version: str
    response_time_ms: float
    migrations: MigrationState


class Connections(BaseModel):
    active: int
    idle: int
    total: int
    max: int


class DatabaseHealth(BaseModel):
    status: Literal["up", "down"]
    response_time_ms: float | None
    version: str | None
    connections: Connections


class MigrationHealth(BaseModel):
    pending: int | None
    last_applied: str | None


class Health(BaseModel):
    """`healthy` when the database answers; what is not known because it does not is null."""

    status: Literal["healthy", "unhealthy"]
    message: str
    timestamp: datetime
    database: DatabaseHealth
    migrations: MigrationHealth


class Liveness(BaseModel):
    status: Literal["alive"]
    timestamp: datetime


@contextlib.contextmanager
def _unchanged_path() -> Any:
    """Piccolo puts each migrations folder in front of sys.path and leaves it there."""
    before = list(sys.path)
    try:
        yield
    finally:
        sys.path[:] = before


@lru_cache(maxsize=1)
def migrations_on_disk() -> frozenset[tuple[str, str]]:
    """(app name, migration id) of every migration of the program."""
    manager = BaseMigrationManager()
    with _unchanged_path():
        return frozenset(
            (module.APP_CONFIG.app_name, migration)
            for module in manager.get_app_modules()
            for migration in manager.get_migration_modules(module.APP_CONFIG.resolved_migrations_folder_path)
        )


def _compare(applied: Iterable[Any]) -> MigrationState:
    rows = [(row["app_name"], row["name"]) for row in applied]
    return MigrationState(len(migrations_on_disk() - set(rows)), rows[-1][1] if rows else None)


async def migration_state(connection: Any) -> MigrationState:
    if await connection.fetchval("SELECT to_regclass('migration')") is None:
        return _compare([])
    return _compare(await connection.fetch("SELECT app_name, name FROM migration ORDER BY ran_on, id"))


class Prober:
    """Asks the database on one connection of its own, so it also hears an answer when the pool is empty.

    Callers at the same time share one question.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Any = None
        self._question: asyncio.Task[Probe] | None = None

    async def ask(self) -> Probe:
        """Raises DatabaseUnavailable within PROBE_SECONDS."""
        if self._question is None or self._question.done():
            self._question = asyncio.create_task(self._bounded())
            self._question.add_done_callback(_hear)  # whoever asked may have gone away meanwhile
        return await asyncio.shield(self._question)

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def _bounded(self) -> Probe:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                return await self._once_more_if_lost()
        except DatabaseUnavailable:
            raise
        except BROKEN as error:
            await self.close()
            where = self._engine.connector.where
            raise DatabaseUnavailable(f"PostgreSQL at {where} does not answer: {cause(error)}") from error

    async def _once_more_if_lost(self) -> Probe:
        """An old connection may have died with a server that is back by now."""
        if self._connection is not None and not self._connection.is_closed():
            try:
                return await self._probe()
            except TimeoutError:
                raise
            except BROKEN:
                await self.close()
        self._connection = await self._engine.connect()
        return await self._probe()

    async def _probe(self) -> Probe:
        begin = time.perf_counter()
        version = await self._connection.fetchval("SELECT current_setting('server_version')")
        elapsed = round((time.perf_counter() - begin) * 1000, 2)
        return Probe(version, elapsed, await migration_state(self._connection))


def _hear(question: asyncio.Task[Probe]) -> None:
    if not question.cancelled():
        question.exception()


_probers: dict[Engine, Prober] = {}


def the_engine() -> Engine:
    return cast(Engine, engine_finder())


def prober(engine: Annotated[Engine, Depends(the_engine)]) -> Prober:
    return _probers.setdefault(engine, Prober(engine))


def _connections(engine: Engine) -> Connections:
    figures = engine.figures()
    return Connections(active=figures.active, idle=figures.idle, total=figures.total, max=figures.max)


def _healthy(engine: Engine, probe: Probe) -> Health:
    pending = probe.migrations.pending
    return Health(
        status="healthy",
        message=f"The database answers, but {pending} migrations are pending" if pending else "The database answers",
        timestamp=datetime.now(UTC),
        database=DatabaseHealth(
            status="up",
            response_time_ms=probe.response_time_ms,
            version=probe.version,
            connections=_connections(engine),
        ),
        migrations=MigrationHealth(pending=pending, last_applied=probe.migrations.last_applied),
    )


def _unhealthy(engine: Engine, error: DatabaseUnavailable) -> Health:
    return Health(
        status="unhealthy",
        message=str(error),
        timestamp=datetime.now(UTC),
        database=DatabaseHealth(status="down", response_time_ms=None, version=None, connections=_connections(engine)),
        migrations=MigrationHealth(pending=None, last_applied=None),
    )


router = APIRouter(prefix="/api", tags=["health"])


@router.get("/health/", include_in_schema=False)
@router.get("/health", responses={503: {"model": Health, "description": "The database does not answer"}})
async def health(
    response: Response,
    engine: Annotated[Engine, Depends(the_engine)],
    prober: Annotated[Prober, Depends(prober)],
) -> Health:
    """Whether the database answers, within 2.5 seconds in any case; needs no log-in."""
    response.headers["Cache-Control"] = "no-store"
    try:
        return _healthy(engine, await prober.ask())
    except DatabaseUnavailable as error:
        logger.warning("unhealthy: %s", error)
        response.status_code = 503
        response.headers["Retry-After"] = "5"
        return _unhealthy(engine, error)


@router.get("/health/live/", include_in_schema=False)
@router.get("/health/live")
async def live() -> Liveness:
    """200 while the process runs, whatever the database does."""
    return Liveness(status="alive", timestamp=datetime.now(UTC))
