"""The floor: bare ASGI and asyncpg, returning JSON that PostgreSQL built. No log-in, no checks, nothing but the work.

What a Python program can hardly undercut while it asks PostgreSQL; not something to put on a network.
"""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import asyncpg

CONNECTIONS = 20

CUSTOMER = "id, name, email, phone, cpf, address, created_at, updated_at"
PRODUCT = (
    "id, code, name, unit, description, stock, purchase_price::text, sale_price::text, sale_type, "
    "created_at, updated_at"
)
PRESALE = "id, number, customer_id, status, total::text, discount::text, notes, created_at, updated_at"
ITEM = "id, presale_id, product_id, quantity::text, unit_price::text, total_price::text, discount::text"
MATCHES = "search_beginnings(customer_words(name, email, cpf, phone)) @@ (SELECT search_beginnings_query($3))"
PAGE = """
SELECT json_build_object(
    'rows', coalesce((SELECT json_agg(page) FROM (
        SELECT {columns} FROM {table} WHERE {where} ORDER BY created_at DESC, id LIMIT $1 OFFSET $2
    ) AS page), '[]'),
    'total', (SELECT count(*) FROM {table} WHERE {where})
)::text
"""
LIST = PAGE.format(columns=CUSTOMER, table="customers", where="true")
SEARCH = PAGE.format(columns=CUSTOMER, table="customers", where=MATCHES)
FILTER = PAGE.format(columns=PRESALE, table="presales", where="status = $3")
ONE_PRODUCT = f"SELECT row_to_json(product)::text FROM (SELECT {PRODUCT} FROM products WHERE id = $1) AS product"
ONE_PRESALE = f"""
SELECT row_to_json(presale)::text FROM (
    SELECT {PRESALE}, (
        SELECT json_agg(item ORDER BY id) FROM (SELECT {ITEM} FROM presale_items WHERE presale_id = $1) AS item
    ) AS items
    FROM presales WHERE id = $1
) AS presale
"""
# The lines first, so that the pre-sale sums them up at birth; called as the tables are, which do not show them yet.
CREATE = f"""
WITH presale_items AS (
    INSERT INTO presale_items (presale_id, id, product_id, quantity)
    SELECT $1, * FROM unnest($3::uuid[], $4::uuid[], $5::numeric[])
    RETURNING *
), presales AS (
    INSERT INTO presales (id, customer_id) SELECT $1, $2::uuid WHERE (SELECT count(*) FROM presale_items) > 0
    RETURNING *
)
{ONE_PRESALE}
"""
PATCH = f"""
UPDATE customers SET address = $2 WHERE id = $1
RETURNING row_to_json((SELECT customer FROM (SELECT {CUSTOMER}) AS customer))::text
"""
HEALTH = "SELECT json_build_object('status', 'healthy', 'version', current_setting('server_version'))::text"

Read = Callable[[], Awaitable[bytes]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

idle: asyncio.LifoQueue[asyncpg.Connection] = asyncio.LifoQueue()


async def fetch(sql: str, *arguments: Any) -> str:
    connection = await idle.get()
    try:
        return str(await connection.fetchval(sql, *arguments))
    finally:
        idle.put_nowait(connection)


async def page(scope: Any, sql: str, *named: str) -> str:
    given = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
    return await fetch(sql, int(given["limit"]), int(given["offset"]), *(given[name] for name in named))


async def customers(scope: Any, read: Read) -> str:
    if b"search=" in scope["query_string"]:
        return await page(scope, SEARCH, "search")
    return await page(scope, LIST)


async def patch_customer(scope: Any, read: Read) -> str:
    return await fetch(PATCH, scope["path"].split("/")[3], json.loads(await read())["address"])


async def product(scope: Any, read: Read) -> str:
    return await fetch(ONE_PRODUCT, scope["path"].split("/")[3])


async def presales(scope: Any, read: Read) -> str:
    return await page(scope, FILTER, "status")


async def presale(scope: Any, read: Read) -> str:
    return await fetch(ONE_PRESALE, scope["path"].split("/")[3])


async def create_presale(scope: Any, read: Read) -> str:
    body = json.loads(await read())
    items = body["items"]
    return await fetch(
        CREATE,
        uuid4(),
        body["customer_id"],
        sorted(uuid4() for _ in items),
        [item["product_id"] for item in items],
        [Decimal(item["quantity"]) for item in items],
    )


async def health(scope: Any, read: Read) -> str:
    return await fetch(HEALTH)


# By method, collection, and whether a single row is meant.
ROUTES = {
    ("GET", "customers", False): customers,
    ("PATCH", "customers", True): patch_customer,
    ("GET", "products", True): product,
    ("GET", "presales", False): presales,
    ("GET", "presales", True): presale,
    ("POST", "presales", False): create_presale,
    ("GET", "health", False): health,
}


async def lifespan(receive: Callable[[], Awaitable[Any]], send: Send) -> None:
    await receive()
    for _ in range(CONNECTIONS):
        idle.put_nowait(await asyncpg.connect(os.environ["DATABASE_URL"], server_settings={"timezone": "UTC"}))
    await send({"type": "lifespan.startup.complete"})
    await receive()
    while not idle.empty():
        await idle.get_nowait().close()
    await send({"type": "lifespan.shutdown.complete"})


async def app(scope: Any, receive: Callable[[], Awaitable[Any]], send: Send) -> None:
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return

    async def read() -> bytes:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message.get("more_body", False)
        return body

    parts = scope["path"].split("/")
    answer = await ROUTES[scope["method"], parts[2], len(parts) > 4](scope, read)
    body = answer.encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    status = 201 if scope["method"] == "POST" else 200
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
