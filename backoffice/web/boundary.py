"""The outermost middleware: request ids, refusals, a line in the log."""

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Callable
from urllib.parse import quote, urlsplit

from piccolo_api.shared.auth import User
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backoffice.database.errors import RETRY_AFTER, explain
from backoffice.database.failures import cause
from backoffice.problems import Problem
from backoffice.web import pages
from backoffice.web.methods import METHODS
from backoffice.web.paths import get_route_path
from backoffice.web.problem_responses import respond

logger = logging.getLogger("flow_crm.requests")

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
)
YEAR_SECONDS = 365 * 24 * 60 * 60
HTTPS_ONLY = (b"strict-transport-security", f"max-age={YEAR_SECONDS}".encode())
SECURE = ("https", "wss")  # as proxies call it
POLICY = (b"content-security-policy", pages.NOTHING.encode())
NO_STORE = (b"cache-control", b"no-store")
DATA = ("/api/", "/admin/api/")  # paths whose answers no cache may store
REDIRECT = 307
CLIENT_LEFT = 499  # nginx's status for a client that disconnected before the answer
LOCATION = b"location"
REQUEST_ID_HEADER = b"x-request-id"
OURS = {REQUEST_ID_HEADER, *(name for name, _ in (*HEADERS, HTTPS_ONLY))}
SERVER_ENDS = "graceful shutdown"  # in the reason with which uvicorn cancels the requests that are left
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Boundary:
    """The outermost layer: every request gets an answer, with `X-Request-ID`, and one line in the log.

    :param observe: called for each request: its method, its route's template, its status, and the seconds it took.
    """

    def __init__(self, app: ASGIApp, observe: Callable[[str, str, int, float], None]) -> None:
        self.app = app
        self.observe = observe

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
                    *_theirs(message, scope),
                    (REQUEST_ID_HEADER, request_id.encode()),
                    *HEADERS,
                    *([HTTPS_ONLY] if scope["scheme"] in SECURE else []),
                ]
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except (Exception, asyncio.CancelledError) as error:
            if status or _client_is_gone(error):  # or the answer has begun, and can only be broken off
                raise
            problem = _problem(error, scope, request_id)
            await respond(problem, scope)(scope, receive, send_with_id)
        finally:
            self._record(scope, status or CLIENT_LEFT, started)

    def _record(self, scope: Scope, status: int, started: float) -> None:
        """Writes the line in the log, and calls `observe`."""
        seconds = time.perf_counter() - started
        route = getattr(scope.get("route"), "path_format", "-")
        if route != "-":
            route = scope.get("mount", "") + route
        if logger.isEnabledFor(logging.INFO):
            logger.info("request", extra=_details(scope, route, status, seconds))
        method = scope["method"] if scope["method"] in METHODS else "other"
        self.observe(method, route, status, seconds)


def _client_is_gone(error: BaseException) -> bool:
    """True when the request was cancelled because the client left; False when the server is shutting down."""
    return isinstance(error, asyncio.CancelledError) and SERVER_ENDS not in str(error)


def _theirs(message: Message, scope: Scope) -> list[tuple[bytes, bytes]]:
    """The headers of the answer, with defaults: nothing in it runs in a browser, and no cache stores data."""
    headers = [header for header in message.get("headers", ()) if header[0] not in OURS]
    if message["status"] == REDIRECT:
        headers = [(name, _on_this_host(value) if name == LOCATION else value) for name, value in headers]
    usual = (POLICY, NO_STORE) if get_route_path(scope).startswith(DATA) else (POLICY,)
    said = {name for name, _ in headers}
    return [*headers, *(header for header in usual if header[0] not in said)]


def _on_this_host(address: bytes) -> bytes:
    """The address without scheme and host, which Starlette takes from headers that anybody can send."""
    return urlsplit(address)._replace(scheme=b"", netloc=b"").geturl()


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
        logger.warning(
            "request %s: %s: %s: %s", request_id, problem.code, type(error).__name__, str(error) or cause(error)
        )
    return problem


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
