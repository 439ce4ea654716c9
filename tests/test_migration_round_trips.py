"""All the way up, down step by step, up again: to the same catalogs, and no step touches rows that are not its own."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from backoffice.database import Engine
from backoffice.migrations import choices, runner
from backoffice.migrations.catalog import Catalog, read_catalog
from backoffice.migrations.files import Migration, all_migrations
from backoffice.settings import Settings
from piccolo_conf import DB
from seed.demo import load
from tests.conftest import clone
from tests.migrating import recorded

Rows = dict[str, list[str]]
STEPS = list(reversed(all_migrations()))


@pytest.fixture(scope="module")
async def seeded(server: str, steward: asyncpg.Connection, template: str) -> AsyncIterator[str]:
    """The name of a database with the demo data, to clone."""
    async with clone(server, steward, template) as dsn:
        DB.configure(Settings(database_url=dsn))
        await load()
        yield urlsplit(dsn).path.strip("/")


@pytest.fixture
async def database(server: str, steward: asyncpg.Connection, seeded: str) -> AsyncIterator[str]:
    async with clone(server, steward, seeded) as dsn:
        yield dsn


@pytest.fixture
def engine(database: str) -> Engine:
    DB.configure(Settings(database_url=database))
    return DB


async def rows(connection: asyncpg.Connection) -> Rows:
    """Of each table, every row as PostgreSQL writes it, and where in the file it lies: it was not even written anew."""
    tables = await connection.fetch(
        "SELECT relname FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname NOT LIKE 'migration%'"
    )
    return {
        table: [
            row[0] for row in await connection.fetch(f"SELECT t::text || ctid || xmin FROM {table} AS t ORDER BY ctid")
        ]
        for (table,) in tables
    }


async def down(engine: Engine, migration: Migration) -> None:
    await runner.backwards(engine, choices.backwards(migration.app, "1"))


async def up(engine: Engine, migration: Migration) -> None:
    await runner.forwards(engine, choices.forwards(migration.app, "1"))


def same_rows(before: Rows, after: Rows) -> None:
    """In all tables that are there before and after, and in each of the others none was left behind."""
    for table in before.keys() & after.keys():
        assert before[table] == after[table], table


async def test_down_step_by_step_and_up_again_to_the_same_catalogs(
    engine: Engine, connection: asyncpg.Connection
) -> None:
    ran = await recorded(connection)
    catalogs: list[Catalog] = [await read_catalog(connection)]
    for migration in STEPS:
        before = await rows(connection)
        await down(engine, migration)
        same_rows(before, await rows(connection))
        catalogs.append(await read_catalog(connection))
    assert catalogs[-1] == {}
    assert await recorded(connection) == []
    for migration in reversed(STEPS):
        catalogs.pop()
        await up(engine, migration)
        assert await read_catalog(connection) == catalogs[-1]
    assert await recorded(connection) == ran


@pytest.mark.parametrize("steps", range(1, len(STEPS) + 1))
async def test_an_upgrade_from_any_past_migration_keeps_the_rows_that_are_there(
    engine: Engine, connection: asyncpg.Connection, steps: int
) -> None:
    newest = await read_catalog(connection)
    for migration in STEPS[:steps]:
        await down(engine, migration)
    past = await rows(connection)
    await runner.forwards(engine, choices.forwards())
    present = await rows(connection)
    same_rows(past, present)
    assert past.keys() <= present.keys()
    assert await read_catalog(connection) == newest
    assert not [table for table in present.keys() - past.keys() if present[table]]


async def test_one_step_at_a_time_there_and_back_keeps_every_row_that_it_does_not_concern(
    engine: Engine, connection: asyncpg.Connection
) -> None:
    """The rules come last: without them, and with them again, not a row is another."""
    before = await rows(connection)
    assert all(before[table] for table in ("users", "customers", "products", "presales", "presale_items"))
    for app in ("crm", "accounts"):
        await runner.backwards(engine, choices.backwards(app, "1"))
    assert await rows(connection) == before
    await runner.forwards(engine, choices.forwards())
    assert await rows(connection) == before
