"""What surrounds every request: its id, its line in the log, its refusals, and its one transaction."""

import asyncio
import logging
import re
import secrets
import time
from urllib.parse import quote

import asyncpg
from piccolo_api.shared.auth import User
from starlette._utils import get_route_path  # scope["path"] has a proxy's root path, too
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backoffice import metrics, pages
from backoffice.api.direct import welcomes
from backoffice.api.strangers import STRANGER
from backoffice.database.connecting import is_lost
from backoffice.database.errors import RETRY_AFTER, explain, is_collision, is_refusal, repeat
from backoffice.health import the_engine
from backoffice.problem_responses import respond
from backoffice.problems import Problem

logger = logging.getLogger("flow_crm.requests")

MAX_BODY_BYTES = 8 * 1024 * 1024
MAX_TRIES = 4
LONGEST_REQUEST_SECONDS = 11  # a statement has 10; several together have no more
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
)
YEAR_SECONDS = 365 * 24 * 60 * 60
HTTPS_ONLY = (b"strict-transport-security", f"max-age={YEAR_SECONDS}".encode())
SECURITY_HEADERS = {"http": HEADERS, "https": (*HEADERS, HTTPS_ONLY)}
POLICY = (b"content-security-policy", pages.NOTHING.encode())
REQUEST_ID_HEADER = b"x-request-id"
OURS = {REQUEST_ID_HEADER, *(name for name, _ in SECURITY_HEADERS["https"])}
SERVER_ENDS = "graceful shutdown"  # is in the reason that uvicorn gives when it cancels what is left
METHODS = SAFE_METHODS | {"POST", "PUT", "PATCH", "DELETE"}
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Boundary:
    """The outermost layer: nothing leaves but an answer, with `X-Request-ID`, and one line in the log."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *_theirs(message),
                    (REQUEST_ID_HEADER, request_id.encode()),
                    *SECURITY_HEADERS[scope["scheme"]],
                ]
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except (Exception, asyncio.CancelledError) as error:
            if status or _is_wanted(error):  # or the answer has begun: all that is left is to break it off
                raise
            problem = _problem(error, scope, request_id)
            await respond(problem, scope)(scope, receive, send_with_id)
        finally:
            _record(scope, status, started)


def _is_wanted(error: BaseException) -> bool:
    """Whether somebody cancelled the request who wants no answer; the server does when it can wait no longer."""
    return isinstance(error, asyncio.CancelledError) and SERVER_ENDS not in str(error)


def _theirs(message: Message) -> list[tuple[bytes, bytes]]:
    """The headers of the answer; without a policy of its own, nothing in it may do anything in a browser."""
    headers = [header for header in message.get("headers", ()) if header[0] not in OURS]
    has_policy = any(name == POLICY[0] for name, _ in headers)
    return headers if has_policy else [*headers, POLICY]


def _header(scope: Scope, name: bytes) -> str:
    """The header of this name, in small letters; the last one where it was sent more than once."""
    value: bytes = dict(scope["headers"]).get(name, b"")
    return value.decode("latin-1")


def _request_id(scope: Scope) -> str:
    """The caller's own, where it is harmless to write into a log; else a new one."""
    given = _header(scope, REQUEST_ID_HEADER)
    return given if REQUEST_ID.fullmatch(given) else secrets.token_hex(16)


def _problem(error: BaseException, scope: Scope, request_id: str) -> Problem:
    if isinstance(error, asyncio.CancelledError):
        return Problem("shutting_down", headers=RETRY_AFTER)
    problem = explain(error, deleting=scope["method"] == "DELETE")
    if problem is None:
        logger.error("unforeseen error in request %s", request_id, exc_info=error)
        return Problem("internal_error")
    if problem.status == 503:
        logger.warning("request %s: %s: %s: %s", request_id, problem.code, type(error).__name__, error)
    return problem


def _record(scope: Scope, status: int, started: float) -> None:
    """One line in the log, one observation in the metrics."""
    seconds = time.perf_counter() - started
    route = getattr(scope.get("route"), "path_format", "-")
    if logger.isEnabledFor(logging.INFO):
        logger.info("request", extra=_details(scope, route, status, seconds))
    method = scope["method"] if scope["method"] in METHODS else "other"
    metrics.observe(method, route, status, seconds)


def _details(scope: Scope, route: str, status: int, seconds: float) -> dict[str, object]:
    user = scope.get("user")
    return {
        "method": scope["method"],
        "path": route if route != "-" else quote(scope["path"]),
        "status": status,
        "ms": round(seconds * 1000, 1),
        "user_id": str(user.user.id) if isinstance(user, User) else None,
        "request_id": scope["state"]["request_id"],
    }


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
    """

    def __init__(self, app: ASGIApp, prefixes: tuple[str, ...], without: tuple[str, ...] = ()) -> None:
        self.app = app
        self.prefixes = prefixes
        self.without = without

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not f"{get_route_path(scope)}/".startswith(self.prefixes):
            await self.app(scope, receive, send)
            return
        body = await _read_body(scope, receive)
        async with asyncio.timeout(LONGEST_REQUEST_SECONDS):
            answer = await self._answer(scope, body)
        await answer.release(send)

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
        introduced = not welcomes(scope)
        try:
            return await self._run_in_transaction(scope, body, introduced=introduced)
        except (Problem, asyncpg.PostgresError) as error:
            if introduced or "user" in scope or not is_refusal(error):
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


async def _read_body(scope: Scope, receive: Receive) -> bytes:
    """:raises Problem: body_too_large, as soon as it is known."""
    if _declared_length(scope) > MAX_BODY_BYTES:
        raise Problem("body_too_large")
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise Problem("body_too_large")
        if not message.get("more_body"):
            return bytes(body)


def _declared_length(scope: Scope) -> int:
    text = _header(scope, b"content-length")
    return int(text) if text.isascii() and text.isdigit() else 0


def _replay(body: bytes) -> Receive:
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
