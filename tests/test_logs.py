"""One line per request: for people in development; for machines in production, see test_behind_proxy.py."""

import contextlib
import io
import logging
from uuid import UUID

import asyncpg
import pytest

from accounts.passwords import hash_password
from backoffice.monitoring import logs
from tests.support.builders import a_user
from tests.support.clients import a_client, a_token, bearer, csrf, log_in
from tests.support.desk import Desks
from tests.support.logged import NOBODY, asked, tells_nothing_that_was_typed


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


@pytest.mark.usefixtures("app")
async def test_development_writes_lines_for_people_without_secrets(
    connection: asyncpg.Connection, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await connection.execute("UPDATE users SET role = 'manager'")
    with monkeypatch.context() as patch, contextlib.redirect_stderr(io.StringIO()) as log:
        patch.setattr(logging.root, "handlers", [])  # as in a process of its own
        logs.configure("INFO", production=False)
        async with a_client(**bearer(token)) as client:
            request_id = await asked(client, connection)
        logging.getLogger("uvicorn.error").error("Started", extra={"color_message": "Started, in colours"})
    assert tells_nothing_that_was_typed(log.getvalue(), token)
    [line] = [line for line in log.getvalue().splitlines() if request_id in line]
    assert {"request", "method=GET", "path=/api/customers/{row_id}/", "status=404"} <= set(line.split())
    assert "Started" in log.getvalue()
    assert "color_message" not in log.getvalue()
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
