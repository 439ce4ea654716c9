"""Customers, products, pre-sales and their items, as the API and the admin show them."""

from piccolo.querystring import QueryString

from accounts.roles import MANAGERS, STAFF
from backoffice.api.conditions import Condition, all_of
from backoffice.api.resource import OWNED, AdminView, Detail, Resource, Rights
from backoffice.api.schemas import output_models
from backoffice.api.selects import select_list
from crm import examples
from crm.brazil import Cpf, Phone
from crm.presale_lines import prepare_line
from crm.presales import prepare_presale
from crm.tables import Customer, Presale, PresaleItem, Product

SALES = "Sales"
CATALOGUE = "Catalogue"

MOVES = ("invalid_transition", "no_items", "discount_exceeds_sum", "insufficient_stock")
TAKEN, USED = ("unique_violation",), ("still_referenced",)
LOCKED = ("presale_locked",)

ItemRow, _ = output_models(PresaleItem, examples=examples.PRESALE_ITEM)


def _search_customers(typed: str) -> Condition:
    return _with_words("customer_words(name, email, cpf, phone)", "name || ' ' || email", typed)


def _search_products(typed: str) -> Condition:
    text = "code || ' ' || name || ' ' || coalesce(description, '')"
    return _with_words(f"search_words({text})", text, typed)


def _with_words(words: str, text: str, typed: str) -> Condition:
    """:param text: from which all words without digits are."""
    found, estimated = _begun(words, typed)
    return Condition(found, estimated, _checked(words, text, typed), orderless=True)


def _begun(words: str, typed: str) -> tuple[QueryString, QueryString]:
    """As an index finds them, and as the planner can tell how many there are."""
    # A planner who knows that most rows match would read them all, and take each apart.
    unknown, known = "(SELECT search_beginnings_query({}))", "search_beginnings_query({})"
    begin = f"search_beginnings({words}) @@ "
    return QueryString(begin + unknown, typed), QueryString(begin + known, typed)


def _checked(words: str, text: str, typed: str) -> QueryString:
    # What was typed is read once for all rows, and most rows are told by their text without being taken apart.
    patterns, query = "(SELECT search_patterns({}))", "(SELECT search_query({}))"
    return QueryString(f"fold({text}) LIKE ALL ({patterns}::text[]) AND {words} @@ {query}", typed, typed)


def _search_presales(typed: str) -> Condition:
    """Each word begins the number, or a word of the customer's name."""
    words = list(dict.fromkeys(typed.split()))
    names = " ".join(word for word in words if _digits(word) is None)
    conditions = [_of_customers(names)] if names else []
    conditions += [_numbered_or_of_customers(word, digits) for word in words if (digits := _digits(word))]
    return all_of(*conditions)


def _of_customers(names: str) -> Condition:
    words = "search_words(name)"
    found, estimated = _begun(words, names)
    return Condition(
        QueryString("customer_id = ANY (ARRAY(SELECT id FROM customers WHERE {}))", found),
        QueryString("customer_id IN (SELECT id FROM customers WHERE {})", estimated),
        QueryString("(SELECT {} FROM customers WHERE customers.id = customer_id)", _checked(words, "name", names)),
        orderless=True,
    )


def _numbered_or_of_customers(word: str, digits: str) -> Condition:
    # Bounds, since whoever plans LIKE before it is known what is looked for cannot use the index.
    after = digits[:-1] + chr(ord(digits[-1]) + 1)
    numbered = QueryString("number::text ~>=~ {} AND number::text ~<~ {}", digits, after)
    customers = _of_customers(word)
    found, checked = (QueryString("({} OR {})", numbered, each) for each in (customers.found, customers.checked))
    return Condition(found, numbered, checked, orderless=True)  # few names begin with a digit


def _digits(word: str) -> str | None:
    """The number that the word begins, as in 12 or #12; None for other words."""
    number = word.removeprefix("#")
    return number if number.isascii() and number.isdigit() else None


CUSTOMERS = Resource(
    table=Customer,
    path="customers",
    about="Who buys.",
    rights=Rights(read=STAFF, create=STAFF, change=STAFF, delete=MANAGERS),
    search=_search_customers,
    parts=(Customer.name, Customer.email, Customer.phone, Customer.cpf, Customer.address),
    types={"cpf": Cpf, "phone": Phone},
    punctuated=frozenset({"cpf", "phone"}),
    examples=examples.CUSTOMER,
    conflicts={"create": TAKEN, "change": TAKEN, "delete": USED},
    admin=AdminView(
        group=SALES,
        visible=(Customer.name, Customer.cpf, Customer.phone, Customer.email, Customer.created_at),
        filters=(Customer.name, Customer.cpf, Customer.phone, Customer.email),
        link=Customer.name,
    ),
)

PRODUCTS = Resource(
    table=Product,
    path="products",
    about="What is sold, at which price, and how much of it is in stock.",
    rights=Rights(read=STAFF, create=MANAGERS, change=MANAGERS, delete=MANAGERS),
    search=_search_products,
    parts=(Product.code, Product.name, Product.unit, Product.description, Product.sale_type),
    examples=examples.PRODUCT,
    conflicts={"create": TAKEN, "change": TAKEN, "delete": USED},
    admin=AdminView(
        group=CATALOGUE,
        visible=(Product.code, Product.name, Product.unit, Product.stock, Product.sale_price, Product.sale_type),
        filters=(Product.code, Product.name, Product.stock, Product.sale_price, Product.sale_type),
        link=Product.name,
    ),
)

PRESALES = Resource(
    table=Presale,
    path="presales",
    about="Quotations that become sales: draft, pending, approved, converted, or cancelled.",
    rights=Rights(read=STAFF, create=STAFF, change=STAFF, delete=MANAGERS),
    owned=OWNED | {"number", "total"},
    search=_search_presales,
    parts=(Presale.notes,),
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
    own_create=True,
    examples=examples.PRESALE,
    conflicts={"change": (*LOCKED, *MOVES), "delete": LOCKED},
    admin=AdminView(
        group=SALES,
        visible=(Presale.number, Presale.customer_id, Presale.status, Presale.total, Presale.created_at),
        filters=(Presale.number, Presale.customer_id, Presale.status, Presale.total, Presale.created_at),
        link=Presale.number,
    ),
)

PRESALE_ITEMS = Resource(
    table=PresaleItem,
    path="presale-items",
    about="The lines of pre-sales. They change only while their pre-sale is a draft.",
    rights=Rights(read=STAFF, create=STAFF, change=STAFF, delete=STAFF),
    owned=frozenset({"id", "total_price"}),
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
    ),
)

RESOURCES = (CUSTOMERS, PRESALES, PRESALE_ITEMS, PRODUCTS)
