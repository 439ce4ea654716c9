"""Debian's PgBouncer, lending sessions transaction by transaction, between a test and PostgreSQL."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from backoffice.database.programs import CAPABILITIES
from backoffice.settings import Settings
from tests.chaos.stage import free_port

START_SECONDS = 20

# Where it matters, what docs/operations.md recommends.
CONFIGURATION = """
[databases]
* = host={host} port={port}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = transaction
default_pool_size = {sessions}
max_client_conn = 200
server_login_retry = 1
query_wait_timeout = 5
"""


def program() -> str:
    """Skips what asks for it where there is none."""
    found = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        pytest.skip("needs Debian's pgbouncer")
    return found


@contextmanager
def pgbouncer(folder: Path, server: str, *, port: int = 0, sessions: int = 20) -> Iterator[Callable[[str], str]]:
    """Turns the address of a database of this server into one that leads there through PgBouncer."""
    command, port = [program()], port or free_port()
    url, (host, its_port) = urlsplit(server), Settings(database_url=SecretStr(server)).addresses[0]
    folder.mkdir()
    users, configuration, log = folder / "users.txt", folder / "pgbouncer.ini", folder / "log"
    users.write_text(f'"{url.username}" "{url.password or ""}"\n')
    configuration.write_text(
        CONFIGURATION.format(host=host, port=its_port, listen=port, users=users, sessions=sessions)
    )
    if os.geteuid() == 0:  # where it refuses to run
        command = ["setpriv", "--reuid=nobody", "--regid=nogroup", *CAPABILITIES, *command]
    with log.open("w") as out:
        process = subprocess.Popen([*command, str(configuration)], stdout=out, stderr=out)
    try:
        wait_for(process, port, log)
        yield lambda dsn: f"postgresql://{url.username}:{url.password or ''}@127.0.0.1:{port}{urlsplit(dsn).path}"
    finally:
        process.terminate()
        process.wait()


def wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
