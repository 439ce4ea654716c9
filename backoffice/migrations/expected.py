"""The expected catalog: that of the database after its last migration; and how the database differs from it.

It is kept as digests of definitions in `migration_catalog`; `migration_under_way` has a statement outside a transaction
that has begun, and the digests before it. See `records` for the tables.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from backoffice.database.connecting import Connection
from backoffice.migrations.catalog import (
    Catalog,
    Difference,
    compare_digests,
    digests,
    function_of,
    read_catalog,
)
from backoffice.migrations.records import CREATE, TABLE_EXISTS, applied
from backoffice.migrations.sql import Statement

# A column beside the digests, since earlier releases would report unknown digests as missing things. Where a long read
# of the table blocks it, such as pg_dump's, it is added another time.
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
    """As `before`; also clears the record of an interrupted statement."""
    found = await before(connection)
    await _write_digests(connection, found.expected)
    return found


async def complete(connection: Connection) -> None:
    """Adds what an earlier release did not record; called when no migration is to run."""
    if not await connection.fetchval(TABLE_EXISTS, "migration_catalog"):
        return
    await connection.execute(CREATE)
    if await connection.fetchval(INCOMPLETE, connection.get_server_version().major):
        await take_up(connection)


async def announce(connection: Connection, statement: str, before: Before) -> None:
    """Records that a statement begins whose change cannot be recorded in the same transaction."""
    await connection.execute(
        "INSERT INTO migration_under_way (statement, digests) VALUES ($1, $2)"
        " ON CONFLICT (only_row) DO UPDATE SET statement = excluded.statement, digests = excluded.digests",
        statement,
        json.dumps(digests(before.catalog)),
    )


async def _with_what_was_under_way(
    connection: Connection, expected: Mapping[str, str], now: Mapping[str, str]
) -> Mapping[str, str]:
    """The digests to expect after an interrupted statement: it made the changes of things that it names, no others."""
    found = await connection.fetchrow("SELECT statement, digests FROM migration_under_way")
    if found is None:
        return expected
    statement, was = Statement(found["statement"]), json.loads(found["digests"])
    things = {thing for thing in was.keys() | now.keys() if was.get(thing) != now.get(thing)}
    done = {thing for thing in things if statement.concerns(*thing.split(" ", 1))}
    left = {thing: digest for thing, digest in expected.items() if thing not in done}
    return left | {thing: now[thing] for thing in done if thing in now}


async def remember_changes(connection: Connection, before: Before) -> Before:
    """Records as expected what a migration changed. What it left alone is expected only if it was before."""
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
    """The recorded digests; None where there are none, or those of another major version of PostgreSQL.

    Privileges that were not recorded, as by an earlier release, are taken from `now`.
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
    """How the database differs from the catalog after the last migration; fast, needs no scratch database."""
    catalog = await read_catalog(connection)
    recorded = await _read_digests(connection, digests(catalog))
    return [] if recorded is None else compare_digests(recorded, catalog)
