"""The primary falls, and its standby is promoted while people work: refused for a moment, nothing lost."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from backoffice.settings import Settings
from main import app, lifespan
from piccolo_conf import DB
from tests.support.builders import a_customer, a_product, a_user
from tests.support.clients import a_client, a_token, bearer
from tests.support.faults import OwnServer
from tests.support.pgbouncer import PgBouncer, pgbouncer
from tests.support.standby import Pair, pair, set_option

DIRECTLY, THROUGH = "directly", "through PgBouncer"
RESUMES_WITHIN_SECONDS = 10
CLERKS = 4
POOL = CLERKS * 2  # so that some connections are idle when their server falls
LIMITS: dict[str, Any] = {"db_pool_max": POOL, "db_connect_timeout": 1, "db_acquire_timeout": 1}
HANGS_FOR_SECONDS = 3  # a server that refuses nobody, until the standby is promoted


@dataclass
class Shop:
    """The application, told of two hosts, and people who never stop."""

    servers: Pair
    between: PgBouncer | None
    manager: httpx.AsyncClient
    order: dict[str, object]
    acknowledged: list[str] = field(default_factory=list)
    refused: list[httpx.Response] = field(default_factory=list)

    async def change_address(self, address: str) -> httpx.Response:
        """One statement, without a transaction around it."""
        return await self.manager.patch(f"/api/customers/{self.order['customer_id']}/", json={"address": address})

    async def clerk(self) -> None:
        for number in itertools.count():
            changed = await self.change_address(f"Rua Direita, {number}")
            if changed.status_code != 200:
                self.refused.append(changed)
            answer = await self.manager.post("/api/presales/", json=self.order)
            if answer.status_code == 201:
                self.acknowledged.append(answer.json()["id"])
            else:
                self.refused.append(answer)
                await asyncio.sleep(0.05)

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            clerks = [group.create_task(self.clerk()) for _ in range(CLERKS)]
            yield
            for clerk in clerks:
                clerk.cancel()

    def promote(self) -> None:
        self.servers.promote()
        if self.between is not None:
            self.between.lead_to(self.servers.primary.dsn)

    async def noticed(self) -> None:
        """Until everybody may have been refused, or has waited long enough for what does not answer."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HANGS_FOR_SECONDS):
                while len(self.refused) < CLERKS * 2:
                    await asyncio.sleep(0.01)

    async def sold(self, number: int) -> None:
        """Until so many more were sold, which may not take longer than a failover."""
        goal = len(self.acknowledged) + number
        async with asyncio.timeout(RESUMES_WITHIN_SECONDS):
            while len(self.acknowledged) < goal:
                await asyncio.sleep(0.01)


@pytest.fixture
async def shop(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Shop]:
    """With the parameter `through PgBouncer`, which leads to the primary alone."""
    with contextlib.ExitStack() as stack:
        servers = stack.enter_context(pair(tmp_path, migrated=True))
        connection = await asyncpg.connect(servers.primary.dsn)
        await a_user(connection, email="manager@flowcrm.example", role="manager")
        token = await a_token(connection, "manager@flowcrm.example")
        items = [{"product_id": str(await a_product(connection)), "quantity": "1"}]
        order: dict[str, object] = {"customer_id": str(await a_customer(connection)), "items": items}
        await connection.close()
        servers.attach()
        await servers.wait_for_each_other()
        between = None
        if getattr(request, "param", DIRECTLY) != DIRECTLY:
            between = stack.enter_context(pgbouncer(tmp_path / "between", servers.primary.dsn))
        dsn = between(servers.primary.dsn) if between else servers.dsn
        DB.configure(Settings(database_url=dsn, **LIMITS))
        async with lifespan(app), a_client(**bearer(token)) as manager:
            await asyncio.gather(*[DB.run_ddl("SELECT pg_sleep(0.1)") for _ in range(POOL)])
            yield Shop(servers, between, manager, order)


Fall = Callable[[OwnServer], Awaitable[AbstractContextManager[None]]]


async def killed(primary: OwnServer) -> AbstractContextManager[None]:
    await asyncio.to_thread(primary.kill)
    return contextlib.nullcontext()


async def stopped(primary: OwnServer) -> AbstractContextManager[None]:
    await asyncio.to_thread(primary.stop)
    return contextlib.nullcontext()


async def frozen(primary: OwnServer) -> AbstractContextManager[None]:
    """It takes connections still, and comes back afterwards as if nothing had been."""
    return primary.frozen()


async def demoted(primary: OwnServer) -> AbstractContextManager[None]:
    """It goes on answering on every connection, and takes no more writes."""
    await set_option(primary, "default_transaction_read_only", "on")
    return contextlib.nullcontext()


@pytest.mark.parametrize("shop", [DIRECTLY, pytest.param(THROUGH, marks=pytest.mark.pgbouncer)], indirect=True)
@pytest.mark.parametrize("fall", [killed, stopped, frozen, demoted])
async def test_a_standby_takes_over_in_time_and_has_all_that_was_acknowledged(shop: Shop, fall: Fall) -> None:
    async with shop.at_work():
        await shop.sold(10)
        with await fall(shop.servers.primary):
            await shop.noticed()
            begun = time.monotonic()
            await asyncio.to_thread(shop.promote)
            await shop.sold(1)
            assert time.monotonic() - begun < RESUMES_WITHIN_SECONDS
            await shop.sold(10)
        await shop.sold(10)
    assert shop.refused, "nobody noticed anything"
    for answer in shop.refused:
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert answer.json()["code"].startswith("database_")
    kept = await shop.servers.primary.query("SELECT array_agg(id::text) FROM presales")
    assert set(shop.acknowledged) <= set(kept)


async def test_a_sale_that_the_standby_does_not_have_is_not_acknowledged_to_whoever_asks_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Settings, "request_timeout", 4)  # three are for the lock of the second
    key = {"Idempotency-Key": "the same"}
    with shop.servers.standby.frozen():
        answers = [await shop.manager.post("/api/presales/", json=shop.order, headers=key) for _ in range(2)]
        assert {answer.json()["code"] for answer in answers} == {"database_timeout"}
        assert await shop.servers.primary.query("SELECT count(*) FROM presales") == 0
    async with asyncio.timeout(RESUMES_WITHIN_SECONDS):
        while (answer := await shop.manager.post("/api/presales/", json=shop.order, headers=key)).status_code != 201:
            await asyncio.sleep(0.05)
    kept = await shop.servers.primary.query("SELECT array_agg(id::text) FROM presales")
    assert kept == [answer.json()["id"]]


async def test_a_change_that_the_standby_does_not_have_is_seen_by_nobody(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Settings, "request_timeout", 1)
    address = "SELECT address FROM customers"
    before = await shop.servers.primary.query(address)
    with shop.servers.standby.frozen():
        answer = await shop.change_address("Rua Direita, 1")
        assert (answer.status_code, answer.json()["code"]) == (503, "database_timeout")
        assert "database_timeout: TimeoutError: no answer in time" in caplog.text
        assert await shop.servers.primary.query(address) == before
    async with asyncio.timeout(RESUMES_WITHIN_SECONDS):
        while (await shop.change_address("Rua Direita, 2")).status_code != 200:
            await asyncio.sleep(0.05)
    assert await shop.servers.primary.query(address) == "Rua Direita, 2"


async def test_health_says_that_neither_host_will_do_and_then_that_one_does(shop: Shop) -> None:
    await asyncio.to_thread(shop.servers.primary.kill)
    begun = time.monotonic()
    answer = await shop.manager.get("/api/health")
    assert time.monotonic() - begun < 2.5
    assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
    for server in (shop.servers.primary, shop.servers.standby):
        assert server.socket_folder in answer.json()["message"]
    await asyncio.to_thread(shop.servers.promote)
    answer = await shop.manager.get("/api/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "healthy")
