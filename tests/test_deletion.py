"""What may be deleted, and what something else still needs."""

import asyncpg
import pytest

from tests.support.builders import a_customer, a_line, a_presale, a_presale_that_is, a_product, row
from tests.support.refusals import refused_by


class TestDeletion:
    @pytest.mark.parametrize("status", ["draft", "cancelled"])
    async def test_a_draft_or_cancelled_presale_goes_with_its_lines(
        self, connection: asyncpg.Connection, status: str
    ) -> None:
        presale = await a_presale_that_is(connection, status)
        await connection.execute("DELETE FROM presales WHERE id = $1", presale)
        assert await connection.fetchval("SELECT count(*) FROM presale_items") == 0

    @pytest.mark.parametrize("status", ["pending", "approved", "converted"])
    async def test_any_other_presale_stays(self, connection: asyncpg.Connection, status: str) -> None:
        presale = await a_presale_that_is(connection, status)
        with refused_by("presales_kept"):
            await connection.execute("DELETE FROM presales WHERE id = $1", presale)

    async def test_a_customer_with_a_presale_stays(self, connection: asyncpg.Connection) -> None:
        customer = await a_customer(connection)
        presale = await a_presale(connection, customer_id=customer)
        with refused_by("presales_customer_id_fkey"):
            await connection.execute("DELETE FROM customers WHERE id = $1", customer)
        await connection.execute("DELETE FROM presales WHERE id = $1", presale)
        await connection.execute("DELETE FROM customers WHERE id = $1", customer)

    async def test_a_product_in_a_line_stays(self, connection: asyncpg.Connection) -> None:
        product = await a_product(connection)
        presale = await a_presale(connection)
        line = await a_line(connection, presale, product_id=product)
        with refused_by("presale_items_product_id_fkey"):
            await connection.execute("DELETE FROM products WHERE id = $1", product)
        await connection.execute("DELETE FROM presale_items WHERE id = $1", line)
        await connection.execute("DELETE FROM products WHERE id = $1", product)

    @pytest.mark.parametrize("status", ["pending", "approved", "converted"])
    async def test_truncate_is_no_way_round(self, connection: asyncpg.Connection, status: str) -> None:
        await a_presale_that_is(connection, status)
        for tables in "presales", "customers", "presales, presale_items":
            with refused_by("presales_kept"):
                await connection.execute(f"TRUNCATE {tables} CASCADE")

    async def test_lines_are_not_truncated_without_their_presales(self, connection: asyncpg.Connection) -> None:
        presale = await a_presale_that_is(connection, "draft")
        with refused_by("presales_locked"):
            await connection.execute("TRUNCATE presale_items")
        assert (await row(connection, "presales", presale))["total"] == 10
        await connection.execute("TRUNCATE presales CASCADE")
        assert await connection.fetchval("SELECT count(*) FROM presale_items") == 0
