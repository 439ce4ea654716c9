"""`check` finds every way in which a database can differ from the code, names it, and never writes."""

import asyncio
import signal
import tempfile
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from backoffice.database.engine import Engine
from backoffice.migrations import checking, choices, expected, records, runner
from backoffice.migrations.catalog import read_catalog
from backoffice.migrations.files import all_migrations
from backoffice.migrations.lock import KEY
from backoffice.migrations.outcomes import STOPPED, MigrationRefused, why
from backoffice.migrations.repair import repair
from backoffice.migrations.sql import statements
from tests.support.commands import begin, refusal, run
from tests.support.faults import processes_naming
from tests.support.migrating import Workshop, a_migration, relations, these, until_there_is

# What somebody may do to a database by hand, and what check then says.
DAMAGES = {
    "CREATE TABLE spare (id int)": "table spare is not of the program",
    "DROP TABLE login_failures": "table login_failures is missing",
    "ALTER TABLE presale_births SET UNLOGGED": "table presale_births differs",
    "ALTER TABLE customers ADD COLUMN vip boolean": "column customers.vip is not of the program",
    "ALTER TABLE idempotency_keys DROP COLUMN response": "column idempotency_keys.response is missing",
    "ALTER TABLE customers ALTER COLUMN email DROP NOT NULL": "column customers.email differs",
    "ALTER TABLE products ALTER COLUMN stock SET DEFAULT 7": "column products.stock differs",
    "ALTER TABLE products ALTER COLUMN name TYPE varchar(300)": "column products.name differs",
    "ALTER TYPE user_role ADD VALUE 'owner'": "type user_role differs",
    "CREATE TYPE mood AS ENUM ('bright')": "type mood is not of the program",
    "ALTER TABLE customers DROP CONSTRAINT customers_cpf_valid": "constraint customers.customers_cpf_valid is missing",
    "ALTER TABLE products ADD CHECK (stock < 1000)": "constraint products.products_stock_check is not of the program",
    """ALTER TABLE products DROP CONSTRAINT products_stock_not_negative,
       ADD CONSTRAINT products_stock_not_negative CHECK (stock >= -1)""": (
        "constraint products.products_stock_not_negative differs"
    ),
    """ALTER TABLE presales DROP CONSTRAINT presales_discount_not_negative,
       ADD CONSTRAINT presales_discount_not_negative CHECK (discount >= 0 AND discount < 1e8) NOT VALID""": (
        "constraint presales.presales_discount_not_negative differs"
    ),
    "ALTER TABLE presale_items DISABLE TRIGGER ALL": "constraint presale_items.presale_items_product_id_fkey differs",
    "DROP INDEX products_beginnings": "index products.products_beginnings is missing",
    "CREATE INDEX mine ON customers (phone)": "index customers.mine is not of the program",
    "DROP INDEX customers_name_beginnings; CREATE INDEX customers_name_beginnings ON customers (name)": (
        "index customers.customers_name_beginnings differs"
    ),
    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'customers_email'::regclass": (
        "index customers.customers_email differs"
    ),
    "CREATE OR REPLACE FUNCTION is_cpf(value text) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN true": (
        "function is_cpf(value text) differs"
    ),
    "CREATE FUNCTION nothing() RETURNS void LANGUAGE sql RETURN NULL": "function nothing() is not of the program",
    "DROP FUNCTION take_stock CASCADE": "function take_stock() is missing",
    "ALTER FUNCTION change_presale RESET search_path": "function change_presale() differs",
    "DROP TRIGGER products_touch ON products": "trigger products.products_touch is missing",
    "ALTER TABLE users DISABLE TRIGGER users_end_sessions": "trigger users.users_end_sessions differs",
    "CREATE TRIGGER mine BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch_updated_at()": (
        "trigger users.mine is not of the program"
    ),
    "ALTER SEQUENCE presales_number_seq INCREMENT 2": "sequence presales_number_seq differs",
    "CREATE VIEW staff AS SELECT name FROM users": "view staff is not of the program",
    "CREATE RULE mine AS ON DELETE TO products DO INSTEAD NOTHING": "rule products.mine is not of the program",
    "CREATE POLICY mine ON products": "policy products.mine is not of the program",
    "CREATE SCHEMA others; CREATE TABLE others.old () INHERITS (products)": (
        "child products.others.old is not of the program"
    ),
}


async def test_every_difference_is_named(engine: Engine, server: str, connection: asyncpg.Connection) -> None:
    for damage in DAMAGES:
        await connection.execute(damage)
    report = await checking.check(engine, server)
    assert not report.fine
    named = {str(difference) for difference in report.drift}
    assert set(DAMAGES.values()) - named == set()
    # What the damages bring with them.
    assert named - set(DAMAGES.values()) == {
        "trigger presales.presales_take_stock is missing",  # with its function
        "constraint presale_items.presale_items_presale_id_fkey differs",  # its triggers were disabled, too
        *(f"trigger presale_items.{name} differs" for name in await triggers_of(connection, "presale_items")),
    }
    assert "  type user_role differs\n    -ENUM ('admin', 'manager', 'employee')\n    +ENUM (" in str(report)


async def triggers_of(connection: asyncpg.Connection, table: str) -> list[str]:
    sql = f"SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = '{table}'::regclass"
    return [row["tgname"] for row in await connection.fetch(sql)]


async def test_the_script_of_check_repairs_what_holds_no_data_and_only_remarks_on_what_does(
    engine: Engine, server: str, connection: asyncpg.Connection
) -> None:
    for damage in (
        "CREATE OR REPLACE FUNCTION is_cpf(value text) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN true",
        "DROP FUNCTION take_stock CASCADE",
        "ALTER TABLE products DROP CONSTRAINT products_stock_not_negative",
        "DROP INDEX customers_name_beginnings; CREATE INDEX customers_name_beginnings ON customers (name)",
        "ALTER TABLE users DISABLE TRIGGER users_end_sessions",
        "CREATE TABLE spare (id int); ALTER TABLE customers ADD COLUMN vip boolean",
        "CREATE TABLE old () INHERITS (products)",
    ):
        await connection.execute(damage)
    script = repair(await checking.check(engine, server))
    assert '-- ALTER TABLE public."customers" DROP COLUMN "vip";' in script
    assert '-- ALTER TABLE public.old NO INHERIT public."products";' in script
    for statement in statements(script):
        await connection.execute(str(statement))
    assert sorted(map(str, await expected.drift(connection))) == [
        "child products.public.old is not of the program",
        "column customers.vip is not of the program",
        "table old is not of the program",
        "table spare is not of the program",
    ]


@pytest.fixture
async def onlooker(database: str, connection: asyncpg.Connection) -> AsyncIterator[str]:
    """The address of the database for somebody who may read its tables, and nothing else."""
    name = f"onlooker_{uuid.uuid4().hex[:12]}"
    await connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{name}'")
    await connection.execute(f"ALTER ROLE {name} SET default_transaction_read_only = on")
    await connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
    address = urlsplit(database)
    yield address._replace(netloc=f"{name}:{name}@{address.netloc.rpartition('@')[2]}").geturl()
    await connection.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


async def test_check_needs_no_right_but_to_read_and_where_none_is_named_a_server_of_its_own(
    onlooker: str, connection: asyncpg.Connection
) -> None:
    await connection.execute("DROP INDEX products_beginnings")
    said = refusal(onlooker, "piccolo.main", "backoffice", "check")
    assert said.splitlines() == [
        "The database differs from what its migrations make:",
        "  index products.products_beginnings is missing",
    ]


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("postgresql://flow@127.0.0.1:1/flowcrm", "Cannot connect to PostgreSQL at 127.0.0.1:1: connection refused"),
        ("db.example", "--scratch: it must begin with postgresql://"),
    ],
)
async def test_a_server_to_compare_with_that_is_not_there_is_named(engine: Engine, address: str, told: str) -> None:
    with pytest.raises(STOPPED) as stopped:
        await checking.check(engine, address)
    assert why(stopped.value) == told


async def test_sigterm_leaves_nothing_of_the_server_that_was_started_to_compare_with() -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = begin("", "piccolo.main", "backoffice", "lint", TMPDIR=folder)
        while not list(Path(folder).glob("*/postgres18/postmaster.pid")):
            assert command.is_running, command.end()
            await asyncio.sleep(0.01)
        command.send(signal.SIGTERM)
        said = await asyncio.to_thread(command.end)
        assert (said.code, said.text) == (128 + signal.SIGTERM, "")
        assert processes_naming(folder) == {}
        assert list(Path(folder).iterdir()) == []


async def test_sigterm_leaves_no_database_on_the_server_that_was_named_to_compare_with(
    database: str, server: str, steward: asyncpg.Connection
) -> None:
    us = uuid.uuid4().hex
    scratch = f"--scratch={server}{'&' if '?' in server else '?'}application_name={us}"
    command = begin(database, "piccolo.main", "backoffice", "check", scratch)
    made = "SELECT split_part(query, ' ', 3) FROM pg_stat_activity WHERE application_name = $1 AND query LIKE 'CREATE%'"
    while not (name := await steward.fetchval(f"{made} AND state = 'idle'", us)):
        assert command.is_running, command.end()
        await asyncio.sleep(0.01)
    command.send(signal.SIGTERM)
    assert (await asyncio.to_thread(command.end)).code == 128 + signal.SIGTERM
    assert not await steward.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", name)


async def test_an_empty_database_is_not_touched_by_piccolos_command_that_only_looks(empty: str) -> None:
    listed = run(empty, "piccolo.main", "migrations", "check")
    assert listed.count("False") == len(all_migrations())
    connection = await asyncpg.connect(empty)
    assert await relations(connection) == set()
    await connection.close()


async def test_what_is_pending_unknown_or_changed_is_named_and_only_accepted_where_nothing_differs(
    tmp_path: Path, engine: Engine, server: str, connection: asyncpg.Connection
) -> None:
    first, last = all_migrations()[0], all_migrations()[-1]
    extra = a_migration(tmp_path, 1, "CREATE TABLE extra (id int)", "DROP TABLE extra")
    await runner.backwards(engine, choices.backwards("crm", "1"))
    await runner.forwards(engine, these(extra))
    await connection.execute("UPDATE migration_checksum SET checksum = 'another' WHERE name = $1", first.id)
    report = await checking.accept(engine, server)
    assert not report.fine
    assert report.state.pending == (last,)
    assert str(report).startswith(f"Pending; run them with `make migrate`:\n  {last}")
    assert f"Changed after they ran; restore the files:\n  {first.path.name}" in str(report)
    assert "Ran, but unknown to this program:\n  crm 2999-01-01T00:00:00:000001" in str(report)
    assert [str(one) for one in report.drift] == ["table extra is not of the program"], "pending ones are no drift"
    assert await connection.fetchval("SELECT checksum FROM migration_checksum WHERE name = $1", first.id) == "another"

    await runner.backwards(engine, lambda ran: [extra])
    report = await checking.accept(engine, server)
    assert (report.acceptable, report.state.changed, report.state.pending) == (True, (), (last,))
    await runner.forwards(engine, choices.forwards())


async def test_what_somebody_changes_while_it_is_checked_is_not_accepted(
    engine: Engine, server: str, connection: asyncpg.Connection
) -> None:
    await connection.execute(f"SELECT pg_advisory_lock({KEY})")
    accepting = asyncio.create_task(checking.accept(engine, server))
    await until_there_is(connection, "query LIKE '%advisory%'")
    await connection.execute("DROP INDEX products_beginnings")
    await connection.execute(f"SELECT pg_advisory_unlock({KEY})")
    with pytest.raises(MigrationRefused, match="Somebody changed the database while it was checked"):
        await accepting
    assert [str(one) for one in await expected.drift(connection)] == ["index products.products_beginnings is missing"]


async def test_lint_names_what_no_migration_makes_and_dangers_that_nobody_accepted(
    tmp_path: Path, database: str
) -> None:
    """Even where Piccolo sees no difference: a check of the same name, a rule, a label."""
    workshop = Workshop(tmp_path, database)
    workshop.edit("crm/tables.py", 'Check("stock >= 0")', 'Check("stock >= 1")')
    workshop.edit("crm/enums.py", 'converted = "converted"', 'converted = "converted"\n    archived = "archived"')
    workshop.edit("crm/rules/products.sql", "BEFORE UPDATE ON products", "AFTER UPDATE ON products")
    workshop.edit("crm/rules/births.sql", "mark_presale_birth(), end_presale_birth() FROM", "mark_presale_birth() FROM")
    workshop.edit("accounts/tables.py", "failed_at = Timestamptz(index=True)", "failed_at = Timestamptz()")
    path = workshop.migration(1, "DELETE FROM login_failures", alone=True)
    workshop.migration(2, "DELETE FROM sessions", accepted='ACCEPTED = {"loses-data": "they log in again"}')
    said = workshop.run("backoffice", "lint", DATABASE_URL="", FLOW_DATA_DIR=str(tmp_path / "data"))
    assert said.code == 1
    danger, *missing = said.text.splitlines()
    assert danger.startswith(f"{path.name}: loses-data: DELETE locks")
    assert sorted(missing) == [
        "no migration makes it so: constraint products.products_stock_not_negative differs",
        "no migration makes it so: index login_failures.login_failures_failed_at is not of the program",
        "no migration makes it so: privilege EXECUTE on end_presale_birth() differs",
        "no migration makes it so: trigger products.products_touch differs",
        "no migration makes it so: type presale_status differs",
    ]
    assert not (tmp_path / "data").exists(), "the developer's own database is left alone"


async def test_the_quick_look_sees_what_changed_since_the_last_migration(
    tmp_path: Path, engine: Engine, connection: asyncpg.Connection
) -> None:
    assert await expected.drift(connection) == []
    await connection.execute("DROP TRIGGER products_touch ON products; CREATE TABLE spare (id int)")
    drift = ["trigger products.products_touch is missing", "table spare is not of the program"]
    assert sorted(map(str, await expected.drift(connection))) == sorted(drift)
    await runner.forwards(engine, these(a_migration(tmp_path, 1, "CREATE TABLE extra (id int)", "DROP TABLE extra")))
    assert sorted(map(str, await expected.drift(connection))) == sorted(drift), "a migration does not cover drift up"
    await runner.backwards(engine, lambda ran: [a_migration(tmp_path, 1, "", "DROP TABLE extra")])
    assert sorted(map(str, await expected.drift(connection))) == sorted(drift)
    restore = "CREATE OR REPLACE TRIGGER products_touch BEFORE UPDATE ON products FOR EACH ROW EXECUTE FUNCTION "
    await runner.forwards(engine, these(a_migration(tmp_path, 2, f"{restore} touch_updated_at(); DROP TABLE spare")))
    assert await expected.drift(connection) == []


async def test_what_is_dropped_while_somebody_looks_is_not_there(database: str) -> None:
    looking, dropping = [await asyncpg.connect(database) for _ in range(2)]
    async with records.read_only_snapshot(looking):
        assert await looking.fetchval("SELECT 'customers_email'::regclass") is not None  # which begins the moment
        await dropping.execute("DROP INDEX customers_email")
        assert "index customers.customers_email" not in await read_catalog(looking)
        assert [str(one) for one in await expected.drift(looking)] == ["index customers.customers_email is missing"]
    for connection in looking, dropping:
        await connection.close()
