"""GET /api/health: does the database answer? is it migrated? GET /api/health/live: does the process run?"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from backoffice.api.openapi import problem_responses
from backoffice.database.connecting import BROKEN, DatabaseUnavailable, cause, end_at_once
from backoffice.database.engine import Engine
from backoffice.database.moments import MOMENT
from backoffice.migrations import records
from backoffice.migrations.catalog import Difference, in_few_words

logger = logging.getLogger(__name__)

PROBE_SECONDS = 2.0  # leaves half a second of the promised 2.5 for the way to the client
LOOK_SECONDS = 1.0  # for the schema, at which nobody can look while somebody changes it
DRIFT_SECONDS = 10.0  # how long the schema is taken to be as it was when last looked at


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


@dataclass(frozen=True)
class Schema:
    """What is known of it: all or nothing, now or when it could last be looked at."""

    migrations: records.State | None = None
    drift: Sequence[Difference] = ()
    is_of_now: bool = True

    @property
    def pending(self) -> int | None:
        return None if self.migrations is None else len(self.migrations.pending)

    @property
    def last_applied(self) -> str | None:
        return None if self.migrations is None else self.migrations.last_applied


@dataclass(frozen=True)
class Probe:
    """What the database said."""

    version: str
    response_time_ms: float
    schema: Schema
    connections: Connections

    @cached_property
    def body(self) -> str:
        """The answer to all who asked at the same time."""
        schema = self.schema
        return Health(
            status="healthy",
            message=_message(schema),
            timestamp=datetime.now(UTC),
            database=DatabaseHealth(
                status="up",
                response_time_ms=self.response_time_ms,
                version=self.version,
                connections=self.connections,
            ),
            migrations=MigrationHealth(pending=schema.pending, last_applied=schema.last_applied),
        ).model_dump_json()


class Liveness(BaseModel):
    status: Literal["alive"]
    timestamp: datetime


class Prober:
    """Asks the database on one connection of its own, so it also hears an answer when the pool is empty.

    Callers at the same time share one question.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Any = None
        self._question: asyncio.Task[Probe] | None = None
        self._moment: str | None = None
        self._schema: Schema | None = None
        self._schema_is_old_at = 0.0

    async def ask(self) -> Probe:
        """Raises DatabaseUnavailable within PROBE_SECONDS."""
        if self._question is None or self._question.done():
            self._question = asyncio.create_task(self._bounded())
            self._question.add_done_callback(_hear)  # whoever asked may have gone away meanwhile
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
        version, moment = await self._connection.fetchrow(f"SELECT current_setting('server_version'), {MOMENT}")
        elapsed = round((time.perf_counter() - begin) * 1000, 2)
        return Probe(version, elapsed, await self._schema_of(moment), _connections(self._engine))

    async def _schema_of(self, moment: str | None) -> Schema:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                self._schema = await self._look_at_schema(moment)
        except TimeoutError:
            await self.close()
            return replace(self._schema or Schema(), is_of_now=False)
        self._moment = moment
        return self._schema

    async def _look_at_schema(self, moment: str | None) -> Schema:
        """Whole definitions only every few seconds, and nothing while nothing at all has changed."""
        if self._schema is None or time.monotonic() > self._schema_is_old_at:
            async with records.one_moment(self._connection):
                schema = Schema(await records.read_state(self._connection), await records.drift(self._connection))
            self._schema_is_old_at = time.monotonic() + DRIFT_SECONDS
            return schema
        if moment is None or moment != self._moment:
            async with records.one_moment(self._connection):
                return replace(self._schema, migrations=await records.read_state(self._connection))
        return self._schema


def _hear(question: asyncio.Task[Probe]) -> None:
    if not question.cancelled():
        question.exception()


_probers: dict[Engine, Prober] = {}


def prober(engine: Engine) -> Prober:
    return _probers.setdefault(engine, Prober(engine))


def _connections(engine: Engine) -> Connections:
    figures = engine.pool.figures()
    return Connections(active=figures.active, idle=figures.idle, total=figures.total, max=figures.max)


def _message(schema: Schema) -> str:
    """The database's answer, and what is wrong with its schema."""
    state, wrong = schema.migrations, []
    if not schema.is_of_now:
        wrong.append("its schema could not be looked at in time: somebody may be changing it")
    if state and state.pending:
        wrong.append(f"{len(state.pending)} migrations are pending")
    if state and state.changed:
        wrong.append(f"{len(state.changed)} migrations were changed after they ran")
    if schema.drift:
        wrong.append(f"its schema is not what the migrations made: {in_few_words(schema.drift)}")
    return f"The database answers, but {'; '.join(wrong)}" if wrong else "The database answers"


def _unhealthy(engine: Engine, error: DatabaseUnavailable) -> str:
    return Health(
        status="unhealthy",
        message=str(error),
        timestamp=datetime.now(UTC),
        database=DatabaseHealth(status="down", response_time_ms=None, version=None, connections=_connections(engine)),
        migrations=MigrationHealth(pending=None, last_applied=None),
    ).model_dump_json()


# What the answers may be, beside their own.
REFUSALS = problem_responses("internal_error")

router = APIRouter(prefix="/api", tags=["health"])


@router.get("/health/", include_in_schema=False)
@router.get(
    "/health",
    operation_id="health",
    summary="Is it well",
    response_model=Health,
    responses={**REFUSALS, 503: {"model": Health, "description": "The database does not answer"}},
)
async def health(request: Request) -> Response:
    """Whether the database answers, within 2.5 seconds in any case; needs no log-in."""
    engine: Engine = request.app.state.engine
    try:
        return _answer((await prober(engine).ask()).body)
    except DatabaseUnavailable as error:
        logger.warning("unhealthy: %s", error)
        return _answer(_unhealthy(engine, error), 503, {"Retry-After": "5"})


def _answer(body: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, status, {"Cache-Control": "no-store", **(headers or {})}, "application/json")


@router.get("/health/live/", include_in_schema=False)
@router.get("/health/live", operation_id="live", summary="Is it alive", response_model=Liveness, responses=REFUSALS)
async def live(_: Request) -> Response:
    """200 while the process runs, whatever the database does."""
    return _answer(Liveness(status="alive", timestamp=datetime.now(UTC)).model_dump_json())
