"""Totals: exact as far as counting is quick, beyond that an estimate that says so."""

from typing import Any

import asyncpg
import pytest
from piccolo.querystring import QueryString

from backoffice.api import lists, totals
from backoffice.api.conditions import plain
from backoffice.api.lists import Rows
from backoffice.api.query import Parameters
from backoffice.api.totals import Total, Totals
from backoffice.database.engine import Engine
from backoffice.settings import Settings
from crm.resources import PRODUCTS
from tests.support.builders import a_product
from tests.support.cast import Cast

ORDER = Parameters(PRODUCTS, b"").page().order
# As if the product were made for tables of this size.
LARGE, MOST = 30, 10

FILL = """
INSERT INTO products (code, name, unit, stock, purchase_price, sale_price, sale_type)
SELECT 'P' || n, 'Product ' || n, 'un', n % 5, 1, 1, 'retail' FROM generate_series(1, $1) AS n
"""


@pytest.fixture(autouse=True)
def small_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totals, "LARGE_ROWS", LARGE)
    monkeypatch.setattr(totals, "MAX_COUNTED_ROWS", MOST)


async def total(database: str, condition: str | None) -> Total:
    where = None if condition is None else plain(QueryString(condition))
    return await Rows(PRODUCTS.table, ORDER).count(Engine(Settings(database_url=database)), where)


@pytest.mark.parametrize("rows", [MOST + 5, LARGE])
async def test_a_small_table_is_counted_to_the_end(database: str, connection: asyncpg.Connection, rows: int) -> None:
    await connection.execute(FILL, rows)
    await connection.execute("ANALYZE products")
    assert await total(database, None) == Total(rows)
    assert await total(database, "stock = 1") == Total(rows // 5)


async def test_a_large_one_is_counted_as_far_as_that_is_quick(database: str, connection: asyncpg.Connection) -> None:
    await connection.execute(FILL, LARGE * 10)
    await connection.execute("ANALYZE products")
    assert await total(database, f"code IN ({', '.join(repr(f'P{n}') for n in range(1, MOST + 1))})") == Total(MOST)
    assert await total(database, None) == Total(LARGE * 10, is_estimate=True)
    estimate = await total(database, "stock = 1")
    assert estimate.is_estimate
    assert estimate.rows == pytest.approx(LARGE * 2, rel=0.2)


async def test_the_planner_is_asked_for_an_estimate_once_a_minute(
    database: str, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, rows = Engine(Settings(database_url=database)), Rows(PRODUCTS.table, ORDER)
    await connection.execute(FILL, LARGE * 10)
    await connection.execute("ANALYZE products")
    assert await rows.count(engine, None) == Total(LARGE * 10, is_estimate=True)
    await connection.execute("DELETE FROM products WHERE stock > 0")
    await connection.execute("ANALYZE products")
    assert await rows.count(engine, None) == Total(LARGE * 10, is_estimate=True)
    monkeypatch.setattr(rows.totals, "_old_at", 0.0)  # as if the minute were over
    assert await rows.count(engine, None) == Total(LARGE * 2, is_estimate=True)


async def test_an_estimate_is_never_less_than_what_was_counted(database: str, connection: asyncpg.Connection) -> None:
    await connection.execute(FILL, LARGE * 10)
    await connection.execute("ANALYZE products")
    misjudged = "name || code LIKE 'Prod%' AND code || name LIKE 'P%' AND upper(name) = upper(name)"
    assert await total(database, misjudged) == Total(MOST, is_estimate=True)


async def test_the_list_says_that_it_estimates(
    cast: Cast, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(MOST + 1):
        await a_product(connection, code=f"P{number}")
    await connection.execute("ANALYZE products")
    exact = (await cast.employee.get("/api/products/?limit=2")).json()
    assert exact.keys() == {"rows", "total", "limit", "offset"}
    assert exact["total"] == MOST + 1
    monkeypatch.setattr(Totals, "look", _at_a_large_table)
    estimated = (await cast.employee.get("/api/products/?limit=2")).json()
    assert estimated == exact | {"total_is_estimate": True}
    assert (await cast.employee.get("/api/products/?code=P1&code__match=exact")).json()["total"] == 1
    assert (await cast.employee.get("/api/products/count/")).json()["count_is_estimate"] is True


async def test_a_search_is_counted_unless_more_than_a_page_is_near(
    cast: Cast, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, left = 10 * LARGE, MOST - 2
    await connection.execute(FILL, rows)
    await connection.execute("ANALYZE products")
    # The planner does not know of it: what it says shows whether anybody has counted.
    first = "SELECT code FROM products ORDER BY code LIMIT $1"
    await connection.execute(f"UPDATE products SET name = 'Other' WHERE code NOT IN ({first})", left)
    monkeypatch.setattr(lists, "PLANNED_ROWS", LARGE)
    monkeypatch.setattr(Totals, "look", _at_a_large_table)
    monkeypatch.setattr(lists, "COUNTED_MATCHES", 10 * rows)
    found = await _list(cast, f"search=product&__order=code&limit={left - 1}")
    assert (len(found["rows"]), found["total"], "total_is_estimate" in found) == (left - 1, left, False)
    monkeypatch.setattr(lists, "COUNTED_MATCHES", 0)
    for asked in "search=product", "name=duct":
        found = await _list(cast, f"{asked}&__order=code&limit={left - 1}")
        assert (len(found["rows"]), found["total_is_estimate"]) == (left - 1, True)
        assert found["total"] >= rows
        for more in f"code&limit={left}", f"code&limit={left - 1}&offset=1", f"unit,code&limit={left - 1}":
            found = await _list(cast, f"{asked}&__order={more}")
            assert (found["total"], "total_is_estimate" in found) == (left, False)
    await connection.execute("UPDATE products SET name = 'Other'")
    found = await _list(cast, "search=product")
    assert (found["rows"], found["total"], "total_is_estimate" in found) == ([], 0, False)
    assert (await cast.employee.get("/api/products/count/?search=product")).json()["count"] == 0


async def test_whoever_reads_on_until_the_total_reads_all(
    cast: Cast, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = 5 * LARGE
    await connection.execute(FILL, rows)
    await connection.execute("UPDATE products SET stock = 1")
    await connection.execute("ANALYZE products")
    await connection.execute("UPDATE products SET stock = 2")  # the planner expects none
    monkeypatch.setattr(Totals, "look", _at_a_large_table)
    for limit in 7, 25:  # the last page is full or not
        read: set[str] = set()
        total = 1
        while len(read) < total:
            found = await _list(cast, f"stock=2&__order=code&limit={limit}&offset={len(read)}")
            read |= {row["id"] for row in found["rows"]}
            total = found["total"]
            is_the_last = 0 < len(found["rows"]) < limit
            assert ("total_is_estimate" in found) != is_the_last
        assert len(read) == rows
        assert total <= rows
    assert (await _list(cast, f"stock=2&offset={rows - 5}"))["total"] == rows
    half = await _list(cast, f"stock=2&limit={rows // 2}&cursor=")
    last = await _list(cast, f"stock=2&limit={rows}&cursor={half['next_cursor']}")
    assert (len(last["rows"]), last["next_cursor"], last["total_is_estimate"]) == (rows // 2, None, True)
    await connection.execute("ANALYZE products")
    await connection.execute("DELETE FROM products WHERE code > 'P2'")  # the planner expects all
    assert (await _list(cast, "sale_type=retail&sale_type__match=exact&offset=120"))["total"] <= 120


async def _list(cast: Cast, asked: str) -> dict[str, Any]:
    found: dict[str, Any] = (await cast.employee.get(f"/api/products/?{asked}")).json()
    return found


async def _at_a_large_table(totals: Totals, _: object) -> None:
    totals.size = 10 * LARGE
