"""What Prometheus is told: requests by route, their times, the pool, the migrations; by whichever worker is asked."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from backoffice.migrations.files import all_migrations
from tests.support.cast import Cast
from tests.support.clients import NO_CERTIFICATES
from tests.support.programs import Program, children

POOL = 4
LIVE = "/api/health/live"

Samples = dict[tuple[str, ...], float]


async def scraped(client: httpx.AsyncClient) -> Samples:
    """Values by name and labels, as (name, label, value, label, value, …)."""
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, *(word for pair in sorted(sample.labels.items()) for word in pair)): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def grown(before: Samples, after: Samples, *key: str) -> float:
    return after.get(key, 0) - before.get(key, 0)


async def test_requests_and_their_times_are_counted_by_template_and_status(cast: Cast) -> None:
    before = await scraped(cast.stranger)
    for row in ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"):
        assert (await cast.admin.get(f"/api/customers/{row}/")).status_code == 404
    assert (await cast.stranger.get("/api/customers/")).status_code == 401
    after = await scraped(cast.stranger)
    route = ("method", "GET", "route", "/api/customers/{row_id}/")
    assert grown(before, after, "http_requests_total", *route, "status", "404") == 2
    assert grown(before, after, "http_request_seconds_count", *route) == 2
    assert 0 < grown(before, after, "http_request_seconds_sum", *route) < 10
    assert grown(before, after, "http_requests_total", *route[:3], "/api/customers/", "status", "401") == 1


async def test_an_address_of_the_admin_is_told_whole(cast: Cast) -> None:
    before = await scraped(cast.stranger)
    assert (await cast.stranger.get("/admin/public/meta/")).status_code == 200
    after = await scraped(cast.stranger)
    route = ("method", "GET", "route", "/admin/public/meta/", "status", "200")
    assert grown(before, after, "http_requests_total", *route) == 1


async def test_strange_methods_and_addresses_make_no_series_of_their_own(cast: Cast) -> None:
    await cast.stranger.request("BREW", "/tea")
    names = {key for key in await scraped(cast.stranger) if key[0] == "http_requests_total"}
    assert ("http_requests_total", "method", "other", "route", "-", "status", "404") in names
    assert not any("BREW" in key or "/tea" in key for key in names)


async def test_the_pool_and_the_migrations_are_told(cast: Cast, connection: asyncpg.Connection) -> None:
    await connection.execute("DELETE FROM migration WHERE name = (SELECT max(name) FROM migration)")
    await connection.execute("CREATE TABLE stray ()")
    found = await scraped(cast.stranger)
    assert found["database_connections", "state", "max"] == 20
    assert found["database_connections", "state", "total"] >= 1
    assert found["database_up",] == 1
    assert found["database_migrations_pending",] == 1 < len(all_migrations())
    assert found["database_schema_differences",] >= 1


@pytest.fixture
def two_workers(project: Path, environment: dict[str, str], database: str) -> Program:
    settings = {"DATABASE_URL": database, "WEB_CONCURRENCY": "2", "DB_POOL_MAX": str(POOL)}
    return Program(project, environment | settings, "run.py")


def a_visitor(program: Program) -> httpx.AsyncClient:
    """On a new connection each time, so that either worker may answer."""
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.AsyncClient(base_url=program.address, limits=limits, verify=NO_CERTIFICATES)


@contextlib.asynccontextmanager
async def closed(server: str, database: str) -> AsyncIterator[None]:
    """Inside, the database takes no connections, and has none."""
    name = urlsplit(database).path[1:]
    connection = await asyncpg.connect(server)
    await connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
    yield
    await connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    await connection.close()


async def until_told(program: Program, *, requests: int, connections: int, up: int = 1) -> None:
    """By every one of ten answers in a row."""
    live = "http_requests_total", "method", "GET", "route", LIVE, "status", "200"
    most = "database_connections", "state", "max"
    async with asyncio.timeout(20), a_visitor(program) as visitor:
        told: set[tuple[float, ...]] = set()
        while told != {(requests, connections, up)}:
            found = [await scraped(visitor) for _ in range(10)]
            told = {(one[live], one[most], one["database_up",]) for one in found}
            await asyncio.sleep(0.2)  # or whoever starts would have to share the machine with whoever asks


async def test_two_workers_answer_for_each_other_and_for_one_that_died(
    two_workers: Program, server: str, database: str
) -> None:
    try:
        await asyncio.to_thread(two_workers.wait_until, "Flow CRM is ready")
        async with a_visitor(two_workers) as visitor:
            for _ in range(20):
                assert (await visitor.get(LIVE)).status_code == 200
        await until_told(two_workers, requests=20, connections=2 * POOL)
        async with closed(server, database):
            await until_told(two_workers, requests=20, connections=2 * POOL, up=0)
        victim = children(two_workers.process.pid)[0]
        os.kill(victim, signal.SIGKILL)
        await until_told(two_workers, requests=20, connections=2 * POOL)
        assert victim not in children(two_workers.process.pid)
        two_workers.process.terminate()
        assert await asyncio.to_thread(two_workers.end) == 0
    finally:
        if two_workers.process.poll() is None:
            two_workers.kill_all()
