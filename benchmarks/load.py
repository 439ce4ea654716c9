"""The load: a few connections that are never idle, each sending its next request as soon as it has its answer.

One process, one thread, on uvloop, with no more HTTP than the servers here speak: what it costs per request is
measured as well, and small beside any of them.
"""

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from benchmarks import cpu

COUNTER = b"########"  # in a request: stands for a number that is different in each
END_OF_HEAD = b"\r\n\r\n"
MAX_ANSWER_SECONDS = 20


@dataclass
class Load:
    """What one server did while it was measured."""

    seconds: float = 0.0
    answers: int = 0
    errors: int = 0
    latencies: list[float] = field(default_factory=list)
    cpu_seconds: dict[str, float] = field(default_factory=dict)

    @property
    def requests_per_second(self) -> float:
        return self.answers / self.seconds

    def cpu_microseconds(self, who: str) -> float:
        return self.cpu_seconds[who] / max(self.answers, 1) * 1e6


class Connection(asyncio.Protocol):
    """Sends one request after the other, as long as it is given some."""

    def __init__(self, requests: Iterator[bytes], expected: bytes, load: Load) -> None:
        self.requests = requests
        self.expected = expected
        self.load = load
        self.left = asyncio.get_running_loop().create_future()
        self.resting = True
        self.sent_at = 0.0
        self.answer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.WriteTransport, transport)

    def next(self) -> None:
        request = next(self.requests, None)
        self.resting = request is None
        if request is not None:
            self.sent_at = time.perf_counter()
            self.transport.write(request)
        elif not self.left.done():
            self.left.set_result(None)

    def data_received(self, data: bytes) -> None:
        self.answer += data
        if not is_whole(self.answer):
            return
        self.load.latencies.append(time.perf_counter() - self.sent_at)
        if self.answer[9:12] == self.expected:
            self.load.answers += 1
        else:
            self.load.errors += 1
        self.answer.clear()
        self.next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.resting:
            self.load.errors += 1
        if not self.left.done():
            self.left.set_result(None)


def is_whole(answer: bytearray) -> bool:
    """Whether this is an answer up to its end, by its length or its last chunk."""
    head = answer.find(END_OF_HEAD)
    if head < 0:
        return False
    at = answer.lower().find(b"content-length:", 0, head)
    if at >= 0:
        length = int(answer[at + 15 : answer.find(b"\r\n", at)])
        return len(answer) >= head + len(END_OF_HEAD) + length
    return answer.endswith(b"0\r\n\r\n")


def numbered(requests: Sequence[bytes], counter: Iterator[int], until: float) -> Iterator[bytes]:
    """The requests in turn, over and over, until the clock says so."""
    varies = COUNTER in requests[0]
    for request in itertools.cycle(requests):
        if time.perf_counter() >= until:
            return
        yield request.replace(COUNTER, b"%08d" % next(counter)) if varies else request


_counter = itertools.count(1)


async def drive(
    port: int, requests: Sequence[bytes], *, expected: int, connections: int, seconds: float, watched: cpu.Watched
) -> Load:
    """Loads the server on this port for so long, and says what it answered and who used how much CPU meanwhile."""
    load = Load()
    loop = asyncio.get_running_loop()
    until = time.perf_counter() + seconds
    going = numbered(requests, _counter, until)
    clients = [
        (await loop.create_connection(lambda: Connection(going, b"%d" % expected, load), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    before, began = watched.read(), time.perf_counter()
    for client in clients:
        client.next()
    async with asyncio.timeout(seconds + MAX_ANSWER_SECONDS):
        await asyncio.gather(*(client.left for client in clients))
    load.seconds = time.perf_counter() - began
    load.cpu_seconds = cpu.difference(watched.read(), before)
    for client in clients:
        client.transport.close()
    return load
