"""search=, and the further routes of a list: ids, count, new, schema and references."""

import asyncpg
import pytest

from tests.support.bodies import PATHS
from tests.support.builders import a_customer, a_line, a_presale, a_product
from tests.support.cast import Cast
from tests.support.lists import names, some_products
from tests.support.refusals import blamed

MARIA = {
    "name": "Maria José da Conceição",
    "email": "mj@example.com",
    "cpf": "52998224725",
    "phone": "+5511987654321",
}


class TestSearch:
    FINDS_MARIA = (
        *("maria", "MARIA", "conceicao", "Conceição", "jose conc", "con maria", "mj", "mj@example.com", "example"),
        *("529", "529.982.247-25", "529982", "529.982", "(11) 98765-4321", "11 98765", "98765-4321", "+55 11 9"),
        *("5511987654321", "011 98765", "maria 529.982", "  maria  "),
    )

    async def test_customers_by_name_email_cpf_and_phone(self, cast: Cast, connection: asyncpg.Connection) -> None:
        await a_customer(connection, **MARIA)
        await a_customer(connection, name="Outro", email="o@other.org", phone="+552133334444", cpf="11144477735")
        for typed in self.FINDS_MARIA:
            assert await names(cast.employee, "customers", search=typed) == [MARIA["name"]], typed

    FINDS_NOBODY = ("aria", "maria silva", "%", "_", "*", "982.247", "87654", "\\", "'", "&", "!", ":*", "()")

    async def test_other_words_do_not_match(self, cast: Cast, connection: asyncpg.Connection) -> None:
        await a_customer(connection, **MARIA)
        for typed in self.FINDS_NOBODY:
            assert await names(cast.employee, "customers", search=typed) == [], typed
        assert await names(cast.employee, "customers", search="maria%") == [MARIA["name"]]

    async def test_nothing_typed_leaves_everything(self, cast: Cast, connection: asyncpg.Connection) -> None:
        await a_customer(connection, **MARIA)
        assert len(await names(cast.employee, "customers", search="   ")) == 1

    async def test_products_by_code_name_and_description(self, cast: Cast, connection: asyncpg.Connection) -> None:
        await a_product(connection, code="CAN-07", name="Caneta Azul", description="ponta média")
        await a_product(connection, code="LAP-01", name="Lápis", description=None)
        for typed in ("can-07", "can 07", "caneta", "az can", "media", "ponta can-07"):
            assert await names(cast.employee, "products", search=typed) == ["Caneta Azul"], typed
        assert await names(cast.employee, "products", search="lapis") == ["Lápis"]
        assert await names(cast.employee, "products", search="neta") == []
        await a_product(connection, code="0599", name="Other")
        assert await names(cast.employee, "products", search="05") == ["Other"]
        assert await names(cast.employee, "products", search="0 5") == []

    async def test_presales_by_number_and_customer(self, cast: Cast, connection: asyncpg.Connection) -> None:
        numbers = {}
        for name in ("João Prado", "Ana Prado"):
            presale = await a_presale(connection, customer_id=await a_customer(connection, name=name))
            numbers[name] = await connection.fetchval("SELECT number FROM presales WHERE id = $1", presale)
        joao, ana = numbers.values()
        for typed, found in {
            "joao": [joao],
            "PRADO": [joao, ana],
            f"{ana}": [ana],
            f"#{ana}": [ana],
            f"ana {ana}": [ana],
            f"ana {joao}": [],
            f"# {ana}": [ana],
            f"prado - {ana}": [ana],
            "#": [],
            "rado": [],
            "%": [],
        }.items():
            assert await names(cast.employee, "presales", "number", search=typed, __order="number") == found, typed

    @pytest.mark.parametrize("written", ["{}.", "{},", "#{},", "({})", "{};", "№{}", '"{}"', "_{}_", "ana: {}."])
    async def test_the_number_of_a_presale_may_stand_between_marks(
        self, cast: Cast, connection: asyncpg.Connection, written: str
    ) -> None:
        for name in ("Ana", "Ana Prado"):
            presale = await a_presale(connection, customer_id=await a_customer(connection, name=name))
        number = await connection.fetchval("SELECT number FROM presales WHERE id = $1", presale)
        typed = written.format(number)
        assert await names(cast.employee, "presales", "number", search=typed) == [number]

    async def test_of_the_presales_that_a_number_begins_that_very_one_comes_first(
        self, cast: Cast, connection: asyncpg.Connection
    ) -> None:
        customer = await a_customer(connection, name="Ana")
        for number in (12, 120, 1199, 1234, 7):
            await connection.execute(f"ALTER SEQUENCE presales_number_seq RESTART {number}")
            await a_presale(connection, customer_id=customer)
        for typed, order, found in (
            ("12", {}, [12, 120, 1234]),
            ("ana #12", {}, [12, 120, 1234]),
            ("12", {"__order": "-created_at"}, [1234, 120, 12]),
            ("ana", {}, [7, 1234, 1199, 120, 12]),
        ):
            assert await names(cast.employee, "presales", "number", search=typed, **order) == found, (typed, order)
        pages, cursor = [], ""
        while cursor is not None:
            asked = {"search": "12", "limit": "1", "cursor": cursor}
            answer = (await cast.employee.get("/api/presales/", params=asked)).json()
            pages.append(answer["rows"][0]["number"])
            cursor = answer["next_cursor"]
        assert pages == [12, 120, 1234]

    async def test_a_search_joins_the_filters_and_the_total(self, cast: Cast, connection: asyncpg.Connection) -> None:
        await some_products(connection, name=["Caneta azul", "Caneta verde", "Lápis azul"], stock=[1, 2, 3])
        answer = await cast.employee.get("/api/products/?search=caneta&stock=1&stock__operator=gt")
        assert (answer.json()["total"], answer.json()["rows"][0]["name"]) == (1, "Caneta verde")
        assert (await cast.employee.get("/api/products/count/?search=caneta")).json()["count"] == 2
        [called] = (await cast.employee.get("/api/products/ids/?search=lapis")).json().values()
        assert called.endswith("Lápis azul")

    @pytest.mark.parametrize("path", ["users", "presale-items"])
    async def test_where_there_is_none_it_is_an_unknown_parameter(self, cast: Cast, path: str) -> None:
        assert blamed(await cast.admin.get(f"/api/{path}/?search=x")) == ["search"]

    async def test_it_is_at_most_200_characters(self, cast: Cast) -> None:
        assert (await cast.employee.get("/api/presales/", params={"search": "a " * 100})).status_code == 200
        assert blamed(await cast.employee.get("/api/presales/", params={"search": "a" * 201})) == ["search"]


class TestFurtherRoutes:
    async def test_ids_say_what_people_call_the_rows(self, cast: Cast, connection: asyncpg.Connection) -> None:
        product = await a_product(connection, code="B1", name="Bola %s")
        presale = await a_presale(connection, customer_id=await a_customer(connection, name="Zé"))
        item = await a_line(connection, presale, product_id=product, quantity="2")
        number = await connection.fetchval("SELECT number FROM presales")
        for path, id, called in (
            ("products", product, "B1 - Bola %s"),
            ("presales", presale, f"#{number} Zé"),
            ("presale-items", item, "2.000 × Bola %s"),
        ):
            assert (await cast.employee.get(f"/api/{path}/ids/")).json() == {str(id): called}
        assert sorted((await cast.admin.get("/api/users/ids/")).json().values()) == ["Admin", "Employee", "Manager"]

    async def test_ids_come_in_that_order_and_are_at_most_1000(
        self, cast: Cast, connection: asyncpg.Connection
    ) -> None:
        await connection.execute(
            "INSERT INTO products (code, name, unit, purchase_price, sale_price, sale_type) "
            "SELECT 'C' || n, 'x', 'un', 1, 1, 'retail' FROM generate_series(1001, 2200) AS n"
        )
        found = list((await cast.employee.get("/api/products/ids/")).json().values())
        assert found == [f"C{n} - x" for n in range(1001, 2001)]
        more = (await cast.employee.get("/api/products/ids/?offset=1000&limit=1000")).json()
        assert list(more.values()) == [f"C{n} - x" for n in range(2001, 2201)]
        assert len((await cast.employee.get("/api/products/ids/?__page_size=7&__page=2")).json()) == 7
        assert blamed(await cast.employee.get("/api/products/ids/?limit=1001")) == ["limit"]

    async def test_a_whole_phone_is_found_in_any_form_that_is_taken(
        self, cast: Cast, connection: asyncpg.Connection
    ) -> None:
        await a_customer(connection, phone="+5521976543299")
        for typed in (
            "0xx21 97654-3299",
            "(0XX21) 97654-3299",
            "0055 21 97654-3299",
            "0 15 21 97654-3299",
            "021976543299",
        ):
            answer = await cast.employee.get("/api/customers/", params={"search": typed})
            assert answer.json()["total"] == 1, typed
        for typed in "0xx21 97654-3298", "0055 21 97654-32999", "xx", "0 99 21 97654-3299 7":
            answer = await cast.employee.get("/api/customers/", params={"search": typed})
            assert answer.json()["total"] == 0, typed

    async def test_the_latest_pre_sale_comes_first_unless_a_number_is_typed(
        self, cast: Cast, connection: asyncpg.Connection
    ) -> None:
        customer = await a_customer(connection, name="Zé")
        await connection.execute("ALTER SEQUENCE presales_number_seq RESTART WITH 101")
        for _ in range(3):
            await a_presale(connection, customer_id=customer)
        for query, numbers in {
            "": [103, 102, 101],
            "?search=ze": [103, 102, 101],
            "?search=10": [101, 102, 103],
        }.items():
            found = (await cast.employee.get(f"/api/presales/ids/{query}")).json().values()
            assert list(found) == [f"#{number} Zé" for number in numbers], query

    async def test_ids_without_a_search_of_their_own_look_into_the_words(
        self, cast: Cast, connection: asyncpg.Connection
    ) -> None:
        presale = await a_presale(connection)
        for name in ("Caneta 100%", "Caneta 100"):
            await a_line(connection, presale, product_id=await a_product(connection, name=name))
        for typed, found in {"caneta": 2, "100%": 1, "%": 1, "_": 0, "× Caneta": 2}.items():
            answer = await cast.employee.get("/api/presale-items/ids/", params={"search": typed})
            assert len(answer.json()) == found, typed

    async def test_count_new_and_references(self, cast: Cast, connection: asyncpg.Connection) -> None:
        await some_products(connection, stock=[1, 2, 3])
        count = await cast.employee.get("/api/products/count/?stock=1&stock__operator=gt")
        assert count.json() == {"count": 2, "page_size": 25}
        assert (await cast.employee.get("/api/presales/new/")).json() == {
            "customer_id": None,
            "status": "draft",
            "discount": "0.00",
            "notes": None,
        }
        references = (await cast.employee.get("/api/products/references/")).json()
        assert references == {"references": [{"tableName": "presale_items", "columnName": "product_id"}]}

    async def test_the_schema_is_that_of_what_creates_a_row(self, cast: Cast) -> None:
        schema = (await cast.employee.get("/api/products/schema/")).json()
        assert sorted(schema["required"]) == ["code", "name", "purchase_price", "sale_price", "sale_type", "unit"]
        assert schema["properties"]["stock"]["maximum"] == 2147483647
        assert schema["properties"]["sale_type"]["extra"]["help_text"] == "retail, wholesale …"
        assert "password" in (await cast.admin.get("/api/users/schema/")).json()["required"]

    @pytest.mark.parametrize("path", PATHS)
    async def test_none_of_them_takes_what_it_has_no_use_for(self, cast: Cast, path: str) -> None:
        for route in ("new", "schema", "references"):
            assert blamed(await cast.admin.get(f"/api/{path}/{route}/?limit=1")) == ["limit"]
        for query in ("limit=1", "__order=id", "__readable=true"):
            assert len(blamed(await cast.admin.get(f"/api/{path}/count/?{query}"))) == 1
        assert blamed(await cast.admin.get(f"/api/{path}/ids/?__order=id")) == ["__order"]
