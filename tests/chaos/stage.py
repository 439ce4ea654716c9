"""Where it all happens: the application as a process of our own, to be started, stopped and killed."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from backoffice.settings import ROOT, Settings
from tests.support.programs import children

POOL = 4
START_SECONDS = 60
STOP_SECONDS = 25  # the requests in flight have ten, closing the pool has a few more
READY = "Flow CRM is ready"
BAD_WORDS = ("Traceback", "unforeseen error", "never retrieved", "never awaited")


class Application:
    """`python run.py` on a database, again and again at the same address."""

    def __init__(self, database: str, port: int, workers: int, log: Path) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.workers, self.log = workers, log
        ours = {name.upper() for name in Settings.model_fields}
        settings = {
            "DATABASE_URL": database,
            "PORT": str(port),
            "WEB_CONCURRENCY": str(workers),
            "DB_POOL_MAX": str(POOL),
        }
        self._environment = {name: value for name, value in os.environ.items() if name not in ours} | settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    @property
    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    async def start(self) -> None:
        """Returns once it serves."""
        starts = self.said.count(READY)
        command = [sys.executable, "run.py"]
        with self.log.open("a") as out:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=self._environment, stdout=out, stderr=out, start_new_session=True
            )
        deadline = time.monotonic() + START_SECONDS
        while self.said.count(READY) == starts:
            assert self.process.poll() is None, f"the application ended instead of starting, see {self.log}"
            assert time.monotonic() < deadline, f"the application did not start in time, see {self.log}"
            await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """As a deploy does: politely."""
        self.process.terminate()
        code = await asyncio.to_thread(self.process.wait, STOP_SECONDS)
        assert code == 0, f"the application ended with {code}, see {self.log}"

    def kill(self) -> None:
        """With its workers."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def workers_at_work(self) -> list[int]:
        return children(self.process.pid)

    def processes(self) -> list[int]:
        return [self.process.pid, *self.workers_at_work()]

    def bad_lines(self) -> list[str]:
        return [line for line in self.said.splitlines() if any(word in line for word in BAD_WORDS)]
