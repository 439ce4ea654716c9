"""One role owns the tables, another serves: it can do its work, and nothing to the audit trail or to a rule."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from backoffice.database.engine import Engine
from backoffice.migrations import checking, runner
from backoffice.migrations.files import apps
from backoffice.migrations.repair import repair
from backoffice.server.startup import StartRefused, settle_migrations
from backoffice.settings import ROOT, Settings
from piccolo_conf import DB
from tests.support.builders import a_line, a_presale, a_presale_that_is, a_user, walk
from tests.support.commands import refusal, run
from tests.support.databases import clone
from tests.support.migrating import a_migration, drift, these
from tests.support.refusals import refused_by
from tests.support.trail import entries
from tests.test_audit_actors import TestOverRest  # the same tests, by another role

__all__ = ["TestOverRest"]

PICCOLO = ("piccolo.main", "backoffice", "grant")
PASSWORD = "only-for-tests"  # of a role that lives as long as one test
MISTAKES = 'GRANT CREATE ON SCHEMA public TO "{web}"; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO "{web}"'


@pytest.fixture(scope="session")
async def web(steward: asyncpg.Connection) -> AsyncIterator[str]:
    """The name of a role that may log in, and nothing else; a name that wants quotes."""
    name = f"Web {uuid.uuid4().hex[:12]}"
    await steward.execute(f"CREATE ROLE \"{name}\" LOGIN PASSWORD '{PASSWORD}'")
    yield name
    await steward.execute(f'DROP ROLE "{name}"')


@pytest.fixture(scope="module")
async def granted(server: str, steward: asyncpg.Connection, template: str, web: str) -> AsyncIterator[str]:
    """The address of a database where the command has run, to clone."""
    async with clone(server, steward, template) as dsn:
        run(dsn, *PICCOLO, web)
        yield dsn


@pytest.fixture
async def database(server: str, steward: asyncpg.Connection, granted: str) -> AsyncIterator[str]:
    async with clone(server, steward, urlsplit(granted).path.strip("/")) as dsn:
        yield dsn


@pytest.fixture
def served_database(web: str, database: str) -> str:
    """The application logs in as this role."""
    url = urlsplit(database)
    _, _, place = url.netloc.rpartition("@")
    return url._replace(netloc=f"{web.replace(' ', '%20')}:{PASSWORD}@{place}").geturl()


@pytest.fixture
async def serving(served_database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(served_database)
    yield connection
    await connection.close()


@pytest.fixture
async def owner(connection: asyncpg.Connection) -> str:
    """The name of the role that migrates, in quotes if it wants them."""
    return str(await connection.fetchval("SELECT quote_ident(current_user)"))


async def test_it_does_all_that_the_application_does(serving: asyncpg.Connection, web: str) -> None:
    await a_user(serving, role="admin")
    presale = await a_presale_that_is(serving, "approved")
    await walk(serving, presale, "converted")
    await serving.execute("UPDATE customers SET name = 'x'")
    await serving.execute("DELETE FROM presales WHERE status = 'draft'")
    assert {role for (role,) in await entries(serving, "database_role")} == {web}


async def test_without_its_rights_it_does_not_begin_to_serve_and_is_told_how_to_get_them(
    served_database: str, connection: asyncpg.Connection, web: str
) -> None:
    await connection.execute(f'REVOKE SELECT ON migration FROM "{web}"')
    DB.configure(Settings(database_url=served_database))
    with pytest.raises(StartRefused, match=r"permission denied for table migration.*piccolo backoffice grant"):
        await settle_migrations(DB)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_trail SET who = 'nobody'",
        "DELETE FROM audit_trail",
        "TRUNCATE audit_trail",
        "INSERT INTO audit_trail (who, database_role, action, table_name, row_id) "
        "VALUES ('me', 'me', 'created', 'users', gen_random_uuid())",
        "ALTER TABLE audit_trail DISABLE TRIGGER ALL",
        "ALTER TABLE customers DISABLE TRIGGER customers_record_changed",
        "DROP TRIGGER customers_record_changed ON customers",
        "DROP TABLE audit_trail",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION record_changed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TABLE mine ()",
        "CREATE FUNCTION to_jsonb(customers) RETURNS jsonb LANGUAGE sql RETURN NULL",
        "TRUNCATE presale_items",
        # The functions that write the trail, set on a table of one's own.
        "CREATE TEMP TABLE customers (id uuid, name text); CREATE TRIGGER forge AFTER INSERT ON customers "
        "REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.record_created('name')",
    ],
)
async def test_it_can_neither_alter_the_trail_nor_escape_it(
    serving: asyncpg.Connection, connection: asyncpg.Connection, statement: str
) -> None:
    await a_presale_that_is(connection, "pending")
    before = await connection.fetch("SELECT * FROM audit_trail")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await serving.execute(statement)
    assert await connection.fetch("SELECT * FROM audit_trail") == before


async def test_a_trigger_of_its_own_adds_nothing_to_the_trail(serving: asyncpg.Connection) -> None:
    await serving.execute(
        "CREATE TEMP TABLE mine (id uuid);"
        "CREATE FUNCTION pg_temp.forge() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO public.audit_trail (who, database_role, action, table_name, row_id) "
        "VALUES ('me', 'me', 'created', 'users', NEW.id); RETURN NEW; END $$;"
        "CREATE TRIGGER forge BEFORE INSERT ON mine FOR EACH ROW EXECUTE FUNCTION pg_temp.forge()"
    )
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await serving.execute("INSERT INTO mine VALUES (gen_random_uuid())")


async def test_a_trigger_of_its_own_opens_no_finished_presale(
    serving: asyncpg.Connection, connection: asyncpg.Connection
) -> None:
    presale = await a_presale_that_is(connection, "converted")
    for forge in (
        "CREATE TRIGGER forge AFTER INSERT ON mine FOR EACH ROW EXECUTE FUNCTION public.mark_presale_birth()",
        "CREATE FUNCTION pg_temp.forge() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO public.presale_births VALUES (NEW.id); RETURN NULL; END $$;"
        "CREATE TRIGGER forge AFTER INSERT ON mine FOR EACH ROW EXECUTE FUNCTION pg_temp.forge()",
    ):
        transaction = serving.transaction()
        await transaction.start()
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await serving.execute(f"CREATE TEMP TABLE mine (id uuid); {forge}; INSERT INTO mine VALUES ('{presale}')")
        await transaction.rollback()


async def test_it_loads_history(serving: asyncpg.Connection) -> None:
    async with serving.transaction():
        presale = await a_presale(serving, status="converted")
        await a_line(serving, presale)
    with refused_by("presales_locked"):
        await a_line(serving, presale)


async def test_a_role_that_it_takes_on_does_not_hide_it(
    web: str, connection: asyncpg.Connection, serving: asyncpg.Connection
) -> None:
    owner = await connection.fetchval("SELECT current_user")
    await connection.execute(f'GRANT "{owner}" TO "{web}"')
    await serving.execute(f'SET ROLE "{owner}"')
    await a_user(serving)
    assert await entries(connection, "who", "database_role") == [(web, web)]
    await connection.execute(f'REVOKE "{owner}" FROM "{web}"')


async def test_what_was_granted_before_by_mistake_is_taken_back(
    web: str, database: str, connection: asyncpg.Connection, serving: asyncpg.Connection
) -> None:
    await connection.execute(f'GRANT ALL ON ALL TABLES IN SCHEMA public TO "{web}"; {MISTAKES.format(web=web)}')
    run(database, *PICCOLO, web)
    privileges = "SELECT has_table_privilege($1, $2, $3)"
    for right in "INSERT", "UPDATE", "DELETE", "TRUNCATE", "TRIGGER":
        assert not await connection.fetchval(privileges, web, "audit_trail", right)
    assert await serving.fetchval("SELECT count(*) FROM audit_trail") == 0
    for statement in "SELECT setval('presales_number_seq', 1)", "CREATE TABLE mine ()":
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await serving.execute(statement)
    await a_presale(serving)


async def test_who_owns_the_tables_or_may_become_who_does_is_refused(
    web: str, database: str, connection: asyncpg.Connection, owner: str
) -> None:
    switch_off = "and could switch off the audit trail and every rule."
    said = refusal(database, *PICCOLO, owner)
    assert f"Nothing was granted: {owner} owns the tables, {switch_off}" in said
    await connection.execute(f'GRANT {owner} TO "{web}"')
    said = refusal(database, *PICCOLO, web)
    await connection.execute(f'REVOKE {owner} FROM "{web}"')
    assert f'Nothing was granted: "{web}" may become {owner}, who owns the tables, {switch_off}' in said
    assert await connection.fetchval("SELECT has_table_privilege(current_user, 'audit_trail', 'TRUNCATE')")


async def test_what_it_cannot_take_back_is_named_and_nothing_granted(
    web: str, database: str, connection: asyncpg.Connection
) -> None:
    await connection.execute(
        "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO PUBLIC; GRANT TRIGGER ON products TO PUBLIC"
    )
    await connection.execute(f'REVOKE SELECT ON products FROM "{web}"')
    said = refusal(database, *PICCOLO, web)
    rights = f'the right of "{web}" to create triggers, the right of "{web}" to set the sequence presales_number_seq'
    assert f"Nothing was granted: {rights} would stay" in said
    assert not await connection.fetchval("SELECT has_table_privilege($1, 'products', 'SELECT')", web)


class TestARightTooMany:
    """Is noticed where it has it, whoever it comes from."""

    @pytest.fixture
    def mistakes(self, web: str, owner: str) -> dict[str, str]:
        """By the right: what gives it."""
        create, set_ = MISTAKES.format(web=web).split("; ")
        return {
            f'right of "{web}" to create in the schema public': create,
            f'right of "{web}" to set the sequence presales_number_seq': set_,
            f'right of "{web}" to become {owner}': f'GRANT {owner} TO "{web}"',
        }

    async def test_is_told_as_it_begins_to_serve(
        self,
        mistakes: dict[str, str],
        served_database: str,
        web: str,
        connection: asyncpg.Connection,
        owner: str,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        engine = Engine(Settings(database_url=served_database))
        await settle_migrations(engine)
        assert "is not of the program" not in caplog.text
        for right, mistake in mistakes.items():
            await connection.execute(mistake)
            await settle_migrations(engine)
            assert f"{right} is not of the program" in caplog.text
        await connection.execute(f'REVOKE {owner} FROM "{web}"')

    async def test_is_reported_to_the_owner(
        self,
        mistakes: dict[str, str],
        database: str,
        server: str,
        web: str,
        connection: asyncpg.Connection,
        owner: str,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        DB.configure(Settings(database_url=database))
        *others, last = mistakes
        for right in others:
            await connection.execute(mistakes[right])
        report = await checking.check(DB, server)
        assert [str(one) for one in report.drift] == [f"{right} is not of the program" for right in others]
        assert f"-- take away the {others[0]}, as" in repair(report)
        await settle_migrations(DB)
        assert f"{others[0]} is not of the program" in caplog.text
        await connection.execute(mistakes[last])
        named = await drift(connection)
        await connection.execute(f'REVOKE {owner} FROM "{web}"')
        assert named == [f"{last} is not of the program"]

    async def test_is_seen_in_members_of_the_role_that_serves(
        self, web: str, database: str, connection: asyncpg.Connection, owner: str
    ) -> None:
        member = f"member_{uuid.uuid4().hex[:12]}"
        await connection.execute(f'CREATE ROLE {member} IN ROLE "{web}"; GRANT {owner} TO {member}')
        named = await drift(connection)
        await connection.execute(f"DROP ROLE {member}")
        assert named == [f"right of {member} to become {owner} is not of the program"]

    async def test_is_not_taken_for_right_by_what_is_only_recorded(
        self, mistakes: dict[str, str], database: str, web: str, connection: asyncpg.Connection, tmp_path: Path
    ) -> None:
        DB.configure(Settings(database_url=database))
        right = next(iter(mistakes))
        await connection.execute(mistakes[right])
        await runner.forwards(DB, these(a_migration(tmp_path, 1, "SELECT")), fake=True)
        assert await drift(connection) == [f"{right} is not of the program"]
        run(database, *PICCOLO, web)
        assert await drift(connection) == []


async def test_it_is_no_drift(connection: asyncpg.Connection) -> None:
    assert await drift(connection) == []


async def test_every_table_of_the_product_is_granted(web: str, connection: asyncpg.Connection) -> None:
    for app in apps():
        for table in app.table_classes:
            name = table._meta.tablename
            rights = {
                right
                for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
                if await connection.fetchval("SELECT has_table_privilege($1, $2, $3)", web, name, right)
            }
            kept_by_rules = name in ("audit_trail", "presale_births")
            assert rights == ({"SELECT"} if kept_by_rules else {"SELECT", "INSERT", "UPDATE", "DELETE"}), name


def test_a_role_that_does_not_exist_is_named(database: str) -> None:
    assert 'role "nobody here" does not exist' in refusal(database, *PICCOLO, "nobody here")


def test_it_is_described_where_operators_look() -> None:
    assert "piccolo backoffice grant" in (ROOT / "docs" / "audit-trail.md").read_text()
