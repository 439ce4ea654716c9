"""All the way up, down step by step, up again: to the same catalogs, and no step touches rows that are not its own."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from urllib.parse import urlsplit

import asyncpg
import pytest

from backoffice.migrations import choices, runner
from backoffice.migrations.catalog import read_catalog
from backoffice.migrations.files import Migration, all_migrations
from backoffice.settings import Settings
from piccolo_conf import DB
from seed.demo import load
from tests.support.builders import a_customer, a_presale, a_session, row
from tests.support.catalog import Catalog, catalog
from tests.support.commands import BUSINESS_TABLES
from tests.support.databases import clone
from tests.support.migrating import a_run, recorded, steps

Rows = dict[str, dict[str, dict[str, str]]]
"""Of each table, each row by its place in the file and the transaction that wrote it, as its columns."""

TOGETHER = timedelta(hours=2)
# The first migrations that are gone where words had no index of what they begin with.
BEFORE_BEGINNINGS = {
    "crm": "2026-11-28T03:34:52:798917",
    "accounts": "2026-11-28T09:19:30:006600",
    "backoffice": "2026-11-28T03:34:51:913215",
}


@pytest.fixture(scope="module")
async def seeded(server: str, steward: asyncpg.Connection, template: str) -> AsyncIterator[str]:
    """The address of a database with the demo data, and rows in the tables that support it, to clone."""
    async with clone(server, steward, template) as dsn:
        DB.configure(Settings(database_url=dsn))
        await load()
        connection = await asyncpg.connect(dsn)
        await a_session(connection, await connection.fetchval("SELECT id FROM users LIMIT 1"))
        await connection.execute("INSERT INTO login_failures (account, address) VALUES ('ana', '127.0.0.1')")
        await connection.execute(
            "INSERT INTO idempotency_keys (user_id, key, request, response) SELECT id, 'k', '{}', '' FROM users"
        )
        await connection.close()
        yield dsn


@pytest.fixture
async def database(server: str, steward: asyncpg.Connection, seeded: str) -> AsyncIterator[str]:
    async with clone(server, steward, name_of(seeded)) as dsn:
        yield dsn


def name_of(dsn: str) -> str:
    return urlsplit(dsn).path.strip("/")


async def rows_by_place(connection: asyncpg.Connection) -> Rows:
    tables = await connection.fetch(
        "SELECT relname FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname NOT LIKE 'migration%'"
    )
    return {
        table: {
            place: json.loads(columns)
            for place, columns in await connection.fetch(
                f"SELECT ctid || ' ' || xmin, to_jsonb(t)::text FROM {table} t"
            )
        }
        for (table,) in tables
    }


def same_rows(before: Rows, after: Rows) -> None:
    """In all tables that are there before and after: the columns that are, byte by byte, not even written anew."""
    for table in before.keys() & after.keys():
        assert before[table].keys() == after[table].keys(), table
        for place, columns in before[table].items():
            now = after[table][place]
            common = columns.keys() & now.keys()
            assert {name: columns[name] for name in common} == {name: now[name] for name in common}, table


async def both_catalogs(connection: asyncpg.Connection) -> Catalog:
    """As the product reads it, and as this suite does; without the records of migrations."""
    again = {f"again {name}": text for name, text in (await catalog(connection)).items() if "migration" not in name}
    return await read_catalog(connection) | again


async def test_down_step_by_step_and_up_again_to_the_same_catalogs(
    database: str, connection: asyncpg.Connection
) -> None:
    rows = await rows_by_place(connection)
    assert all(rows[table] for table in (*BUSINESS_TABLES, "sessions", "login_failures", "idempotency_keys"))
    catalogs = [await both_catalogs(connection)]
    async with a_run(database) as run:
        for step in await steps(reversed(all_migrations())):
            before = rows
            await run.backwards([step])
            rows = await rows_by_place(connection)
            same_rows(before, rows)
            catalogs.append(await both_catalogs(connection))
        assert catalogs.pop() == {}
        for step, above in zip(await steps(all_migrations()), reversed(catalogs), strict=True):
            await run.forwards([step])
            assert await both_catalogs(connection) == above


async def test_indexes_follow_the_functions_they_are_made_of_back(
    database: str, connection: asyncpg.Connection
) -> None:
    """The app with the tables goes first; what its indexes are made of then changes below them."""
    await a_customer(connection, name="Øre")
    DB.configure(Settings(database_url=database))
    for app, first in BEFORE_BEGINNINGS.items():
        await runner.backwards(DB, choices.backwards(app, first))
    assert await recorded(connection) == [
        f"{one.app} {one.id}" for one in all_migrations() if one.id < BEFORE_BEGINNINGS[one.app]
    ]
    await connection.execute("SET enable_seqscan = off")
    words = "customer_words(name, email, cpf, phone) @@ search_query('Øre')"
    assert "Index Scan" in str(await connection.fetch(f"EXPLAIN SELECT FROM customers WHERE {words}"))
    assert await connection.fetchval(f"SELECT bool_or(name = 'Øre') FROM customers WHERE {words}")


@pytest.fixture
async def newest(server: str, steward: asyncpg.Connection, template: str) -> Catalog:
    """The catalogs of a database in which nothing but the migrations happened."""
    async with clone(server, steward, template) as dsn:
        connection = await asyncpg.connect(dsn)
        catalogs = await both_catalogs(connection)
        await connection.close()
        return catalogs


def releases() -> list[datetime]:
    """When each state that may ever have been handed out, but the newest, was written.

    Migrations that were written within minutes of each other went out together.
    """
    by_age = sorted(map(written, all_migrations()))
    ends = [one for one, after in pairwise(by_age) if after - one > TOGETHER]
    assert len(ends) > 5
    return ends


def written(migration: Migration) -> datetime:
    return datetime.strptime(migration.id, "%Y-%m-%dT%H:%M:%S:%f").replace(tzinfo=UTC)


async def test_an_upgrade_to_the_next_release_keeps_the_rows_that_were_written_in_any(
    empty: str, seeded: str, server: str, steward: asyncpg.Connection, subtests: pytest.Subtests
) -> None:
    before = datetime.min.replace(tzinfo=UTC)
    for release, next_one in pairwise([*releases(), datetime.max.replace(tzinfo=UTC)]):
        await upgrade(empty, before, release)
        before = release
        async with clone(server, steward, name_of(empty)) as past:
            with subtests.test(release=str(release)):
                await copy(seeded, past)
                await keeps_all_rows(past, release, next_one)


async def test_an_upgrade_from_the_oldest_release_to_the_newest_keeps_the_rows(
    empty: str, seeded: str, newest: Catalog
) -> None:
    oldest = releases()[0]
    await upgrade(empty, datetime.min.replace(tzinfo=UTC), oldest)
    await copy(seeded, empty)
    await keeps_all_rows(empty, oldest, datetime.max.replace(tzinfo=UTC))
    connection = await asyncpg.connect(empty)
    assert await both_catalogs(connection) == newest
    await connection.close()


async def upgrade(database: str, before: datetime, release: datetime) -> None:
    async with a_run(database) as run:
        await run.forwards(await steps(one for one in all_migrations() if before < written(one) <= release))


async def keeps_all_rows(database: str, before: datetime, release: datetime) -> None:
    """On the way from one release to the other; and pre-sales go on being numbered where they were."""
    connection = await asyncpg.connect(database)
    past = await rows_by_place(connection)
    await upgrade(database, before, release)
    same_rows(past, await rows_by_place(connection))
    if numbers := [presale["number"] for presale in past.get("presales", {}).values()]:
        assert (await row(connection, "presales", await a_presale(connection)))["number"] == max(map(int, numbers)) + 1
    await connection.close()


async def copy(seeded: str, past: str) -> None:
    """The rows of those business tables that there were, written as history is: in one transaction."""
    source, target = await asyncpg.connect(seeded), await asyncpg.connect(past)
    async with target.transaction():
        for table in BUSINESS_TABLES:
            if not await target.fetchval("SELECT to_regclass($1) IS NOT NULL", table):
                continue
            rows = await source.fetchval(f"SELECT jsonb_agg(to_jsonb(t) ORDER BY id) FROM {table} AS t")
            await target.execute(f"INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, $1)", rows)
    await source.close()
    await target.close()
