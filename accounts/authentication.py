"""Authentication, the same for REST and the admin: all but log-in and health need a session, and learn its user."""

import asyncio
from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

import asyncpg
from piccolo_api.shared.auth import User as SignedIn
from starlette.authentication import AuthCredentials
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from accounts.cookies import CSRF_HEADER, SESSION_COOKIE, check_csrf
from accounts.sessions import ACTOR, CALLER, Caller, find_actor, hash_token
from backoffice.database.engine import the_engine
from backoffice.database.errors import repeat
from backoffice.database.failures import is_lost
from backoffice.problems import Problem
from backoffice.web.lazy_user import LAZY_USER
from backoffice.web.methods import SAFE_METHODS
from backoffice.web.paths import get_route_path

LOOKUP_SECONDS = 1  # once there is a connection
CHALLENGE = {"WWW-Authenticate": "Bearer"}

PUBLIC = frozenset({"/api/auth/login", "/api/auth/login/", "/api/health"})
PUBLIC_BELOW = "/api/health/"
ADMIN = "/admin/api/"

# As OpenAPI security schemes.
SECURITY_SCHEMES: dict[str, Any] = {
    "token": {"type": "http", "scheme": "bearer", "description": "The token that the log-in gives."},
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": f"Set by the log-in. Unsafe methods also need {CSRF_HEADER}.",
    },
}


@lru_cache(maxsize=1000)
def _with_caller(sql: str, place: int) -> str:
    """A query that gives the caller's columns and one value; no row when there is no such session."""
    caller = CALLER.format(place)
    return f"SELECT caller.*, ({sql}) AS value FROM ({caller}) AS caller"


@lru_cache(maxsize=1000)
def _with_actor(queries: str, place: int) -> str:
    """A statement that makes a change and gives the caller; no row when there is no such session."""
    caller = ACTOR.format(place, place + 1)
    return (
        f"WITH caller AS MATERIALIZED ({caller}), {queries} "
        "SELECT id, email, name, role, (SELECT changed FROM change) FROM caller"
    )


class SessionUser:
    """A `LazyUser`: the user of the session with this token.

    :param by_cookie: whether the token came in a cookie, which browsers send unasked; changes then need a CSRF token.
    """

    def __init__(self, token: str, *, by_cookie: bool) -> None:
        self.token_hash = hash_token(token)
        self.by_cookie = by_cookie

    async def authenticate(self, scope: Scope) -> None:
        self._set_user(scope, await repeat(is_lost, 2, find_actor, self.token_hash, scope))
        self._check_csrf(scope)

    def _check_csrf(self, scope: Scope) -> None:
        if self.by_cookie and scope["method"] not in SAFE_METHODS:
            connection = HTTPConnection(scope)
            check_csrf(connection, connection.headers.get(CSRF_HEADER))

    async def fetch(self, scope: Scope, sql: str, *arguments: Any) -> Any:
        query = _with_caller(sql, len(arguments) + 1)
        return self._authenticated(scope, await the_engine().reader.fetch_row(query, *arguments, self.token_hash))

    async def change(self, scope: Scope, queries: str, *arguments: Any) -> Any:
        self._check_csrf(scope)
        statement = _with_actor(queries, len(arguments) + 1)
        row = await the_engine().fetch_row(statement, *arguments, self.token_hash, scope["state"]["request_id"])
        return self._authenticated(scope, row)

    def _authenticated(self, scope: Scope, row: asyncpg.Record | None) -> Any:
        """:param row: the caller's columns and a value; None where there is no such session."""
        *caller, value = row or (None,)
        self._set_user(scope, Caller(*caller) if caller else None)
        return value

    def _set_user(self, scope: Scope, caller: Caller | None) -> None:
        if caller is None:
            raise Problem("unauthenticated", headers=CHALLENGE)
        set_user(scope, caller, self.token_hash)


def set_user(scope: Scope, caller: Caller, token_hash: str) -> None:
    """Stores the caller in the scope of the request."""
    scope.pop(LAZY_USER, None)
    scope["user"] = SignedIn(user=cast(Any, caller))  # it need only look like Piccolo's own
    scope["auth"] = AuthCredentials(["authenticated"])
    scope["state"]["token_hash"] = token_hash


class Authentication:
    """ASGI middleware: under /api, only log-in and health are reached without a session; under /admin/api, nothing is.

    The admin takes the cookie alone: a proxy may send a bearer token of its own along with the requests of browsers.

    A request with a session has a `LazyUser` until its user is looked up: by the query that answers it, or by
    `UnitOfWork` in the transaction of a change. That sets scope["user"], scope["auth"] and state.token_hash, or raises
    Problem.

    :param is_lazy: whether the route of a request looks the user up by itself.
    """

    def __init__(self, app: ASGIApp, is_lazy: Callable[[Scope], bool]) -> None:
        self.app = app
        self.is_lazy = is_lazy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._look(scope, get_route_path(scope))
        await self.app(scope, receive, send)

    async def _look(self, scope: Scope, path: str) -> None:
        connection, is_lazy = HTTPConnection(scope), False
        if path.startswith(ADMIN):
            user = _user_of_cookie(connection)
        elif _is_private(path):
            is_lazy = self.is_lazy(scope)  # which also names the route in the log
            user = _user(connection)
        else:
            return
        scope[LAZY_USER] = user
        if scope["method"] in SAFE_METHODS and not is_lazy:
            async with asyncio.timeout(the_engine().settings.db_acquire_timeout + LOOKUP_SECONDS):
                await user.authenticate(scope)


def _is_private(path: str) -> bool:
    if path in PUBLIC or path.startswith(PUBLIC_BELOW):
        return False
    return path == "/api" or path.startswith("/api/")


def _user(connection: HTTPConnection) -> SessionUser:
    """The user of the bearer token, or else of the cookie. Other schemes, such as a proxy's password, are ignored.

    :raises Problem: unauthenticated, when there is neither, or more than one bearer token.
    """
    credentials = [value.partition(" ") for value in connection.headers.getlist("authorization")]
    bearers = [token.strip() for scheme, _, token in credentials if scheme.lower() == "bearer"]
    if not bearers:
        return _user_of_cookie(connection)
    if len(bearers) > 1 or not bearers[0]:
        raise Problem("unauthenticated", headers=CHALLENGE)
    return SessionUser(bearers[0], by_cookie=False)


def _user_of_cookie(connection: HTTPConnection) -> SessionUser:
    """The user of the cookie.

    :raises Problem: unauthenticated, when there is none.
    """
    token = connection.cookies.get(SESSION_COOKIE, "")
    if not token:
        raise Problem("unauthenticated", headers=CHALLENGE)
    return SessionUser(token, by_cookie=True)
