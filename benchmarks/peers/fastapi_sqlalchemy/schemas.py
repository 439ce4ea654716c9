"""What goes in and out, as pydantic models."""

from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

Row = TypeVar("Row")


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: UUID


class StampedOut(Out):
    created_at: datetime
    updated_at: datetime


class CustomerOut(StampedOut):
    name: str
    email: str
    phone: str
    cpf: str
    address: str | None


class CustomerPatch(BaseModel):
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    cpf: str | None = None
    address: str | None = None


class ProductOut(StampedOut):
    code: str
    name: str
    unit: str
    description: str | None
    stock: int
    purchase_price: Decimal
    sale_price: Decimal
    sale_type: str


class PresaleRow(StampedOut):
    number: int
    customer_id: UUID
    status: str
    total: Decimal
    discount: Decimal
    notes: str | None


class ItemOut(Out):
    presale_id: UUID
    product_id: UUID
    quantity: Decimal
    unit_price: Decimal
    total_price: Decimal
    discount: Decimal


class PresaleOut(PresaleRow):
    items: list[ItemOut]


class ItemIn(BaseModel):
    product_id: UUID
    quantity: Decimal
    unit_price: Decimal | None = None
    discount: Decimal = Decimal(0)


class PresaleIn(BaseModel):
    customer_id: UUID
    discount: Decimal = Decimal(0)
    notes: str | None = None
    items: list[ItemIn] = []


class Page(BaseModel, Generic[Row]):
    rows: list[Row]
    total: int
