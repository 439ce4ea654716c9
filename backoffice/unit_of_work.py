"""One request, one transaction."""

import asyncio
from contextlib import AsyncExitStack

import asyncpg
from starlette._utils import get_route_path  # scope["path"] has a proxy's root path, too
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backoffice.api.direct import welcomes
from backoffice.api.strangers import STRANGER
from backoffice.database.connecting import is_lost
from backoffice.database.engine import the_engine
from backoffice.database.errors import is_collision, is_refusal, repeat
from backoffice.problems import Problem

SMALL_BODY_BYTES = 64 * 1024  # what is read before it is known who sends it
MAX_BODY_BYTES = 8 * 1024 * 1024
LARGE_BODY_BYTES = 1024 * 1024
MOST_LARGE_BODIES = 2  # at a time: one of 100,000 lines takes 200 MiB
LARGE_BODY_SECONDS = 60  # to arrive, while others wait
MAX_TRIES = 4
LONGEST_REQUEST_SECONDS = 11  # a statement has 10; several together have no more
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class Answer:
    """An answer held back until it is certain."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def hold(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def failed(self) -> bool:
        return not self.messages or self.messages[0]["status"] >= 400

    async def release(self, send: Send) -> None:
        for message in self.messages:
            await send(message)


class RolledBack(Exception):
    """Ends a transaction whose request was refused with an answer rather than an exception."""


class UnitOfWork:
    """One request, one transaction: committed before the answer goes out, undone when it is a refusal.

    When PostgreSQL breaks off a transaction because it collided with another, the request is run again. A read that
    lost its connection is run once more.

    :param prefixes: the addresses that this is for.
    :param without: addresses among them whose refusals must leave something behind.
    :param apart: addresses that are not for this after all: they read no body, and bound their time themselves.
    """

    def __init__(
        self, app: ASGIApp, prefixes: tuple[str, ...], without: tuple[str, ...] = (), apart: tuple[str, ...] = ()
    ) -> None:
        self.app = app
        self.prefixes = prefixes
        self.without = without
        self.apart = apart
        self._room = asyncio.Semaphore(MOST_LARGE_BODIES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = f"{get_route_path(scope)}/" if scope["type"] == "http" else ""
        if not path.startswith(self.prefixes) or path.startswith(self.apart):
            await self.app(scope, receive, send)
            return
        if _declared_length(scope) > MAX_BODY_BYTES:
            raise Problem("body_too_large")
        begin = await receive()
        if not begin.get("more_body"):
            await self._serve(scope, _within_bounds(begin.get("body", b"")), send)
            return
        async with AsyncExitStack() as held:
            await self._serve(scope, await self._read_body(begin, receive, held), send)

    async def _serve(self, scope: Scope, body: bytes, send: Send) -> None:
        async with asyncio.timeout(LONGEST_REQUEST_SECONDS):
            answer = await self._answer(scope, body)
        await answer.release(send)

    async def _read_body(self, begin: Message, receive: Receive, held: AsyncExitStack) -> bytes:
        """A large one waits, unread, until there is room for it, and then takes that until `held` is closed.

        :param begin: the message with its first part.
        :raises Problem: body_too_large, as soon as it is known; body_too_slow.
        """
        body, message = bytearray(begin["body"]), begin
        try:
            async with asyncio.timeout(None) as patience:
                while message.get("more_body"):
                    if len(body) > LARGE_BODY_BYTES and patience.when() is None:
                        await held.enter_async_context(self._room)
                        patience.reschedule(asyncio.get_running_loop().time() + LARGE_BODY_SECONDS)
                    message = await receive()
                    body += _within_bounds(message.get("body", b""), len(body))
        except TimeoutError:
            raise Problem("body_too_slow") from None
        return bytes(body)

    async def _answer(self, scope: Scope, body: bytes) -> Answer:
        if get_route_path(scope).startswith(self.without):
            return await self._run(scope, body, introduced=scope["method"] not in SAFE_METHODS)
        if scope["method"] in SAFE_METHODS:
            return await repeat(is_lost, 2, self._run, scope, body)
        return await repeat(is_collision, MAX_TRIES, self._change, scope, body)

    async def _run(self, scope: Scope, body: bytes, *, introduced: bool = False) -> Answer:
        answer = Answer()
        # A copy: what one try writes into the scope must not reach the next.
        copy = {**scope, "state": dict(scope.get("state", {}))}
        try:
            if introduced and STRANGER in copy:
                await copy[STRANGER].introduce(copy)  # in the transaction, if there is one, so that it knows who acts
            await self.app(copy, _replay(body), answer.hold)
        finally:
            scope.update({key: copy[key] for key in ("route", "user") if key in copy})
        return answer

    async def _change(self, scope: Scope, body: bytes) -> Answer:
        """Whoever may not ask is not told what was wrong with the question: before they hear no, they are looked up."""
        introduced = len(body) > SMALL_BODY_BYTES or not welcomes(scope)
        try:
            return await self._run_in_transaction(scope, body, introduced=introduced)
        except (Problem, asyncpg.PostgresError) as error:
            if introduced or "user" in scope or _is_unknown(error) or not is_refusal(error):
                raise
        return await self._run_in_transaction(scope, body, introduced=True)

    async def _run_in_transaction(self, scope: Scope, body: bytes, *, introduced: bool) -> Answer:
        answer = Answer()
        try:
            async with the_engine().transaction():
                answer = await self._run(scope, body, introduced=introduced)
                if answer.failed:
                    raise RolledBack
        except RolledBack:
            pass
        return answer


def _is_unknown(error: Exception) -> bool:
    """Whether they were looked up, in vain."""
    return isinstance(error, Problem) and error.code == "unauthenticated"


def _declared_length(scope: Scope) -> int:
    text: bytes = dict(scope["headers"]).get(b"content-length", b"")
    return int(text) if text.isdigit() else 0


def _within_bounds(part: bytes, before: int = 0) -> bytes:
    """:raises Problem: body_too_large, with those that came before."""
    if before + len(part) > MAX_BODY_BYTES:
        raise Problem("body_too_large")
    return part


def _replay(body: bytes) -> Receive:
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
