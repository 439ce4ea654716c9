"""A change is written by the statement that finds out who asks: to others nothing is told, and nothing happens."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from backoffice.api.crud import CRUD
from backoffice.web import request_bodies
from tests.support.builders import a_product, row
from tests.support.cast import Cast
from tests.support.clients import a_client, a_token, csrf, keep_cookies
from tests.support.trail import changes

# What is asked of a product, and what a manager is told.
ASKED = {
    "what can be": ({"name": "Other"}, 200),
    "nothing": ({}, 200),
    "what the request alone shows to be wrong": ({"stock": -1}, 422),
    "what is no column": ({"colour": "red"}, 422),
    "what only the database knows to be wrong": ({"code": "TAKEN"}, 409),
    "what is too large": ({"stock": 2**40}, 422),
    "no object": ([], 422),
}


@pytest.fixture
async def product(connection: asyncpg.Connection) -> UUID:
    await a_product(connection, code="TAKEN")
    return await a_product(connection, code="FREE")


async def ask(client: httpx.AsyncClient, product: UUID, body: Any, **headers: str) -> tuple[int, str]:
    answer = await client.patch(f"/api/products/{product}/", json=body, headers=headers)
    return answer.status_code, answer.json()["code"] if answer.is_error else ""


@pytest.mark.parametrize("asked", ASKED)
async def test_they_are_told_what_they_were_before(
    cast: Cast, connection: asyncpg.Connection, product: UUID, asked: str
) -> None:
    before, (body, status) = await row(connection, "products", product), ASKED[asked]
    assert await ask(cast.stranger, product, body) == (401, "unauthenticated")
    assert await ask(cast.stranger, product, body, Authorization="Bearer invented") == (401, "unauthenticated")
    assert await ask(cast.employee, product, body) == (403, "forbidden")
    assert await row(connection, "products", product) == before
    assert await changes(connection, product) == []
    assert (await ask(cast.manager, product, body))[0] == status


async def test_a_row_that_is_not_there_is_nobody_elses_business(cast: Cast) -> None:
    body = {"name": "Other"}
    assert await ask(cast.employee, uuid4(), body) == (403, "forbidden")
    assert await ask(cast.manager, uuid4(), body) == (404, "not_found")


async def test_another_sites_page_changes_nothing(cast: Cast, connection: asyncpg.Connection, product: UUID) -> None:
    before = await row(connection, "products", product)
    async with a_client() as browser:
        keep_cookies(browser, await a_token(connection, "manager@flowcrm.example"))
        assert await ask(browser, product, {"name": "Other"}) == (403, "csrf_failed")
        assert await row(connection, "products", product) == before
        assert await ask(browser, product, {"name": "Other"}, **csrf(browser)) == (200, "")
        await connection.execute("DELETE FROM sessions")
        assert await ask(browser, product, {"name": "Third"}) == (401, "unauthenticated")
    assert (await row(connection, "products", product))["name"] == "Other"


ENDS = (
    "DELETE FROM sessions",
    "UPDATE sessions SET expires_at = now()",
    "UPDATE users SET active = false WHERE role = 'manager'",
)


@pytest.mark.parametrize("ends", ENDS)
async def test_it_counts_what_they_are_now(
    cast: Cast, connection: asyncpg.Connection, product: UUID, ends: str
) -> None:
    assert await ask(cast.manager, product, {"name": "Other"}) == (200, "")
    await connection.execute(ends)
    assert await ask(cast.manager, product, {"name": "Third"}) == (401, "unauthenticated")
    assert (await row(connection, "products", product))["name"] == "Other"


async def test_another_role_counts_at_once(cast: Cast, connection: asyncpg.Connection, product: UUID) -> None:
    await connection.execute("UPDATE users SET role = 'employee' WHERE role = 'manager'")
    assert await ask(cast.manager, product, {"name": "Other"}) == (403, "forbidden")
    assert await changes(connection, product) == []


async def test_who_may_not_change_a_row_does_not_wait_for_whoever_does(
    cast: Cast, connection: asyncpg.Connection, product: UUID
) -> None:
    async with connection.transaction():
        await connection.execute("UPDATE products SET name = 'Mine' WHERE id = $1", product)
        invented = {"Authorization": "Bearer invented"}
        assert await ask(cast.stranger, product, {"name": "Other"}, **invented) == (401, "unauthenticated")
        assert await ask(cast.employee, product, {"name": "Other"}) == (403, "forbidden")
        assert await ask(cast.manager, product, {"name": "Other"}) == (503, "database_timeout")


async def test_much_is_not_read_before_it_is_known_who_sends_it(
    cast: Cast, product: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    monkeypatch.setattr(CRUD, "validate", lambda *_: read.append(1))
    much = {"name": "x" * request_bodies.SMALL_BODY_BYTES}
    invented = {"Authorization": "Bearer invented"}
    assert await ask(cast.stranger, product, much, **invented) == (401, "unauthenticated")
    assert read == []


async def test_a_row_is_not_read_for_a_stranger(cast: Cast, connection: asyncpg.Connection, product: UUID) -> None:
    invented = {"Authorization": "Bearer invented"}
    async with connection.transaction():
        await connection.execute("LOCK TABLE products")
        assert await ask(cast.stranger, product, {"stock": -1}, **invented) == (401, "unauthenticated")
