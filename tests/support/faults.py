"""A PostgreSQL of a test's own, to be killed, frozen and restarted."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import asyncpg
import psutil

from backoffice.database.embedded import EmbeddedPostgres, command_line
from backoffice.settings import Settings

STARTER = """
import sys
from pathlib import Path
from backoffice.database.embedded import EmbeddedPostgres
EmbeddedPostgres(Path(sys.argv[1])).start()
print("ready", flush=True)
sys.stdin.read()
"""


def processes_naming(words: str) -> dict[int, int]:
    """Ids of the living processes with these words in their command line, this one apart, and of their parents."""
    found = [process.info for process in psutil.process_iter(["pid", "ppid", "cmdline"])]
    named = [one for one in found if words in " ".join(one["cmdline"] or ())]  # none where it is no longer alive
    return {one["pid"]: one["ppid"] for one in named if one["pid"] != os.getpid()}


@contextlib.contextmanager
def stopped(pids: list[int]) -> Iterator[None]:
    """Any of them may have ended by itself meanwhile."""
    try:
        send(signal.SIGSTOP, pids)
        yield
    finally:
        send(signal.SIGCONT, pids)


def send(number: int, pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def end_by(number: int, pids: list[int]) -> None:
    """Until none of them is left."""
    send(number, pids)
    while any(map(command_line, pids)):
        time.sleep(0.001)


class OwnServer(EmbeddedPostgres):
    """An embedded PostgreSQL with handles for what may befall it."""

    @property
    def pid(self) -> int:
        return int((self.data / "postmaster.pid").read_text().splitlines()[0])

    @property
    def dsn(self) -> str:
        return f"postgresql://flowcrm@/flowcrm?host={quote(self.socket_folder)}"

    def settings(self, **others: Any) -> Settings:
        return Settings(**{"database_url": self.dsn, "db_connect_timeout": 1, **others})

    async def query(self, sql: str) -> Any:
        connection = await asyncpg.connect(self.dsn, timeout=5)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    def running(self) -> list[int]:
        """Postmasters of this folder; for a moment after its birth, a child of one looks like one itself."""
        found = processes_naming(f"-D {self.data}")
        return [pid for pid, parent in found.items() if parent not in found]

    def family(self) -> list[int]:
        """The postmaster and its children."""
        return [self.pid, *(child.pid for child in psutil.Process(self.pid).children())]

    def kill(self) -> None:
        end_by(signal.SIGKILL, self.family())

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Accepts connections, answers nobody."""
        with stopped(self.family()):
            yield
