"""The tables, as SQLAlchemy maps them."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid4

from sqlalchemy import DateTime, Enum, FetchedValue, ForeignKey, Numeric
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

STATUSES = ("draft", "pending", "approved", "cancelled", "converted")


class Base(DeclarativeBase):
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)


class Stamped:
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=FetchedValue())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=FetchedValue(), server_onupdate=FetchedValue()
    )


class User(Stamped, Base):
    __tablename__ = "users"
    email: Mapped[str]
    name: Mapped[str]
    active: Mapped[bool]


class Session(Base):
    __tablename__ = "sessions"
    token_hash: Mapped[str]
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    user: Mapped[User] = relationship()


class Customer(Stamped, Base):
    __tablename__ = "customers"
    name: Mapped[str]
    email: Mapped[str]
    phone: Mapped[str]
    cpf: Mapped[str]
    address: Mapped[str | None]


class Product(Stamped, Base):
    __tablename__ = "products"
    code: Mapped[str]
    name: Mapped[str]
    unit: Mapped[str]
    description: Mapped[str | None]
    stock: Mapped[int]
    purchase_price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    sale_price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    sale_type: Mapped[str]


class Presale(Stamped, Base):
    __tablename__ = "presales"
    number: Mapped[int] = mapped_column(server_default=FetchedValue())
    customer_id: Mapped[UUID] = mapped_column(ForeignKey(Customer.id))
    status: Mapped[str] = mapped_column(Enum(*STATUSES, name="presale_status"), server_default=FetchedValue())
    total: Mapped[Decimal] = mapped_column(Numeric(10, 2), server_default=FetchedValue())
    discount: Mapped[Decimal] = mapped_column(Numeric(10, 2), server_default=FetchedValue())
    notes: Mapped[str | None]
    items: Mapped[list["PresaleItem"]] = relationship(order_by="PresaleItem.id")


class PresaleItem(Base):
    __tablename__ = "presale_items"
    presale_id: Mapped[UUID] = mapped_column(ForeignKey(Presale.id))
    product_id: Mapped[UUID] = mapped_column(ForeignKey(Product.id))
    quantity: Mapped[Decimal] = mapped_column(Numeric(10, 3))
    unit_price: Mapped[Decimal] = mapped_column(Numeric(10, 2), server_default=FetchedValue())
    total_price: Mapped[Decimal] = mapped_column(Numeric(10, 2), server_default=FetchedValue())
    discount: Mapped[Decimal] = mapped_column(Numeric(10, 2), server_default=FetchedValue())
