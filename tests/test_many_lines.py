"""A pre-sale of ten thousand lines goes all its way like one of two."""

import asyncpg

from tests.support.builders import a_customer, a_product
from tests.support.cast import Cast

MANY = 10_000


async def test_ten_thousand_lines_are_created_replaced_and_converted(
    cast: Cast, connection: asyncpg.Connection
) -> None:
    products = [str(await a_product(connection, code=f"P{n}", stock=10**6)) for n in range(50)]
    lines = [{"product_id": products[n % 50], "quantity": "1.5", "unit_price": "2.00"} for n in range(MANY)]
    body = {"customer_id": str(await a_customer(connection)), "items": lines}
    created = await cast.manager.post("/api/presales/", json=body)
    assert (created.status_code, len(created.json()["items"]), created.json()["total"]) == (201, MANY, "30000.00")
    address = created.headers["Location"]
    replaced = await cast.manager.put(f"{address}items/", json=lines[::-1])
    assert [item["product_id"] for item in replaced.json()["items"][:2]] == [products[49], products[48]]
    for action in ("submit", "approve", "convert"):
        assert (await cast.manager.post(f"{address}{action}/")).status_code == 200
    left = await connection.fetch("SELECT stock FROM products")
    assert {stock for (stock,) in left} == {10**6 - 300}
