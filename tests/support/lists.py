"""Lists as tests ask for them."""

from collections.abc import Iterable
from typing import Any

import asyncpg
import httpx

from tests.support.builders import a_product


async def rows(client: httpx.AsyncClient, path: str, **parameters: Any) -> list[dict[str, Any]]:
    answer = await client.get(f"/api/{path}/", params=parameters)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body.keys() == {"rows", "total", "limit", "offset"}
    found: list[dict[str, Any]] = body["rows"]
    return found


async def names(client: httpx.AsyncClient, path: str, column: str = "name", **parameters: Any) -> list[Any]:
    return [row[column] for row in await rows(client, path, **parameters)]


async def some_products(connection: asyncpg.Connection, **values: Iterable[Any]) -> None:
    """One product for each value."""
    for row in zip(*values.values(), strict=True):
        await a_product(connection, **dict(zip(values, row, strict=True)))
