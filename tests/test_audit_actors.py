"""The audit trail names whoever sent the request, over REST and in the admin."""

import asyncio
import uuid

import asyncpg
import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI

from tests.support.builders import a_customer, a_presale_that_is, a_product, a_user, nth_cpf
from tests.support.cast import Cast
from tests.support.clients import a_client, a_token, bearer, csrf, keep_cookies, log_in
from tests.support.desk import ANA, Desks
from tests.support.refusals import refused
from tests.support.trail import changes, deeds, entries

EMPLOYEE, MANAGER, ADMIN = (f"{role}@flowcrm.example" for role in ("employee", "manager", "admin"))
ZE = "zé.o'neil{}%s$1@flowcrm.example"
WEAK_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("flowcrm-demo")


async def id_of(connection: asyncpg.Connection, email: str) -> object:
    return await connection.fetchval("SELECT id FROM users WHERE email = $1", email)


async def since(connection: asyncpg.Connection) -> list[tuple[object, ...]]:
    """Who did what, but for the making of the users."""
    found = await entries(connection, "who", "action", "table_name")
    return [entry for entry in found if entry[1:] != ("created", "users")]


class TestOverRest:
    async def test_a_request_is_its_senders_with_the_id_that_the_answer_bears(
        self, cast: Cast, connection: asyncpg.Connection
    ) -> None:
        answer = await cast.employee.post("/api/customers/", json=ANA, headers={"X-Request-ID": "from-the-till"})
        assert answer.status_code == 201
        user = await id_of(connection, EMPLOYEE)
        assert await entries(connection, "who", "user_id", "request_id", table_name="customers") == [
            (EMPLOYEE, user, "from-the-till")
        ]

    async def test_every_way_of_writing_says_who(self, cast: Cast, connection: asyncpg.Connection) -> None:
        customer = (await cast.employee.post("/api/customers/", json=ANA)).json()
        address = f"/api/customers/{customer['id']}/"
        await cast.manager.patch(address, json={"name": "Ana Maria"})
        await cast.employee.put(address, json=ANA | {"name": "Ana"})
        await cast.manager.delete(address)
        assert await since(connection) == [
            (EMPLOYEE, "created", "customers"),
            (MANAGER, "changed", "customers"),
            (EMPLOYEE, "changed", "customers"),
            (MANAGER, "deleted", "customers"),
        ]

    async def test_a_whole_sale(self, cast: Cast, connection: asyncpg.Connection) -> None:
        product, customer = await a_product(connection, stock=5), await a_customer(connection)
        body = {"customer_id": str(customer), "items": [{"product_id": str(product), "quantity": 2}]}
        presale = (await cast.employee.post("/api/presales/", json=body)).json()
        for who, action in (cast.employee, "submit"), (cast.manager, "approve"), (cast.admin, "convert"):
            assert (await who.post(f"/api/presales/{presale['id']}/{action}/")).status_code == 200
        assert (await since(connection))[2:] == [
            (EMPLOYEE, "created", "presale_items"),
            (EMPLOYEE, "created", "presales"),
            (EMPLOYEE, "changed", "presales"),
            (MANAGER, "changed", "presales"),
            (ADMIN, "changed", "presales"),
            (ADMIN, "changed", "products"),
        ]

    async def test_a_name_may_have_any_letters(self, app: FastAPI, connection: asyncpg.Connection) -> None:
        await a_user(connection, email=ZE)
        async with a_client() as client:
            answer = await client.post("/api/customers/", json=ANA, headers=bearer(await a_token(connection, ZE)))
        assert answer.status_code == 201
        assert await entries(connection, "who", table_name="customers") == [(ZE,)]

    async def test_many_at_once_are_not_mistaken_for_one_another(
        self, cast: Cast, connection: asyncpg.Connection
    ) -> None:
        people = [(EMPLOYEE, cast.employee), (MANAGER, cast.manager), (ADMIN, cast.admin)] * 8

        async def create(number: int, who: str, client: httpx.AsyncClient) -> None:
            await client.post("/api/customers/", json=ANA | {"name": who, "cpf": nth_cpf(number)})

        await asyncio.gather(*(create(number, *person) for number, person in enumerate(people)))
        made = await entries(connection, "who", "row_name", table_name="customers")
        assert len(made) == 24
        assert all(who == name for who, name in made)

    async def test_nobody_follows_on_the_same_connection(self, cast: Cast, connection: asyncpg.Connection) -> None:
        from piccolo_conf import DB

        await asyncio.gather(*(cast.manager.post("/api/products/", json={}) for _ in range(3)))
        assert (await cast.manager.post("/api/customers/", json=ANA)).status_code == 201
        await DB._run_in_pool("UPDATE customers SET name = 'x'")
        [(who, user_id, role)] = await entries(connection, "who", "user_id", "database_role", action="changed")
        assert (who, user_id) == (role, None)

    async def test_a_refused_request_leaves_nothing(self, cast: Cast, connection: asyncpg.Connection) -> None:
        product = await a_product(connection, stock=0)
        presale = await a_presale_that_is(connection, "approved", product_id=product, quantity="3")
        before = await deeds(connection)
        assert refused(await cast.manager.post(f"/api/presales/{presale}/convert/"))[0] == 409
        lines = [{"product_id": str(one), "quantity": 1} for one in (product, uuid.uuid4())]
        body = {"customer_id": str(await connection.fetchval("SELECT id FROM customers")), "items": lines}
        assert refused(await cast.manager.post("/api/presales/", json=body))[0] == 422
        assert await deeds(connection) == before

    async def test_a_password_is_changed_by_its_owner_or_by_an_administrator(
        self, cast: Cast, connection: asyncpg.Connection
    ) -> None:
        user = await id_of(connection, EMPLOYEE)
        change = {"current_password": "flowcrm-demo", "new_password": "battery staple"}
        answer = await cast.employee.post("/api/auth/password/", json=change, headers={"X-Request-ID": "mine"})
        assert answer.status_code == 204
        assert await entries(connection, "who", "request_id", action="changed") == [(EMPLOYEE, "mine")]
        assert (await cast.admin.patch(f"/api/users/{user}/", json={"password": "correct horse"})).status_code == 200
        assert await entries(connection, "who", "row_id", "changes", action="changed") == [
            (EMPLOYEE, user, {"password": ["***", "***"]}),
            (ADMIN, user, {"password": ["***", "***"]}),
        ]

    async def test_a_log_in_leaves_no_entry_unless_it_strengthens_the_hash(
        self, app: FastAPI, connection: asyncpg.Connection
    ) -> None:
        user = await a_user(connection, email=ZE, password=WEAK_HASH)
        async with a_client() as client:
            for _ in range(2):
                assert (await log_in(client, ZE)).status_code == 200
                assert await changes(connection, user) == [{"password": ["***", "***"]}]
        assert await entries(connection, "who", "user_id", action="changed") == [(ZE, user)]


class TestInTheAdmin:
    async def test_forms_are_their_senders(self, desks: Desks, connection: asyncpg.Connection) -> None:
        customer = (await desks.employee.creates("customers", **ANA)).json()["id"]
        assert (await desks.manager.changes("customers", customer, name="Ana Maria")).status_code == 200
        assert (await desks.admin.deletes("customers", customer)).status_code == 204
        found = await entries(connection, "who", "user_id", "action", table_name="customers")
        assert found == [
            (EMPLOYEE, await id_of(connection, EMPLOYEE), "created"),
            (MANAGER, await id_of(connection, MANAGER), "changed"),
            (ADMIN, await id_of(connection, ADMIN), "deleted"),
        ]
        assert all(request for (request,) in await entries(connection, "request_id", table_name="customers"))

    async def test_a_form_saved_as_it_was_leaves_nothing(self, desks: Desks, connection: asyncpg.Connection) -> None:
        customer = await a_customer(connection)
        assert (await desks.manager.changes("customers", customer)).status_code == 200
        assert await changes(connection, customer) == []

    async def test_a_password_changed_there_is_its_owners(self, app: FastAPI, connection: asyncpg.Connection) -> None:
        user = await a_user(connection, email=ZE)
        form = {"current_password": "flowcrm-demo", "new_password": "battery st", "confirm_new_password": "battery st"}
        async with a_client() as client:
            keep_cookies(client, await a_token(connection, ZE))
            answer = await client.post("/admin/api/change-password/", json=form, headers=csrf(client))
        assert answer.status_code == 200
        assert await entries(connection, "who", "user_id", action="changed") == [(ZE, user)]

    @pytest.mark.parametrize("token", ["", "none"])
    async def test_a_stranger_is_let_in_by_nothing_of_this(
        self, app: FastAPI, connection: asyncpg.Connection, token: str
    ) -> None:
        async with a_client() as client:
            keep_cookies(client, token)
            answer = await client.post("/admin/api/tables/customers/", json=ANA, headers=csrf(client))
        assert answer.status_code == 401
        assert await deeds(connection) == []
