"""`piccolo migrations new … --auto` writes what changed in the rules and the enums: there, back, and frozen."""

import re
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest
from piccolo.apps.migrations.commands.new import NoChanges
from piccolo.conf.apps import AppConfig

from backoffice.database.engine import Engine
from backoffice.migrations import runner, writing
from backoffice.migrations.catalog import compare, read_catalog
from backoffice.migrations.files import Migration, all_migrations, migrations_of
from backoffice.settings import ROOT
from crm.piccolo_app import APP_CONFIG as CRM
from tests.support.builders import a_customer, a_presale
from tests.support.migrating import Workshop, recorded, these

CLOSED = "REVOKE EXECUTE ON FUNCTION mark_presale_birth(), end_presale_birth() FROM PUBLIC;"
NEEDS = "CREATE OR REPLACE TRIGGER presales_take_stock"
CLOSE_NEEDS = (NEEDS, f"REVOKE EXECUTE ON FUNCTION presale_needs FROM PUBLIC;\n\n{NEEDS}")
NEW_RULE = """
CREATE OR REPLACE FUNCTION nothing() RETURNS void LANGUAGE sql RETURN NULL;
REVOKE EXECUTE ON FUNCTION nothing() FROM PUBLIC;
"""

Edit = Callable[[str, str, str], None]
Write = Callable[[], Awaitable[list[Migration]]]


@pytest.fixture
def crm(tmp_path: Path) -> AppConfig:
    """The app crm, with rules and migrations of the test's own."""
    all_migrations()  # the modules have bare names, so copies that were imported first would stay for everybody
    for folder in ("rules", "piccolo_migrations"):
        shutil.copytree(ROOT / "crm" / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return AppConfig("crm", tmp_path / "piccolo_migrations", table_classes=CRM.table_classes)


@pytest.fixture
def edit(tmp_path: Path) -> Edit:
    def edit(name: str, old: str, new: str) -> None:
        path = tmp_path / "rules" / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return edit


@pytest.fixture
def write(crm: AppConfig) -> Write:
    async def write() -> list[Migration]:
        before = {migration.id for migration in migrations_of(crm)}
        await writing.create(crm, auto=True)
        return [migration for migration in migrations_of(crm) if migration.id not in before]

    return write


async def goes_there_and_back(engine: Engine, connection: asyncpg.Connection, migrations: list[Migration]) -> list[str]:
    """What differs there; after the way back nothing does."""
    before = await read_catalog(connection)
    await runner.forwards(engine, these(*migrations))
    there = await read_catalog(connection)
    await runner.backwards(engine, lambda ran: list(reversed(migrations)))
    assert compare(before, await read_catalog(connection)) == []
    await runner.forwards(engine, these(*migrations))
    assert compare(there, await read_catalog(connection)) == []
    return [str(difference) for difference in compare(before, there)]


async def test_an_empty_one_runs_there_and_back_and_waits_for_its_sql(
    engine: Engine, connection: asyncpg.Connection, crm: AppConfig
) -> None:
    written = await writing.create(crm)
    [migration] = [migration for migration in migrations_of(crm) if migration.id == written.migration_id]
    text = migration.path.read_text()
    assert "manager.add_raw(script(FORWARDS))" in text
    assert 'app_name="crm"' in text
    assert await goes_there_and_back(engine, connection, [migration]) == []


async def test_where_nothing_changed_nothing_is_written(crm: AppConfig, edit: Edit) -> None:
    edit("stock.sql", "-- Converting", "-- A better remark. Converting")
    with pytest.raises(NoChanges):
        await writing.create(crm, auto=True)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (NEW_RULE + NEW_RULE.replace("void", "integer"), "function nothing is declared twice"),
        (NEW_RULE.replace("NULL", '\'"""\''), 'The rules contain """'),
    ],
)
async def test_what_no_migration_can_say_is_refused(crm: AppConfig, edit: Edit, more: str, why: str) -> None:
    edit("stock.sql", "-- Converting", f"{more}-- Converting")
    with pytest.raises(SystemExit, match=why):
        await writing.create(crm, auto=True)


async def test_a_changed_function_is_written_whole_in_both_directions_and_one_with_other_arguments_replaces_the_old(
    engine: Engine, connection: asyncpg.Connection, edit: Edit, write: Write
) -> None:
    edit("stock.sql", "too little stock of: %", "there is too little of: %")
    old, new = "discount numeric, lines_total numeric", "discount numeric, lines_total numeric, quietly boolean"
    edit("presales.sql", f"refuse_excess_discount({old})", f"refuse_excess_discount({new} DEFAULT false)")
    (migration,) = await write()
    assert await goes_there_and_back(engine, connection, [migration]) == [
        f"function refuse_excess_discount({old}) is missing",
        f"function refuse_excess_discount({new}) is not of the program",
        "function take_stock() differs",
    ]
    text = migration.path.read_text()
    assert text.count("CREATE OR REPLACE FUNCTION take_stock()") == 2
    assert text.index("there is too little of: %") < text.index("BACKWARDS") < text.index("too little stock of: %")


async def test_new_rules_are_made_in_an_order_in_which_they_can_be(
    engine: Engine, connection: asyncpg.Connection, tmp_path: Path, write: Write
) -> None:
    (tmp_path / "rules" / "a_first.sql").write_text(
        """
        CREATE OR REPLACE TRIGGER customers_greet AFTER INSERT ON customers
        FOR EACH ROW EXECUTE FUNCTION greet_customer();
        CREATE OR REPLACE FUNCTION greeting(name text) RETURNS text
        LANGUAGE sql IMMUTABLE RETURN polite('Olá, ' || name);
        CREATE OR REPLACE FUNCTION polite(words text) RETURNS text LANGUAGE sql IMMUTABLE RETURN words || '!';
        CREATE OR REPLACE FUNCTION greet_customer() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE NOTICE '%; {%}', greeting(NEW.name), $x$;$x$;
            RETURN NULL;
        END;
        $$;
        CREATE INDEX IF NOT EXISTS customers_greeting ON customers (greeting(name));
        """
    )
    migrations = await write()
    assert [migration.path.stem.rpartition("_")[2] for migration in migrations] == ["types", "rules", "indexes"]
    assert "CREATE INDEX CONCURRENTLY IF NOT EXISTS customers_greeting" in migrations[-1].path.read_text()
    assert await goes_there_and_back(engine, connection, migrations) == [
        "function greet_customer() is not of the program",
        "function greeting(name text) is not of the program",
        "function polite(words text) is not of the program",
        "index customers.customers_greeting is not of the program",
        "trigger customers.customers_greet is not of the program",
    ]


async def test_rules_that_are_gone_are_dropped_or_given_to_everybody_and_come_back(
    engine: Engine, connection: asyncpg.Connection, tmp_path: Path, edit: Edit, write: Write
) -> None:
    for name in ("stock.sql", "search.sql"):
        (tmp_path / "rules" / name).unlink()
    edit("births.sql", CLOSED, "")
    assert await goes_there_and_back(engine, connection, await write()) == [
        "function customer_words(name text, email text, cpf text, phone text) is missing",
        "function presale_needs(presales uuid[]) is missing",
        "function take_stock() is missing",
        "index customers.customers_beginnings is missing",
        "index customers.customers_name_beginnings is missing",
        "index presales.presales_search_number is missing",
        "index products.products_beginnings is missing",
        "privilege EXECUTE on end_presale_birth() differs",
        "privilege EXECUTE on mark_presale_birth() differs",
        "trigger presales.presales_take_stock is missing",
    ]


async def found_by_index(database: str, word: str) -> int:
    """In a session of its own: an old one may take the index for unusable once its function has changed."""
    connection = await asyncpg.connect(database, server_settings={"enable_seqscan": "off"})
    matching = f"FROM customers WHERE search_beginnings(customer_words(name, email, cpf, phone)) @@ '{word}'"
    assert "Index Scan on customers_beginnings" in str(await connection.fetch(f"EXPLAIN SELECT {matching}"))
    number = await connection.fetchval(f"SELECT count(*) {matching}")
    await connection.close()
    return int(number)


async def test_an_index_is_built_anew_when_its_function_changes(
    engine: Engine, database: str, connection: asyncpg.Connection, edit: Edit, write: Write
) -> None:
    await a_customer(connection, name="Ana", phone="+5511987654321")
    edit("search.sql", "substr(phone, 6)])", "substr(phone, 6), substr(phone, 8)])")
    migrations = await write()
    assert await found_by_index(database, "7654321") == 0
    await goes_there_and_back(engine, connection, migrations)
    assert await found_by_index(database, "7654321") == 1
    await runner.backwards(engine, lambda ran: list(reversed(migrations)))
    assert await found_by_index(database, "7654321") == 0


WORDS, INDEXED = (
    "customer_words(name text, email text, cpf text, phone text)",
    "customer_words(name, email, cpf, phone)",
)


@pytest.mark.parametrize(
    ("declared", "used"),
    [
        (WORDS.replace(")", ", address text DEFAULT '')"), INDEXED),
        (WORDS.replace(")", ", address text)"), INDEXED.replace(")", ", address)")),
        (WORDS.replace("customer_words", "words_of"), INDEXED.replace("customer_words", "words_of")),
    ],
    ids=["one argument more", "also where it is used", "another name"],
)
async def test_an_index_makes_way_for_what_its_function_becomes(
    engine: Engine, connection: asyncpg.Connection, edit: Edit, write: Write, declared: str, used: str
) -> None:
    await a_customer(connection, name="Ana")
    edit("search.sql", WORDS, declared)
    if used != INDEXED:
        edit("search.sql", INDEXED, used)
    migrations = await write()
    differences = await goes_there_and_back(engine, connection, migrations)
    assert f"function {WORDS} is missing" in differences
    assert len(differences) == (2 if used == INDEXED else 3)
    found = f"SELECT count(*) FROM customers WHERE search_beginnings({used}) @@ 'ana'"
    assert await connection.fetchval(found) == 1
    assert sum(one.path.read_text().count("CREATE INDEX CONCURRENTLY") for one in migrations) == 2, "there, and back"
    assert not any("REINDEX" in one.path.read_text() for one in migrations)


async def test_what_more_than_an_index_is_made_of_is_left_to_people(crm: AppConfig, edit: Edit) -> None:
    edit("brazil.sql", "FUNCTION is_cpf(value text)", "FUNCTION is_cpf(value text, strictly boolean DEFAULT true)")
    with pytest.raises(
        SystemExit, match=r"function is_cpf has other arguments .* check customers_cpf_valid is made of"
    ):
        await writing.create(crm, auto=True)


async def may_call(connection: asyncpg.Connection, function: str) -> bool:
    """Whether everybody may."""
    return bool(await connection.fetchval(f"SELECT has_function_privilege('public', '{function}', 'EXECUTE')"))


async def test_a_function_is_taken_from_everybody_and_given_back(
    engine: Engine, connection: asyncpg.Connection, edit: Edit, write: Write
) -> None:
    edit(
        "births.sql",
        CLOSED,
        f"{CLOSED}\n-- Nor these.\nREVOKE EXECUTE ON FUNCTION take_stock, end_presale_birth FROM PUBLIC;",
    )
    (migration,) = await write()
    assert await goes_there_and_back(engine, connection, [migration]) == ["privilege EXECUTE on take_stock() differs"]
    assert "-- Nor these.\nREVOKE" in migration.path.read_text()
    with pytest.raises(NoChanges):
        await write()


async def test_what_is_made_anew_or_comes_back_stays_taken_from_everybody(
    engine: Engine, connection: asyncpg.Connection, tmp_path: Path, edit: Edit, write: Write
) -> None:
    births = tmp_path / "rules" / "births.sql"
    births.write_text(births.read_text() + NEW_RULE)
    edit("stock.sql", *CLOSE_NEEDS)
    old, new = "presales uuid[]", "presales uuid[], quietly boolean"
    written = await write()
    assert await goes_there_and_back(engine, connection, written) == [
        "function nothing() is not of the program",
        f"privilege EXECUTE on presale_needs({old}) differs",
    ]
    assert not await may_call(connection, "nothing()")
    assert not any(re.search(r"GRANT [^;]*\bnothing\b", one.path.read_text()) for one in written)

    births.write_text(births.read_text().replace(NEW_RULE, ""))
    edit("stock.sql", "(presales uuid[]) RETURNS", "(presales uuid[], quietly boolean DEFAULT false) RETURNS")
    (second,) = await write()
    assert await goes_there_and_back(engine, connection, [second]) == [
        "function nothing() is missing",
        f"function presale_needs({old}) is missing",
        f"function presale_needs({new}) is not of the program",
    ]
    assert not await may_call(connection, "presale_needs(uuid[], boolean)")
    await runner.backwards(engine, lambda ran: [second])
    assert not await may_call(connection, "nothing()")
    assert not await may_call(connection, "presale_needs(uuid[])")


async def test_what_holds_data_is_left_to_people(crm: AppConfig, edit: Edit) -> None:
    edit("presales.sql", "AS bigint OWNED BY", "AS bigint CACHE 5 OWNED BY")
    with pytest.raises(SystemExit, match="sequence presales_number_seq changed"):
        await writing.create(crm, auto=True)


async def test_piccolos_own_command_writes_labels_tables_and_rules_that_run_there_and_back(
    tmp_path: Path, database: str, server: str, connection: asyncpg.Connection
) -> None:
    workshop = Workshop(tmp_path, database)
    enum, new = ('pending = "pending"', 'waiting = "waiting"')
    workshop.edit("crm/enums.py", enum, f"{enum}\n    {new}")
    workshop.edit("crm/enums.py", 'converted = "converted"', 'converted = "converted"\n    archived = "archived"')
    workshop.edit(
        "crm/tables.py", "    address = Text", '    vip = Varchar(length=3, default="no")\n    address = Text'
    )
    workshop.edit("crm/rules/presales.sql", "THEN '{pending,cancelled}'", "THEN '{pending,waiting,cancelled}'")
    before, old = await read_catalog(connection), await recorded(connection)
    written = workshop.run("migrations", "new", "crm", "--auto")
    assert (written.code, written.text.count("Wrote ")) == (0, 3)
    assert workshop.migrate().code == 0
    after = await read_catalog(connection)
    assert after["type presale_status"] == (
        "ENUM ('draft', 'pending', 'waiting', 'approved', 'cancelled', 'converted', 'archived')"
    )
    assert workshop.run("backoffice", "check", f"--scratch={server}").text == "The database is as the code says.\n"

    await a_presale(connection)
    await connection.execute("ALTER TABLE presales DISABLE TRIGGER presales_change")
    await connection.execute("UPDATE presales SET status = 'waiting'")
    first = (await recorded(connection))[len(old)].partition(" ")[2]
    refused = workshop.run("migrations", "backwards", "crm", first, "--auto_agree")
    assert refused.code == 1
    assert "some rows of presales still have status = waiting: change them first" in refused.text
    assert f"crm {first}" in await recorded(connection), "nothing of it was undone"
    await connection.execute("UPDATE presales SET status = 'draft'")
    await connection.execute("ALTER TABLE presales ENABLE TRIGGER presales_change")
    assert workshop.run("migrations", "backwards", "crm", first, "--auto_agree").code == 0
    assert compare(before, await read_catalog(connection)) == []
