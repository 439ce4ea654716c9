"""Managers and administrators read the audit trail, over REST and in the admin; nobody writes it there."""

import uuid
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from tests.support.builders import a_customer, a_presale_that_is, a_product, a_user, walk
from tests.support.cast import Cast
from tests.support.desk import ANA, Desks
from tests.support.lists import rows
from tests.support.refusals import NOT_ALLOWED, blamed, refused, refused_in_words
from tests.support.trail import entries

TRAIL = "/api/audit-trail/"


@pytest.fixture
async def customer(cast: Cast) -> dict[str, Any]:
    """Created by the employee, renamed by the manager."""
    created: dict[str, Any] = (await cast.employee.post("/api/customers/", json=ANA)).json()
    await cast.manager.patch(f"/api/customers/{created['id']}/", json={"name": "Ana Maria"})
    return created


class TestOverRest:
    async def test_the_newest_comes_first(self, cast: Cast, customer: dict[str, Any]) -> None:
        changed, created, *_ = await rows(cast.manager, "audit-trail")
        assert (created["who"], created["action"], created["changes"]) == ("employee@flowcrm.example", "created", None)
        assert changed == {
            "id": changed["id"],
            "happened_at": changed["happened_at"],
            "who": "manager@flowcrm.example",
            "user_id": changed["user_id"],
            "database_role": created["database_role"],
            "request_id": changed["request_id"],
            "action": "changed",
            "table_name": "customers",
            "row_id": customer["id"],
            "row_name": "Ana Maria",
            "changes": {"name": ["Ana", "Ana Maria"]},
        }
        answer = await cast.admin.get(f"{TRAIL}{changed['id']}/")
        assert (answer.status_code, answer.json()) == (200, changed)

    async def test_it_is_narrowed_to_a_row_a_person_a_table_a_time(
        self, cast: Cast, customer: dict[str, Any], connection: asyncpg.Connection
    ) -> None:
        changed, created, *_ = await rows(cast.manager, "audit-trail")
        for parameters in (
            {"row_id": customer["id"]},
            {"table_name": "customers"},
            {"happened_at": created["happened_at"], "happened_at__operator": "gte"},
        ):
            assert await rows(cast.manager, "audit-trail", **parameters) == [changed, created]
        for parameters in (
            {"who": "manager@flowcrm.example"},
            {"user_id": changed["user_id"]},
            {"action": "changed"},
            {"id": changed["id"]},
        ):
            assert await rows(cast.manager, "audit-trail", **parameters) == [changed]
        count = (await cast.manager.get(f"{TRAIL}count/", params={"action": "changed"})).json()["count"]
        assert count == 1

    @pytest.mark.parametrize("query", ["changes=1", "row_name=Ana", "who__match=starts", "__order=who", "search=ana"])
    async def test_it_is_not_searched_without_an_index(self, cast: Cast, query: str) -> None:
        assert len(blamed(await cast.manager.get(f"{TRAIL}?{query}"))) == 1

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    @pytest.mark.parametrize("role", ["employee", "manager", "admin"])
    async def test_nobody_writes_it(
        self, cast: Cast, connection: asyncpg.Connection, customer: dict[str, Any], method: str, role: str
    ) -> None:
        before = await connection.fetch("SELECT * FROM audit_trail")
        for path in TRAIL, f"{TRAIL}{before[0]['id']}/":
            answer = await getattr(cast, role).request(method, path, json={"who": "nobody"})
            assert refused(answer) == (405, "method_not_allowed")
        assert await connection.fetch("SELECT * FROM audit_trail") == before

    async def test_there_is_nothing_beside_its_entries(self, cast: Cast) -> None:
        for path in "ids/", "new/", "schema/", "references/", f"{uuid.uuid4()}/":
            assert refused(await cast.admin.get(f"{TRAIL}{path}")) == (404, "not_found")
        described = (await cast.stranger.get("/openapi.json")).json()["paths"]
        assert {path: list(about) for path, about in described.items() if path.startswith(TRAIL)} == {
            TRAIL: ["get"],
            f"{TRAIL}count/": ["get"],
            f"{TRAIL}{{row_id}}/": ["get"],
        }

    async def test_no_password_is_in_it(self, cast: Cast, connection: asyncpg.Connection) -> None:
        user = await a_user(connection)
        assert (await cast.admin.patch(f"/api/users/{user}/", json={"password": "a secret one"})).status_code == 200
        assert (await cast.admin.delete(f"/api/users/{user}/")).status_code == 204
        answer = await cast.admin.get(TRAIL)
        assert answer.json()["rows"][1]["changes"] == {"password": ["***", "***"]}
        assert "argon2" not in answer.text

    async def test_of_users_only_administrators_read(
        self, cast: Cast, desks: Desks, connection: asyncpg.Connection, customer: dict[str, Any]
    ) -> None:
        user = await a_user(connection, name="Hidden")
        [(entry,)] = await entries(connection, "id", row_id=user)
        of_users = await connection.fetchval("SELECT count(*) FROM audit_trail WHERE table_name = 'users'")
        [(all_entries,)] = await connection.fetch("SELECT count(*) FROM audit_trail")
        for who, hidden in (cast.admin, 0), (cast.manager, of_users):
            assert (await who.get(TRAIL)).json()["total"] == all_entries - hidden
            assert (await who.get(f"{TRAIL}count/")).json()["count"] == all_entries - hidden
            assert (await who.get(f"{TRAIL}?table_name=users")).json()["total"] == of_users - hidden
            assert (await who.get(f"{TRAIL}{entry}/")).status_code == (404 if hidden else 200)
        for desk, hidden in (desks.admin, 0), (desks.manager, of_users):
            assert (await desk.get("audit_trail/")).json()["total"] == all_entries - hidden
            assert (await desk.get(f"audit_trail/{entry}/")).status_code == (404 if hidden else 200)
        seen, *_ = await rows(cast.manager, "audit-trail", row_id=customer["id"])
        assert (await cast.manager.get(f"{TRAIL}{seen['id']}/")).json() == seen


class TestInTheAdmin:
    async def test_changes_are_told_in_words(self, desks: Desks, connection: asyncpg.Connection) -> None:
        product = await a_product(connection, stock=5, sale_price="10.00")
        presale = await a_presale_that_is(connection, "approved", product_id=product, quantity="2")
        await walk(connection, presale, "converted")
        await connection.execute("UPDATE products SET stock = 9, sale_price = 12.5, description = 'Novo {x}'")
        wanted = {"row_id": str(product), "action": "changed"}
        desks.manager.client.headers["Accept-Language"] = "pt-br"
        last, taken = (await desks.manager.get("audit_trail/", **wanted)).json()["rows"]
        assert taken["changes"] == "Estoque: 5 → 3"
        assert set(last["changes"].splitlines()) == {
            "Estoque: 3 → 9",
            "Preço de venda: 10,00 → 12,50",
            "Descrição: – → Novo {x}",
        }
        assert (await desks.manager.loads("audit_trail", UUID(last["id"])))["changes"] == last["changes"]
        [moved, *_] = (await desks.admin.get("audit_trail/", row_id=str(presale), action="changed")).json()["rows"]
        assert moved["changes"] == "Status: approved → converted"

    async def test_a_list_without_them_is_shown_as_well(self, desks: Desks, connection: asyncpg.Connection) -> None:
        await a_customer(connection)
        found = (await desks.manager.get("audit_trail/", __visible_fields="who", table_name="customers")).json()["rows"]
        assert found == [{"who": who} for (who,) in await entries(connection, "who", table_name="customers")]

    async def test_tables_are_chosen_by_what_people_call_them(self, desks: Desks) -> None:
        headers = {"Accept-Language": "pt-br"}
        schema = (await desks.manager.client.get("/admin/api/tables/audit_trail/schema/", headers=headers)).json()
        choices = schema["properties"]["table_name"]["extra"]["choices"]
        assert choices["presale_items"] == {"value": "presale_items", "display_name": "Itens de pré-venda"}
        assert schema["extra"]["read_only"]
        for who, table, read_only in (
            (desks.manager, "customers", False),
            (desks.manager, "products", False),
            (desks.employee, "customers", False),
            (desks.employee, "products", True),
        ):
            assert (await who.get(f"{table}/schema/")).json()["extra"]["read_only"] == read_only

    async def test_only_what_is_a_word_of_ours_is_translated(
        self, desks: Desks, connection: asyncpg.Connection
    ) -> None:
        user = await a_user(connection, name="admin", role="manager")
        await connection.execute(
            "UPDATE users SET name = 'True', role = 'employee', active = false WHERE id = $1", user
        )
        customer = await a_customer(connection, address="Rua A")
        await connection.execute("UPDATE customers SET address = ''")
        [moved] = (await desks.admin.get("audit_trail/", row_id=str(customer), action="changed")).json()["rows"]
        assert moved["changes"] == "Address: Rua A → "
        [entry] = (await desks.admin.get("audit_trail/", row_id=str(user), action="changed")).json()["rows"]
        assert set(entry["changes"].splitlines()) == {
            "Name: admin → True",
            "Role: manager → employee",
            "Active: yes → no",
        }

    async def test_what_the_front_end_sends_along_with_a_filter_does_no_harm(
        self, desks: Desks, connection: asyncpg.Connection
    ) -> None:
        customer = await a_customer(connection)
        for column, value in (("row_id", str(customer)), ("table_name", "customers")):
            found = await desks.manager.get("audit_trail/", **{column: value, f"{column}__match": "contains"})
            assert [row["row_id"] for row in found.json()["rows"]] == [str(customer)]

    async def test_nobody_writes_it(self, desks: Desks, connection: asyncpg.Connection) -> None:
        await a_customer(connection)
        [(entry,)] = await entries(connection, "id", table_name="customers")
        address = "/admin/api/tables/audit_trail/"
        for method, path in (("POST", ""), *((method, f"{entry}/") for method in ("PUT", "PATCH", "DELETE"))):
            answer: httpx.Response = await desks.admin.client.request(method, address + path, json={})
            assert answer.status_code == 405

    async def test_employees_do_not_get_it(self, desks: Desks) -> None:
        for path in "", "schema/", "count/", f"{uuid.uuid4()}/":
            refused_in_words(await desks.employee.get(f"audit_trail/{path}"), 403, NOT_ALLOWED)
