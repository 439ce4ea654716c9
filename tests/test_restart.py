"""Deploys under load: nobody is refused or cut off, and nothing is done twice."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import psutil
import pytest

from tests.support.builders import a_customer, a_product, a_user
from tests.support.clients import NO_CERTIFICATES, a_token, bearer
from tests.support.programs import Program, children

CLERKS = 4
PAUSE_SECONDS = 0.1  # of each after a sale, or they would leave little of the machine to what they wait for
MAX_SECONDS = 30
GRACE_SECONDS = 10
HUNG_SECONDS = 7  # a worker that serves would be taken for hung
DEMO = b'{"email": "ana@flowcrm.example", "password": "flowcrm-demo"}'


@dataclass
class Load:
    """People who sell one thing after the other."""

    connection: asyncpg.Connection
    address: str
    headers: dict[str, str]
    order: dict[str, object]
    acknowledged: list[str] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)
    broken: set[type[Exception]] = field(default_factory=set)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        async with asyncio.timeout(MAX_SECONDS * 2), asyncio.TaskGroup() as group:
            for number in range(CLERKS):
                group.create_task(self.clerk(keep_alive=number % 2 == 0))
            yield
            self.over.set()

    async def clerk(self, *, keep_alive: bool) -> None:
        limits = httpx.Limits(max_keepalive_connections=None if keep_alive else 0)
        timeout = httpx.Timeout(MAX_SECONDS)
        async with httpx.AsyncClient(
            base_url=self.address, headers=self.headers, limits=limits, timeout=timeout, verify=NO_CERTIFICATES
        ) as client:
            while not self.over.is_set():
                await self.insist(client, "GET", "/api/presales/")
                key = {"Idempotency-Key": uuid4().hex}
                sold = await self.insist(client, "POST", "/api/presales/", json=self.order, headers=key)
                self.acknowledged.append(sold.json()["id"])
                await asyncio.sleep(PAUSE_SECONDS)

    async def insist(self, client: httpx.AsyncClient, method: str, path: str, **options: object) -> httpx.Response:
        """Once more where nobody answered, so that what is said of it is said of all."""
        while True:
            try:
                answer = await client.request(method, path, **options)  # type: ignore[arg-type]
            except httpx.TransportError as error:
                self.broken.add(type(error))
            else:
                self.statuses.add(answer.status_code)
                return answer

    async def sold(self, number: int) -> None:
        goal = len(self.acknowledged) + number
        while len(self.acknowledged) < goal:
            await asyncio.sleep(0.01)

    async def assert_nobody_was_refused(self) -> None:
        assert self.statuses == {200, 201}
        assert self.broken == set()
        kept = await self.connection.fetchval("SELECT array_agg(id::text) FROM presales")
        assert sorted(self.acknowledged) == sorted(kept)


@pytest.fixture
async def load(connection: asyncpg.Connection) -> Load:
    await a_user(connection, email="ana@flowcrm.example", role="manager")
    items = [{"product_id": str(await a_product(connection)), "quantity": "1"}]
    order: dict[str, object] = {"customer_id": str(await a_customer(connection)), "items": items}
    return Load(connection, "", bearer(await a_token(connection, "ana@flowcrm.example")), order)


Start = Callable[..., Awaitable[Program]]


@pytest.fixture
def start(project: Path, environment: dict[str, str], database: str) -> Iterator[Start]:
    """Starts the program, and gives it back once it serves. Whatever a test leaves running is killed."""
    programs: list[Program] = []

    async def start(listener: socket.socket | None = None, **settings: str) -> Program:
        settings = environment | {"DATABASE_URL": database, "DB_POOL_MAX": "4"} | settings
        programs.append(Program(project, settings, "run.py", listener=listener))
        await asyncio.to_thread(programs[-1].wait_until, "Flow CRM is ready")
        return programs[-1]

    yield start
    for program in programs:
        if program.process.poll() is None:
            program.kill_all()


async def assert_ends_well(program: Program) -> None:
    assert await asyncio.to_thread(program.end) == 0, program.text
    assert "Traceback" not in program.text


async def test_several_workers_are_replaced_one_after_the_other_and_end_together(load: Load, start: Start) -> None:
    program = await start(WEB_CONCURRENCY="2")
    load.address = program.address
    before = children(program.process.pid)
    async with load.at_work():
        await load.sold(20)
        program.process.send_signal(signal.SIGHUP)
        await until_ended(*before)
        await load.sold(20)
    await assert_lets_who_is_there_finish_and_nobody_else_in(program)
    await load.assert_nobody_was_refused()


async def until_ended(*workers: int) -> None:
    while any(map(psutil.pid_exists, workers)):
        await asyncio.sleep(0.05)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A door that stays while those behind it come and go; systemd keeps one like it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


async def test_whoever_comes_between_two_programs_waits_at_the_door_that_systemd_keeps(
    load: Load, start: Start, listener: socket.socket
) -> None:
    program = await start(listener, WEB_CONCURRENCY="2", HOST="192.0.2.1")
    load.address = program.address
    assert f"{load.address}/admin/" in program.text
    async with load.at_work():
        await load.sold(20)
        program.process.terminate()
        await assert_ends_well(program)
        program = await start(listener, WEB_CONCURRENCY="1")
        await load.sold(20)
    program.process.send_signal(signal.SIGHUP)  # as when its terminal is closed: one process has no workers to replace
    await assert_ends_well(program)
    await load.assert_nobody_was_refused()


async def until_said(program: Program, words: str, times: int) -> None:
    deadline = time.monotonic() + MAX_SECONDS * 2
    while program.text.count(words) < times:
        assert time.monotonic() < deadline, program.text
        await asyncio.sleep(0.05)


async def successor(program: Program, worker: int) -> int:
    """Of a worker that died, once the log names both at the level of warnings."""
    line = re.compile(rf"\[warning +\] worker {worker} died or hung, and worker (\d+) takes its place")
    deadline = time.monotonic() + MAX_SECONDS * 2
    while not (found := line.search(program.text)):
        assert time.monotonic() < deadline, program.text
        await asyncio.sleep(0.05)
    return int(found[1])


async def test_while_one_worker_dies_or_cannot_start_or_hangs_the_others_serve_and_are_replaced_and_end(
    connection: asyncpg.Connection, start: Start
) -> None:
    program = await start(WEB_CONCURRENCY="2")
    await until_said(program, "startup complete", 2)

    await connection.execute("ALTER TABLE migration RENAME TO hidden")
    first, other = children(program.process.pid)
    os.kill(first, signal.SIGKILL)
    cannot_start = await successor(program, first)
    slow = await successor(program, cannot_start)
    os.kill(slow, signal.SIGSTOP)
    assert program.text.count("Flow CRM cannot start") == 1
    async with httpx.AsyncClient(base_url=program.address, verify=NO_CERTIFICATES) as client:
        assert (await client.get("/api/health/live")).status_code == 200
    await connection.execute("ALTER TABLE hidden RENAME TO migration")

    await asyncio.sleep(HUNG_SECONDS)
    os.kill(slow, signal.SIGCONT)
    await until_said(program, f"Started server process [{slow}]", 1)
    await until_said(program, "startup complete", 3)
    assert program.text.count("died or hung") == 2

    os.kill(slow, signal.SIGKILL)
    hangs_while_it_begins = await successor(program, slow)
    os.kill(hangs_while_it_begins, signal.SIGSTOP)
    program.process.send_signal(signal.SIGHUP)
    await until_said(program, f"worker {hangs_while_it_begins} does not end by itself", 1)
    await until_ended(other)

    os.kill(children(program.process.pid)[0], signal.SIGSTOP)
    program.process.terminate()
    await assert_ends_well(program)


def upload(port: int, *, sent: int) -> socket.socket:
    """A log-in that is on its way, so many of its bytes."""
    client = socket.create_connection(("127.0.0.1", port), timeout=MAX_SECONDS)
    head = f"POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(DEMO)}"
    client.sendall(head.encode() + b"\r\n\r\n" + DEMO[:sent])
    return client


def answer_to(client: socket.socket) -> bytes:
    """Until the connection is closed."""
    return b"".join(iter(lambda: client.recv(65536), b""))


def idle(port: int) -> socket.socket:
    """A connection kept alive after an answer."""
    client = socket.create_connection(("127.0.0.1", port), timeout=MAX_SECONDS)
    client.sendall(b"GET /api/health/live HTTP/1.1\r\nHost: x\r\n\r\n")
    said = b""
    while b"alive" not in said:
        said += client.recv(65536)
    return client


def is_refused(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) != 0


async def assert_lets_who_is_there_finish_and_nobody_else_in(program: Program) -> None:
    """Waits for slow uploads, but not for ever."""
    port = program.port
    with upload(port, sent=10) as slow, upload(port, sent=10) as endless, idle(port) as kept_alive:
        program.process.terminate()
        assert await asyncio.to_thread(kept_alive.recv, 1) == b""
        async with asyncio.timeout(GRACE_SECONDS / 2):
            while not is_refused(port):
                await asyncio.sleep(0.05)
        slow.sendall(DEMO[10:])
        assert (await asyncio.to_thread(answer_to, slow)).startswith(b"HTTP/1.1 200 OK")
        refusal = await asyncio.to_thread(answer_to, endless)
    assert refusal.startswith(b"HTTP/1.1 503")
    assert b'"code": "shutting_down"' in refusal
    assert b"retry-after: " in refusal.lower()
    await assert_ends_well(program)


@pytest.mark.usefixtures("load")
async def test_a_single_process_ends_the_same_way(start: Start) -> None:
    await assert_lets_who_is_there_finish_and_nobody_else_in(await start())
