"""One run: a shop is opened, people work in it, mishaps befall it, and at the end the books are compared."""

import asyncio
import contextlib
import logging
import time
from pathlib import Path
from random import Random

import asyncpg

from tests.chaos.clerks import Clerk
from tests.chaos.door import Door
from tests.chaos.mishaps import Mishap, Mishaps, attach
from tests.chaos.people import Person
from tests.chaos.report import Plan, Report
from tests.chaos.shop import Customer, Price, Product, Shop
from tests.chaos.stage import Application
from tests.chaos.storekeepers import Storekeeper
from tests.chaos.verdict import Verdict
from tests.support.builders import a_customer, a_product, a_user
from tests.support.commands import piccolo
from tests.support.pgbouncer import pgbouncer
from tests.support.programs import free_port
from tests.support.standby import Pair, pair

RESUMES_WITHIN_SECONDS = 10
PAUSE_SECONDS = 3  # at most, between two mishaps
PRODUCTS = 6
REGULARS = 3
SERVER = {
    "max_connections": "40",  # more than the application may have, few enough for others to take them all
    "fsync": "on",
    "commit_delay": "20000",  # microseconds: so that mishaps fall into commits, where it is hard to say what happened
    "commit_siblings": "0",
}

logger = logging.getLogger("chaos")


async def play(plan: Plan, folder: Path) -> Report:
    """In a folder of its own, where the application's log stays."""
    with contextlib.ExitStack() as stack:
        servers = stack.enter_context(pair(folder, migrated=False, **SERVER))
        piccolo(servers.primary.dsn, "migrations", "forwards", "all")
        if plan.pgbouncer:  # which leads to one server, whatever happens
            dsn = servers.primary.dsn
            dsn = stack.enter_context(pgbouncer(folder / "pgbouncer", dsn))(dsn)
        else:
            dsn = servers.dsn
            await attach(servers)
        application = Application(dsn, free_port(), plan.workers, folder / "application.log")
        return await Play(plan, servers, application).run()


class Play:
    def __init__(self, plan: Plan, servers: Pair, application: Application) -> None:
        self.plan, self.servers, self.application = plan, servers, application
        self.report, self.shop = Report(plan), Shop()
        self.over = asyncio.Event()
        self.mishaps = Mishaps(servers, application, self.random("mishaps"))

    def random(self, whose: str) -> Random:
        return Random(f"{self.plan.seed} {whose}")

    async def run(self) -> Report:
        await self.open_the_shop()
        await self.application.start()
        people = await self.engage()
        try:
            await self.work(people)
            await self.compare(people[0].door)
        except* AssertionError as differences:
            self.report.differ(*map(str, differences.exceptions))
        finally:
            for person in people:
                self.report.did += person.did
                await person.door.close()
            await self.close_the_shop()
        return self.report

    # The shop

    async def open_the_shop(self) -> None:
        connection = await asyncpg.connect(self.servers.primary.dsn)
        for role in ("employee", "manager"):
            await a_user(connection, email=f"{role}@flowcrm.example", role=role)
        for _ in range(PRODUCTS):
            id = str(await a_product(connection, stock=20, sale_price="10.00"))
            price = await connection.fetchval("SELECT sale_price FROM products WHERE id = $1", id)
            self.shop.products[id] = Product(id, 20, [Price(price, since=0)])
        for _ in range(REGULARS):
            id = str(await a_customer(connection))
            [(name, cpf)] = await connection.fetch("SELECT name, cpf FROM customers WHERE id = $1", id)
            self.shop.customers[id] = Customer(name, cpf, id=id)
        await connection.close()

    async def close_the_shop(self) -> None:
        await self.application.stop()
        self.report.differ(*self.application.bad_lines())

    # The people

    async def engage(self) -> list[Person]:
        products, regulars = list(self.shop.products), list(self.shop.customers)
        people: list[Person] = [
            Clerk(self.shop, self.a_door(f"clerk {number}"), self.random(f"clerk {number}"), regulars)
            for number in range(self.plan.clerks)
        ]
        for number in range(2):
            name = f"storekeeper {number}"
            people.append(Storekeeper(self.shop, self.a_door(name), self.random(name), products[number::2]))
        for person in people:
            await person.door.log_in()
        return people

    def a_door(self, name: str) -> Door:
        return Door(self.application.address, self.report.ledger, self.random(f"door of {name}"))

    async def work(self, people: list[Person]) -> None:
        async with asyncio.TaskGroup() as group:
            for person in people:
                group.create_task(person.work(self.over))
            await self.befall(people[0].door)
            self.over.set()

    # The mishaps

    async def befall(self, door: Door) -> None:
        end = time.monotonic() + self.plan.seconds
        while time.monotonic() < end:
            await self.mishaps.pause(PAUSE_SECONDS)
            await self.suffer(self.mishaps.next(), door)

    async def suffer(self, mishap: Mishap, door: Door) -> None:
        logger.info("%s", mishap.__name__)
        await mishap()
        seconds = await self.resumption(door)
        self.report.befell[mishap.__name__] += 1
        self.report.slowest_resumption_seconds = max(self.report.slowest_resumption_seconds, seconds)
        if seconds > RESUMES_WITHIN_SECONDS:
            self.report.differ(f"{mishap.__name__}: {seconds:.1f} s until service resumed")

    async def resumption(self, door: Door) -> float:
        """Seconds until a read and a write are granted."""
        begun = time.monotonic()
        customer = next(iter(self.shop.customers))
        await door.insist("GET", "/api/products/")
        await door.insist("PATCH", f"/api/customers/{customer}/", {"address": None})
        return time.monotonic() - begun

    # The books

    async def compare(self, door: Door) -> None:
        connection = await asyncpg.connect(self.servers.primary.dsn)
        self.report.differ(*await Verdict(self.shop, connection).give(door))
        await connection.close()
