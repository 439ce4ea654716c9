"""`/metrics`, in Prometheus' format: requests and latencies by route, the pool, the migrations."""

from functools import cache

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from backoffice.connecting import DatabaseUnavailable
from backoffice.database import Engine
from backoffice.health import prober

registry = CollectorRegistry()
requests = Counter("http_requests", "Requests answered.", ["method", "route", "status"], registry=registry)
latency = Histogram("http_request_seconds", "Time to answer.", ["method", "route"], registry=registry)

router = APIRouter(include_in_schema=False)


def observe(method: str, route: str, status: int, seconds: float) -> None:
    """Counts a request. The route is its template, so that the number of series stays bounded."""
    counter, histogram = _series(method, route, str(status))
    counter.inc()
    histogram.observe(seconds)


@cache
def _series(method: str, route: str, status: str) -> tuple[Counter, Histogram]:
    return requests.labels(method, route, status), latency.labels(method, route)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    engine: Engine = request.app.state.engine
    text = generate_latest(registry) + generate_latest(await _of_database(engine))
    return Response(text, media_type=CONTENT_TYPE_LATEST)


async def _of_database(engine: Engine) -> CollectorRegistry:
    """What is so at this moment: the pool of this process, and what the database says, if it does."""
    now = CollectorRegistry()
    connections = Gauge("database_connections", "Connections of the pool.", ["state"], registry=now)
    figures = engine.figures()
    for state in ("active", "idle", "total", "max"):
        connections.labels(state).set(getattr(figures, state))
    up = Gauge("database_up", "Whether the database answers.", registry=now)
    try:
        found = await prober(engine).ask()
    except DatabaseUnavailable:
        return now
    up.set(1)
    pending = Gauge("database_migrations_pending", "Migrations that have not run.", registry=now)
    pending.set(len(found.migrations.pending))
    differences = Gauge(
        "database_schema_differences", "Where the schema is not what the migrations made.", registry=now
    )
    differences.set(len(found.drift))
    return now
