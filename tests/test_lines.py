"""A line: its price is the product's unless given, and its total is right to the cent."""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import a_line, a_presale, a_product, row
from tests.support.properties import against_database, gross, small_prices, small_quantities
from tests.support.refusals import refused_by

BOUND = Decimal(10) ** 8
quantities = st.decimals("0.001", "9999999.999", places=3)
prices = st.decimals("0", "99999999.99", places=2)


async def try_a_line(trial: asyncpg.Connection, presale: UUID, **values: Any) -> None:
    """Behind a savepoint, so that after a refusal the rest of the test goes on."""
    async with trial.transaction():
        await a_line(trial, presale, **values)


@pytest.fixture
async def presale(trial: asyncpg.Connection) -> UUID:
    return await a_presale(trial)


@pytest.fixture
async def product(trial: asyncpg.Connection) -> UUID:
    return await a_product(trial)


class TestLines:
    @against_database(60)
    @given(quantity=quantities, unit_price=prices)
    async def test_a_line_costs_quantity_times_price_rounded_half_up(
        self, trial: asyncpg.Connection, product: UUID, quantity: Decimal, unit_price: Decimal
    ) -> None:
        presale = await a_presale(trial)
        values = {"product_id": product, "quantity": quantity, "unit_price": unit_price}
        if gross(quantity, unit_price) >= BOUND:
            with pytest.raises(asyncpg.NumericValueOutOfRangeError):
                await try_a_line(trial, presale, **values)
            return
        line = await a_line(trial, presale, **values)
        assert (await row(trial, "presale_items", line))["total_price"] == gross(quantity, unit_price)

    @against_database(60)
    @given(quantity=small_quantities, unit_price=small_prices, discount=small_prices)
    async def test_a_line_discount_is_taken_off_and_never_exceeds_the_line(
        self,
        trial: asyncpg.Connection,
        product: UUID,
        quantity: Decimal,
        unit_price: Decimal,
        discount: Decimal,
    ) -> None:
        presale = await a_presale(trial)
        values = {
            "product_id": product,
            "quantity": quantity,
            "unit_price": unit_price,
            "discount": discount,
        }
        left = gross(quantity, unit_price) - discount
        if left < 0:
            with refused_by("presale_items_discount_within_line"):
                await try_a_line(trial, presale, **values)
            return
        line = await a_line(trial, presale, **values)
        assert (await row(trial, "presale_items", line))["total_price"] == left

    async def test_half_a_cent_is_rounded_up(self, trial: asyncpg.Connection, presale: UUID) -> None:
        line = await a_line(trial, presale, quantity="0.5", unit_price="0.25")
        assert (await row(trial, "presale_items", line))["total_price"] == Decimal("0.13")

    async def test_a_total_price_that_is_sent_is_ignored(self, trial: asyncpg.Connection, presale: UUID) -> None:
        line = await a_line(trial, presale, quantity="2", unit_price="3", total_price="999")
        await trial.execute("UPDATE presale_items SET total_price = 777, id = $2 WHERE id = $1", line, uuid4())
        assert (await row(trial, "presale_items", line))["total_price"] == 6

    @pytest.mark.parametrize("quantity", ["0", "-1", "NaN", "0.0004"])
    async def test_a_quantity_that_is_not_above_zero_is_refused_by_that_name(
        self, trial: asyncpg.Connection, presale: UUID, quantity: str
    ) -> None:
        with refused_by("presale_items_quantity_positive"):
            await a_line(trial, presale, quantity=quantity)

    @pytest.mark.parametrize("price", ["-0.01", "NaN"])
    async def test_a_price_below_zero_is_refused_by_that_name(
        self, trial: asyncpg.Connection, presale: UUID, price: str
    ) -> None:
        with refused_by("presale_items_unit_price_not_negative"):
            await a_line(trial, presale, unit_price=price)

    @pytest.mark.parametrize("discount", ["-0.01", "NaN"])
    async def test_a_discount_below_zero_is_refused_by_that_name(
        self, trial: asyncpg.Connection, presale: UUID, discount: str
    ) -> None:
        with refused_by("presale_items_discount_not_negative"):
            await try_a_line(trial, presale, discount=discount)
        with refused_by("presales_discount_not_negative"):
            await a_presale(trial, discount=discount)

    @pytest.mark.parametrize("column", ["quantity", "unit_price", "discount"])
    async def test_infinity_and_what_the_type_cannot_hold_are_refused(
        self, trial: asyncpg.Connection, presale: UUID, column: str
    ) -> None:
        for value in "Infinity", "-Infinity", "100000000":
            with pytest.raises(asyncpg.NumericValueOutOfRangeError):
                await try_a_line(trial, presale, **{column: value})

    @pytest.mark.parametrize("column", ["presale_id", "product_id", "quantity", "discount"])
    async def test_a_missing_value_is_refused_by_its_own_name(
        self, trial: asyncpg.Connection, presale: UUID, product: UUID, column: str
    ) -> None:
        values: dict[str, Any] = {"presale_id": presale, "product_id": product, "quantity": 1, "discount": 0}
        names = ", ".join(values)
        with pytest.raises(asyncpg.NotNullViolationError) as refusal:
            await trial.execute(
                f"INSERT INTO presale_items ({names}) VALUES ($1, $2, $3, $4)", *(values | {column: None}).values()
            )
        assert refusal.value.column_name == column


class TestUnitPrices:
    @pytest.mark.parametrize("columns", ["", ", unit_price"])
    async def test_a_price_left_out_or_null_is_the_sale_price_of_that_moment(
        self, trial: asyncpg.Connection, presale: UUID, columns: str
    ) -> None:
        product = await a_product(trial, sale_price="12.34")
        sql = f"INSERT INTO presale_items (presale_id, product_id, quantity{columns})"
        values = f"VALUES ($1, $2, 2{', NULL' if columns else ''}) RETURNING id"
        line = await trial.fetchval(f"{sql} {values}", presale, product)
        await trial.execute("UPDATE products SET sale_price = 99 WHERE id = $1", product)
        after = await row(trial, "presale_items", line)
        assert (after["unit_price"], after["total_price"]) == (Decimal("12.34"), Decimal("24.68"))

    async def test_a_price_set_to_null_later_is_the_sale_price_of_that_later_moment(
        self, trial: asyncpg.Connection, presale: UUID
    ) -> None:
        product = await a_product(trial, sale_price="1")
        line = await a_line(trial, presale, product_id=product)
        await trial.execute("UPDATE products SET sale_price = 5 WHERE id = $1", product)
        await trial.execute("UPDATE presale_items SET unit_price = NULL WHERE id = $1", line)
        assert (await row(trial, "presale_items", line))["total_price"] == 5

    async def test_a_price_of_zero_is_a_price(self, trial: asyncpg.Connection, presale: UUID) -> None:
        line = await a_line(trial, presale, unit_price="0")
        assert (await row(trial, "presale_items", line))["unit_price"] == 0

    async def test_another_product_keeps_the_price_of_the_line(self, trial: asyncpg.Connection, presale: UUID) -> None:
        line = await a_line(trial, presale, unit_price="7")
        other = await a_product(trial, sale_price="50")
        await trial.execute("UPDATE presale_items SET product_id = $2 WHERE id = $1", line, other)
        assert (await row(trial, "presale_items", line))["unit_price"] == 7

    async def test_a_product_that_does_not_exist_is_what_is_blamed(
        self, trial: asyncpg.Connection, presale: UUID
    ) -> None:
        with refused_by("presale_items_product_id_fkey"):
            await a_line(trial, presale, product_id=uuid4())

    async def test_a_presale_that_does_not_exist_is_what_is_blamed(
        self, trial: asyncpg.Connection, product: UUID
    ) -> None:
        with refused_by("presale_items_presale_id_fkey"):
            await a_line(trial, uuid4(), product_id=product)
