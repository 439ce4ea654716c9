"""Lists: how many rows, which page, in which order, and what of them. What is asked for wrongly is refused by name."""

import asyncio

import asyncpg
import pytest
from piccolo.columns import Text

from accounts.resources import AUDIT_TRAIL, USERS
from backoffice.api.resource import Resource
from crm.resources import RESOURCES
from tests.support.bodies import PATHS
from tests.support.builders import a_customer, a_line, a_presale, a_presale_that_is, a_product
from tests.support.cast import Cast
from tests.support.lists import names, rows, some_products
from tests.support.refusals import blamed, refused


class TestEnvelope:
    async def test_the_total_counts_what_the_filters_leave(self, cast: Cast, connection: asyncpg.Connection) -> None:
        await some_products(connection, name=["a", "b", "c", "d", "e"], stock=[1, 2, 3, 4, 5])
        answer = await cast.employee.get(
            "/api/products/?stock=2&stock__operator=gte&limit=2&offset=1&__order=stock&__visible_fields=name"
        )
        assert answer.json() == {"rows": [{"name": "c"}, {"name": "d"}], "total": 4, "limit": 2, "offset": 1}

    async def test_an_empty_list_has_the_same_shape(self, cast: Cast) -> None:
        for path in PATHS[:-1]:
            answer = await cast.employee.get(f"/api/{path}/")
            assert answer.json() == {"rows": [], "total": 0, "limit": 25, "offset": 0}

    async def test_decimals_are_text_and_times_are_iso(self, cast: Cast, connection: asyncpg.Connection) -> None:
        await a_presale_that_is(connection, "draft", quantity="1.5")
        [presale], [item] = await rows(cast.employee, "presales"), await rows(cast.employee, "presale-items")
        assert (presale["total"], presale["discount"]) == ("15.00", "0.00")
        assert (item["quantity"], item["unit_price"], item["total_price"]) == ("1.500", "10.00", "15.00")
        assert presale["created_at"].endswith("+00:00")
        assert isinstance(presale["number"], int)

    async def test_nobody_sees_a_password_hash(self, cast: Cast) -> None:
        for path in ("", "new/", "ids/"):
            assert "argon2" not in (await cast.admin.get(f"/api/users/{path}")).text
        assert all("password" not in row for row in await rows(cast.admin, "users"))


class TestPages:
    @pytest.mark.parametrize("path", PATHS)
    async def test_limits_and_offsets_have_bounds(self, cast: Cast, path: str) -> None:
        for query, field in {
            "limit=0": "limit",
            "limit=1001": "limit",
            "limit=-1": "limit",
            "limit=": "limit",
            "limit=ten": "limit",
            "limit=1.0": "limit",
            "limit=%2B5": "limit",
            "limit=1e2": "limit",
            "limit=" + "9" * 5000: "limit",
            "offset=-1": "offset",
            "offset=9223372036854775808": "offset",
            "__page=0": "__page",
            "__page=-3": "__page",
            "__page=999999999999999999": "__page",
            "__page_size=0": "__page_size",
            "__page_size=1001": "__page_size",
            "limit=5&__page_size=5": "__page_size",
            "offset=5&__page=2": "__page",
            "limit=5&limit=6": "limit",
        }.items():
            answer = await cast.admin.get(f"/api/{path}/?{query}")
            assert blamed(answer) == [field], query
        for query in (
            "limit=1",
            "limit=1000",
            "limit=007",
            "offset=0",
            "offset=9007199254740991",
            "__page=9007199254740",
        ):
            assert (await cast.admin.get(f"/api/{path}/?{query}")).status_code == 200, query

    async def test_pages_show_every_row_once(self, cast: Cast, connection: asyncpg.Connection) -> None:
        await some_products(connection, name=["same"] * 11)
        seen = [
            row["id"]
            for page in (1, 2, 3, 4)
            for row in await rows(cast.employee, "products", __page=page, __page_size=4, __order="name")
        ]
        assert len(seen) == len(set(seen)) == 11
        by_offset = [
            row["id"]
            for offset in (0, 4, 8)
            for row in await rows(cast.employee, "products", limit=4, offset=offset, __order="name")
        ]
        assert by_offset == seen


class TestOrder:
    async def test_several_columns_each_way(self, cast: Cast, connection: asyncpg.Connection) -> None:
        await some_products(connection, name=["b", "a", "b", "a"], stock=[1, 2, 3, 4])
        assert await names(cast.employee, "products", "stock", __order="name,-stock") == [4, 2, 3, 1]
        assert await names(cast.employee, "products", "stock", __order="-name,stock") == [1, 3, 2, 4]

    async def test_names_are_in_the_order_of_the_alphabet(self, cast: Cast, connection: asyncpg.Connection) -> None:
        """Whatever the database's locale: by their bytes, all that begin with an accent or a small letter come last."""
        sorted_names = ["Álvaro", "ana", "Ana Lima", "Bruno", "Érica", "Zuleica"]
        for name in reversed(sorted_names):
            await a_customer(connection, name=name)
        assert await names(cast.employee, "customers", __order="name") == sorted_names
        assert await names(cast.employee, "customers", __order="-name", limit=2) == ["Zuleica", "Érica"]
        picked = (await cast.employee.get("/api/customers/ids/")).json()
        assert list(picked.values()) == sorted_names
        beyond = {"name": "bruno", "__order": "name"}
        assert await names(cast.employee, "customers", **beyond, name__operator="lt") == ["Álvaro", "ana", "Ana Lima"]
        assert await names(cast.employee, "customers", **beyond, name__operator="gte") == ["Bruno", "Érica", "Zuleica"]

    async def test_no_text_comes_after_every_text(self, cast: Cast, connection: asyncpg.Connection) -> None:
        for text in (None, "b" * 9000, "\U0010ffff", "", "À"):
            await a_product(connection, description=text)
        texts = ["", "À", "b" * 9000, "\U0010ffff", None]
        assert await names(cast.employee, "products", "description", __order="description") == texts
        assert await names(cast.employee, "products", "description", __order="-description") == texts[::-1]
        for operator, found in {"is_null": [None], "not_null": texts[:-1]}.items():
            asked = {"description__operator": operator, "__order": "description"}
            assert await names(cast.employee, "products", "description", **asked) == found
        for operator, found in {"gt": texts[2:-1], "gte": texts[1:-1], "lt": texts[:1], "lte": texts[:2]}.items():
            asked = {"description": "a", "description__operator": operator, "__order": "description"}
            assert await names(cast.employee, "products", "description", **asked) == found

    @pytest.mark.parametrize("resource", [*RESOURCES, USERS, AUDIT_TRAIL], ids=lambda resource: resource.path)
    def test_what_is_not_alphabetical_is_never_null_and_short(self, resource: Resource) -> None:
        """A cursor has no way to go on after a null, nor after a text too long for an index."""
        others = {name: column for name, column in resource.ordered.items() if name not in resource.alphabetical}
        assert [name for name, column in others.items() if column._meta.null or isinstance(column, Text)] == []

    async def test_decimals_are_ordered_as_numbers(self, cast: Cast, connection: asyncpg.Connection) -> None:
        await some_products(connection, sale_price=["9", "10", "100", "20"])
        prices = await names(cast.employee, "products", "sale_price", __order="sale_price")
        assert prices == ["9.00", "10.00", "20.00", "100.00"]

    async def test_the_newest_come_first(self, cast: Cast, connection: asyncpg.Connection) -> None:
        for name in ("first", "second", "third"):
            await a_customer(connection, name=name)
        assert await names(cast.employee, "customers") == ["third", "second", "first"]

    NO_ORDERS = (
        "",
        "nothing",
        "-",
        "--name",
        "name,",
        ",name",
        "name,-name",
        "name,name",
        "name desc",
        "id;",
        "NAME",
        "1",
        "*",
    )

    async def test_what_is_no_column_is_refused(self, cast: Cast) -> None:
        for order in self.NO_ORDERS:
            answer = await cast.admin.get("/api/users/", params={"__order": order})
            assert blamed(answer)[0] == "__order", order

    @pytest.mark.parametrize("parameter", ["__order", "__visible_fields"])
    async def test_what_is_wrong_with_a_list_of_columns_is_said_once(self, cast: Cast, parameter: str) -> None:
        missing, twice = "The name of a column is missing.", "Give name only once."
        for columns, said in {
            "": [missing],
            ",": [missing],
            "name,": [missing],
            ",name,,": [missing],
            "name,name,name": [twice],
            "x,x": ["There is no such column: x."],
            "name,x,,name": [twice, "There is no such column: x.", missing],
        }.items():
            answer = await cast.employee.get("/api/products/", params={parameter: columns})
            assert set(blamed(answer)) == {parameter}, columns
            assert [error["message"] for error in answer.json()["errors"]] == said, columns

    async def test_secret_columns_do_not_exist(self, cast: Cast) -> None:
        for parameters in (
            {"__order": "password"},
            {"__visible_fields": "name,password"},
            {"password": "x"},
            {"password__operator": "not_null"},
            {"password__match": "starts"},
        ):
            answer = await cast.admin.get("/api/users/", params=parameters)
            assert blamed(answer) == list(parameters)


class TestFields:
    async def test_only_the_visible_ones_in_the_order_given(self, cast: Cast, connection: asyncpg.Connection) -> None:
        await a_product(connection, name="Caneta", stock=3)
        assert await rows(cast.employee, "products", __visible_fields="stock,name") == [{"stock": 3, "name": "Caneta"}]

    async def test_what_is_no_column_is_refused(self, cast: Cast) -> None:
        for fields in ("", "nothing", "total,", "total,total", "-total", "customer_id.name", "Total", "*"):
            answer = await cast.employee.get("/api/presales/", params={"__visible_fields": fields})
            assert "__visible_fields" in blamed(answer), fields

    async def test_references_are_readable(self, cast: Cast, connection: asyncpg.Connection) -> None:
        presale = await a_presale(connection, customer_id=await a_customer(connection, name="João %s {}"))
        await a_line(connection, presale, product_id=await a_product(connection, code="C1", name="Caneta"))
        [row] = await rows(cast.employee, "presales", __readable="true", __visible_fields="customer_id")
        assert row["customer_id_readable"] == "João %s {}"
        [item] = await rows(cast.employee, "presale-items", __readable="true")
        assert item["product_id_readable"] == "C1 - Caneta"
        assert item["presale_id_readable"].startswith("#")
        [plain] = await rows(cast.employee, "presale-items", __readable="false")
        assert not any(name.endswith("_readable") for name in plain)
        assert blamed(await cast.employee.get("/api/presales/?__readable=1")) == ["__readable"]


async def test_many_clients_at_once_read_the_same(cast: Cast, connection: asyncpg.Connection) -> None:
    await some_products(connection, name=["a", "b"])
    answers = await asyncio.gather(*[cast.employee.get("/api/products/?__order=name") for _ in range(60)])
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1


async def test_strangers_read_nothing(cast: Cast) -> None:
    for path in PATHS:
        for route in ("", "ids/", "new/", "count/", "schema/", "references/"):
            assert refused(await cast.stranger.get(f"/api/{path}/{route}")) == (401, "unauthenticated")
