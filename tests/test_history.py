"""The transaction that creates a pre-sale may load it as history, in any status."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.support.builders import a_line, a_presale, a_presale_that_is, a_product, leftovers, row
from tests.support.refusals import refused_by

PAST_DRAFT = ("pending", "approved", "cancelled", "converted")
LONG_AGO = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
async def product(connection: asyncpg.Connection) -> UUID:
    return await a_product(connection, stock=10)


@pytest.mark.parametrize("status", PAST_DRAFT)
async def test_history_comes_in_any_status_with_its_lines_and_leaves_the_stock_alone(
    connection: asyncpg.Connection, product: UUID, status: str
) -> None:
    async with connection.transaction():
        presale = await a_presale(connection, status=status, discount="5", created_at=LONG_AGO, updated_at=LONG_AGO)
        await a_line(connection, presale, product_id=product, quantity=3)
    born = await row(connection, "presales", presale)
    assert (born["status"], born["total"]) == (status, 25)
    assert (born["created_at"], born["updated_at"]) == (LONG_AGO, LONG_AGO)
    assert (await row(connection, "products", product))["stock"] == 10
    assert await leftovers(connection) == 0


async def test_lines_of_history_may_be_corrected_while_it_is_loaded(
    connection: asyncpg.Connection, product: UUID
) -> None:
    async with connection.transaction():
        presale = await a_presale(connection, status="converted")
        line = await a_line(connection, presale, product_id=product)
        await a_line(connection, presale, product_id=product, quantity=5)
        await connection.execute("UPDATE presale_items SET quantity = 7 WHERE id = $1", line)
        await connection.execute("DELETE FROM presale_items WHERE quantity = 5")
    assert (await row(connection, "presales", presale))["total"] == 70


async def test_history_is_frozen_when_its_transaction_has_ended(connection: asyncpg.Connection) -> None:
    async with connection.transaction():
        presale = await a_presale(connection, status="converted")
        line = await a_line(connection, presale)
    with refused_by("presales_locked"):
        await a_line(connection, presale)
    with refused_by("presales_locked"):
        await connection.execute("DELETE FROM presale_items WHERE id = $1", line)
    with refused_by("presales_kept"):
        await connection.execute("DELETE FROM presales WHERE id = $1", presale)


async def test_a_presale_born_by_itself_gets_no_lines_later(connection: asyncpg.Connection) -> None:
    presale = await a_presale(connection, status="approved")
    with refused_by("presales_locked"):
        await a_line(connection, presale)


async def test_history_may_be_loaded_in_one_statement(connection: asyncpg.Connection, product: UUID) -> None:
    donor = await a_presale(connection)
    presale = uuid4()
    await connection.execute(
        "WITH born AS (INSERT INTO presales (id, customer_id, status) SELECT $1, customer_id, 'converted' "
        "FROM presales WHERE id = $2 RETURNING id) "
        "INSERT INTO presale_items (presale_id, product_id, quantity) SELECT id, $3, 2 FROM born",
        presale,
        donor,
        product,
    )
    assert (await row(connection, "presales", presale))["total"] == 20


async def test_history_may_be_copied(connection: asyncpg.Connection, product: UUID) -> None:
    customer = (await row(connection, "presales", await a_presale(connection)))["customer_id"]
    presales = [(uuid4(), customer, status) for status in PAST_DRAFT * 25]
    lines = [(presale[0], product, Decimal(2)) for presale in presales]
    async with connection.transaction():
        await connection.copy_records_to_table("presales", records=presales, columns=["id", "customer_id", "status"])
        await connection.copy_records_to_table(
            "presale_items", records=lines, columns=["presale_id", "product_id", "quantity"]
        )
    assert await connection.fetchval("SELECT count(*) FROM presales WHERE total = 20") == 100


class TestSubtransactions:
    async def test_history_may_be_loaded_behind_a_savepoint(self, connection: asyncpg.Connection) -> None:
        async with connection.transaction():
            async with connection.transaction():
                presale = await a_presale(connection, status="converted")
            async with connection.transaction():
                await a_line(connection, presale)
        assert (await row(connection, "presales", presale))["total"] == 10

    async def test_a_savepoint_rolled_back_takes_the_mark_along(
        self, connection: asyncpg.Connection, product: UUID
    ) -> None:
        presale = await a_presale_that_is(connection, "draft")
        savepoint = connection.transaction()
        async with connection.transaction():
            await savepoint.start()
            await a_presale(connection, status="converted")
            await savepoint.rollback()
            assert await leftovers(connection) == 0
            await a_line(connection, presale, product_id=product)
        assert (await row(connection, "presales", presale))["total"] == 20

    async def test_history_may_be_loaded_by_a_block_that_handles_exceptions(
        self, connection: asyncpg.Connection, product: UUID
    ) -> None:
        await a_presale(connection)
        await connection.execute(
            f"""
            DO $$
            DECLARE
                presale uuid;
            BEGIN
                FOR i IN 1..3 LOOP
                    BEGIN
                        INSERT INTO presales (customer_id, status) SELECT id, 'converted' FROM customers
                        RETURNING id INTO presale;
                        INSERT INTO presale_items (presale_id, product_id, quantity) VALUES (presale, '{product}', i);
                        IF i = 2 THEN
                            RAISE division_by_zero;
                        END IF;
                    EXCEPTION WHEN division_by_zero THEN NULL;
                    END;
                END LOOP;
            END;
            $$
            """
        )
        totals = await connection.fetch("SELECT total FROM presales WHERE status = 'converted' ORDER BY 1")
        assert [record["total"] for record in totals] == [10, 30]
        assert await leftovers(connection) == 0


class TestNoWayIn:
    """A mark opens a finished pre-sale, so nobody makes one for a pre-sale that is there already."""

    async def test_no_mark_can_be_made_by_hand(self, connection: asyncpg.Connection) -> None:
        presale = await a_presale_that_is(connection, "converted")
        with refused_by("presales_locked"):
            await connection.execute("INSERT INTO presale_births (id) VALUES ($1)", presale)
        with refused_by("presales_locked"):
            await connection.copy_records_to_table("presale_births", records=[(presale,)], columns=["id"])

    async def test_no_mark_can_be_moved_to_another_presale(self, connection: asyncpg.Connection) -> None:
        presale = await a_presale_that_is(connection, "converted")
        async with connection.transaction():
            await a_presale(connection, status="converted")
            with refused_by("presales_locked"):
                async with connection.transaction():
                    await connection.execute("UPDATE presale_births SET id = $1", presale)

    async def test_an_upsert_of_a_presale_that_exists_is_no_birth(
        self, connection: asyncpg.Connection, product: UUID
    ) -> None:
        presale = await a_presale_that_is(connection, "converted", product_id=product)
        async with connection.transaction():
            await connection.execute(
                "INSERT INTO presales SELECT * FROM presales ON CONFLICT (id) DO UPDATE SET notes = NULL"
            )
            with refused_by("presales_locked"):
                await a_line(connection, presale, product_id=product)

    async def test_the_history_of_one_transaction_is_closed_to_another(
        self, connection: asyncpg.Connection, database: str, product: UUID
    ) -> None:
        other = await asyncpg.connect(database)
        async with connection.transaction():
            presale = await a_presale(connection, status="converted")
            with refused_by("presale_items_presale_id_fkey"):
                await a_line(other, presale, product_id=product)
        await other.close()

    @pytest.mark.parametrize("moment", ["before", "after"])
    async def test_constraints_set_immediate_end_the_birth_and_open_nothing(
        self, connection: asyncpg.Connection, moment: str
    ) -> None:
        transaction = connection.transaction()
        await transaction.start()
        if moment == "before":
            await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        presale = await a_presale(connection, status="converted")
        await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert await leftovers(connection) == 0
        with refused_by("presales_locked"):
            await a_line(connection, presale)
        await transaction.rollback()
