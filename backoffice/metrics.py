"""`/metrics`, in Prometheus' format: requests and latencies by route, the pool, the migrations."""

from collections.abc import Iterator
from functools import cache

from fastapi import APIRouter, Response
from piccolo.engine import engine_finder
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from backoffice.database import Engine

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


class PoolCollector(Collector):
    """The pool of this process, read when asked."""

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily("database_connections", "Connections of the pool.", labels=["state"])
        engine = engine_finder()
        if isinstance(engine, Engine):
            figures = engine.figures()
            for state in ("active", "idle", "total", "max"):
                family.add_metric([state], getattr(figures, state))
        yield family


registry.register(PoolCollector())


@router.get("/metrics")
async def metrics() -> Response:
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
