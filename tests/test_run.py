"""`make run`, as a process of its own where that matters: it starts, refuses in one line, and ends without a trace."""

import asyncio
import gc
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest

import run
from backoffice.database.engine import Engine
from backoffice.server import startup
from backoffice.server.startup import StartRefused
from backoffice.settings import Settings
from piccolo_conf import DB
from tests.support.clients import NO_CERTIFICATES
from tests.support.databases import dsn_of
from tests.support.ending import a_signal_lets_who_is_there_finish_and_nobody_else_in, is_listening
from tests.support.faults import OwnServer, end_by, processes_naming
from tests.support.forked import run_module
from tests.support.migrating import relations
from tests.support.programs import START_SECONDS, Program, free_port
from tests.support.servers import a_server

ADMIN = {"email": "admin@flowcrm.example", "password": "flowcrm-demo"}


@pytest.fixture
def database_of_run(project: Path) -> Iterator[OwnServer]:
    server = OwnServer(project / ".data")
    yield server
    end_by(signal.SIGQUIT, server.running())


async def test_the_first_run_beside_a_migration_seeds_and_says_where_to_go_and_kill_9_loses_nothing(
    project: Path, environment: dict[str, str], database_of_run: OwnServer
) -> None:
    program = Program(project, environment | {"WEB_CONCURRENCY": "2"}, "run.py")
    migrated = await asyncio.to_thread(run_module, project, environment, "piccolo.main", "backoffice", "migrate")
    assert migrated.code == 0, migrated.text
    program.wait_until("employee@flowcrm.example")
    for word in (f"{program.address}/admin/", "/docs", "/api/health", "flowcrm-demo", ADMIN["email"]):
        assert word in program.text
    async with httpx.AsyncClient(verify=NO_CERTIFICATES) as client:
        health = (await client.get(f"{program.address}/api/health")).json()
    assert (health["status"], health["migrations"]["pending"]) == ("healthy", 0)

    await database_of_run.query("UPDATE users SET name = 'Kept' WHERE email = 'admin@flowcrm.example'")
    await database_of_run.query("DELETE FROM users WHERE email = 'employee@flowcrm.example'")
    assert_workers_whose_parent_is_killed_give_the_port_back(program, database_of_run)
    DB.configure(Settings(flow_data_dir=database_of_run.folder))
    assert await run.prepare(DB) == ["admin@flowcrm.example", "manager@flowcrm.example"]
    await DB.fetch_value("UPDATE users SET name = name || '!' WHERE email = 'admin@flowcrm.example'")
    database_of_run.kill()
    assert await run.prepare(DB) == ["admin@flowcrm.example", "manager@flowcrm.example"]
    assert await DB.fetch_value("SELECT name FROM users WHERE email = 'admin@flowcrm.example'") == "Kept!"
    assert DB.embedded
    DB.embedded.stop()


def assert_workers_whose_parent_is_killed_give_the_port_back(program: Program, database: OwnServer) -> None:
    """And the last of them stops the database, before it has ended itself."""
    program.process.kill()
    program.process.wait()
    deadline = time.monotonic() + 15
    while database.running() or is_listening(program.port):
        assert time.monotonic() < deadline
        time.sleep(0.1)


SAID_TO_SOMEBODY_WHO_IS_GONE = """
import os, sys
reader, writer = os.pipe()
os.dup2(writer, 1)
os.close(reader)
os.execv(sys.executable, [sys.executable, "run.py"])
"""


@pytest.mark.parametrize(("workers", "number"), [("1", signal.SIGHUP), ("2", signal.SIGINT)])
async def test_a_signal_ends_everything_after_the_requests_in_flight_though_nobody_reads_what_it_says(
    project: Path, environment: dict[str, str], database_of_run: OwnServer, workers: str, number: int
) -> None:
    a_server(database_of_run.folder, migrated=True)
    program = Program(project, environment | {"WEB_CONCURRENCY": workers}, "-c", SAID_TO_SOMEBODY_WHO_IS_GONE)
    program.wait_until("startup complete")
    await a_signal_lets_who_is_there_finish_and_nobody_else_in(program, number, ADMIN)
    assert database_of_run.running() == []
    assert processes_naming(str(project)) == {}


def test_it_says_nothing_where_standard_output_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    run.say("Ready")


async def test_a_configured_database_with_pending_migrations_is_neither_touched_nor_served(empty: str) -> None:
    DB.configure(Settings(database_url=empty))
    with pytest.raises(StartRefused, match=r"migrations are pending\. Run `make migrate`"):
        await run.prepare(DB)
    connection = await asyncpg.connect(empty)
    assert await relations(connection) == set()
    await connection.close()


async def test_production_warns_where_no_database_is_configured(
    database_of_run: OwnServer, caplog: pytest.LogCaptureFixture
) -> None:
    a_server(database_of_run.folder, migrated=True)
    DB.configure(Settings(environment="production", flow_data_dir=database_of_run.folder))
    await run.prepare(DB)
    assert DB.embedded
    DB.embedded.stop()
    assert f"no database is configured, so the embedded one serves; its data is in {DB.embedded.data}" in caplog.text


def test_a_missing_database_fails_at_once_and_in_one_line(
    project: Path, environment: dict[str, str], server: str
) -> None:
    begin = time.monotonic()
    settings = {"DATABASE_URL": dsn_of(server, "nowhere"), "PORT": str(free_port())}
    said = run_module(project, environment | settings, "run")
    assert said.code == 1
    assert time.monotonic() - begin < 20
    assert said.errors.startswith("Flow CRM cannot start. ")
    assert 'database "nowhere" does not exist' in said.errors
    assert said.text.count("\n") == 1


def test_it_takes_no_arguments(project: Path, environment: dict[str, str]) -> None:
    said = run_module(project, environment, "run", "--port=8001")
    assert said.code == 2
    assert "usage: run.py" in said.errors
    assert not (project / ".data").exists()


def test_a_port_in_use_is_named_before_anything_starts(project: Path, environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = run_module(project, environment | {"PORT": port}, "run")
    assert said.code == 1
    assert said.errors.startswith(f"Flow CRM cannot start. Address 127.0.0.1, port {port}: ")
    assert said.text.count("\n") == 1
    assert not (project / ".data").exists()


async def test_of_two_that_start_at_one_address_one_is_refused(
    project: Path, environment: dict[str, str], database_of_run: OwnServer
) -> None:
    a_server(database_of_run.folder, migrated=True)
    database_of_run.start()
    blocker = await asyncpg.connect(database_of_run.dsn)
    with socket.socket() as other:
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE migration")
            program = Program(project, environment, "run.py")
            await until_waiting(blocker)  # it has looked whether the address is free
            database_of_run.stop()  # which leaves it to the program alone
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", program.port))
            other.listen()
        await blocker.close()
        assert await asyncio.to_thread(program.end) == 1
    assert f"Flow CRM cannot start. Address 127.0.0.1, port {program.port}: " in program.text
    assert "is ready" not in program.text
    assert "Traceback" not in program.text
    assert database_of_run.running() == []


async def until_waiting(blocker: asyncpg.Connection) -> None:
    async with asyncio.timeout(START_SECONDS):
        while not await blocker.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0.02)


async def test_whoever_serves_collects_garbage_but_not_in_the_program(engine: Engine) -> None:
    startup._freeze_objects.cache_clear()
    gc.unfreeze()
    gc.disable()
    try:
        async with startup.serving(engine):
            assert gc.isenabled()
            assert gc.get_freeze_count() > 10_000
    finally:
        gc.enable()
