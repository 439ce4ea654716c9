"""Ten times the lines take ten times as long, not a hundred times: to write, to read, and to convert."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx

from tests.builders import a_customer, a_product
from tests.conftest import Cast

FEW, MANY = 1_000, 10_000
NO_SQUARE = 3 * MANY / FEW  # a square would take a hundred times as long
TRIES = 2


async def fastest(call: Callable[[], Awaitable[httpx.Response]], status: int) -> tuple[float, Any]:
    """Seconds, and the last answer."""
    taken = []
    for _ in range(TRIES):
        begin = time.perf_counter()
        answer = await call()
        taken.append(time.perf_counter() - begin)
        assert answer.status_code == status, answer.text[:500]
    return min(taken), answer.json()


async def test_ten_thousand_lines_cost_what_ten_times_a_thousand_do(cast: Cast, connection: asyncpg.Connection) -> None:
    customer = str(await a_customer(connection))
    products = [str(await a_product(connection, code=f"P{n}", stock=10**6)) for n in range(50)]

    async def work(size: int) -> dict[str, float]:
        lines = [{"product_id": products[n % 50], "quantity": "1.5", "unit_price": "2.00"} for n in range(size)]
        body = {"customer_id": customer, "items": lines}
        seconds = {}
        seconds["create"], presale = await fastest(lambda: cast.manager.post("/api/presales/", json=body), 201)
        address = f"/api/presales/{presale['id']}/"
        assert (len(presale["items"]), presale["total"]) == (size, f"{3 * size}.00")
        seconds["replace"], _ = await fastest(lambda: cast.manager.put(f"{address}items/", json=lines[::-1]), 200)
        seconds["read"], _ = await fastest(lambda: cast.manager.get(address), 200)
        seconds["submit"], _ = await fastest(lambda: cast.manager.post(f"{address}submit/"), 200)
        assert (await cast.manager.post(f"{address}approve/")).status_code == 200
        assert (await cast.manager.post(f"{address}convert/")).status_code == 200
        return seconds

    few, many = await work(FEW), await work(MANY)
    assert {name: many[name] / few[name] for name in few if many[name] > NO_SQUARE * few[name]} == {}
