"""Bodies that are too large, come too slowly or never come whole: refused in time, and nobody else waits for them."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest
from fastapi import FastAPI

from backoffice.web import boundary, request_bodies
from tests.support.bodies import CUSTOMER
from tests.support.builders import a_customer, a_presale
from tests.support.cast import Cast
from tests.support.clients import a_client
from tests.support.desk import Desks
from tests.support.raw_requests import Raw, raw_of
from tests.support.refusals import refused

JSON = {"Content-Type": "application/json"}


async def test_bodies_of_more_than_8_mib_are_too_large(app: FastAPI, cast: Cast) -> None:
    raw = raw_of(app, cast.admin)
    limit = 8 * 1024 * 1024
    for method, path in (
        ("POST", "/api/customers/"),
        ("PATCH", f"/api/customers/{uuid4()}/"),
        ("POST", "/api/auth/password/"),
    ):
        assert refused(await raw.send(method, path, body=b" " * (limit + 1))) == (413, "body_too_large")
        declared = [(b"content-length", str(limit + 1).encode())]
        assert refused(await raw.send(method, path, body=b"{}", headers=declared)) == (413, "body_too_large")
        assert refused(await raw.send(method, path, body=b" " * limit)) == (400, "malformed_json")


async def test_without_a_session_bodies_of_more_than_1_mib_are_too_large(app: FastAPI) -> None:
    raw, limit = Raw(app, []), 1024 * 1024
    for size, refusal in (limit, (400, "malformed_json")), (limit + 1, (413, "body_too_large")):
        assert refused(await raw.send("POST", "/api/auth/login/", body=b" " * size)) == refusal


async def test_health_looks_at_no_body_however_large(app: FastAPI) -> None:
    for path in "/api/health", "/api/health/live":
        answer = await Raw(app, []).send("GET", path, body=b" " * (8 * 1024 * 1024 + 1))
        assert answer.status_code == 200


async def test_whoever_sends_too_much_in_pieces_is_stopped_too(cast: Cast) -> None:
    async def pieces() -> object:
        for _ in range(9):
            yield b" " * 1024 * 1024

    answer = await cast.admin.post("/api/customers/", content=pieces())  # type: ignore[arg-type]
    assert refused(answer) == (413, "body_too_large")


class Upload:
    """A body that arrives in two pieces, the second when it is let in."""

    def __init__(self, larger_than: int = request_bodies.LARGE_BODY_BYTES) -> None:
        self.begun_bytes = larger_than + 1
        self.let_in = asyncio.Event()
        self.read = 0

    async def pieces(self) -> AsyncIterator[bytes]:
        yield b" " * self.begun_bytes
        self.read += 1
        await self.let_in.wait()
        yield b" "

    async def send(self, cast: Cast) -> tuple[int, str]:
        return refused(await cast.admin.post("/api/customers/", content=self.pieces(), headers=JSON))


async def test_of_large_bodies_only_so_many_are_read_at_a_time(cast: Cast) -> None:
    upload, room = Upload(), request_bodies.MAX_LARGE_BODIES
    sent = [asyncio.create_task(upload.send(cast)) for _ in range(room + 2)]
    while upload.read < room:
        await asyncio.sleep(0)
    assert (await cast.admin.post("/api/customers/", json=CUSTOMER)).status_code == 201
    assert upload.read == room
    upload.let_in.set()
    assert await asyncio.gather(*sent) == [(400, "malformed_json")] * (room + 2)


async def test_a_large_body_that_does_not_arrive_makes_room(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_bodies, "BODY_SECONDS", 0.05)
    for _ in range(request_bodies.MAX_LARGE_BODIES + 1):
        assert await Upload().send(cast) == (408, "body_too_slow")


async def test_a_body_that_never_begins_is_not_waited_for(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_bodies, "BODY_SECONDS", 0.05)

    async def never() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    for method, path in ("POST", "/api/auth/login/"), ("POST", "/api/customers/"), ("GET", "/api/customers/"):
        answer = await cast.admin.request(method, path, content=never(), headers=JSON)
        assert refused(answer) == (408, "body_too_slow")


async def test_strangers_with_more_than_small_bodies_keep_nobody_waiting_who_may_come_in(cast: Cast) -> None:
    known = {**JSON, "Authorization": cast.admin.headers["Authorization"]}
    unread, login = Upload(request_bodies.SMALL_BODY_BYTES), Upload(request_bodies.SMALL_BODY_BYTES)
    upload = Upload()
    rubbish = {**JSON, "Authorization": "Bearer rubbish"}
    answer = await cast.stranger.post("/api/customers/", content=unread.pieces(), headers=rubbish)
    assert refused(answer) == (401, "unauthenticated")
    logging_in = [
        asyncio.create_task(cast.stranger.post("/api/auth/login/", content=login.pieces(), headers=JSON))
        for _ in range(request_bodies.MAX_LARGE_BODIES + 1)
    ]
    while login.read == 0:
        await asyncio.sleep(0)
    upload.let_in.set()
    assert refused(await cast.stranger.post("/api/customers/", content=upload.pieces(), headers=known))[0] == 400
    assert login.read == 1
    login.let_in.set()
    assert {refused(answer) for answer in await asyncio.gather(*logging_in)} == {(400, "malformed_json")}


@pytest.mark.parametrize("path", ["/api/auth/login/", "/admin/public/login/"])
async def test_a_stranger_sends_no_large_body(cast: Cast, path: str) -> None:
    upload = Upload(request_bodies.LARGE_BODY_BYTES)
    answer = await cast.stranger.post(path, content=upload.pieces(), headers=JSON)
    assert (answer.status_code, upload.read) == (413, 0)


async def test_the_admin_knows_who_sends_more_than_a_small_body(desks: Desks) -> None:
    address, client = "/admin/api/tables/customers/", desks.employee.client
    for cookies, status in ("", 401), ("id=invented; csrftoken=x", 401), (f"id={client.cookies['id']}", 403):
        upload = Upload(request_bodies.SMALL_BODY_BYTES)
        async with a_client(**JSON, Cookie=cookies) as forger:
            answer = await forger.post(address, content=upload.pieces())
        assert (answer.status_code, upload.read) == (status, 0)
    upload = Upload(request_bodies.LARGE_BODY_BYTES)
    upload.let_in.set()
    assert (await client.post(address, content=upload.pieces(), headers=JSON)).status_code == 400


async def test_what_never_arrived_whole_is_not_carried_out(
    app: FastAPI, cast: Cast, desks: Desks, connection: asyncpg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "flow_crm.requests")
    program, browser = raw_of(app, cast.admin), raw_of(app, desks.admin.client)
    customer = await a_customer(connection)
    presale = await a_presale(connection, customer_id=customer)
    for raw, method, path in (
        (program, "POST", f"/api/presales/{presale}/cancel/"),
        (program, "DELETE", f"/api/presales/{presale}/"),
        (browser, "DELETE", f"/admin/api/tables/presales/{presale}/"),
    ):
        assert await raw.leave(method, path) == []
        assert await raw.leave(method, path, b" ") == []
    whole = json.dumps({**CUSTOMER, "address": "x" * request_bodies.LARGE_BODY_BYTES}).encode()
    assert await program.leave("PATCH", f"/api/customers/{customer}/", whole) == []
    told = [vars(record)["status"] for record in caplog.records if record.name == "flow_crm.requests"]
    assert told == [boundary.CLIENT_LEFT] * 7
    assert await connection.fetchval("SELECT status::text FROM presales") == "draft"
    assert await connection.fetchval("SELECT count(*) FROM customers WHERE address LIKE 'x%'") == 0
