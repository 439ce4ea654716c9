"""A pre-sale: its total is right whoever writes, one row or ten thousand at a time."""

from decimal import Decimal
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import a_customer, a_line, a_presale, a_presale_that_is, a_product, row, walk
from tests.support.properties import against_database, gross, small_prices, small_quantities
from tests.support.refusals import refused_by
from tests.support.trail import entries


async def total_of(connection: asyncpg.Connection, presale: UUID) -> Decimal:
    total: Decimal = await connection.fetchval("SELECT total FROM presales WHERE id = $1", presale)
    return total


@pytest.fixture
async def presale(connection: asyncpg.Connection) -> UUID:
    return await a_presale(connection)


@pytest.fixture
async def product(connection: asyncpg.Connection) -> UUID:
    return await a_product(connection)


class TestPresaleTotals:
    @against_database(60)
    @given(
        lines=st.lists(st.tuples(small_quantities, small_prices), max_size=5),
        discount=st.decimals("0", "20000", places=2),
    )
    async def test_a_total_is_the_sum_less_the_discount_and_not_below_zero(
        self,
        connection: asyncpg.Connection,
        product: UUID,
        lines: list[tuple[Decimal, Decimal]],
        discount: Decimal,
    ) -> None:
        presale = await a_presale(connection, discount=discount)
        for quantity, price in lines:
            await a_line(connection, presale, product_id=product, quantity=quantity, unit_price=price)
        expected = sum((gross(*line) for line in lines), Decimal(0)) - discount
        assert await total_of(connection, presale) == max(expected, 0)

    async def test_totals_and_numbers_that_are_sent_are_ignored(self, connection: asyncpg.Connection) -> None:
        presale = await a_presale(connection, total="500", number=7_000_000)
        born = await row(connection, "presales", presale)
        await connection.execute(
            "UPDATE presales SET total = 900, number = 8000000, id = $2 WHERE id = $1", presale, uuid4()
        )
        assert born["total"] == 0
        assert born["number"] < 7_000_000
        assert await row(connection, "presales", presale) == born

    async def test_every_presale_has_a_number_of_its_own(self, connection: asyncpg.Connection) -> None:
        numbers = [(await row(connection, "presales", await a_presale(connection)))["number"] for _ in range(3)]
        assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]

    async def test_a_total_follows_every_change_of_its_lines(
        self, connection: asyncpg.Connection, presale: UUID
    ) -> None:
        line = await a_line(connection, presale, unit_price="10")
        await a_line(connection, presale, unit_price="5")
        assert await total_of(connection, presale) == 15
        await connection.execute("UPDATE presale_items SET quantity = 3 WHERE id = $1", line)
        assert await total_of(connection, presale) == 35
        await connection.execute("UPDATE presale_items SET discount = 1 WHERE presale_id = $1", presale)
        assert await total_of(connection, presale) == 33
        await connection.execute("DELETE FROM presale_items WHERE id = $1", line)
        assert await total_of(connection, presale) == 4

    async def test_a_discount_above_the_sum_shows_zero_until_the_sum_grows(
        self, connection: asyncpg.Connection
    ) -> None:
        presale = await a_presale(connection, discount="8")
        await a_line(connection, presale, unit_price="5")
        assert await total_of(connection, presale) == 0
        line = await a_line(connection, presale, unit_price="5")
        assert await total_of(connection, presale) == 2
        await connection.execute("DELETE FROM presale_items WHERE id = $1", line)
        assert await total_of(connection, presale) == 0
        with refused_by("presales_discount_exceeds_sum"):
            await walk(connection, presale, "pending")

    async def test_a_discount_of_exactly_the_sum_can_be_submitted(self, connection: asyncpg.Connection) -> None:
        presale = await a_presale(connection, discount="10")
        await a_line(connection, presale, unit_price="10")
        await walk(connection, presale, "pending")
        assert await total_of(connection, presale) == 0

    async def test_a_discount_raised_while_submitting_counts(self, connection: asyncpg.Connection) -> None:
        presale = await a_presale_that_is(connection, "draft", unit_price="10")
        with refused_by("presales_discount_exceeds_sum"):
            await connection.execute("UPDATE presales SET discount = 11, status = 'pending' WHERE id = $1", presale)
        await connection.execute("UPDATE presales SET discount = 4, status = 'pending' WHERE id = $1", presale)
        assert await total_of(connection, presale) == 6

    async def test_a_sum_that_the_total_cannot_hold_is_refused_whole(
        self, connection: asyncpg.Connection, presale: UUID
    ) -> None:
        await a_line(connection, presale, unit_price="99999999.99")
        with pytest.raises(asyncpg.NumericValueOutOfRangeError):
            await a_line(connection, presale, unit_price="0.01")
        assert await total_of(connection, presale) == Decimal("99999999.99")

    async def test_a_line_moved_between_drafts_changes_both_totals(
        self, connection: asyncpg.Connection, presale: UUID
    ) -> None:
        other = await a_presale(connection)
        line = await a_line(connection, presale, unit_price="10")
        await a_line(connection, other, unit_price="1")
        await connection.execute("UPDATE presale_items SET presale_id = $2 WHERE id = $1", line, other)
        assert [await total_of(connection, each) for each in (presale, other)] == [0, 11]


class TestManyRowsAtOnce:
    async def test_one_statement_over_many_presales_leaves_each_total_right(
        self, connection: asyncpg.Connection, product: UUID
    ) -> None:
        presales = [await a_presale(connection) for _ in range(5)]
        await connection.execute(
            "INSERT INTO presale_items (presale_id, product_id, quantity, unit_price) "
            "SELECT p.id, $1, n, 2 FROM unnest($2::uuid[]) WITH ORDINALITY AS p (id, n), generate_series(1, 3)",
            product,
            presales,
        )
        assert [await total_of(connection, presale) for presale in presales] == [6, 12, 18, 24, 30]
        await connection.execute(
            "UPDATE presale_items SET unit_price = v.price FROM (VALUES (1.00, 1), (3.00, 2)) AS v (price, quantity) "
            "WHERE presale_items.quantity = v.quantity"
        )
        assert [await total_of(connection, presale) for presale in presales] == [3, 18, 18, 24, 30]

    async def test_copy_computes_prices_and_totals_too(
        self, connection: asyncpg.Connection, presale: UUID, product: UUID
    ) -> None:
        records = [(presale, product, Decimal(n), Decimal("999")) for n in range(1, 101)]
        columns = ["presale_id", "product_id", "quantity", "total_price"]
        await connection.copy_records_to_table("presale_items", records=records, columns=columns)
        assert await total_of(connection, presale) == 50500

    async def test_an_upsert_counts_what_it_inserts_and_what_it_updates(
        self, connection: asyncpg.Connection, presale: UUID, product: UUID
    ) -> None:
        line = await a_line(connection, presale, product_id=product, unit_price="10")
        await connection.execute(
            "INSERT INTO presale_items (id, presale_id, product_id, quantity, unit_price) "
            "VALUES ($1, $2, $3, 1, 20), ($4, $2, $3, 1, 3) "
            "ON CONFLICT (id) DO UPDATE SET unit_price = excluded.unit_price",
            line,
            presale,
            product,
            uuid4(),
        )
        assert await total_of(connection, presale) == 23

    async def test_a_draft_and_its_lines_may_be_born_in_one_statement(
        self, connection: asyncpg.Connection, presale: UUID, product: UUID
    ) -> None:
        created = await connection.fetchval(
            "WITH born AS (INSERT INTO presales (customer_id) SELECT customer_id FROM presales WHERE id = $1 "
            "RETURNING id), lines AS (INSERT INTO presale_items (presale_id, product_id, quantity) "
            "SELECT id, $2, 3 FROM born) SELECT id FROM born",
            presale,
            product,
        )
        assert await total_of(connection, created) == 30

    async def test_a_draft_that_is_born_after_its_lines_in_one_statement_is_written_once(
        self, connection: asyncpg.Connection, product: UUID
    ) -> None:
        presale = uuid4()
        await after_its_lines(connection, BIRTH, presale, product, await a_customer(connection))
        born = await row(connection, "presales", presale)
        assert (born["total"], born["updated_at"]) == (30, born["created_at"])
        assert await entries(connection, "action", row_id=presale) == [("created",)]

    async def test_whatever_comes_in_a_later_statement_changes_it(
        self, connection: asyncpg.Connection, product: UUID
    ) -> None:
        presale = uuid4()
        async with connection.transaction():
            await after_its_lines(connection, BIRTH, presale, product, await a_customer(connection))
            born = await row(connection, "presales", presale)
            await a_line(connection, presale, unit_price=0)
        assert (await row(connection, "presales", presale))["updated_at"] > born["updated_at"]

    async def test_a_statement_that_changes_it_too_slips_no_line_into_what_is_no_draft(
        self, connection: asyncpg.Connection, product: UUID
    ) -> None:
        presale = await a_presale_that_is(connection, "approved")
        customer = (await row(connection, "presales", presale))["customer_id"]
        with refused_by("presales_locked"):
            await after_its_lines(connection, CHANGE, presale, product, customer)


BIRTH = "INSERT INTO presales (id, customer_id) SELECT $1, $3::uuid"
CHANGE = "UPDATE presales SET notes = 'x', customer_id = $3::uuid"


async def after_its_lines(
    connection: asyncpg.Connection, write: str, presale: UUID, product: UUID, customer: UUID
) -> None:
    """Writes a pre-sale in the statement that adds a line to it, and after that."""
    await connection.execute(
        "WITH lines AS (INSERT INTO presale_items (presale_id, product_id, quantity) VALUES ($1, $2, 3) RETURNING id) "
        f"{write} WHERE (SELECT count(*) FROM lines) = 1",
        presale,
        product,
        customer,
    )


class TestAThousandLines:
    async def test_they_cost_ten_times_a_hundred(
        self, connection: asyncpg.Connection, presale: UUID, product: UUID
    ) -> None:
        """What is counted is rows looked at, which does not depend on the machine."""
        small = await rows_looked_at(connection, presale, product, 100)
        large = await rows_looked_at(connection, presale, product, 1_000)
        assert large < 12 * small


async def rows_looked_at(connection: asyncpg.Connection, presale: UUID, product: UUID, lines: int) -> int:
    """What it takes to write, change and delete that many lines of one pre-sale, each in one statement."""
    async with connection.transaction():
        await connection.execute(
            "INSERT INTO presale_items (presale_id, product_id, quantity) "
            "SELECT $1, $2, 1 FROM generate_series(1, $3::integer)",
            presale,
            product,
            lines,
        )
        assert await total_of(connection, presale) == 10 * lines
        await connection.execute("UPDATE presale_items SET quantity = 2 WHERE presale_id = $1", presale)
        assert await total_of(connection, presale) == 20 * lines
        await connection.execute("DELETE FROM presale_items WHERE presale_id = $1", presale)
        assert await total_of(connection, presale) == 0
        looked_at: int = await connection.fetchval(
            "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::integer FROM pg_stat_xact_user_tables"
        )
        return looked_at
