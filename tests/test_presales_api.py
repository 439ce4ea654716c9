"""Pre-sales over REST: created with their items in one go, and moved through their life."""

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tests.support.bodies import a_body
from tests.support.builders import a_customer, a_presale, a_product, stock_of
from tests.support.cast import Cast


async def test_a_presale_goes_from_draft_to_converted_and_takes_the_stock(
    cast: Cast, connection: asyncpg.Connection
) -> None:
    body = await a_body(connection, stock=10, quantity="2.5")
    created = await cast.employee.post("/api/presales/", json=body)
    assert created.status_code == 201
    presale = created.json()
    assert (presale["status"], presale["total"], len(presale["items"])) == ("draft", "12.50", 1)
    address = created.headers["Location"]
    assert address == f"/api/presales/{presale['id']}/"

    assert (await cast.employee.post(f"{address}submit/")).json()["status"] == "pending"
    assert (await cast.manager.post(f"{address}approve/")).json()["status"] == "approved"
    assert (await cast.manager.post(f"{address}convert/")).json()["status"] == "converted"
    assert await stock_of(connection, presale["items"][0]["product_id"]) == 7


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "order-1"}])
async def test_what_is_answered_when_it_is_created_is_what_is_kept(
    cast: Cast, connection: asyncpg.Connection, headers: dict[str, str]
) -> None:
    """The answer comes from the statement that writes the rows, before anybody could read them."""
    body = await a_body(connection, quantity="2.5")
    product = body["items"][0]["product_id"]
    body["items"] += [{"product_id": product, "quantity": "0.001", "unit_price": "5.00"}]
    body["items"] += [{"product_id": product, "quantity": 1, "unit_price": "0.99", "discount": "0.50"}]
    created = await cast.employee.post("/api/presales/", json=body | {"discount": "1.00"}, headers=headers)
    kept = await cast.employee.get(created.headers["Location"])
    assert (kept.content, kept.headers["ETag"]) == (created.content, created.headers["ETag"])
    assert [item["total_price"] for item in kept.json()["items"]] == ["12.50", "0.01", "0.49"]
    assert kept.json()["total"] == "12.00"
    assert kept.json()["created_at"] == kept.json()["updated_at"]


async def test_converting_twice_is_refused_but_setting_the_same_status_is_not(
    cast: Cast, connection: asyncpg.Connection
) -> None:
    address = (await cast.manager.post("/api/presales/", json=await a_body(connection))).headers["Location"]
    for action in ("submit", "approve", "convert"):
        await cast.manager.post(f"{address}{action}/")
    again = await cast.manager.post(f"{address}convert/")
    assert (again.status_code, again.json()["code"]) == (409, "invalid_transition")
    assert [wrong["field"] for wrong in again.json()["errors"]] == ["status"]
    same = await cast.manager.patch(address, json={"status": "converted"})
    assert same.status_code == 200


async def test_twelve_conversions_of_one_presale_at_once_take_the_stock_once(
    cast: Cast, connection: asyncpg.Connection
) -> None:
    created = await cast.manager.post("/api/presales/", json=await a_body(connection, stock=10, quantity="3"))
    address = created.headers["Location"]
    for action in ("submit", "approve"):
        await cast.manager.post(f"{address}{action}/")
    answers = await asyncio.gather(*[cast.manager.post(f"{address}convert/") for _ in range(12)])
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 11
    assert await stock_of(connection, created.json()["items"][0]["product_id"]) == 7


async def test_too_little_stock_refuses_the_conversion_and_names_the_products(
    cast: Cast, connection: asyncpg.Connection
) -> None:
    body = await a_body(connection, stock=1, quantity="1.001")
    address = (await cast.manager.post("/api/presales/", json=body)).headers["Location"]
    for action in ("submit", "approve"):
        await cast.manager.post(f"{address}{action}/")
    refused = await cast.manager.post(f"{address}convert/")
    problem = refused.json()
    name = await connection.fetchval("SELECT name FROM products")
    assert (refused.status_code, problem["code"]) == (409, "insufficient_stock")
    assert name in problem["detail"]
    assert name in problem["errors"][0]["message"]
    assert (await cast.manager.get(address)).json()["status"] == "approved"


async def test_a_refused_line_leaves_no_presale_behind(cast: Cast, connection: asyncpg.Connection) -> None:
    body = await a_body(connection)
    body["items"].append({"product_id": str(uuid4()), "quantity": "1"})
    refused = await cast.employee.post("/api/presales/", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "foreign_key_violation")
    assert await connection.fetchval("SELECT count(*) FROM presales") == 0


async def test_an_empty_draft_cannot_be_submitted(cast: Cast, connection: asyncpg.Connection) -> None:
    created = await cast.employee.post("/api/presales/", json={"customer_id": str(await a_customer(connection))})
    assert (created.status_code, created.json()["items"]) == (201, [])
    refused = await cast.employee.post(f"{created.headers['Location']}submit/")
    assert (refused.status_code, refused.json()["code"]) == (409, "no_items")


async def test_an_employee_neither_approves_nor_cancels_what_is_approved(
    cast: Cast, connection: asyncpg.Connection
) -> None:
    address = (await cast.employee.post("/api/presales/", json=await a_body(connection))).headers["Location"]
    await cast.employee.post(f"{address}submit/")
    assert (await cast.employee.post(f"{address}approve/")).status_code == 403
    assert (await cast.employee.patch(address, json={"status": "approved"})).status_code == 403
    await cast.manager.post(f"{address}approve/")
    for action in ("cancel", "approve", "convert"):
        assert (await cast.employee.post(f"{address}{action}/")).status_code == 403
    assert (await cast.manager.post(f"{address}cancel/")).status_code == 200
    assert (await cast.employee.post(f"{address}approve/")).status_code == 403


async def test_what_nobody_could_do_is_not_a_matter_of_rights(cast: Cast, connection: asyncpg.Connection) -> None:
    address = (await cast.employee.post("/api/presales/", json=await a_body(connection))).headers["Location"]
    await cast.employee.post(f"{address}submit/")
    await cast.manager.post(f"{address}approve/")
    for who in (cast.employee, cast.manager):
        for answer in (
            await who.post(f"{address}reopen/"),
            await who.post(f"{address}submit/"),
            await who.patch(address, json={"status": "draft"}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (409, "invalid_transition")


async def test_a_line_that_is_too_large_is_named(cast: Cast, connection: asyncpg.Connection) -> None:
    body: dict[str, Any] = await a_body(connection)
    product = body["items"][0]["product_id"]
    largest = {"product_id": product, "quantity": "9999999.999", "unit_price": "10.00"}
    body["items"] += [largest | {"unit_price": "10.01"}, largest]
    for answer, within in (
        (await cast.employee.post("/api/presales/", json=body), "items."),
        (await cast.employee.put(f"/api/presales/{await a_presale(connection)}/items/", json=body["items"]), ""),
    ):
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, "out_of_range")
        assert [error["field"] for error in problem["errors"]] == [f"{within}1.total_price"]


async def test_a_sum_that_is_too_large_is_named(cast: Cast, connection: asyncpg.Connection) -> None:
    body: dict[str, Any] = await a_body(connection)
    body["items"] = [body["items"][0] | {"quantity": "1", "unit_price": "99999999.99"}] * 2
    problem = (await cast.employee.post("/api/presales/", json=body)).json()
    assert (problem["code"], [error["field"] for error in problem["errors"]]) == ("out_of_range", ["total"])


async def test_the_database_s_refusal_names_the_line(cast: Cast, connection: asyncpg.Connection) -> None:
    body: dict[str, Any] = await a_body(connection)
    [good] = body["items"]
    draft = (await cast.employee.post("/api/presales/", json=body)).headers["Location"]
    for bad, field in (
        ({**good, "quantity": "1", "discount": "5.01"}, "discount"),
        ({**good, "product_id": str(uuid4())}, "product_id"),
        ({**good, "product_id": str(uuid4()), "unit_price": "1"}, "product_id"),
    ):
        created = await cast.employee.post("/api/presales/", json={**body, "items": [good, good, bad, good]})
        assert (created.status_code, created.json()["errors"][0]["field"]) == (422, f"items.2.{field}")
        replaced = await cast.employee.put(f"{draft}items/", json=[good, bad])
        assert (replaced.status_code, replaced.json()["errors"][0]["field"]) == (422, f"1.{field}")
    assert await connection.fetchval("SELECT count(*) FROM presales") == 1


async def test_items_are_replaced_all_or_none_and_in_the_order_given(
    cast: Cast, connection: asyncpg.Connection
) -> None:
    address = (await cast.employee.post("/api/presales/", json=await a_body(connection))).headers["Location"]
    product = str(await a_product(connection))
    lines = [{"product_id": product, "quantity": str(n), "unit_price": "1.00"} for n in range(1, 30)]
    replaced = await cast.employee.put(f"{address}items/", json=lines)
    assert [float(line["quantity"]) for line in replaced.json()["items"]] == list(range(1, 30))
    refused = await cast.employee.put(f"{address}items/", json=[lines[0], {**lines[1], "quantity": "0"}])
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "1.quantity"
    assert (await cast.employee.get(address)).json() == replaced.json()


async def test_items_that_are_added_one_by_one_stand_below_the_others(
    cast: Cast, connection: asyncpg.Connection
) -> None:
    body: dict[str, Any] = await a_body(connection)
    line = body["items"][0]
    presale = (await cast.employee.post("/api/presales/", json={**body, "items": [line, line]})).json()
    for quantity in range(3, 9):
        added = {**line, "presale_id": presale["id"], "quantity": quantity}
        assert (await cast.employee.post("/api/presale-items/", json=added)).status_code == 201
    as_entered = ["2.000", "2.000", *(f"{quantity}.000" for quantity in range(3, 9))]
    items = (await cast.employee.get(f"/api/presales/{presale['id']}/")).json()["items"]
    assert [item["quantity"] for item in items] == as_entered
    listed = (await cast.employee.get(f"/api/presale-items/?presale_id={presale['id']}")).json()["rows"]
    assert [item["quantity"] for item in listed] == as_entered


async def test_a_stale_version_is_refused_on_every_kind_of_write(cast: Cast, connection: asyncpg.Connection) -> None:
    created = await cast.manager.post("/api/presales/", json=await a_body(connection))
    address, seen = created.headers["Location"], {"If-Match": created.headers["ETag"]}
    changed = await cast.manager.patch(address, json={"notes": "call first"}, headers=seen)
    assert changed.status_code == 200
    for write in (
        cast.manager.patch(address, json={"notes": "no"}, headers=seen),
        cast.manager.put(address, json={"customer_id": changed.json()["customer_id"]}, headers=seen),
        cast.manager.put(f"{address}items/", json=[], headers=seen),
        cast.manager.post(f"{address}submit/", headers=seen),
        cast.manager.delete(address, headers=seen),
    ):
        answer = await write
        assert (answer.status_code, answer.json()["code"]) == (412, "stale")
    fresh = {"If-Match": changed.headers["ETag"]}
    assert (await cast.manager.delete(address, headers=fresh)).status_code == 204


async def test_a_presale_can_be_sent_back_as_it_came_whatever_its_state(
    cast: Cast, connection: asyncpg.Connection
) -> None:
    address = (await cast.manager.post("/api/presales/", json=await a_body(connection))).headers["Location"]
    for action in ("submit", "approve", "convert"):
        shown = await cast.manager.get(address)
        for send in (cast.manager.put, cast.manager.patch):
            again = await send(address, json=shown.json())
            assert (again.status_code, again.json()) == (200, shown.json())
        await cast.manager.post(f"{address}{action}/")
    other = {**shown.json(), "items": []}
    refused = await cast.manager.put(address, json=other)
    assert refused.status_code == 422
    assert {error["field"]: error["message"] for error in refused.json()["errors"]} == {
        "items": "This is changed at an address of its own, not here."
    }


async def test_another_product_comes_at_its_own_price_unless_one_is_sent(
    cast: Cast, connection: asyncpg.Connection
) -> None:
    presale = (await cast.employee.post("/api/presales/", json=await a_body(connection))).json()
    address, other = f"/api/presale-items/{presale['items'][0]['id']}/", await a_product(connection, sale_price=99)
    changed = await cast.employee.patch(address, json={"quantity": "3", "product_id": str(other)})
    assert (changed.json()["unit_price"], changed.json()["total_price"]) == ("99.00", "297.00")
    another = await a_product(connection, sale_price=1)
    changed = await cast.employee.patch(address, json={"unit_price": "7.00", "product_id": str(another)})
    assert changed.json()["unit_price"] == "7.00"
    await connection.execute("UPDATE products SET sale_price = 2 WHERE id = $1", another)
    changed = await cast.employee.patch(address, json={"product_id": str(another)})
    assert changed.json()["unit_price"] == "7.00"
