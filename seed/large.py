"""Any number of customers, products and pre-sales, at the speed of COPY.

Only what is missing is written, a portion at a time: an interrupted run carries on where it stopped, a larger one
adds to a smaller one, and what clerks changed in between stays as it is.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import asyncpg
from piccolo.table import Table

from crm.tables import Customer, Presale, PresaleItem, Product
from seed import records
from seed.brazil import MAX_NUMBER

ROWS_AT_ONCE = 5_000
SEED_LOCK = 4_610_120  # any number, the same in every process: see pg_advisory_lock

Write = Callable[[asyncpg.Connection, list[int]], Awaitable[None]]
Advance = Callable[[type[Table], int], None]


class SeedRefused(Exception):
    """The data set cannot be made; the text is one line for the operator."""


@dataclass(frozen=True, kw_only=True)
class Amounts:
    customers: int = 0
    products: int = 0
    presales: int = 0


async def fill(connections: Sequence[asyncpg.Connection], amounts: Amounts, advance: Advance) -> dict[type[Table], int]:
    """Makes sure that rows 1 to the amounts exist, and returns how many it added to each table.

    :param connections: without time limits; after an error, close them. Rows whose order does not matter are written
        over all of them in parallel.
    :param advance: called with a table and the number of its rows that are known to exist now.
    """
    connection = connections[0]
    await connection.execute("SELECT pg_advisory_lock($1)", SEED_LOCK)
    added = await _Filling(connections, amounts, advance).run()
    if any(added.values()):
        await connection.execute("VACUUM (ANALYZE) customers, products, presales, presale_items")
        await connection.execute("ANALYZE audit_trail")  # in which each of these rows left an entry
    await connection.execute("SELECT pg_advisory_unlock($1)", SEED_LOCK)
    return added


class _Filling:
    def __init__(self, connections: Sequence[asyncpg.Connection], amounts: Amounts, advance: Advance) -> None:
        self.connections = connections
        self.connection = connections[0]
        self.amounts = amounts
        self.advance = advance
        self.customers = amounts.customers
        self.products = amounts.products

    async def run(self) -> dict[type[Table], int]:
        if self.amounts.presales:  # checked before anything is written
            self.customers = self.customers or await self._made_earlier(Customer)
            self.products = self.products or await self._made_earlier(Product)
        added = {
            Customer: await self._add_missing(Customer, self.amounts.customers, self._write_customers),
            Product: await self._add_missing(Product, self.amounts.products, self._write_products),
            Presale: 0,
        }
        if self.amounts.presales:
            # One after the other: the database numbers them as they come.
            added[Presale] = await self._add(Presale, _portions(self.amounts.presales), self._write_presales)
        return added

    async def _add_missing(self, table: type[Table], amount: int, write: Write) -> int:
        portions = _portions(amount)  # shared: each connection takes the next one when it is done
        try:
            async with asyncio.TaskGroup() as group:
                adding = [
                    group.create_task(self._add(table, portions, write, connection)) for connection in self.connections
                ]
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return sum(task.result() for task in adding)

    async def _add(
        self, table: type[Table], portions: Iterator[range], write: Write, connection: asyncpg.Connection | None = None
    ) -> int:
        connection, added = connection or self.connection, 0
        for numbers in portions:
            if missing := await self._missing(connection, table, numbers):
                await write(connection, missing)
            added += len(missing)
            self.advance(table, len(numbers))
        return added

    async def _missing(self, connection: asyncpg.Connection, table: type[Table], numbers: range) -> list[int]:
        found = await connection.fetch(
            f"SELECT id FROM {table._meta.tablename} WHERE id BETWEEN $1 AND $2",
            records.id_of(table, numbers[0]),
            records.id_of(table, numbers[-1]),
        )
        there = {records.number_of(row["id"]) for row in found}
        return [number for number in numbers if number not in there]

    async def _made_earlier(self, table: type[Table]) -> int:
        """The number of rows that an earlier run made.

        :raises SeedRefused: when there are none, or some were deleted.
        """
        name = table._meta.tablename
        [(count, last)] = await self.connection.fetch(
            f"SELECT count(*), (array_agg(id ORDER BY id DESC))[1] FROM {name} WHERE id BETWEEN $1 AND $2",
            records.id_of(table, 1),
            records.id_of(table, MAX_NUMBER),
        )
        if not count:
            raise SeedRefused(f"Pre-sales need generated {name} too: add --{name} with a number.")
        if (number := records.number_of(last)) != count:
            raise SeedRefused(f"Generated {name} were deleted: add --{name} {number} to bring them back.")
        return int(count)

    async def _write_customers(self, connection: asyncpg.Connection, numbers: list[int]) -> None:
        await _copy(connection, Customer, records.CUSTOMER_COLUMNS, map(records.customer, numbers))

    async def _write_products(self, connection: asyncpg.Connection, numbers: list[int]) -> None:
        await _copy(connection, Product, records.PRODUCT_COLUMNS, map(records.product, numbers))

    async def _write_presales(self, connection: asyncpg.Connection, numbers: list[int]) -> None:
        made = [
            records.presale(number, of=self.amounts.presales, customers=self.customers, products=self.products)
            for number in numbers
        ]
        items = [item for _, items in made for item in items]
        # Past draft, a pre-sale takes its lines only in the transaction that creates it.
        async with connection.transaction():
            await _copy(connection, Presale, records.PRESALE_COLUMNS, [record for record, _ in made])
            await _copy(connection, PresaleItem, records.ITEM_COLUMNS, items)


async def _copy(
    connection: asyncpg.Connection, table: type[Table], columns: tuple[str, ...], rows: Iterable[records.Record]
) -> None:
    await connection.copy_records_to_table(table._meta.tablename, columns=columns, records=rows)


def _portions(amount: int) -> Iterator[range]:
    for first in range(1, amount + 1, ROWS_AT_ONCE):
        yield range(first, min(first + ROWS_AT_ONCE, amount + 1))
