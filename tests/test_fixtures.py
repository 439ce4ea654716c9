"""`piccolo fixtures load` and `dump`: the demo data, and whatever a database holds, move to an empty one."""

import json
import traceback
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from piccolo.apps.fixtures.commands.load import load as load_fixture
from pydantic import SecretStr

from accounts.passwords import DEMO_PASSWORD, verify_password
from backoffice.settings import ROOT, Settings
from crm.enums import PresaleStatus
from piccolo_conf import DB
from seed.demo import load
from tests.support.builders import a_presale_that_is, a_session, a_user, row
from tests.support.commands import Contents, contents, refusal, run
from tests.support.databases import clone

DEMO = "seed/fixtures/demo.json"
A_DEMO_CPF = "31820475662"
A_DEMO_CUSTOMER = "de300000-0002-8000-8000-000000000001"  # who has it
FIXTURES = ("piccolo.main", "fixtures")
# The database gives numbers anew, and says when a draft's lines were written.
GIVEN_ANEW = ("number", "updated_at")


@pytest.fixture
async def elsewhere(server: str, steward: asyncpg.Connection, template: str) -> AsyncIterator[str]:
    """The address of a second migrated, empty database."""
    async with clone(server, steward, template) as dsn:
        yield dsn


async def held(dsn: str) -> Contents:
    connection = await asyncpg.connect(dsn)
    try:
        return await contents(connection)
    finally:
        await connection.close()


def without(columns: tuple[str, ...], tables: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    return {
        table: [{name: value for name, value in row.items() if name not in columns} for row in rows]
        for table, rows in tables.items()
    }


def tables_of(fixture: str) -> dict[str, list[dict[str, Any]]]:
    apps = json.loads(fixture)
    return {table: rows for app in apps.values() for table, rows in app.items()}


async def error_of_loading(dsn: str, file: Path) -> Exception:
    """What the command then tells."""
    DB.configure(Settings(database_url=SecretStr(dsn)))
    with pytest.raises((asyncpg.PostgresError, ValueError)) as refused:
        await load_fixture(str(file))
    return refused.value


@pytest.fixture(scope="module")
async def demo(server: str, steward: asyncpg.Connection, template: str) -> AsyncIterator[str]:
    """The address of a database that has it, and keeps it as it is."""
    async with clone(server, steward, template) as dsn:
        run(dsn, *FIXTURES, "load", DEMO)
        yield dsn


class TestTheDemoFixture:
    def test_says_what_the_database_makes_of_it(self, demo: str) -> None:
        kept = tables_of((ROOT / DEMO).read_text("utf-8"))
        dumped = tables_of(run(demo, *FIXTURES, "dump", "--apps=accounts,crm", f"--tables={','.join(kept)}"))
        assert without(("updated_at",), dumped) == without(("updated_at",), kept)

    async def test_has_users_who_log_in_with_the_demo_password(self) -> None:
        users = tables_of((ROOT / DEMO).read_text("utf-8"))["User"]
        assert len(users) == 3
        for user in users:
            assert await verify_password(DEMO_PASSWORD, against=user["password"])

    async def test_loaded_twice_is_refused_or_on_request_skipped(self, demo: str) -> None:
        before = await held(demo)
        said = refusal(demo, *FIXTURES, "load", DEMO)
        assert said.startswith('duplicate key value violates unique constraint "users_pkey"\n')
        assert "Traceback" not in said
        run(demo, *FIXTURES, "load", DEMO, "--on_conflict=DO NOTHING")
        assert await held(demo) == before

    async def test_is_what_the_seed_loads_too(self, demo: str) -> None:
        DB.configure(Settings(database_url=SecretStr(demo)))
        assert not any((await load()).values())

    @pytest.mark.parametrize(
        ("right", "wrong", "told"),
        [
            (A_DEMO_CPF, "31820475663", f'customers_cpf_valid"\nDETAIL:  The row with the id {A_DEMO_CUSTOMER}.'),
            ('"discount"', '"discuont"', "discuont: There is no such field."),
        ],
    )
    async def test_with_a_bad_row_or_a_column_that_there_is_not_loads_nothing(
        self, database: str, connection: asyncpg.Connection, tmp_path: Path, right: str, wrong: str, told: str
    ) -> None:
        (tmp_path / "bad.json").write_text((ROOT / DEMO).read_text("utf-8").replace(right, wrong, 1), encoding="utf-8")
        assert told in str(await error_of_loading(database, tmp_path / "bad.json"))
        assert not any((await contents(connection)).values())

    async def test_with_a_bad_row_without_an_id_names_none(self, database: str, tmp_path: Path) -> None:
        """The one that it was given is in no file and in no table."""
        customer = {"name": "Ana", "email": "ana@example.com", "phone": "11 98765-4321", "cpf": "31820475663"}
        (tmp_path / "bad.json").write_text(json.dumps({"crm": {"Customer": [customer]}}))
        said = str(await error_of_loading(database, tmp_path / "bad.json"))
        assert said.endswith('"customers_cpf_valid"')

    async def test_may_leave_out_what_has_a_default(
        self, database: str, connection: asyncpg.Connection, tmp_path: Path
    ) -> None:
        presale_id, product_id = uuid4(), uuid4()
        customer = {"id": str(uuid4()), "name": "Ana", "email": "ana@example.com", "phone": "11 98765-4321"}
        product = {"id": str(product_id), "code": "CAFE", "name": "Café", "unit": "un", "sale_type": "retail"}
        presale = {"id": str(presale_id), "customer_id": customer["id"]}
        tables = {
            "Customer": [customer | {"cpf": A_DEMO_CPF}],
            "Product": [product | {"purchase_price": "1.00", "sale_price": "2.50"}],
            "Presale": [presale],
            "PresaleItem": [{"presale_id": presale["id"], "product_id": product["id"], "quantity": "3"}],
        }
        (tmp_path / "few.json").write_text(json.dumps({"crm": tables}))
        DB.configure(Settings(database_url=SecretStr(database)))
        await load_fixture(str(tmp_path / "few.json"))
        loaded = await row(connection, "presales", presale_id)
        assert (loaded["status"], loaded["discount"], loaded["total"]) == ("draft", 0, Decimal("7.50"))
        assert (await row(connection, "products", product_id))["stock"] == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        *((text, "A fixture must be an object of apps, such as {") for text in ("[]", "null", '"crm"', "1")),
        ('{"crm": {}, "crn": {}}', "crn: There is no such app"),
        ('{"crm": null}', "crm: Must be an object of tables, as in {"),
        ('{"accounts": {}, "crm": []}', "crm: Must be an object of tables, as in {"),
        ('{"crm": {"Customer": null}}', "crm.Customer: This may not be null."),
    ],
)
async def test_what_is_no_fixture_is_told_in_plain_words(database: str, tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "none.json").write_text(text)
    assert str(await error_of_loading(database, tmp_path / "none.json")).startswith(told)


async def test_a_password_that_somebody_wrote_into_a_fixture_is_hashed(
    database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    user = tables_of((ROOT / DEMO).read_text("utf-8"))["User"][0] | {"password": "Pão de queijo"}
    (tmp_path / "users.json").write_text(json.dumps({"accounts": {"User": [user]}}))
    DB.configure(Settings(database_url=SecretStr(database)))
    await load_fixture(str(tmp_path / "users.json"))
    kept = await connection.fetchval("SELECT password FROM users")
    assert await verify_password("Pa\u0303o de queijo", against=kept)
    assert not await verify_password(DEMO_PASSWORD, against=kept)


class TestARefusedPassword:
    @pytest.mark.parametrize(
        ("password", "told"),
        [
            ("$argon2 plaintext", "users_password_hashed"),
            ("plaintext" * 30, "password: At most 128 characters."),
            ("$plain", "password: At least 8 characters."),
        ],
    )
    async def test_is_not_repeated(self, database: str, tmp_path: Path, password: str, told: str) -> None:
        user = tables_of((ROOT / DEMO).read_text("utf-8"))["User"][0] | {"password": password}
        (tmp_path / "users.json").write_text(json.dumps({"accounts": {"User": [user]}}))
        error = await error_of_loading(database, tmp_path / "users.json")
        assert told in str(error)
        assert "plaintext" not in "".join(traceback.format_exception(error)), "as --trace shows it"

    def test_is_not_repeated_where_something_else_is_missing(self, database: str, tmp_path: Path) -> None:
        user = tables_of((ROOT / DEMO).read_text("utf-8"))["User"][0] | {"password": "$argon2 plaintext"}
        user["active"] = None
        (tmp_path / "users.json").write_text(json.dumps({"accounts": {"User": [user]}}))
        said = refusal(database, *FIXTURES, "load", str(tmp_path / "users.json"), "--trace")
        assert 'null value in column "active"' in said
        assert "plaintext" not in said


class TestADump:
    async def test_of_a_database_in_use_loads_into_an_empty_one(
        self, database: str, elsewhere: str, connection: asyncpg.Connection, tmp_path: Path
    ) -> None:
        user = await a_user(connection)
        await a_session(connection, user)
        await connection.execute(
            "INSERT INTO idempotency_keys (user_id, key, request, response) VALUES ($1, 'k', $2, $3)",
            user,
            *['{"notes": "ação \\" {}"}'] * 2,
        )
        for status in PresaleStatus:
            await a_presale_that_is(connection, status)
        (tmp_path / "dump.json").write_text(run(database, *FIXTURES, "dump"), encoding="utf-8")
        DB.configure(Settings(database_url=SecretStr(elsewhere)))
        await load_fixture(str(tmp_path / "dump.json"))
        assert without(GIVEN_ANEW, await held(elsewhere)) == without(GIVEN_ANEW, await contents(connection))
        assert {row["number"] for row in (await held(elsewhere))["presales"]} == {1, 2, 3, 4, 5}
