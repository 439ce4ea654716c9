"""The cast and the application, and where pytest finds the rest: databases, and the order of the tests."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import httpx
import hypothesis
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI

from accounts import passwords
from backoffice.monitoring.probing import prober
from backoffice.settings import Settings
from tests.support.backups import PROGRAMS
from tests.support.builders import a_user
from tests.support.cast import Cast
from tests.support.clients import a_client, a_token, bearer, csrf, keep_cookies
from tests.support.desk import Desk, Desks
from tests.support.programs import project_in
from tests.support.surroundings import BETWEEN

pytest_plugins = ["tests.support.collection", "tests.support.databases"]

# No example has a deadline: machines are noisy.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


@pytest.fixture(scope="session", autouse=True)
def true_hasher() -> Iterator[PasswordHasher]:
    """The product's, with an effort that would take a good part of the suite's time: the tests have one of less."""
    theirs = passwords._hasher
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    yield theirs
    passwords._hasher = theirs


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return project_in(tmp_path / "project")


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """What a program started by a test sees: nothing of ours but what the test adds."""
    return {name: value for name, value in os.environ.items() if name != "FLOW_DATA_DIR"}


@pytest.fixture
def client_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's, which make backups, are found in the PATH."""
    monkeypatch.setenv("PATH", f"{PROGRAMS}:{os.environ['PATH']}")


@pytest.fixture
async def app(served_database: str) -> AsyncIterator[FastAPI]:
    """The application, serving the test's own database. Whether that is migrated, which a start would ask, is known."""
    from main import app
    from piccolo_conf import DB

    DB.configure(Settings(database_url=served_database))
    await DB.when_reachable(DB.open_pool)
    assert DB.behind_pooler or not BETWEEN
    yield app
    await prober(DB).close()
    await DB.close_connection_pool()


@pytest.fixture
async def cast(app: FastAPI, connection: asyncpg.Connection) -> AsyncIterator[Cast]:
    """Clients of the application in this process. What nobody foresaw is a 500 to them, as to anybody."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with AsyncExitStack() as stack:
        clients = {}
        for role in ("admin", "manager", "employee"):
            await a_user(connection, email=f"{role}@flowcrm.example", name=role.title(), role=role)
            headers = bearer(await a_token(connection, f"{role}@flowcrm.example"))
            client = httpx.AsyncClient(transport=transport, base_url="http://flowcrm.example", headers=headers)
            clients[role] = await stack.enter_async_context(client)
        stranger = httpx.AsyncClient(transport=transport, base_url="http://flowcrm.example")
        yield Cast(**clients, stranger=await stack.enter_async_context(stranger))


@pytest.fixture
async def desks(cast: Cast, connection: asyncpg.Connection) -> AsyncIterator[Desks]:
    """The same people in front of the admin, logged in with a cookie."""
    async with AsyncExitStack() as stack:
        found = {}
        for role in ("admin", "manager", "employee"):
            client = await stack.enter_async_context(a_client())
            keep_cookies(client, await a_token(connection, f"{role}@flowcrm.example"))
            client.headers.update(csrf(client) | {"Prefer": "screen"})
            found[role] = Desk(client)
        yield Desks(**found)
