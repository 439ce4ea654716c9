"""Startup and shutdown of the application: what the lifespan does, and how a failed start is reported."""

import asyncio
import contextlib
import gc
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache

import asyncpg
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backoffice.database.connecting import START_SECONDS
from backoffice.database.engine import Engine
from backoffice.database.failures import DATABASE_ERRORS, cause, is_lost
from backoffice.migrations import checking, choices, expected, records, runner, scratch
from backoffice.migrations.catalog import Difference, in_few_words
from backoffice.migrations.outcomes import MigrationFailed, MigrationsStopped, migrations_are
from backoffice.migrations.records import State
from backoffice.monitoring.probing import prober

logger = logging.getLogger(__name__)

Check = Callable[[Engine], Awaitable[None]]


class StartRefused(Exception):
    """The application must not serve; the text is one line for the operator."""


async def migrate(engine: Engine) -> None:
    """Runs all pending migrations, as `runner.forwards` does; to call before the pool opens."""
    try:
        with scratch.quiet():
            await runner.forwards(engine, choices.forwards())
    except MigrationsStopped as stopped:
        if isinstance(stopped, MigrationFailed) and is_lost(stopped.cause):
            raise stopped.cause from stopped  # the start begins anew
        raise StartRefused(f"The migrations failed. {stopped}") from stopped


async def settle_migrations(engine: Engine) -> None:
    """Migrates the embedded database; raises StartRefused for any other that lacks a migration, or has drifted."""
    state, drift = await _look(engine)
    if engine.embedded is not None and state.pending:
        logger.info("migrating the embedded database: %d migrations", len(state.pending))
        if state.changed:
            await _accept(engine)
        await migrate(engine)
        state, drift = await _look(engine)
    if engine.embedded is None:
        _refuse(state, drift)
    _warn(state, drift)


async def _accept(engine: Engine) -> None:
    """Accepts changed files: in a newer version of the program, comments in old migrations may have changed."""
    report = await checking.accept(engine)
    if report.drift:
        raise StartRefused(
            "The files of migrations that ran were changed, and make something else now: "
            f"{in_few_words(report.drift)}. Nothing was done, and all data is where it was. Go back to the version "
            "that made this database; or see `piccolo backoffice check` and docs/migrations.md."
        )


async def _look(engine: Engine) -> tuple[State, list[Difference]]:
    try:
        async with asyncio.timeout(START_SECONDS), records.reading(engine) as connection:
            return await records.read_state(connection), await expected.drift(connection)
    except TimeoutError as error:
        raise StartRefused(f"PostgreSQL at {engine.connector.where}: {cause(error)}") from None
    except asyncpg.InsufficientPrivilegeError as error:
        raise StartRefused(f"{cause(error)}. After each migration: `piccolo backoffice grant ROLE`.") from None


def _refuse(state: State, drift: list[Difference]) -> None:
    if state.pending:
        raise StartRefused(f"{migrations_are(len(state.pending))} pending. Run `make migrate`, then start again.")
    if harmful := [difference for difference in drift if not difference.harmless]:
        raise StartRefused(
            f"The schema of the database is not what the migrations made: {in_few_words(harmful)}. "
            "Run `piccolo backoffice check`; if it finds nothing, `piccolo backoffice accept`. See docs/migrations.md."
        )


def _warn(state: State, drift: list[Difference]) -> None:
    if drift:
        logger.warning("the schema of the database is not what the migrations made: %s", in_few_words(drift))
    if state.changed:
        logger.warning("changed after they ran: %s", ", ".join(migration.path.name for migration in state.changed))
    if state.unknown:
        logger.warning("the database is ahead of this program: %s", ", ".join(name for _, name in state.unknown))


@contextlib.asynccontextmanager
async def serving(engine: Engine, *checks: Check) -> AsyncIterator[None]:
    """The lifespan: a reachable, migrated database and an open pool inside; everything closed after it.

    Each check may raise StartRefused.
    """

    async def start(version: str) -> None:
        await settle_migrations(engine)
        if not engine.pool.is_open:
            await engine.open_pool(version)
        for check in checks:
            await check(engine)

    try:
        try:
            await engine.when_reachable(start)
        except DATABASE_ERRORS as error:
            raise StartRefused(cause(error)) from error
        _freeze_objects()
        yield
    finally:
        await prober(engine).close()
        await engine.close_connection_pool()


@cache
def _freeze_objects() -> None:
    """Exempts all objects from garbage collection, which would now and then block all requests for 50 ms."""
    gc.collect()
    gc.freeze()
    gc.enable()


class OneLineRefusal:
    """ASGI middleware: a start refused with StartRefused is told in one line, without a traceback."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)
            return
        held: list[Message] = []

        async def send_later(message: Message) -> None:
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
