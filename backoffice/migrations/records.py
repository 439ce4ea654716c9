"""The records of migrations in the database.

Piccolo's table `migration` has those that ran. Three more of our own have the checksums of their files, or that they
are half undone (`migration_checksum`), the digests of the catalog after the last one (`migration_catalog`, one row),
and a statement outside a transaction that has begun, with the digests before (`migration_under_way`, one row or none).
"""

import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

import asyncpg
from piccolo.apps.migrations.tables import Migration as MigrationTable

from backoffice.database.connecting import Connection, close_quietly
from backoffice.database.engine import Engine
from backoffice.migrations.files import Key, Migration, all_migrations
from backoffice.migrations.outcomes import MigrationRefused

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
TABLE_EXISTS = "SELECT to_regclass('public.' || $1) IS NOT NULL"


@dataclass(frozen=True)
class State:
    """The state of this program's migrations, by the database's own records."""

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


@contextlib.asynccontextmanager
async def reading(engine: Engine) -> AsyncIterator[asyncpg.Connection]:
    """A connection that cannot write, and sees one snapshot."""
    connection = await engine.get_new_connection()
    try:
        async with read_only_snapshot(connection):
            yield connection
    finally:
        await close_quietly(connection)


async def create_tables(connection: Connection) -> None:
    await MigrationTable.create_table(if_not_exists=True)
    await connection.execute(CREATE)


async def applied(connection: Connection) -> list[Key]:
    """The applied migrations, in that order."""
    if not await connection.fetchval(TABLE_EXISTS, "migration"):
        return []
    rows = await connection.fetch("SELECT app_name, name FROM migration ORDER BY ran_on, id")
    return [(row["app_name"], row["name"]) for row in rows]


async def changed_files(connection: Connection) -> list[Migration]:
    """The applied migrations whose files have changed since."""
    if not await connection.fetchval(TABLE_EXISTS, "migration_checksum"):
        return []
    rows = await connection.fetch(
        "SELECT app_name, name, checksum FROM migration_checksum JOIN migration USING (app_name, name)"
    )
    then = {(row["app_name"], row["name"]): row["checksum"] for row in rows}
    return [one for one in all_migrations() if then.get(one.key, one.checksum) != one.checksum]


async def refuse_changed_files(connection: Connection) -> None:
    """Before anything is run forwards."""
    if changed := await changed_files(connection):
        names = ", ".join(migration.path.name for migration in changed)
        raise MigrationRefused(
            f"Changed after they ran: {names}. Restore them; or, where the change alters nothing in the database, "
            "say `piccolo backoffice accept`."
        )


async def remember(connection: Connection, migration: Migration) -> None:
    """Records that it ran, in the migration's own transaction, where it has one."""
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
