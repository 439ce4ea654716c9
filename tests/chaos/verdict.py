"""The end: does the database hold what was acknowledged, all of it, once, and nothing else?"""

import json
import math
from collections import Counter
from decimal import Decimal
from typing import Any

import asyncpg

from tests.chaos.door import Door
from tests.chaos.presales import PRESALES, presale_as_sent, presale_as_shown
from tests.chaos.shop import Customer, Maybe, Presale, Shop

PRESALES_WITH_LINES = (
    "SELECT *, (SELECT coalesce(jsonb_agg(line ORDER BY id), '[]') FROM presale_items AS line "
    "WHERE presale_id = presales.id) AS items FROM presales"
)

NEVER_THERE = {
    "numbers given twice": "(SELECT FROM presales GROUP BY number HAVING count(*) > 1) AS twice",
    "births under way": "presale_births",
    "keys without an answer": "idempotency_keys WHERE response IS NULL",
    "transactions left open": (
        "pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
    ),
}


class Verdict:
    def __init__(self, shop: Shop, connection: asyncpg.Connection) -> None:
        self.shop, self.connection = shop, connection
        self.differences: list[str] = []

    async def give(self, door: Door) -> list[str]:
        """The differences. In the middle of it everybody who walked away comes back and asks once more."""
        await self.compare_presales()
        for maybe in self.shop.maybes:
            await self.ask_again(door, maybe)
        strangers = await self.compare_presales()
        self.compare("asked for again", set(strangers), {maybe.key for maybe in self.shop.maybes})
        await self.compare_products()
        await self.compare_customers()
        await self.compare_the_rest()
        return self.differences

    def compare(self, what: str, found: Any, noted: Any) -> None:
        if found != noted:
            self.differences.append(f"{what}: the database has {found}, but acknowledged was {noted}")

    async def compare_presales(self) -> Counter[str | None]:
        """How often each that nobody waited for is there, by its key."""
        found = {presale.id: presale for presale in await self.presales()}
        for id, presale in self.shop.presales.items():
            self.compare(f"pre-sale {id}", found.pop(id, None), presale)
        wishes = {maybe.key: maybe.presale for maybe in self.shop.maybes}
        for stranger in found.values():
            wish = wishes.get(stranger.notes or "")
            if not self.shop.matches(stranger, wish, since=-math.inf, until=math.inf):
                self.differences.append(f"nobody was told of {stranger}; sent was {wish}")
        times = Counter(stranger.notes for stranger in found.values())
        self.compare("sent once, there twice", [key for key, number in times.items() if number > 1], [])
        return times

    async def presales(self) -> list[Presale]:
        """Every amount computed again, with Decimal."""
        presales = []
        for row in map(dict, await self.connection.fetch(PRESALES_WITH_LINES)):
            row["items"] = json.loads(row["items"], parse_float=Decimal, parse_int=Decimal)
            try:
                presales.append(presale_as_shown(row))
            except AssertionError as wrong:
                self.differences.append(f"wrong amounts: {wrong}")
        return presales

    async def ask_again(self, door: Door, maybe: Maybe) -> None:
        body = presale_as_sent(maybe.presale)
        answer = await door.insist("POST", PRESALES, body, role="employee", Idempotency_Key=maybe.key)
        self.compare(f"asked again with {maybe.key}", answer.status_code, 201)

    async def compare_products(self) -> None:
        rows = await self.connection.fetch("SELECT id::text, stock, sale_price, description FROM products")
        found = {row["id"]: tuple(row)[1:] for row in rows}
        for id, product in self.shop.products.items():
            noted = (self.shop.stock(id), product.prices[-1].amount, product.description)
            self.compare(f"product {id}", found.get(id), noted)
        self.compare("products", set(found), set(self.shop.products))

    async def compare_customers(self) -> None:
        rows = await self.connection.fetch("SELECT name, cpf, address, id::text FROM customers")
        found = {row["id"]: Customer(*row) for row in rows}
        for id, customer in self.shop.customers.items():
            self.compare(f"customer {id}", found.get(id), customer)
        self.compare("customers", set(found), set(self.shop.customers))

    async def compare_the_rest(self) -> None:
        for what, there in NEVER_THERE.items():
            self.compare(what, await self.connection.fetchval(f"SELECT count(*) FROM {there}"), 0)
