"""How lists grow: `python -m benchmarks.growth SMALL LARGE`, the addresses of two migrated and filled databases.

Asks the product over HTTP, one worker before each database, and prints what each takes and how the two compare: the
median of 15 answers, small and large in turn. Before each, something changes, so that no total is known from before.
A user with a session is left behind in both.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import asyncpg

from backoffice.api.cursors import cursor_sql, sorted_by
from backoffice.api.query import Parameters
from backoffice.api.resource import Resource
from backoffice.columns import is_text
from benchmarks.contenders import FLOW_CRM, Running, serving
from benchmarks.database import a_session
from crm.resources import CUSTOMERS, PRESALES, PRODUCTS, RESOURCES

TIMES = 15
CHANGE = "SELECT pg_current_xact_id()"  # makes it another snapshot, see backoffice/database/snapshots.py
SEARCHES = (
    (CUSTOMERS, "santana", "a common name"),
    (CUSTOMERS, "beatriz queiroz", "two names"),
    (CUSTOMERS, "529.982", "six digits of a CPF"),
    (CUSTOMERS, "zzz", "what nobody is called"),
    (PRODUCTS, "cafe", "a word"),
    (PRESALES, "1234", "numbers that begin with 1234"),
    (PRESALES, "12", "numbers that begin with 12"),
    (PRESALES, "beatriz queiroz", "a customer by two names"),
)
PARTS = (
    (CUSTOMERS, "name", "contains", "antan"),
    (CUSTOMERS, "name", "contains", "triz que"),
    (CUSTOMERS, "email", "starts", "maria.silva"),
    (CUSTOMERS, "cpf", "ends", "12345"),
    (CUSTOMERS, "address", "starts", "santos"),
    (CUSTOMERS, "address", "contains", "tiradentes, 10"),
    (PRODUCTS, "name", "contains", "zzz"),
    (PRESALES, "notes", "contains", "zzz"),
)
NOBODY_HAS: tuple[tuple[Resource, dict[str, str]], ...] = (
    (CUSTOMERS, {"name": "Fulana", "name__match": "exact"}),
    (CUSTOMERS, {"created_at": "2001-01-01T00:00:00Z", "created_at__operator": "lt"}),
    (PRODUCTS, {"name": "Fulana", "name__match": "exact"}),
    (PRODUCTS, {"sale_price": "77777.77"}),
    (PRODUCTS, {"stock": "77777", "stock__operator": "gt"}),
    (PRESALES, {"discount": "77777.77"}),
    (PRESALES, {"total": "0.01"}),
    (PRESALES, {"customer_id": "00000000-0000-0000-0000-000000000000"}),
    (PRESALES, {"status": "cancelled", "discount": "77777.77"}),
)

Ask = tuple[str, str, dict[str, str]]


def asks() -> Iterator[Ask]:
    """What is asked of both alike: every order, both ways; parts of texts; searches, and what forms pick from."""
    for resource in RESOURCES:
        for name in resource.ordered:
            yield f"{resource.path} by {name}", f"/{resource.path}/", {"__order": name}
            yield f"{resource.path} by {name}, backwards", f"/{resource.path}/", {"__order": f"-{name}"}
    for resource, name, match, part in PARTS:
        asked = {name: part, f"{name}__match": match}
        yield f"{resource.path}: {name} {match} “{part}”", f"/{resource.path}/", asked
    for resource, asked in NOBODY_HAS:
        yield (
            f"{resource.path}: no {' nor '.join(name for name in asked if '__' not in name)}",
            f"/{resource.path}/",
            asked,
        )
    for resource, typed, about in SEARCHES:
        yield f"{resource.path}: search for {about}", f"/{resource.path}/", {"search": typed}
        yield f"{resource.path}: {about}, to pick from", f"/{resource.path}/ids/", {"search": typed, "limit": "15"}


class Side:
    """One of the two databases, and the product that serves it."""

    def __init__(self, running: Running, connection: asyncpg.Connection, token: str) -> None:
        self.connection = connection
        self._http = HTTPConnection("127.0.0.1", running.port)
        self._headers = {"Authorization": f"Bearer {token}"}

    def ask(self, path: str, asked: dict[str, str]) -> Any:
        self._http.request("GET", f"/api{path}?{urlencode(asked)}", headers=self._headers)
        answer = self._http.getresponse()
        body = answer.read()
        assert answer.status == 200, (path, asked, body)
        return json.loads(body)

    def hang_up(self) -> None:
        """The next question connects anew: the server ends connections on which nothing was asked for 5 s."""
        self._http.close()

    async def milliseconds(self, path: str, asked: dict[str, str]) -> float:
        await self.connection.execute(CHANGE)
        begin = time.perf_counter()
        self.ask(path, asked)
        return (time.perf_counter() - begin) * 1000

    async def value_halfway(self, resource: Resource, name: str) -> str | None:
        half = f"SELECT count(*) / 2 FROM {resource.tablename}"
        value = await self.connection.fetchval(
            f'SELECT to_json("{name}") FROM {resource.tablename} ORDER BY id OFFSET ({half}) LIMIT 1'
        )
        return None if value is None or value == "null" else str(json.loads(value))

    async def cursor_halfway(self, resource: Resource) -> str:
        order = Parameters(resource, b"").page().order
        half = f"SELECT count(*) / 2 FROM {resource.tablename}"
        row = f"SELECT * FROM {resource.tablename} ORDER BY {sorted_by(order)} OFFSET ({half}) LIMIT 1"
        return str(await self.connection.fetchval(f"SELECT {cursor_sql(order)} FROM ({row}) AS {resource.tablename}"))


async def compare(small: Side, large: Side) -> None:
    for about, path, asked in asks():
        await _compare(about, small, large, path, asked, asked)
    for resource in RESOURCES:
        for name, column in resource.filtered.items():
            values = [await side.value_halfway(resource, name) for side in (small, large)]
            if None in values:
                continue
            exact = {f"{name}__match": "exact"} if is_text(column) and resource.has_parts(name) else {}
            of_small, of_large = ({name: str(value), **exact} for value in values)
            await _compare(f"{resource.path} of one {name}", small, large, f"/{resource.path}/", of_small, of_large)
        cursors = [{"cursor": await side.cursor_halfway(resource)} for side in (small, large)]
        await _compare(f"{resource.path}, half-way, by cursor", small, large, f"/{resource.path}/", *cursors)


async def _compare(
    about: str, small: Side, large: Side, path: str, of_small: dict[str, str], of_large: dict[str, str]
) -> None:
    taken: tuple[list[float], list[float]] = [], []
    small.hang_up()
    large.hang_up()
    for _ in range(TIMES + 1):
        taken[0].append(await small.milliseconds(path, of_small))
        taken[1].append(await large.milliseconds(path, of_large))
    before, after = (statistics.median(times[1:]) for times in taken)  # the first plans, and fills caches
    sys.stdout.write(f"| {about} | {before:.2f} | {after:.2f} | {after / before:.1f} |\n")


async def main(*addresses: str) -> None:
    sys.stdout.write("| list | small, ms | large, ms | times |\n|---|---:|---:|---:|\n")
    async with AsyncExitStack() as stack:
        sides = []
        for address in addresses:
            connection = await asyncpg.connect(address)
            stack.push_async_callback(connection.close)
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="flowcrm-growth-")))
            running = stack.enter_context(serving(FLOW_CRM, address, folder))
            sides.append(Side(running, connection, await a_session(connection)))
        await compare(*sides)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth")
    parser.add_argument("small", help="the address of the small database")
    parser.add_argument("large", help="that of the large one")
    given = parser.parse_args()
    asyncio.run(main(given.small, given.large))
