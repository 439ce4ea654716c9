"""FastAPI with PiccoloCRUD as it comes, and Piccolo's ORM where that has no answer. The tables are the product's."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from fastapi import FastAPI, HTTPException
from piccolo.columns.combination import WhereRaw
from piccolo.utils.pydantic import create_pydantic_model
from piccolo_api.crud.endpoints import PiccoloCRUD
from piccolo_api.fastapi.endpoints import FastAPIWrapper
from piccolo_api.shared.auth import User as SignedIn
from piccolo_api.token_auth.middleware import TokenAuthBackend, TokenAuthProvider
from pydantic import BaseModel
from starlette.authentication import AuthenticationError
from starlette.middleware.authentication import AuthenticationMiddleware

from accounts.tables import Session, User
from benchmarks.peers.stock_piccolo.piccolo_conf import DB
from crm.tables import Customer, Presale, PresaleItem, Product

MATCHES = "search_beginnings(customer_words(name, email, cpf, phone)) @@ (SELECT search_beginnings_query({}))"


class SessionTokens(TokenAuthProvider):
    """Piccolo's own provider, with the sessions that this database has."""

    async def get_user(self, token: str) -> Any:
        token_hash = hashlib.sha256(token.encode()).hexdigest()
        query = Session.select(Session.user_id).where(
            Session.token_hash == token_hash, Session.expires_at > datetime.now(UTC)
        )
        session = await query.first()
        user = session and await User.objects().where(User.id == session["user_id"], User.active.eq(True)).first()
        if not user:
            raise AuthenticationError
        return SignedIn(user=user)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    await DB.start_connection_pool(max_size=20)
    yield
    await DB.close_connection_pool()


app = FastAPI(lifespan=lifespan)
app.add_middleware(AuthenticationMiddleware, backend=TokenAuthBackend(SessionTokens(), excluded_paths=["/api/health"]))

CustomerOut: Any = create_pydantic_model(Customer, include_default_columns=True, model_name="CustomerOut")
PresaleOut: Any = create_pydantic_model(Presale, include_default_columns=True, model_name="PresaleOut")
ItemOut: Any = create_pydantic_model(PresaleItem, include_default_columns=True, model_name="ItemOut")


class Page(BaseModel):
    rows: list[CustomerOut]
    total: int


class PresaleWithItems(PresaleOut):
    items: list[ItemOut]


class NewItem(BaseModel):
    product_id: UUID
    quantity: Decimal
    unit_price: Decimal | None = None
    discount: Decimal = Decimal(0)


class NewPresale(BaseModel):
    customer_id: UUID
    discount: Decimal = Decimal(0)
    notes: str | None = None
    items: list[NewItem] = []


@app.get("/api/customers/search/", response_model=Page)
async def search_customers(search: str, limit: int = 25, offset: int = 0) -> dict[str, Any]:
    matches = WhereRaw(MATCHES, search)
    query = Customer.select().where(matches).order_by(Customer.created_at, ascending=False).order_by(Customer.id)
    return {"rows": await query.limit(limit).offset(offset), "total": await Customer.count().where(matches)}


async def presale_with_items(row_id: UUID) -> dict[str, Any]:
    presale = await Presale.select().where(Presale.id == row_id).first()
    if presale is None:
        raise HTTPException(404)
    items = await PresaleItem.select().where(PresaleItem.presale_id == row_id).order_by(PresaleItem.id)
    return {**presale, "items": items}


@app.get("/api/presales/{row_id:uuid}/", response_model=PresaleWithItems)
async def read_presale(row_id: UUID) -> dict[str, Any]:
    return await presale_with_items(row_id)


@app.post("/api/presales/", response_model=PresaleWithItems, status_code=201)
async def create_presale(body: NewPresale) -> dict[str, Any]:
    async with DB.transaction():
        presale = Presale(**body.model_dump(exclude={"items"}), number=None)
        await presale.save()
        items = [PresaleItem(**item.model_dump(), presale_id=presale.id, total_price=None) for item in body.items]
        await PresaleItem.insert(*items)
        return await presale_with_items(presale.id)


@app.get("/api/health")
async def health() -> dict[str, str]:
    rows = await Customer.raw("SELECT current_setting('server_version') AS version")
    return {"status": "healthy", "version": rows[0]["version"]}


for table in (Customer, Product, Presale):
    FastAPIWrapper(f"/api/{table._meta.tablename}/", app, PiccoloCRUD(table, read_only=False))
