"""The admin's page, its words and its lists, as the front end asks for them."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
from piccolo_admin.endpoints import ASSET_PATH
from piccolo_admin.translations.data import ENGLISH

from backoffice.words import LABELS
from main import SHOWN
from tests.support.builders import a_customer, a_line, a_presale, a_presale_that_is, a_product, row
from tests.support.cast import Cast
from tests.support.desk import ANA, Desk, Desks
from tests.support.refusals import refused_in_words

TABLES = [resource.tablename for resource in SHOWN]


class TestThePage:
    async def test_the_address_without_a_slash_leads_there(self, cast: Cast) -> None:
        answer = await cast.stranger.get("/admin")
        assert answer.is_redirect
        assert httpx.URL(answer.headers["location"]).path == "/admin/"

    async def test_it_asks_for_nothing_from_elsewhere(self, cast: Cast) -> None:
        page = (await cast.stranger.get("/admin/")).text
        wanted = re.findall(r'(?:src|href)="([^"]*)"', page)
        assert wanted
        assert all(address.startswith(("./", "data:")) for address in wanted)
        assert "<title>Flow CRM</title>" in page

    async def test_the_side_bar_is_ordered_as_people_work(self, desks: Desks) -> None:
        everybody = [("Sales", ["customers", "presales", "presale_items"]), ("Catalogue", ["products"])]
        team, trail = ("Team", ["users"]), ("Oversight", ["audit_trail"])
        for desk, more in ((desks.admin, [team, trail]), (desks.manager, [trail]), (desks.employee, [])):
            assert list((await desk.get("grouped/")).json()["grouped"].items()) == everybody + more

    async def test_nobody_gets_in_without_a_session(self, cast: Cast) -> None:
        refused_in_words(await cast.stranger.get("/admin/api/tables/customers/"), 401, "Please log in.")
        portuguese = {"Accept-Language": "pt-BR"}
        answer = await cast.stranger.get("/admin/api/tables/customers/", headers=portuguese)
        refused_in_words(answer, 401, "Por favor, entre no sistema.")

    async def test_writing_needs_the_token_of_the_page(self, desks: Desks) -> None:
        del desks.admin.client.headers["X-CSRFToken"]
        said = "Try again, or reload the page. Programs send the value of the cookie csrftoken as X-CSRFToken."
        refused_in_words(await desks.admin.creates("customers", **ANA), 403, said)
        desks.admin.client.headers["X-CSRFToken"] = "invented"
        refused_in_words(await desks.admin.creates("customers", **ANA), 403, said)

    async def test_whoever_has_no_session_any_more_is_asked_to_log_in(self, desks: Desks) -> None:
        desks.admin.client.cookies.clear()
        answer = await desks.admin.client.post("/admin/api/tables/customers/", json=ANA)
        refused_in_words(answer, 401, "Please log in.")

    async def test_behind_https_only_its_own_pages_may_write(self, desks: Desks) -> None:
        desks.admin.client.base_url = httpx.URL("https://flowcrm.test")
        for origin, status in (("https://elsewhere.test", 403), ("https://flowcrm.test", 201)):
            desks.admin.client.headers["Origin"] = origin
            assert (await desks.admin.creates("customers", **ANA)).status_code == status

    async def test_what_does_not_exist_is_said_plainly(self, desks: Desks) -> None:
        for path in ("sessions/schema/", f"customers/{uuid4()}/"):
            refused_in_words(await desks.admin.get(path), 404, "There is nothing here.")

    async def test_it_is_described_nowhere(self, cast: Cast, desks: Desks) -> None:
        for path in ("openapi.json", "docs", "docs/", "docs/openapi.json", "docs/docs", "docs/redoc", "redoc"):
            refused_in_words(await cast.stranger.get(f"/admin/api/{path}"), 401, "Please log in.")
            refused_in_words(await desks.admin.client.get(f"/admin/api/{path}"), 404, "There is nothing here.")
            for page in (f"/admin/{path}", f"/admin/public/{path}"):
                answer = await cast.stranger.get(page)
                assert (answer.status_code, "There is nothing here." in answer.text) == (404, True), page


class TestTheWords:
    async def test_two_languages_say_all_that_the_front_end_translates(self, cast: Cast) -> None:
        offered = (await cast.stranger.get("/admin/public/translations/")).json()
        codes = [translation["language_code"] for translation in offered["translations"]]
        assert codes == ["en", "pt-BR"]
        (script,) = Path(ASSET_PATH).glob("assets/*.js")
        used = set(re.findall(r'\$t\("([^"]+)"\)', script.read_text())) | set(ENGLISH.translations)
        for code in codes:
            words = (await cast.stranger.get(f"/admin/public/translations/{code.lower()}/")).json()["translations"]
            assert used <= words.keys()
            # These mean something to vue-i18n.
            assert not [text for text in words.values() if set(text) & set("{}@|")]

    async def test_each_table_and_column_and_explanation_has_a_name_in_both(self, desks: Desks) -> None:
        grouped = (await desks.admin.get("grouped/")).json()["grouped"]
        for table in TABLES:
            properties = (await desks.admin.get(f"{table}/schema/")).json()["properties"]
            names = {*grouped, table, f"one of {table}", *(properties.keys() - {"version"})}
            assert names <= LABELS.keys()
        spoken = json.dumps([await _schema(desks.admin, table, "pt-BR") for table in TABLES], ensure_ascii=False)
        for text in LABELS.values():
            assert text.en == text.pt or f'"{text.en}"' not in spoken

    async def test_choices_are_words(self, desks: Desks) -> None:
        choices = (await _schema(desks.admin, "presales", "pt-BR"))["properties"]["status"]["extra"]["choices"]
        assert [choice["display_name"] for choice in choices.values()] == [
            *("Rascunho", "Pendente", "Aprovada", "Cancelada", "Convertida")
        ]

    async def test_refusals_speak_the_language_of_the_screen(self, desks: Desks) -> None:
        desks.admin.client.headers["Accept-Language"] = "pt-br"
        answer = await desks.admin.creates("customers", **ANA | {"cpf": "1", "phone": ""})
        refused_in_words(
            answer, 422, "Telefone: Este campo é obrigatório.\nCPF: Este CPF não é válido. Confira os dígitos."
        )


async def _schema(desk: Desk, table: str, language: str) -> dict[str, Any]:
    headers = {"Accept-Language": language}
    schema: dict[str, Any] = (await desk.client.get(f"/admin/api/tables/{table}/schema/", headers=headers)).json()
    return schema


class TestLists:
    async def test_rows_are_referred_to_by_name(self, desks: Desks, connection: asyncpg.Connection) -> None:
        presale = await a_presale(connection, customer_id=await a_customer(connection, name="Maria"))
        product = await a_product(connection, code="CAFE", name="Café")
        await a_line(connection, presale, product_id=product)
        (shown,) = (await desks.admin.get("presales/", __readable="true")).json()["rows"]
        assert shown["customer_id_readable"] == "Maria"
        (shown,) = (await desks.admin.get("presale_items/", __readable="true")).json()["rows"]
        number = (await row(connection, "presales", presale))["number"]
        assert (shown["presale_id_readable"], shown["product_id_readable"]) == (f"#{number} Maria", "CAFE - Café")

    async def test_a_filter_form_that_nobody_filled_in_filters_nothing(
        self, desks: Desks, connection: asyncpg.Connection
    ) -> None:
        await a_presale_that_is(connection, "draft")
        for table in TABLES:
            schema = (await desks.admin.get(f"{table}/schema/")).json()
            ways = {f"{name}__operator": "e" for name in schema["extra"]["visible_filter_names"]}
            ways |= {f"{name}__match": "contains" for name in schema["extra"]["visible_filter_names"]}
            counted = await desks.admin.get(f"{table}/count/", **ways)
            listed = await desks.admin.get(f"{table}/", **ways, __page="1", __page_size="15", __readable="true")
            assert counted.json()["count"] == listed.json()["total"] == len(listed.json()["rows"]) > 0

    async def test_filters_are_text_as_the_form_sends_them(self, desks: Desks) -> None:
        sent_and_found: list[tuple[dict[str, str], list[str]]] = [
            ({"active": "true"}, ["Admin", "Employee", "Manager"]),
            ({"active": "false"}, []),
            ({"role": "manager", "role__operator": "e"}, ["Manager"]),
            ({"role": "manager", "role__operator": "ne"}, ["Admin", "Employee"]),
            ({"name": "MAN", "name__match": "starts", "email__match": "contains"}, ["Manager"]),
            ({"name__operator": "is_null"}, []),
            ({"name": "", "name__operator": "is_null"}, []),
            ({"name__match": "contains", "name": "", "name__operator": "not_null"}, ["Admin", "Employee", "Manager"]),
        ]
        for sent, found in sent_and_found:
            answer = await desks.admin.get("users/", **sent, __order="name")
            assert [user["name"] for user in answer.json()["rows"]] == found
            assert (await desks.admin.get("users/count/", **sent)).json()["count"] == len(found)

    async def test_a_time_is_the_whole_second_that_a_field_shows(
        self, desks: Desks, connection: asyncpg.Connection
    ) -> None:
        await a_customer(connection, created_at=datetime(2026, 11, 29, 18, 15, 1, 500_000, tzinfo=UTC))
        for operator, expected in {"lte": 1, "gt": 0, "gte": 1, "lt": 0}.items():
            for typed in ("2026-11-29T18:15:01.000Z", "2026-11-29T15:15:01-03:00"):
                asked = {"created_at": typed, "created_at__operator": operator}
                answer = (await desks.admin.get("customers/", **asked)).json()
                assert len(answer["rows"]) == expected, (operator, typed)

    async def test_the_number_that_was_searched_for_comes_first_unless_another_order_was_chosen(
        self, desks: Desks, connection: asyncpg.Connection
    ) -> None:
        customer = await a_customer(connection)
        for _ in range(11):
            await a_presale(connection, customer_id=customer)
        for order, numbers in {"-created_at": [1, 10, 11], "-number": [11, 10, 1], "created_at": [1, 10, 11]}.items():
            answer = (await desks.employee.get("presales/", search="1", __order=order)).json()
            assert [row["number"] for row in answer["rows"]] == numbers

    async def test_sorting_by_what_is_not_shown_changes_nothing(self, desks: Desks) -> None:
        for order in ("password", "-version", "name,name", "name,-name", "", "password,name"):
            answer = await desks.admin.get("users/", __order=order)
            assert len(answer.json()["rows"]) == 3
            # Once sorted, the address of the list says so, and the front end sends it with everything.
            assert (await desks.admin.get("users/count/", __order=order)).json()["count"] == 3

    async def test_exporting_everything_exports_no_secret(self, desks: Desks) -> None:
        columns = ",".join((await desks.admin.get("users/schema/")).json()["properties"])
        (exported, *_) = (await desks.admin.get("users/", __visible_fields=columns)).json()["rows"]
        assert list(exported) == ["email", "name", "role", "active", "created_at", "updated_at"]

    async def test_a_picker_finds_rows_by_words(self, desks: Desks, connection: asyncpg.Connection) -> None:
        maria, _ = await a_customer(connection, name="Maria da Silva"), await a_customer(connection, name="José")
        found = await desks.employee.get("customers/ids/", search="sil mar", limit="6")
        assert found.json() == {str(maria): "Maria da Silva"}

    async def test_only_tables_of_the_admin_are_named_as_referring(self, desks: Desks) -> None:
        assert (await desks.admin.get("users/references/")).json() == {"references": []}
        referring = {"tableName": "presales", "columnName": "customer_id"}
        assert (await desks.admin.get("customers/references/")).json() == {"references": [referring]}
