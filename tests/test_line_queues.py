"""Whoever changes a line queues at its pre-sale first, as those do who change the pre-sale with all its lines."""

import asyncio
import json
from uuid import UUID

import asyncpg
import httpx
import pytest

from tests.builders import a_line, a_presale, a_product
from tests.conftest import Cast
from tests.desk import Desks

REPLACEMENT = {"quantity": "2"}


async def until_somebody_waits(observer: asyncpg.Connection) -> None:
    waiting = (
        "SELECT EXISTS (SELECT FROM pg_stat_activity "
        "WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0)"
    )
    async with asyncio.timeout(10):
        while not await observer.fetchval(waiting):
            await asyncio.sleep(0.005)


class TestChangesOfALine:
    @pytest.fixture
    async def line(self, connection: asyncpg.Connection) -> UUID:
        return await a_line(connection, await a_presale(connection))

    @pytest.mark.parametrize(
        ("method", "body", "end"),
        [
            ("PATCH", REPLACEMENT, "here"),
            ("PATCH", {"presale_id": "{there}"}, "here"),
            ("PATCH", {"presale_id": "{there}"}, "there"),
            ("PUT", {"presale_id": "{here}", "product_id": "{product}", "quantity": 1}, "here"),
            ("DELETE", None, "here"),
        ],
        ids=["patch", "move", "move there", "put", "delete"],
    )
    async def test_leave_the_line_free_while_they_wait_for_its_presale(
        self, cast: Cast, connection: asyncpg.Connection, line: UUID, method: str, body: object, end: str
    ) -> None:
        here = await connection.fetchval("SELECT presale_id FROM presale_items WHERE id = $1", line)
        rows = {"here": here, "there": await a_presale(connection), "product": await a_product(connection)}
        sent = json.dumps(body)
        for name, row_id in rows.items():
            sent = sent.replace(f"{{{name}}}", str(row_id))
        async with connection.transaction():
            await connection.execute("SELECT FROM presales WHERE id = $1 FOR NO KEY UPDATE", rows[end])
            content = None if body is None else sent
            asked = asyncio.create_task(cast.employee.request(method, f"/api/presale-items/{line}/", content=content))
            await until_somebody_waits(connection)
            await connection.execute("SELECT FROM presale_items WHERE id = $1 FOR UPDATE NOWAIT", line)
        assert (await asked).status_code in (200, 204)

    async def test_in_the_admin_too(self, desks: Desks, connection: asyncpg.Connection, line: UUID) -> None:
        form = await desks.employee.loads("presale_items", line)
        async with connection.transaction():
            await connection.execute("SELECT FROM presales FOR NO KEY UPDATE")
            asked = asyncio.create_task(desks.employee.saves("presale_items", line, form | REPLACEMENT))
            await until_somebody_waits(connection)
            await connection.execute("SELECT FROM presale_items FOR UPDATE NOWAIT")
        assert (await asked).status_code == 200


async def test_lines_and_whole_presales_changed_at_once_do_not_meet_in_a_deadlock(
    cast: Cast, connection: asyncpg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    product = str(await a_product(connection))
    for _ in range(8):
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
