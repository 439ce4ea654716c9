"""One line per request: for people in development; for machines in production, see test_behind_proxy.py."""

import logging
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
import pytest

from accounts.passwords import hash_password
from tests.support.builders import a_user
from tests.support.clients import NO_CERTIFICATES, a_client, a_token, bearer, csrf, log_in
from tests.support.desk import Desks
from tests.support.logged import NOBODY, asked, tells_nothing_that_was_typed
from tests.support.real_server import real_server


@pytest.fixture
async def token(connection: asyncpg.Connection) -> str:
    await a_user(connection, email="ana@flowcrm.example", password=await hash_password("no demo password"))
    return await a_token(connection, "ana@flowcrm.example")


@pytest.mark.usefixtures("app")
async def test_a_log_in_says_whose_it_was(connection: asyncpg.Connection, caplog: pytest.LogCaptureFixture) -> None:
    password = "no demo password"
    ana = str(await a_user(connection, email="ana@flowcrm.example", password=await hash_password(password)))
    body = {"username": "ana@flowcrm.example", "password": password}
    async with a_client() as client:
        await client.get("/admin/")
        caplog.set_level(logging.INFO, "flow_crm.requests")
        assert (await client.post("/admin/public/login/", json=body, headers=csrf(client))).status_code == 200
        assert (await log_in(client, "ana@flowcrm.example", password)).status_code == 200
    told = [vars(record) for record in caplog.records if record.name == "flow_crm.requests"]
    assert [line["user_id"] for line in told] == [ana, ana]


async def test_development_writes_lines_for_people_without_secrets(
    database: str, connection: asyncpg.Connection, token: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    await connection.execute("UPDATE users SET role = 'manager'")
    with real_server(database, log, LOG_LEVEL="INFO") as address:
        async with httpx.AsyncClient(base_url=address, headers=bearer(token), verify=NO_CERTIFICATES) as client:
            request_id = await asked(client, connection)
    assert tells_nothing_that_was_typed(log.read_text(), token)
    [line] = [line for line in log.read_text().splitlines() if request_id in line]
    assert {"request", "method=GET", "path=/api/customers/{row_id}/", "status=404"} <= set(line.split())
    assert "Application startup complete" in log.read_text()
    assert "color_message" not in log.read_text()
    assert '{"' not in line


async def test_a_request_of_the_admin_is_its_users(
    desks: Desks, connection: asyncpg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "flow_crm.requests")
    await desks.manager.get("customers/")
    await desks.manager.saves("customers", UUID(NOBODY), {"name": "Ana"})
    await desks.manager.client.post("/admin/api/change-password/", json={})
    await connection.execute("DELETE FROM sessions")
    await desks.manager.get("customers/")
    told = [vars(record) for record in caplog.records if record.name == "flow_crm.requests"]
    manager = str(await connection.fetchval("SELECT id FROM users WHERE role = 'manager'"))
    assert [(line["status"], line["user_id"]) for line in told] == [
        *((200, manager), (404, manager), (422, manager), (401, None))
    ]
