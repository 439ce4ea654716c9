"""The product's programs as an operator starts them, and what they say."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

import psutil

from backoffice.database.embedded import command_line
from backoffice.settings import ROOT

START_SECONDS = 60
AS_SYSTEMD = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""


def project_in(folder: Path) -> Path:
    """The project in a folder of its own: same code, no .env, no data."""
    folder.mkdir()
    for entry in ROOT.iterdir():
        if entry.is_dir() and not entry.name.startswith("."):
            (folder / entry.name).symlink_to(entry)
        elif entry.suffix == ".py":
            shutil.copy2(entry, folder)  # a link would lead Python back here
    return folder


class Program:
    """A started program in a process group of its own, and what it says."""

    def __init__(
        self, project: Path, environment: dict[str, str], *arguments: str, listener: socket.socket | None = None
    ) -> None:
        """:param listener: a socket that the program is to serve on, passed on as systemd does."""
        self.said = project / f"said-{uuid.uuid4().hex[:6]}.txt"
        self.port = free_port()
        if listener is not None:
            self.port = listener.getsockname()[1]
        with self.said.open("w") as out:
            self.process = subprocess.Popen(
                command(listener, arguments),
                cwd=project,
                env=environment | {"PORT": str(self.port)},
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[listener.fileno()] if listener else [],
            )

    @property
    def text(self) -> str:
        return self.said.read_text()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_until(self, words: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while words not in self.text:
            assert self.process.poll() is None, self.text
            assert time.monotonic() < deadline, self.text
            time.sleep(0.02)

    def end(self) -> int:
        return self.process.wait(START_SECONDS)

    def kill_all(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def command(listener: socket.socket | None, arguments: Sequence[str]) -> list[str]:
    if listener is None:
        return [sys.executable, *arguments]
    return [sys.executable, "-c", AS_SYSTEMD, str(listener.fileno()), *arguments]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def children(pid: int) -> list[int]:
    """The processes that serve, of one that has several."""
    return [child.pid for child in psutil.Process(pid).children() if "spawn_main" in command_line(child.pid)]
