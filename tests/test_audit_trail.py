"""The audit trail: every row that is created, changed or deleted leaves an entry, whichever way it happens."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from accounts.resources import AUDIT_TRAIL
from backoffice.settings import ROOT
from main import SHOWN
from seed.demo import FIXTURE
from tests.support.builders import (
    a_customer,
    a_line,
    a_presale,
    a_presale_that_is,
    a_product,
    a_session,
    a_user,
    nth_cpf,
    walk,
)
from tests.support.commands import BUSINESS_TABLES, contents, run
from tests.support.refusals import refused_by
from tests.support.trail import changes, deeds, entries

OTHER_HASH = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$b3RoZXI"


class TestAnEntry:
    @pytest.mark.parametrize("table", [one.tablename for one in SHOWN if one is not AUDIT_TRAIL])
    async def test_is_left_by_every_table_that_the_api_has(self, trial: asyncpg.Connection, table: str) -> None:
        called = await trial.fetch("SELECT tgfoid::regproc::text FROM pg_trigger WHERE tgrelid = $1::regclass", table)
        recorded = {"record_created", "record_changed", "record_deleted", "record_truncated"}
        assert recorded <= {name for (name,) in called}

    async def test_says_who_did_what_to_which_row(self, trial: asyncpg.Connection) -> None:
        customer = await a_customer(trial, name="Maria")
        role = await trial.fetchval("SELECT session_user")
        assert await entries(
            trial,
            "who",
            "user_id",
            "database_role",
            "request_id",
            "action",
            "table_name",
            "row_id",
            "row_name",
            "changes",
        ) == [(role, None, role, None, "created", "customers", customer, "Maria", None)]
        assert await trial.fetchval("SELECT clock_timestamp() - happened_at < '1 min' FROM audit_trail")

    async def test_of_a_change_has_the_columns_that_changed_as_the_api_shows_them(
        self, trial: asyncpg.Connection
    ) -> None:
        product = await a_product(trial, sale_price="10.00", stock=1, name="Café")
        await trial.execute("UPDATE products SET sale_price = 12.5, stock = 2, name = 'Café', description = '{}'")
        assert await changes(trial, product) == [
            {"sale_price": ["10.00", "12.50"], "stock": [1, 2], "description": [None, "{}"]}
        ]

    async def test_is_not_left_by_what_changes_nothing(self, trial: asyncpg.Connection) -> None:
        customer = await a_customer(trial, phone="+5511987654321")
        await trial.execute("UPDATE customers SET name = name, phone = '(11) 98765-4321', updated_at = '2000-01-01'")
        await trial.execute("UPDATE customers SET name = 'x' WHERE false")
        await trial.execute("DELETE FROM customers WHERE false")
        assert await changes(trial, customer) == []

    async def test_of_a_deletion_has_all_that_the_row_had(self, trial: asyncpg.Connection) -> None:
        product = await a_product(trial, code="P", name="Café")
        await trial.execute("DELETE FROM products")
        [lost] = await changes(trial, product)
        assert lost.pop("created_at")[1] is None
        assert lost.pop("updated_at")[1] is None
        assert lost == {
            "code": ["P", None],
            "name": ["Café", None],
            "unit": ["un", None],
            "stock": [100, None],
            "purchase_price": ["6.00", None],
            "sale_price": ["10.00", None],
            "sale_type": ["retail", None],
        }

    async def test_of_a_time_does_not_depend_on_the_zone_of_whoever_writes(self, trial: asyncpg.Connection) -> None:
        await trial.execute("SET LOCAL timezone = 'America/Sao_Paulo'")
        for deletion in "DELETE FROM presales", "TRUNCATE presales CASCADE":
            presale = await a_presale(trial, created_at=datetime(2026, 1, 1, 12, tzinfo=UTC))
            await trial.execute("UPDATE presales SET created_at = created_at - interval '1 hour'")
            await trial.execute(deletion)
            changed, lost = await changes(trial, presale)
            assert changed == {"created_at": ["2026-01-01T12:00:00+00:00", "2026-01-01T11:00:00+00:00"]}
            assert lost["created_at"] == ["2026-01-01T11:00:00+00:00", None]

    async def test_of_a_password_says_only_that_it_changed(self, trial: asyncpg.Connection) -> None:
        user = await a_user(trial)
        await trial.execute("UPDATE users SET password = $1", OTHER_HASH)
        await trial.execute("DELETE FROM users")
        changed, lost = await changes(trial, user)
        assert changed == {"password": ["***", "***"]}
        assert lost.keys() == {"email", "name", "role", "active", "created_at", "updated_at"}
        assert await trial.fetchval("SELECT count(*) FROM audit_trail AS t WHERE t::text LIKE '%argon2%'") == 0

    async def test_is_rolled_back_with_what_it_speaks_of(self, connection: asyncpg.Connection) -> None:
        with pytest.raises(ZeroDivisionError):
            async with connection.transaction():
                await a_customer(connection)
                assert len(await deeds(connection)) == 1
                raise ZeroDivisionError
        assert await deeds(connection) == []


class TestWhatFollowsByItself:
    async def test_lines_that_go_with_their_presale_are_recorded(self, trial: asyncpg.Connection) -> None:
        presale = await a_presale(trial)
        lines = [await a_line(trial, presale) for _ in range(2)]
        await trial.execute("DELETE FROM presales")
        lost = await entries(trial, "row_id", "row_name", action="deleted", table_name="presale_items")
        assert sorted(lost) == sorted((line, str(presale)) for line in lines)
        assert await deeds(trial, row_id=presale) == [("created", "presales"), ("deleted", "presales")]

    async def test_stock_that_a_conversion_takes_is_recorded_and_sums_are_not(self, trial: asyncpg.Connection) -> None:
        product = await a_product(trial, stock=10)
        presale = await a_presale_that_is(trial, "approved", product_id=product, quantity="3")
        await walk(trial, presale, "converted")
        assert await changes(trial, product) == [{"stock": [10, 7]}]
        assert await changes(trial, presale) == [
            {"status": ["draft", "pending"]},
            {"status": ["pending", "approved"]},
            {"status": ["approved", "converted"]},
        ]

    async def test_a_line_says_what_was_typed_and_not_what_was_computed(self, trial: asyncpg.Connection) -> None:
        line = await a_line(trial, await a_presale(trial), quantity="1")
        await trial.execute("UPDATE presale_items SET quantity = 2, total_price = 5")
        assert await changes(trial, line) == [{"quantity": ["1.000", "2.000"]}]


class TestEveryDoor:
    """REST and the admin have a file of their own."""

    async def test_copy_leaves_one_entry_for_each_row(self, trial: asyncpg.Connection) -> None:
        rows = [(f"C{number}", "c@example.com", "+5511987654321", nth_cpf(number)) for number in range(500)]
        await trial.copy_records_to_table("customers", records=rows, columns=("name", "email", "phone", "cpf"))
        named = await entries(trial, "row_name", action="created", table_name="customers")
        assert {name for (name,) in named} == {name for name, *_ in rows}
        assert len(named) == 500

    async def test_no_function_is_started_for_each_of_many_rows(self, trial: asyncpg.Connection) -> None:
        changes = "(SELECT jsonb_object_agg(column_name, before_and_after) FROM audit_losses(was, '{name}'))"
        asked = f"SELECT {changes} FROM (SELECT to_jsonb(p) FROM products AS p OFFSET 0) AS row_of (was)"
        plan = str(await trial.fetch(f"EXPLAIN (VERBOSE) {asked}"))
        assert "jsonb_typeof" in plan
        assert "audit_" not in plan

    async def test_truncate_deletes_every_row(self, trial: asyncpg.Connection) -> None:
        presale = await a_presale(trial)
        line = await a_line(trial, presale)
        await trial.execute("TRUNCATE customers CASCADE")
        lost = await entries(trial, "table_name", "row_id", action="deleted")
        assert sorted(lost)[1:] == [("presale_items", line), ("presales", presale)]
        assert sorted(lost)[0][0] == "customers"

    async def test_upsert_creates_some_and_changes_others(self, trial: asyncpg.Connection) -> None:
        await a_product(trial, code="A", stock=1)
        await trial.execute(
            "INSERT INTO products (code, name, unit, stock, purchase_price, sale_price, sale_type) "
            "SELECT code, 'Café torrado', 'un', 5, 6, 10, 'retail' FROM unnest('{A,B}'::text[]) AS code "
            "ON CONFLICT (code) DO UPDATE SET stock = excluded.stock"
        )
        later = (await entries(trial, "action", "changes"))[1:]
        assert sorted(later, key=str) == [("changed", {"stock": [1, 5]}), ("created", None)]

    async def test_a_row_that_gets_another_id_is_one_gone_and_one_new(self, trial: asyncpg.Connection) -> None:
        old = await a_customer(trial, name="Maria")
        new = await trial.fetchval("UPDATE customers SET id = gen_random_uuid() RETURNING id")
        assert (await entries(trial, "action", "row_id", "row_name"))[1:] in (
            [("deleted", old, "Maria"), ("created", new, "Maria")],
            [("created", new, "Maria"), ("deleted", old, "Maria")],
        )
        [lost] = await changes(trial, old)
        assert lost["name"] == ["Maria", None]

    async def test_fixtures_leave_entries_and_take_none_along(
        self, database: str, connection: asyncpg.Connection, tmp_path: Path
    ) -> None:
        fixtures = ("piccolo.main", "fixtures")
        run(database, *fixtures, "load", str(FIXTURE))
        held = await contents(connection)
        created = await entries(connection, "table_name", "row_id", action="created")
        assert sorted(created) == sorted((table, row["id"]) for table in BUSINESS_TABLES for row in held[table])
        assert "AuditEntry" not in run(database, *fixtures, "dump")
        asked_for = json.loads(run(database, *fixtures, "dump", "--apps=backoffice", "--tables=AuditEntry"))
        assert len(asked_for["backoffice"]["AuditEntry"]) == await connection.fetchval(
            "SELECT count(*) FROM audit_trail"
        )

    async def test_writers_at_the_same_time_leave_an_entry_each_in_their_order(
        self, database: str, connection: asyncpg.Connection
    ) -> None:
        product = await a_product(connection, stock=0)

        async def count_up() -> None:
            own = await asyncpg.connect(database)
            for _ in range(10):
                await own.execute("UPDATE products SET stock = stock + 1")
            await own.close()

        await asyncio.gather(*(count_up() for _ in range(8)))
        assert await changes(connection, product) == [{"stock": [stock, stock + 1]} for stock in range(80)]


class TestTheActor:
    ANA = UUID(int=1)

    def said(self, **actor: Any) -> str:
        return json.dumps({"who": "ana@flowcrm.example", "user_id": str(self.ANA), "request_id": "r1"} | actor)

    async def test_is_who_the_transaction_says(self, connection: asyncpg.Connection) -> None:
        role = await connection.fetchval("SELECT session_user")
        async with connection.transaction():
            await connection.execute("SELECT set_config('audit.actor', $1, true)", self.said())
            await a_customer(connection)
        await a_customer(connection)
        assert await entries(connection, "who", "user_id", "request_id", "database_role") == [
            ("ana@flowcrm.example", self.ANA, "r1", role),
            (role, None, None, role),
        ]

    async def test_may_be_gone_and_the_trail_stays(self, connection: asyncpg.Connection) -> None:
        user = await a_user(connection)
        async with connection.transaction():
            await connection.execute("SELECT set_config('audit.actor', $1, true)", self.said(user_id=str(user)))
            await a_customer(connection)
        await connection.execute("DELETE FROM users")
        assert await deeds(connection, user_id=user) == [("created", "customers")]


class TestTheTrail:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE audit_trail SET who = 'nobody'",
            "UPDATE audit_trail SET who = 'nobody' WHERE false",
            "DELETE FROM audit_trail",
            "TRUNCATE audit_trail",
            "INSERT INTO audit_trail SELECT * FROM audit_trail WHERE false",
            "INSERT INTO audit_trail (who, database_role, action, table_name, row_id) "
            "VALUES ('me', 'me', 'created', 'users', gen_random_uuid())",
        ],
    )
    async def test_is_altered_by_nobody_not_even_its_owner(self, trial: asyncpg.Connection, statement: str) -> None:
        await a_customer(trial)
        with refused_by("audit_trail_kept"):
            await trial.execute(statement)

    async def test_is_about_business_and_not_about_sessions(self, trial: asyncpg.Connection) -> None:
        await a_session(trial, await a_user(trial))
        assert await deeds(trial) == [("created", "users")]

    async def test_watches_each_of_the_five_tables_in_four_ways(self, trial: asyncpg.Connection) -> None:
        watched = await trial.fetch(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgfoid::regproc::text LIKE 'record_%'"
        )
        ways = ("created", "changed", "deleted", "truncated")
        assert {tuple(row) for row in watched} == {
            (table, f"{table}_record_{way}") for table in BUSINESS_TABLES for way in ways
        }

    async def test_can_be_shortened_by_its_owner_on_purpose(self, connection: asyncpg.Connection) -> None:
        for _ in range(2):
            await a_customer(connection)
        middle = await connection.fetchval("SELECT max(happened_at) FROM audit_trail")
        page = (ROOT / "docs" / "audit-trail.md").read_text()
        statements = page.split("```sql\n-- forget")[1].split("```")[0].partition("\n")[2]
        await connection.execute(statements.replace("now() - interval '5 years'", f"'{middle}'"))
        assert len(await deeds(connection)) == 1
        with refused_by("audit_trail_kept"):
            await connection.execute("DELETE FROM audit_trail")
