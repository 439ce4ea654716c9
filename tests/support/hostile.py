"""What hostile requests are aimed at."""

from collections.abc import Iterator
from uuid import uuid4

import asyncpg

from tests.support.builders import a_customer, a_line, a_presale, a_product


async def some_rows(connection: asyncpg.Connection) -> dict[str, str]:
    """The id of a row of each resource, by its path; that of a user is nobody's."""
    presale, product = await a_presale(connection), await a_product(connection)
    made = {
        "customers": await a_customer(connection),
        "products": product,
        "presales": presale,
        "presale-items": await a_line(connection, presale, product_id=product),
        "users": uuid4(),
    }
    return {path: str(id) for path, id in made.items()}


def writes(rows: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Every request that takes a body."""
    for path, id in rows.items():
        yield from (("POST", f"/api/{path}/"), ("PUT", f"/api/{path}/{id}/"), ("PATCH", f"/api/{path}/{id}/"))
    yield "PUT", f"/api/presales/{rows['presales']}/items/"
    yield "POST", "/api/auth/password/"
