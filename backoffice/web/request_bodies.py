"""Bodies of requests: bounded in size, time and memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import Receive, Scope

from backoffice.database.engine import the_engine
from backoffice.problems import Problem
from backoffice.web.lazy_user import caller_is_unknown, look_up_caller

SMALL_BODY_BYTES = 64 * 1024  # read before the caller is looked up
# Also the most that may be sent without a session: to refuse 8 MiB of JSON would block all other requests.
LARGE_BODY_BYTES = 1024 * 1024
MAX_BODY_BYTES = 8 * 1024 * 1024
MAX_LARGE_BODIES = 2  # at a time: one of 100,000 lines takes 200 MiB
BODY_SECONDS = 60  # for a body to arrive, up to the next of the limits above


class Disconnected(Exception):
    """The client disconnected before the request was complete."""


class RequestBodies:
    """Reads the bodies of requests, and bounds how many large ones the process holds at a time."""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(MAX_LARGE_BODIES)
        self._anonymous_room = asyncio.Semaphore(1)

    @asynccontextmanager
    async def read(self, scope: Scope, receive: Receive) -> AsyncIterator[bytes]:
        """Yields the whole body. A large one waits, unread, for one of a few slots, and holds it until the block ends.

        Of requests without a session (log-ins), one at a time may have more than a small body, and none a large one.

        :raises Disconnected: when the client has disconnected.
        :raises Problem: body_too_large, as soon as it is known; body_too_slow; for more than a small body also
            unauthenticated and csrf_failed.
        """
        if _declared_length(scope) > MAX_BODY_BYTES:
            raise Problem("body_too_large")
        body = Body(receive)
        if not _announces_body(scope):
            await body.receive()  # its end is there at once, and needs no clock
        await body.receive_up_to(SMALL_BODY_BYTES)
        if body.is_whole and len(body.content) <= SMALL_BODY_BYTES:
            yield bytes(body.content)
            return
        is_somebody = await _is_somebody(scope)
        if is_somebody:
            await body.receive_up_to(LARGE_BODY_BYTES)
            if body.is_whole:
                yield bytes(body.content)
                return
        limit = MAX_BODY_BYTES if is_somebody else LARGE_BODY_BYTES
        async with self._room if is_somebody else self._anonymous_room:
            await body.receive_up_to(limit)
            if len(body.content) > limit:
                raise Problem("body_too_large")
            yield bytes(body.content)


class Body:
    """The part of a body that has arrived so far."""

    def __init__(self, receive: Receive) -> None:
        self.content = bytearray()
        self.is_whole = False
        self._receive = receive

    async def receive_up_to(self, size: int) -> None:
        """Receives until the body is whole, or larger than `size`.

        :raises Disconnected: when the client has disconnected.
        :raises Problem: body_too_large, body_too_slow.
        """
        if self.is_whole:
            return
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while not self.is_whole and len(self.content) <= size:
                    await self.receive()
        except TimeoutError:
            raise Problem("body_too_slow") from None

    async def receive(self) -> None:
        """Receives the next part.

        :raises Disconnected: when the client has disconnected.
        :raises Problem: body_too_large.
        """
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        self.content += message.get("body", b"")
        self.is_whole = not message.get("more_body")
        if len(self.content) > MAX_BODY_BYTES:
            raise Problem("body_too_large")


async def _is_somebody(scope: Scope) -> bool:
    """True for a caller with a session; False for a request that logs in.

    :raises Problem: unauthenticated, csrf_failed.
    """
    if not caller_is_unknown(scope):
        return False
    copy = {**scope, "state": dict(scope.get("state", {}))}  # they are looked up again in the transaction
    async with asyncio.timeout(the_engine().settings.request_timeout):
        await look_up_caller(copy)
    return True


def _announces_body(scope: Scope) -> bool:
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])


def _declared_length(scope: Scope) -> int:
    text: bytes = dict(scope["headers"]).get(b"content-length", b"")
    return int(text) if text.isdigit() else 0
