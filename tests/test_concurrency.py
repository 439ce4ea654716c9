"""Totals, stock and life cycle hold when sixteen connections write at once, however they isolate themselves."""

import asyncio
import random
from decimal import Decimal
from uuid import UUID

import asyncpg
import pytest

from tests.support.builders import a_customer, a_line, a_presale, a_presale_that_is, a_product, row, walk
from tests.support.concurrently import (
    DONE,
    ISOLATIONS,
    Isolation,
    all_at_once,
    connections,
    one_waits_for_the_other,
    persist,
    statement,
)
from tests.support.properties import gross

WRITERS = 16
CHANGES = [
    "INSERT INTO presale_items (presale_id, product_id, quantity) VALUES ('{here}', '{product}', {n})",
    "INSERT INTO presale_items (presale_id, product_id, quantity) "
    "VALUES ('{there}', '{product}', {n}), ('{here}', '{product}', {n})",
    "UPDATE presale_items SET quantity = {n} WHERE presale_id = '{here}'",
    "UPDATE presale_items SET presale_id = '{there}' "
    "WHERE id = (SELECT id FROM presale_items WHERE presale_id = '{here}' ORDER BY random() LIMIT 1)",
    "DELETE FROM presale_items "
    "WHERE id = (SELECT id FROM presale_items WHERE presale_id = '{here}' ORDER BY random() LIMIT 1)",
    "UPDATE presales SET discount = {n} WHERE id = '{here}'",
]
WRITES = [
    "INSERT INTO presale_items (presale_id, product_id, quantity) SELECT presale_id, product_id, 1 FROM presale_items",
    "UPDATE presale_items SET quantity = 9",
    "DELETE FROM presale_items",
]


async def wrong_totals(connection: asyncpg.Connection) -> list[tuple[Decimal, Decimal]]:
    """The total and the discount of each pre-sale whose total is not what is computed here."""
    presales = await connection.fetch(
        "SELECT total, discount, "
        "ARRAY(SELECT quantity FROM presale_items WHERE presale_id = presales.id ORDER BY id), "
        "ARRAY(SELECT unit_price FROM presale_items WHERE presale_id = presales.id ORDER BY id) FROM presales"
    )
    return [
        (total, discount)
        for total, discount, quantities, prices in presales
        if total != max(sum(map(gross, quantities, prices), Decimal(0)) - discount, 0)
    ]


def convert(presale: UUID) -> str:
    return f"UPDATE presales SET status = 'converted' WHERE id = '{presale}'"


async def approved_presales(connection: asyncpg.Connection, products: list[UUID]) -> list[UUID]:
    """One of each product, in this order."""
    draft = "INSERT INTO presales (customer_id) SELECT $1 FROM unnest($2::uuid[]) RETURNING id"
    presales = [id for (id,) in await connection.fetch(draft, await a_customer(connection), products)]
    line = (
        "INSERT INTO presale_items (presale_id, product_id, quantity) SELECT *, 1 FROM unnest($1::uuid[], $2::uuid[])"
    )
    await connection.execute(line, presales, products)
    for status in ("pending", "approved"):
        await connection.execute("UPDATE presales SET status = $2 WHERE id = ANY ($1)", presales, status)
    return presales


@pytest.fixture
async def product(connection: asyncpg.Connection) -> UUID:
    return await a_product(connection, stock=5)


class TestTotals:
    @pytest.mark.parametrize("isolation", ISOLATIONS)
    async def test_sixteen_writers_leave_every_total_right(
        self, database: str, connection: asyncpg.Connection, product: UUID, isolation: Isolation
    ) -> None:
        presales = [await a_presale_that_is(connection, "draft") for _ in range(4)]

        async def write(writer: asyncpg.Connection, seed: int) -> None:
            chance = random.Random(seed)
            for _ in range(12):
                here, there = chance.sample(presales, 2)
                change = chance.choice(CHANGES).format(
                    here=here, there=there, product=product, n=chance.randint(1, 9999) / 1000
                )
                await persist(writer, statement(change), isolation)

        async with connections(database, WRITERS) as writers:
            await asyncio.gather(*(write(writer, seed) for seed, writer in enumerate(writers)))
        assert await connection.fetchval("SELECT count(*) FROM presale_items") > 4
        assert await wrong_totals(connection) == []

    async def test_lines_moved_in_opposite_directions_do_not_meet_in_a_deadlock(
        self, database: str, connection: asyncpg.Connection
    ) -> None:
        drafts = [await a_presale(connection) for _ in range(2)]
        lines = [await a_line(connection, drafts[n % 2], unit_price=n) for n in range(WRITERS)]
        moves = [
            statement(f"UPDATE presale_items SET presale_id = '{drafts[1 - n % 2]}' WHERE id = '{line}'")
            for n, line in enumerate(lines)
        ]
        assert await all_at_once(database, moves, retry=False) == [DONE] * WRITERS
        assert await wrong_totals(connection) == []

    async def test_statements_over_the_same_drafts_in_any_order_do_not_meet_in_a_deadlock(
        self, database: str, connection: asyncpg.Connection, product: UUID
    ) -> None:
        drafts = [await a_presale(connection) for _ in range(6)]
        chance = random.Random(0)
        inserts = [
            "INSERT INTO presale_items (presale_id, product_id, quantity) VALUES "
            + ", ".join(f"('{draft}', '{product}', 1)" for draft in chance.sample(drafts, len(drafts)))
            for _ in range(WRITERS)
        ]
        assert await all_at_once(database, map(statement, inserts), retry=False) == [DONE] * WRITERS
        assert await wrong_totals(connection) == []


class TestConversions:
    async def test_of_many_presales_at_once_never_lock_each_other_out(
        self, database: str, connection: asyncpg.Connection
    ) -> None:
        products = [await a_product(connection, stock=10_000) for _ in range(2)]
        for _ in range(5):
            lists = []
            for order in (products, products[::-1]):
                presales = await approved_presales(connection, [product for product in order for _ in range(20)])
                ids = ", ".join(f"'{presale}'" for presale in presales)
                lists.append(f"UPDATE presales SET status = 'converted' WHERE id IN ({ids})")
            assert await all_at_once(database, [statement(sql) for sql in lists], retry=False) == [DONE, DONE]

    @pytest.mark.parametrize("isolation", ISOLATIONS)
    async def test_simultaneous_conversions_take_what_is_there_and_no_more(
        self, database: str, connection: asyncpg.Connection, product: UUID, isolation: Isolation
    ) -> None:
        presales = [
            await a_presale_that_is(connection, "approved", product_id=product, quantity="0.7") for _ in range(WRITERS)
        ]
        works = [statement(convert(presale)) for presale in presales]
        outcomes = await all_at_once(database, works, isolation=isolation)
        assert sorted(outcomes) == [DONE] * 5 + ["presales_stock"] * 11
        assert (await row(connection, "products", product))["stock"] == 0
        statuses = await connection.fetch("SELECT status, count(*) FROM presales GROUP BY 1 ORDER BY 1")
        assert [tuple(record) for record in statuses] == [("approved", 11), ("converted", 5)]

    @pytest.mark.parametrize("isolation", ISOLATIONS)
    async def test_the_same_presale_converted_sixteen_times_takes_its_stock_once(
        self, database: str, connection: asyncpg.Connection, product: UUID, isolation: Isolation
    ) -> None:
        presale = await a_presale_that_is(connection, "approved", product_id=product, quantity=2)
        works = [statement(convert(presale))] * WRITERS
        assert await all_at_once(database, works, isolation=isolation) == [DONE] * WRITERS
        assert (await row(connection, "products", product))["stock"] == 3

    async def test_conversions_of_the_same_products_in_any_order_do_not_meet_in_a_deadlock(
        self, database: str, connection: asyncpg.Connection
    ) -> None:
        products = [await a_product(connection, stock=WRITERS) for _ in range(6)]
        chance = random.Random(0)
        presales = [await a_presale(connection) for _ in range(WRITERS)]
        for presale in presales:
            for product in chance.sample(products, len(products)):
                await a_line(connection, presale, product_id=product)
            await walk(connection, presale, "pending", "approved")
        works = [statement(convert(presale)) for presale in presales]
        assert await all_at_once(database, works, retry=False) == [DONE] * WRITERS
        assert await connection.fetchval("SELECT sum(stock) FROM products") == 0

    async def test_stock_that_somebody_takes_away_meanwhile_is_missing(
        self, database: str, connection: asyncpg.Connection, product: UUID
    ) -> None:
        presale = await a_presale_that_is(connection, "approved", product_id=product, quantity=5)
        taken = f"UPDATE products SET stock = 4 WHERE id = '{product}'"
        assert await one_waits_for_the_other(database, taken, convert(presale)) == "presales_stock"
        arrived = f"UPDATE products SET stock = 6 WHERE id = '{product}'"
        assert await one_waits_for_the_other(database, arrived, convert(presale)) == DONE
        assert (await row(connection, "products", product))["stock"] == 1

    async def test_a_conversion_and_a_cancellation_exclude_each_other(
        self, database: str, connection: asyncpg.Connection, product: UUID
    ) -> None:
        presale = await a_presale_that_is(connection, "approved", product_id=product)
        cancel = f"UPDATE presales SET status = 'cancelled' WHERE id = '{presale}'"
        assert await one_waits_for_the_other(database, cancel, convert(presale)) == "presales_transition"
        assert (await row(connection, "products", product))["stock"] == 5


class TestSubmission:
    """Whoever comes second sees what the first did, although both began before."""

    @pytest.fixture
    async def presale(self, connection: asyncpg.Connection) -> UUID:
        return await a_presale_that_is(connection, "draft")

    @pytest.fixture
    def submit(self, presale: UUID) -> str:
        return f"UPDATE presales SET status = 'pending' WHERE id = '{presale}'"

    @pytest.mark.parametrize("write", WRITES)
    async def test_a_line_is_not_written_when_its_presale_has_just_been_submitted(
        self, database: str, submit: str, write: str
    ) -> None:
        assert await one_waits_for_the_other(database, submit, write) == "presales_locked"

    @pytest.mark.parametrize("write", WRITES)
    async def test_a_submission_sees_the_line_that_has_just_been_written(
        self, database: str, connection: asyncpg.Connection, submit: str, write: str
    ) -> None:
        expected = "presales_no_items" if write.startswith("DELETE") else DONE
        assert await one_waits_for_the_other(database, write, submit) == expected
        assert await wrong_totals(connection) == []

    async def test_the_discount_and_the_sum_are_looked_at_together(
        self, database: str, presale: UUID, submit: str
    ) -> None:
        discount = f"UPDATE presales SET discount = 11 WHERE id = '{presale}'"
        assert await one_waits_for_the_other(database, discount, submit) == "presales_discount_exceeds_sum"

    async def test_a_presale_is_not_deleted_while_it_is_submitted(
        self, database: str, presale: UUID, submit: str
    ) -> None:
        delete = f"DELETE FROM presales WHERE id = '{presale}'"
        assert await one_waits_for_the_other(database, submit, delete) == "presales_kept"
