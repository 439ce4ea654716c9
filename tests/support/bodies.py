"""What creates a row, and its creation over REST."""

from typing import Any

import asyncpg
import httpx

from tests.support.builders import a_customer, a_product

CUSTOMER = {"name": "Maria", "email": "maria@example.com", "phone": "(11) 98765-4321", "cpf": "529.982.247-25"}
PRODUCT = {
    "code": "C-1",
    "name": "Caneta",
    "unit": "un",
    "purchase_price": "1.10",
    "sale_price": 2.5,
    "sale_type": "retail",
}
USER = {"email": "Nova@Example.com", "password": "long enough", "name": "Nova", "role": "manager"}
BODIES: dict[str, dict[str, Any]] = {"customers": CUSTOMER, "products": PRODUCT, "users": USER}
PATHS = ("customers", "products", "presales", "presale-items", "users")


async def create(client: httpx.AsyncClient, path: str, body: Any) -> httpx.Response:
    answer = await client.post(f"/api/{path}/", json=body)
    assert answer.status_code == 201, answer.text
    return answer


async def a_body(connection: asyncpg.Connection, *, stock: int = 10, quantity: str = "2") -> dict[str, Any]:
    """Of a pre-sale with one line, whose customer and product are there."""
    product = await a_product(connection, stock=stock, sale_price=5)
    return {
        "customer_id": str(await a_customer(connection)),
        "items": [{"product_id": str(product), "quantity": quantity}],
    }
