"""Health answers in time whatever happens to the database, and says what is wrong."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from backoffice.database.connecting import APPLICATION_NAME
from backoffice.database.engine import Engine, the_engine
from backoffice.migrations.files import all_migrations
from backoffice.monitoring import probing
from backoffice.monitoring.health import router
from backoffice.monitoring.probing import prober
from backoffice.settings import Settings
from tests.support.servers import own_server

PROMISED_SECONDS = 2.5
OUR_SESSIONS = f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{APPLICATION_NAME}'"


def application() -> FastAPI:
    app = FastAPI()
    app.include_router(router)
    return app


@asynccontextmanager
async def asking(settings: Settings, *, opened: bool = False) -> AsyncIterator[httpx.AsyncClient]:
    """:param opened: whether there is a pool, and so a database."""
    engine = the_engine()
    engine.configure(settings)
    prober.cache_clear()
    if opened:
        await engine.start_connection_pool()
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(application()), base_url="http://flow") as client:
            yield client
    finally:
        await prober(engine).close()
        await engine.close_connection_pool()


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[tuple[httpx.AsyncClient, Engine]]:
    async with asking(settings, opened=True) as client:
        yield client, the_engine()


async def timed(client: httpx.AsyncClient) -> tuple[httpx.Response, float]:
    begin = time.monotonic()
    answer = await client.get("/api/health")
    return answer, time.monotonic() - begin


def shape(body: dict[str, Any]) -> dict[str, Any]:
    return {key: shape(value) if isinstance(value, dict) else ... for key, value in body.items()}


SHAPE = {
    "status": ...,
    "message": ...,
    "timestamp": ...,
    "database": {
        "status": ...,
        "response_time_ms": ...,
        "version": ...,
        "connections": {"active": ..., "idle": ..., "total": ..., "max": ...},
    },
    "migrations": {"pending": ..., "last_applied": ...},
}


@pytest.mark.parametrize("path", ["/api/health", "/api/health/"])
async def test_a_migrated_database_is_healthy(database: str, connection: asyncpg.Connection, path: str) -> None:
    async with served(Settings(database_url=database)) as (client, _):
        answer = await client.get(path)
    body = answer.json()
    assert answer.status_code == 200
    assert shape(body) == SHAPE
    assert body["status"] == "healthy"
    assert body["database"]["status"] == "up"
    assert 0 < body["database"]["response_time_ms"] < 1000
    assert int(body["database"]["version"].split(".")[0]) >= 14
    assert body["database"]["connections"] == {"active": 0, "idle": 1, "total": 1, "max": 20}
    last = await connection.fetchval("SELECT name FROM migration ORDER BY id DESC LIMIT 1")
    assert body["migrations"] == {"pending": 0, "last_applied": last}
    assert abs(datetime.fromisoformat(body["timestamp"]) - datetime.now(UTC)).total_seconds() < 5


async def test_pending_migrations_are_counted(tmp_path: Path) -> None:
    with own_server(tmp_path / "data") as own:
        async with served(own.settings()) as (client, _):
            body = (await client.get("/api/health")).json()
            assert body["migrations"] == {"pending": len(all_migrations()), "last_applied": None}
            await own.query("CREATE TABLE migration (id serial, app_name text, name text, ran_on timestamp)")
            app, name = min(one.key for one in all_migrations())
            await own.query(f"INSERT INTO migration VALUES (1, '{app}', '{name}', now())")
            body = (await client.get("/api/health")).json()
            assert body["migrations"] == {"pending": len(all_migrations()) - 1, "last_applied": name}


async def test_a_hanging_database_is_unhealthy_in_time_and_healthy_again(tmp_path: Path) -> None:
    with own_server(tmp_path / "data") as own:
        async with served(own.settings(db_connect_timeout=10)) as (client, _):
            assert (await client.get("/api/health")).status_code == 200
            with own.frozen():
                for _ in range(2):  # on the connection it has, then on one that it cannot open
                    answer, seconds = await timed(client)
                    assert answer.status_code == 503
                    assert seconds < PROMISED_SECONDS
            answer, seconds = await timed(client)
            assert answer.status_code == 200


@pytest.mark.parametrize("known", [True, False], ids=["looked at before", "never looked at"])
async def test_a_database_whose_schema_is_locked_answers(
    database: str, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    monkeypatch.setattr(probing, "DRIFT_SECONDS", 0.0)
    monkeypatch.setattr(probing, "LOOK_SECONDS", 0.2)
    async with served(Settings(database_url=database)) as (client, _):
        before = (await client.get("/api/health")).json()["migrations"] if known else None
        async with connection.transaction():
            await connection.execute("ALTER TABLE migration ADD COLUMN extra int; ALTER TABLE products ADD extra int")
            for _ in range(2):
                answer, seconds = await timed(client)
                assert (answer.status_code, answer.json()["database"]["status"]) == (200, "up")
                assert answer.json()["migrations"] == (before or {"pending": None, "last_applied": None})
                assert "could not be looked at in time" in answer.json()["message"]
                assert seconds < PROMISED_SECONDS
        monkeypatch.setattr(probing, "LOOK_SECONDS", probing.PROBE_SECONDS)
        body = (await client.get("/api/health")).json()
        assert body["migrations"]["pending"] == 0
        assert "products.extra" in body["message"]


async def test_an_absent_database_is_named_with_its_cause_and_without_its_password() -> None:
    async with asking(Settings(database_url="postgresql://flow:s3cret@127.0.0.1:1/flowcrm")) as client:
        answer = await client.get("/api/health")
    body = answer.json()
    assert answer.status_code == 503
    assert shape(body) == SHAPE
    assert (body["status"], body["database"]["status"]) == ("unhealthy", "down")
    assert "127.0.0.1:1" in body["message"]
    assert "refused" in body["message"]
    assert "s3cret" not in answer.text
    assert answer.headers["retry-after"]


async def test_a_killed_database_is_unhealthy_until_it_is_back(tmp_path: Path) -> None:
    with own_server(tmp_path / "data") as own:
        async with served(own.settings()) as (client, _):
            assert (await client.get("/api/health")).status_code == 200
            own.kill()
            answer, seconds = await timed(client)
            assert answer.status_code == 503
            assert seconds < PROMISED_SECONDS
            own.start()
            assert (await client.get("/api/health")).status_code == 200


async def test_with_every_connection_taken_health_answers_on_one_of_its_own(tmp_path: Path) -> None:
    with own_server(tmp_path / "data") as own:
        async with served(own.settings(db_pool_max=2)) as (client, engine):
            async with engine.acquire(), engine.acquire():
                answers = await asyncio.gather(*(timed(client) for _ in range(30)))
                seen = await own.query(OUR_SESSIONS)
            assert {answer.status_code for answer, _ in answers} == {200}
            assert max(seconds for _, seconds in answers) < PROMISED_SECONDS
            assert answers[0][0].json()["database"]["connections"] == {
                "active": 2, "idle": 0, "total": 2, "max": 2,
            }  # fmt: skip
            assert seen == 3


async def test_where_the_database_takes_no_more_connections_health_asks_on_one_that_serves(tmp_path: Path) -> None:
    with own_server(tmp_path / "data") as own:
        await own.query("CREATE ROLE limited LOGIN CONNECTION LIMIT 1")
        settings = own.settings(database_url=own.dsn.replace("flowcrm@", "limited@"), db_pool_max=2)
        async with served(settings) as (client, engine):
            for _ in range(2):
                assert (await client.get("/api/health")).status_code == 200
                assert engine.pool.stats().active == 0
            async with engine.acquire():
                answer = await client.get("/api/health")
            assert answer.status_code == 503
            assert 'too many connections for role "limited"' in answer.json()["message"]


@pytest.mark.parametrize("path", ["/api/health/live", "/api/health/live/"])
async def test_a_process_without_database_is_alive(path: str) -> None:
    async with asking(Settings(database_url="postgresql://flow@127.0.0.1:1/flowcrm")) as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.json()["status"]) == (200, "alive")


def test_the_documentation_shows_each_route_once_with_both_answers() -> None:
    paths = application().openapi()["paths"]
    assert sorted(paths) == ["/api/health", "/api/health/live"]
    answers = paths["/api/health"]["get"]["responses"]
    schemas = [answers[status]["content"]["application/json"]["schema"] for status in ("200", "503")]
    assert schemas[0] == schemas[1]


def test_reading_the_migrations_leaves_the_import_path_alone() -> None:
    before = list(sys.path)
    all_migrations.cache_clear()
    assert all_migrations()
    assert sys.path == before
