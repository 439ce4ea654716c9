"""How lists grow: `python -m benchmarks.growth SMALL LARGE`, the addresses of two migrated and filled databases.

Runs the product's own statements on both, without HTTP, and prints what each takes and how the two compare.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlencode

from backoffice.api.conditions import Condition
from backoffice.api.cursors import cursor_sql, sorted_by
from backoffice.api.lists import Rows
from backoffice.api.page import Page
from backoffice.api.query import Parameters
from backoffice.api.resource import Resource
from backoffice.api.selects import columns_of
from backoffice.api.totals import UNKNOWN, Known, Totals
from backoffice.columns import is_text
from backoffice.database.engine import Engine
from backoffice.settings import Settings
from crm.resources import CUSTOMERS, PRESALES, PRODUCTS, RESOURCES

TIMES = 15
SEARCHES = (
    (CUSTOMERS, "santana", "a common name"),
    (CUSTOMERS, "beatriz queiroz", "two words"),
    (CUSTOMERS, "529.982", "digits of a CPF"),
    (CUSTOMERS, "zzz", "nothing"),
    (PRODUCTS, "cafe", "a word"),
    (PRESALES, "1234", "a number"),
    (PRESALES, "12", "a short number"),
    (PRESALES, "beatriz queiroz", "a customer"),
)
PARTS = (
    (CUSTOMERS, "name", "contains", "antan"),
    (CUSTOMERS, "name", "contains", "triz que"),
    (CUSTOMERS, "email", "starts", "maria.silva"),
    (CUSTOMERS, "cpf", "ends", "12345"),
    (CUSTOMERS, "address", "contains", "tiradentes, 10"),
    (PRODUCTS, "name", "contains", "zzz"),
    (PRESALES, "notes", "contains", "zzz"),
)

Ask = tuple[str, Resource, dict[str, str]]


def asks() -> Iterator[Ask]:
    """What the lists offer: every order, both ways; every exact filter; parts of texts; searches."""
    for resource in RESOURCES:
        for name, column in columns_of(resource.table).items():
            if column._meta.null and is_text(column):
                continue
            for sign in "", "-":
                yield f"{resource.path} by {sign}{name}", resource, {"__order": f"{sign}{name}"}
    for resource, name, match, part in PARTS:
        yield f"{resource.path}: {name} {match} {part}", resource, {name: part, f"{name}__match": match}
    for resource, typed, about in SEARCHES:
        yield f"{resource.path}: search for {about}", resource, {"search": typed}


class Forgetful(Totals):
    """As if something had changed since the last time."""

    def recall(self, where: Condition | None) -> Known:
        return UNKNOWN


class Side:
    """One of the two databases."""

    def __init__(self, address: str) -> None:
        self.engine = Engine(Settings(database_url=address))
        self.lists = {resource.path: Rows(resource.table, _page(resource, {}).order) for resource in RESOURCES}
        for rows in self.lists.values():
            rows.totals = Forgetful(rows.totals.tablename)

    async def milliseconds(self, resource: Resource, asked: dict[str, str]) -> float:
        page, taken = _page(resource, asked), []
        for _ in range(TIMES):
            begin = time.perf_counter()
            await self.lists[resource.path].body(self.engine, page, self.engine.fetch_value)
            taken.append(time.perf_counter() - begin)
        return statistics.median(taken) * 1000

    async def deep(self, resource: Resource) -> dict[str, str]:
        """The cursor half-way through the list."""
        rows = self.lists[resource.path]
        order, half = rows.order, (await rows.count(self.engine, None)).rows // 2
        row = f"SELECT * FROM {resource.tablename} ORDER BY {sorted_by(order)} LIMIT 1 OFFSET {half}"
        sql = f"SELECT {cursor_sql(order)} FROM ({row}) AS {resource.tablename}"
        return {"cursor": await self.engine.fetch_value(sql)}


def _page(resource: Resource, asked: dict[str, str]) -> Page:
    return Parameters(resource, urlencode(asked).encode()).page()


async def compare(small: Side, large: Side) -> None:
    for name, resource, asked in asks():
        _print(name, await small.milliseconds(resource, asked), await large.milliseconds(resource, asked))
    for resource in RESOURCES:
        before = await small.milliseconds(resource, await small.deep(resource))
        _print(
            f"{resource.path}: half-way, by cursor",
            before,
            await large.milliseconds(resource, await large.deep(resource)),
        )


def _print(name: str, small: float, large: float) -> None:
    sys.stdout.write(f"| {name} | {small:.2f} | {large:.2f} | {large / small:.1f} |\n")


async def main(*addresses: str) -> None:
    small, large = map(Side, addresses)
    for side in small, large:
        await side.engine.open_pool()
    sys.stdout.write("| list | small, ms | large, ms | times |\n|---|---:|---:|---:|\n")
    await compare(small, large)
    for side in small, large:
        await side.engine.close_pool()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
