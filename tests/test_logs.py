"""One line per request: for people in development, for machines in production."""

import json
import re
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from accounts.passwords import hash_password
from tests.bodies import PRODUCT
from tests.builders import a_user
from tests.clients import a_token, bearer
from tests.real_server import real_server

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
async def token(connection: asyncpg.Connection) -> str:
    await a_user(connection, email="ana@flowcrm.example", password=await hash_password("no demo password"))
    return await a_token(connection, "ana@flowcrm.example")


def asked(address: str, token: str) -> str:
    """The id of a request for a customer who is not there."""
    answer = httpx.get(f"{address}/api/customers/{NOBODY}/", headers=bearer(token) | {"X-Request-ID": "abc-123"})
    return answer.headers["X-Request-ID"]


async def test_production_writes_json_that_says_who_asked_what_and_how_long_it_took(
    database: str, connection: asyncpg.Connection, token: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with real_server(database, log, LOG_LEVEL="INFO", ENVIRONMENT="production") as address:
        request_id = asked(address, token)
    lines: list[dict[str, Any]] = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    [line] = [line for line in lines if line.get("request_id") == request_id]
    assert 0 < line.pop("ms") < 10_000
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", line.pop("timestamp"))
    assert line == {
        "event": "request",
        "level": "info",
        "logger": "flow_crm.requests",
        "method": "GET",
        "path": "/api/customers/{row_id}/",
        "status": 404,
        "user_id": str(await connection.fetchval("SELECT id FROM users")),
        "request_id": request_id,
    }


@pytest.mark.parametrize("kind", ["development", "production"])
async def test_even_an_unforeseen_error_tells_nothing_that_was_typed(
    database: str, connection: asyncpg.Connection, token: str, tmp_path: Path, kind: str
) -> None:
    log = tmp_path / "log"
    await connection.execute("UPDATE users SET role = 'manager'")
    with real_server(database, log, LOG_LEVEL="INFO", ENVIRONMENT=kind) as address:
        await connection.execute("ALTER TABLE products RENAME COLUMN unit TO measure")
        async with httpx.AsyncClient(base_url=address, headers=bearer(token)) as client:
            answer = await client.post("/api/products/", json=PRODUCT | {"name": "s3cret"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "UndefinedColumnError" in log.read_text()
    assert not {"s3cret", token} & set(re.findall(r"[\w-]+", log.read_text()))


async def test_development_writes_lines_for_people_without_secrets(database: str, token: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with real_server(database, log, LOG_LEVEL="INFO") as address:
        request_id = asked(address, token)
    [line] = [line for line in log.read_text().splitlines() if request_id in line]
    assert {"request", "method=GET", "path=/api/customers/{row_id}/", "status=404"} <= set(line.split())
    assert token not in log.read_text()
    assert "Application startup complete" in log.read_text()
    assert "color_message" not in log.read_text()
    assert '{"' not in line
