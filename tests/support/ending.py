"""How a program ends to which people still talk."""

import asyncio
import json
import os
import socket

from tests.support.programs import Program

MAX_SECONDS = 30
GRACE_SECONDS = 10


def upload(port: int, body: bytes, *, sent: int) -> socket.socket:
    """A log-in that is on its way, so many of its bytes."""
    client = socket.create_connection(("127.0.0.1", port), timeout=MAX_SECONDS)
    head = f"POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    client.sendall(head.encode() + b"\r\n\r\n" + body[:sent])
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


def is_listening(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


async def ends_well(program: Program, *, said: int = 0) -> None:
    """:param said: so many characters of its log are not about the end."""
    assert await asyncio.to_thread(program.end) == 0, program.text
    assert "Traceback" not in program.text[said:]


async def a_signal_lets_who_is_there_finish_and_nobody_else_in(
    program: Program, number: int, log_in: dict[str, str]
) -> None:
    """Waits for slow uploads, but not for ever. All processes have the signal, as from a terminal."""
    port, body, said = program.port, json.dumps(log_in).encode(), len(program.text)
    with upload(port, body, sent=10) as slow, upload(port, body, sent=10) as endless, idle(port) as kept_alive:
        os.killpg(program.process.pid, number)
        assert await asyncio.to_thread(kept_alive.recv, 1) == b""
        async with asyncio.timeout(GRACE_SECONDS / 2):
            while is_listening(port):
                await asyncio.sleep(0.05)
        slow.sendall(body[10:])
        assert (await asyncio.to_thread(answer_to, slow)).startswith(b"HTTP/1.1 200 OK")
        refusal = await asyncio.to_thread(answer_to, endless)
    assert refusal.startswith(b"HTTP/1.1 503")
    assert b'"code": "shutting_down"' in refusal
    assert b"retry-after: " in refusal.lower()
    await ends_well(program, said=said)
