"""Production refuses the demo password."""

import io
import unicodedata
from typing import Literal

import asyncpg
import pytest

from accounts import commands
from accounts.demo_password import refuse_demo_password
from accounts.passwords import MAX_TYPED_CHARACTERS, hash_password
from backoffice.database.engine import Engine
from backoffice.server.startup import StartRefused
from backoffice.settings import Settings
from piccolo_conf import DB
from tests.support.builders import PASSWORD_HASH, a_user
from tests.support.clients import a_client, a_token, bearer, log_in
from tests.support.commands import refusal


@pytest.fixture
def production(database: str) -> Engine:
    DB.configure(Settings(database_url=database, environment="production"))
    return DB


async def test_production_names_the_active_users_who_have_it(
    production: Engine, connection: asyncpg.Connection
) -> None:
    for name in "ana", "bia":
        await a_user(connection, email=f"{name}@flowcrm.example")
    await a_user(connection, email="left@flowcrm.example", active=False)
    await a_user(connection, email="safe@flowcrm.example", password=await hash_password("correct horse"))
    with pytest.raises(StartRefused) as refused:
        await refuse_demo_password(production)
    assert "ana@flowcrm.example, bia@flowcrm.example" in str(refused.value)
    assert "left" not in str(refused.value)
    assert "safe" not in str(refused.value)


async def test_without_such_users_it_starts(production: Engine, connection: asyncpg.Connection) -> None:
    await a_user(connection, active=False)
    await a_user(connection, password=await hash_password("correct horse"))
    await refuse_demo_password(production)


async def test_development_does_not_mind(database: str, connection: asyncpg.Connection) -> None:
    await a_user(connection)
    DB.configure(Settings(database_url=database))
    await refuse_demo_password(DB)


@pytest.mark.usefixtures("production")
async def test_nobody_comes_back_with_it_or_comes_in_with_it(connection: asyncpg.Connection) -> None:
    """Or the next process would not start."""
    from main import app

    await a_user(connection, email="root@flowcrm.example", role="admin", password=await hash_password("correct horse"))
    left = await a_user(connection, email="left@flowcrm.example", active=False)
    async with app.router.lifespan_context(app), a_client() as client:
        client.headers.update(bearer(await a_token(connection, "root@flowcrm.example")))
        known = await client.patch(f"/api/users/{left}/", json={"active": True})
        assert (known.status_code, known.json()["errors"][0]["code"]) == (422, "demo_password")
        assert (await client.patch(f"/api/users/{left}/", json={"active": False, "name": "Left"})).status_code == 200
        changed = await client.patch(f"/api/users/{left}/", json={"active": True, "password": "battery staple"})
        assert changed.status_code == 200
        await connection.execute("UPDATE users SET password = $1 WHERE id = $2", PASSWORD_HASH, left)
        assert (await log_in(client, "left@flowcrm.example")).status_code == 401
        assert (await log_in(client, "root@flowcrm.example", "correct horse")).status_code == 200


@pytest.mark.usefixtures("production")
async def test_a_wrong_password_is_not_normalized_whole(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That takes the square of its length, in which nobody else would be served."""
    from main import app

    longest = 0

    def normalize(form: Literal["NFKC"], text: str) -> str:
        nonlocal longest
        longest = max(longest, len(text))
        return normalized(form, text[:MAX_TYPED_CHARACTERS])

    normalized = unicodedata.normalize
    monkeypatch.setattr("accounts.passwords.unicodedata.normalize", normalize)
    async with app.router.lifespan_context(app), a_client() as client:
        assert (await log_in(client, "root@flowcrm.example", "\u0301\u0316" * 30_000)).status_code == 401
    assert 0 < longest <= MAX_TYPED_CHARACTERS


@pytest.mark.parametrize("typed", ["flowcrm-demo", "\uff46lowcrm-demo"])
@pytest.mark.usefixtures("production")
def test_no_administrator_is_created_with_it(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    with pytest.raises(SystemExit, match="password: Everybody knows this password"):
        commands.create_admin("ana@flowcrm.example", "Ana")


async def test_the_server_ends_with_that_line(database: str, connection: asyncpg.Connection) -> None:
    await a_user(connection, email="ana@flowcrm.example")
    said = refusal(database, "uvicorn", "main:app", "--port", "0", ENVIRONMENT="production")
    assert "Flow CRM cannot start. ENVIRONMENT=production refuses the demo password." in said
    assert "ana@flowcrm.example" in said
    assert "Traceback" not in said
