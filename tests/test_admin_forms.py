"""The admin's forms: what the front end sends, wisely or not, and what it can show of the answers."""

import asyncpg
import pytest

from tests.support.builders import a_customer, a_line, a_presale, a_product, row
from tests.support.cast import Cast
from tests.support.clients import log_in
from tests.support.desk import ANA, PRODUCT, Desks
from tests.support.refusals import refused_in_words


class TestForms:
    async def test_what_is_missing_is_named(self, desks: Desks) -> None:
        missing = "\n".join(f"{name}: This field is required." for name in ("Name", "E-mail", "Phone", "CPF"))
        refused_in_words(await desks.employee.creates("customers"), 422, missing)

    @pytest.mark.parametrize(
        ("values", "status", "text"),
        [
            ({"cpf": "529.982.247-26"}, 422, "CPF: This is not a valid CPF. Please check its digits."),
            (
                {"phone": "98765-4321"},
                422,
                "Phone: This is not a Brazilian phone number with its area code, such as (11) 98765-4321.",
            ),
            ({"name": "\u00a0"}, 422, "Name: This field is required."),
            ({"name": "\u200b"}, 422, "Name: This field is required."),
            ({"email": "ana"}, 422, "E-mail: This is not a valid e-mail address."),
            ({"cpf": "111.444.777-35"}, 409, "Another customer has this CPF."),
        ],
    )
    async def test_a_wrong_customer_is_refused_in_a_sentence(
        self, desks: Desks, connection: asyncpg.Connection, values: dict[str, str], status: int, text: str
    ) -> None:
        await a_customer(connection, cpf="11144477735")
        refused_in_words(await desks.employee.creates("customers", **ANA | values), status, text)
        assert await connection.fetchval("SELECT count(*) FROM customers") == 1

    async def test_what_is_left_empty_becomes_what_the_database_says(
        self, desks: Desks, connection: asyncpg.Connection
    ) -> None:
        created = (await desks.manager.creates("products", **PRODUCT)).json()
        assert (created["stock"], created["description"]) == (0, None)
        line = {"presale_id": str(await a_presale(connection)), "product_id": created["id"], "quantity": "3"}
        created = (await desks.employee.creates("presale_items", **line)).json()
        assert (created["unit_price"], created["total_price"], created["discount"]) == ("2.00", "6.00", "0.00")

    async def test_a_line_that_was_added_is_told_in_words(self, desks: Desks, connection: asyncpg.Connection) -> None:
        product = await a_product(connection, code="CAF", name="Café", sale_price="23.30")
        line = {"presale_id": str(await a_presale(connection)), "product_id": str(product), "quantity": "2"}
        created = await desks.employee.creates("presale_items", **line)
        assert created.json()["said"] == "CAF - Café, 2.000 × 23.30 = 46.60\nTotal: 46.60"
        assert created.headers["Location"] == f"/api/presale-items/{created.json()['id']}/"
        assert created.headers["ETag"]
        desks.employee.client.headers["Accept-Language"] = "pt-BR"
        created = await desks.employee.creates("presale_items", **line, unit_price="1000,00", discount="0,50")
        assert created.json()["said"] == "CAF - Café, 2,000 × 1.000,00 − 0,50 = 1.999,50\nTotal: 2.046,10"
        assert "said" not in (await desks.manager.creates("products", **PRODUCT)).json()

    async def test_a_line_that_is_added_to_a_pre_sale_begins_as_one_of_it(
        self, desks: Desks, connection: asyncpg.Connection
    ) -> None:
        presale = await a_presale(connection, customer_id=await a_customer(connection, name="Maria"))
        new = (await desks.employee.get("presale_items/new/", presale_id=str(presale))).json()
        number = (await row(connection, "presales", presale))["number"]
        assert (new["presale_id"], new["presale_id_readable"]) == (str(presale), f"#{number} Maria")
        new = (await desks.employee.get("presale_items/new/", presale_id="00000000-0000-4000-8000-000000000000")).json()
        assert (new["presale_id"], "presale_id_readable" in new) == (None, False)
        for query in ({"presale_id": "x"}, {"quantity": "1"}):
            assert (await desks.employee.get("presale_items/new/", **query)).status_code == 422

    async def test_white_space_that_was_copied_along_is_not_meant(
        self, desks: Desks, connection: asyncpg.Connection
    ) -> None:
        typed = {"code": " CAFÉ-1\t", "stock": " 7 ", "sale_price": "\u200b2.50", "description": "  in two\n lines "}
        created = (await desks.manager.creates("products", **PRODUCT | typed)).json()
        assert (created["code"], created["stock"], created["sale_price"]) == ("CAFÉ-1", 7, "2.50")
        assert created["description"] == typed["description"]
        for twin in ("CAFÉ-1 ", "CAFÉ-1\u200b", "\ufeffCAFÉ-1", "CAFE\u0301-1"):
            answer = await desks.manager.creates("products", **PRODUCT | {"code": twin})
            refused_in_words(answer, 409, "Another product has this code.")
        for typed_code in (" CAFÉ-1 ", "CAFE\u0301-1\u200b"):
            found = await desks.manager.get("products/", code=typed_code, stock=" 7")
            assert [row["code"] for row in found.json()["rows"]] == ["CAFÉ-1"]

    @pytest.mark.parametrize("inside", [" ", "\u0301\u0323"], ids=["blanks", "accents"])
    async def test_text_of_any_length_is_looked_through_once(
        self, desks: Desks, connection: asyncpg.Connection, inside: str
    ) -> None:
        """Or one such field would keep everybody else waiting for minutes."""
        name = f"a{inside * 400_000}b"
        refused_in_words(
            await desks.employee.creates("customers", **ANA | {"name": name}), 422, "Name: At most 255 characters."
        )

    async def test_what_is_kept_with_white_space_is_not_touched_by_whoever_changes_something_else(
        self, desks: Desks, connection: asyncpg.Connection
    ) -> None:
        await a_product(connection, code="ABC")
        product = await a_product(connection, code="ABC ", name=" Café ")
        assert (await desks.manager.changes("products", product, stock="5")).status_code == 200
        kept = await row(connection, "products", product)
        assert (kept["code"], kept["name"], kept["stock"]) == ("ABC ", " Café ", 5)

    async def test_what_is_emptied_is_missing_unless_it_may_be_empty(
        self, desks: Desks, connection: asyncpg.Connection
    ) -> None:
        product = await a_product(connection, description="Old")
        answer = await desks.manager.changes("products", product, stock="", sale_price="", description="")
        refused_in_words(answer, 422, "Stock: This field is required.\nSale price: This field is required.")
        assert (await desks.manager.changes("products", product, description="")).json()["description"] is None

    async def test_decimals_may_have_commas_where_people_speak_portuguese(
        self, desks: Desks, connection: asyncpg.Connection
    ) -> None:
        product = await a_product(connection, sale_price="10.00")
        refused_in_words(
            await desks.manager.changes("products", product, sale_price="1,234"),
            422,
            "Sale price: This must be a number, such as 12.50.",
        )
        answer = await desks.manager.changes("products", product, sale_price="1,234,567.50")
        assert answer.json()["sale_price"] == "1,234,567.50"
        answer = await desks.manager.changes("products", product, sale_price="R$ 1,234,567")
        assert answer.json()["sale_price"] == "1,234,567.00"
        desks.manager.client.headers["Accept-Language"] = "pt-BR"
        assert (await desks.manager.get("presales/new/")).json()["discount"] == "0,00"
        for typed, (kept, shown) in {
            "12,50": ("12.50", "12,50"),
            "1.234,5": ("1234.50", "1.234,50"),
            " 1234567,89 ": ("1234567.89", "1.234.567,89"),
            "R$ 1.180,00": ("1180.00", "1.180,00"),
            "R$\u00a080.5": ("80.50", "80,50"),
            "7.25": ("7.25", "7,25"),
            "1 234,56": ("1234.56", "1.234,56"),
            "1\u202f234\u202f567,89": ("1234567.89", "1.234.567,89"),
            "12.345.678": ("12345678.00", "12.345.678,00"),
        }.items():
            answer = await desks.manager.changes("products", product, sale_price=typed)
            assert answer.json()["sale_price"] == shown
            assert await connection.fetchval("SELECT sale_price::text FROM products") == kept
            found = await desks.manager.get("products/", sale_price=typed, sale_price__operator="e")
            [row] = found.json()["rows"]
            assert (row["id"], row["sale_price"]) == (str(product), shown)
        for nonsense in "1,2,3", "1.23,45", ",5", "5,", "12,5o":
            assert (await desks.manager.changes("products", product, sale_price=nonsense)).status_code == 422
        await desks.manager.creates("products", **PRODUCT | {"code": "NEW", "purchase_price": "0,99"})
        assert await connection.fetchval("SELECT purchase_price::text FROM products WHERE code = 'NEW'") == "0.99"

    async def test_what_goes_into_a_spreadsheet_is_text_and_nothing_is_nothing(
        self, desks: Desks, connection: asyncpg.Connection
    ) -> None:
        await a_customer(connection, name="=1+1", address="+HYPERLINK()", phone="+5511987654321", cpf="03163823882")
        desks.employee.client.headers["Prefer"] = "export"
        [row] = (await desks.employee.get("customers/")).json()["rows"]
        assert (row["name"], row["address"]) == ("'=1+1", "'+HYPERLINK()")
        assert (row["cpf"], row["phone"]) == ("031.638.238-82", "(11) 98765-4321"), "or they would become numbers"
        await a_product(connection, description=None, sale_price="1098.50")
        [row] = (await desks.employee.get("products/")).json()["rows"]
        assert (row["description"], row["sale_price"]) == ("", "1098.50"), "a number, as it is written in spreadsheets"

    async def test_a_thousand_is_not_taken_for_one_where_people_speak_portuguese(
        self, desks: Desks, connection: asyncpg.Connection
    ) -> None:
        line = await a_line(connection, await a_presale(connection), quantity=1)
        desks.employee.client.headers["Accept-Language"] = "pt-BR"
        form = await desks.employee.loads("presale_items", line)
        assert form["quantity"] == "1,000"
        assert (await desks.employee.saves("presale_items", line, form)).json()["quantity"] == "1,000"
        assert await connection.fetchval("SELECT quantity FROM presale_items") == 1
        refused_in_words(
            await desks.employee.changes("presale_items", line, quantity="1.000"),
            422,
            "Quantidade: São milhares? Escreva sem ponto; as casas decimais vêm depois da vírgula.",
        )
        refused_in_words(
            await desks.employee.get("presale_items/", quantity="1.000", quantity__operator="e"),
            422,
            "Quantidade: São milhares? Escreva sem ponto; as casas decimais vêm depois da vírgula.",
        )
        half = await desks.employee.changes("presale_items", line, quantity="0.500")
        assert half.json()["quantity"] == "0,500"
        desks.employee.client.headers["Accept-Language"] = "en"
        assert (await desks.employee.changes("presale_items", line, quantity="2.000")).json()["quantity"] == "2.000"

    async def test_an_emptied_price_becomes_the_price_of_today(
        self, desks: Desks, connection: asyncpg.Connection
    ) -> None:
        product = await a_product(connection, sale_price="10")
        line = await a_line(connection, await a_presale(connection), product_id=product, quantity="2", unit_price="1")
        answer = await desks.employee.changes("presale_items", line, unit_price="")
        assert (answer.json()["unit_price"], answer.json()["total_price"]) == ("10.00", "20.00")

    async def test_what_the_database_owns_is_not_for_sale(self, desks: Desks, connection: asyncpg.Connection) -> None:
        presale = await a_presale(connection)
        before = await row(connection, "presales", presale)
        answer = await desks.admin.changes(
            "presales", presale, total="1", number="1", created_at="2001-01-01T00:00:00Z"
        )
        assert answer.status_code == 200
        assert await row(connection, "presales", presale) == before

    async def test_cpf_and_telephone_are_written_as_in_lists_and_no_change_if_nobody_touched_them(
        self, desks: Desks, connection: asyncpg.Connection
    ) -> None:
        customer = await a_customer(connection, cpf="03163823882", phone="+5511987654321")
        before = await row(connection, "customers", customer)
        form = await desks.employee.loads("customers", customer)
        [listed] = (await desks.employee.get("customers/")).json()["rows"]
        for shown in (form, listed):
            assert (shown["cpf"], shown["phone"]) == ("031.638.238-82", "(11) 98765-4321")
        assert (await desks.employee.saves("customers", customer, form)).status_code == 200
        assert await row(connection, "customers", customer) == before
        del desks.employee.client.headers["Prefer"]
        for kept in (
            await desks.employee.loads("customers", customer),
            (await desks.employee.get("customers/")).json()["rows"][0],
        ):
            assert (kept["cpf"], kept["phone"]) == ("03163823882", "+5511987654321")

    async def test_a_telephone_that_only_newer_rules_refuse_does_not_stop_other_changes(
        self, desks: Desks, connection: asyncpg.Connection
    ) -> None:
        earlier = "CREATE OR REPLACE FUNCTION is_brazilian_phone(value text) RETURNS boolean RETURN true"
        await connection.execute(earlier)
        customer = await a_customer(connection, phone="+552012345678")
        answer = await desks.employee.changes("customers", customer, name="New Name")
        assert answer.status_code == 200, answer.text
        kept = await row(connection, "customers", customer)
        assert (kept["name"], kept["phone"]) == ("New Name", "+552012345678")

    async def test_of_a_list_of_some_columns_those_are_written_that_there_are(
        self, desks: Desks, connection: asyncpg.Connection
    ) -> None:
        await a_customer(connection, phone="+5511987654321")
        [bare] = (await desks.employee.get("customers/", __visible_fields="phone")).json()["rows"]
        assert bare == {"phone": "(11) 98765-4321"}

    async def test_a_change_answers_with_what_the_form_shows_next(
        self, desks: Desks, connection: asyncpg.Connection
    ) -> None:
        presale = await a_presale(connection, customer_id=await a_customer(connection, name="Maria"))
        answer = await desks.employee.changes("presales", presale, notes="Call first")
        assert (answer.json()["customer_id_readable"], answer.json()["notes"]) == ("Maria", "Call first")
        assert answer.json() == (await desks.employee.get(f"presales/{presale}/")).json()

    async def test_what_no_form_sends_is_refused_as_well(self, desks: Desks) -> None:
        for sent in (b"", b"[]", b'"x"', b"{", b"\xff"):
            answer = await desks.admin.client.post("/admin/api/tables/customers/", content=sent)
            assert answer.status_code in (400, 422)
            assert answer.headers["content-type"].startswith("text/plain")


class TestPresales:
    async def test_they_start_as_drafts(self, desks: Desks, connection: asyncpg.Connection) -> None:
        customer = str(await a_customer(connection))
        answer = await desks.admin.creates("presales", customer_id=customer, status="approved")
        refused_in_words(answer, 422, "Status: A new pre-sale starts as a draft.")
        created = (await desks.admin.creates("presales", customer_id=customer, status="draft")).json()
        assert (created["status"], created["total"], created["items"]) == ("draft", "0.00", [])

    async def test_they_move_and_are_refused_in_plain_words(self, desks: Desks, connection: asyncpg.Connection) -> None:
        presale = await a_presale(connection)
        empty = await desks.employee.changes("presales", presale, status="pending")
        refused_in_words(empty, 409, "A pre-sale without items cannot be submitted.")
        product = await a_product(connection, code="QJ", name="Queijo", stock=1)
        await a_line(connection, presale, product_id=product, quantity="2")
        assert (await desks.employee.changes("presales", presale, status="pending")).status_code == 200
        assert (await desks.manager.changes("presales", presale, status="approved")).status_code == 200
        locked = await desks.manager.changes("presales", presale, discount="1")
        refused_in_words(
            locked,
            409,
            "This pre-sale is approved. "
            "Customer, discount and items change only in a draft, notes until it is converted or cancelled.",
        )
        short = await desks.manager.changes("presales", presale, status="converted")
        refused_in_words(short, 409, "There is too little stock of: QJ - Queijo.\nQJ - Queijo: 2 needed, 1 in stock.")
        await connection.execute("UPDATE products SET stock = 2 WHERE id = $1", product)
        assert (await desks.manager.changes("presales", presale, status="converted")).status_code == 200
        assert (await row(connection, "products", product))["stock"] == 0


class TestLines:
    async def test_another_product_comes_at_its_own_price_unless_another_price_is_typed(
        self, desks: Desks, connection: asyncpg.Connection
    ) -> None:
        desks.employee.client.headers["Accept-Language"] = "pt-BR"
        first, second = await a_product(connection, sale_price="21.90"), await a_product(connection, sale_price="7.80")
        line = await a_line(connection, await a_presale(connection), product_id=first, quantity="2")
        changed = (await desks.employee.changes("presale_items", line, product_id=str(second))).json()
        assert (changed["unit_price"], changed["total_price"]) == ("7,80", "15,60")
        changed = (
            await desks.employee.changes("presale_items", line, product_id=str(first), unit_price="20,00")
        ).json()
        assert (changed["unit_price"], changed["total_price"]) == ("20,00", "40,00")


class TestPasswords:
    async def test_a_new_user_needs_one_and_gets_it_hashed(
        self, desks: Desks, cast: Cast, connection: asyncpg.Connection
    ) -> None:
        nova = {"email": "nova@flowcrm.example", "name": "Nova", "role": "employee", "active": "true"}
        refused_in_words(await desks.admin.creates("users", **nova), 422, "Password: This field is required.")
        refused_in_words(
            await desks.admin.creates("users", **nova, password="x"), 422, "Password: At least 8 characters."
        )
        created = await desks.admin.creates("users", **nova, password="her-password")
        assert "password" not in created.json()
        assert (await log_in(cast.stranger, nova["email"], "her-password")).status_code == 200

    async def test_an_empty_one_keeps_the_old_and_another_replaces_it(
        self, desks: Desks, cast: Cast, connection: asyncpg.Connection
    ) -> None:
        user = await connection.fetchval("SELECT id FROM users WHERE role = 'employee'")
        assert (await desks.admin.loads("users", user))["password"] == ""
        before = await row(connection, "users", user)
        assert (await desks.admin.changes("users", user, name="Somebody")).status_code == 200
        assert (await row(connection, "users", user))["password"] == before["password"]
        assert (await desks.admin.changes("users", user, password="another-one")).status_code == 200
        assert (await log_in(cast.stranger, before["email"], "another-one")).status_code == 200


async def test_a_new_row_has_an_address_that_leads_to_it(desks: Desks) -> None:
    created = await desks.employee.creates("customers", **ANA)
    assert created.headers["Location"].startswith("/api/customers/")
    assert (await desks.employee.client.get(created.headers["Location"])).status_code == 200
