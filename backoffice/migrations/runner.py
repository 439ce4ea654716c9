"""Runs migrations: one runner at a time, and each migration with its record or not at all.

All that can share a transaction commit together. One that cannot (`wrap_in_transaction=False`) runs by itself, and is
recorded right after; what it did to the schema, after each of its statements.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import cast

import asyncpg
import tenacity
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backoffice.database.engine import Engine
from backoffice.database.transactions import transaction_on
from backoffice.migrations import expected, records
from backoffice.migrations.choices import Choice
from backoffice.migrations.files import Migration
from backoffice.migrations.journal import Journal, NotedConnector, noted
from backoffice.migrations.lock import WAIT_SECONDS, Session, blockers, exclusive
from backoffice.migrations.outcomes import MigrationFailed, MigrationRefused, say, what_was_done
from backoffice.migrations.progress import Progress, undoable

ATTEMPTS = 6

# Checks deferred constraints before the end of the transaction, so that the migration at fault is known.
SETTLE = "SET CONSTRAINTS ALL IMMEDIATE"
PUT_OFF = (
    "SELECT DISTINCT connamespace::regnamespace || '.' || quote_ident(conname) FROM pg_constraint WHERE condeferred"
)

# Piccolo drops tables with CASCADE, which also drops foreign keys of tables that stay.
FOREIGN_KEYS = "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
TORN = (
    "SELECT format('%s refers to %s', key, whole) FROM unnest($1::text[], $2::text[]) AS before (key, whole) "
    "WHERE to_regclass(key) IS NOT NULL AND to_regclass(whole) IS NULL"
)


@dataclass(frozen=True)
class Step:
    """A migration to run, or only to record: `taken` when what it would make was made by other means.

    One that itself has `fake=True` only tells Piccolo about changes that earlier migrations made in a better way.
    """

    migration: Migration
    manager: MigrationManager
    taken: bool = False

    @property
    def faked(self) -> bool:
        return self.taken or self.manager.fake

    @property
    def alone(self) -> bool:
        return not (self.manager.wrap_in_transaction or self.faked)


async def forwards(
    engine: Engine, choose: Choice, *, fake: bool = False, wait: float = WAIT_SECONDS
) -> Sequence[Migration]:
    """Runs the migrations that `choose` picks, given the applied ones.

    :param fake: only record them.
    :param wait: seconds for another runner to end.
    :raises MigrationsStopped: where one fails; then none has run, except those before one outside a transaction.
    """
    async with _alone(engine, wait) as run:
        await _refuse_changed_files(run.connection)
        chosen = choose(await records.applied(run.connection))
        await run.forwards([Step(one, await one.manager(), taken=fake) for one in chosen])
        if not chosen:
            await run.complete_records()
    return chosen


async def backwards(engine: Engine, choose: Choice) -> Sequence[Migration]:
    """Undoes what `choose` picks, in that order.

    :raises MigrationsStopped: where one fails; then none was undone.
    """
    async with _alone(engine) as run:
        chosen = choose(await undoable(run.connection))
        await run.backwards([Step(one, await one.manager()) for one in chosen])
    return chosen


@contextlib.asynccontextmanager
async def _alone(engine: Engine, wait: float = WAIT_SECONDS) -> AsyncIterator["Run"]:
    journal = Journal()
    async with noted(engine, journal), exclusive(engine, wait) as connection:
        yield Run(engine, connection, journal)


async def _refuse_changed_files(connection: asyncpg.Connection) -> None:
    if changed := await records.changed_files(connection):
        names = ", ".join(migration.path.name for migration in changed)
        raise MigrationRefused(
            f"Changed after they ran: {names}. Restore them; or, where the change alters nothing in the database, "
            "say `piccolo backoffice accept`."
        )


class Run:
    """One run, on the connection that holds the lock."""

    def __init__(self, engine: Engine, connection: asyncpg.Connection, journal: Journal) -> None:
        self.engine = engine
        self.connection = connection
        self.journal = journal
        self._done: list[Migration] = []
        self._waited_for: Sequence[Session] = ()

    async def forwards(self, steps: Sequence[Step]) -> None:
        await self._all(steps, backwards=False)

    async def complete_records(self) -> None:
        with contextlib.suppress(asyncpg.InsufficientPrivilegeError, asyncpg.ReadOnlySQLTransactionError):
            async with transaction_on(self.engine, self.connection):
                await expected.complete(self.connection)

    async def backwards(self, steps: Sequence[Step]) -> None:
        await self._all(steps, backwards=True)

    async def _all(self, steps: Sequence[Step], *, backwards: bool) -> None:
        for alone, group in groupby(steps, key=lambda step: step.alone):
            together = list(group)
            for part in [[step] for step in together] if alone else [together]:
                await (self._patiently(self._by_itself, part, backwards) if alone else self._watched(part, backwards))
                self._done += [step.migration for step in part]

    async def _watched(self, steps: list[Step], backwards: bool) -> None:
        every = self.engine.settings.db_lock_timeout / 3
        async with blockers(self.engine, self.connection.get_server_pid(), every) as self._waited_for:
            await self._patiently(self._together, steps, backwards)

    async def _patiently(self, work: Callable[..., Awaitable[None]], steps: list[Step], backwards: bool) -> None:
        """Repeats the work after a lock timeout, so that nobody queues for long behind a waiting migration."""
        patience = self.engine.settings.db_lock_timeout
        retrying = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=tenacity.wait_exponential_jitter(multiplier=patience, max=5 * patience, jitter=patience / 2),
            retry=tenacity.retry_if_exception(lambda error: isinstance(error, MigrationFailed) and error.may_pass),
            before_sleep=_tell_of_retry,
            reraise=True,
        )
        await retrying(work, steps, backwards)

    async def _together(self, steps: list[Step], backwards: bool) -> None:
        try:
            async with transaction_on(self.engine, self.connection):
                await self._in_transaction(steps, backwards)
        except MigrationFailed as failure:
            failure.blockers = self._waited_for if failure.may_pass else ()
            raise

    async def _in_transaction(self, steps: list[Step], backwards: bool) -> None:
        await records.create_tables(self.connection)
        before = await expected.before(self.connection)
        await self._run_whole(steps, backwards)
        for step in steps:
            await self._record(step, backwards)
        if any(step.taken for step in steps):
            before = expected.Before({}, {})
        await expected.remember_changes(self.connection, before)

    async def _run_whole(self, steps: list[Step], backwards: bool) -> None:
        foreign_keys = await self.connection.fetch(FOREIGN_KEYS)
        for step in steps:
            await self._run(step, backwards)
        await self._refuse_torn(foreign_keys)

    async def _refuse_torn(self, foreign_keys: Sequence[asyncpg.Record]) -> None:
        """:param foreign_keys: those before, as FOREIGN_KEYS answers."""
        if not foreign_keys:
            return
        if torn := await self.connection.fetch(TORN, *map(list, zip(*foreign_keys, strict=True))):
            told = "; ".join(text for (text,) in torn)
            advice = "Reverse the migrations of the former first."
            raise MigrationRefused(f"{told}, which would be gone. {advice} {what_was_done(self._done)}")

    async def _by_itself(self, steps: list[Step], backwards: bool) -> None:
        transaction = partial(transaction_on, self.engine, self.connection)
        for step in steps:
            async with transaction():
                await records.create_tables(self.connection)
                reached = await expected.take_up(self.connection)
            progress = Progress(reached, transaction, step.migration.key if backwards else None)
            with self.journal.telling(progress):
                await self._run_outside(step, backwards)
            async with transaction():
                await self._record(step, backwards)
                await expected.remember_changes(self.connection, progress.reached)

    async def _run_outside(self, step: Step, backwards: bool) -> None:
        # No statement may outlive the lock, so it runs on the connection that holds it.
        with cast(NotedConnector, self.engine.connector).lending(self.connection):
            await self._run(step, backwards)

    async def _run(self, step: Step, backwards: bool) -> None:
        if step.faked:
            say(f"  - {step.migration.app} {step.migration.id}: faked\n")
            return
        try:
            with self.journal.of_a_migration():
                say(step.migration.app)  # Piccolo then prints the id
                await step.manager.run(backwards=backwards)
                await self._settle(step)
        except Exception as error:
            say("failed\n")
            raise self._failure(step, error) from error
        say("ok\n")

    async def _settle(self, step: Step) -> None:
        if step.alone:
            return
        await self.connection.execute(SETTLE)
        if put_off := await self.connection.fetchval(f"SELECT string_agg(name, ', ') FROM ({PUT_OFF}) AS c (name)"):
            await self.connection.fetchval(f"SET CONSTRAINTS {put_off} DEFERRED")

    def _failure(self, step: Step, error: Exception) -> MigrationFailed:
        failure = MigrationFailed(step.migration, self.journal.failed, error, alone=step.alone)
        failure.done = tuple(self._done)
        return failure

    async def _record(self, step: Step, backwards: bool) -> None:
        if backwards:
            await records.forget(self.connection, step.migration.key)
        else:
            await records.remember(self.connection, step.migration)


def _tell_of_retry(state: tenacity.RetryCallState) -> None:
    failure = state.outcome.exception() if state.outcome else None
    pause = state.next_action.sleep if state.next_action else 0
    if isinstance(failure, MigrationFailed):
        whom = ", ".join(map(str, failure.blockers)) or "somebody"
        undone = "the statement" if failure.alone else "everything"
        say(f"    {whom} held a lock for long; {undone} was undone, next attempt in {pause:.1f} s\n")
