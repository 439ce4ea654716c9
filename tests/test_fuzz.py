"""Bodies and query strings that nobody thought of: answered or refused in the one shape, all or nothing."""

import json
from typing import Any
from urllib.parse import quote_from_bytes

import asyncpg
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.bodies import BODIES
from tests.support.builders import a_customer, a_line, a_presale, a_product, a_user, nth_cpf
from tests.support.cast import Cast
from tests.support.raw_requests import raw_of
from tests.support.refusals import blamed, problem

# The same examples in every run: `make test` is no lottery. Change the seed's home, or raise this, to look for more.
EXAMPLES = 150
fuzzing = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)

HEADERS = tuple(
    f"{name}".encode()
    for name in ("accept-language", "authorization", "content-type", "cookie", "if-match", "x-request-id", "host")
)
SIZES = "SELECT " + " + ".join(
    f"(SELECT count(*) FROM {table})" for table in ("customers", "products", "presales", "presale_items", "users")
)

# Half a character, an invisible one, one beyond 16 bits, right to left, a wildcard, a quote, an end of text.
SIGNS = "\ud800\u200b\U0001f418\u202e%'\"\\\0aZ9 -_,.:;{}[]()é\u0301\n"
texts = st.one_of(st.text(SIGNS, max_size=8), st.text(max_size=8), st.sampled_from(["NaN", "null", "1e5", "0", "-1"]))
numbers = st.one_of(
    st.integers(),
    st.sampled_from([0, -1, 2**31, 2**63, 10**40, 1e308, 1e-308, -0.0, float("nan"), float("inf")]),
    st.floats(),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(float),
)
ids = st.one_of(st.uuids().map(str), st.just("00000000-0000-0000-0000-000000000000"))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts, ids),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)

FIELDS = {
    "customers": ("name", "email", "phone", "cpf", "address", "id", "created_at"),
    "products": ("code", "name", "unit", "description", "stock", "purchase_price", "sale_price", "sale_type"),
    "presales": ("customer_id", "status", "discount", "notes", "items", "number", "total"),
    "presale-items": ("presale_id", "product_id", "quantity", "unit_price", "discount", "total_price"),
    "users": ("email", "password", "name", "role", "active", "updated_at"),
}


CUSTOMER, PRODUCT, PRESALE, LINE, USER = (f"{n}0000000-0000-4000-8000-000000000000" for n in range(1, 6))
ROWS = {"customers": CUSTOMER, "products": PRODUCT, "presales": PRESALE, "presale-items": LINE, "users": USER}

serial = st.integers(1, 10**8 - 1)
quantity = st.integers(1, 9999).map(lambda number: f"{number / 1000:.3f}")
line = st.fixed_dictionaries({"product_id": st.just(PRODUCT), "quantity": quantity})
# Bodies that are right.
RIGHT: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "customers": serial.map(lambda number: {**BODIES["customers"], "cpf": nth_cpf(number)}),
    "products": serial.map(lambda number: {**BODIES["products"], "code": f"C{number}"}),
    "presales": st.fixed_dictionaries({"customer_id": st.just(CUSTOMER), "items": st.lists(line, max_size=3)}),
    "presale-items": st.builds(lambda line: {**line, "presale_id": PRESALE}, line),
    "users": serial.map(lambda number: {**BODIES["users"], "email": f"u{number}@example.com"}),
}


def bodies(path: str) -> st.SearchStrategy[Any]:
    """Right, or nearly right, or anything."""
    changes = st.dictionaries(st.one_of(st.sampled_from(FIELDS[path]), texts), values, min_size=1, max_size=2)
    wrong_line = st.dictionaries(st.sampled_from(FIELDS["presale-items"]), values, max_size=4)
    wrong_lines = st.fixed_dictionaries({"items": st.lists(st.one_of(line, wrong_line), max_size=3)})
    changed = st.builds(dict.__or__, RIGHT[path], wrong_lines if path == "presales" else changes)
    return st.one_of(RIGHT[path], changed, changes, values)


def as_bytes(body: Any, plain: bool, cut: int | None) -> bytes:
    """Its JSON, escaped or not, whole or broken off."""
    return json.dumps(body, ensure_ascii=plain).encode("utf-8", "surrogatepass")[:cut]


def writes_to(path: str) -> st.SearchStrategy[tuple[str, str, bytes]]:
    """Method, path and body."""
    cut = st.one_of(st.none(), st.none(), st.none(), st.integers(0, 40))
    body = st.builds(as_bytes, bodies(path), st.booleans(), cut)
    return st.tuples(st.sampled_from(["POST", "PUT", "PATCH"]), st.just(path), body)


writes = st.sampled_from(sorted(FIELDS)).flatmap(writes_to)

SPECIAL = ("limit", "offset", "__page", "__page_size", "__order", "__visible_fields", "__readable", "search")
COLUMNS = ("id", "name", "cpf", "stock", "sale_price", "created_at", "status", "number", "customer_id", "active")
names = st.one_of(
    st.sampled_from(SPECIAL),
    st.builds("{}{}".format, st.sampled_from(COLUMNS), st.sampled_from(["", "__operator", "__match"])),
    texts,
)
likely = st.sampled_from(["e", "lt", "is_null", "contains", "exact", "draft", "true", "1", "name,-id", "2024-01-01"])
pairs = st.lists(st.tuples(names, st.one_of(likely, texts, numbers.map(str), ids)), max_size=4)


def as_query(pairs: list[tuple[str, str]], quoted: bool) -> bytes:
    raw = [(name.encode("utf-8", "surrogatepass"), value.encode("utf-8", "surrogatepass")) for name, value in pairs]
    if quoted:
        raw = [(quote_from_bytes(name).encode(), quote_from_bytes(value).encode()) for name, value in raw]
    return b"&".join(name + b"=" + value for name, value in raw)


@pytest.fixture
async def rows(connection: asyncpg.Connection) -> dict[str, str]:
    await a_customer(connection, id=CUSTOMER)
    await a_product(connection, id=PRODUCT)
    await a_presale(connection, id=PRESALE, customer_id=CUSTOMER)
    await a_line(connection, PRESALE, id=LINE, product_id=PRODUCT)  # type: ignore[arg-type] # text will do
    await a_user(connection, id=USER)
    return ROWS


@fuzzing
@given(write=writes)
async def test_any_body_is_refused_or_done_but_nothing_between(
    app: FastAPI, cast: Cast, connection: asyncpg.Connection, rows: dict[str, str], write: tuple[str, str, bytes]
) -> None:
    method, path, body = write
    address = f"/api/{path}/" if method == "POST" else f"/api/{path}/{rows[path]}/"
    before = await connection.fetchval(SIZES)
    answer = await raw_of(app, cast.admin).send(method, address, body=body)
    after = await connection.fetchval(SIZES)
    if answer.status_code >= 400:
        assert answer.status_code in (400, 404, 409, 422), answer.text
        assert problem(answer)
        assert after == before
    else:
        assert answer.status_code == (201 if method == "POST" else 200)
        assert (after > before) == (method == "POST")


@fuzzing
@given(
    path=st.sampled_from([f"{path}/{route}" for path in FIELDS for route in ("", "ids/", "count/")]),
    query=st.one_of(st.builds(as_query, pairs, st.booleans()), st.binary(max_size=20)),
)
async def test_any_query_string_is_answered_or_refused_by_name(
    app: FastAPI, cast: Cast, rows: dict[str, str], path: str, query: bytes
) -> None:
    answer = await raw_of(app, cast.admin).send("GET", f"/api/{path}", query=query)
    if answer.status_code != 200:
        assert blamed(answer)


@fuzzing
@given(headers=st.dictionaries(st.sampled_from(HEADERS), st.binary(max_size=30), max_size=4))
async def test_any_headers_are_survived(
    app: FastAPI, cast: Cast, rows: dict[str, str], headers: dict[bytes, bytes]
) -> None:
    raw = raw_of(app, cast.admin)
    for method, path in (("GET", "customers"), ("PATCH", "presales")):
        answer = await raw.send(method, f"/api/{path}/{rows[path]}/", headers=[*headers.items()], body=b"{}")
        if answer.status_code != 200:
            assert answer.status_code in (400, 401, 412), answer.text
            assert problem(answer)
