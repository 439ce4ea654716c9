"""`python -m seed --customers N --products N --presales N`: large, deterministic data at the speed of COPY."""

import argparse
import asyncio
import hashlib
import math
import os
import pty
import re
import sys
from datetime import UTC, datetime
from typing import Any

import asyncpg
import phonenumbers
import pytest
from email_validator import validate_email
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from validate_docbr import CPF

from backoffice.settings import ROOT, Settings
from crm.enums import PresaleStatus
from crm.tables import Customer, Presale, Product
from piccolo_conf import DB
from seed import brazil, large, records
from seed.__main__ import main, seed
from seed.demo import read_fixture
from seed.large import Amounts, SeedRefused, fill
from tests.support.builders import a_customer
from tests.support.commands import contents, refusal
from tests.support.forked import Forked, seen_at
from tests.support.migrating import until_there_is

SMALL = Amounts(customers=30, products=12, presales=40)
# SHA-256 of the first of each. Whoever changes the data on purpose changes this too, and knows that data sets made
# before and grown afterwards will be mixed.
FIRST_ROWS = "2a19bfd78803f969164b47afbd1cb7c70f7c0d2093b9bc7a5aadf21b5122adfe"
# In the second portion of fifteen.
HELD_UP = """
    CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END';
    CREATE TRIGGER waits BEFORE INSERT ON presales FOR EACH ROW WHEN (NEW.number = 20) EXECUTE FUNCTION wait();
"""

numbers = st.integers(1, brazil.MAX_NUMBER)


def number_of_base(base: int) -> int:
    """Which number has the CPF with these first nine digits."""
    return (base - brazil.CPF_START) * pow(brazil.CPF_FACTOR, -1, brazil.CPF_BASES) % brazil.CPF_BASES


def without_clock(presale: dict[str, Any]) -> tuple[Any, ...]:
    """The row as it was made, but for updated_at: the database moves a draft's when its lines come."""
    return tuple(presale[name] for name in records.PRESALE_COLUMNS if name != "updated_at")


async def filled(connection: asyncpg.Connection, amounts: Amounts = SMALL) -> tuple[int, ...]:
    """How many customers, products and pre-sales had to be added."""
    added = await fill([connection], amounts, lambda table, rows: None)
    return tuple(added[table] for table in (Customer, Product, Presale))


def on_a_terminal(dsn: str, *arguments: str) -> str:
    ours, theirs = pty.openpty()
    environment = os.environ | {"DATABASE_URL": dsn, "TERM": "xterm", "COLUMNS": "100"}
    program = Forked(ROOT, environment, "seed", *arguments, terminal=os.ttyname(theirs))
    shown = seen_at(ours, program, until="presales in")
    assert program.end().code == 0, shown
    os.close(ours)
    os.close(theirs)
    return shown


class TestInventedPeople:
    @settings(deadline=None)  # whatever else the machine has to do
    @given(numbers)
    def test_are_valid(self, number: int) -> None:
        person = dict(zip(records.CUSTOMER_COLUMNS, records.customer(number), strict=True))
        assert CPF().validate(person["cpf"])
        assert phonenumbers.is_valid_number(phonenumbers.parse(person["phone"]))
        assert validate_email(person["email"], check_deliverability=False)

    def test_have_a_cpf_of_their_own_and_never_a_repeated_digit(self) -> None:
        assert math.gcd(brazil.CPF_FACTOR, brazil.CPF_BASES) == 1
        assert number_of_base(int(brazil.nth_cpf(77)[:9])) == 77
        assert min(number_of_base(digit * 111_111_111) for digit in range(10)) > brazil.MAX_NUMBER

    def test_have_no_cpf_of_the_demo_data(self) -> None:
        demo = [number_of_base(int(customer.cpf[:9])) for customer in read_fixture()[Customer]]
        assert min(demo) > brazil.MAX_NUMBER

    def test_are_the_same_on_every_machine(self) -> None:
        first = [records.customer(1), records.product(1), records.presale(1, of=9, customers=9, products=9)]
        assert hashlib.sha256(repr(first).encode()).hexdigest() == FIRST_ROWS

    @settings(deadline=None)  # whatever else the machine has to do
    @given(numbers)
    def test_buy_for_what_the_rules_allow(self, number: int) -> None:
        presale, items = records.presale(number, of=brazil.MAX_NUMBER, customers=9, products=9)
        made = dict(zip(records.PRESALE_COLUMNS, presale, strict=True))
        assert 0 <= made["discount"] <= made["total"]
        assert made["created_at"] <= made["updated_at"] <= datetime(2026, 2, 1, tzinfo=UTC)
        assert 1 <= len(items) <= records.MAX_LINES


class TestTheDataSet:
    async def test_is_what_was_asked_for_and_the_database_agrees_with_every_sum(
        self, connection: asyncpg.Connection
    ) -> None:
        assert await filled(connection) == (30, 12, 40)
        held = await contents(connection)
        assert [tuple(row[name] for name in records.CUSTOMER_COLUMNS) for row in held["customers"]] == [
            records.customer(number) for number in range(1, 31)
        ]
        made = [records.presale(number, of=40, customers=30, products=12) for number in range(1, 41)]
        assert [without_clock(row) for row in held["presales"]] == [presale[:-1] for presale, _ in made]
        assert [tuple(row[name] for name in records.ITEM_COLUMNS) for row in held["presale_items"]] == [
            item for _, items in made for item in items
        ]

    async def test_has_every_status_as_history_which_leaves_the_stock_alone(
        self, connection: asyncpg.Connection
    ) -> None:
        await filled(connection, Amounts(customers=1, products=1, presales=5))
        held = await contents(connection)
        assert {presale["status"] for presale in held["presales"]} == set(PresaleStatus)
        assert held["products"][0]["stock"] == records.product(1)[5]

    async def test_is_known_to_the_planner(self, connection: asyncpg.Connection) -> None:
        await filled(connection)
        assert await connection.fetchval("SELECT reltuples FROM pg_class WHERE relname = 'customers'") == 30


class TestRunningAgain:
    async def test_with_the_same_numbers_changes_nothing(self, connection: asyncpg.Connection) -> None:
        await filled(connection)
        before = await contents(connection)
        assert await filled(connection) == (0, 0, 0)
        assert await contents(connection) == before

    async def test_with_larger_numbers_adds_only_what_is_missing(self, connection: asyncpg.Connection) -> None:
        await filled(connection)
        await connection.execute("UPDATE customers SET name = 'Nome Novo'")
        before = await contents(connection)
        assert await filled(connection, Amounts(customers=35, products=15, presales=60)) == (5, 3, 20)
        after = await contents(connection)
        assert {table: rows[: len(before[table])] for table, rows in after.items()} == before

    async def test_brings_back_what_was_deleted(self, connection: asyncpg.Connection) -> None:
        await filled(connection, Amounts(customers=5, products=2))
        before = await contents(connection)
        await connection.execute("DELETE FROM customers WHERE cpf = $1", brazil.nth_cpf(3))
        assert await filled(connection, Amounts(customers=5)) == (1, 0, 0)
        assert await contents(connection) == before

    async def test_twice_at_once_adds_everything_once(self, database: str, connection: asyncpg.Connection) -> None:
        second = await asyncpg.connect(database)
        added = await asyncio.gather(filled(connection), filled(second))
        await second.close()
        assert sorted(added) == [(0, 0, 0), (30, 12, 40)]

    async def test_carries_on_where_it_was_broken_off(
        self, database: str, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(large, "ROWS_AT_ONCE", 15)
        await connection.execute(HELD_UP)
        await connection.execute("SELECT pg_advisory_lock(1)")
        second = await asyncpg.connect(database)
        first_run = asyncio.create_task(filled(second))
        pid = await until_there_is(connection, "wait_event = 'advisory'")
        await connection.execute("SELECT pg_terminate_backend($1)", pid)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)):
            await first_run
        assert await connection.fetchval("SELECT count(*) FROM presales") == 15
        assert await filled(connection) == (0, 0, 25)
        whole = await connection.fetchval("SELECT count(DISTINCT presale_id) FROM presale_items")
        assert whole == await connection.fetchval("SELECT count(*) FROM presales") == 40


class TestRefusals:
    @pytest.mark.parametrize("nonsense", ["-1", "1.5", "many", "", "10000001", "99999999999999999999"])
    def test_nonsense_is_named(
        self, nonsense: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(sys, "argv", ["seed", f"--customers={nonsense}"])
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code == 2
        assert "argument --customers" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("amounts", "lacking"),
        [
            (Amounts(presales=5), "--customers"),
            (Amounts(customers=5, presales=5), "--products"),
            (Amounts(products=5, presales=5), "--customers"),
        ],
    )
    async def test_presales_need_customers_and_products_before_anything_is_written(
        self, connection: asyncpg.Connection, amounts: Amounts, lacking: str
    ) -> None:
        with pytest.raises(SeedRefused, match=lacking):
            await filled(connection, amounts)
        assert not any((await contents(connection)).values())

    async def test_presales_take_what_an_earlier_run_made_unless_some_is_gone(
        self, connection: asyncpg.Connection
    ) -> None:
        await filled(connection, Amounts(customers=5, products=2))
        assert await filled(connection, Amounts(presales=1)) == (0, 0, 1)
        await connection.execute("DELETE FROM presales")
        await connection.execute("DELETE FROM customers WHERE cpf = $1", brazil.nth_cpf(3))
        with pytest.raises(SeedRefused, match="--customers 5"):
            await filled(connection, Amounts(presales=1))

    async def test_a_cpf_that_somebody_else_has_is_told(self, database: str, connection: asyncpg.Connection) -> None:
        await a_customer(connection, cpf=brazil.nth_cpf(2))
        told = refusal(database, "seed", "--customers=3")
        assert told.startswith("The database refused: ")
        assert "customers_cpf_key" in told
        assert await connection.fetchval("SELECT count(*) FROM customers") == 1


class TestTheCommand:
    async def test_tells_how_many_it_made_and_lets_the_users_of_the_demo_data_in(
        self,
        database: str,
        connection: asyncpg.Connection,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setattr(large, "ROWS_AT_ONCE", 400)
        DB.configure(Settings(database_url=SecretStr(database)))
        await seed(argparse.Namespace(customers=1_100))
        told = capsys.readouterr().out
        assert re.fullmatch(r"Added 1,100 customers, 0 products, 0 presales in [0-9.]+ s\.\nAdded 3 users\.\n", told)
        assert await connection.fetchval("SELECT count(*) FROM users") == 3

    def test_shows_its_progress_on_a_terminal(self, database: str) -> None:
        shown = on_a_terminal(database, "--customers=7")
        assert "7/7" in shown
        assert "Added 7 customers, 0 products, 0 presales in" in shown
