"""PostgreSQL servers for tests, each a copy of one that was made once for all processes that run tests."""

import contextlib
import fcntl
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from backoffice.database.programs import run_program
from tests.support.commands import piccolo
from tests.support.faults import OwnServer
from tests.support.surroundings import SHARED

HASTY = {"fsync": "off"}
PROVIDERS_SINCE = 15  # the version of PostgreSQL whose databases may have locales of their own
TEMPLATE = "flowcrm_template"


def template_sql(name: str, major: int) -> str:
    """In the locale that knows least: no letters but ASCII's. What works here works in all."""
    provider = "LOCALE_PROVIDER libc" if major >= PROVIDERS_SINCE else ""
    return f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' {provider}"


def migrate(dsn: str) -> None:
    piccolo(dsn, "migrations", "forwards", "all")


def own_server(folder: Path, *, migrated: bool = False, **options: str) -> contextlib.AbstractContextManager[OwnServer]:
    return running(a_server(folder, migrated=migrated, **options))


def a_server(folder: Path, *, migrated: bool = False, **options: str) -> OwnServer:
    """It begins with a copy, which takes a tenth of the time that it takes to make and migrate a database anew."""
    server = OwnServer(folder, options=HASTY | options)
    server.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    subprocess.run(["cp", "-pR", _made_once(migrated), server.data], check=True)
    return server


@contextlib.contextmanager
def running(server: OwnServer) -> Iterator[OwnServer]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _made_once(migrated: bool) -> Path:
    """The data of a stopped server. A migrated one also has a migrated template, see `databases`."""
    data = SHARED / ("migrated" if migrated else "empty")
    with data.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # until it is closed
        if not data.exists():
            with tempfile.TemporaryDirectory() as folder:
                server = OwnServer(Path(folder), options=HASTY)
                with running(server):
                    if migrated:
                        _migrate_both(server)
                server.data.rename(data)
    return data


def _migrate_both(server: OwnServer) -> None:
    migrate(server.dsn)
    arguments = ["-h", server.socket_folder, "-U", "flowcrm", "-v", "ON_ERROR_STOP=1"]
    run_program(server.data, "psql", *arguments, text=template_sql(TEMPLATE, 18))
    migrate(server.dsn.replace("/flowcrm?", f"/{TEMPLATE}?"))
