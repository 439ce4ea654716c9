"""Litestar, msgspec and hand-written SQL on asyncpg: what people choose when speed is what they want."""

import hashlib
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy
from litestar import Litestar, get, patch, post
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.exceptions import NotAuthorizedException, NotFoundException
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult, DefineMiddleware

from benchmarks.peers.litestar_asyncpg import queries
from benchmarks.peers.litestar_asyncpg.schemas import (
    Customer,
    CustomerPatch,
    Item,
    NewItem,
    NewPresale,
    Page,
    Presale,
    PresaleWithItems,
    Product,
    Row,
    User,
)


class TokenAuthentication(AbstractAuthenticationMiddleware):
    async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
        scheme, _, token = connection.headers.get("Authorization", "").partition(" ")
        token_hash = hashlib.sha256(token.encode()).hexdigest()
        row = await connection.app.state.pool.fetchrow(queries.USER, token_hash) if scheme == "Bearer" else None
        if row is None:
            raise NotAuthorizedException
        return AuthenticationResult(user=User(**row), auth=token)


async def read_page(pool: asyncpg.Pool, kind: type[Row], rows: str, count: str, *where: Any, window: Any) -> Page[Row]:
    async with pool.acquire() as connection:
        found = await connection.fetch(rows, *where, *window)
        total = await connection.fetchval(count, *where)
    return Page(rows=[kind(**row) for row in found], total=total)


@get("/api/customers/")
async def list_customers(state: State, limit: int = 25, offset: int = 0, search: str | None = None) -> Page[Customer]:
    window = limit, offset
    if search:
        return await read_page(
            state.pool, Customer, queries.SEARCH_CUSTOMERS, queries.COUNT_FOUND_CUSTOMERS, search, window=window
        )
    return await read_page(state.pool, Customer, queries.LIST_CUSTOMERS, queries.COUNT_CUSTOMERS, window=window)


@patch("/api/customers/{row_id:uuid}/")
async def patch_customer(state: State, row_id: UUID, data: CustomerPatch) -> Customer:
    given = {name: value for name in data.__struct_fields__ if (value := getattr(data, name)) is not msgspec.UNSET}
    assignments = ", ".join(f"{name} = ${place}" for place, name in enumerate(given, 2))
    row = await state.pool.fetchrow(queries.UPDATE_CUSTOMER.format(assignments=assignments), row_id, *given.values())
    if row is None:
        raise NotFoundException
    return Customer(**row)


@get("/api/products/{row_id:uuid}/")
async def read_product(state: State, row_id: UUID) -> Product:
    row = await state.pool.fetchrow(queries.READ_PRODUCT, row_id)
    if row is None:
        raise NotFoundException
    return Product(**row)


@get("/api/presales/")
async def list_presales(state: State, limit: int = 25, offset: int = 0, status: str | None = None) -> Page[Presale]:
    window = limit, offset
    if status:
        return await read_page(
            state.pool, Presale, queries.FILTER_PRESALES, queries.COUNT_FILTERED_PRESALES, status, window=window
        )
    return await read_page(state.pool, Presale, queries.LIST_PRESALES, queries.COUNT_PRESALES, window=window)


async def presale_with_items(connection: PoolConnectionProxy, row_id: UUID) -> PresaleWithItems:
    row = await connection.fetchrow(queries.READ_PRESALE, row_id)
    if row is None:
        raise NotFoundException
    items = await connection.fetch(queries.READ_ITEMS, row_id)
    return PresaleWithItems(**row, items=[Item(**item) for item in items])


@get("/api/presales/{row_id:uuid}/")
async def read_presale(state: State, row_id: UUID) -> PresaleWithItems:
    async with state.pool.acquire() as connection:
        return await presale_with_items(connection, row_id)


def columns(items: Sequence[NewItem]) -> list[list[Any]]:
    return [[getattr(item, name) for item in items] for name in ("product_id", "quantity", "unit_price", "discount")]


@post("/api/presales/")
async def create_presale(state: State, data: NewPresale) -> PresaleWithItems:
    async with state.pool.acquire() as connection, connection.transaction():
        presale_id = await connection.fetchval(queries.INSERT_PRESALE, data.customer_id, data.discount, data.notes)
        await connection.execute(queries.INSERT_ITEMS, presale_id, *columns(data.items))
        return await presale_with_items(connection, presale_id)


@get("/api/health", exclude_from_auth=True)
async def health(state: State) -> dict[str, str]:
    return {"status": "healthy", "version": await state.pool.fetchval(queries.HEALTH)}


@asynccontextmanager
async def pool(app: Litestar) -> AsyncIterator[None]:
    dsn = os.environ["DATABASE_URL"]
    async with asyncpg.create_pool(dsn, max_size=20, server_settings={"timezone": "UTC"}) as app.state.pool:
        yield


app = Litestar(
    [
        list_customers,
        patch_customer,
        read_product,
        list_presales,
        read_presale,
        create_presale,
        health,
    ],
    lifespan=[pool],
    middleware=[DefineMiddleware(TokenAuthentication)],
)
