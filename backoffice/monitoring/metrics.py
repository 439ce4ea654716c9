"""`/metrics`, in Prometheus' format: requests and latencies by route, the pool, the migrations.

Several worker processes keep their figures in files of one folder, PROMETHEUS_MULTIPROC_DIR, so that whichever of them
is asked answers for all; `make run` sees to it.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterable
from functools import cache
from pathlib import Path

import psutil
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from backoffice.background import alongside
from backoffice.database.engine import Engine, the_engine
from backoffice.database.failures import DatabaseUnavailable
from backoffice.monitoring.probing import prober

SHARED = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
SAMPLE_SECONDS = 1  # how old the figures of another worker's pool may be

own = CollectorRegistry()
requests = Counter("http_requests", "Requests answered.", ["method", "route", "status"], registry=own)
latency = Histogram("http_request_seconds", "Time to answer.", ["method", "route"], registry=own)
connections = Gauge(
    "database_connections", "Connections of the pools.", ["state"], registry=own, multiprocess_mode="livesum"
)

router = APIRouter(include_in_schema=False)


def observe(method: str, route: str, status: int, seconds: float) -> None:
    """Counts a request. The route is its template, so that the number of series stays bounded."""
    counter, histogram = _series(method, route, str(status))
    counter.inc()
    histogram.observe(seconds)


@cache
def _series(method: str, route: str, status: str) -> tuple[Counter, Histogram]:
    return requests.labels(method, route, status), latency.labels(method, route)


@contextlib.asynccontextmanager
async def sampling(engine: Engine) -> AsyncIterator[None]:
    """Inside, the figures of this worker's pool are kept up to date for the others."""
    try:
        async with alongside("the sampling of the pool", _keep_sampling(engine)):
            yield
    finally:
        if SHARED:
            _forget(os.getpid(), SHARED)


async def _keep_sampling(engine: Engine) -> None:
    while True:
        _sample(engine)
        await asyncio.sleep(SAMPLE_SECONDS)


def _sample(engine: Engine) -> None:
    stats = engine.pool.stats()
    for state in ("active", "idle", "total", "max"):
        connections.labels(state).set(getattr(stats, state))


@router.get("/metrics")
async def metrics(_: Request) -> Response:
    engine = the_engine()
    _sample(engine)
    now = generate_latest(await _of_database(engine))
    # In a thread: every worker, ended ones included, has left files.
    counted = await asyncio.to_thread(_of_all_workers, SHARED) if SHARED else generate_latest(own)
    return Response(counted + now, media_type=CONTENT_TYPE_LATEST)


def _of_all_workers(folder: str) -> bytes:
    for file in Path(folder).glob("gauge_live*.db"):
        pid = int(file.stem.rpartition("_")[2])
        if not psutil.pid_exists(pid):
            _forget(pid, folder)
    everything = CollectorRegistry()
    MultiProcessCollector(everything, folder)  # type: ignore[no-untyped-call] # has no types
    return generate_latest(everything)


def _forget(pid: int, folder: str) -> None:
    """Removes the pool figures of a process that has ended; its counters stay."""
    mark_process_dead(pid, folder)  # type: ignore[no-untyped-call] # has no types


class SnapshotCollector:
    """A collector of current figures. A `Gauge` would store them, in a file where there are several workers."""

    def __init__(self, figures: Iterable[Metric]) -> None:
        self.figures = figures

    def collect(self) -> Iterable[Metric]:
        return self.figures


async def _of_database(engine: Engine) -> CollectorRegistry:
    """The current figures of the database, if it answers."""
    now = CollectorRegistry()
    now.register(SnapshotCollector([GaugeMetricFamily(*figure) for figure in await _figures(engine)]))
    return now


async def _figures(engine: Engine) -> list[tuple[str, str, float]]:
    up = "database_up", "Whether the database answers."
    try:
        found = await prober(engine).ask()
    except DatabaseUnavailable:
        return [(*up, 0)]
    schema = found.schema
    if schema.pending is None:
        return [(*up, 1)]
    return [
        (*up, 1),
        ("database_migrations_pending", "Migrations that have not run.", schema.pending),
        ("database_schema_differences", "Where the schema is not what the migrations made.", len(schema.drift)),
    ]
