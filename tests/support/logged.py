"""A request that goes well after one that ends in an error that nobody foresaw, and what a log tells of them."""

import asyncpg
import httpx

from tests.support.bodies import PRODUCT

NOBODY = "00000000-0000-4000-8000-000000000000"
SECRET = "s3cret"


async def asked(client: httpx.AsyncClient, connection: asyncpg.Connection) -> str:
    """The id of the one that goes well: for a customer who is not there."""
    await connection.execute("ALTER TABLE products RENAME COLUMN unit TO measure")
    failed = await client.post("/api/products/", json=PRODUCT | {"name": SECRET})
    await connection.execute("ALTER TABLE products RENAME COLUMN measure TO unit")
    assert (failed.status_code, failed.json()["code"]) == (500, "internal_error")
    answer = await client.get(f"/api/customers/{NOBODY}/", headers={"X-Request-ID": "abc-123"})
    return answer.headers["X-Request-ID"]


def tells_nothing_that_was_typed(log: str, token: str) -> bool:
    """Nor what opens a session, though it tells what went wrong."""
    return "UndefinedColumnError" in log and SECRET not in log and token not in log
