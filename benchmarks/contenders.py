"""Who takes part, how each is started, and how it wants to be asked."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import IO

from backoffice.settings import ROOT, Settings
from benchmarks.work import Dialect, Headers

START_SECONDS = 30
STOP_SECONDS = 15
PEERS = "benchmarks.peers"

UVICORN = ("-m", "uvicorn", "--loop=uvloop", "--http=httptools", "--no-access-log", "--log-level=warning")
# Threads, because without them gunicorn closes the connection after each answer.
GUNICORN = ("-m", "gunicorn", "--workers=1", "--threads=4", "--keep-alive=30")


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One server.

    :param arguments: of Python; `{port}` stands for the port.
    :param packages: whose versions the report names.
    """

    name: str
    arguments: tuple[str, ...]
    dialect: Dialect = field(default_factory=Dialect)
    settings: Mapping[str, str] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    logged_in: bool = True

    def headers(self, token: str) -> Headers:
        return {"Authorization": f"Bearer {token}"} if self.logged_in else {}


def _total_of_range(headers: Headers) -> int:
    return int(headers["content-range"].rpartition("/")[2])


FLOW_CRM = Contender(
    name="Flow CRM",
    arguments=("run.py",),
    settings={"LOG_LEVEL": "WARNING"},  # none of the others writes a line for each request
    dialect=Dialect(page="limit={limit}&offset={offset}&__order={order}"),
)
FLOOR = Contender(
    name="floor", arguments=(*UVICORN, "--port={port}", f"{PEERS}.floor:app"), packages=("asyncpg",), logged_in=False
)
LITESTAR = Contender(
    name="Litestar",
    arguments=(*UVICORN, "--port={port}", f"{PEERS}.litestar_asyncpg.app:app"),
    packages=("litestar", "msgspec", "asyncpg"),
)
SQLALCHEMY = Contender(
    name="SQLAlchemy",
    arguments=(*UVICORN, "--port={port}", f"{PEERS}.fastapi_sqlalchemy.main:app"),
    packages=("fastapi", "sqlalchemy", "asyncpg"),
)
PICCOLO = Contender(
    name="PiccoloCRUD",
    arguments=(*UVICORN, "--port={port}", f"{PEERS}.stock_piccolo.app:app"),
    packages=("fastapi", "piccolo", "piccolo-api"),
    settings={"PICCOLO_CONF": f"{PEERS}.stock_piccolo.piccolo_conf"},
    dialect=Dialect(
        page="__page_size={limit}&__page={number}&__order={order}&__range_header=true",
        search="/api/customers/search/?search={typed}",
        total=lambda body, headers: body["total"] if "total" in body else _total_of_range(headers),
        unfiltered=True,
    ),
)
DJANGO = Contender(
    name="Django",
    arguments=(*GUNICORN, "--bind=127.0.0.1:{port}", f"{PEERS}.django_rest.wsgi"),
    packages=("django", "djangorestframework", "psycopg", "gunicorn"),
    dialect=Dialect(
        page="limit={limit}&offset={offset}&ordering={order}",
        rows="results",
        total=lambda body, headers: int(body["count"]),
    ),
)
CONTENDERS = (FLOOR, FLOW_CRM, LITESTAR, SQLALCHEMY, PICCOLO, DJANGO)


@dataclass(frozen=True)
class Running:
    """A contender that serves."""

    contender: Contender
    port: int
    pid: int


class DidNotStart(Exception):
    """The text says which, and where its output is."""


@contextmanager
def serving(contender: Contender, dsn: str, folder: Path) -> Iterator[Running]:
    port = _free_port()
    log = folder / f"{contender.name}.log"
    with log.open("wb") as output:
        process = _start(contender, dsn, port, output)
        try:
            _wait_until_healthy(process, port, log)
            yield Running(contender, port, process.pid)
        finally:
            _stop(process)


def _start(contender: Contender, dsn: str, port: int, output: IO[bytes]) -> "subprocess.Popen[bytes]":
    ours = {name.upper() for name in Settings.model_fields}
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    environment |= {"DATABASE_URL": dsn, "HOST": "127.0.0.1", "PORT": str(port), **contender.settings}
    command = [sys.executable, *(argument.format(port=port) for argument in contender.arguments)]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)  # noqa: S603


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_until_healthy(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError):
            if _health(port) == 200:
                return
        time.sleep(0.05)
    raise DidNotStart(f"{log.stem} did not start: {log.read_text(errors='replace')[-2000:]}")


def _health(port: int) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/api/health")
        return connection.getresponse().status
    finally:
        connection.close()


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
