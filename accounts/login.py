"""Logging in and out, and changing one's own password: the same for REST and the admin.

Opening or keeping a session locks the user's row first. So a change of password or a deactivation, both of which end
sessions, is committed either before (and is seen) or after (and ends this session too).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from piccolo.columns.combination import WhereRaw
from piccolo.custom_types import Combinable

from accounts import throttle
from accounts.authentication import CHALLENGE
from accounts.demo_password import is_known_to_everybody
from accounts.passwords import MAX_AT_ONCE, hash_password, needs_rehash, verify_password
from accounts.sessions import NewSession, create_session
from accounts.tables import Session, User
from accounts.throttle import Attempt
from backoffice.audit_trail.actors import act_as_sql
from backoffice.database.engine import the_engine
from backoffice.database.errors import repeat
from backoffice.database.failures import is_lost
from backoffice.database.transactions import Transaction
from backoffice.problems import FieldError, Problem

_judging = asyncio.Semaphore(MAX_AT_ONCE)


@dataclass(frozen=True)
class Verdict:
    """The result of checking a password: its user if it is right, and a new hash if the stored one is outdated."""

    user: User | None
    better_hash: str | None = None


async def log_in(attempt: Attempt, password: str) -> tuple[User, NewSession]:
    """Opens a session.

    :raises Problem: invalid_credentials; after too many of these, rate_limited.
    """
    is_theirs = WhereRaw("caseless(email) = caseless({})", attempt.account)
    verdict = await repeat(is_lost, 2, _judge, attempt, is_theirs, password)
    if verdict.user and is_known_to_everybody(password):  # of a wrong one nobody knows how long it is
        verdict = Verdict(None)
    async with _turn(attempt):
        if verdict.user is None:
            await throttle.record_failure(attempt)
        elif session := await _open_session(verdict.user, verdict.better_hash):
            return verdict.user, session
    if verdict.user is None:
        raise Problem("invalid_credentials", headers=CHALLENGE)
    return await log_in(attempt, password)  # the user changed meanwhile: judge again


async def _judge(attempt: Attempt, is_theirs: Combinable, password: str) -> Verdict:
    """Checks the password. Only reads, so it may be repeated."""
    await throttle.refuse_if_exhausted(attempt)
    user = await User.objects().where(is_theirs, User.active.eq(True)).first()
    async with _judging:
        await throttle.refuse_if_exhausted(attempt)  # by those of a burst whose turn it was before
        is_right = await verify_password(password, against=user.password if user else None)
    if not is_right:
        return Verdict(None)
    assert user is not None
    return Verdict(user, await hash_password(password) if needs_rehash(user.password) else None)


async def _open_session(user: User, better_hash: str | None) -> NewSession | None:
    """A new session; None when the password has changed since it was checked, or the user is no longer active."""
    now = await _lock(user.id)
    if now is None or not now["active"] or now["password"] != user.password:
        return None
    if better_hash:
        await _set_actor(user.id, user.email)
        await _put_password(user.id, better_hash, keeping=await Session.objects().where(Session.user_id == user.id))
    return await create_session(user.id)


async def log_out(user_id: UUID, token_hash: str) -> None:
    async with _transaction():
        await _lock(user_id)
        await Session.delete().where(Session.token_hash == token_hash)


@dataclass(frozen=True, kw_only=True)
class PasswordChangeAttempt:
    """One try to change one's own password.

    :param attempt: counts as a log-in, or the thief of a session could guess without limit.
    :param keeps_session: whether the session that sends it stays open; all others end.
    """

    attempt: Attempt
    user_id: UUID
    request_id: str
    token_hash: str
    current: str
    new: str
    keeps_session: bool


async def change_password(change: PasswordChangeAttempt) -> None:
    """Changes the password and ends the user's other sessions.

    :raises Problem: validation_error, where `current` is not their password; after too many of these, rate_limited.
    """
    verdict = await repeat(is_lost, 2, _judge, change.attempt, User.id == change.user_id, change.current)
    hashed = await hash_password(change.new) if verdict.user else ""
    async with _turn(change.attempt):
        password, session = await _hold(change)
        if verdict.user is None:
            await throttle.record_failure(change.attempt)
        elif verdict.user.password == password:
            await _set_actor(change.user_id, verdict.user.email, change.request_id)
            await _put_password(change.user_id, hashed, keeping=session if change.keeps_session else [])
            return
    if verdict.user is None:
        raise Problem("validation_error", errors=[FieldError("current_password", "wrong_password")])
    await change_password(change)  # the password changed meanwhile: judge again


async def _hold(change: PasswordChangeAttempt) -> tuple[str, list[Session]]:
    """Locks the user; gives the current password hash, and the session that sends the change.

    :raises Problem: unauthenticated, when that session has ended meanwhile, perhaps by a change to the very password
        that `current` was checked against.
    """
    now = await _lock(change.user_id)
    session = await Session.objects().where(Session.token_hash == change.token_hash)
    if now is None or not session:
        raise Problem("unauthenticated", headers=CHALLENGE)
    return str(now["password"]), session


async def _put_password(user_id: UUID, hashed: str, *, keeping: list[Session]) -> None:
    """Stores the hash. The database then ends all sessions of the user; those in `keeping` are restored."""
    await User.update({User.password: hashed}).where(User.id == user_id)
    if keeping:
        await Session.insert(*keeping)


async def _lock(user_id: UUID) -> Any:
    """Locks the user's row until the transaction ends; gives its password hash and `active`, or None."""
    sql = "SELECT password, active FROM users WHERE id = $1 FOR NO KEY UPDATE"
    return await the_engine().fetch_row(sql, user_id)


async def _set_actor(user_id: UUID, email: str, request_id: str | None = None) -> None:
    """Tells the audit trail who acts in this transaction."""
    await the_engine().fetch_value(f"SELECT {act_as_sql('$1::uuid', '$2::text', '$3')}", user_id, email, request_id)


@asynccontextmanager
async def _turn(attempt: Attempt) -> AsyncIterator[None]:
    """A transaction in which no other attempt for this account or from this address is judged.

    :raises Problem: rate_limited, when attempts judged meanwhile used up the limit: a burst of guesses gets no more
        answers than one guess after the other.
    """
    async with _transaction():
        await throttle.take_turn(attempt)
        await throttle.refuse_if_exhausted(attempt)
        yield


def _transaction() -> Transaction:
    """READ COMMITTED, whatever the database's default: it sees what others committed while it waited for a lock.

    Inside another transaction it is that one, and its level stays.
    """
    return the_engine().transaction(begin="BEGIN ISOLATION LEVEL READ COMMITTED")
