"""Whoever changes a pre-sale with all its lines locks these first, as SQL does that changes one of them."""

import asyncio
from uuid import UUID

import asyncpg
import httpx
import pytest

from tests.support.builders import a_line, a_presale, a_product
from tests.support.cast import Cast
from tests.support.desk import Desks

REPLACEMENT = {"quantity": "2"}
ROUNDS = 8


async def until_somebody_waits(observer: asyncpg.Connection) -> None:
    waiting = (
        "SELECT EXISTS (SELECT FROM pg_stat_activity "
        "WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0)"
    )
    async with asyncio.timeout(10):
        while not await observer.fetchval(waiting):
            await asyncio.sleep(0.005)


class TestChangesOfAWholePresale:
    @pytest.fixture
    async def presale(self, connection: asyncpg.Connection) -> UUID:
        presale = await a_presale(connection)
        await a_line(connection, presale)
        return presale

    @pytest.mark.parametrize(("method", "path"), [("PUT", "items/"), ("DELETE", "")])
    async def test_leave_the_presale_free_while_they_wait_for_a_line(
        self, cast: Cast, connection: asyncpg.Connection, presale: UUID, method: str, path: str
    ) -> None:
        async with connection.transaction():
            await connection.execute("SELECT FROM presale_items FOR UPDATE")
            body = "[]" if method == "PUT" else None
            address = f"/api/presales/{presale}/{path}"
            asked = asyncio.create_task(cast.manager.request(method, address, content=body))
            await until_somebody_waits(connection)
            await connection.execute("SELECT FROM presales FOR UPDATE NOWAIT")
        assert (await asked).is_success

    async def test_in_the_admin_too(self, desks: Desks, connection: asyncpg.Connection, presale: UUID) -> None:
        async with connection.transaction():
            await connection.execute("SELECT FROM presale_items FOR UPDATE")
            asked = asyncio.create_task(desks.manager.deletes("presales", presale))
            await until_somebody_waits(connection)
            await connection.execute("SELECT FROM presales FOR UPDATE NOWAIT")
        assert (await asked).is_success


async def test_lines_and_whole_presales_changed_at_once_do_not_meet_in_a_deadlock(
    cast: Cast, connection: asyncpg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    product = str(await a_product(connection))
    caplog.set_level("INFO")
    for _ in range(ROUNDS):
        drafts = [await a_presale(connection) for _ in range(2)]
        lines = [await a_line(connection, draft) for draft in drafts for _ in range(2)]
        asked: list[httpx.Response] = await asyncio.gather(
            cast.manager.put(f"/api/presales/{drafts[0]}/items/", json=[{"product_id": product, "quantity": "1"}]),
            cast.manager.delete(f"/api/presales/{drafts[1]}/"),
            cast.manager.patch(f"/api/presale-items/{lines[0]}/", json=REPLACEMENT),
            cast.manager.patch(f"/api/presale-items/{lines[1]}/", json={"presale_id": str(drafts[1])}),
            cast.manager.patch(f"/api/presale-items/{lines[2]}/", json={"presale_id": str(drafts[0])}),
            cast.manager.delete(f"/api/presale-items/{lines[3]}/"),
            cast.manager.post(
                "/api/presale-items/", json={"presale_id": str(drafts[1]), "product_id": product, "quantity": 3}
            ),
        )
        assert {answer.status_code for answer in asked} <= {200, 201, 204, 404, 422}
    assert "deadlock" not in caplog.text


async def test_nor_do_they_with_those_who_write_sql(
    cast: Cast, connection: asyncpg.Connection, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    product, draft = str(await a_product(connection)), await a_presale(connection)
    caplog.set_level("INFO")
    line, other = [await a_line(connection, draft) for _ in range(2)]
    address = f"/api/presales/{draft}/"

    replacement = [{"product_id": product, "quantity": quantity} for quantity in ("1", "2")]

    async def sql(statement: str) -> None:
        mine = await asyncpg.connect(database)
        for _ in range(ROUNDS * 4):
            await mine.execute(statement)
        await mine.close()

    async def over_rest(method: str, path: str, body: object) -> None:
        for _ in range(ROUNDS * 4):
            answer = await cast.employee.request(method, path, json=body)
            assert answer.status_code in (200, 404)

    await asyncio.gather(
        sql(f"UPDATE presale_items SET quantity = quantity % 7 + 1 WHERE presale_id = '{draft}'"),
        sql(f"UPDATE presale_items SET discount = 0.01 WHERE id = '{line}'"),
        sql(f"UPDATE presales SET discount = discount + 0.01 WHERE id = '{draft}'"),
        sql(f"INSERT INTO presale_items (presale_id, product_id, quantity) VALUES ('{draft}', '{product}', 1)"),
        over_rest("PATCH", f"/api/presale-items/{line}/", REPLACEMENT),
        over_rest("PATCH", f"/api/presale-items/{other}/", {"quantity": "3"}),
        over_rest("PATCH", address, {"notes": "again"}),
        over_rest("PATCH", f"/api/presale-items/{line}/", {"discount": "0.02"}),
    )
    await asyncio.gather(
        sql("UPDATE presale_items SET quantity = 3 WHERE id = (SELECT id FROM presale_items ORDER BY id LIMIT 1)"),
        sql(f"INSERT INTO presale_items (presale_id, product_id, quantity) VALUES ('{draft}', '{product}', 1)"),
        over_rest("PUT", f"{address}items/", replacement),
    )
    assert "deadlock" not in caplog.text
    total = "SELECT total = greatest((SELECT sum(total_price) FROM presale_items) - discount, 0) FROM presales"
    assert await connection.fetchval(total)
