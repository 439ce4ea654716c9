"""An older PostgreSQL is migrated, checked, saved and restored like the newest, by programs that are newer."""

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from backoffice.database import programs
from backoffice.database.embedded import NAME
from backoffice.database.programs import make_private_folder, run_program
from backoffice.migrations import checking, choices, runner
from backoffice.settings import Settings
from piccolo_conf import DB
from tests.support.backups import everything, load, save

PORT = 5432
NEXT_TRANSACTION = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"  # only who writes takes one


def oldest_programs() -> Path:
    """Of PostgreSQL 15 where Debian has it, else of the 16 that the package of the embedded one brings along."""
    packaged = programs._programs().parent.parent / "pginstall" / "bin"
    debian = Path("/usr/lib/postgresql/15/bin")
    return debian if debian.is_dir() else packaged


@pytest.fixture
def older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a PostgreSQL of another version."""
    data, folder = tmp_path / "data", oldest_programs()
    make_private_folder(data, data=tmp_path / "none")
    with monkeypatch.context() as patch:
        patch.setattr(programs, "_programs", lambda: folder)
        run_program(data, "initdb", "-D", str(data), "-U", NAME, "--auth=trust", "-E", "UTF8", "--locale=C")
        options = f"-c listen_addresses='' -c unix_socket_directories='{data}' -c fsync=off -c autovacuum=off -p {PORT}"
        run_program(data, "pg_ctl", "start", "-D", str(data), "-w", "-l", str(data / "log"), "-o", options)
    yield f"postgresql://{NAME}@/postgres?host={data}&port={PORT}"
    with monkeypatch.context() as patch:
        patch.setattr(programs, "_programs", lambda: folder)
        run_program(data, "pg_ctl", "stop", "-D", str(data), "-w", "-m", "immediate")


@pytest.mark.usefixtures("client_programs")
async def test_an_older_version_writes_the_same_definitions_and_takes_them_back(
    older: str, server: str, tmp_path: Path
) -> None:
    DB.configure(Settings(database_url=older))
    await runner.forwards(DB, choices.forwards())
    connection = await asyncpg.connect(older)
    before = await connection.fetchval(NEXT_TRANSACTION)
    assert str(await checking.check(DB, server)) == "The database is as the code says."
    assert await connection.fetchval(NEXT_TRANSACTION) == before, "even a superuser's check writes nothing"
    assert connection.get_server_version().major < 18
    await connection.close()

    made = await everything(older)
    await save(older, tmp_path / "dump")
    await load(older, tmp_path / "dump", replace=True)
    assert await everything(older) == made
