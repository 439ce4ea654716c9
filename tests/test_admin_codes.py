"""Whole codes in the admin's windows for picking a row: the row that has the code comes first, and is named."""

import asyncpg
import httpx
import pytest

from tests.support.builders import a_customer, a_presale, a_product
from tests.support.cast import Cast
from tests.support.desk import Desk, Desks

BESIDE = " · "  # between the name and the rest


async def offered(desk: Desk, table: str, typed: str, **window: str) -> tuple[list[str], str | None]:
    """The names, in order, and which of them has the code."""
    answer: httpx.Response = await desk.get(f"{table}/ids/", search=typed, **{"limit": "6"} | window)
    names = {row_id: name.partition(BESIDE)[0] for row_id, name in answer.json().items()}
    return list(names.values()), names.get(answer.headers.get("Exact-Match"))


async def test_a_whole_code_comes_before_all_that_it_is_found_in(desks: Desks, connection: asyncpg.Connection) -> None:
    for number in range(10):
        await a_product(connection, code=f"{number}", name="Spare part 4711")
    await a_product(connection, code="4711", name="Rice")
    await a_product(connection, code="47112", name="Whisky")
    others = [f"{number} - Spare part 4711" for number in range(10)]
    others.insert(5, "47112 - Whisky")
    assert await offered(desks.employee, "products", "4711") == (["4711 - Rice", *others[:5]], "4711 - Rice")
    assert await offered(desks.employee, "products", "4711", offset="5") == (others[4:10], None)
    assert await offered(desks.employee, "products", "4711", limit="1") == (["4711 - Rice"], "4711 - Rice")
    assert await offered(desks.employee, "products", " 47112 ") == (["47112 - Whisky"], "47112 - Whisky")
    assert await offered(desks.employee, "products", "471") == ([*others[:5], "4711 - Rice"], None)
    assert await offered(desks.employee, "products", "part 4711") == ([*others[:5], others[6]], None)


async def test_capitals_matter_only_between_codes_that_differ_in_nothing_else(
    desks: Desks, connection: asyncpg.Connection
) -> None:
    for code in ("CAF-1", "CAF-10", "ab", "AB"):
        await a_product(connection, code=code, name="x")
    for typed, exact in {"caf-1": "CAF-1 - x", "ab": "ab - x", "AB": "AB - x", "Ab": "AB - x", "caf": None}.items():
        assert (await offered(desks.employee, "products", typed))[1] == exact, typed


async def test_pre_sales_have_their_numbers_and_customers_no_code(desks: Desks, connection: asyncpg.Connection) -> None:
    ana = await a_customer(connection, name="Ana")
    for number in (12, 120):
        await connection.execute(f"ALTER SEQUENCE presales_number_seq RESTART {number}")
        await a_presale(connection, customer_id=ana)
    for typed in ("12", "#12"):
        assert await offered(desks.employee, "presales", typed) == (["#12 Ana", "#120 Ana"], "#12 Ana")
    assert await offered(desks.employee, "presales", "Ana") == (["#120 Ana", "#12 Ana"], None)
    assert await offered(desks.employee, "customers", "Ana") == (["Ana"], None)
    assert await offered(desks.employee, "presale_items", "12") == ([], None)


@pytest.mark.parametrize("typed", ["", "  ", "%", "#"])
async def test_what_is_no_code_changes_nothing(
    desks: Desks, cast: Cast, connection: asyncpg.Connection, typed: str
) -> None:
    for code in ("A", "B"):
        await a_product(connection, code=code, name="x")
    in_the_api = (await cast.employee.get("/api/products/ids/", params={"search": typed})).json()
    assert await offered(desks.employee, "products", typed) == (list(in_the_api.values()), None)


async def test_of_a_product_its_price_and_its_stock_are_said_on_the_screen(
    desks: Desks, connection: asyncpg.Connection
) -> None:
    await a_product(connection, code="Q {unit}", name="100% queijo", unit="kg", sale_price="1098.50", stock=48)
    query = {"search": "queijo"}
    assert list((await desks.employee.get("products/ids/", **query)).json().values()) == [
        "Q {unit} - 100% queijo · 1,098.50 · 48 kg in stock"
    ]
    desks.employee.client.headers["Accept-Language"] = "pt-BR"
    assert list((await desks.employee.get("products/ids/", **query)).json().values()) == [
        "Q {unit} - 100% queijo · 1.098,50 · 48 kg em estoque"
    ]
    del desks.employee.client.headers["Prefer"]
    assert list((await desks.employee.get("products/ids/", **query)).json().values()) == ["Q {unit} - 100% queijo"]
