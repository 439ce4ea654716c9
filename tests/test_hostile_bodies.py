"""Bodies that no decent client sends: refused in the one shape, never an error of ours, and nothing of them stays."""

import json
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from tests.support.bodies import BODIES, CUSTOMER
from tests.support.cast import Cast
from tests.support.commands import contents
from tests.support.hostile import some_rows, writes
from tests.support.raw_requests import raw_of
from tests.support.refusals import blamed, problem, refused

MEGABYTE = b"x" * 1_000_000
DIGITS = b"9" * 100_000
DEEP = 100_000
NO_JSON_BUT_TO_PYTHON = (
    b'{"name": NaN}',
    b'{"name": "a", "name": "b"}',
    '{"name": "wide"}'.encode("utf-16"),
)
NOT_JSON = (
    *NO_JSON_BUT_TO_PYTHON,
    b"",
    b" ",
    b"{",
    b"[1,]",
    b"{'name': 1}",
    b'{"name": 01}',
    b'{"name": +1}',
    b'{"name": .5}',
    b'{"name": Infinity}',
    b'{"name": -Infinity}',
    b'{"items": [{"quantity": 1, "quantity": 2}]}',
    b'{"name": "\xff"}',
    b'{"name": "\xed\xa0\x80"}',
    b'{"name": "a\nb"}',
    b'\xef\xbb\xbf{"name": "BOM"}',
    b'{"name": 1e99999999999999999999}',
    b"{} {}",
    b"[" * DEEP,
    b'{"a":' * DEEP,
    b"[" * DEEP + b"]" * DEEP,
    b"name=Maria&email=maria%40example.com",
    b"<customer/>",
)
# For a field of any kind, none of these is a value.
NEVER_A_VALUE = (
    b'"\\u0000"',
    b'"a\\u0000b"',
    b'"\\ud800"',
    b'"\\udc00\\ud800"',
    DIGITS,
    b"-" + DIGITS,
    b"0." + b"1" * 100_000,
    b"1e999",
    b"-1e-999",
    b"[]",
    b"[[[]]]",
    b"{}",
    b'{"name": {"name": {}}}',
    b"[" * 400 + b"]" * 400,
)


async def test_what_is_not_json(app: FastAPI, cast: Cast, connection: asyncpg.Connection) -> None:
    rows = await some_rows(connection)
    raw, before = raw_of(app, cast.admin), await contents(connection)
    for body in NOT_JSON:
        answer = await raw.send("POST", "/api/customers/", body=body)
        assert refused(answer) == (400, "malformed_json"), body[:40]
    for method, path in writes(rows):
        for body in (b"", *NO_JSON_BUT_TO_PYTHON):
            answer = await raw.send(method, path, body=body)
            assert refused(answer) == (400, "malformed_json"), (method, path, body[:40])
    assert await contents(connection) == before


async def test_what_says_that_it_is_not_json(app: FastAPI, cast: Cast) -> None:
    raw, body = raw_of(app, cast.admin), json.dumps(CUSTOMER).encode()
    for media_type in (
        b"text/plain",
        b"application/x-www-form-urlencoded",
        b"multipart/form-data; boundary=x",
        b"\xff",
        b"x",
    ):
        answer = await raw.send("POST", "/api/customers/", body=body, headers=[(b"content-type", media_type)])
        assert refused(answer) == (400, "malformed_json"), media_type
    for number, media_type in enumerate(
        (b"application/json", b"Application/JSON; charset=utf-8", b"application/a+json")
    ):
        other = body.replace(b"529.982.247-25", [b"529.982.247-25", b"111.444.777-35", b"935.411.347-80"][number])
        answer = await raw.send("POST", "/api/customers/", body=other, headers=[(b"content-type", media_type)])
        assert answer.status_code == 201, (media_type, answer.text)


async def test_values_that_are_none(app: FastAPI, cast: Cast, connection: asyncpg.Connection) -> None:
    rows = await some_rows(connection)
    raw, before = raw_of(app, cast.admin), await contents(connection)
    fields = {
        "customers": ("name", "email", "phone", "cpf", "address"),
        "products": ("code", "name", "unit", "description", "stock", "purchase_price", "sale_price", "sale_type"),
        "presales": ("customer_id", "status", "discount", "notes"),
        "presale-items": ("presale_id", "product_id", "quantity", "unit_price", "discount"),
    }
    for path, names in fields.items():
        for name in names:
            for value in NEVER_A_VALUE:
                body = b'{"' + name.encode() + b'": ' + value + b"}"
                answer = await raw.send("PATCH", f"/api/{path}/{rows[path]}/", body=body)
                assert blamed(answer)[0].partition(".")[0] == name, (path, name, value[:40])
    assert await contents(connection) == before


async def test_zeros_however_many_are_no_more_than_nothing(
    app: FastAPI, cast: Cast, connection: asyncpg.Connection
) -> None:
    raw, rows, zeros = raw_of(app, cast.admin), await some_rows(connection), b"0" * 200_000
    product, line = f"/api/products/{rows['products']}/", f"/api/presale-items/{rows['presale-items']}/"
    for address, name, value, kept in (
        (product, b"sale_price", b"0e999999999", "0.00"),
        (product, b"sale_price", b"0e-999999999", "0.00"),
        (product, b"sale_price", b"1." + zeros, "1.00"),
        (product, b"sale_price", b'"' + zeros + b'1.5"', "1.50"),
        (product, b"stock", b"0e999999999", 0),
        (line, b"quantity", b"1." + zeros, "1.000"),
        (line, b"discount", b"0." + zeros, "0.00"),
    ):
        answer = await raw.send("PATCH", address, body=b'{"' + name + b'": ' + value + b"}")
        assert (answer.status_code, answer.json()[name.decode()]) == (200, kept), (name, value[:20])


async def test_lists_for_objects_and_objects_for_lists(
    app: FastAPI, cast: Cast, connection: asyncpg.Connection
) -> None:
    rows = await some_rows(connection)
    raw = raw_of(app, cast.admin)
    for method, path in writes(rows):
        wrong = b"{}" if path.endswith("/items/") else b"[{}]"
        for body in (wrong, b'"text"', b"5", b"null", b"true", DIGITS):
            assert blamed(await raw.send(method, path, body=body)) == [""], (method, path, body[:20])
    items = f"/api/presales/{rows['presales']}/items/"
    assert blamed(await raw.send("PUT", items, body=b"[[], null, 5]")) == ["0", "1", "2"]
    presale = {"customer_id": rows["customers"], "items": {"0": {}}}
    assert blamed(await raw.send("POST", "/api/presales/", body=json.dumps(presale).encode())) == ["items"]


async def test_a_megabyte_of_text_goes_where_text_is_free_and_nowhere_else(
    app: FastAPI, cast: Cast, connection: asyncpg.Connection
) -> None:
    rows = await some_rows(connection)
    raw, text = raw_of(app, cast.admin), b'"' + MEGABYTE + b'"'
    for path, name in (("customers", "address"), ("products", "description"), ("presales", "notes")):
        address = f"/api/{path}/{rows[path]}/"
        answer = await raw.send("PATCH", address, body=b'{"' + name.encode() + b'": ' + text + b"}")
        assert (answer.status_code, len(answer.json()[name])) == (200, 1_000_000)
        assert (await raw.send("GET", f"/api/{path}/", query=b"limit=1")).status_code == 200
    for name in ("name", "email", "phone", "cpf"):
        answer = await raw.send(
            "PATCH", f"/api/customers/{rows['customers']}/", body=b'{"' + name.encode() + b'": ' + text + b"}"
        )
        assert blamed(answer) == [name]
        assert len(answer.content) < 2000


async def test_names_of_fields_that_are_absurd(app: FastAPI, cast: Cast) -> None:
    raw = raw_of(app, cast.admin)
    for name in (MEGABYTE, b"\\u0000", b"\\ud800", b"__class__", b"", b"id.x", b"a" * 300, "é".encode()):
        answer = await raw.send("POST", "/api/customers/", body=b'{"' + name + b'": 1}')
        assert blamed(answer), name[:20]
        assert len(answer.content) < 3000


async def test_ten_thousand_mistakes_are_not_all_repeated(
    app: FastAPI, cast: Cast, connection: asyncpg.Connection
) -> None:
    rows = await some_rows(connection)
    body = json.dumps([{"quantity": "x"}] * 10_000).encode()
    answer = await raw_of(app, cast.admin).send("PUT", f"/api/presales/{rows['presales']}/items/", body=body)
    assert len(blamed(answer)) == 100


async def test_many_lines_are_all_or_nothing(app: FastAPI, cast: Cast, connection: asyncpg.Connection) -> None:
    rows = await some_rows(connection)
    lines = [{"product_id": rows["products"], "quantity": "0.001"}] * 10_000
    before = await contents(connection)
    for last in ({"product_id": str(uuid4()), "quantity": 1}, {"product_id": rows["products"], "quantity": 0}):
        body = json.dumps([*lines, last]).encode()
        answer = await raw_of(app, cast.admin).send("PUT", f"/api/presales/{rows['presales']}/items/", body=body)
        assert answer.status_code == 422
        assert problem(answer)
    assert await contents(connection) == before


async def test_an_action_takes_no_orders_beside_its_address(
    app: FastAPI, cast: Cast, connection: asyncpg.Connection
) -> None:
    rows = await some_rows(connection)
    address = f"/api/presales/{rows['presales']}/submit/"
    raw = raw_of(app, cast.employee)
    assert blamed(await raw.send("POST", address, body=b'{"status": "cancelled", "items": []}')) == ["status", "items"]
    assert blamed(await raw.send("POST", address, body=b"[]")) == [""]
    assert refused(await raw.send("POST", address, body=b"now")) == (400, "malformed_json")
    assert blamed(await raw.send("POST", address, query=b"force=true")) == ["force"]
    assert (await raw.send("GET", address.removesuffix("submit/"))).json()["status"] == "draft"
    assert (await raw.send("POST", address, body=b"{}")).json()["status"] == "pending"


async def test_a_body_of_countless_fields_is_refused_with_a_hundred(app: FastAPI, cast: Cast) -> None:
    body = b"{" + b", ".join(b'"f%d": 1' % number for number in range(100_000)) + b"}"
    for path in "/api/customers/", "/api/auth/password/":
        answer = await raw_of(app, cast.admin).send("POST", path, body=body)
        assert blamed(answer) == [f"f{number}" for number in range(100)]


async def test_of_countless_wrong_lines_the_first_is_told(
    app: FastAPI, cast: Cast, connection: asyncpg.Connection
) -> None:
    rows = await some_rows(connection)
    right = {"product_id": rows["products"], "quantity": "1"}
    lines = [right] * 5 + [{"product_id": "x", "quantity": "y"}] * 10_000
    sent = raw_of(app, cast.admin).send
    answer = await sent("PUT", f"/api/presales/{rows['presales']}/items/", body=json.dumps(lines).encode())
    assert blamed(answer) == ["5.product_id", "5.quantity"]
    for wrong in ([{f"f{number}": 1 for number in range(100_000)}], [{f"f{number}": 1 for number in range(101)}] * 9):
        answer = await sent("PUT", f"/api/presales/{rows['presales']}/items/", body=json.dumps(wrong).encode())
        assert blamed(answer) == [""]
    nothing = json.dumps([{}] * 100_000).encode()
    answer = await sent("PUT", f"/api/presales/{rows['presales']}/items/", body=nothing)
    assert blamed(answer) == ["0.product_id", "0.quantity"]
    order = {"customer_id": rows["customers"], "items": lines}
    answer = await sent("POST", "/api/presales/", body=json.dumps(order).encode())
    assert blamed(answer) == ["items.5.product_id", "items.5.quantity"]


@pytest.mark.parametrize("path", BODIES)
async def test_whatever_is_refused_leaves_nothing(cast: Cast, connection: asyncpg.Connection, path: str) -> None:
    before = await contents(connection)
    for name in BODIES[path]:
        answer: httpx.Response = await cast.admin.post(f"/api/{path}/", json={**BODIES[path], name: "\u0000"})
        assert blamed(answer) == [name]
    assert await contents(connection) == before
