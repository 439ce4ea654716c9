"""Creating rows: the whole answer, defaults, server-managed fields, and each kind of wrong value by name."""

import json
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tests.support.bodies import BODIES, CUSTOMER, PATHS, PRODUCT, USER, create
from tests.support.builders import a_customer, a_presale, a_product
from tests.support.cast import Cast
from tests.support.refusals import blamed, problem, refused


@pytest.mark.parametrize("path", BODIES)
async def test_the_answer_is_the_whole_row_at_its_address(cast: Cast, path: str) -> None:
    created = await create(cast.admin, path, BODIES[path])
    body = created.json()
    assert created.headers["Location"] == f"/api/{path}/{body['id']}/"
    read = await cast.admin.get(created.headers["Location"])
    assert (read.json(), read.headers["ETag"]) == (body, created.headers["ETag"])
    assert body["created_at"] == body["updated_at"]


async def test_values_come_back_in_the_one_form_they_are_kept_in(cast: Cast) -> None:
    customer = (await create(cast.employee, "customers", CUSTOMER)).json()
    assert (customer["cpf"], customer["phone"], customer["address"]) == ("52998224725", "+5511987654321", None)
    product = (await create(cast.manager, "products", PRODUCT)).json()
    assert (product["purchase_price"], product["sale_price"]) == ("1.10", "2.50")
    user = (await create(cast.admin, "users", USER)).json()
    assert "password" not in user


async def test_what_is_left_out_gets_its_default(cast: Cast, connection: asyncpg.Connection) -> None:
    product = (await create(cast.manager, "products", PRODUCT)).json()
    assert (product["stock"], product["description"]) == (0, None)
    assert (await create(cast.admin, "users", USER)).json()["active"] is True
    presale = (await create(cast.employee, "presales", {"customer_id": str(await a_customer(connection))})).json()
    assert (presale["status"], presale["discount"], presale["total"]) == ("draft", "0.00", "0.00")
    item = {"presale_id": presale["id"], "product_id": product["id"], "quantity": "1.5"}
    line = (await create(cast.employee, "presale-items", item)).json()
    assert (line["unit_price"], line["discount"], line["total_price"]) == ("2.50", "0.00", "3.75")
    null = (await create(cast.employee, "presale-items", {**item, "unit_price": None})).json()
    assert null["unit_price"] == "2.50"


async def test_what_the_database_owns_is_ignored(cast: Cast, connection: asyncpg.Connection) -> None:
    server_managed = {"id": str(uuid4()), "created_at": "2001-01-01T00:00:00Z", "updated_at": ["anything"]}
    customer = (await create(cast.employee, "customers", {**CUSTOMER, **server_managed})).json()
    assert customer["id"] != server_managed["id"]
    assert not customer["created_at"].startswith("2001")
    presale_managed = {**server_managed, "number": 1, "total": "999.99"}
    presale = await create(cast.employee, "presales", {"customer_id": customer["id"], **presale_managed})
    assert (presale.json()["total"], presale.json()["number"] > 0) == ("0.00", True)
    changed = await cast.employee.patch(f"/api/customers/{customer['id']}/", json=server_managed)
    assert changed.json() == customer
    line = {"presale_id": presale.json()["id"], "product_id": str(await a_product(connection)), "quantity": 1}
    item = await create(cast.employee, "presale-items", {**line, "total_price": "0.01", "id": None})
    assert item.json()["total_price"] == "10.00"


@pytest.mark.parametrize("path", BODIES)
async def test_each_required_field_is_missed_by_name(cast: Cast, path: str) -> None:
    assert sorted(blamed(await cast.admin.post(f"/api/{path}/", json={}))) == sorted(BODIES[path])
    for name in BODIES[path]:
        short = {key: value for key, value in BODIES[path].items() if key != name}
        assert blamed(await cast.admin.post(f"/api/{path}/", json=short)) == [name]
        assert blamed(await cast.admin.post(f"/api/{path}/", json={**short, name: None})) == [name]


@pytest.mark.parametrize(
    ("path", "field", "values"),
    [
        ("customers", "name", ["", " ", "\t\u00a0\u200b", "\u3164", "x" * 256, 5, True, [], {}, "a\u0000b"]),
        ("customers", "email", ["", "x", "a@b", "a@b@c.de", "a b@c.de", "@c.de", f"{'a' * 65}@c.de", 1]),
        ("customers", "phone", ["", "123", "0800 123 4567", "+1 650 253 0000", "98765-4321", 11987654321]),
        ("customers", "cpf", ["", "111.111.111-11", "529.982.247-26", "5299822472", 52998224725, "٥٢٩٩٨٢٢٤٧٢٥"]),
        ("customers", "address", [1, "a\u0000b", []]),
        ("products", "stock", [-1, "5", 1.5, 2**31, True, None, 10**40]),
        (
            "products",
            "sale_price",
            [-1, "-0.01", "1.234", 1.234, "1,50", "1e2", "NaN", "Infinity", "", " 1", "1_0"],
        ),
        ("products", "purchase_price", ["123456789.00", 1e9, True, [], {}, "0x10", "１２"]),
        ("users", "role", ["boss", "Admin", "", 1]),
        ("users", "active", ["true", 1, 0, "yes"]),
        ("users", "password", ["short", "x" * 129, 12345678, ""]),
    ],
)
async def test_wrong_values_are_refused_by_name(cast: Cast, path: str, field: str, values: list[Any]) -> None:
    for value in values:
        answer = await cast.admin.post(f"/api/{path}/", json={**BODIES[path], field: value})
        assert answer.status_code == 422, (value, answer.text)
        assert blamed(answer) == [field], value


async def test_a_whole_number_however_large_is_called_too_large(cast: Cast) -> None:
    for number in "2147483648", "1" + "0" * 40, "1E400":
        body = json.dumps({**PRODUCT, "stock": "?"}).replace('"?"', number)
        answer = await cast.admin.post("/api/products/", content=body, headers={"Content-Type": "application/json"})
        assert [wrong["message"] for wrong in answer.json()["errors"]] == ["This must be at most 2147483647."]


@pytest.mark.parametrize("scale", [2, 3])
async def test_surplus_decimals_are_called_decimals_however_many(
    cast: Cast, connection: asyncpg.Connection, scale: int
) -> None:
    line = {"presale_id": str(await a_presale(connection)), "product_id": str(await a_product(connection))}
    path, field = {2: ("products", "sale_price"), 3: ("presale-items", "quantity")}[scale]
    for number in (
        *("0.30000000000000004", "0.10000000000000000001", "1e-500", "1e-999999999", "1234567.0001"),
        *('"0.1234"', '"0.10000000000000000001"', f'"9999999.{"9" * 40}"'),
    ):
        body = json.dumps({**BODIES.get(path, line), field: "?"}).replace('"?"', number)
        answer = await cast.admin.post(f"/api/{path}/", content=body, headers={"Content-Type": "application/json"})
        wrong = {"field": field, "code": "decimal_max_places", "message": f"At most {scale} decimals."}
        assert problem(answer)["errors"] == [wrong], number


async def test_numbers_are_as_good_as_text_for_money(cast: Cast) -> None:
    for number, (sent, kept) in enumerate(
        {"1": "1.00", "007.10": "7.10", "2.500": "2.50", "0": "0.00", "99999999.99": "99999999.99"}.items()
    ):
        for sale_price in (sent, float(sent)):
            body = {**PRODUCT, "code": f"{number}{type(sale_price)}", "sale_price": sale_price}
            assert (await create(cast.manager, "products", body)).json()["sale_price"] == kept
    assert (await create(cast.manager, "products", {**PRODUCT, "stock": 5.0})).json()["stock"] == 5


@pytest.mark.parametrize("path", PATHS)
async def test_unknown_fields_and_parameters_are_refused(cast: Cast, path: str) -> None:
    for color in "red", None:
        answer = await cast.admin.post(f"/api/{path}/", json={**BODIES.get(path, {}), "color": color})
        [error] = [error for error in problem(answer)["errors"] if error["field"] == "color"]
        assert error["code"] == "extra_forbidden"
    for query in ("color=red", "limit=1", "__visible_fields=id"):
        answer = await cast.admin.post(f"/api/{path}/?{query}", json=BODIES.get(path, {}))
        assert blamed(answer) == [query.partition("=")[0]]
    for body in ("[]", "[{}]", '"text"', "1", "null", "true"):
        assert blamed(await cast.admin.post(f"/api/{path}/", content=body)) == [""]


async def test_duplicates_are_refused_in_whatever_form_they_are_typed(cast: Cast) -> None:
    await create(cast.employee, "customers", CUSTOMER)
    await create(cast.manager, "products", PRODUCT)
    await create(cast.admin, "users", USER)
    for path, field, same in (
        ("customers", "cpf", {**CUSTOMER, "cpf": "52998224725", "email": "other@example.com"}),
        ("products", "code", {**PRODUCT, "name": "Other"}),
        ("users", "email", {**USER, "email": "nova@example.COM"}),
    ):
        answer = await cast.admin.post(f"/api/{path}/", json=same)
        assert refused(answer) == (409, "unique_violation")
        assert [error["field"] for error in problem(answer)["errors"]] == [field]


async def test_references_must_exist(cast: Cast, connection: asyncpg.Connection) -> None:
    nobody = str(uuid4())
    presale, product = str(await a_presale(connection)), str(await a_product(connection))
    for path, body, field in (
        ("presales", {"customer_id": nobody}, "customer_id"),
        ("presale-items", {"presale_id": nobody, "product_id": product, "quantity": 1}, "presale_id"),
        ("presale-items", {"presale_id": presale, "product_id": nobody, "quantity": 1}, "product_id"),
        (
            "presale-items",
            {"presale_id": presale, "product_id": nobody, "quantity": 1, "unit_price": 1},
            "product_id",
        ),
    ):
        answer = await cast.employee.post(f"/api/{path}/", json=body)
        assert refused(answer) == (422, "foreign_key_violation")
        assert [error["field"] for error in problem(answer)["errors"]] == [field]


async def test_what_only_the_database_computes_is_explained(cast: Cast, connection: asyncpg.Connection) -> None:
    presale, product = str(await a_presale(connection)), str(await a_product(connection))
    line = {"presale_id": presale, "product_id": product, "quantity": "9999999.999", "unit_price": "99999999.99"}
    assert refused(await cast.employee.post("/api/presale-items/", json=line)) == (422, "out_of_range")
    too_much = {**line, "quantity": 1, "unit_price": 1, "discount": "1.01"}
    answer = await cast.employee.post("/api/presale-items/", json=too_much)
    assert refused(answer) == (422, "check_violation")
    assert [error["field"] for error in problem(answer)["errors"]] == ["discount"]
