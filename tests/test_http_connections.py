"""What comes before a request's body has a bound, and so has the time that it takes; an end cuts nobody off."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from backoffice.server import http_connections
from backoffice.server.http_connections import MAX_HEAD_BYTES, HTTPConnection

Visitor = tuple[asyncio.StreamReader, asyncio.StreamWriter]
PATIENCE_SECONDS = 10
HEAD = b"GET / HTTP/1.1\r\nHost: here\r\n"


@pytest.fixture
def state() -> ServerState:
    return ServerState()


@pytest.fixture
async def visit(state: ServerState) -> AsyncIterator[Callable[[], Awaitable[Visitor]]]:
    async with open_to_visitors(PlainTextResponse("Hello"), state) as visit:
        yield visit


@contextlib.asynccontextmanager
async def open_to_visitors(app: ASGIApp, state: ServerState) -> AsyncIterator[Callable[[], Awaitable[Visitor]]]:
    config, visitors = uvicorn.Config(app, ws="none", lifespan="off", log_config=None), []
    config.load()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: HTTPConnection(config, state, {}), "127.0.0.1", 0)

    async def visit() -> Visitor:
        visitors.append(await asyncio.open_connection(*server.sockets[0].getsockname()))
        return visitors[-1]

    yield visit
    for _, writer in visitors:
        writer.close()
    server.close()
    await server.wait_closed()


async def test_a_head_that_does_not_end_is_refused(visit: Callable[[], Awaitable[Visitor]]) -> None:
    reader, writer = await visit()
    writer.write(HEAD + b"X-Long: ")
    for _ in range(MAX_HEAD_BYTES // 1024 + 1):
        await asyncio.sleep(0.001)  # in pieces: what comes at once is in memory anyway
        writer.write(b"x" * 1024)
    assert (await reader.read()).startswith(b"HTTP/1.1 431 ")


async def test_trailers_that_do_not_end_are_not_kept(visit: Callable[[], Awaitable[Visitor]]) -> None:
    reader, writer = await visit()
    writer.write(b"POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
    await reader.readuntil(b"Hello")
    with contextlib.suppress(ConnectionError):
        for _ in range(MAX_HEAD_BYTES // 1024 + 1):
            writer.write(b"X: " + b"y" * 1019 + b"\r\n")
            await writer.drain()
            await asyncio.sleep(0)
        await reader.read()
    assert reader.at_eof() or reader.exception()


async def test_a_body_and_the_next_head_in_one_piece_are_no_large_head(
    visit: Callable[[], Awaitable[Visitor]],
) -> None:
    reader, writer = await visit()
    body = b"x" * (MAX_HEAD_BYTES + 1)
    writer.write(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n" % len(body) + body + HEAD)
    writer.write(b"\r\n")
    for _ in range(2):
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        await reader.readuntil(b"Hello")


async def test_a_long_head_is_read_and_each_has_the_same_room(visit: Callable[[], Awaitable[Visitor]]) -> None:
    reader, writer = await visit()
    for _ in range(3):
        writer.write(HEAD + b"X-Long: ")
        await writer.drain()
        writer.write(b"x" * (MAX_HEAD_BYTES - 1024) + b"\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        await reader.readuntil(b"Hello")


@pytest.mark.parametrize("said", [b"", HEAD])
async def test_whoever_says_nothing_or_not_all_is_not_waited_for(
    visit: Callable[[], Awaitable[Visitor]], monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(http_connections, "HEAD_SECONDS", 0.05)
    reader, writer = await visit()
    writer.write(said)
    async with asyncio.timeout(5):
        assert await reader.read() == b""


@pytest.mark.parametrize("said", [HEAD, b"\r\n"])
async def test_a_second_head_that_stops_half_way_is_not_waited_for_either(
    visit: Callable[[], Awaitable[Visitor]], monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    reader, writer = await visit()
    writer.write(HEAD + b"\r\n")
    await reader.readuntil(b"Hello")
    monkeypatch.setattr(http_connections, "HEAD_SECONDS", 0.05)
    writer.write(said)
    async with asyncio.timeout(5):
        assert await reader.read() == b""


async def test_what_is_asked_just_as_we_end_is_answered_and_is_the_last(
    visit: Callable[[], Awaitable[Visitor]], state: ServerState
) -> None:
    reader, writer = await visit()
    writer.write(HEAD + b"\r\n")
    await reader.readuntil(b"Hello")
    (connection,) = state.connections
    connection.shutdown()
    writer.write(HEAD + b"\r\n")
    async with asyncio.timeout(5):
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nconnection: close\r\n" in answer


@pytest.mark.parametrize("said", [b"", HEAD])
async def test_a_connection_on_which_nothing_is_asked_or_not_all_ends_soon(
    visit: Callable[[], Awaitable[Visitor]], state: ServerState, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(http_connections, "LINGER_SECONDS", 0.05)
    reader, writer = await visit()
    writer.write(HEAD + b"\r\n")
    await reader.readuntil(b"Hello")
    (connection,) = state.connections
    connection.shutdown()
    writer.write(said)
    async with asyncio.timeout(5):
        assert await reader.read() == b""


async def test_whoever_offers_to_speak_websocket_is_answered_in_http(visit: Callable[[], Awaitable[Visitor]]) -> None:
    reader, writer = await visit()
    writer.write(HEAD + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")


async def test_the_first_of_requests_that_came_together_hears_that_the_client_has_gone(state: ServerState) -> None:
    """Or its answer would be written to nobody, which is an error to uvloop."""
    heard: list[str] = []
    began, ended = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        heard.append((await receive())["type"])
        began.set()
        heard.append((await receive())["type"])
        await PlainTextResponse("Hello")(scope, receive, send)
        ended.set()

    async with open_to_visitors(app, state) as visit:
        _, writer = await visit()
        writer.write((HEAD + b"\r\n") * 3)
        await began.wait()
        writer.close()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await ended.wait()
    assert heard == ["http.request", "http.disconnect"]
