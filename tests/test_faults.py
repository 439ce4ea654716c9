"""What clients see while the database is frozen, killed, overloaded or stuck, and after it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from dataclasses import dataclass
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
from tests.support.pgbouncer import pgbouncer
from tests.support.servers import own_server

MAX_SECONDS = 15
RESUMES_WITHIN_SECONDS = 10
POOL = 4


@dataclass(frozen=True)
class Shop:
    """The application on a server that may fall, and a manager who works on."""

    server: OwnServer
    manager: httpx.AsyncClient
    customer: str
    product: str

    def order(self) -> dict[str, object]:
        return {"customer_id": self.customer, "items": [{"product_id": self.product, "quantity": "1"}]}


@pytest.fixture(scope="module", params=["directly", pytest.param("through PgBouncer", marks=pytest.mark.pgbouncer)])
async def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    folder = tmp_path_factory.mktemp("fallible")
    with ExitStack() as stack:
        server = stack.enter_context(own_server(folder / "database", migrated=True))
        connection = await asyncpg.connect(server.dsn)
        await a_user(connection, email="manager@flowcrm.example", role="manager")
        token = await a_token(connection, "manager@flowcrm.example")
        customer, product = await a_customer(connection), await a_product(connection)
        await connection.close()
        dsn = server.dsn
        if request.param == "through PgBouncer":
            dsn = stack.enter_context(pgbouncer(folder / "pgbouncer", dsn))(dsn)
        limits: dict[str, Any] = {"db_pool_max": POOL, "db_connect_timeout": 1, "db_acquire_timeout": 1}
        limits |= {"db_statement_timeout": 4, "db_lock_timeout": 2}
        DB.configure(Settings(database_url=dsn, **limits))
        async with lifespan(app), a_client(**bearer(token)) as manager:
            assert DB.behind_pooler == (dsn != server.dsn)
            yield Shop(server, manager, str(customer), str(product))


def assert_refused_for_the_databases_sake(answer: httpx.Response) -> None:
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.json()["code"].startswith("database_")


async def resumes(shop: Shop) -> bool:
    """Whether reads and writes succeed again in time."""
    begun = time.monotonic()
    while time.monotonic() - begun < RESUMES_WITHIN_SECONDS:
        answers = [
            await shop.manager.get("/api/customers/"),
            await shop.manager.post("/api/presales/", json=shop.order()),
        ]
        if [answer.status_code for answer in answers] == [200, 201]:
            return True
    return False


async def test_a_frozen_database_is_refused_in_time_and_service_resumes(shop: Shop) -> None:
    with shop.server.frozen():
        begun = time.monotonic()
        answers = await asyncio.gather(
            *[shop.manager.get("/api/products/") for _ in range(POOL)],
            *[shop.manager.post("/api/presales/", json=shop.order()) for _ in range(POOL)],
        )
        assert time.monotonic() - begun < MAX_SECONDS
    for answer in answers:
        assert_refused_for_the_databases_sake(answer)
    assert await resumes(shop)


@pytest.mark.parametrize("fall", [OwnServer.kill, OwnServer.stop], ids=["killed", "restarted"])
async def test_a_database_that_falls_loses_nothing_that_was_acknowledged(
    shop: Shop, fall: Callable[[OwnServer], None], caplog: pytest.LogCaptureFixture
) -> None:
    acknowledged: list[str] = []
    refused: list[httpx.Response] = []

    async def clerk() -> None:
        while not refused:
            answer = await shop.manager.post("/api/presales/", json=shop.order())
            if answer.status_code == 201:
                acknowledged.append(answer.json()["id"])
            else:
                refused.append(answer)

    clerks = [asyncio.create_task(clerk()) for _ in range(3)]
    while len(acknowledged) < 20:
        await asyncio.sleep(0.01)
    await asyncio.to_thread(fall, shop.server)
    await asyncio.gather(*clerks)
    for answer in refused:
        assert_refused_for_the_databases_sake(answer)
    caplog.clear()
    caplog.set_level("INFO")
    assert_refused_for_the_databases_sake(answer := await shop.manager.get("/api/customers/"))
    said = [record.message for record in caplog.records if record.name.startswith(("flow_crm", "backoffice"))]

    await asyncio.to_thread(shop.server.start)
    assert await resumes(shop)
    kept = await shop.server.query("SELECT array_agg(id::text) FROM presales")
    assert set(acknowledged) <= set(kept)
    assert len(said) == 2
    assert f"{answer.headers['X-Request-ID']}: database_unavailable: " in said[0]
    assert said[1] == "request"


async def test_a_row_that_somebody_else_locks_is_refused_as_slow_and_left_alone(shop: Shop) -> None:
    other = await asyncpg.connect(shop.server.dsn)
    async with other.transaction():
        await other.execute("SELECT FROM customers WHERE id = $1 FOR UPDATE", shop.customer)
        answer = await shop.manager.patch(f"/api/customers/{shop.customer}/", json={"name": "Somebody else"})
    await other.close()
    assert_refused_for_the_databases_sake(answer)
    assert answer.json()["code"] == "database_timeout"
    assert (await shop.manager.get(f"/api/customers/{shop.customer}/")).json()["name"] != "Somebody else"


SLOW = """
CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN new; END';
CREATE TRIGGER dawdle BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION dawdle();
"""


async def test_a_statement_that_takes_too_long_is_ended_and_leaves_nothing(shop: Shop) -> None:
    connection = await asyncpg.connect(shop.server.dsn)
    await connection.execute(SLOW)
    answer = await shop.manager.patch(f"/api/customers/{shop.customer}/", json={"name": "Somebody else"})
    assert_refused_for_the_databases_sake(answer)
    assert answer.json()["code"] == "database_timeout"
    await connection.execute("DROP FUNCTION dawdle CASCADE")
    await connection.close()
    assert (await shop.manager.get(f"/api/customers/{shop.customer}/")).json()["name"] != "Somebody else"
    assert await resumes(shop)


WAITING = "SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND query LIKE '%customers%'"


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("PATCH", 503)])
async def test_a_read_whose_session_ends_is_repeated_and_a_write_is_not(shop: Shop, method: str, status: int) -> None:
    other = await asyncpg.connect(shop.server.dsn)
    async with other.transaction():
        await other.execute("LOCK TABLE customers")
        body = {"json": {"name": "Somebody else"}} if method == "PATCH" else {}
        address = f"/api/customers/{shop.customer}/"
        asking = asyncio.create_task(shop.manager.request(method, address, **body))  # type: ignore[arg-type]
        while (pid := await other.fetchval(WAITING)) is None:
            await asyncio.sleep(0.01)
        await other.execute("SELECT pg_terminate_backend($1, 2000)", pid)
    await other.close()
    assert (await asking).status_code == status


async def test_more_requests_than_connections_are_told_that_the_database_is_busy(shop: Shop) -> None:
    other = await asyncpg.connect(shop.server.dsn)
    async with other.transaction():
        await other.execute("LOCK TABLE products")
        answers = await asyncio.gather(*[shop.manager.get("/api/products/") for _ in range(POOL * 3)])
    await other.close()
    assert {answer.json()["code"] for answer in answers} == {"database_timeout", "database_busy"}
    assert await resumes(shop)
