"""The application starts on the schema that it was made for, and says what is wrong with another."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from backoffice.database.engine import Engine
from backoffice.migrations import choices, records, runner
from backoffice.migrations.catalog import read_catalog
from backoffice.migrations.files import Migration, all_migrations
from backoffice.migrations.outcomes import MigrationRefused
from backoffice.monitoring.probing import Prober, prober
from backoffice.server import startup
from backoffice.server.startup import StartRefused, serving, settle_migrations
from backoffice.settings import Settings
from piccolo_conf import DB
from tests.support.builders import a_customer
from tests.support.migrating import drift
from tests.support.servers import a_server

END_WHO_WRITES = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_xid IS NOT NULL"
LOOK = "Run `piccolo backoffice check`; if it finds nothing, `piccolo backoffice accept`. See docs/migrations.md."


async def refusal(engine: Engine) -> str:
    with pytest.raises(StartRefused) as refused:
        async with serving(engine):
            pass
    return str(refused.value)


async def test_pending_migrations_stop_the_start(engine: Engine) -> None:
    await runner.backwards(engine, choices.backwards("crm", "1"))
    assert await refusal(engine) == "1 migration is pending. Run `make migrate`, then start again."


async def test_migrations_that_fail_stop_the_start_and_say_why(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise MigrationRefused("Somebody was in the way.")

    monkeypatch.setattr(runner, "forwards", fail)
    with pytest.raises(StartRefused, match=r"The migrations failed\. Somebody was in the way\."):
        await startup.migrate(DB)


async def test_a_start_does_not_wait_for_ever_for_a_database_that_hangs(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(connection: asyncpg.Connection) -> None:
        await connection.execute("SELECT pg_sleep(30)")

    monkeypatch.setattr(records, "read_state", hang)
    monkeypatch.setattr(startup, "START_SECONDS", 0.1)
    assert await refusal(engine) == f"PostgreSQL at {engine.connector.where}: no answer in time"


async def test_a_start_begins_anew_when_the_connection_is_lost_on_the_way(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    checks = 0

    async def check(engine: Engine) -> None:
        nonlocal checks
        checks += 1
        if checks == 1:
            await engine.fetch_value("SELECT pg_terminate_backend(pg_backend_pid())")

    with caplog.at_level(logging.INFO):
        async with serving(engine, check):
            assert await engine.fetch_value("SELECT 1") == 1
    assert checks == 2
    (attempt,) = [record.getMessage() for record in caplog.records if "attempt" in record.getMessage()]
    assert attempt.startswith(f"attempt 1: PostgreSQL at {engine.connector.where}: connection was closed")
    assert caplog.text.count("connected to PostgreSQL") == 1


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("DROP TRIGGER presales_change ON presales", "trigger presales.presales_change is missing"),
        ("ALTER TABLE users DISABLE TRIGGER users_touch", "trigger users.users_touch differs"),
        ("ALTER TABLE customers ADD COLUMN vip boolean", "column customers.vip is not of the program"),
        ("DROP INDEX products_beginnings", "index products.products_beginnings is missing"),
        ("CREATE UNIQUE INDEX mine ON customers (phone)", "index customers.mine is not of the program"),
        ("ALTER TYPE user_role ADD VALUE 'owner'", "type user_role differs"),
        ("CREATE TABLE old () INHERITS (customers)", "child customers.public.old is not of the program"),
        (
            "CREATE SCHEMA others; CREATE TABLE others.old () INHERITS (customers)",
            "child customers.others.old is not of the program",
        ),
    ],
)
async def test_drift_stops_the_start(engine: Engine, connection: asyncpg.Connection, damage: str, words: str) -> None:
    await connection.execute(damage)
    expected = f"The schema of the database is not what the migrations made: {words}. {LOOK}"
    assert await refusal(engine) == expected


async def test_much_drift_is_told_in_one_line(engine: Engine, connection: asyncpg.Connection) -> None:
    await connection.execute("ALTER TABLE presale_items DISABLE TRIGGER USER")
    told = await refusal(engine)
    assert told.count("differs") == 3
    assert ", and 6 more. Run" in told


async def test_additions_that_the_product_does_not_notice_are_only_logged(
    engine: Engine, connection: asyncpg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    await connection.execute("CREATE TABLE customers_backup (id int); CREATE INDEX mine ON customers (phone)")
    await connection.execute("CREATE TABLE more () INHERITS (customers_backup)")
    await connection.execute("CREATE TEMP TABLE picked () INHERITS (customers)")  # which only this session sees
    with caplog.at_level(logging.WARNING):
        async with serving(engine):
            pass
    added = ("index customers.mine", "table customers_backup", "table more")
    assert ", ".join(f"{one} is not of the program" for one in added) in caplog.text


@pytest.fixture
async def newcomer(tmp_path: Path) -> AsyncIterator[Engine]:
    """With an embedded database that an earlier version of the program made: a migration is pending, a file changed."""
    DB.configure(Settings(flow_data_dir=a_server(tmp_path / "data", migrated=True).folder))
    assert DB.embedded
    connection = await DB.connect()
    await a_customer(connection, name="Ana")
    await connection.execute(
        "UPDATE migration_checksum SET checksum = 'another' WHERE name = $1", all_migrations()[0].id
    )
    await connection.close()
    await runner.backwards(DB, choices.backwards("crm", "1"))
    yield DB
    DB.embedded.stop()


async def test_the_embedded_database_of_an_earlier_version_is_taken_along(newcomer: Engine) -> None:
    await settle_migrations(newcomer)
    connection = await newcomer.connect()
    state = await records.read_state(connection)
    assert (state.pending, state.changed, state.unknown) == ((), (), ())
    assert await drift(connection) == []
    assert await connection.fetchval("SELECT name FROM customers") == "Ana"
    await connection.close()


async def test_the_embedded_database_is_migrated_anew_when_it_is_lost_on_the_way(
    newcomer: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, forwards = 0, runner.forwards

    async def lose_the_first(engine: Engine, *arguments: Any) -> Sequence[Migration]:
        nonlocal runs
        runs += 1
        running = asyncio.create_task(forwards(engine, *arguments))
        onlooker = await engine.connect()
        while runs == 1 and not running.done():
            await onlooker.execute(END_WHO_WRITES)
            await asyncio.sleep(0.01)
        await onlooker.close()
        return await running

    monkeypatch.setattr(runner, "forwards", lose_the_first)
    async with serving(newcomer):
        assert await newcomer.fetch_value("SELECT count(*) FROM users") is not None
    assert runs == 2


async def test_an_embedded_database_that_the_files_do_not_make_any_more_is_left_alone(newcomer: Engine) -> None:
    connection = await newcomer.connect()
    await connection.execute("ALTER TABLE customers DROP CONSTRAINT customers_cpf_valid")
    before = await read_catalog(connection)
    with pytest.raises(StartRefused) as refused:
        await settle_migrations(newcomer)
    assert "make something else now: constraint customers.customers_cpf_valid is missing. Nothing was done" in str(
        refused.value
    )
    assert await read_catalog(connection) == before
    assert await connection.fetchval("SELECT name FROM customers") == "Ana"
    await connection.close()


async def test_health_names_what_is_pending_and_what_has_drifted(app: FastAPI, connection: asyncpg.Connection) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://flowcrm.example") as client:
        assert (await client.get("/api/health")).json()["message"] == "The database answers"
        await connection.execute("DROP TRIGGER presales_change ON presales")
        last = await connection.fetchval(
            "DELETE FROM migration WHERE id = (SELECT max(id) FROM migration) RETURNING name"
        )
        await prober(DB).close()
        body = (await client.get("/api/health")).json()
    assert body["status"] == "healthy"
    assert body["message"] == (
        "The database answers, but 1 migration is pending; its schema is not what the migrations made: "
        "trigger presales.presales_change is missing"
    )
    assert body["migrations"]["pending"] == 1
    assert body["migrations"]["last_applied"] < last


async def test_the_schema_is_looked_at_seldom(engine: Engine, connection: asyncpg.Connection) -> None:
    one = Prober(engine)
    assert (await one.ask()).schema.drift == []
    await connection.execute("DROP TRIGGER presales_change ON presales")
    assert (await one.ask()).schema.drift == []
    await one.close()
    assert [str(difference) for difference in (await one.ask()).schema.drift] == [
        "trigger presales.presales_change is missing"
    ]
    await one.close()
