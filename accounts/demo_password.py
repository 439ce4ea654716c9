"""The demo password, which is public: in production nobody can set it, comes in with it or comes back with it, and
while an active user has it, of whom a fixture or SQL may bring the hash, nothing starts."""

import asyncio

from accounts.passwords import DEMO_PASSWORD, in_one_form, verify_password
from accounts.tables import User
from backoffice.database.engine import Engine, the_engine
from backoffice.problems import FieldError, Problem
from backoffice.server.startup import StartRefused


def is_known_to_everybody(password: str) -> bool:
    """True for the demo password in production."""
    return the_engine().settings.production and in_one_form(password) == in_one_form(DEMO_PASSWORD)


async def refuse_to_activate(user_id: str) -> None:
    """:raises Problem: validation_error, in production, when the user has the demo password."""
    if not the_engine().settings.production:
        return
    user = await User.select(User.password).where(User.id == user_id).first()
    if user and await verify_password(DEMO_PASSWORD, against=user["password"]):
        raise Problem("validation_error", errors=[FieldError("password", "demo_password")])


async def active_users_with_demo_password(*emails: str) -> list[str]:
    """The e-mails of the active users who have the demo password.

    :param emails: the users to check; all of them when none is named.
    """
    query = User.select(User.email, User.password).where(User.active.eq(True)).order_by(User.email)
    users = await (query.where(User.email.is_in(list(emails))) if emails else query)
    have_it = await asyncio.gather(*(verify_password(DEMO_PASSWORD, against=user["password"]) for user in users))
    return [user["email"] for user, has_it in zip(users, have_it, strict=True) if has_it]


async def refuse_demo_password(engine: Engine) -> None:
    """:raises StartRefused: in production, while an active user has the demo password."""
    if not engine.settings.production:
        return
    if emails := await active_users_with_demo_password():
        raise StartRefused(
            f"ENVIRONMENT=production refuses the demo password. Change it for, or deactivate: {', '.join(emails)}. "
            "See docs/operations.md."
        )
