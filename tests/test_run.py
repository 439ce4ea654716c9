"""`make run` and `uvicorn main:app` as real processes: they start, refuse in one line, and end without a trace."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.support.clients import NO_CERTIFICATES
from tests.support.databases import dsn_of
from tests.support.faults import OwnServer, end_by, processes_naming
from tests.support.programs import START_SECONDS, Program, project_in
from tests.support.servers import a_server

ADMIN = {"email": "admin@flowcrm.example", "password": "flowcrm-demo"}


def database_in(project: Path) -> Iterator[OwnServer]:
    server = OwnServer(project / ".data")
    yield server
    end_by(signal.SIGQUIT, server.running())


@pytest.fixture
def database_of_run(project: Path) -> Iterator[OwnServer]:
    yield from database_in(project)


@pytest.fixture(scope="module")
def used_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for many runs, none of which has to make its database."""
    project = project_in(tmp_path_factory.mktemp("used") / "project")
    a_server(project / ".data", migrated=True)
    return project


@pytest.fixture
def used_database(used_project: Path) -> Iterator[OwnServer]:
    yield from database_in(used_project)


@pytest.fixture
async def empty_database(server: str, steward: asyncpg.Connection) -> AsyncIterator[str]:
    name = f"flowcrm_empty_{uuid.uuid4().hex[:12]}"
    await steward.execute(f"CREATE DATABASE {name}")
    yield dsn_of(server, name)
    await steward.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def until_waiting(blocker: asyncpg.Connection) -> None:
    async with asyncio.timeout(START_SECONDS):
        while not await blocker.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0.02)


async def log_in_during(program: Program, database: OwnServer, number: int, *, group: bool) -> httpx.Response:
    """Sends the signal while a log-in waits for a lock that is given up only afterwards."""
    blocker = await asyncpg.connect(database.dsn)
    transaction = blocker.transaction()
    await transaction.start()
    await blocker.execute("LOCK TABLE users")
    async with httpx.AsyncClient(base_url=program.address, verify=NO_CERTIFICATES) as client:
        answer = asyncio.create_task(client.post("/api/auth/login/", json=ADMIN))
        await until_waiting(blocker)
        (os.killpg if group else os.kill)(program.process.pid, number)
        await asyncio.sleep(0.5)  # time for a wrong end to cut the request off
        await transaction.rollback()
        await blocker.close()
        return await answer


SAYING_IT_TO = {
    "a file": "pass",
    "nobody": "os.close(1)",
    "somebody who is gone": "r, w = os.pipe(); os.dup2(w, 1); os.close(r)",
}
RUN = "import os, sys; {}; os.execv(sys.executable, [sys.executable, 'run.py'])"


@pytest.mark.parametrize(
    ("workers", "number", "group", "reader"),
    [
        (1, signal.SIGTERM, False, "nobody"),
        (1, signal.SIGINT, True, "somebody who is gone"),
        (2, signal.SIGINT, True, "a file"),
    ],
)
async def test_a_signal_ends_everything_after_the_requests_in_flight_whoever_reads_what_it_says(
    used_project: Path,
    environment: dict[str, str],
    used_database: OwnServer,
    workers: int,
    number: int,
    group: bool,
    reader: str,
) -> None:
    settings = {"WEB_CONCURRENCY": str(workers)}
    program = Program(used_project, environment | settings, "-c", RUN.format(SAYING_IT_TO[reader]))
    program.wait_until("Flow CRM is ready" if reader == "a file" else "startup complete")
    answer = await log_in_during(program, used_database, number, group=group)
    assert answer.status_code == 200
    assert await asyncio.to_thread(program.end) == 0, program.text
    assert "Traceback" not in program.text
    assert used_database.running() == []
    assert processes_naming(str(used_project)) == {}


async def test_the_first_run_seeds_and_says_where_to_go_and_kill_9_loses_nothing(
    project: Path, environment: dict[str, str], database_of_run: OwnServer
) -> None:
    program = Program(project, environment, "run.py")
    program.wait_until("employee@flowcrm.example")
    for word in (f"{program.address}/admin/", "/docs", "/api/health", "flowcrm-demo", ADMIN["email"]):
        assert word in program.text
    await database_of_run.query("UPDATE users SET name = 'Kept' WHERE email = 'admin@flowcrm.example'")
    await database_of_run.query("DELETE FROM users WHERE email = 'employee@flowcrm.example'")
    program.kill_all()
    database_of_run.kill()
    again = Program(project, environment | {"WEB_CONCURRENCY": "2"}, "run.py")
    again.wait_until("Flow CRM is ready")
    async with httpx.AsyncClient(verify=NO_CERTIFICATES) as client:
        health = (await client.get(f"{again.address}/api/health")).json()
    assert (health["status"], health["migrations"]["pending"]) == ("healthy", 0)
    sql = "SELECT string_agg(name, ' ') FILTER (WHERE email LIKE 'admin%') || count(*) FROM users"
    assert await database_of_run.query(sql) == "Kept2"
    assert "employee@flowcrm.example" not in again.text
    assert_workers_whose_parent_is_killed_give_the_port_back(again, database_of_run)


def assert_workers_whose_parent_is_killed_give_the_port_back(program: Program, database: OwnServer) -> None:
    """And the last of them stops the database, before it has ended itself."""
    program.process.kill()
    program.process.wait()
    deadline = time.monotonic() + 15
    while database.running() or is_listening(program.port):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("arguments", [["run.py"], ["-m", "uvicorn", "main:app", "--port", "0"]])
async def test_a_configured_database_with_pending_migrations_is_neither_touched_nor_served(
    project: Path, environment: dict[str, str], empty_database: str, arguments: list[str]
) -> None:
    program = Program(project, environment | {"DATABASE_URL": empty_database}, *arguments)
    assert await asyncio.to_thread(program.end) != 0
    assert "migrations are pending. Run `make migrate`" in program.text
    assert "Traceback" not in program.text
    connection = await asyncpg.connect(empty_database)
    assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    await connection.close()


def test_production_warns_where_no_database_is_configured(
    used_project: Path, environment: dict[str, str], used_database: OwnServer
) -> None:
    program = Program(used_project, environment | {"ENVIRONMENT": "production", "LOG_LEVEL": "WARNING"}, "run.py")
    program.wait_until(f"no database is configured, so the embedded one serves; its data is in {used_database.data}")
    program.kill_all()


async def test_a_missing_database_fails_at_once_and_in_one_line(
    project: Path, environment: dict[str, str], server: str
) -> None:
    begin = time.monotonic()
    program = Program(project, environment | {"DATABASE_URL": dsn_of(server, "nowhere")}, "run.py")
    assert await asyncio.to_thread(program.end) != 0
    assert time.monotonic() - begin < 20
    assert 'database "nowhere" does not exist' in program.text
    assert "Traceback" not in program.text


def test_it_takes_no_arguments(project: Path, environment: dict[str, str]) -> None:
    command = [sys.executable, "run.py", "--port=8001"]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=START_SECONDS)
    assert done.returncode == 2
    assert "usage: run.py" in done.stderr
    assert not (project / ".data").exists()


def test_a_port_in_use_is_named_before_anything_starts(
    project: Path, environment: dict[str, str], database_of_run: OwnServer
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "run.py"]
        done = subprocess.run(
            command, cwd=project, env=environment | {"PORT": str(port)}, capture_output=True, text=True
        )
    assert done.returncode == 1
    assert done.stderr.startswith(f"Flow CRM cannot start. Address 127.0.0.1, port {port}: ")
    assert done.stderr.count("\n") == 1
    assert not database_of_run.data.exists()


async def test_of_two_that_start_at_one_address_one_is_refused(
    used_project: Path, environment: dict[str, str], used_database: OwnServer
) -> None:
    used_database.start()
    blocker = await asyncpg.connect(used_database.dsn)
    with socket.socket() as other:
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE migration")
            program = Program(used_project, environment, "run.py")
            await until_waiting(blocker)  # it has looked whether the address is free
            used_database.stop()  # which leaves it to the program alone
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", program.port))
            other.listen()
        await blocker.close()
        assert await asyncio.to_thread(program.end) == 1
    assert f"Flow CRM cannot start. Address 127.0.0.1, port {program.port}: " in program.text
    assert "is ready" not in program.text
    assert "Traceback" not in program.text
    assert used_database.running() == []


SERVES = """
import asyncio, gc
gc.disable()
from main import app
async def serve():
    async with app.router.lifespan_context(app):
        print("collects garbage:", gc.isenabled(), "but not in the program:", gc.get_freeze_count() > 10_000)
asyncio.run(serve())
"""


def test_whoever_serves_collects_garbage(project: Path, environment: dict[str, str], database: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVES],
        cwd=project,
        env=environment | {"DATABASE_URL": database},
        capture_output=True,
        text=True,
    )
    assert "collects garbage: True but not in the program: True" in done.stdout, done.stderr
