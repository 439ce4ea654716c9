"""Debian's PgBouncer, lending sessions transaction by transaction, between a test and PostgreSQL."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from backoffice.database.programs import CAPABILITIES
from backoffice.settings import Settings
from tests.support.programs import free_port

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
max_client_conn = {clients}
server_login_retry = 1
query_wait_timeout = 5
"""


def program() -> str:
    """Skips what asks for it where there is none."""
    found = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        pytest.skip("needs Debian's pgbouncer")
    return found


class PgBouncer:
    """Called with the address of a database of its server: where it is reached through PgBouncer.

    :param sessions: how many it has with the server, at most.
    :param clients: how many it lets in, at most.
    """

    def __init__(self, folder: Path, server: str, *, port: int, sessions: int, clients: int) -> None:
        folder.mkdir()
        url = urlsplit(server)
        self.who, self.port = f"{url.username}:{url.password or ''}", port
        self.most = {"sessions": sessions, "clients": clients}
        self.configuration, self.users = folder / "pgbouncer.ini", folder / "users.txt"
        self.users.write_text(f'"{url.username}" "{url.password or ""}"\n')
        self._configure(server)
        command = [program(), str(self.configuration)]
        if os.geteuid() == 0:  # where it refuses to run
            command = ["setpriv", "--reuid=nobody", "--regid=nogroup", *CAPABILITIES, *command]
        self.log = folder / "log"
        with self.log.open("w") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out)

    def __call__(self, dsn: str) -> str:
        return f"postgresql://{self.who}@127.0.0.1:{self.port}{urlsplit(dsn).path}"

    def lead_to(self, server: str) -> None:
        """From now on to another server, as whoever promotes standbys would have it."""
        self._configure(server)
        self.process.send_signal(signal.SIGHUP)

    def _configure(self, server: str) -> None:
        host, port = Settings(database_url=SecretStr(server)).addresses[0]
        self.configuration.write_text(
            CONFIGURATION.format(host=host, port=port, listen=self.port, users=self.users, **self.most)
        )


@contextmanager
def pgbouncer(
    folder: Path, server: str, *, port: int = 0, sessions: int = 20, clients: int = 200
) -> Iterator[PgBouncer]:
    between = PgBouncer(folder, server, port=port or free_port(), sessions=sessions, clients=clients)
    try:
        wait_for(between.process, between.port, between.log)
        yield between
    finally:
        between.process.terminate()
        between.process.wait()


def wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
