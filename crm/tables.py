"""Customers, products and pre-sales.

Rules that a Table can declare are here; the others (computed columns, the life cycle, stock) are in rules/*.sql.
"""

from decimal import Decimal

from piccolo.columns import (
    JSONB,
    UUID,
    BigInt,
    ForeignKey,
    Integer,
    Numeric,
    OnDelete,
    OnUpdate,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.columns.readable import Readable
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from accounts.tables import User
from backoffice.audit_trail.tables import WRITTEN_BY_RULES
from backoffice.columns import TIMES_IN_RANGE, EnumColumn
from crm.enums import PresaleStatus

MONEY = (10, 2)
QUANTITY = (10, 3)
# The upper bounds in the checks below are the limits of the types: they refuse NaN, which sorts above every number.


class Customer(Table, tablename="customers"):
    id = UUID(primary_key=True)
    name = Varchar(length=255, default=None, required=True, index=True)
    email = Varchar(length=255, default=None, required=True, index=True)
    phone = Varchar(
        length=20,
        default=None,
        required=True,
        index=True,
        help_text="A Brazilian number with its area code, for example (11) 98765-4321.",
    )
    cpf = Varchar(
        length=14,
        default=None,
        required=True,
        help_text="With or without punctuation, for example 529.982.247-25. Kept as eleven digits.",
    )
    address = Text(default=None, null=True)
    created_at = Timestamptz(index=True, help_text="Kept by the database.")
    updated_at = Timestamptz(index=True, help_text="Kept by the database.")

    customers_cpf_key = Unique([cpf])
    customers_name_not_blank = Check("NOT is_blank(name)")
    customers_email_valid = Check("is_email(email)")
    customers_phone_valid = Check("is_brazilian_phone(phone)")
    customers_cpf_valid = Check("is_cpf(cpf)")
    customers_times_in_range = Check(TIMES_IN_RANGE)

    @classmethod
    def get_readable(cls) -> Readable:
        return Readable(template="%s", columns=[cls.name])


class Product(Table, tablename="products"):
    id = UUID(primary_key=True)
    code = Varchar(length=50, default=None, required=True)
    name = Varchar(length=255, default=None, required=True, index=True)
    unit = Varchar(length=20, default=None, required=True, help_text="What is counted: un, kg, box …")
    description = Text(default=None, null=True)
    stock = Integer(default=0, help_text="Whole units on the shelf.")
    purchase_price = Numeric(digits=MONEY, default=None, required=True)
    sale_price = Numeric(digits=MONEY, default=None, required=True)
    sale_type = Varchar(length=50, default=None, required=True, help_text="retail, wholesale …")
    created_at = Timestamptz(index=True, help_text="Kept by the database.")
    updated_at = Timestamptz(index=True, help_text="Kept by the database.")

    products_code_key = Unique([code])
    products_code_not_blank = Check("NOT is_blank(code)")
    products_name_not_blank = Check("NOT is_blank(name)")
    products_stock_not_negative = Check("stock >= 0")
    products_purchase_price_not_negative = Check("purchase_price >= 0 AND purchase_price < 1e8")
    products_sale_price_not_negative = Check("sale_price >= 0 AND sale_price < 1e8")
    products_times_in_range = Check(TIMES_IN_RANGE)

    @classmethod
    def get_readable(cls) -> Readable:
        return Readable(template="%s - %s", columns=[cls.code, cls.name])


class Presale(Table, tablename="presales"):
    id = UUID(primary_key=True)
    number = BigInt(default=None, help_text="What people say on the phone. Given by the database.")
    customer_id = ForeignKey(
        Customer,
        default=None,
        null=False,
        required=True,
        index=True,
        on_delete=OnDelete.restrict,
        on_update=OnUpdate.restrict,
    )
    status = EnumColumn(choices=PresaleStatus, type_name="presale_status", default=PresaleStatus.draft)
    total = Numeric(
        digits=MONEY,
        default=Decimal(0),
        help_text="The sum of the lines less the discount, 0 while the discount is larger. Computed by the database.",
    )
    discount = Numeric(digits=MONEY, default=Decimal(0))
    notes = Text(default=None, null=True)
    created_at = Timestamptz(index=True, help_text="Kept by the database.")
    updated_at = Timestamptz(index=True, help_text="Kept by the database.")

    presales_number_key = Unique([number])
    presales_discount_not_negative = Check("discount >= 0 AND discount < 1e8")
    presales_total_not_negative = Check("total >= 0 AND total < 1e8")
    presales_times_in_range = Check(TIMES_IN_RANGE)

    @classmethod
    def get_readable(cls) -> Readable:
        return Readable(template="#%s %s", columns=[cls.number, cls.customer_id.name])


class PresaleItem(Table, tablename="presale_items"):
    id = UUID(primary_key=True)
    presale_id = ForeignKey(
        Presale,
        default=None,
        null=False,
        required=True,
        index=True,
        on_delete=OnDelete.cascade,
        on_update=OnUpdate.restrict,
    )
    product_id = ForeignKey(
        Product,
        default=None,
        null=False,
        required=True,
        index=True,
        on_delete=OnDelete.restrict,
        on_update=OnUpdate.restrict,
    )
    quantity = Numeric(digits=QUANTITY, default=None, required=True)
    unit_price = Numeric(digits=MONEY, default=None, help_text="Left empty, the product's sale price at this moment.")
    total_price = Numeric(
        digits=MONEY,
        default=None,
        help_text="Quantity × unit price, less the discount. Computed by the database.",
    )
    discount = Numeric(digits=MONEY, default=Decimal(0))

    presale_items_quantity_positive = Check("quantity > 0 AND quantity < 1e7")
    presale_items_unit_price_not_negative = Check("unit_price >= 0 AND unit_price < 1e8")
    presale_items_discount_not_negative = Check("discount >= 0 AND discount < 1e8")
    # Checks are tried in the order of their names: this one leaves a wrong quantity or price to the two above.
    presale_items_discount_within_line = Check(
        "discount <= round(quantity * unit_price, 2) OR quantity <= 0 OR unit_price < 0"
    )

    @classmethod
    def get_readable(cls) -> Readable:
        return Readable(template="%s × %s", columns=[cls.quantity, cls.product_id.name])


class PresaleBirth(Table, tablename="presale_births", tags=[WRITTEN_BY_RULES]):
    """Marks a pre-sale that was born past draft, while its lines may come in: see rules/births.sql."""

    id = UUID(primary_key=True, help_text="The pre-sale's own.")


class IdempotencyKey(Table, tablename="idempotency_keys"):
    """The answer given to `POST /api/presales/` with this `Idempotency-Key`, so that a repeat gets it again."""

    id = UUID(primary_key=True)
    user_id = ForeignKey(User, default=None, null=False, on_delete=OnDelete.cascade, on_update=OnUpdate.restrict)
    key = Varchar(length=255, default=None)
    request = JSONB(default=None, help_text="A digest of the body, the same for bodies that are equal as JSON.")
    response = Text(default=None, null=True)
    created_at = Timestamptz(index=True)

    idempotency_keys_user_id_key = Unique([user_id, key])
