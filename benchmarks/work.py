"""The work that everybody does: the requests, and what their answers say, however they put it."""

import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from benchmarks.load import COUNTER
from crm.tables import Customer, Presale, Product
from seed.records import id_of

CUSTOMERS, PRODUCTS, PRESALES = 10_000, 1_000, 10_000
REQUESTS = 500  # different ones of each kind, sent in turn
WINDOW = 25
SKIP = 50
LINES = 5
NEWEST = "-created_at,id"
TYPED = ("maria", "jo sil", "ana s", "119", "pereira")

# What is each server's own: keys, numbers, and the clock.
OWN = frozenset({"id", "presale_id", "number", "created_at", "updated_at"})

Json = Any
Headers = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a server wants to be asked, and how it answers.

    :param page: the query of a page.
    :param search: the address of a search.
    :param rows: the name of a list's rows.
    :param total: reads how many rows there are in all.
    :param unfiltered: whether that number takes no notice of filters.
    """

    page: str = "limit={limit}&offset={offset}&order={order}"
    search: str = "/api/customers/?search={typed}&{page}"
    rows: str = "rows"
    total: Callable[[Json, Headers], int] = lambda body, headers: int(body["total"])
    unfiltered: bool = False

    def paged(self, *, offset: int = 0) -> str:
        return self.page.format(limit=WINDOW, offset=offset, number=offset // WINDOW + 1, order=NEWEST)


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: Json = None

    def encode(self, headers: Headers) -> bytes:
        """As it goes over the wire."""
        body = b"" if self.body is None else json.dumps(self.body).encode()
        sent = {"Host": "127.0.0.1", "Accept": "application/json", **headers}
        if body:
            sent |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        return f"{self.method} {self.path} HTTP/1.1\r\n{head}\r\n".encode() + body


def _list(dialect: Dialect, chance: random.Random) -> Request:
    return Request("GET", f"/api/customers/?{dialect.paged(offset=SKIP)}")


def _filter(dialect: Dialect, chance: random.Random) -> Request:
    return Request("GET", f"/api/presales/?status=pending&{dialect.paged()}")


def _search(dialect: Dialect, chance: random.Random) -> Request:
    return Request("GET", dialect.search.format(typed=quote(chance.choice(TYPED)), page=dialect.paged()))


def _product(dialect: Dialect, chance: random.Random) -> Request:
    return Request("GET", f"/api/products/{id_of(Product, chance.randint(1, PRODUCTS))}/")


def _presale(dialect: Dialect, chance: random.Random) -> Request:
    return Request("GET", f"/api/presales/{id_of(Presale, chance.randint(1, PRESALES))}/")


def _create(dialect: Dialect, chance: random.Random) -> Request:
    products = chance.sample(range(1, PRODUCTS + 1), LINES)
    items = [
        {"product_id": str(id_of(Product, product)), "quantity": f"{chance.randint(1, 12)}.500"} for product in products
    ]
    customer_id = str(id_of(Customer, chance.randint(1, CUSTOMERS)))
    return Request("POST", "/api/presales/", {"customer_id": customer_id, "items": items})


def _patch(dialect: Dialect, chance: random.Random) -> Request:
    customer_id = id_of(Customer, chance.randint(1, CUSTOMERS))
    return Request("PATCH", f"/api/customers/{customer_id}/", {"address": f"Rua Direita, {COUNTER.decode()}"})


def _health(dialect: Dialect, chance: random.Random) -> Request:
    return Request("GET", "/api/health")


@dataclass(frozen=True, kw_only=True)
class Work:
    """One thing to do, many times."""

    name: str
    make: Callable[[Dialect, random.Random], Request]
    expected: int = 200
    lists: bool = False
    filters: bool = False
    writes: bool = False

    def requests(self, dialect: Dialect) -> Sequence[Request]:
        """The same for all, but for the dialect."""
        chance = random.Random(self.name)  # noqa: S311 # nothing here is secret
        return [self.make(dialect, chance) for _ in range(REQUESTS)]

    def meaning(self, dialect: Dialect, body: Json, headers: Headers) -> Json:
        """What an answer says, in a form that is the same for equal answers."""
        if self.lists:
            total = None if self.filters and dialect.unfiltered else dialect.total(body, headers)
            return {"rows": plain(body[dialect.rows]), "total": total}
        if self.make is _health:
            return {"status": body["status"]}
        return without_own(plain(body)) if self.writes else plain(body)


WORK = (
    Work(name="list page", make=_list, lists=True),
    Work(name="filtered list", make=_filter, lists=True, filters=True),
    Work(name="search", make=_search, lists=True, filters=True),
    Work(name="one product", make=_product),
    Work(name="one pre-sale", make=_presale),
    Work(name="create a pre-sale", make=_create, expected=201, writes=True),
    Work(name="patch a customer", make=_patch, writes=True),
    Work(name="health", make=_health),
)

TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:?\d\d)")


def plain(value: Json) -> Json:
    """Times in one form, and lines in the order of their products."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        rows = [plain(inner) for inner in value]
        return sorted(rows, key=lambda row: str(row["product_id"])) if rows and "product_id" in rows[0] else rows
    if isinstance(value, str) and TIME.fullmatch(value):
        return datetime.fromisoformat(value).astimezone(UTC).isoformat()
    return value


def without_own(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: without_own(inner) for name, inner in value.items() if name not in OWN}
    if isinstance(value, list):
        return [without_own(inner) for inner in value]
    return value
