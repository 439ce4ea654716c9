"""Migrations run once, whoever runs them and however many at a time; what fails leaves nothing and says why."""

from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr

from backoffice.database.engine import Engine
from backoffice.migrations import checking, choices, expected, planning, runner
from backoffice.migrations.catalog import read_catalog
from backoffice.migrations.choices import Choice
from backoffice.migrations.files import all_migrations
from backoffice.migrations.outcomes import MigrationFailed, MigrationRefused, MigrationsStopped
from backoffice.server.startup import serving
from backoffice.settings import Settings
from piccolo_conf import DB
from tests.support.builders import a_customer
from tests.support.migrating import FIRST, SECOND, Workshop, a_migration, recorded, relations, these


async def test_a_failure_half_way_leaves_nothing_and_names_migration_statement_and_cause(
    tmp_path: Path, database: str, connection: asyncpg.Connection
) -> None:
    workshop = Workshop(tmp_path, database)
    await a_customer(connection, name="Ana")
    before = await recorded(connection), await relations(connection)
    workshop.migration(1, "CREATE TABLE extra (id int)")
    workshop.migration(2, "INSERT INTO extra VALUES (1);\nALTER TABLE customers ADD CHECK (name <> 'Ana');\nSELECT 1")
    said = workshop.run("migrations", "forwards", "all")
    assert said.code != 0
    assert f"Migration {SECOND} (later) failed: check constraint" in said.text
    assert "is violated by some row" in said.text
    assert "statement: ALTER TABLE customers ADD CHECK (name <> 'Ana')" in said.text
    assert "Nothing was changed." in said.text
    assert "Traceback" not in said.text
    assert (await recorded(connection), await relations(connection)) == before


async def test_a_failure_in_a_table_of_a_later_app_undoes_the_app_before_it(
    tmp_path: Path, database: str, connection: asyncpg.Connection
) -> None:
    workshop = Workshop(tmp_path, database)
    before = await recorded(connection), await relations(connection)
    workshop.migration(1, "CREATE TABLE extra (id int)", app="accounts")
    path = workshop.migration(1, "CREATE TABLE other (id int)")
    again = 'manager.add_table("Product", tablename="products")'
    path.write_text(path.read_text().replace("return manager", f"{again}\n    return manager"))
    said = workshop.migrate()
    assert said.code == 2
    assert f'Migration {FIRST} (later) failed: relation "products" already exists' in said.text
    assert 'statement: CREATE TABLE "products" ("id" SERIAL PRIMARY KEY NOT NULL)' in said.text
    assert "Nothing was changed." in said.text
    assert (await recorded(connection), await relations(connection)) == before


async def test_a_failure_on_the_way_back_leaves_everything(
    tmp_path: Path, engine: Engine, connection: asyncpg.Connection
) -> None:
    one = a_migration(tmp_path, 1, "CREATE TABLE extra (id int)", "DROP TABLE extra; SELECT 1 / 0")
    await runner.forwards(engine, these(one))
    with pytest.raises(MigrationFailed, match="division by zero\n  statement: SELECT 1 / 0"):
        await runner.backwards(engine, lambda ran: [one])
    assert "extra" in await relations(connection)
    assert (await recorded(connection))[-1] == FIRST


@pytest.mark.parametrize(
    ("app", "down_to", "says"),
    [
        (
            "accounts",
            "2026-11-20T09:01:00:000000",
            "idempotency_keys refers to users, which would be gone",
        ),
        ("backoffice", "2026-11-21T10:49:08:544453", "Another app is built upon this: reverse its migrations first"),
    ],
)
async def test_what_another_app_is_built_upon_is_not_taken_away(
    engine: Engine, connection: asyncpg.Connection, app: str, down_to: str, says: str
) -> None:
    before = await read_catalog(connection)
    records = await recorded(connection)
    with pytest.raises(MigrationsStopped, match=says) as stopped:
        await runner.backwards(engine, choices.backwards(app, down_to))
    assert all(gone in str(stopped.value) for gone in set(records) - set(await recorded(connection)))
    await runner.forwards(engine, choices.forwards())  # what had to run by itself may have been undone
    assert await read_catalog(connection) == before


async def test_a_table_goes_together_with_the_columns_that_refer_to_it(
    tmp_path: Path, engine: Engine, connection: asyncpg.Connection
) -> None:
    before = await read_catalog(connection)
    new = "CREATE TABLE extra (id uuid PRIMARY KEY); ALTER TABLE products ADD COLUMN extra_id uuid REFERENCES extra"
    one = a_migration(tmp_path, 1, new, "DROP TABLE extra CASCADE; ALTER TABLE products DROP COLUMN extra_id")
    await runner.forwards(engine, these(one))
    await runner.backwards(engine, lambda ran: [one])
    assert await read_catalog(connection) == before


async def test_on_the_way_forward_nobody_is_sent_back(tmp_path: Path, engine: Engine) -> None:
    one = a_migration(tmp_path, 1, "DROP TABLE customers")
    with pytest.raises(MigrationFailed, match="other objects depend on it") as failure:
        await runner.forwards(engine, these(one))
    assert "Another app" not in str(failure.value)


async def test_what_is_put_off_to_the_commit_is_blamed_on_its_migration(
    tmp_path: Path, engine: Engine, connection: asyncpg.Connection
) -> None:
    parent = "CREATE TABLE parent (id int PRIMARY KEY);"
    child = "CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED); INSERT INTO child VALUES (7)"
    one = a_migration(tmp_path, 1, parent + child)
    two = a_migration(tmp_path, 2, "ALTER TABLE child ADD COLUMN note text")
    with pytest.raises(MigrationFailed) as failure:
        await runner.forwards(engine, these(one, two))
    assert failure.value.migration == one
    assert "Key (id)=(7) is not present" in str(failure.value)
    assert "child" not in await relations(connection)


async def test_constraints_that_are_put_off_stay_so_for_the_migrations_after(
    tmp_path: Path, engine: Engine, connection: asyncpg.Connection
) -> None:
    tables = (
        "CREATE TABLE parent (id int PRIMARY KEY);"
        "CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)"
    )
    one = a_migration(tmp_path, 1, tables)
    two = a_migration(tmp_path, 2, "INSERT INTO child VALUES (7); INSERT INTO parent VALUES (7)")
    await runner.forwards(engine, these(one, two))
    assert await connection.fetchval("SELECT count(*) FROM child") == 1


async def test_a_file_that_was_changed_after_it_ran_stops_every_later_run_and_its_plan(
    tmp_path: Path, engine: Engine, server: str, connection: asyncpg.Connection
) -> None:
    first = all_migrations()[0]
    await connection.execute("UPDATE migration_checksum SET checksum = 'another' WHERE name = $1", first.id)
    words = f"Changed after they ran: {first.path.name}. Restore them; or, .* say `piccolo backoffice accept`"
    later = these(a_migration(tmp_path, 1, "CREATE TABLE extra (id int)"))
    with pytest.raises(MigrationRefused, match=words):
        await planning.plan(engine, later, scratch_server=server)
    with pytest.raises(MigrationRefused, match=words):
        await runner.forwards(engine, later)
    assert "extra" not in await relations(connection)


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (choices.forwards("cmr"), "There is no app cmr; there are backoffice, accounts, crm"),
        (choices.forwards("crm", "2020"), "2020 is unrecognised"),
        (choices.backwards("crm", "2020"), "Unrecognized migration name - must be one of"),
        (choices.backwards("crm", "2999"), "This program has no file of migration crm 2999, which ran."),
        (choices.forwards(agree=lambda number: False), "Not proceeding."),
        (choices.backwards("backoffice", agree=lambda number: False), "Not proceeding."),
    ],
)
def test_what_nobody_can_have_meant_or_somebody_has_not_agreed_to_is_refused(choice: Choice, words: str) -> None:
    with pytest.raises(MigrationRefused, match=words):
        choice([all_migrations()[0].key, ("crm", "2999")])


async def test_a_file_that_forgets_to_return_its_migration_is_named(tmp_path: Path) -> None:
    async def forwards() -> None: ...

    migration = a_migration(tmp_path, 1, "SELECT")
    vars(migration.module)["forwards"] = forwards
    with pytest.raises(MigrationRefused, match=rf"{migration.path.name}: forwards\(\) must return a MigrationManager"):
        await migration.manager()


async def test_what_was_made_by_hand_can_be_recorded_without_being_run(
    tmp_path: Path, engine: Engine, connection: asyncpg.Connection
) -> None:
    await connection.execute("CREATE UNIQUE INDEX by_hand ON customers (phone)")
    assert [str(one) for one in await expected.drift(connection)] == ["index customers.by_hand is not of the program"]
    one = a_migration(tmp_path, 1, "CREATE UNIQUE INDEX by_hand ON customers (phone)")
    await runner.forwards(engine, these(one), fake=True)
    assert (await recorded(connection))[-1] == FIRST
    assert await expected.drift(connection) == []


async def test_through_a_pooler_they_are_not_run_but_can_be_checked(
    server: str, database: str, through_pgbouncer: Callable[[str], str], connection: asyncpg.Connection
) -> None:
    DB.configure(Settings(database_url=SecretStr(through_pgbouncer(database))))
    with pytest.raises(MigrationRefused, match="is a pooler, which lends sessions"):
        await runner.forwards(DB, choices.forwards())
    await connection.execute("DROP INDEX products_beginnings")
    assert [str(one) for one in (await checking.check(DB, server)).drift] == [
        "index products.products_beginnings is missing"
    ]


async def test_what_others_keep_in_the_database_is_neither_mistaken_nor_touched(empty: str, server: str) -> None:
    connection = await asyncpg.connect(empty)
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(
        "CREATE SCHEMA legacy; CREATE TABLE legacy.customers (number int); INSERT INTO legacy.customers VALUES (7);"
        'CREATE TABLE public."Odd ""name" (id int);'
        f'ALTER DATABASE "{name}" SET search_path = legacy, public;'
        f'ALTER DATABASE "{name}" SET standard_conforming_strings = off;'
        f'ALTER DATABASE "{name}" SET quote_all_identifiers = on'
    )
    DB.configure(Settings(database_url=empty))
    await runner.forwards(DB, choices.forwards())
    assert await recorded(connection) == [f"{one.app} {one.id}" for one in all_migrations()]
    assert await connection.fetchval("SELECT number FROM legacy.customers") == 7
    report = await checking.check(DB, server)
    assert [str(one) for one in report.drift] == ['table Odd "name is not of the program']
    async with serving(DB):
        assert await DB._run_in_pool("SELECT * FROM customers") == []
    await connection.close()


async def test_a_table_of_others_that_is_in_the_way_is_named_and_kept(empty: str) -> None:
    connection = await asyncpg.connect(empty)
    await connection.execute("CREATE TABLE products (number int); INSERT INTO products VALUES (7)")
    DB.configure(Settings(database_url=empty))
    with pytest.raises(MigrationFailed, match='relation "products" already exists'):
        await runner.forwards(DB, choices.forwards())
    assert "customers" not in await relations(connection)
    assert await connection.fetchval("SELECT number FROM products") == 7
    await connection.close()
