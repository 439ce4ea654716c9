"""An older PostgreSQL is migrated and checked like the newest, even against a reference of another version."""

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from backoffice import postgres_programs
from backoffice.embedded import NAME
from backoffice.migrations import checking, choices, runner
from backoffice.postgres_programs import make_private_folder, run_program
from backoffice.settings import Settings
from piccolo_conf import DB

PORT = 5432


@pytest.fixture
def older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a PostgreSQL 16, which the package of the embedded one brings along."""
    programs = postgres_programs._programs().parent.parent / "pginstall" / "bin"
    monkeypatch.setattr(postgres_programs, "_programs", lambda: programs)
    data = tmp_path / "data"
    make_private_folder(data, data=tmp_path / "none")
    run_program(data, "initdb", "-D", str(data), "-U", NAME, "--auth=trust", "-E", "UTF8", "--locale=C")
    options = f"-c listen_addresses='' -c unix_socket_directories='{data}' -c fsync=off -p {PORT}"
    run_program(data, "pg_ctl", "start", "-D", str(data), "-w", "-l", str(data / "log"), "-o", options)
    yield f"postgresql://{NAME}@/postgres?host={data}&port={PORT}"
    run_program(data, "pg_ctl", "stop", "-D", str(data), "-w", "-m", "immediate")


async def test_every_version_writes_the_same_definitions(older: str, server: str) -> None:
    DB.configure(Settings(database_url=older))
    await runner.forwards(DB, choices.forwards())
    connection = await asyncpg.connect(older)
    assert connection.get_server_version().major == 16
    for reference in (server, ""):
        assert str(await checking.check(DB, reference)) == "The database is as the code says."
    await connection.execute("ALTER TABLE products DROP CONSTRAINT products_stock_not_negative")
    report = await checking.check(DB, server)
    assert [str(one) for one in report.drift] == ["constraint products.products_stock_not_negative is missing"]
    assert not await connection.fetch("SELECT FROM pg_database WHERE datname LIKE 'flowcrm_scratch%'")
    await connection.close()
