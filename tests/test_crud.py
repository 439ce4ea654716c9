"""Changing and deleting rows, and the versions that keep one change from undoing another."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from tests.support.bodies import BODIES, CUSTOMER, PATHS, create
from tests.support.builders import a_customer, a_line, a_presale, a_presale_that_is, a_product, a_user, row
from tests.support.cast import Cast
from tests.support.refusals import blamed, problem, refused


class TestChange:
    async def test_patch_changes_what_it_names_and_answers_with_the_whole_row(
        self, cast: Cast, connection: asyncpg.Connection
    ) -> None:
        created = (await create(cast.employee, "customers", CUSTOMER)).json()
        changed = await cast.employee.patch(f"/api/customers/{created['id']}/", json={"name": "Ana", "address": "R. 1"})
        assert changed.status_code == 200
        body = changed.json()
        assert {**created, "name": "Ana", "address": "R. 1", "updated_at": body["updated_at"]} == body
        assert body["updated_at"] > created["updated_at"]
        emptied = await cast.employee.patch(f"/api/customers/{created['id']}/", json={"address": None})
        assert emptied.json()["address"] is None

    async def test_put_wants_every_required_field_and_leaves_the_others(self, cast: Cast) -> None:
        created = (await create(cast.employee, "customers", {**CUSTOMER, "address": "R. 1"})).json()
        address = f"/api/customers/{created['id']}/"
        short = {key: value for key, value in CUSTOMER.items() if key != "cpf"}
        assert blamed(await cast.employee.put(address, json=short)) == ["cpf"]
        replaced = (await cast.employee.put(address, json={**CUSTOMER, "name": "Ana"})).json()
        assert (replaced["name"], replaced["address"], replaced["id"]) == ("Ana", "R. 1", created["id"])

    async def test_nothing_to_change_is_no_change(self, cast: Cast) -> None:
        created = await create(cast.employee, "customers", CUSTOMER)
        unchanged = await cast.employee.patch(created.headers["Location"], json={})
        assert (unchanged.json(), unchanged.headers["ETag"]) == (created.json(), created.headers["ETag"])

    @pytest.mark.parametrize("path", PATHS)
    async def test_rows_that_are_not_there(self, cast: Cast, connection: asyncpg.Connection, path: str) -> None:
        whole = {
            "presales": {"customer_id": str(uuid4())},
            "presale-items": {"presale_id": str(uuid4()), "product_id": str(uuid4()), "quantity": 1},
        }.get(path) or BODIES[path]
        address = f"/api/{path}/{uuid4()}/"
        for request in (
            cast.admin.get(address),
            cast.admin.put(address, json=whole),
            cast.admin.patch(address, json={}),
            cast.admin.delete(address),
            cast.admin.delete(address, headers={"If-Match": '"x"'}),
        ):
            assert refused(await request) == (404, "not_found")

    @pytest.mark.parametrize("path", PATHS)
    async def test_what_is_no_id(self, cast: Cast, path: str) -> None:
        canonical = str(uuid4())
        for id in (
            "1",
            "x",
            canonical[:-1],
            canonical.replace("-", ""),
            f"{{{canonical}}}",
            f"urn:uuid:{canonical}",
            "%00",
        ):
            for method in ("GET", "PUT", "PATCH", "DELETE"):
                answer = await cast.admin.request(method, f"/api/{path}/{id}/", json={})
                assert blamed(answer) == ["id"], (method, id)

    async def test_lines_move_between_drafts_and_lock_with_their_presale(
        self, cast: Cast, connection: asyncpg.Connection
    ) -> None:
        one, other = await a_presale(connection), await a_presale(connection)
        line = await a_line(connection, one)
        moved = await cast.employee.patch(f"/api/presale-items/{line}/", json={"presale_id": str(other)})
        assert moved.json()["presale_id"] == str(other)
        assert (await cast.employee.get(f"/api/presales/{one}/")).json()["total"] == "0.00"
        pending = await a_presale_that_is(connection, "pending")
        [item] = (await cast.employee.get(f"/api/presales/{pending}/")).json()["items"]
        address = f"/api/presale-items/{item['id']}/"
        for request in (
            cast.admin.patch(address, json={"quantity": 2}),
            cast.admin.delete(address),
            cast.admin.post("/api/presale-items/", json={**item, "quantity": 1}),
            cast.admin.put(f"/api/presales/{pending}/items/", json=[]),
            cast.admin.patch(f"/api/presales/{pending}/", json={"discount": 1}),
        ):
            assert refused(await request) == (409, "presale_locked")
        unchanged = await cast.admin.patch(address, json={"quantity": item["quantity"], "discount": "0"})
        assert unchanged.json() == item
        same = [{key: item[key] for key in ("product_id", "quantity", "unit_price", "discount")}]
        assert (await cast.admin.put(f"/api/presales/{pending}/items/", json=same)).status_code == 200
        no_price = [{key: item[key] for key in ("product_id", "quantity")}]
        assert (await cast.admin.put(f"/api/presales/{pending}/items/", json=no_price)).status_code == 200

    async def test_a_value_of_another_type_is_wrong_though_python_thinks_it_the_same(
        self, cast: Cast, connection: asyncpg.Connection
    ) -> None:
        empty, one = await a_product(connection, stock=0), await a_product(connection, stock=1)
        user = await a_user(connection)
        for address, wrong in (
            (f"/api/products/{empty}/", {"stock": False}),
            (f"/api/products/{one}/", {"stock": True}),
            (f"/api/users/{user}/", {"active": 1}),
        ):
            assert blamed(await cast.admin.patch(address, json=wrong)) == list(wrong)


class TestDelete:
    async def test_what_is_deleted_is_gone(self, cast: Cast, connection: asyncpg.Connection) -> None:
        presale = await a_presale(connection)
        for path, id in (
            ("customers", await a_customer(connection)),
            ("products", await a_product(connection)),
            ("presale-items", await a_line(connection, presale)),
            ("presales", presale),
            ("users", await a_user(connection)),
        ):
            deleted = await cast.admin.delete(f"/api/{path}/{id}/")
            assert (deleted.status_code, deleted.content) == (204, b"")
            assert refused(await cast.admin.get(f"/api/{path}/{id}/")) == (404, "not_found")

    async def test_what_is_still_in_use_stays(self, cast: Cast, connection: asyncpg.Connection) -> None:
        customer, product = await a_customer(connection), await a_product(connection)
        await a_line(connection, await a_presale(connection, customer_id=customer), product_id=product)
        for path, id in (("customers", customer), ("products", product)):
            answer = await cast.admin.delete(f"/api/{path}/{id}/")
            assert refused(answer) == (409, "still_referenced")
            assert "pre-sales" in problem(answer)["detail"]

    @pytest.mark.parametrize("status", ["pending", "approved", "converted"])
    async def test_presales_past_draft_stay(self, cast: Cast, connection: asyncpg.Connection, status: str) -> None:
        presale = await a_presale_that_is(connection, status)
        answer = await cast.admin.delete(f"/api/presales/{presale}/")
        assert refused(answer) == (409, "presale_locked")
        assert status in problem(answer)["detail"]

    async def test_the_last_admin_stays_an_active_admin(self, cast: Cast, connection: asyncpg.Connection) -> None:
        admin = (await cast.admin.get("/api/auth/me/")).json()["id"]
        address = f"/api/users/{admin}/"
        for request in (
            cast.admin.delete(address),
            cast.admin.patch(address, json={"active": False}),
            cast.admin.patch(address, json={"role": "manager"}),
        ):
            assert refused(await request) == (409, "last_admin")
        await a_user(connection, role="admin")
        assert (await cast.admin.patch(address, json={"role": "manager"})).status_code == 200


class TestVersions:
    @pytest.mark.parametrize("path", BODIES)
    async def test_a_stale_version_is_refused_on_every_write(self, cast: Cast, path: str) -> None:
        created = await create(cast.admin, path, BODIES[path])
        address, seen = created.headers["Location"], {"If-Match": created.headers["ETag"]}
        changed = await cast.admin.patch(address, json={"name": "Changed"}, headers=seen)
        assert changed.headers["ETag"] != created.headers["ETag"]
        for request in (
            cast.admin.patch(address, json={"name": "Lost"}, headers=seen),
            cast.admin.put(address, json=BODIES[path], headers=seen),
            cast.admin.delete(address, headers=seen),
        ):
            assert refused(await request) == (412, "stale")
        assert (await cast.admin.get(address)).json() == changed.json()

    async def test_what_counts_as_a_version(self, cast: Cast) -> None:
        created = await create(cast.employee, "customers", CUSTOMER)
        address, etag = created.headers["Location"], created.headers["ETag"]
        for fresh in (etag, "*", f'"other", {etag}', f'{etag},"other"'):
            answer = await cast.employee.patch(address, json={}, headers={"If-Match": fresh})
            assert answer.status_code == 200, fresh
        for stale in ('"other"', f"W/{etag}", etag.strip('"'), "", "%", etag.upper() + "x"):
            answer = await cast.employee.patch(address, json={}, headers={"If-Match": stale})
            assert refused(answer) == (412, "stale"), stale
        twice = [("If-Match", '"other"'), ("If-Match", etag)]
        assert (await cast.employee.patch(address, json={}, headers=twice)).status_code == 200

    async def test_the_version_of_a_presale_changes_with_its_items(
        self, cast: Cast, connection: asyncpg.Connection
    ) -> None:
        presale = await a_presale(connection)
        line = await a_line(connection, presale)
        seen = (await cast.employee.get(f"/api/presales/{presale}/")).headers["ETag"]
        await cast.employee.patch(f"/api/presale-items/{line}/", json={"quantity": 3})
        answer = await cast.employee.post(f"/api/presales/{presale}/submit/", headers={"If-Match": seen})
        assert refused(answer) == (412, "stale")

    async def test_of_two_who_saw_the_same_one_wins(self, cast: Cast, connection: asyncpg.Connection) -> None:
        created = await create(cast.employee, "customers", CUSTOMER)
        address, seen = created.headers["Location"], {"If-Match": created.headers["ETag"]}
        names = [f"Name {n}" for n in range(8)]
        answers = await asyncio.gather(
            *[cast.employee.patch(address, json={"name": name}, headers=seen) for name in names]
        )
        assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
        [winner] = [answer for answer in answers if answer.status_code == 200]
        assert (await row(connection, "customers", created.json()["id"]))["name"] == winner.json()["name"]
