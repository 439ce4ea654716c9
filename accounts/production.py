"""What production refuses to start with."""

import asyncio

from accounts.passwords import DEMO_PASSWORD, verify_password
from accounts.tables import User
from backoffice.database.engine import Engine
from backoffice.startup import StartRefused


async def refuse_demo_accounts(engine: Engine) -> None:
    """The whole world knows the demo password.

    :raises StartRefused: in production, while an active user has it.
    """
    if not engine.settings.production:
        return
    users = await User.select(User.email, User.password).where(User.active.eq(True)).order_by(User.email)
    have_it = await asyncio.gather(*(verify_password(DEMO_PASSWORD, against=user["password"]) for user in users))
    emails = [user["email"] for user, has_it in zip(users, have_it, strict=True) if has_it]
    if emails:
        raise StartRefused(
            f"ENVIRONMENT=production refuses the demo password. Change it for, or deactivate: {', '.join(emails)}. "
            "See docs/operations.md."
        )
