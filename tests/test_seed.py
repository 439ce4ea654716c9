"""`python -m seed`: the demo data."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlsplit

import asyncpg
import phonenumbers
import pytest
from email_validator import validate_email
from pydantic import SecretStr
from validate_docbr import CPF

from accounts.passwords import DEMO_PASSWORD, verify_password
from accounts.tables import User
from backoffice.settings import Settings
from crm.enums import PresaleStatus
from crm.tables import Customer, Presale, Product
from piccolo_conf import DB
from seed.demo import load
from tests.support.builders import PASSWORD_HASH, a_customer, a_product, a_user
from tests.support.commands import contents, refusal, run
from tests.support.databases import clone

DEMO_CPF = "31820475662"


@pytest.fixture
def empty(database: str) -> None:
    """The product's engine works on the test's empty database."""
    DB.configure(Settings(database_url=SecretStr(database)))


@pytest.fixture(scope="module")
async def demo(server: str, steward: asyncpg.Connection, template: str) -> AsyncIterator[str]:
    """The address of a database that has it, to clone."""
    async with clone(server, steward, template) as dsn:
        DB.configure(Settings(database_url=SecretStr(dsn)))
        await load()
        yield dsn


class OnTheDemoData:
    @pytest.fixture
    async def database(self, server: str, steward: asyncpg.Connection, demo: str) -> AsyncIterator[str]:
        async with clone(server, steward, urlsplit(demo).path.strip("/")) as dsn:
            DB.configure(Settings(database_url=SecretStr(dsn)))
            yield dsn


class TestTheDemoData(OnTheDemoData):
    async def test_three_users_log_in_with_the_demo_password(self, connection: asyncpg.Connection) -> None:
        users = (await contents(connection))["users"]
        assert {(user["email"], user["role"], user["active"]) for user in users} == {
            ("admin@flowcrm.example", "admin", True),
            ("manager@flowcrm.example", "manager", True),
            ("employee@flowcrm.example", "employee", True),
        }
        for user in users:
            assert user["password"].startswith("$argon2id$")
            assert await verify_password(DEMO_PASSWORD, against=user["password"])
        assert len({user["password"] for user in users}) == 3

    async def test_customers_could_be_real(self, connection: asyncpg.Connection) -> None:
        customers = (await contents(connection))["customers"]
        assert len(customers) >= 10
        for customer in customers:
            assert CPF().validate(customer["cpf"])
            assert phonenumbers.is_valid_number(phonenumbers.parse(customer["phone"]))
            assert validate_email(customer["email"], check_deliverability=False, test_environment=True)

    async def test_every_status_is_shown_and_every_total_is_right(self, connection: asyncpg.Connection) -> None:
        held = await contents(connection)
        assert {presale["status"] for presale in held["presales"]} == set(PresaleStatus)
        for presale in held["presales"]:
            lines = [line["total_price"] for line in held["presale_items"] if line["presale_id"] == presale["id"]]
            assert presale["total"] == sum(lines, Decimal(0)) - presale["discount"]
            assert lines or presale["status"] == "draft"

    async def test_it_looks_as_if_used_until_today(self, connection: asyncpg.Connection) -> None:
        [(newest, latest)] = await connection.fetch("SELECT max(created_at), max(updated_at) FROM presales")
        assert max(newest, latest) <= datetime.now(UTC)
        assert (datetime.now(UTC) - newest).days < 1

    async def test_one_approved_presale_can_be_converted_and_another_lacks_stock(
        self, connection: asyncpg.Connection
    ) -> None:
        [(lacking, enough)] = await connection.fetch(
            """
            SELECT count(*) FILTER (WHERE lacks), count(*) FILTER (WHERE NOT lacks) FROM (
                SELECT bool_or(quantity > stock) AS lacks FROM presales
                JOIN presale_items ON presale_id = presales.id JOIN products ON products.id = product_id
                WHERE status = 'approved' GROUP BY presales.id
            ) AS approved
            """
        )
        assert (lacking, enough) == (1, 1)


class TestLoadingItAgain(OnTheDemoData):
    async def test_changes_nothing(self, connection: asyncpg.Connection) -> None:
        before = await contents(connection)
        assert not any((await load()).values())
        assert await contents(connection) == before

    async def test_leaves_alone_what_clerks_changed(self, connection: asyncpg.Connection) -> None:
        for change in (
            f"UPDATE users SET password = '{PASSWORD_HASH}', active = false WHERE role = 'employee'",
            f"UPDATE customers SET cpf = '52998224725', name = 'Outra' WHERE cpf = '{DEMO_CPF}'",
            "UPDATE products SET code = 'OUTRO', stock = 1 WHERE code = 'CAF-1000'",
            "DELETE FROM presale_items WHERE presale_id IN (SELECT id FROM presales WHERE status = 'draft')",
            "UPDATE presales SET status = 'approved' WHERE status = 'pending'",
        ):
            assert not (await connection.execute(change)).endswith(" 0")
        before = await contents(connection)
        assert not any((await load()).values())
        assert await contents(connection) == before

    async def test_brings_back_what_was_deleted(self, connection: asyncpg.Connection) -> None:
        before = await contents(connection)
        await connection.execute("DELETE FROM presales WHERE status = 'cancelled'")
        await load()
        after = await contents(connection)
        assert after["presale_items"] == before["presale_items"]
        assert [row["total"] for row in after["presales"]] == [row["total"] for row in before["presales"]]


@pytest.mark.usefixtures("empty")
class TestLoadingItAmongOtherRows:
    async def test_takes_people_and_products_that_are_there_for_its_own(self, connection: asyncpg.Connection) -> None:
        await a_user(connection, email="Admin@FlowCRM.example")
        customer = await a_customer(connection, cpf=DEMO_CPF)
        product = await a_product(connection, code="caf-1000")
        added = await load()
        assert (added[User], added[Customer], added[Product], added[Presale]) == (2, 11, 11, 12)
        assert await connection.fetchval("SELECT count(*) FROM presales WHERE customer_id = $1", customer) == 1
        assert await connection.fetchval("SELECT count(*) FROM presale_items WHERE product_id = $1", product) == 3

    async def test_eight_times_at_once_adds_everything_once(self) -> None:
        added = await asyncio.gather(*[load() for _ in range(8)])
        assert sorted(sum(tables.values()) for tables in added) == [0] * 7 + [64]


class TestTheCommand:
    async def test_tells_what_it_added(self, database: str) -> None:
        assert run(database, "seed") == "Added 3 users, 12 customers, 12 products, 12 presales, 25 presale_items.\n"
        assert run(database, "seed") == "The demo data is there already.\n"

    async def test_in_production_makes_no_demo_user(self, database: str, connection: asyncpg.Connection) -> None:
        run(database, "seed", ENVIRONMENT="production")
        held = await contents(connection)
        assert (len(held["users"]), len(held["presales"])) == (0, 12)

    async def test_without_tables_names_the_remedy(self, database: str, connection: asyncpg.Connection) -> None:
        await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        told = refusal(database, "seed")
        assert "make migrate" in told
        assert len(told.splitlines()) == 1

    def test_without_a_database_tells_so_in_one_line(self, database: str) -> None:
        told = refusal(urlsplit(database)._replace(path="/no_such_database").geturl(), "seed")
        assert "no_such_database" in told
        assert len(told.splitlines()) == 1
