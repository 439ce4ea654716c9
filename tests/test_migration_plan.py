"""The dry run shows every statement, and knows from PostgreSQL itself what it would do to people at work."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from backoffice.database.connecting import close_quietly
from backoffice.database.engine import Engine
from backoffice.migrations import planning, runner
from backoffice.migrations.catalog import read_catalog
from backoffice.migrations.files import all_migrations
from backoffice.migrations.journal import Journal, noted
from backoffice.migrations.observing import read_schema_state
from backoffice.migrations.outcomes import MigrationFailed
from backoffice.migrations.planning import Planned
from backoffice.migrations.scratch import ScratchRun, migrate
from backoffice.settings import Settings
from tests.support.builders import a_customer
from tests.support.catalog import rows_as_text
from tests.support.migrating import a_migration, relations, these

Observe = Callable[..., Awaitable[Planned]]


@pytest.fixture
def observe(engine: Engine, tmp_path: Path) -> Observe:
    async def of(forwards: str, **options: Any) -> Planned:
        async with noted(engine, journal := Journal()):
            connection = await engine.connect()
            old = frozenset((await read_schema_state(connection)).tables)
            migration = a_migration(tmp_path, 1, forwards, **options)
            planned = await planning.observe(ScratchRun(engine, connection, journal), migration, old)
            await close_quietly(connection)
        return planned

    return of


DANGERS = {
    "ALTER TABLE customers ADD COLUMN seen timestamptz DEFAULT clock_timestamp()": {"rewrites"},
    "ALTER TABLE customers ALTER COLUMN name TYPE varchar(200)": {"rewrites", "changes-type", "builds-index"},
    "ALTER TABLE products ALTER COLUMN description TYPE varchar": {"changes-type", "builds-index"},
    "ALTER TABLE customers ADD COLUMN vip boolean NOT NULL": {"needs-default", "scans"},
    "ALTER TABLE presales ALTER COLUMN notes SET NOT NULL": {"scans", "forbids-null"},
    "ALTER TABLE customers ADD CONSTRAINT named CHECK (name <> 'x')": {"scans"},
    "ALTER TABLE presales ADD CONSTRAINT mine FOREIGN KEY (customer_id) REFERENCES customers (id)": {"scans"},
    "ALTER TABLE products ADD CONSTRAINT one_name UNIQUE (name)": {"builds-index"},
    "CREATE INDEX mine ON customers (name, id)": {"builds-index"},
    "DROP INDEX products_beginnings": {"drops-index"},
    "ALTER TABLE customers DROP COLUMN address": {"loses-data"},
    'DROP TABLE "login_failures" CASCADE': {"loses-data"},  # as Piccolo says it
    "TRUNCATE login_failures": {"loses-data"},
    "DELETE FROM login_failures": {"loses-data"},
    "UPDATE customers SET address = NULL": {"changes-rows"},
    "WITH old AS (SELECT id FROM customers) UPDATE customers SET address = '' FROM old": {"changes-rows"},
    "ALTER TABLE customers RENAME COLUMN address TO home": {"renames"},
    "ALTER TABLE login_failures RENAME TO failures": {"renames"},
    "ALTER TYPE user_role RENAME VALUE 'employee' TO 'clerk'": {"renames"},
    "CREATE OR REPLACE FUNCTION fold(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN value": {
        "stale-index"
    },
    "CREATE OR REPLACE FUNCTION is_cpf(value text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN true": {
        "stale-check"
    },
}
HARMLESS = (
    "CREATE TABLE extra (id int PRIMARY KEY); CREATE INDEX extra_id ON extra (id); UPDATE extra SET id = 1;"
    "ALTER TABLE extra ADD CHECK (id > 0); ALTER TABLE extra DROP COLUMN id; DROP TABLE extra",
    "ALTER TABLE customers ADD COLUMN vip boolean NOT NULL DEFAULT false",
    "ALTER TABLE customers ADD CONSTRAINT named CHECK (name <> 'x') NOT VALID",
    "CREATE OR REPLACE FUNCTION take_stock() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "ALTER TYPE user_role ADD VALUE 'owner'",
    "INSERT INTO login_failures (account, address) VALUES ('a', 'b')",
)


@pytest.mark.parametrize("sql", DANGERS)
async def test_a_danger_is_seen(observe: Observe, sql: str) -> None:
    assert {risk.code for risk in (await observe(sql)).risks} == DANGERS[sql]


@pytest.mark.parametrize("sql", HARMLESS)
async def test_there_is_no_false_alarm(observe: Observe, sql: str) -> None:
    assert (await observe(sql)).risks == []


async def test_the_safe_ways_are_safe(observe: Observe, connection: asyncpg.Connection) -> None:
    await connection.execute("ALTER TABLE customers ADD CONSTRAINT named CHECK (name <> 'x') NOT VALID")
    validate = "ALTER TABLE customers VALIDATE CONSTRAINT named"
    assert (await observe(validate, alone=True)).risks == []
    assert [risk.code for risk in (await observe(validate)).risks] == ["validates-late"]
    index = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS one_name ON products (name)"
    assert (await observe(index, alone=True)).risks == []
    await connection.execute(index)
    by_index = "ALTER TABLE products ADD CONSTRAINT one_name UNIQUE USING INDEX one_name"
    assert (await observe(by_index)).risks == []
    await connection.execute("ALTER TABLE presales ADD CHECK (notes IS NOT NULL)")
    assert {risk.code for risk in (await observe("ALTER TABLE presales ALTER notes SET NOT NULL")).risks} == {
        "forbids-null"
    }
    assert (await observe("REINDEX INDEX CONCURRENTLY products_beginnings", alone=True)).risks == []


async def test_what_runs_alone_must_be_repeatable(observe: Observe) -> None:
    planned = await observe("CREATE INDEX CONCURRENTLY mine ON customers (name, id)", alone=True)
    assert [risk.code for risk in planned.risks] == ["not-repeatable"]
    function = "CREATE OR REPLACE FUNCTION mine() RETURNS integer LANGUAGE sql RETURN 1"
    assert (await observe(function, alone=True)).risks == []


async def test_the_plan_is_the_sql_with_remarks_and_changes_nothing(
    tmp_path: Path, engine: Engine, server: str, connection: asyncpg.Connection
) -> None:
    for number in range(3):
        await a_customer(connection, name=f"Ana {number}")
    await connection.execute("ANALYZE customers")
    before = await read_catalog(connection), await rows_as_text(connection)
    one = a_migration(
        tmp_path, 1, "CREATE TABLE extra (\n    id int\n);\n-- A remark.\nDROP INDEX customers_beginnings"
    )
    two = a_migration(tmp_path, 2, "CREATE INDEX CONCURRENTLY IF NOT EXISTS extra_id ON extra (id)", alone=True)
    script = await planning.plan(engine, these(one, two), scratch_server=server)
    assert (await read_catalog(connection), await rows_as_text(connection)) == before
    size = await connection.fetchval("SELECT pg_size_pretty(pg_total_relation_size('customers'))")
    assert script == (
        f"""\
-- {one}: in one transaction with its neighbours
CREATE TABLE extra (
    id int
);
-- A remark.
DROP INDEX customers_beginnings;
-- locks customers: nobody reads or writes it until the transaction ends
-- WARNING drops-index: drops customers_beginnings; nobody reads or writes customers then (3 rows, {size})
--   safe way: DROP INDEX CONCURRENTLY IF EXISTS in a migration with wrap_in_transaction=False

-- {two}: outside a transaction, each statement by itself
CREATE INDEX CONCURRENTLY IF NOT EXISTS extra_id ON extra (id);
"""
    )


async def test_the_plan_shows_what_tables_and_rules_need_on_an_empty_database_and_leaves_it_so(
    engine: Engine, server: str, empty: str
) -> None:
    engine.configure(Settings(database_url=empty))
    first = [one for one in all_migrations() if one.id < "2026-11-21"]
    script = await planning.plan(engine, these(*first), scratch_server=server)
    assert "WARNING" not in script
    for statement in (
        'CREATE TABLE "presales"',
        "CREATE TYPE user_role AS ENUM",
        "CREATE OR REPLACE TRIGGER presales_begin",
    ):
        assert script.count(statement) == 1
    connection = await asyncpg.connect(empty)
    assert await relations(connection) == set()
    await connection.close()


async def test_the_way_back_can_be_planned_too(tmp_path: Path, engine: Engine, server: str) -> None:
    one = a_migration(tmp_path, 1, "SELECT", "DROP TABLE login_failures")
    await runner.forwards(engine, these(one))
    script = await planning.plan(engine, lambda ran: [one], backwards=True, scratch_server=server)
    assert "WARNING loses-data: drops login_failures and its rows" in script


async def test_a_migration_may_accept_a_danger_and_says_why(observe: Observe) -> None:
    planned = await observe("DELETE FROM login_failures", accepted='ACCEPTED = {"loses-data": "it is only a throttle"}')
    assert [risk.code for risk in planned.risks] == ["loses-data"]
    assert planned.objections == []
    assert "--   accepted: it is only a throttle" in planned.script({})


async def test_a_migration_that_would_fail_fails_in_the_plan(observe: Observe) -> None:
    with pytest.raises(Exception, match='relation "nowhere" does not exist'):
        await observe("DELETE FROM nowhere")


async def test_nothing_is_said_to_be_recorded_in_a_copy_that_is_thrown_away(tmp_path: Path, engine: Engine) -> None:
    one = a_migration(tmp_path, 1, "CREATE INDEX CONCURRENTLY extra ON customers (phone, cpf)", alone=True)
    two = a_migration(tmp_path, 2, "DELETE FROM nowhere")
    async with noted(engine, journal := Journal()):
        connection = await engine.connect()
        with pytest.raises(MigrationFailed) as failure:
            await migrate(ScratchRun(engine, connection, journal), [one, two])
        await close_quietly(connection)
    assert str(failure.value).endswith("Nothing was changed.")
