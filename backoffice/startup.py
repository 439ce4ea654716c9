"""From nothing to a served application, and back: what the lifespan does, and how a failing start speaks."""

import contextlib
import io
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
from piccolo.apps.migrations.commands.forwards import run_forwards

from backoffice.connecting import DatabaseUnavailable, close_quietly
from backoffice.database import Engine
from backoffice.health import MigrationState, migration_state, prober

logger = logging.getLogger(__name__)

MIGRATION_LOCK = 4_610_119  # any number, the same in every process: see pg_advisory_xact_lock

Check = Callable[[Engine], Awaitable[None]]


class StartRefused(Exception):
    """The application must not serve; the text is one line for the operator."""


async def migrate(engine: Engine) -> None:
    """Runs all pending migrations, all or none, one process at a time; to call before the pool opens."""
    async with engine.transaction():
        await engine.run_ddl(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
        with contextlib.redirect_stdout(io.StringIO()) as report:
            result = await run_forwards("all")
        if not result.success:
            raise StartRefused(f"The migrations failed: {result.message or report.getvalue()}")


async def read_migration_state(engine: Engine) -> MigrationState:
    connection = await engine.connect()
    try:
        return await migration_state(connection)
    finally:
        await close_quietly(connection)


async def settle_migrations(engine: Engine) -> None:
    """Migrates the embedded database; raises StartRefused for any other that lacks a migration."""
    state = await read_migration_state(engine)
    if not state.pending:
        return
    if engine.embedded is None:
        raise StartRefused(f"{state.pending} migrations are pending. Run `make migrate`, then start again.")
    logger.info("migrating the embedded database: %d migrations", state.pending)
    await migrate(engine)


@contextlib.asynccontextmanager
async def serving(engine: Engine, *checks: Check) -> AsyncIterator[None]:
    """The lifespan: a reachable, migrated database and an open pool inside; everything closed after it.

    Each check may raise StartRefused.
    """
    try:
        try:
            await engine.wait_until_reachable()
            await settle_migrations(engine)
            await engine.open_pool()
            for check in checks:
                await check(engine)
        except (DatabaseUnavailable, asyncpg.PostgresError) as error:
            raise StartRefused(str(error)) from error
        yield
    finally:
        await prober(engine).close()
        await engine.close_pool()


class OneLineRefusal:
    """ASGI middleware: a start refused with StartRefused is told in one line, without a traceback."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)
            return
        held: list[dict[str, Any]] = []

        async def send_later(message: dict[str, Any]) -> None:
            if message["type"] != "lifespan.startup.failed":
                await send(message)
            else:
                held.append(message)

        try:
            await self.app(scope, receive, send_later)
        except StartRefused as refusal:
            await send({"type": "lifespan.startup.failed", "message": f"Flow CRM cannot start. {refusal}"})
        except BaseException:
            for message in held:
                await send(message)
            raise
