"""The same key and body create a pre-sale once, however often and in whatever words they are sent."""

import asyncio
from itertools import combinations, pairwise
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from crm import idempotency
from tests.support.bodies import a_body
from tests.support.builders import a_customer
from tests.support.cast import Cast


async def test_the_same_key_and_body_creates_once_even_when_both_arrive_at_once(
    cast: Cast, connection: asyncpg.Connection
) -> None:
    body = await a_body(connection)
    headers = {"Idempotency-Key": "order-1"}
    answers = await asyncio.gather(
        *[cast.employee.post("/api/presales/", json=body, headers=headers) for _ in range(8)]
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert await connection.fetchval("SELECT count(*) FROM presales") == 1
    others: tuple[Any, ...] = ({**body, "discount": "1"}, {**body, "discount": "-1"}, {}, [])
    for another in others:
        other = await cast.employee.post("/api/presales/", json=another, headers=headers)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    somebody_else = await cast.manager.post("/api/presales/", json=body, headers=headers)
    assert somebody_else.json()["id"] != answers[0].json()["id"]


# Of fields that are ignored: pairs that are equal as JSON values, and values that are not.
SAME = [
    ('{"id": 1, "total": 1.5}', '{ "total": 15e-1,\n"id": 1.0 }'),
    ('{"total": -0.0}', '{"total": 0e5}'),
    ('{"total": 1e-999999999}', '{"total": 10E-1000000000}'),
    ('{"id": "\\u0000"}', '{"id":"\\u0000"}'),
    ('{"id": "\\ud800"}', '{"id":"\\uD800"}'),
    ('{"id": "\\u00e9"}', '{"id":"é"}'),
    ('{"id": {"a": [], "b": null}}', '{"id": {"b": null, "a": []}}'),
]
VALUES = (
    *(
        "1",
        "true",
        '"1"',
        "[1]",
        '{"1": 1}',
        "null",
        "[]",
        "{}",
        '""',
        "0",
        "false",
        '"\\ud800"',
        '"\\\\ud800"',
        '"\\u0000"',
    ),
    *(
        "1e-999999999",
        "1e-999999998",
        "[[1, 2]]",
        "[1, 2]",
        "[2, 1]",
        '{"a": 1}',
        '[["a", 1]]',
        "Decimal('1')".join('""'),
    ),
    *("0.1000000000000000000000000000000000000000001", "0.1"),
)


async def post_text(client: httpx.AsyncClient, body: str, key: str) -> httpx.Response:
    headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
    return await client.post("/api/presales/", content=body.encode(), headers=headers)


@pytest.mark.parametrize("pair", SAME)
async def test_bodies_are_the_same_that_are_equal_as_json(
    cast: Cast, connection: asyncpg.Connection, pair: tuple[str, str]
) -> None:
    customer = f'{{"customer_id": "{await a_customer(connection)}", '
    answers = [await post_text(cast.employee, customer + ignored[1:], "same") for ignored in pair]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].text == answers[1].text
    assert await connection.fetchval("SELECT count(*) FROM presales") == 1


async def test_bodies_that_differ_anywhere_as_json_are_not_the_same(cast: Cast, connection: asyncpg.Connection) -> None:
    body = f'{{"customer_id": "{await a_customer(connection)}", "total": %s}}'
    for key, (value, another) in enumerate(pairwise(VALUES)):
        assert (await post_text(cast.employee, body % value, f"k{key}")).status_code == 201, value
        assert (await post_text(cast.employee, body % another, f"k{key}")).status_code == 422, (value, another)
    assert await connection.fetchval("SELECT count(*) FROM presales") == len(VALUES) - 1
    for value, another in combinations(VALUES, 2):
        assert idempotency.digest_of(body % value) != idempotency.digest_of(body % another), (value, another)


@pytest.mark.parametrize("keys", [[b"one", b"two"], [b""], [b"x" * 256], ["é".encode()], [b" padded"]])
async def test_what_is_no_key_is_refused_and_creates_nothing(
    cast: Cast, connection: asyncpg.Connection, keys: list[bytes]
) -> None:
    headers = [(b"Idempotency-Key", key) for key in keys]
    answer = await cast.employee.post("/api/presales/", json=await a_body(connection), headers=headers)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["Idempotency-Key"]
    assert await connection.fetchval("SELECT count(*) FROM presales") == 0


async def test_a_body_that_is_nested_as_deeply_as_can_be_read_is_an_answer(
    cast: Cast, connection: asyncpg.Connection
) -> None:
    body = f'{{"customer_id": "{await a_customer(connection)}", "total": %s}}'
    for depth in range(500, 1100, 10):
        answer = await post_text(cast.employee, body % ("[" * depth + "]" * depth), f"deep-{depth}")
        assert answer.status_code in (201, 400), (depth, answer.text)


async def test_a_key_that_is_let_go_of_while_it_is_sent_again_is_new(
    cast: Cast, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, headers, find = await a_body(connection), {"Idempotency-Key": "order-1"}, idempotency._find
    first = await cast.employee.post("/api/presales/", json=body, headers=headers)

    async def find_too_late(*key: Any) -> Any:
        await connection.execute("DELETE FROM idempotency_keys")
        return await find(*key)

    monkeypatch.setattr(idempotency, "_find", find_too_late)
    second = await cast.employee.post("/api/presales/", json=body, headers=headers)
    assert second.status_code == 201
    assert second.json()["id"] != first.json()["id"]


async def test_a_refused_request_leaves_its_key_free(cast: Cast, connection: asyncpg.Connection) -> None:
    headers = {"Idempotency-Key": "order-2"}
    body = await a_body(connection)
    refused = await cast.employee.post("/api/presales/", json={**body, "customer_id": str(uuid4())}, headers=headers)
    assert refused.status_code == 422
    assert (await cast.employee.post("/api/presales/", json=body, headers=headers)).status_code == 201


async def test_keys_are_forgotten_after_two_days(cast: Cast, connection: asyncpg.Connection) -> None:
    body = await a_body(connection)
    for key in ("older", "younger"):
        await cast.employee.post("/api/presales/", json=body, headers={"Idempotency-Key": key})
    age = "UPDATE idempotency_keys SET created_at = now() - $2::text::interval WHERE key = $1"
    for key, hours in (("older", "48 hours 1 second"), ("younger", "47 hours")):
        await connection.execute(age, key, hours)
    await cast.employee.post("/api/presales/", json=body, headers={"Idempotency-Key": "new"})
    kept = await connection.fetch("SELECT key FROM idempotency_keys ORDER BY created_at")
    assert [row["key"] for row in kept] == ["younger", "new"]
