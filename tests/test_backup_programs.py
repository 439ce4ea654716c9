"""PostgreSQL's own programs, by which backups are made: whose they are, and how old they may be."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backoffice.database import programs
from backoffice.database.backup import BackupRefused
from backoffice.database.programs import make_private_folder, run_program
from tests.support.backups import PROGRAMS, everything, load, save
from tests.support.commands import piccolo
from tests.support.faults import OwnServer


@pytest.fixture(autouse=True)
def _programs_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{PROGRAMS}:{os.environ['PATH']}")


async def test_programs_that_are_missing_or_too_old_are_named(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "flow.dump"
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupRefused, match="pg_dump is missing"):
        await save(database, file)
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 13.4 (Debian 13.4-1)'\n")
    old.chmod(0o755)
    with pytest.raises(BackupRefused, match=r"pg_dump \(PostgreSQL\) 13\.4 .* is too old for PostgreSQL 1"):
        await save(database, file)
    assert not file.exists()


def test_the_embedded_database_needs_no_programs_but_its_own(
    project: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    programs, file = tmp_path / "programs", tmp_path / "flow.dump"
    programs.mkdir()
    (programs / "setpriv").symlink_to("/usr/bin/setpriv")
    for action in (["save"], ["load", "--replace"]):
        command = [sys.executable, "-m", "backoffice.database.backup", *action, str(file)]
        settings = environment | {"PATH": str(programs)}
        done = subprocess.run(command, cwd=project, env=settings, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert OwnServer(project / ".data").running() == []


class OlderServer(OwnServer):
    """PostgreSQL 16, which comes in the same package."""

    def _create(self) -> None:
        fresh = self.data.with_name("fresh")
        make_private_folder(fresh, data=self.data)
        locale = ("-E", "UTF8", "--locale=C.UTF-8")
        run_program(self.data, "initdb", "-D", str(fresh), "-U", "flowcrm", "--auth=trust", *locale)
        run_program(self.data, "postgres", "--single", "-D", str(fresh), "postgres", text="CREATE DATABASE flowcrm\n")
        fresh.rename(self.data)


@pytest.fixture
def older_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnServer]:
    older = PROGRAMS.parents[1] / "pginstall" / "bin"
    monkeypatch.setattr(programs, "_programs", lambda: older)
    server = OlderServer(tmp_path / "older", options={"fsync": "off"})
    server.start()
    yield server
    server.stop()


async def test_newer_programs_restore_into_an_older_server(older_server: OwnServer, tmp_path: Path) -> None:
    file = tmp_path / "flow.dump"
    piccolo(older_server.dsn, "migrations", "forwards", "all")
    await save(older_server.dsn, file)
    before = await everything(older_server.dsn)
    await load(older_server.dsn, file, replace=True)
    assert await everything(older_server.dsn) == before
    assert (await older_server.query("SHOW server_version")).startswith("16")
