"""Which addresses there are, with and without their slash, and what each of them offers."""

from uuid import uuid4

import asyncpg
import httpx

from tests.support.bodies import CUSTOMER
from tests.support.builders import a_customer
from tests.support.cast import Cast
from tests.support.desk import Desks
from tests.support.refusals import refused

EMPLOYEE = "employee@flowcrm.example"


async def test_without_its_slash_an_address_leads_to_the_one_with_it(cast: Cast) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = await cast.admin.request(method, "/api/customers?limit=1", content=b"{}")
        assert answer.status_code == 307
        assert answer.headers["Location"] == "/api/customers/?limit=1"  # on whichever host and scheme the client sees
    followed = await cast.employee.post("/api/customers", json=CUSTOMER, follow_redirects=True)
    assert followed.status_code == 201
    for path in ("/api/auth/me", f"/api/presales/{uuid4()}/submit", f"/api/presales/{uuid4()}/items"):
        assert (await cast.admin.get(path)).status_code == 307


async def test_behind_a_proxy_that_serves_it_below_another_address_all_is_the_same(
    cast: Cast, desks: Desks, connection: asyncpg.Connection
) -> None:
    import main

    below = httpx.ASGITransport(main.app, raise_app_exceptions=False, root_path="/crm")
    async with httpx.AsyncClient(transport=below, base_url="http://flowcrm.test/crm") as client:
        assert refused(await client.post("api/customers/", json=CUSTOMER)) == (401, "unauthenticated")
        client.headers = cast.employee.headers
        created = await client.post("api/customers/", json=CUSTOMER)
        assert created.status_code == 201
        assert (await client.get(f"http://flowcrm.test{created.headers['Location']}")).json() == created.json()
        order = {"customer_id": created.json()["id"], "items": [{"product_id": str(uuid4()), "quantity": "1"}]}
        assert refused(await client.post("api/presales/", json=order)) == (422, "foreign_key_violation")
        assert (await client.get("api/presales/")).json()["total"] == 0
        assert (await client.get("admin/api/user/")).status_code == 401
        client.cookies = desks.employee.client.cookies
        assert (await client.get("admin/api/user/", headers={"Host": "flowcrm.test"})).json()["username"] == EMPLOYEE
        path, csrf = f"admin/api/tables/customers/{created.json()['id']}/", desks.employee.client.headers
        assert (await client.patch(path, json={"name": "Other"})).status_code == 403
        sent = {"X-CSRFToken": csrf["X-CSRFToken"]}
        assert (await client.patch(path, json={"name": "Other"}, headers=sent)).status_code == 200
    who = await connection.fetch("SELECT who FROM audit_trail WHERE table_name = 'customers'")
    assert [row["who"] for row in who] == [EMPLOYEE, EMPLOYEE]


async def test_health_answers_both_ways(cast: Cast) -> None:
    for path in ("/api/health", "/api/health/", "/api/health/live", "/api/health/live/"):
        assert (await cast.stranger.get(path)).status_code == 200


async def test_other_methods_are_refused_with_those_that_are_offered(cast: Cast) -> None:
    id = uuid4()
    offered = {
        "/api/customers/": "GET, HEAD, POST",
        "/api/presales/": "GET, HEAD, POST",
        f"/api/users/{id}/": "DELETE, GET, HEAD, PATCH, PUT",
        "/api/products/count/": "GET, HEAD",
        "/api/products/ids/": "GET, HEAD",
        "/api/products/new/": "GET, HEAD",
        "/api/products/schema/": "GET, HEAD",
        "/api/products/references/": "GET, HEAD",
        f"/api/presales/{id}/items/": "PUT",
        f"/api/presales/{id}/convert/": "POST",
        "/api/auth/logout/": "POST",
        "/api/health": "GET, HEAD",
    }
    for path, methods in offered.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE"} - {*methods.split(", ")}:
            answer = await cast.admin.request(method, path)
            assert refused(answer) == (405, "method_not_allowed"), (method, path)
            assert answer.headers["Allow"] == methods, path


async def test_what_can_be_got_answers_head_with_all_but_the_body(cast: Cast, connection: asyncpg.Connection) -> None:
    customer = f"/api/customers/{await a_customer(connection)}/"
    for path in (customer, "/api/customers/?limit=1", "/api/customers", "/openapi.json", "/docs", "/admin/"):
        got, head = [await cast.admin.request(method, path) for method in ("GET", "HEAD")]
        assert (head.status_code, head.content) == (got.status_code, b""), path
        for name in ("Content-Type", "Content-Length", "ETag", "Location", "Cache-Control"):
            assert head.headers.get(name) == got.headers.get(name), (path, name)
    for path, status in {"/api/health": 200, "/api/health/live": 200, customer: 401, "/nothing": 404}.items():
        assert (await cast.stranger.head(path)).status_code == status, path
    answer = await cast.admin.head("/api/auth/logout/")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


async def test_unknown_addresses(cast: Cast) -> None:
    for path in (
        "/api/nothing/",
        "/api/customers/x/y/",
        "/nothing",
        "/api/",
        "/api/presales/x/pay/",
        "/api//customers/",
    ):
        assert refused(await cast.admin.get(path)) == (404, "not_found"), path


async def test_whoever_types_the_bare_address_is_led_to_the_admin(cast: Cast) -> None:
    answer = await cast.stranger.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (307, "/admin/")
