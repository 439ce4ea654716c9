"""PostgreSQL's own programs, by which backups are made: whose they are, and how old they may be."""

from pathlib import Path

import pytest

from backoffice.database.client_programs import ProgramMissing
from tests.support.backups import save
from tests.support.faults import OwnServer
from tests.support.forked import run_module
from tests.support.servers import a_server

pytestmark = pytest.mark.usefixtures("client_programs")


async def test_programs_that_are_missing_or_too_old_are_named(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "flow.dump"
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProgramMissing, match="pg_dump is missing"):
        await save(database, file)
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 13.4 (Debian 13.4-1)'\n")
    old.chmod(0o755)
    with pytest.raises(ProgramMissing, match=r"pg_dump \(PostgreSQL\) 13\.4 .* is too old for PostgreSQL 1"):
        await save(database, file)
    assert not file.exists()


def test_the_embedded_database_needs_no_programs_but_its_own(
    project: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    programs, file = tmp_path / "programs", tmp_path / "flow.dump"
    programs.mkdir()
    (programs / "setpriv").symlink_to("/usr/bin/setpriv")
    a_server(project / ".data", migrated=True)
    for action in (["save"], ["load", "--replace"]):
        settings = environment | {"PATH": str(programs)}
        said = run_module(project, settings, "backoffice.database.backup", *action, str(file))
        assert said.code == 0, said.text
    assert OwnServer(project / ".data").running() == []
