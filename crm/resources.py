"""Customers, products, pre-sales and their items, as the API and the admin show them."""

from accounts.roles import MANAGERS, STAFF
from backoffice.api.admin_view import AdminView, Life, Within
from backoffice.api.resource import SERVER_MANAGED, Detail, Resource, Rights, SearchOrder
from backoffice.api.schemas import output_models
from backoffice.api.selects import select_list
from backoffice.words import Text
from crm import examples
from crm.brazil import WRITTEN_CPF, WRITTEN_PHONE, Cpf, Phone, cpf_filter, phone_filter
from crm.enums import PresaleStatus
from crm.presale_lines import line_in_words, prepare_line
from crm.presales import MOVE_CONFLICTS, MOVES, may_move, prepare_presale
from crm.search import has_number, search_customers, search_presales, search_products
from crm.tables import Customer, Presale, PresaleItem, Product

SALES = "Sales"
CATALOGUE = "Catalogue"

TAKEN, USED = ("unique_violation",), ("still_referenced",)
LOCKED = ("presale_locked",)

ItemRow, _ = output_models(PresaleItem, examples=examples.PRESALE_ITEM)


CUSTOMERS = Resource(
    table=Customer,
    path="customers",
    description="Who buys.",
    rights=Rights(read=STAFF, create=STAFF, change=STAFF, delete=MANAGERS),
    alphabetical=frozenset({"name", "address"}),
    search=search_customers,
    searched=frozenset({"name", "email"}),
    parts=(Customer.name, Customer.email, Customer.phone, Customer.cpf, Customer.address),
    types={"cpf": Cpf, "phone": Phone},
    normalize_filter={"cpf": cpf_filter, "phone": phone_filter},
    examples=examples.CUSTOMER,
    conflicts={"create": TAKEN, "change": TAKEN, "delete": USED},
    admin=AdminView(
        group=SALES,
        visible=(Customer.name, Customer.cpf, Customer.phone, Customer.email, Customer.created_at),
        filters=(Customer.name, Customer.cpf, Customer.phone, Customer.email),
        link=Customer.name,
        written={"cpf": WRITTEN_CPF, "phone": WRITTEN_PHONE},
    ),
)

PRODUCTS = Resource(
    table=Product,
    path="products",
    description="What is sold, at which price, and how much of it is in stock.",
    rights=Rights(read=STAFF, create=MANAGERS, change=MANAGERS, delete=MANAGERS),
    alphabetical=frozenset({"name", "description"}),
    search=search_products,
    searched=frozenset({"code", "name", "description"}),
    parts=(Product.code, Product.name, Product.unit, Product.description, Product.sale_type),
    examples=examples.PRODUCT,
    conflicts={"create": TAKEN, "change": TAKEN, "delete": USED},
    admin=AdminView(
        group=CATALOGUE,
        visible=(Product.code, Product.name, Product.unit, Product.stock, Product.sale_price, Product.sale_type),
        filters=(Product.code, Product.name, Product.stock, Product.sale_price, Product.sale_type),
        link=Product.name,
        offered=Text(
            "{readable} · {sale_price} · {stock} {unit} in stock",
            "{readable} · {sale_price} · {stock} {unit} em estoque",
        ),
    ),
)

PRESALES = Resource(
    table=Presale,
    path="presales",
    description="Quotations that become sales: draft, pending, approved, converted, or cancelled.",
    rights=Rights(read=STAFF, create=STAFF, change=STAFF, delete=MANAGERS),
    server_managed=SERVER_MANAGED | {"number", "total"},
    alphabetical=frozenset({"notes"}),
    search=search_presales,
    # The exact number comes first: all others with this prefix are larger.
    search_order=SearchOrder("number", has_number, "where a number is searched for"),
    parts=(Presale.notes,),
    children=PresaleItem.presale_id,
    details={
        "items": Detail(
            sql=(
                f"(SELECT coalesce(json_agg(line ORDER BY line.id), '[]') FROM (SELECT {select_list(PresaleItem)} "
                "FROM presale_items WHERE presale_id = presales.id) AS line)"
            ),
            type=list[ItemRow],  # type: ignore[valid-type]
        )
    },
    prepare=prepare_presale,
    custom_create=True,
    examples=examples.PRESALE,
    conflicts={"change": (*LOCKED, *MOVE_CONFLICTS), "delete": LOCKED},
    admin=AdminView(
        group=SALES,
        visible=(Presale.number, Presale.customer_id, Presale.status, Presale.total, Presale.created_at),
        filters=(Presale.number, Presale.customer_id, Presale.status, Presale.total, Presale.created_at),
        link=Presale.number,
        life=Life(
            column=Presale.status,
            moves=MOVES,
            may_move=may_move,
            open_while={"customer_id": (PresaleStatus.draft,), "discount": (PresaleStatus.draft,)},
            deletable_while=(PresaleStatus.draft, PresaleStatus.cancelled),
        ),
    ),
)

PRESALE_ITEMS = Resource(
    table=PresaleItem,
    path="presale-items",
    description="The lines of pre-sales. They change only while their pre-sale is a draft.",
    rights=Rights(read=STAFF, create=STAFF, change=STAFF, delete=STAFF),
    server_managed=frozenset({"id", "total_price"}),
    order="presale_id",
    prepare=prepare_line,
    examples=examples.PRESALE_ITEM,
    conflicts={"create": LOCKED, "change": LOCKED, "delete": LOCKED},
    admin=AdminView(
        group=SALES,
        visible=(
            PresaleItem.presale_id,
            PresaleItem.product_id,
            PresaleItem.quantity,
            PresaleItem.unit_price,
            PresaleItem.discount,
            PresaleItem.total_price,
        ),
        filters=(PresaleItem.presale_id, PresaleItem.product_id),
        link=PresaleItem.quantity,
        within=Within(key=PresaleItem.presale_id, column=Presale.status, values=(PresaleStatus.draft,)),
        in_words=line_in_words,
    ),
)

RESOURCES = (CUSTOMERS, PRESALES, PRESALE_ITEMS, PRODUCTS)
