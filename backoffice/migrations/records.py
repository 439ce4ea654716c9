"""What the database remembers of its migrations.

Piccolo's table `migration` says which have run. Three more of our own say what their files were, or that they are half
undone (`migration_checksum`), what the database consisted of when the last one had run (`migration_catalog`, one row),
and which statement outside a transaction has begun, and on what (`migration_under_way`, one row or none).
"""

import contextlib
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass

from piccolo.apps.migrations.tables import Migration as MigrationTable

from backoffice.database.connecting import Connection
from backoffice.migrations.catalog import (
    Catalog,
    Difference,
    compare_digests,
    digests,
    function_of,
    read_catalog,
)
from backoffice.migrations.files import Key, Migration, all_migrations
from backoffice.migrations.sql import Statement

CREATE = """
CREATE TABLE IF NOT EXISTS migration_checksum (
    app_name text, name text, checksum text NOT NULL, PRIMARY KEY (app_name, name)
);
CREATE TABLE IF NOT EXISTS migration_catalog (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    digests jsonb NOT NULL, server_major integer NOT NULL, recorded_at timestamptz NOT NULL DEFAULT now(),
    privileges jsonb
);
CREATE TABLE IF NOT EXISTS migration_under_way (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    statement text NOT NULL, digests jsonb NOT NULL
);
"""
# Beside the digests, since releases before it would miss whatever of these they do not know. Where somebody reads the
# table for long, as pg_dump does, it is added another time.
ADD_PRIVILEGES = """
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = 'public.migration_catalog'::regclass AND attname = 'privileges'
    ) THEN
        ALTER TABLE public.migration_catalog ADD COLUMN privileges jsonb;
    END IF;
EXCEPTION WHEN lock_not_available THEN
    NULL;
END
$$
"""
WRITE_CATALOG = """
INSERT INTO migration_catalog
SELECT * FROM jsonb_populate_record(NULL::migration_catalog, jsonb_build_object(
    'only_row', true, 'recorded_at', now(), 'server_major', $1::integer, 'digests', $2::jsonb, 'privileges', $3::jsonb
))
"""
INCOMPLETE = "SELECT to_jsonb(c) ->> 'privileges' IS NULL FROM migration_catalog AS c WHERE server_major = $1"
TABLE_EXISTS = "SELECT to_regclass('public.' || $1) IS NOT NULL"


@dataclass(frozen=True)
class State:
    """What the database's own records tell of this program's migrations."""

    pending: tuple[Migration, ...]
    unknown: tuple[Key, ...]
    changed: tuple[Migration, ...]
    last_applied: str | None


@contextlib.asynccontextmanager
async def read_only_snapshot(connection: Connection) -> AsyncIterator[None]:
    """Reads inside see the same snapshot, and cannot write; a pooler lends them one session."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("SET LOCAL search_path = public")
        yield


async def create_tables(connection: Connection) -> None:
    await MigrationTable.create_table(if_not_exists=True)
    await connection.execute(CREATE)


async def applied(connection: Connection) -> list[Key]:
    """In the order in which they ran."""
    if not await connection.fetchval(TABLE_EXISTS, "migration"):
        return []
    rows = await connection.fetch("SELECT app_name, name FROM migration ORDER BY ran_on, id")
    return [(row["app_name"], row["name"]) for row in rows]


async def changed_files(connection: Connection) -> list[Migration]:
    """Those that ran when their text was another."""
    if not await connection.fetchval(TABLE_EXISTS, "migration_checksum"):
        return []
    rows = await connection.fetch(
        "SELECT app_name, name, checksum FROM migration_checksum JOIN migration USING (app_name, name)"
    )
    then = {(row["app_name"], row["name"]): row["checksum"] for row in rows}
    return [one for one in all_migrations() if then.get(one.key, one.checksum) != one.checksum]


async def remember(connection: Connection, migration: Migration) -> None:
    """That it ran. In the migration's own transaction, where it has one."""
    await MigrationTable.insert().add(MigrationTable(name=migration.id, app_name=migration.app)).run()
    await remember_files(connection, [migration])


async def remember_files(connection: Connection, migrations: Iterable[Migration]) -> None:
    await connection.executemany(
        "INSERT INTO migration_checksum VALUES ($1, $2, $3)"
        " ON CONFLICT (app_name, name) DO UPDATE SET checksum = excluded.checksum",
        [(*migration.key, migration.checksum) for migration in migrations],
    )


async def forget(connection: Connection, key: Key) -> None:
    for table in ("migration", "migration_checksum"):
        await connection.execute(f"DELETE FROM {table} WHERE app_name = $1 AND name = $2", *key)


async def remember_catalog(connection: Connection, catalog: Mapping[str, str]) -> None:
    await _write_digests(connection, digests(catalog))


@dataclass(frozen=True)
class Before:
    """The catalog before a migration, and the digests of what it should have been."""

    catalog: Catalog
    expected: Mapping[str, str]


async def before(connection: Connection) -> Before:
    catalog = await read_catalog(connection)
    now = digests(catalog)
    recorded = await _read_digests(connection, now)
    if recorded is None:
        recorded = now if await applied(connection) else {}
    return Before(catalog, await _with_what_was_under_way(connection, recorded, now))


async def take_up(connection: Connection) -> Before:
    """As `before`; what was broken off is not under way any more."""
    found = await before(connection)
    await _write_digests(connection, found.expected)
    return found


async def complete(connection: Connection) -> None:
    """To call when nothing is to be run: adds what an earlier release did not record."""
    if not await connection.fetchval(TABLE_EXISTS, "migration_catalog"):
        return
    await connection.execute(CREATE)
    if await connection.fetchval(INCOMPLETE, connection.get_server_version().major):
        await take_up(connection)


async def announce(connection: Connection, statement: str, before: Before) -> None:
    """That this begins, whose change cannot be remembered in the same transaction."""
    await connection.execute(
        "INSERT INTO migration_under_way (statement, digests) VALUES ($1, $2)"
        " ON CONFLICT (only_row) DO UPDATE SET statement = excluded.statement, digests = excluded.digests",
        statement,
        json.dumps(digests(before.catalog)),
    )


async def _with_what_was_under_way(
    connection: Connection, expected: Mapping[str, str], now: Mapping[str, str]
) -> Mapping[str, str]:
    """Nobody heard how the statement ended. What it names and has changed since is its doing, all else is not."""
    found = await connection.fetchrow("SELECT statement, digests FROM migration_under_way")
    if found is None:
        return expected
    statement, was = Statement(found["statement"]), json.loads(found["digests"])
    things = {thing for thing in was.keys() | now.keys() if was.get(thing) != now.get(thing)}
    done = {thing for thing in things if statement.concerns(*thing.split(" ", 1))}
    left = {thing: digest for thing, digest in expected.items() if thing not in done}
    return left | {thing: now[thing] for thing in done if thing in now}


async def remember_changes(connection: Connection, before: Before) -> Before:
    """What a migration changed is as it should be. What it left alone is so only if it was before."""
    catalog = await read_catalog(connection)
    was, now = digests(before.catalog), digests(catalog)
    made = {thing: digest for thing, digest in now.items() if was.get(thing) != digest}
    kept = {thing: digest for thing, digest in before.expected.items() if thing in now or thing not in was}
    await _write_digests(connection, kept | made)
    return Before(catalog, kept | made)


async def _write_digests(connection: Connection, recorded: Mapping[str, str]) -> None:
    await connection.execute("DELETE FROM migration_catalog")
    await connection.execute(ADD_PRIVILEGES)
    privileges = {thing: digest for thing, digest in recorded.items() if function_of(thing)}
    others = {thing: digest for thing, digest in recorded.items() if not function_of(thing)}
    major = connection.get_server_version().major
    await connection.execute(WRITE_CATALOG, major, *(json.dumps(one, sort_keys=True) for one in (others, privileges)))
    if await connection.fetchval(TABLE_EXISTS, "migration_under_way"):
        await connection.execute("DELETE FROM migration_under_way")


async def _read_digests(connection: Connection, now: Mapping[str, str]) -> dict[str, str] | None:
    """None where nothing was recorded, or by a PostgreSQL that may have written definitions otherwise.

    Privileges that were not recorded, as by an earlier release, are what they are now.
    """
    if not await connection.fetchval(TABLE_EXISTS, "migration_catalog"):
        return None
    major = connection.get_server_version().major
    found = await connection.fetchval("SELECT to_jsonb(c) FROM migration_catalog AS c WHERE server_major = $1", major)
    if found is None:
        return None
    recorded = json.loads(found)
    privileges = {
        thing: digest for thing, digest in now.items() if f"function {function_of(thing)}" in recorded["digests"]
    }
    return {**recorded["digests"], **privileges, **(recorded.get("privileges") or {})}


async def drift(connection: Connection) -> list[Difference]:
    """How the database differs from what it was when the last migration had run; quick, needs no reference."""
    catalog = await read_catalog(connection)
    recorded = await _read_digests(connection, digests(catalog))
    return [] if recorded is None else compare_digests(recorded, catalog)


async def read_state(connection: Connection) -> State:
    """Reads only."""
    ran = await applied(connection)
    known = {migration.key for migration in all_migrations()}
    return State(
        pending=tuple(migration for migration in all_migrations() if migration.key not in set(ran)),
        unknown=tuple(key for key in ran if key not in known),
        changed=tuple(await changed_files(connection)),
        last_applied=ran[-1][1] if ran else None,
    )
