"""One request, one transaction."""

import asyncio

import asyncpg
from starlette._utils import get_route_path  # scope["path"] has a proxy's root path, too
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backoffice.api.lazy_user import LAZY_USER
from backoffice.api.routing import is_lazy
from backoffice.database.connecting import is_lost
from backoffice.database.engine import the_engine
from backoffice.database.errors import is_collision, is_refusal, repeat
from backoffice.problems import Problem

SMALL_BODY_BYTES = 64 * 1024  # what is parsed before it is known who sends it
MAX_BODY_BYTES = 8 * 1024 * 1024
LARGE_BODY_BYTES = 1024 * 1024
MOST_LARGE_BODIES = 2  # at a time: one of 100,000 lines takes 200 MiB
BODY_SECONDS = 60  # for a body to arrive; a large one has as many for its beginning and for the rest
MAX_TRIES = 4
LONGEST_REQUEST_SECONDS = 11  # unless DB_STATEMENT_TIMEOUT is longer
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


class Disconnected(Exception):
    """The client went before the request was whole: nobody asks for anything."""


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
        self._anonymous_room = asyncio.Semaphore(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = f"{get_route_path(scope)}/" if scope["type"] == "http" else ""
        if not path.startswith(self.prefixes) or path.startswith(self.apart):
            await self.app(scope, receive, send)
            return
        if _declared_length(scope) > MAX_BODY_BYTES:
            raise Problem("body_too_large")
        try:
            await self._read_and_serve(scope, receive, send)
        except Disconnected:
            return

    async def _read_and_serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A large body waits, unread, until there is room for it.

        :raises Problem: body_too_large, as soon as it is known; body_too_slow; and what there is to say to somebody
            who sends a large one, and may not come in.
        """
        body = bytearray()
        # Where none is announced its end is there at once, and needs no clock.
        is_whole = not _announces_body(scope) and not _take(body, await receive())
        if not is_whole and await _read_on(body, LARGE_BODY_BYTES, receive):
            async with await self._room_for(scope):
                await _read_on(body, MAX_BODY_BYTES, receive)
                await self._serve(scope, bytes(body), send)
        else:
            await self._serve(scope, bytes(body), send)

    async def _serve(self, scope: Scope, body: bytes, send: Send) -> None:
        async with asyncio.timeout(_longest_seconds()):
            answer = await self._answer(scope, body)
        await answer.release(send)

    async def _room_for(self, scope: Scope) -> asyncio.Semaphore:
        """Whoever logs in is nobody yet, and may keep only others such waiting."""
        if LAZY_USER not in scope:
            return self._anonymous_room
        copy = {**scope, "state": dict(scope.get("state", {}))}  # they are looked up again in the transaction
        async with asyncio.timeout(_longest_seconds()):
            await copy[LAZY_USER].authenticate(copy)
        return self._room if "user" in copy else self._anonymous_room

    async def _answer(self, scope: Scope, body: bytes) -> Answer:
        if get_route_path(scope).startswith(self.without):
            return await self._run(scope, body, authenticated=scope["method"] not in SAFE_METHODS)
        if scope["method"] in SAFE_METHODS:
            return await repeat(is_lost, 2, self._run, scope, body)
        return await repeat(is_collision, MAX_TRIES, self._change, scope, body)

    async def _run(self, scope: Scope, body: bytes, *, authenticated: bool = False) -> Answer:
        answer = Answer()
        # A copy: what one try writes into the scope must not reach the next.
        copy = {**scope, "state": dict(scope.get("state", {}))}
        try:
            if authenticated and LAZY_USER in copy:
                # In the transaction, if there is one, so that it knows who acts.
                await copy[LAZY_USER].authenticate(copy)
            await self.app(copy, _replay(body), answer.hold)
        finally:
            scope.update({key: copy[key] for key in ("route", "user") if key in copy})
        return answer

    async def _change(self, scope: Scope, body: bytes) -> Answer:
        """Whoever may not ask is not told what was wrong with the question: before they hear no, they are looked up."""
        authenticated = len(body) > SMALL_BODY_BYTES or not is_lazy(scope)
        try:
            return await self._run_in_transaction(scope, body, authenticated=authenticated)
        except (Problem, asyncpg.PostgresError) as error:
            if authenticated or "user" in scope or _is_unauthenticated(error) or not is_refusal(error):
                raise
        return await self._run_in_transaction(scope, body, authenticated=True)

    async def _run_in_transaction(self, scope: Scope, body: bytes, *, authenticated: bool) -> Answer:
        answer = Answer()
        try:
            async with the_engine().transaction():
                answer = await self._run(scope, body, authenticated=authenticated)
                if answer.failed:
                    raise RolledBack
        except RolledBack:
            pass
        return answer


def _longest_seconds() -> float:
    """A statement must be able to take as long as it may; several together have no more."""
    return max(LONGEST_REQUEST_SECONDS, the_engine().settings.db_statement_timeout + 1)


def _is_unauthenticated(error: Exception) -> bool:
    """Whether they were looked up, in vain."""
    return isinstance(error, Problem) and error.code == "unauthenticated"


def _announces_body(scope: Scope) -> bool:
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])


def _declared_length(scope: Scope) -> int:
    text: bytes = dict(scope["headers"]).get(b"content-length", b"")
    return int(text) if text.isdigit() else 0


def _take(body: bytearray, message: Message) -> bool:
    """Adds what has arrived. Whether there is more of it.

    :raises Disconnected: when the client has gone.
    :raises Problem: body_too_large.
    """
    if message["type"] == "http.disconnect":
        raise Disconnected
    body += message.get("body", b"")
    if len(body) > MAX_BODY_BYTES:
        raise Problem("body_too_large")
    return bool(message.get("more_body"))


async def _read_on(body: bytearray, size: int, receive: Receive) -> bool:
    """Until the body is larger than that, or whole. Whether there may be more of it.

    :raises Disconnected: when the client has gone.
    :raises Problem: body_too_large, body_too_slow.
    """
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while len(body) <= size:
                if not _take(body, await receive()):
                    return False
    except TimeoutError:
        raise Problem("body_too_slow") from None
    return True


def _replay(body: bytes) -> Receive:
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
