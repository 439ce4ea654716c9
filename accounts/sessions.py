"""Sessions: a random token for the client, its SHA-256 in the database, and nothing remembered anywhere else."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from starlette.types import Scope

from accounts.tables import Session
from backoffice.audit_trail.actors import act_as_sql
from backoffice.database.engine import the_engine
from backoffice.database.expiry import delete_expired

LIFETIME_HOURS = 12
TOKEN_BYTES = 32


@dataclass(frozen=True)
class NewSession:
    """A new session as sent to the client. Only the client knows the token."""

    token: str
    expires_at: datetime


def hash_token(token: str) -> str:
    return hashlib.sha256(as_bytes(token)).hexdigest()


async def create_session(user_id: UUID) -> NewSession:
    """Creates a session. The caller must have locked the user's row, or an old password might open one."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    expires_at = await the_engine().fetch_value(
        "INSERT INTO sessions (token_hash, user_id, expires_at) "
        "VALUES ($1, $2, now() + make_interval(hours => $3)) RETURNING expires_at",
        hash_token(token),
        user_id,
        LIFETIME_HOURS,
    )
    await delete_expired(Session.expires_at)
    return NewSession(token, expires_at)


PERSON = "users.id, users.email, users.name, users.role::text"
# {} is the number of the parameter with the token's hash.
OF_SESSION = """
FROM sessions JOIN users ON users.id = sessions.user_id
WHERE sessions.token_hash = ${} AND sessions.expires_at > now() AND users.active
"""
CALLER = f"SELECT {PERSON} {OF_SESSION}"
# Tells the audit trail who acts, too, until the transaction ends. {0} is the number of the parameter with the token's
# hash, {1} that of the one with the request's id.
ACTOR = f"SELECT {PERSON}, {act_as_sql('users.id', 'users.email', '${1}')} AS told {OF_SESSION.format('{0}')}"


@dataclass(frozen=True)
class Caller:
    """The user who sends the request: the columns that the program needs, without a Piccolo row for each request."""

    id: UUID
    email: str
    name: str
    role: str

    @property
    def username(self) -> str:
        return self.email


async def find_caller(token_hash: str) -> Caller | None:
    """The user of a session. None when the session is unknown, ended or expired, or the user is not active."""
    row = await the_engine().fetch_row(CALLER.format(1), token_hash)
    return Caller(*row) if row else None


async def find_actor(token_hash: str, scope: Scope) -> Caller | None:
    """As `find_caller`; within a transaction, it also tells the audit trail who acts."""
    row = await the_engine().fetch_row(ACTOR.format(1, 2), token_hash, scope["state"]["request_id"])
    return Caller(*row[:-1]) if row else None


def as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # compare_digest accepts only ASCII text
