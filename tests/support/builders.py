"""Rows for tests, made with plain SQL. Every builder has a default for every column and gives back the row's id."""

from itertools import count
from typing import Any
from uuid import UUID

import asyncpg

from seed.brazil import cpf

# A real argon2id hash (of "flowcrm-demo", at little effort): the database stores nothing else as a password.
PASSWORD_HASH = "$argon2id$v=19$m=64,t=1,p=1$SXK5LXmR9B462Ibon+1EYw$KCFgRkHUnKy32RnX5lNA/CIjnWHEP3utX5XVCB0q42s"
WAYS = {
    "draft": [],
    "pending": ["pending"],
    "approved": ["pending", "approved"],
    "converted": ["pending", "approved", "converted"],
    "cancelled": ["cancelled"],
}
# Or the driver would look up these types on each new connection, which takes longer than to connect.
SENT_AS = {"role": "::text::user_role", "status": "::text::presale_status"}
_serial = count(1)


def nth_cpf(number: int) -> str:
    """A valid CPF, another one for every number below 10^8."""
    return cpf(10**8 + number)


async def insert(connection: asyncpg.Connection, table: str, values: dict[str, Any]) -> UUID:
    places = ", ".join(f"${place}{SENT_AS.get(name, '')}" for place, name in enumerate(values, 1))
    sql = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({places}) RETURNING id"
    created: UUID = await connection.fetchval(sql, *values.values())
    return created


async def a_user(connection: asyncpg.Connection, **values: Any) -> UUID:
    defaults = {
        "email": f"user{next(_serial)}@flowcrm.example",
        "password": PASSWORD_HASH,
        "name": "Ana Souza",
        "role": "employee",
    }
    return await insert(connection, "users", defaults | values)


async def a_session(connection: asyncpg.Connection, user_id: UUID) -> UUID:
    token_hash = f"{next(_serial):064x}"
    sql = "INSERT INTO sessions (token_hash, user_id, expires_at) VALUES ($1, $2, now() + '1 day') RETURNING id"
    created: UUID = await connection.fetchval(sql, token_hash, user_id)
    return created


async def a_customer(connection: asyncpg.Connection, **values: Any) -> UUID:
    defaults = {
        "name": "Maria da Silva",
        "email": "maria@example.com",
        "phone": "+5511987654321",
        "cpf": nth_cpf(next(_serial)),
    }
    return await insert(connection, "customers", defaults | values)


async def a_product(connection: asyncpg.Connection, **values: Any) -> UUID:
    defaults = {
        "code": f"P{next(_serial)}",
        "name": "Café torrado",
        "unit": "un",
        "stock": 100,
        "purchase_price": "6.00",
        "sale_price": "10.00",
        "sale_type": "retail",
    }
    return await insert(connection, "products", defaults | values)


async def a_line(connection: asyncpg.Connection, presale_id: UUID, **values: Any) -> UUID:
    product_id = values.get("product_id") or await a_product(connection)
    defaults = {"presale_id": presale_id, "quantity": "1"}
    return await insert(connection, "presale_items", defaults | values | {"product_id": product_id})


async def a_presale(connection: asyncpg.Connection, **values: Any) -> UUID:
    """A draft without lines, unless the values say otherwise."""
    customer_id = values.get("customer_id") or await a_customer(connection)
    return await insert(connection, "presales", values | {"customer_id": customer_id})


async def a_presale_that_is(connection: asyncpg.Connection, status: str, **line: Any) -> UUID:
    """A pre-sale with one line that came to this status the way a clerk brings it there."""
    presale = await a_presale(connection)
    await a_line(connection, presale, **line)
    await walk(connection, presale, *WAYS[status])
    return presale


async def walk(connection: asyncpg.Connection, presale: UUID, *statuses: str) -> None:
    for status in statuses:
        await connection.execute(f"UPDATE presales SET status = $2{SENT_AS['status']} WHERE id = $1", presale, status)


async def row(connection: asyncpg.Connection, table: str, id: UUID) -> dict[str, Any]:
    [found] = await connection.fetch(f"SELECT * FROM {table} WHERE id = $1", id)
    return dict(found)


async def stock_of(connection: asyncpg.Connection, product: UUID | str) -> int:
    stock: int = await connection.fetchval("SELECT stock FROM products WHERE id = $1", product)
    return stock


async def leftovers(connection: asyncpg.Connection) -> int:
    """Marks of births, of which no transaction leaves any."""
    count: int = await connection.fetchval("SELECT count(*) FROM presale_births")
    return count
