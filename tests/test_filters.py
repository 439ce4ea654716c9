"""Filters: operators and matches on every kind of column. What makes no sense is refused by name."""

from typing import Any

import asyncpg
import pytest
from fastapi import FastAPI

from tests.support.builders import a_customer, a_line, a_presale, a_presale_that_is, a_user
from tests.support.cast import Cast
from tests.support.lists import names, rows, some_products
from tests.support.raw_requests import raw_of
from tests.support.refusals import blamed


class TestOperators:
    """Each on each kind of column: what is found, and what is no such value."""

    @pytest.mark.parametrize(
        ("column", "values", "pivot"),
        [
            ("stock", [1, 2, 3], "2"),
            ("sale_price", ["1.00", "2.00", "3.00"], "2"),
            ("sale_price", ["1.00", "2.00", "3.00"], "2.00"),
            ("name", ["a", "b", "c"], "b"),
        ],
    )
    async def test_compare(
        self, cast: Cast, connection: asyncpg.Connection, column: str, values: list[Any], pivot: str
    ) -> None:
        await some_products(connection, **{column: values})
        low, middle, high = values
        for operator, found in {
            "lt": [low],
            "lte": [low, middle],
            "gt": [high],
            "gte": [middle, high],
            "e": [middle],
            "ne": [low, high],
        }.items():
            parameters = {column: pivot, f"{column}__operator": operator, "__order": column}
            assert await names(cast.employee, "products", column, **parameters) == found, operator

    async def test_compare_times(self, cast: Cast, connection: asyncpg.Connection) -> None:
        times = ["2024-01-01T00:00:00+00:00", "2024-06-01T12:30:00+00:00", "2025-01-01T00:00:00+00:00"]
        ids = [await a_customer(connection, name=time) for time in times]
        for id, time in zip(ids, times, strict=True):
            await connection.execute(f"UPDATE customers SET created_at = '{time}' WHERE id = $1", id)
        for text in (
            "2024-06-01T12:30:00Z",
            "2024-06-01T09:30:00-03:00",
            "2024-06-01T12:30",
            "2024-06-01 12:30:00.000",
            "2024-06-01T12:30:00.0000000Z",
        ):
            parameters = {"created_at": text, "created_at__operator": "gte", "__order": "created_at"}
            assert await names(cast.employee, "customers", **parameters) == times[1:], text
        parameters = {"created_at": "2024-06-01", "created_at__operator": "lt"}
        assert await names(cast.employee, "customers", **parameters) == times[:1]

    async def test_compare_words_of_a_type_of_their_own(self, cast: Cast, connection: asyncpg.Connection) -> None:
        for status in ("draft", "pending", "approved"):
            await a_presale_that_is(connection, status)
        assert await names(cast.employee, "presales", "status", status="pending") == ["pending"]
        parameters = {"status": "pending", "status__operator": "ne", "__order": "status"}
        assert await names(cast.employee, "presales", "status", **parameters) == ["draft", "approved"]

    async def test_compare_truth(self, cast: Cast, connection: asyncpg.Connection) -> None:
        await a_user(connection, name="away", active=False)
        assert await names(cast.admin, "users", active="false") == ["away"]
        assert len(await names(cast.admin, "users", active="true")) == 3

    async def test_compare_references(self, cast: Cast, connection: asyncpg.Connection) -> None:
        presale, _ = await a_presale(connection), await a_presale(connection)
        item = await a_line(connection, presale)
        customer = await connection.fetchval("SELECT customer_id FROM presales WHERE id = $1", presale)
        assert await names(cast.employee, "presales", "id", customer_id=customer) == [str(presale)]
        assert await names(cast.employee, "presale-items", "id", presale_id=presale) == [str(item)]
        assert await names(cast.employee, "presales", "id", id=str(presale).upper()) == [str(presale)]

    async def test_numbers_of_presales_are_large(self, cast: Cast) -> None:
        assert await rows(cast.employee, "presales", number=9223372036854775807) == []

    async def test_null_or_not(self, cast: Cast, connection: asyncpg.Connection) -> None:
        await a_customer(connection, name="with", address="Rua A")
        await a_customer(connection, name="empty", address="")
        await a_customer(connection, name="without")
        assert await names(cast.employee, "customers", address__operator="is_null") == ["without"]
        assert sorted(await names(cast.employee, "customers", address__operator="not_null")) == ["empty", "with"]
        assert await names(cast.employee, "customers", name__operator="is_null") == []

    async def test_null_or_not_as_forms_ask_with_an_empty_value(
        self, cast: Cast, connection: asyncpg.Connection
    ) -> None:
        await a_customer(connection, name="without")
        for column, operator, found in [
            ("address", "is_null", ["without"]),
            ("address", "not_null", []),
            ("created_at", "is_null", []),
            ("created_at", "not_null", ["without"]),
        ]:
            assert await names(cast.employee, "customers", **{column: "", f"{column}__operator": operator}) == found

    NONSENSE = (
        *("stock=1.5", "stock=", "stock=one", "stock=1_000", "stock=%201", "stock=2147483648", "stock=1e1"),
        *("sale_price=x", "sale_price=NaN", "sale_price=Infinity", "sale_price=1.234", "sale_price=1e3"),
        *("sale_price=999999999", "sale_price=%2B1", "sale_price=1.2%0A", "sale_price="),
        *("id=1", "id=", "id=00000000000040008000000000000000", "id={00000000-0000-4000-8000-000000000000}"),
        *("created_at=yesterday", "created_at=1700000000", "created_at=2024-13-01", "created_at=24-01-01"),
        *("created_at=2024-01-01T10:00:00.1234567Z", "created_at=2024-01-01T10:00:00.0000000001Z"),
        *("created_at=2024-01-01T25:00:00Z", "created_at=", "created_at=2024-01-01T10:00:00+99:00"),
        *("created_at=9999-12-31T23:59:59-23:59", "created_at=0001-01-01T00:00:00%2B23:59"),
        *("name__operator=like", "name__operator=", "name__match=regex", "name__match=", "stock__match=exact"),
        *("stock__operator=gt", "name__match=starts", "name__operator=e"),
        *("stock__operator=is_null&stock=1", "created_at=2024-01-01&created_at__operator=not_null"),
        *("name=a&name__operator=e&name__match=exact", "name__operator=is_null&name=x"),
        *("name__operator=is_null&name__match=exact", "name__operator=is_null&name=&name__match=exact"),
        *("nothing=1", "name__nothing=1", "__range_header=true", "search__operator=e", "Name=x", "name%00=x"),
        *("name=a&name=a", "stock=1&stock=2", "name=%00", "name=%FF", "name=%ED%A0%80"),
    )

    async def test_what_makes_no_sense_is_refused(self, cast: Cast) -> None:
        for query in self.NONSENSE:
            for path in ("", "count/", "ids/"):
                answer = await cast.employee.get(f"/api/products/{path}?{query}")
                assert answer.status_code == 422, query
                assert blamed(answer), query

    async def test_so_is_what_is_neither_true_nor_false_nor_a_role(self, cast: Cast) -> None:
        for query in ("active=1", "active=yes", "active=True", "active=", "role=boss", "role="):
            assert blamed(await cast.admin.get(f"/api/users/?{query}")) == [query.partition("=")[0]], query

    async def test_every_wrong_parameter_is_named(self, cast: Cast) -> None:
        answer = await cast.employee.get("/api/products/?limit=0&stock=x&foo=1&__order=bar&__visible_fields=a,b")
        assert sorted(blamed(answer)) == ["__order", "__visible_fields", "__visible_fields", "foo", "limit", "stock"]


class TestMatches:
    NAMES = (
        "100% algodão",
        "100 algodão",
        "a_b",
        "aXb",
        "back\\slash",
        "ÁGUA",
        "água com gás",
        "it's",
        "Still water",
        "-1 °C",
    )

    CASES: tuple[tuple[str, str | None, list[str]], ...] = (
        ("100%", "starts", ["100% algodão"]),
        ("0% ", "contains", ["100% algodão"]),
        ("%", "contains", ["100% algodão"]),
        ("a_b", "contains", ["a_b"]),
        ("_", "contains", ["a_b"]),
        ("k\\s", "contains", ["back\\slash"]),
        ("\\", "contains", ["back\\slash"]),
        ("\\%", "contains", []),
        ("água", "starts", ["ÁGUA", "água com gás"]),
        ("STILL", "starts", ["Still water"]),
        ("s", "starts", ["Still water"]),
        ("still wa", "starts", ["Still water"]),
        ("water", "starts", []),
        ("it's", "starts", ["it's"]),
        ("-", "starts", ["-1 °C"]),
        ("-1", "starts", ["-1 °C"]),
        ("ÁGUA", None, ["ÁGUA", "água com gás"]),
        ("ALGODÃO", "ends", ["100 algodão", "100% algodão"]),
        ("água", "exact", []),
        ("ÁGUA", "exact", ["ÁGUA"]),
        ("100%", "exact", []),
        ("agua", "contains", []),
        ("'", "contains", ["it's"]),
        ("", "contains", sorted(NAMES)),
        ("", "exact", []),
        ("x" * 5000, "exact", []),
    )

    @pytest.mark.parametrize(
        "query",
        [
            "cpf=529.982.247-25",
            "cpf=529.982&cpf__match=starts",
            "cpf=529.982.247-25&cpf__match=exact",
            "cpf=529.982.247-25&cpf__operator=e",
            "phone=(11) 98765-4321",
            "phone=%2B55 11 98765-4321&phone__match=exact",
            "phone=(11) 98765-4321&phone__match=exact",
            "phone=11987654321&phone__operator=e",
            "phone=(11) 9876&phone__match=starts",
            "phone=(%2B55) 11 9876&phone__match=starts",
            "phone=11 98765-4321&phone__match=starts",
            "phone=5511987654321&phone__match=starts",
            "phone=11 9876&phone__match=starts",
            "phone=011 9876&phone__match=starts",
            "phone=55119&phone__match=starts",
            "phone=55 (11) 9&phone__match=starts",
            "phone=%2B55119&phone__match=starts",
            "phone=0055 11 98765-4321",
            "phone=(0xx11) 98765-4321",
            "phone=0 15 11 98765-4321",
        ],
    )
    async def test_numbers_are_found_as_people_punctuate_them(
        self, cast: Cast, connection: asyncpg.Connection, query: str
    ) -> None:
        await a_customer(connection, cpf="52998224725", phone="+5511987654321")
        await a_customer(connection, cpf="11144477735", phone="+5548999990000")
        rows = (await cast.employee.get(f"/api/customers/?{query}")).json()["rows"]
        assert [row["cpf"] for row in rows] == ["52998224725"]

    @pytest.mark.parametrize("query", ["cpf=%25529", "cpf=_529", "phone=%2598765", "phone=9_8765", "phone=987a654321"])
    async def test_in_numbers_too_characters_mean_themselves(
        self, cast: Cast, connection: asyncpg.Connection, query: str
    ) -> None:
        await a_customer(connection, cpf="52998224725", phone="+5511987654321")
        assert (await cast.employee.get(f"/api/customers/?{query}")).json()["rows"] == []

    async def test_characters_mean_themselves(self, cast: Cast, connection: asyncpg.Connection) -> None:
        await some_products(connection, name=self.NAMES)
        for typed, match, found in self.CASES:
            parameters = {"name": typed} | ({"name__match": match} if match else {})
            assert sorted(await names(cast.employee, "products", **parameters)) == found, (typed, match)

    async def test_bytes_as_a_terminal_sends_them(
        self, app: FastAPI, cast: Cast, connection: asyncpg.Connection
    ) -> None:
        await some_products(connection, name=self.NAMES)
        query = "name=ÁGUA&__order=name".encode()
        answer = await raw_of(app, cast.employee).send("GET", "/api/products/", query=query)
        assert sorted(row["name"] for row in answer.json()["rows"]) == ["ÁGUA", "água com gás"]
        answer = await raw_of(app, cast.employee).send("GET", "/api/products/", query="name=ÁGUA".encode("latin-1"))
        assert blamed(answer) == ["name"]
