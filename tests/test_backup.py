"""`make backup` and `make restore`: everything comes back, or nothing is touched."""

import asyncio
import stat
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from backoffice.database.backup import OBJECTS, BackupRefused, backup, find, restore
from backoffice.database.engine import Engine
from backoffice.migrations.catalog import read_catalog
from backoffice.settings import Settings
from tests.support.backups import everything, fill, load, save
from tests.support.catalog import rows_as_text
from tests.support.commands import run
from tests.support.databases import dsn_of

pytestmark = pytest.mark.usefixtures("client_programs")

PASSWORD = "only-for-tests"  # of a role that lives as long as one test


async def execute(dsn: str, sql: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(sql)
    await connection.close()


@asynccontextmanager
async def an_empty_database(server: str, steward: asyncpg.Connection, owner: str = "") -> AsyncIterator[str]:
    name = f"flowcrm_empty_{uuid.uuid4().hex[:12]}"
    belongs = f"OWNER {owner}" if owner else ""
    await steward.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' {belongs}")
    yield dsn_of(server, name)
    await steward.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def empty(server: str, steward: asyncpg.Connection) -> AsyncIterator[str]:
    async with an_empty_database(server, steward) as dsn:
        yield dsn


@pytest.fixture
async def owner(steward: asyncpg.Connection) -> AsyncIterator[str]:
    """The name of a role that owns what others make for it, and is no superuser."""
    name = f"owner_{uuid.uuid4().hex[:12]}"
    await steward.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
    yield name
    await steward.execute(f"DROP ROLE {name}")


def by(role: str, dsn: str) -> str:
    url = urlsplit(dsn)
    return url._replace(netloc=f"{role}:{PASSWORD}@{url.netloc.rpartition('@')[2]}").geturl()


@pytest.fixture
async def owned(server: str, steward: asyncpg.Connection, owner: str, full: str, tmp_path: Path) -> AsyncIterator[str]:
    """A database like `full` that belongs to the owner; the address is a superuser's."""
    await save(full, tmp_path / "full.dump")
    async with an_empty_database(server, steward, owner) as dsn:
        await load(by(owner, dsn), tmp_path / "full.dump")
        yield dsn


@pytest.fixture
async def full(database: str, connection: asyncpg.Connection) -> str:
    await fill(connection)
    return database


async def test_all_rows_sequences_functions_triggers_and_indexes_come_back(
    full: str, empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path("-x.dump")
    await save(full, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    await load(empty, file)
    restored = await everything(empty)
    assert {table for table, found in restored["rows"].items() if not found} == {"presale_births"}
    assert restored == await everything(full)


async def test_nothing_is_neither_saved_nor_put_in_place_of_what_there_is(
    full: str, empty: str, tmp_path: Path
) -> None:
    file = tmp_path / "flow.dump"
    with pytest.raises(BackupRefused, match="There is nothing in the database at"):
        await save(empty, file)
    assert not file.exists()
    backup(replace(await find(Engine(Settings(database_url=empty))), objects=1), file)  # as any pg_dump would
    before = await everything(full)
    with pytest.raises(BackupRefused, match="There is nothing to restore in"):
        await load(full, file, replace=True)
    assert await everything(full) == before


async def test_a_file_that_newer_programs_wrote_is_refused_and_says_what_to_install(
    database: str, empty: str, tmp_path: Path
) -> None:
    file = tmp_path / "flow.dump"
    await save(database, file)
    file.write_bytes(file.read_bytes().replace(b"PGDMP\x01", b"PGDMP\x09", 1))  # the version of the format
    with pytest.raises(BackupRefused, match="A newer pg_dump wrote the file"):
        await load(empty, file)


async def test_a_database_that_is_not_empty_is_left_alone_unless_told_otherwise(
    full: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    file = tmp_path / "flow.dump"
    await save(full, file)
    saved = await everything(full)
    await connection.execute("DELETE FROM idempotency_keys; UPDATE customers SET name = 'Changed'; CREATE TABLE new ()")
    with pytest.raises(BackupRefused, match="not empty"):
        await load(full, file)
    assert await everything(full) != saved
    await load(full, file, replace=True)
    assert await everything(full) == saved


# What an owner may have made in the schema public, and a superuser in the same database.
OF_THE_OWNER = """
    CREATE MATERIALIZED VIEW numbers AS SELECT generate_series(1, 3) AS number;
    CREATE TYPE place AS (street text, number integer);
    CREATE TYPE span AS RANGE (SUBTYPE = text);
    CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
    CREATE TABLE counted (id integer GENERATED ALWAYS AS IDENTITY, number positive, place place);
    CREATE STATISTICS about_counted ON id, number FROM counted;
    CREATE COLLATION plain FROM "C";
    CREATE AGGREGATE most(integer) (SFUNC = int4larger, STYPE = integer);
    ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO pg_monitor;
"""
# Whoever serves can make large objects, which the owner may not even read.
OF_OTHERS = """
    SELECT lo_create(0);
    CREATE SCHEMA "Their.$own"; CREATE TABLE "Their.$own".kept AS SELECT 7 AS number; CREATE EXTENSION {}
"""
AVAILABLE = "SELECT name FROM pg_available_extensions WHERE name IN ('vector', 'pg_trgm') LIMIT 1"
LEFT = 'SELECT number, (SELECT count(*) FROM pg_extension WHERE extname = $1) FROM "Their.$own".kept'


async def what_is_ours(dsn: str) -> dict[str, Any]:
    connection = await asyncpg.connect(dsn)
    try:
        return {
            "objects": await connection.fetch(f"{OBJECTS} ORDER BY 1, 2"),
            "catalog": await read_catalog(connection),
            "rows": await rows_as_text(connection),
            "numbers": await connection.fetch("SELECT * FROM numbers"),
            "privileges": await connection.fetch("SELECT defaclacl::text FROM pg_default_acl"),
        }
    finally:
        await connection.close()


async def test_an_owner_saves_and_replaces_the_schema_public_and_leaves_alone_what_others_made_beside_it(
    owned: str, owner: str, server: str, steward: asyncpg.Connection, tmp_path: Path
) -> None:
    file, extension = tmp_path / "dump", await steward.fetchval(AVAILABLE)
    await execute(by(owner, owned), OF_THE_OWNER)
    await execute(owned, OF_OTHERS.format(extension))
    before = await what_is_ours(owned)
    await save(by(owner, owned), file)
    await load(by(owner, owned), file, replace=True)
    assert await what_is_ours(owned) == before
    connection = await asyncpg.connect(owned)
    assert [tuple(row) for row in await connection.fetch(LEFT, extension)] == [(7, 1)]
    await connection.close()
    async with an_empty_database(server, steward, owner) as empty:
        await load(by(owner, empty), file)
        assert await what_is_ours(empty) == before


async def test_a_file_that_is_cut_short_changes_nothing(full: str, tmp_path: Path) -> None:
    file, short = tmp_path / "flow.dump", tmp_path / "short.dump"
    await save(full, file)
    before = await everything(full)
    for part in (0.01, 0.9):
        short.write_bytes(file.read_bytes()[: int(file.stat().st_size * part)])
        with pytest.raises(BackupRefused, match="Nothing was restored"):
            await load(full, short, replace=True)
        assert await everything(full) == before


async def test_why_the_database_did_not_take_it_is_told(full: str, empty: str, tmp_path: Path) -> None:
    await save(full, tmp_path / "dump")
    place = await find(Engine(Settings(database_url=empty)))
    elsewhere = replace(place.programs, environment={**place.programs.environment, "PGDATABASE": "nowhere"})
    gone = replace(place, programs=elsewhere)
    with pytest.raises(BackupRefused, match=r'Nothing was restored\. .*database "nowhere" does not exist'):
        await asyncio.to_thread(restore, gone, tmp_path / "dump", replace=False)


async def test_nothing_is_replaced_under_an_application_that_runs(database: str, tmp_path: Path) -> None:
    file = tmp_path / "flow.dump"
    await save(database, file)
    application = Engine(Settings(database_url=database))
    await application.start_connection_pool()
    try:
        with pytest.raises(BackupRefused, match="Stop it first"):
            await load(database, file, replace=True)
    finally:
        await application.close_connection_pool()


# Of which pg_dump takes none.
NO_SETTINGS_OF_OURS = {
    "PGOPTIONS": "--unknown=1",
    "PGSSLMAXPROTOCOLVERSION": "TLSv0",
    "PGSSLMODE": "verify-full",
    "PGSSLNEGOTIATION": "direct",
    "PGTARGETSESSIONATTRS": "standby",
}


def test_variables_of_postgresql_s_own_change_nothing(database: str, tmp_path: Path) -> None:
    saving = ("backoffice.database.backup", "save", str(tmp_path / "dump"))
    assert "was saved to" in run(database, *saving, **NO_SETTINGS_OF_OURS)


async def test_a_file_is_never_written_over(database: str, tmp_path: Path) -> None:
    file = tmp_path / "flow.dump"
    file.write_text("precious")
    with pytest.raises(BackupRefused, match="exists already"):
        await save(database, file)
    assert file.read_text() == "precious"


async def test_a_file_that_is_not_there_is_named(database: str, tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match=r"There is no file .*flow\.dump"):
        await load(database, tmp_path / "flow.dump")
