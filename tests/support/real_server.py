"""The application in a process of its own, for clients that speak HTTP over a real socket."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backoffice.settings import ROOT

START_SECONDS = 60
STOP_SECONDS = 20


@contextmanager
def real_server(dsn: str, log: Path, **environment: str) -> Iterator[str]:
    """Its address, while it serves this database. What it says goes into the log."""
    with socket.socket() as listener, log.open("w") as out:
        # uvicorn takes a socket from --fd for a Unix one, and would let each answer wait 40 ms for an acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        command = [sys.executable, "-m", "uvicorn", "main:app", "--fd", str(listener.fileno()), "--no-access-log"]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": dsn, "LOG_LEVEL": "WARNING"} | environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            pass_fds=[listener.fileno()],
        )
        try:
            _wait(process, port, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Until it takes connections, which it does once the application has started."""
    deadline = time.monotonic() + START_SECONDS
    with socket.socket() as client:
        while client.connect_ex(("127.0.0.1", port)):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
