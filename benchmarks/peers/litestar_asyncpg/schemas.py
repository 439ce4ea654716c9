"""What goes in and out, as msgspec structs."""

from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar
from uuid import UUID

import msgspec

Row = TypeVar("Row")


class User(msgspec.Struct):
    id: UUID
    email: str
    name: str
    role: str


class Customer(msgspec.Struct):
    id: UUID
    name: str
    email: str
    phone: str
    cpf: str
    address: str | None
    created_at: datetime
    updated_at: datetime


class CustomerPatch(msgspec.Struct):
    name: str | msgspec.UnsetType = msgspec.UNSET
    email: str | msgspec.UnsetType = msgspec.UNSET
    phone: str | msgspec.UnsetType = msgspec.UNSET
    cpf: str | msgspec.UnsetType = msgspec.UNSET
    address: str | msgspec.UnsetType | None = msgspec.UNSET


class Product(msgspec.Struct):
    id: UUID
    code: str
    name: str
    unit: str
    description: str | None
    stock: int
    purchase_price: Decimal
    sale_price: Decimal
    sale_type: str
    created_at: datetime
    updated_at: datetime


class Presale(msgspec.Struct):
    id: UUID
    number: int
    customer_id: UUID
    status: str
    total: Decimal
    discount: Decimal
    notes: str | None
    created_at: datetime
    updated_at: datetime


class Item(msgspec.Struct):
    id: UUID
    presale_id: UUID
    product_id: UUID
    quantity: Decimal
    unit_price: Decimal
    total_price: Decimal
    discount: Decimal


class PresaleWithItems(Presale, kw_only=True):
    items: list[Item]


class NewItem(msgspec.Struct):
    product_id: UUID
    quantity: Decimal
    unit_price: Decimal | None = None
    discount: Decimal = Decimal(0)


class NewPresale(msgspec.Struct):
    customer_id: UUID
    discount: Decimal = Decimal(0)
    notes: str | None = None
    items: list[NewItem] = []


class Page(msgspec.Struct, Generic[Row]):
    rows: list[Row]
    total: int
