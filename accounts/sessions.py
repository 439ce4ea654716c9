"""Sessions: a random token for the client, its SHA-256 in the database, and nothing remembered anywhere else."""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from piccolo_api.shared.auth import User as SignedIn
from starlette._utils import get_route_path  # what the router itself matches; scope["path"] has the root path too
from starlette.authentication import AuthCredentials
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from accounts.tables import Session
from backoffice.api.strangers import STRANGER
from backoffice.audit import act_as_sql
from backoffice.database.connecting import is_lost
from backoffice.database.engine import Reader
from backoffice.database.errors import repeat
from backoffice.health import the_engine
from backoffice.problems import Problem

LIFETIME_HOURS = 12
TOKEN_BYTES = 32
LONGEST_LOOKUP_SECONDS = 3
FORGET_AT_ONCE_ROWS = 100  # expired sessions deleted with each new one

SESSION_COOKIE = "id"
CSRF_COOKIE = "csrftoken"
CSRF_HEADER = "X-CSRFToken"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

CHALLENGE = {"WWW-Authenticate": "Bearer"}

PUBLIC = frozenset({"/api/auth/login", "/api/auth/login/", "/api/health"})
PUBLIC_BELOW = "/api/health/"
ADMIN = "/admin/api/"


@dataclass(frozen=True)
class NewSession:
    """What the client gets. The token is known to nobody else."""

    token: str
    expires_at: datetime


def hash_token(token: str) -> str:
    return hashlib.sha256(_bytes(token)).hexdigest()


async def create_session(user_id: UUID) -> NewSession:
    """Not before the caller has locked the user's row, or an old password might open a new session."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    rows = await Session.raw(
        """
        INSERT INTO sessions (token_hash, user_id, expires_at)
        VALUES ({}, {}, now() + make_interval(hours => {})) RETURNING expires_at
        """,
        hash_token(token),
        user_id,
        LIFETIME_HOURS,
    )
    await _forget_expired()
    return NewSession(token, rows[0]["expires_at"])


async def _forget_expired() -> None:
    await Session.raw(
        """
        DELETE FROM sessions WHERE id IN (
            SELECT id FROM sessions WHERE expires_at < now()
            ORDER BY expires_at LIMIT {} FOR UPDATE SKIP LOCKED
        )
        """,
        FORGET_AT_ONCE_ROWS,
    )


PERSON = "users.id, users.email, users.name, users.role"
# With the number of the parameter that is the token's hash.
OF_SESSION = """
FROM sessions JOIN users ON users.id = sessions.user_id
WHERE sessions.token_hash = ${} AND sessions.expires_at > now() AND users.active
"""
CALLER = f"SELECT {PERSON} {OF_SESSION}"
# Says so to the audit trail as well, until the transaction ends.
ACTOR = f"SELECT {PERSON}, {act_as_sql('users.id', 'users.email', '$2')} {OF_SESSION.format(1)}"


@dataclass(frozen=True)
class Caller:
    """The user who asks: what the program may want to know of them, without a Piccolo row for each request."""

    id: UUID
    email: str
    name: str
    role: str

    @property
    def username(self) -> str:
        return self.email


async def find_caller(token_hash: str) -> Caller | None:
    """Whose session this is. None for one that is unknown, ended or expired, or whose user is not active."""
    row = await the_engine().fetch_row(CALLER.format(1), token_hash)
    return Caller(*row) if row else None


async def find_actor(token_hash: str, scope: Scope) -> Caller | None:
    """The same of somebody who is about to change something, if a transaction has begun."""
    row = await the_engine().fetch_row(ACTOR, token_hash, scope["state"]["request_id"])
    return Caller(*row[:-1]) if row else None


@lru_cache(maxsize=1000)
def _with_caller(sql: str, place: int) -> str:
    """A query for one value, and for the caller; no row at all for a caller who has no session."""
    caller = CALLER.format(place)
    return f"SELECT caller.*, ({sql}) AS value FROM ({caller}) AS caller"


class Stranger:
    """See backoffice.api.strangers.

    :param by_cookie: whether a browser would send the token unasked, so that more must show that our page asked.
    """

    def __init__(self, token: str, *, by_cookie: bool) -> None:
        self.token_hash = hash_token(token)
        self.by_cookie = by_cookie

    async def introduce(self, scope: Scope) -> None:
        caller = await find_actor(self.token_hash, scope)
        if caller is None:
            raise Problem("unauthenticated", headers=CHALLENGE)
        welcome(scope, caller, self.token_hash)
        if self.by_cookie and scope["method"] not in SAFE_METHODS:
            connection = HTTPConnection(scope)
            check_csrf(connection, connection.headers.get(CSRF_HEADER))

    async def fetch(self, reader: Reader, scope: Scope, sql: str, *arguments: Any) -> Any:
        query = _with_caller(sql, len(arguments) + 1)
        row = await reader.fetch_row(query, *arguments, self.token_hash)
        if row is None:
            raise Problem("unauthenticated", headers=CHALLENGE)
        *caller, value = row
        welcome(scope, Caller(*caller), self.token_hash)
        return value


class Visitor:
    """Of the admin, which lets people in by itself: here it is only said who they are, before they change something."""

    def __init__(self, token: str) -> None:
        self.token_hash = hash_token(token)

    async def introduce(self, scope: Scope) -> None:
        scope.pop(STRANGER)
        if caller := await find_actor(self.token_hash, scope):
            welcome(scope, caller, self.token_hash)


def welcome(scope: Scope, caller: Caller, token_hash: str) -> None:
    """Lets the rest of the program know who asks."""
    scope.pop(STRANGER, None)
    scope["user"] = SignedIn(user=cast(Any, caller))  # it need only look like Piccolo's own
    scope["auth"] = AuthCredentials(["authenticated"])
    scope["state"]["token_hash"] = token_hash


async def end_session(token_hash: str) -> None:
    await Session.delete().where(Session.token_hash == token_hash)


def set_cookies(response: Response, session: NewSession) -> None:
    """The session, hidden from scripts, and the CSRF token, for them to send back."""
    kept: dict[str, Any] = {
        "max_age": LIFETIME_HOURS * 3600,
        "secure": the_engine().settings.production,
        "samesite": "lax",
    }
    response.set_cookie(SESSION_COOKIE, session.token, httponly=True, **kept)
    response.set_cookie(CSRF_COOKIE, secrets.token_urlsafe(TOKEN_BYTES), **kept)


def clear_cookies(response: Response) -> None:
    """Leaves the CSRF token, with which the next log-in may come."""
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="lax", secure=the_engine().settings.production)


class Authentication:
    """ASGI middleware: under /api, only log-in and health are reached without a session.

    Whoever shows one stays a stranger until the query that answers looks them up, or `UnitOfWork` does, in the
    transaction in which they change something. That sets scope["user"], scope["auth"] and state.token_hash, or raises
    Problem.
    """

    def __init__(self, app: ASGIApp, welcomes: Callable[[Scope], bool]) -> None:
        self.app = app
        self.welcomes = welcomes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._look(scope, get_route_path(scope))
        await self.app(scope, receive, send)

    async def _look(self, scope: Scope, path: str) -> None:
        reads, connection = scope["method"] in SAFE_METHODS, HTTPConnection(scope)
        if _is_private(path):
            is_welcome = self.welcomes(scope)  # which also says in the log what a stranger was refused
            scope[STRANGER] = stranger = _stranger(connection)
            if reads and not is_welcome:
                async with asyncio.timeout(LONGEST_LOOKUP_SECONDS):
                    await repeat(is_lost, 2, stranger.introduce, scope)
        elif path.startswith(ADMIN) and not reads:
            scope[STRANGER] = Visitor(connection.cookies.get(SESSION_COOKIE, ""))


def _is_private(path: str) -> bool:
    if path in PUBLIC or path.startswith(PUBLIC_BELOW):
        return False
    return path == "/api" or path.startswith("/api/")


async def authenticate(connection: HTTPConnection) -> None:
    """Lets somebody in at once.

    :raises Problem: unauthenticated, csrf_failed.
    """
    await _stranger(connection).introduce(connection.scope)


def _stranger(connection: HTTPConnection) -> Stranger:
    """With the bearer token, or else with the cookie's.

    :raises Problem: unauthenticated, where there is neither.
    """
    bearer = connection.headers.getlist("authorization")
    token = _bearer_token(bearer) if bearer else connection.cookies.get(SESSION_COOKIE)
    if not token:
        raise Problem("unauthenticated", headers=CHALLENGE)
    return Stranger(token, by_cookie=not bearer)


def _bearer_token(headers: list[str]) -> str | None:
    scheme, _, token = headers[0].partition(" ")
    return token.strip() if len(headers) == 1 and scheme.lower() == "bearer" else None


def check_csrf(connection: HTTPConnection, sent: str | None) -> None:
    """What a page of ours sends must be what the cookie says: another site cannot read the cookie."""
    expected = connection.cookies.get(CSRF_COOKIE, "")
    if not expected or not hmac.compare_digest(_bytes(expected), _bytes(sent or "")):
        raise Problem("csrf_failed")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # compare_digest takes no text beyond ASCII


class AdminSessions:
    """Our sessions, by the name under which piccolo-admin looks for its own.

    Its log-in, log-out and change of password want more than this, and are never reached: ours stand before them.
    """

    @classmethod
    async def get_user_id(cls, token: str, increase_expiry: timedelta | None = None) -> UUID | None:
        """Sessions end when they were said to end: `increase_expiry` does nothing."""
        caller = await find_caller(hash_token(token))
        return caller.id if caller else None
