"""Pages by cursor: every row once, in the order asked for, however rows come and go meanwhile."""

import base64
import json
from typing import Any

import asyncpg
import httpx
import pytest

from tests.support.builders import a_presale, a_product
from tests.support.cast import Cast
from tests.support.refusals import blamed

ORDERS = (
    "name",
    "-name",
    "-created_at,name",
    "description",
    "-description",
    "-unit,description,-stock",
    "-name,unit",
    "stock,-description",
    "sale_price,-stock",
    "id",
)


async def products_that_are_alike(connection: asyncpg.Connection) -> None:
    """Alike enough that every column has ties, and some nulls."""
    for number in range(12):
        await a_product(
            connection,
            code=f"P{number}",
            name=f"product {number % 5}\n\U0001f9ea",
            unit="un" if number % 2 else "kg",
            description=f"text {number % 3}" if number % 4 else None,
            stock=number % 3,
            sale_price=f"{number % 4}.50",
        )


async def page(client: httpx.AsyncClient, cursor: str, order: str, path: str = "products", **more: Any) -> Any:
    answer = await client.get(f"/api/{path}/", params={"cursor": cursor, "__order": order, "limit": 5, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def all_pages(client: httpx.AsyncClient, order: str, **more: Any) -> list[dict[str, Any]]:
    found, cursor = [], ""
    while cursor is not None:
        body = await page(client, cursor, order, **more)
        assert body.keys() == {"rows", "total", "limit", "offset", "next_cursor"}
        found += body["rows"]
        cursor = body["next_cursor"]
    return found


@pytest.mark.parametrize("order", ORDERS)
async def test_the_pages_together_are_the_list(cast: Cast, connection: asyncpg.Connection, order: str) -> None:
    await products_that_are_alike(connection)
    whole = (await cast.employee.get("/api/products/", params={"__order": order})).json()
    assert await all_pages(cast.employee, order) == whole["rows"]
    assert len(whole["rows"]) == 12


async def test_filters_searches_and_chosen_fields_hold_on_every_page(
    cast: Cast, connection: asyncpg.Connection
) -> None:
    await products_that_are_alike(connection)
    found = await all_pages(cast.employee, "-stock", unit="un", search="product", __visible_fields="code", limit=2)
    assert sorted(row["code"] for row in found) == ["P1", "P11", "P3", "P5", "P7", "P9"]
    assert (await page(cast.employee, "", "-stock", unit="un"))["total"] == 6


async def test_rows_that_come_and_go_neither_repeat_others_nor_hide_them(
    cast: Cast, connection: asyncpg.Connection
) -> None:
    await products_that_are_alike(connection)
    first = await page(cast.employee, "", "code")
    await connection.execute("DELETE FROM products WHERE code IN ('P1', $1)", first["rows"][-1]["code"])
    await a_product(connection, code="P0-new")
    second = await page(cast.employee, first["next_cursor"], "code")
    assert [row["code"] for row in second["rows"]] == ["P3", "P4", "P5", "P6", "P7"]


async def test_numbers_beyond_what_floats_hold_stay_exact(cast: Cast, connection: asyncpg.Connection) -> None:
    for number in range(3):
        await a_presale(connection)
        await connection.execute("SELECT setval('presales_number_seq', $1)", 2**60 + number)
    body = await page(cast.employee, "", "-number", path="presales", limit=1)
    following = await page(cast.employee, body["next_cursor"], "-number", path="presales", limit=1)
    assert [body["rows"][0]["number"], following["rows"][0]["number"]] == [2**60 + 2, 2**60 + 1]


async def test_a_full_last_page_says_that_it_is_the_last(cast: Cast, connection: asyncpg.Connection) -> None:
    await products_that_are_alike(connection)
    assert (await page(cast.employee, "", "code", limit=12))["next_cursor"] is None


async def test_an_empty_list_has_no_next_page(cast: Cast) -> None:
    assert await page(cast.employee, "", "code") == {
        "rows": [],
        "total": 0,
        "limit": 5,
        "offset": 0,
        "next_cursor": None,
    }


def token(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


BAD = {
    "no base64": "%%%",
    "half of base64": "abc",
    "other bytes": base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    "no list": token(5),
    "no text": token([1, 2, 3]),
    "another order": token(['"products"."name", "products"."id"', "a", "0" * 8]),
    "too few": token(['"products"."stock", "products"."id"', "1"]),
    "no number": token(['"products"."stock", "products"."id"', "x", "5eed0000-0001-8000-8000-000000000001"]),
    "a number": token(['"products"."stock", "products"."id"', 1, "5eed0000-0001-8000-8000-000000000001"]),
    "null": token(['"products"."stock", "products"."id"', None, "5eed0000-0001-8000-8000-000000000001"]),
    "deep": base64.urlsafe_b64encode(b"[" * 20_000).decode(),
}


@pytest.mark.parametrize("cursor", BAD.values(), ids=BAD)
async def test_what_is_no_cursor_of_this_order_is_refused(cast: Cast, cursor: str) -> None:
    answer = await cast.employee.get("/api/products/", params={"cursor": cursor, "__order": "stock"})
    assert blamed(answer) == ["cursor"]


@pytest.mark.parametrize("damage", ["{}x", "{}!!!!", "{}.", "{} ", "{}\n", " {}", "{}=", "{}====", "{}é"])
async def test_a_cursor_with_something_added_is_refused(
    cast: Cast, connection: asyncpg.Connection, damage: str
) -> None:
    await products_that_are_alike(connection)
    for order in "code", "name", "stock,-description":
        cursor = (await page(cast.employee, "", order))["next_cursor"]
        params = {"cursor": damage.format(cursor), "__order": order}
        assert blamed(await cast.employee.get("/api/products/", params=params)) == ["cursor"], cursor


async def test_text_that_no_text_can_be_is_refused(cast: Cast) -> None:
    for text in "a\0b", "\ud800":
        cursor = token(['"products"."name", "products"."id"', text, "5eed0000-0001-8000-8000-000000000001"])
        answer = await cast.employee.get("/api/products/", params={"cursor": cursor, "__order": "name"})
        assert blamed(answer) == ["cursor"]


@pytest.mark.parametrize("other", ["offset", "__page"])
async def test_a_cursor_and_an_offset_contradict_each_other(cast: Cast, other: str) -> None:
    answer = await cast.employee.get("/api/products/", params={"cursor": "", other: 1})
    assert blamed(answer) == [other]
