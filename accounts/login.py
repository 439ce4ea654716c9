"""Logging in and out, and changing one's own password: the same for REST and the admin.

Whoever opens or carries over a session locks the user's row first. So a change of password or a deactivation, which
end sessions, come either before (and are seen) or after (and end this one too).
"""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from piccolo.columns.combination import WhereRaw

from accounts import throttle
from accounts.passwords import hash_password, needs_rehash, verify_password
from accounts.sessions import CHALLENGE, NewSession, create_session
from accounts.tables import Session, User
from accounts.throttle import Attempt
from backoffice.audit import act_as
from backoffice.problems import FieldError, Problem


@dataclass(frozen=True)
class Verdict:
    """What came of a password: the user it opens, if any, and a hash of today's strength if theirs is not."""

    user: User | None
    better_hash: str | None = None


async def log_in(attempt: Attempt, password: str) -> tuple[User, NewSession]:
    """Raises Problem("invalid_credentials") or, after too many of these, Problem("rate_limited")."""
    await throttle.refuse_if_exhausted(attempt)
    verdict = await _judge(attempt.email, password)
    async with _transaction(verdict.user):
        # Others were judged meanwhile: a burst of guesses gets no more answers than one guess after the other.
        await throttle.take_turn(attempt)
        await throttle.refuse_if_exhausted(attempt)
        if verdict.user is None:
            await throttle.record_failure(attempt)
        elif session := await _open_session(verdict.user, verdict.better_hash):
            return verdict.user, session
    if verdict.user is None:
        raise Problem("invalid_credentials", headers=CHALLENGE)
    return await log_in(attempt, password)  # the user changed meanwhile: judge again


async def _judge(email: str, password: str) -> Verdict:
    is_theirs = WhereRaw("lower(email) = lower({})", email)
    user = await User.objects().where(is_theirs, User.active.eq(True)).first()
    if not await verify_password(password, against=user.password if user else None):
        return Verdict(None)
    assert user is not None
    return Verdict(user, await hash_password(password) if needs_rehash(user.password) else None)


async def _open_session(user: User, better_hash: str | None) -> NewSession | None:
    """None where the password is no longer the one that was judged, or the user no longer active."""
    now = await _lock(user.id, "NO KEY UPDATE" if better_hash else "SHARE")
    if now is None or not now["active"] or now["password"] != user.password:
        return None
    if better_hash:
        await _put_password(user.id, better_hash, keeping=await Session.objects().where(Session.user_id == user.id))
    return await create_session(user.id)


async def log_out(user_id: UUID, token_hash: str) -> None:
    async with _transaction():
        await _lock(user_id, "SHARE")
        await Session.delete().where(Session.token_hash == token_hash)


async def change_password(user_id: UUID, token_hash: str, *, current: str, new: str) -> None:
    """Ends every other session of the user. Raises Problem where `current` is not their password."""
    async with _transaction():
        now = await _lock(user_id, "NO KEY UPDATE")
        session = await Session.objects().where(Session.token_hash == token_hash)
        if now is None or not session:
            raise Problem("unauthenticated", headers=CHALLENGE)  # it ended while this request was on its way
        if not await verify_password(current, against=now["password"]):
            raise Problem("validation_error", errors=[FieldError("current_password", "wrong_password")])
        await _put_password(user_id, await hash_password(new), keeping=session)


async def _put_password(user_id: UUID, hashed: str, *, keeping: list[Session]) -> None:
    """The database ends all sessions of a user whose password changes; these go on."""
    await User.update({User.password: hashed}).where(User.id == user_id)
    if keeping:
        await Session.insert(*keeping)


async def _lock(user_id: UUID, strength: Literal["SHARE", "NO KEY UPDATE"]) -> dict[str, Any] | None:
    """The user's password and whether they are active, as they stay until the transaction ends."""
    rows = await User.raw(f"SELECT password, active FROM users WHERE id = {{}} FOR {strength}", user_id)
    return rows[0] if rows else None


def _transaction(user: User | None = None) -> Any:
    """:param user: who acts, where it is not known from the request."""
    return User._meta.db.transaction(first=act_as(user.id, user.email) if user else "")
