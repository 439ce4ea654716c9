"""What may befall the shop: each mishap begins, lasts, and is over when its coroutine ends."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable
from random import Random

import asyncpg

from backoffice.database.connecting import APPLICATION_NAME
from tests.chaos.stage import Application
from tests.support.faults import OwnServer, stopped
from tests.support.standby import Pair

OURS = f"SELECT pid FROM pg_stat_activity WHERE application_name = '{APPLICATION_NAME}' AND datname = 'flowcrm'"

Mishap = Callable[[], Awaitable[None]]


async def attach(servers: Pair) -> None:
    """While everybody works on."""
    await asyncio.to_thread(servers.attach)
    await servers.wait_for_each_other()


class Mishaps:
    """Shuffled like cards: each kind comes once before any comes again."""

    def __init__(self, servers: Pair, application: Application, random: Random) -> None:
        self.servers, self.application, self.random = servers, application, random
        self._deck: list[Mishap] = []

    @property
    def server(self) -> OwnServer:
        return self.servers.primary

    def next(self) -> Mishap:
        if not self._deck:
            self._deck = self.all()
            self.random.shuffle(self._deck)
        return self._deck.pop()

    def all(self) -> list[Mishap]:
        several: list[Mishap] = []
        if self.application.workers > 1:
            several += [self.a_worker_is_killed, self.the_workers_are_replaced]
        if self.servers.is_attached:
            several += [self.the_standby_takes_over, self.the_standby_freezes]
        return [
            self.the_database_is_killed,
            self.the_database_is_restarted,
            self.the_database_freezes,
            self.the_database_freezes_and_is_killed,
            self.one_session_freezes,
            self.sessions_are_terminated,
            self.a_table_is_locked,
            self.rows_are_locked,
            self.others_take_all_connections,
            self.the_application_is_killed,
            self.the_application_is_deployed,
            self.the_application_freezes,
            *several,
        ]

    async def pause(self, most_seconds: float) -> None:
        await asyncio.sleep(self.random.uniform(0, most_seconds))

    async def lasting(self, most_seconds: float) -> None:
        await asyncio.sleep(self.random.uniform(0.2, most_seconds))

    # The database

    async def the_database_is_killed(self) -> None:
        await asyncio.to_thread(self.server.kill)
        await self.lasting(4)
        await asyncio.to_thread(self.server.start)

    async def the_database_is_restarted(self) -> None:
        await asyncio.to_thread(self.server.stop)
        await self.lasting(2)
        await asyncio.to_thread(self.server.start)

    async def the_database_freezes(self) -> None:
        with self.server.frozen():
            await self.lasting(14)

    async def the_database_freezes_and_is_killed(self) -> None:
        with self.server.frozen():
            await self.lasting(2)
            await asyncio.to_thread(self.server.kill)
        await asyncio.to_thread(self.server.start)

    async def one_session_freezes(self) -> None:
        with stopped(await self.sessions(1)):
            await self.lasting(6)

    async def sessions_are_terminated(self) -> None:
        """Now and again, and each time some of them."""
        for _ in range(self.random.randint(1, 5)):
            for pid in await self.sessions(self.random.randint(1, 8)):
                await self.server.query(f"SELECT pg_terminate_backend({pid})")
            await self.lasting(0.5)

    async def a_table_is_locked(self) -> None:
        table = self.random.choice(["presales", "products", "sessions", "idempotency_keys"])
        await self.held(f"LOCK TABLE {table}")

    async def rows_are_locked(self) -> None:
        await self.held("SELECT FROM products ORDER BY id LIMIT 2 FOR UPDATE")

    async def held(self, sql: str) -> None:
        connection = await asyncpg.connect(self.server.dsn)
        async with connection.transaction():
            await connection.execute(sql)
            await self.lasting(6)
        await connection.close()

    async def others_take_all_connections(self) -> None:
        """And the application must connect anew."""
        taken: list[asyncpg.Connection] = []
        with contextlib.suppress(asyncpg.TooManyConnectionsError):
            while True:
                taken.append(await asyncpg.connect(self.server.dsn))
                for pid in await taken[0].fetch(OURS):
                    await taken[0].execute("SELECT pg_terminate_backend($1)", pid["pid"])
        await self.lasting(4)
        for connection in taken:
            connection.terminate()

    async def sessions(self, most: int) -> list[int]:
        connection = await asyncpg.connect(self.server.dsn)
        pids = sorted(record["pid"] for record in await connection.fetch(OURS))
        await connection.close()
        return self.random.sample(pids, min(most, len(pids)))

    async def the_standby_takes_over(self) -> None:
        """Whoever promotes one makes sure that it is the one whom commits waited for."""
        await self.servers.until_synchronous()
        await asyncio.to_thread(self.server.kill)
        await self.lasting(2)
        await asyncio.to_thread(self.servers.promote)
        await self.lasting(2)
        await attach(self.servers)

    async def the_standby_freezes(self) -> None:
        """Whoever writes meanwhile waits for it."""
        with self.servers.standby.frozen():
            await self.lasting(8)

    # The application

    async def the_application_is_killed(self) -> None:
        self.application.kill()
        await self.application.start()

    async def the_application_is_deployed(self) -> None:
        await self.application.stop()
        await self.application.start()

    async def the_application_freezes(self) -> None:
        with stopped(self.application.processes()):
            await self.lasting(3)

    async def the_workers_are_replaced(self) -> None:
        """As a deploy does that nobody is to notice."""
        before = set(self.application.workers_at_work())
        os.kill(self.application.process.pid, signal.SIGHUP)
        while before & set(self.application.workers_at_work()):
            await asyncio.sleep(0.1)

    async def a_worker_is_killed(self) -> None:
        os.kill(self.random.choice(self.application.workers_at_work()), signal.SIGKILL)
