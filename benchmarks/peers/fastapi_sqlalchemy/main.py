"""FastAPI and SQLAlchemy's asyncio ORM, as their documentation teaches them."""

import hashlib
import os
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException, Query, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Select, desc, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import joinedload, selectinload

from benchmarks.peers.fastapi_sqlalchemy.models import Base, Customer, Presale, PresaleItem, Product, Session, User
from benchmarks.peers.fastapi_sqlalchemy.schemas import (
    CustomerOut,
    CustomerPatch,
    Page,
    PresaleIn,
    PresaleOut,
    PresaleRow,
    ProductOut,
)

engine = create_async_engine(
    os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://"),
    pool_size=20,
    connect_args={"server_settings": {"timezone": "UTC"}},
)
new_session = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


async def get_session() -> AsyncIterator[AsyncSession]:
    async with new_session() as session:
        yield session


Db = Annotated[AsyncSession, Depends(get_session)]


async def current_user(db: Db, bearer: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> User:
    token_hash = hashlib.sha256(bearer.credentials.encode()).hexdigest()
    query = select(Session).join(Session.user).options(joinedload(Session.user))
    found = await db.scalar(query.where(Session.token_hash == token_hash, Session.expires_at > func.now(), User.active))
    if found is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED)
    return found.user


logged_in = [Depends(current_user)]
Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0)]


async def paginate(
    db: AsyncSession, query: Select[Any], *, table: type[Base], order: str, limit: int, offset: int
) -> dict[str, Any]:
    total = await db.scalar(select(func.count()).select_from(query.subquery()))
    columns = [
        desc(getattr(table, name[1:])) if name.startswith("-") else getattr(table, name) for name in order.split(",")
    ]
    rows = await db.scalars(query.order_by(*columns).limit(limit).offset(offset))
    return {"rows": rows.all(), "total": total}


@app.get("/api/customers/", dependencies=logged_in)
async def list_customers(
    db: Db, limit: Limit = 25, offset: Offset = 0, order: str = "-created_at,id", search: str | None = None
) -> Page[CustomerOut]:
    query = select(Customer)
    if search:
        words = func.customer_words(Customer.name, Customer.email, Customer.cpf, Customer.phone)
        typed = select(func.search_beginnings_query(search)).scalar_subquery()
        query = query.where(func.search_beginnings(words).op("@@")(typed))
    return await paginate(db, query, table=Customer, order=order, limit=limit, offset=offset)


@app.patch("/api/customers/{row_id}/", dependencies=logged_in)
async def patch_customer(db: Db, row_id: UUID, body: CustomerPatch) -> CustomerOut:
    customer = await db.get(Customer, row_id)
    if customer is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND)
    for name, value in body.model_dump(exclude_unset=True).items():
        setattr(customer, name, value)
    await db.commit()
    await db.refresh(customer)
    return customer


@app.get("/api/products/{row_id}/", dependencies=logged_in)
async def read_product(db: Db, row_id: UUID) -> ProductOut:
    product = await db.get(Product, row_id)
    if product is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND)
    return product


@app.get("/api/presales/", dependencies=logged_in)
async def list_presales(
    db: Db, limit: Limit = 25, offset: Offset = 0, order: str = "-created_at,id", status: str | None = None
) -> Page[PresaleRow]:
    query = select(Presale)
    if status:
        query = query.where(Presale.status == status)
    return await paginate(db, query, table=Presale, order=order, limit=limit, offset=offset)


async def presale_with_items(db: AsyncSession, row_id: UUID) -> Presale:
    query = select(Presale).where(Presale.id == row_id).options(selectinload(Presale.items))
    presale = await db.scalar(query.execution_options(populate_existing=True))
    if presale is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND)
    return presale


@app.get("/api/presales/{row_id}/", dependencies=logged_in)
async def read_presale(db: Db, row_id: UUID) -> PresaleOut:
    return await presale_with_items(db, row_id)


@app.post("/api/presales/", status_code=201, dependencies=logged_in)
async def create_presale(db: Db, body: PresaleIn) -> PresaleOut:
    items = [PresaleItem(**item.model_dump(exclude_unset=True)) for item in body.items]
    presale = Presale(**body.model_dump(exclude_unset=True, exclude={"items"}), items=items)
    db.add(presale)
    await db.commit()
    return await presale_with_items(db, presale.id)


@app.get("/api/health")
async def health(db: Db) -> dict[str, Any]:
    version = await db.scalar(text("SELECT current_setting('server_version')"))
    return {"status": "healthy", "version": version}
