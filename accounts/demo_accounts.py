"""Refuses to start production with demo accounts."""

from accounts.demo_password import active_users_with_demo_password
from backoffice.database.engine import Engine
from backoffice.server.startup import StartRefused


async def refuse_demo_accounts(engine: Engine) -> None:
    """:raises StartRefused: in production, while an active user has the demo password."""
    if not engine.settings.production:
        return
    if emails := await active_users_with_demo_password():
        raise StartRefused(
            f"ENVIRONMENT=production refuses the demo password. Change it for, or deactivate: {', '.join(emails)}. "
            "See docs/operations.md."
        )
