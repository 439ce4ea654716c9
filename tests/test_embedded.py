"""The embedded PostgreSQL: one server for all who share a folder, gone with the last of them, data kept."""

import os
import pwd
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from backoffice.database import embedded
from backoffice.database.programs import EmbeddedError
from backoffice.settings import ROOT
from tests.support.faults import STARTER, OwnServer
from tests.support.forked import Forked
from tests.support.servers import a_server

only_as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root could run it as somebody else")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def unmade() -> Iterator[OwnServer]:
    """A server whose first start is yet to come, where few would expect it."""
    # tmp_path would be too long for a socket in it.
    with tempfile.TemporaryDirectory(prefix="o'neil, the ") as above:
        yield from left_by_all(OwnServer(Path(above) / "data"))


@pytest.fixture
def server(folder: Path) -> Iterator[OwnServer]:
    yield from left_by_all(a_server(folder, fsync="on"))


def left_by_all(server: OwnServer) -> Iterator[OwnServer]:
    yield server
    server.stop()
    assert server.running() == []


def another_process(folder: Path) -> subprocess.Popen[str]:
    """A process that uses the server of the folder until its input is closed."""
    command = [sys.executable, "-c", STARTER, str(folder)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ready(process: subprocess.Popen[str]) -> bool:
    assert process.stdout is not None
    return process.stdout.readline() == "ready\n"


def finish(process: subprocess.Popen[str]) -> int:
    process.communicate()
    return process.returncode


async def test_the_first_start_makes_a_private_utf8_database_though_an_earlier_one_was_interrupted(
    unmade: OwnServer,
) -> None:
    half, above = unmade.folder / "postgres18.new", unmade.folder.parent
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    above.chmod(0o700)
    unmade.start()
    assert Path(unmade.socket_folder) == unmade.data
    connection = await asyncpg.connect(host=unmade.socket_folder, user="flowcrm", database="flowcrm")
    assert await connection.fetchval("SHOW server_encoding") == "UTF8"
    assert await connection.fetchval("SELECT lower('AÇÃO')") == "ação"
    assert await connection.fetchval("SHOW fsync") == "on"
    assert await connection.fetchval("SHOW listen_addresses") == ""
    await connection.close()
    assert unmade.data.stat().st_mode & 0o777 == 0o700
    assert above.stat().st_mode & 0o777 == 0o700
    assert above.stat().st_uid == os.geteuid()


async def test_what_clerks_type_stays_out_of_its_log(server: OwnServer) -> None:
    server.start()
    await server.query("CREATE TABLE people (cpf text UNIQUE)")
    with pytest.raises(asyncpg.UniqueViolationError):
        await server.query("INSERT INTO people VALUES ('52998224725'), ('52998224725')")
    said = server.log.read_text()
    assert "people_cpf_key" in said
    assert "52998224725" not in said


async def test_python_killed_alone_leaves_a_server_that_the_next_run_takes_over(server: OwnServer) -> None:
    process = another_process(server.folder)
    assert ready(process)
    process.kill()
    finish(process)
    (left,) = server.running()
    server.start()
    assert server.pid == left


async def test_a_process_id_that_now_belongs_to_a_stranger_is_no_obstacle(server: OwnServer) -> None:
    server.start()
    await server.query("CREATE TABLE kept AS SELECT 42 AS number")
    server.kill()
    user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
    stranger = subprocess.Popen(["sleep", "60"], user=user)
    noted = server.data / "postmaster.pid"
    noted.write_text("\n".join([str(stranger.pid), *noted.read_text().splitlines()[1:]]) + "\n")
    (Path(server.socket_folder) / ".s.PGSQL.5432.lock").write_text(f"{stranger.pid}\n")
    try:
        server.start()
        assert await server.query("SELECT number FROM kept") == 42
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("remains", ["", "not a number\n"])
async def test_a_damaged_process_id_file_is_no_obstacle(server: OwnServer, remains: str) -> None:
    server.start()
    server.kill()
    (server.data / "postmaster.pid").write_text(remains)
    server.start()
    assert await server.query("SELECT 1") == 1


def test_a_creation_that_fails_half_way_leaves_no_data(unmade: OwnServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "NAME", "template1")
    with pytest.raises(EmbeddedError, match='database "template1" already exists'):
        unmade.start()
    assert not unmade.data.exists()


async def test_a_path_too_long_for_a_socket_gets_a_private_folder_elsewhere(tmp_path: Path) -> None:
    server = a_server(tmp_path / ("long" * 25))
    server.start()
    try:
        assert await server.query("SELECT 1") == 1
        sockets = Path(server.socket_folder)
        assert sockets != server.data
        assert sockets.stat().st_mode & 0o777 == 0o700
        assert sockets.stat().st_uid == server.data.stat().st_uid
    finally:
        server.stop()


async def test_the_last_of_several_processes_stops_the_server(server: OwnServer) -> None:
    others = [another_process(server.folder) for _ in range(2)]
    assert all(ready(process) for process in others)
    server.start()
    assert finish(others[0]) == 0
    assert await server.query("SELECT 1") == 1
    server.stop()
    assert len(server.running()) == 1
    assert finish(others[1]) == 0
    assert server.running() == []


def test_a_command_ended_by_sigterm_stops_the_server(
    project: Path, server: OwnServer, environment: dict[str, str]
) -> None:
    script = "from piccolo_conf import DB\nimport asyncio\nasyncio.run(DB.run_ddl('SELECT pg_sleep(60)'))"
    (project / "nap.py").write_text(script)
    command = Forked(project, environment | {"FLOW_DATA_DIR": str(server.folder)}, "nap")
    while not (server.data / "postmaster.pid").exists() and command.is_running:
        time.sleep(0.001)
    command.send(signal.SIGTERM)
    assert command.end().code == 128 + signal.SIGTERM
    assert server.running() == []


def test_a_path_that_a_shell_would_mistake_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match=r"contains \$"):
        OwnServer(tmp_path / "$HOME").start()


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedError, match=f"{tmp_path}/file"):
        OwnServer(tmp_path / "file" / "data").start()


def test_a_server_that_does_not_get_ready_is_given_up(unmade: OwnServer, monkeypatch: pytest.MonkeyPatch) -> None:
    unmade.data.mkdir(parents=True)
    (unmade.data / "PG_VERSION").touch()
    monkeypatch.setattr(embedded, "START_SECONDS", 0)
    monkeypatch.setattr(unmade, "_state", lambda: "stopping")
    with pytest.raises(EmbeddedError, match=f"has been stopping for long, see {unmade.log}"):
        unmade.start()
    monkeypatch.undo()


def test_why_postgresql_does_not_start_is_told_in_one_line(server: OwnServer) -> None:
    with (server.data / "postgresql.conf").open("a") as settings:
        settings.write("nonsense\n")
    with pytest.raises(EmbeddedError, match=r"^PostgreSQL does not start: .*postgresql\.conf.*$"):
        server.start()


@only_as_root
def test_as_root_it_names_the_program_that_it_needs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    server = OwnServer(folder)
    with pytest.raises(EmbeddedError, match="needs the program setpriv"):
        server.start()
    server.stop()


@only_as_root
def test_data_that_belongs_to_root_is_not_run_and_it_is_said_how_that_is_mended(tmp_path: Path) -> None:
    server = OwnServer(tmp_path / "copied")
    server.data.mkdir(parents=True)
    with pytest.raises(EmbeddedError, match=f"{server.data} belongs to root, .*: chown -R nobody: {server.data}"):
        server.start()
    server.stop()
