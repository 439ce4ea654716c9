"""Who may do what over REST, from the product's table; whoever may not is told so, and nothing happens."""

import json
import re
from itertools import count
from typing import Any

import asyncpg
import httpx
import pytest

from tests.support.builders import a_customer, a_line, a_presale, a_presale_that_is, a_product, a_user, nth_cpf
from tests.support.cast import Cast
from tests.support.commands import contents
from tests.support.refusals import refused
from tests.support.rights import ALL, DEEDS, Deed

_serial = count(90_000_000)


async def a_stage(connection: asyncpg.Connection) -> dict[str, str]:
    """A row of each kind that the deeds are done to, by name; and values that no row has yet."""
    customer, product = await a_customer(connection), await a_product(connection)
    draft = await a_presale(connection, customer_id=customer)
    pending = await a_presale(connection, customer_id=customer)
    await a_line(connection, pending)
    await connection.execute("UPDATE presales SET status = 'pending' WHERE id = $1", pending)
    number = next(_serial)
    stage = {
        "customer": customer,
        "product": product,
        "draft": draft,
        "item": await a_line(connection, draft, product_id=product),
        "pending": pending,
        "approved": await a_presale_that_is(connection, "approved"),
        "unused_customer": await a_customer(connection),
        "unused_product": await a_product(connection),
        "user": await a_user(connection),
        "entry": await connection.fetchval("SELECT id FROM audit_trail WHERE table_name = 'customers' LIMIT 1"),
        "cpf": nth_cpf(number),
        "unique": f"u{number}",
    }
    return {name: str(value) for name, value in stage.items()}


async def do(client: httpx.AsyncClient, deed: Deed, stage: dict[str, str]) -> httpx.Response:
    body: Any = None
    if deed.body is not None:
        body = json.dumps(deed.body)
        for name, value in stage.items():
            body = body.replace(f"{{{name}}}", value)
    return await client.request(deed.method, deed.path.format(**stage), content=body)


@pytest.mark.parametrize("role", sorted(ALL))
async def test_whoever_may_can(cast: Cast, connection: asyncpg.Connection, role: str) -> None:
    for deed in DEEDS:
        if role in deed.roles:
            answer = await do(getattr(cast, role), deed, await a_stage(connection))
            assert answer.status_code in (200, 201, 204), (deed, answer.text)


@pytest.mark.parametrize("role", sorted(ALL - {"admin"}))
async def test_whoever_may_not_is_forbidden_and_changes_nothing(
    cast: Cast, connection: asyncpg.Connection, role: str
) -> None:
    stage = await a_stage(connection)
    before = await contents(connection)
    for deed in DEEDS:
        if role not in deed.roles:
            assert refused(await do(getattr(cast, role), deed, stage)) == (403, "forbidden"), deed
    assert await contents(connection) == before


async def test_strangers_may_nothing_and_learn_nothing(cast: Cast, connection: asyncpg.Connection) -> None:
    stage = await a_stage(connection)
    before = await contents(connection)
    for deed in DEEDS:
        answer = await do(cast.stranger, deed, stage)
        assert refused(answer) == (401, "unauthenticated"), deed
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    for path in ("/api/", "/api/nothing/", "/api/customers", "/api/customers/x/"):
        assert refused(await cast.stranger.get(path)) == (401, "unauthenticated")
    assert await contents(connection) == before


@pytest.mark.parametrize("role", sorted(ALL - {"admin"}))
async def test_rights_come_before_everything_else_that_is_wrong(cast: Cast, role: str) -> None:
    client: httpx.AsyncClient = getattr(cast, role)
    for method, path in (
        ("GET", "/api/users/?limit=0"),
        ("GET", "/api/users/not-an-id/"),
        ("POST", "/api/users/?nonsense=1"),
        ("PATCH", "/api/users/not-an-id/"),
    ):
        assert refused(await client.request(method, path, content=b"not json")) == (403, "forbidden")


async def test_the_table_speaks_of_every_route(cast: Cast) -> None:
    described = (await cast.stranger.get("/openapi.json")).json()["paths"]
    offered = {
        (method.upper(), path)
        for path, operations in described.items()
        for method in operations
        if not path.startswith(("/api/auth/", "/api/health"))
    }
    spoken_of = {(deed.method, re.sub(r"\{\w+\}", "{row_id}", deed.path)) for deed in DEEDS}
    assert spoken_of == offered
