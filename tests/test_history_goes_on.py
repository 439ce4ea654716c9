"""A pre-sale that was loaded as history lives on by the rules, like any other."""

from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from tests.support.builders import a_line, a_presale, a_product, leftovers, row, walk
from tests.support.refusals import refused_by

LONG_AGO = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
async def product(connection: asyncpg.Connection) -> UUID:
    return await a_product(connection, stock=10)


class TestAfterBirth:
    async def test_history_goes_on_living_by_the_rules(self, connection: asyncpg.Connection, product: UUID) -> None:
        async with connection.transaction():
            presale = await a_presale(connection, status="approved")
            await a_line(connection, presale, product_id=product, quantity=4)
        with refused_by("presales_transition"):
            await walk(connection, presale, "draft")
        await walk(connection, presale, "converted")
        assert (await row(connection, "products", product))["stock"] == 6

    async def test_a_conversion_takes_the_stock_also_in_the_transaction_of_birth(
        self, connection: asyncpg.Connection, product: UUID
    ) -> None:
        async with connection.transaction():
            presale = await a_presale(connection, status="approved")
            await a_line(connection, presale, product_id=product, quantity=4)
            await walk(connection, presale, "converted")
        assert (await row(connection, "products", product))["stock"] == 6

    @pytest.mark.parametrize("status", ["pending", "approved", "converted"])
    async def test_a_discount_above_the_sum_is_refused_at_the_end(
        self, connection: asyncpg.Connection, status: str
    ) -> None:
        transaction = connection.transaction()
        await transaction.start()
        presale = await a_presale(connection, status=status, discount="11")
        await a_line(connection, presale)
        with refused_by("presales_discount_exceeds_sum"):
            await transaction.commit()
        assert await connection.fetchval("SELECT count(*) FROM presales") == 0

    async def test_a_cancelled_or_reopened_one_may_keep_a_discount_above_its_sum(
        self, connection: asyncpg.Connection
    ) -> None:
        async with connection.transaction():
            await a_presale(connection, status="cancelled", discount="11")
            reopened = await a_presale(connection, status="pending", discount="11")
            await walk(connection, reopened, "draft")
        assert await connection.fetchval("SELECT count(*) FROM presales WHERE total = 0") == 2

    async def test_one_that_is_deleted_again_leaves_nothing(self, connection: asyncpg.Connection) -> None:
        async with connection.transaction():
            presale = await a_presale(connection, status="cancelled", discount="3")
            await a_line(connection, presale)
            await connection.execute("DELETE FROM presales WHERE id = $1", presale)
        assert await leftovers(connection) == 0
        assert await connection.fetchval("SELECT count(*) FROM presale_items") == 0

    async def test_one_that_is_deleted_may_be_born_again_at_once(self, connection: asyncpg.Connection) -> None:
        async with connection.transaction():
            presale = await a_presale(connection, status="cancelled")
            await connection.execute("DELETE FROM presales WHERE id = $1", presale)
            await a_presale(connection, id=presale, status="converted")
            await a_line(connection, presale)
        assert (await row(connection, "presales", presale))["total"] == 10
        assert await leftovers(connection) == 0

    async def test_a_draft_born_again_is_no_history(self, connection: asyncpg.Connection, product: UUID) -> None:
        for gone in "DELETE FROM presales WHERE id = $1", "TRUNCATE presales, presale_items":
            transaction = connection.transaction()
            await transaction.start()
            presale = await a_presale(connection, status="cancelled")
            await connection.execute(gone, *([presale] if "$1" in gone else []))
            await a_presale(connection, id=presale)
            await a_line(connection, presale, product_id=product, quantity=3)
            await walk(connection, presale, "pending", "approved", "converted")
            with refused_by("presales_locked"):
                await connection.execute("UPDATE presale_items SET quantity = 5 WHERE presale_id = $1", presale)
            await transaction.rollback()

    @pytest.mark.parametrize(
        ("born", "moves"),
        [
            ("approved", ["converted"]),
            ("approved", ["cancelled"]),
            ("pending", ["approved"]),
            ("pending", ["draft", "pending"]),
        ],
        ids=str,
    )
    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE presale_items SET quantity = 5",
            "DELETE FROM presale_items",
            "INSERT INTO presale_items (presale_id, product_id, quantity) "
            "SELECT presale_id, product_id, 1 FROM presale_items",
        ],
        ids=lambda change: change.split()[0],
    )
    async def test_from_its_first_move_on_it_is_like_any_other(
        self, connection: asyncpg.Connection, product: UUID, born: str, moves: list[str], change: str
    ) -> None:
        transaction = connection.transaction()
        await transaction.start()
        presale = await a_presale(connection, status=born, created_at=LONG_AGO, updated_at=LONG_AGO)
        await a_line(connection, presale, product_id=product, quantity=4)
        await walk(connection, presale, *moves)
        moved = await row(connection, "presales", presale)
        assert (moved["created_at"], moved["updated_at"] > LONG_AGO) == (LONG_AGO, True)
        with refused_by("presales_locked"):
            await connection.execute(change)
        await transaction.rollback()
