"""Who may execute a function belongs to what migrations make: what is lost of it is named, and repaired."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from backoffice.database.engine import Engine
from backoffice.migrations import checking, choices, expected, runner
from backoffice.migrations.repair import repair
from backoffice.migrations.sql import statements
from tests.support.migrating import a_migration, drift, these

CLOSED = (
    "end_presale_birth()",
    "mark_presale_birth()",
    "record_changed()",
    "record_created()",
    "record_deleted()",
    "record_truncated()",
)
ALL_DIFFER = [f"privilege EXECUTE on {function} differs" for function in CLOSED]
LOSE_ONE = "GRANT EXECUTE ON FUNCTION record_created() TO PUBLIC"
ONE_DIFFERS = ["privilege EXECUTE on record_created() differs"]
GO = "DROP FUNCTION record_created(), take_stock(), mark_presale_birth() CASCADE"


@pytest.fixture
async def role(steward: asyncpg.Connection, connection: asyncpg.Connection) -> AsyncIterator[str]:
    """The name of a role that serves, in quotes."""
    name = f'"Web {uuid.uuid4().hex[:12]}"'
    await steward.execute(f"CREATE ROLE {name}")
    yield name
    await connection.execute(f"DROP OWNED BY {name}")
    await steward.execute(f"DROP ROLE {name}")


async def mended(engine: Engine, server: str, connection: asyncpg.Connection) -> checking.Report:
    """What check found before its script was run; after that nothing differs from what the migrations made."""
    report = await checking.check(engine, server)
    for statement in statements(repair(report)):
        await connection.execute(str(statement))
    assert await drift(connection) == []
    return report


async def test_what_others_or_not_everybody_may_execute_is_named_and_mended_and_nothing_else_is(
    engine: Engine, server: str, connection: asyncpg.Connection, role: str
) -> None:
    await connection.execute(f"ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO {role}")
    await connection.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {role}")
    assert await drift(connection) == ALL_DIFFER, "what everybody may execute another may"
    but_one = ", ".join(CLOSED[:-1])
    await connection.execute(f"REVOKE EXECUTE ON FUNCTION {but_one} FROM {role}")
    await connection.execute(f"GRANT EXECUTE ON FUNCTION {but_one} TO PUBLIC")
    await connection.execute("REVOKE EXECUTE ON FUNCTION is_cpf FROM PUBLIC")
    found = sorted([*ALL_DIFFER, "privilege EXECUTE on is_cpf(value text) differs"])
    assert await drift(connection) == found
    assert not any(difference.harmless for difference in await expected.drift(connection))
    report = await mended(engine, server, connection)
    assert [str(one) for one in report.drift] == found
    assert f"  {ALL_DIFFER[0]}\n    -its owner\n    +PUBLIC\n" in str(report)
    assert f"  {ALL_DIFFER[-1]}\n    -its owner\n    +its owner, {role}" in str(report)


async def test_a_function_that_is_made_again_is_taken_from_everybody_again(
    engine: Engine, server: str, connection: asyncpg.Connection
) -> None:
    await connection.execute(GO)
    report = await mended(engine, server, connection)
    assert [one for one in report.drift if one.kind == "privilege"] == []
    for function, open_ in {"record_created()": False, "mark_presale_birth()": False, "take_stock()": True}.items():
        may = await connection.fetchval("SELECT has_function_privilege('public', $1, 'EXECUTE')", function)
        assert may is open_, function


async def test_a_function_of_others_may_be_executed_by_whom_they_like_and_ours_by_nobody_if_that_is_the_default(
    engine: Engine, server: str, connection: asyncpg.Connection
) -> None:
    mine = "CREATE FUNCTION mine() RETURNS void LANGUAGE sql RETURN NULL; REVOKE EXECUTE ON FUNCTION mine FROM PUBLIC"
    await connection.execute(mine)
    assert await drift(connection) == ["function mine() is not of the program"]
    await connection.execute("ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")
    # As where the functions were made under this default.
    await connection.execute("REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC")
    report = await checking.check(engine, server)
    assert [str(one) for one in report.drift] == ["function mine() is not of the program"]


class TestADatabaseOfAnEarlierRelease:
    @pytest.fixture(autouse=True)
    async def earlier(self, connection: asyncpg.Connection) -> None:
        await connection.execute("ALTER TABLE migration_catalog DROP COLUMN privileges")

    @pytest.mark.parametrize("then", ["SELECT", LOSE_ONE])
    async def test_has_not_drifted(self, connection: asyncpg.Connection, then: str) -> None:
        await connection.execute(then)
        assert await drift(connection) == []

    async def test_remembers_privileges_when_migrations_are_run_even_if_none_is_pending(
        self, engine: Engine, connection: asyncpg.Connection
    ) -> None:
        await connection.execute("DROP INDEX products_name")
        await runner.forwards(engine, choices.forwards())
        await connection.execute(LOSE_ONE)
        assert await drift(connection) == ["index products.products_name is missing", *ONE_DIFFERS]

    async def test_remembers_them_with_its_next_migration(
        self, tmp_path: Path, engine: Engine, connection: asyncpg.Connection
    ) -> None:
        await runner.forwards(engine, these(a_migration(tmp_path, 1, "SELECT")))
        await connection.execute(LOSE_ONE)
        assert await drift(connection) == ONE_DIFFERS
        one = a_migration(tmp_path, 2, "REVOKE EXECUTE ON FUNCTION record_created() FROM PUBLIC", alone=True)
        await runner.forwards(engine, these(one))
        assert await drift(connection) == []

    async def test_remembers_them_another_time_when_a_backup_is_being_made_or_a_table_locked(
        self, tmp_path: Path, engine: Engine, connection: asyncpg.Connection
    ) -> None:
        async with connection.transaction():
            await connection.fetchval("SELECT count(*) FROM migration_catalog")
            await runner.forwards(engine, these(a_migration(tmp_path, 1, "CREATE TABLE extra (id int)")))
            await connection.execute("LOCK TABLE customers")
            assert await runner.forwards(engine, choices.forwards()) == []
        assert await drift(connection) == []
        await connection.execute(LOSE_ONE)
        assert await drift(connection) == []

    async def test_would_find_nothing_missing_were_its_release_put_back(
        self, engine: Engine, connection: asyncpg.Connection
    ) -> None:
        await runner.forwards(engine, choices.forwards())
        kinds = (
            "SELECT count(*) FROM migration_catalog, jsonb_object_keys({column}) AS thing WHERE thing ~ '^privilege '"
        )
        assert await connection.fetchval(kinds.format(column="digests")) == 0
        assert await connection.fetchval(kinds.format(column="privileges")) > len(CLOSED)


async def test_a_role_that_only_serves_may_say_make_migrate_when_nothing_is_pending(
    engine: Engine, connection: asyncpg.Connection, role: str
) -> None:
    await connection.execute("ALTER TABLE migration_catalog DROP COLUMN privileges")
    await connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f'ALTER DATABASE "{name}" SET role = {role}')
    assert await runner.forwards(engine, choices.forwards()) == []
