"""Converting takes the quantities from the stock, once, all lines or none."""

import json
from decimal import Decimal
from math import ceil
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import a_line, a_presale, a_presale_that_is, a_product, row, stock_of, walk
from tests.support.properties import against_database, small_quantities
from tests.support.refusals import refused_by


async def an_approved_presale(connection: asyncpg.Connection, *lines: tuple[UUID, Decimal | int | str]) -> UUID:
    presale = await a_presale(connection)
    for product, quantity in lines:
        await a_line(connection, presale, product_id=product, quantity=quantity)
    await walk(connection, presale, "pending", "approved")
    return presale


@pytest.fixture
async def product(connection: asyncpg.Connection) -> UUID:
    return await a_product(connection, stock=10)


async def test_converting_takes_the_quantities(connection: asyncpg.Connection, product: UUID) -> None:
    other = await a_product(connection, stock=5)
    await walk(connection, await an_approved_presale(connection, (product, 3), (other, 5)), "converted")
    assert [await stock_of(connection, each) for each in (product, other)] == [7, 0]


@pytest.mark.parametrize("status", ["draft", "pending", "approved", "cancelled"])
async def test_no_other_step_touches_the_stock(connection: asyncpg.Connection, product: UUID, status: str) -> None:
    await a_presale_that_is(connection, status, product_id=product)
    assert await stock_of(connection, product) == 10


async def test_converting_twice_takes_the_quantities_once(connection: asyncpg.Connection, product: UUID) -> None:
    presale = await an_approved_presale(connection, (product, 3))
    await walk(connection, presale, "converted", "converted")
    assert await stock_of(connection, product) == 7


@against_database(60)
@given(quantities=st.lists(small_quantities, min_size=1, max_size=5), spare=st.integers(-2, 2))
async def test_the_sum_per_product_is_rounded_up_to_whole_units(
    connection: asyncpg.Connection, quantities: list[Decimal], spare: int
) -> None:
    needed = ceil(sum(quantities))
    product = await a_product(connection, stock=max(needed + spare, 0))
    presale = await an_approved_presale(connection, *((product, quantity) for quantity in quantities))
    if needed > await stock_of(connection, product):
        with refused_by("presales_stock"):
            await walk(connection, presale, "converted")
    else:
        await walk(connection, presale, "converted")
        assert await stock_of(connection, product) == spare


async def test_fractions_of_one_product_add_up_before_they_are_rounded(
    connection: asyncpg.Connection, product: UUID
) -> None:
    presale = await an_approved_presale(connection, (product, "0.5"), (product, "0.5"), (product, "0.001"))
    await walk(connection, presale, "converted")
    assert await stock_of(connection, product) == 8


async def test_too_little_of_one_product_leaves_everything_as_it_was(
    connection: asyncpg.Connection, product: UUID
) -> None:
    scarce = await a_product(connection, name="Açúcar", stock=1)
    presale = await an_approved_presale(connection, (product, 3), (scarce, "1.001"))
    before = await row(connection, "presales", presale)
    with refused_by("presales_stock"):
        await walk(connection, presale, "converted")
    assert await row(connection, "presales", presale) == before
    assert [await stock_of(connection, each) for each in (product, scarce)] == [10, 1]


async def test_the_refusal_names_the_products_that_are_short_and_no_other(
    connection: asyncpg.Connection, product: UUID
) -> None:
    tea = await a_product(connection, code="C", name='Chá "verde"', stock=1)
    other_tea = await a_product(connection, code="B", name='Chá "verde"', stock=0)
    sugar = await a_product(connection, code="D", name="Açúcar", stock=0)
    presale = await an_approved_presale(connection, (tea, "1.5"), (other_tea, 1), (product, 1), (sugar, 4))
    with pytest.raises(asyncpg.CheckViolationError) as refusal:
        await walk(connection, presale, "converted")
    assert json.loads(refusal.value.detail or "") == [
        {"name": "D - Açúcar", "needed": 4, "stock": 0},
        {"name": 'B - Chá "verde"', "needed": 1, "stock": 0},
        {"name": 'C - Chá "verde"', "needed": 2, "stock": 1},
    ]
    assert refusal.value.args == ('too little stock of: D - Açúcar, B - Chá "verde", C - Chá "verde"',)


async def test_more_than_any_stock_can_hold_is_refused_like_any_other_shortage(
    connection: asyncpg.Connection,
) -> None:
    product = await a_product(connection, stock=2**31 - 1, sale_price="0")
    presale = await an_approved_presale(connection, *[(product, "9999999.999")] * 250)
    with refused_by("presales_stock"):
        await walk(connection, presale, "converted")


async def test_one_statement_converts_many_presales_or_none(connection: asyncpg.Connection, product: UUID) -> None:
    for _ in range(3):
        await an_approved_presale(connection, (product, 4))
    with refused_by("presales_stock"):
        await connection.execute("UPDATE presales SET status = 'converted'")
    assert await stock_of(connection, product) == 10
    await connection.execute(
        "UPDATE presales SET status = 'converted' WHERE number < (SELECT max(number) FROM presales)"
    )
    assert await stock_of(connection, product) == 2


async def test_an_upsert_that_converts_takes_the_quantities(connection: asyncpg.Connection, product: UUID) -> None:
    presale = await an_approved_presale(connection, (product, 3))
    await connection.execute(
        "INSERT INTO presales (id, customer_id, status) "
        "SELECT id, customer_id, 'converted' FROM presales WHERE id = $1 "
        "ON CONFLICT (id) DO UPDATE SET status = excluded.status",
        presale,
    )
    assert await stock_of(connection, product) == 7


@pytest.mark.parametrize("change", ["-11", "NULL"])
async def test_stock_never_goes_below_zero(connection: asyncpg.Connection, product: UUID, change: str) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await connection.execute(f"UPDATE products SET stock = stock + {change}")
    with refused_by("products_stock_not_negative"):
        await a_product(connection, stock=-1)


@pytest.mark.parametrize("column", ["purchase_price", "sale_price"])
@pytest.mark.parametrize("price", ["-0.01", "NaN"])
async def test_prices_are_not_below_zero(connection: asyncpg.Connection, column: str, price: str) -> None:
    with refused_by(f"products_{column}_not_negative"):
        await a_product(connection, **{column: price})
    with pytest.raises(asyncpg.NumericValueOutOfRangeError):
        await a_product(connection, **{column: "Infinity"})
