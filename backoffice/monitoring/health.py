"""GET /api/health: does the database answer? is it migrated? GET /api/health/live: does the process run?"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from backoffice.database.engine import Engine, the_engine
from backoffice.database.failures import DatabaseUnavailable
from backoffice.database.pool import Connections
from backoffice.migrations.catalog import in_few_words
from backoffice.migrations.outcomes import migrations_are
from backoffice.monitoring.probing import Probe, Schema, prober
from backoffice.web.openapi import described_problems

logger = logging.getLogger(__name__)


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


@lru_cache(maxsize=1)
def _healthy(probe: Probe) -> str:
    """The answer to all requests that share this probe."""
    schema = probe.schema
    return Health(
        status="healthy",
        message=_message(schema),
        timestamp=datetime.now(UTC),
        database=DatabaseHealth(
            status="up",
            response_time_ms=probe.response_time_ms,
            version=probe.version,
            connections=probe.connections,
        ),
        migrations=MigrationHealth(pending=schema.pending, last_applied=schema.last_applied),
    ).model_dump_json()


def _message(schema: Schema) -> str:
    """The database's answer, and what is wrong with its schema."""
    state, wrong = schema.migrations, []
    if not schema.is_of_now:
        wrong.append("its schema could not be looked at in time: somebody may be changing it")
    if schema.pending:
        wrong.append(f"{migrations_are(schema.pending)} pending")
    if state and state.changed:
        wrong.append(f"{migrations_are(len(state.changed))} different from what ran")
    if schema.drift:
        wrong.append(f"its schema is not what the migrations made: {in_few_words(schema.drift)}")
    return f"The database answers, but {'; '.join(wrong)}" if wrong else "The database answers"


def _unhealthy(engine: Engine, error: DatabaseUnavailable) -> str:
    return Health(
        status="unhealthy",
        message=str(error),
        timestamp=datetime.now(UTC),
        database=DatabaseHealth(status="down", response_time_ms=None, version=None, connections=engine.pool.stats()),
        migrations=MigrationHealth(pending=None, last_applied=None),
    ).model_dump_json()


# Problems that both routes may answer with.
REFUSALS = described_problems("internal_error")

router = APIRouter(prefix="/api", tags=["health"])


@router.get("/health/", include_in_schema=False)
@router.get(
    "/health",
    operation_id="health",
    summary="Is it well",
    response_model=Health,
    responses={**REFUSALS, 503: {"model": Health, "description": "The database does not answer"}},
)
async def health(_: Request) -> Response:
    """Whether the database answers, within 2.5 seconds in any case; needs no log-in."""
    engine = the_engine()
    try:
        return _answer(_healthy(await prober(engine).ask()))
    except DatabaseUnavailable as error:
        logger.warning("unhealthy: %s", error)
        return _answer(_unhealthy(engine, error), 503, {"Retry-After": "5"})


def _answer(body: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, status, headers, "application/json")


@router.get("/health/live/", include_in_schema=False)
@router.get("/health/live", operation_id="live", summary="Is it alive", response_model=Liveness, responses=REFUSALS)
async def live(_: Request) -> Response:
    """200 while the process runs, whatever the database does."""
    return _answer(Liveness(status="alive", timestamp=datetime.now(UTC)).model_dump_json())
