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
from tests.support.ending import ends_well
from tests.support.programs import Program, children

CLERKS = 4
PAUSE_SECONDS = 0.3  # of each after a sale, in which a server that ends does not yet close its connection
MAX_SECONDS = 30
HUNG_SECONDS = 7  # one that had served would be taken for hung


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
        self.over.clear()
        async with asyncio.timeout(MAX_SECONDS * 3), asyncio.TaskGroup() as group:
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


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A door that stays while those behind it come and go; systemd keeps one like it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


Start = Callable[..., Awaitable[Program]]


@pytest.fixture
def start(project: Path, environment: dict[str, str], database: str, listener: socket.socket) -> Iterator[Start]:
    """Starts the program, and gives it back once it serves. Whatever a test leaves running is killed."""
    programs: list[Program] = []

    async def start(**settings: str) -> Program:
        settings = environment | {"DATABASE_URL": database, "DB_POOL_MAX": "4", "HOST": "192.0.2.1"} | settings
        programs.append(Program(project, settings, "run.py", listener=listener))
        await asyncio.to_thread(programs[-1].wait_until, "Flow CRM is ready")
        return programs[-1]

    yield start
    for program in programs:
        if program.process.poll() is None:
            program.kill_all()


async def test_whatever_becomes_of_workers_and_of_the_program_nobody_is_refused(
    connection: asyncpg.Connection, load: Load, start: Start
) -> None:
    program = await start(WEB_CONCURRENCY="2")
    load.address = program.address
    assert f"{load.address}/admin/" in program.text
    hung, other = await one_that_hangs_after_one_died_and_another(program, connection)

    async with load.at_work():
        await load.sold(8)
        program.process.send_signal(signal.SIGHUP)
        await until_said(program, f"worker {hung} does not end by itself", 1)
        await until_ended(other)
        await load.sold(8)

    async with load.at_work():
        await load.sold(8)
        program.process.terminate()
        await ends_well(program)
        program = await start(WEB_CONCURRENCY="2")
        await load.sold(8)
    await load.assert_nobody_was_refused()

    hangs_when_told_to_end = children(program.process.pid)[0]
    os.kill(hangs_when_told_to_end, signal.SIGSTOP)
    program.process.terminate()
    await ends_well(program)
    assert f"worker {hangs_when_told_to_end} does not end by itself" in program.text


async def one_that_hangs_after_one_died_and_another(
    program: Program, connection: asyncpg.Connection
) -> tuple[int, int]:
    """Two workers: one is killed, its successor cannot start, the next is slow, and one more hangs."""
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
    hung = await successor(program, slow)
    os.kill(hung, signal.SIGSTOP)
    return hung, other


async def until_ended(*workers: int) -> None:
    while any(map(psutil.pid_exists, workers)):
        await asyncio.sleep(0.05)


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
