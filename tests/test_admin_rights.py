"""Who may do what in the admin, and what nobody may."""

import asyncpg

from tests.support.builders import a_customer, a_line, a_presale, a_presale_that_is, a_product, row
from tests.support.cast import Cast
from tests.support.clients import a_token, bearer
from tests.support.desk import PRODUCT, Desks
from tests.support.refusals import NOT_ALLOWED, refused_in_words


class TestRights:
    async def test_employees_do_not_touch_the_catalogue(self, desks: Desks, connection: asyncpg.Connection) -> None:
        product = await a_product(connection)
        refused_in_words(await desks.employee.creates("products", **PRODUCT), 403, NOT_ALLOWED)
        refused_in_words(await desks.employee.changes("products", product, name="Other"), 403, NOT_ALLOWED)
        refused_in_words(await desks.employee.deletes("products", product), 403, NOT_ALLOWED)

    async def test_employees_delete_no_customers_and_approve_nothing(
        self, desks: Desks, connection: asyncpg.Connection
    ) -> None:
        presale = await a_presale_that_is(connection, "pending")
        refused_in_words(await desks.employee.deletes("customers", await a_customer(connection)), 403, NOT_ALLOWED)
        refused_in_words(await desks.employee.changes("presales", presale, status="approved"), 403, NOT_ALLOWED)

    async def test_users_are_for_administrators(self, desks: Desks, connection: asyncpg.Connection) -> None:
        user = await connection.fetchval("SELECT id FROM users LIMIT 1")
        root = "/admin/api/tables/users/"
        reads = [("GET", root + path) for path in ("", "schema/", "new/", "count/", "ids/", "references/", f"{user}/")]
        writes = [("POST", root), *((method, f"{root}{user}/") for method in ("PUT", "PATCH", "DELETE"))]
        for desk in (desks.manager, desks.employee):
            for method, address in (*reads, *writes):
                answer = await desk.client.request(method, address, json={} if method != "GET" else None)
                refused_in_words(answer, 403, NOT_ALLOWED)

    async def test_what_is_in_use_is_not_deleted(self, desks: Desks, connection: asyncpg.Connection) -> None:
        line = await row(connection, "presale_items", await a_line(connection, await a_presale(connection)))
        answer = await desks.manager.deletes("products", line["product_id"])
        refused_in_words(answer, 409, "This product is part of pre-sales and cannot be deleted.")

    async def test_a_token_of_the_api_opens_no_form(self, cast: Cast, connection: asyncpg.Connection) -> None:
        token = await a_token(connection, "admin@flowcrm.example")
        answer = await cast.stranger.get("/admin/api/tables/customers/", headers=bearer(token))
        assert answer.status_code == 401
