"""Runs migrations: one runner at a time, and each migration with its record or not at all.

All that can share a transaction commit together. One that cannot (`wrap_in_transaction=False`) runs by itself, and is
recorded right after; what it did to the schema, after each of its statements.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

import asyncpg
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backoffice.database.engine import Engine
from backoffice.database.failures import is_lost
from backoffice.database.transactions import transaction_on
from backoffice.migrations import constraints, expected, records
from backoffice.migrations.choices import Choice
from backoffice.migrations.files import Migration
from backoffice.migrations.journal import Journal, lending, noted
from backoffice.migrations.lock import WAIT_SECONDS, Session, blockers, exclusive
from backoffice.migrations.outcomes import (
    MigrationFailed,
    MigrationRefused,
    MigrationsStopped,
    Phase,
    say,
    what_was_done,
)
from backoffice.migrations.patience import patiently
from backoffice.migrations.progress import Progress, undoable

# Of completing records while nothing is pending: a later run, by whoever may, does it.
ANOTHER_TIME = (
    asyncpg.InsufficientPrivilegeError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
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


Work = Callable[[list[Step], bool], Awaitable[None]]


async def forwards(
    engine: Engine, choose: Choice, *, fake: bool = False, wait: float = WAIT_SECONDS
) -> Sequence[Migration]:
    """Runs the migrations that `choose` picks, given the applied ones.

    :param fake: only record them.
    :param wait: seconds for another runner to end.
    :raises MigrationsStopped: where one fails; then none has run, except those before one outside a transaction.
    """
    async with _alone(engine, wait) as run:
        await records.refuse_changed_files(run.connection)
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


class Run:
    """One run, on the connection that holds the lock."""

    def __init__(self, engine: Engine, connection: asyncpg.Connection, journal: Journal) -> None:
        self.engine = engine
        self.connection = connection
        self.journal = journal
        self._at: tuple[Step, Phase]
        self._reached: expected.Before
        self._done: list[Migration] = []
        self._waited_for: Sequence[Session] = ()

    async def forwards(self, steps: Sequence[Step]) -> None:
        await self._all(steps, backwards=False)

    async def complete_records(self) -> None:
        with contextlib.suppress(*ANOTHER_TIME):
            async with self._transaction():
                await expected.complete(self.connection)

    async def backwards(self, steps: Sequence[Step]) -> None:
        await self._all(steps, backwards=True)

    async def _all(self, steps: Sequence[Step], *, backwards: bool) -> None:
        for alone, group in groupby(steps, key=lambda step: step.alone):
            together = list(group)
            for part in [[step] for step in together] if alone else [together]:
                for work in (self._by_itself, self._record_what_ran) if alone else (self._together,):
                    await self._patiently(work, part, backwards)
                self._done += [step.migration for step in part]

    async def _patiently(self, work: Work, steps: list[Step], backwards: bool) -> None:
        patience = self.engine.settings.db_lock_timeout
        async with blockers(self.engine, self.connection.get_server_pid(), patience / 3) as self._waited_for:
            await patiently(partial(self._attempt, work, steps, backwards), patience)

    async def _attempt(self, work: Work, steps: list[Step], backwards: bool) -> None:
        self._at, self.journal.failed = (steps[0], Phase.BEGINNING), None
        try:
            await work(steps, backwards)
        except MigrationsStopped:
            raise
        except Exception as error:
            raise self._failure(error, backwards) from error

    def _failure(self, error: Exception, backwards: bool) -> MigrationFailed:
        step, phase = self._at
        if phase is Phase.RUNNING:
            say("failed\n")
        if phase is Phase.COMMITTING and isinstance(error, asyncpg.PostgresError) and not is_lost(error):  # it refused
            phase = Phase.RECORDING
        statement = self.journal.failed
        failure = MigrationFailed(step.migration, statement, error, backwards=backwards, alone=step.alone, phase=phase)
        failure.blockers = self._waited_for if failure.may_pass else ()
        failure.done = tuple(self._done)
        return failure

    def _transaction(self) -> contextlib.AbstractAsyncContextManager[None]:
        return transaction_on(self.engine, self.connection)

    async def _together(self, steps: list[Step], backwards: bool) -> None:
        async with self._transaction():
            await self._in_transaction(steps, backwards)
            self._at = steps[-1], Phase.COMMITTING

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
        foreign_keys = await constraints.foreign_keys(self.connection)
        for step in steps:
            await self._run(step, backwards)
        if torn := await constraints.torn(self.connection, foreign_keys):
            advice = "Reverse the migrations of the former first."
            raise MigrationRefused(f"{torn}, which would be gone. {advice} {what_was_done(self._done)}")

    async def _by_itself(self, steps: list[Step], backwards: bool) -> None:
        [step] = steps
        async with self._transaction():
            await records.create_tables(self.connection)
            reached = await expected.take_up(self.connection)
        progress = Progress(reached, self._transaction, step.migration.key if backwards else None)
        with self.journal.telling(progress):
            await self._run_outside(step, backwards)
        self._reached = progress.reached

    async def _record_what_ran(self, steps: list[Step], backwards: bool) -> None:
        """By attempts of its own, or what has been done would be done once more."""
        [step] = steps
        self._at = step, Phase.RECORDING
        async with self._transaction():
            await self._record(step, backwards)
            await expected.remember_changes(self.connection, self._reached)
            self._at = step, Phase.COMMITTING

    async def _run_outside(self, step: Step, backwards: bool) -> None:
        # No statement may outlive the lock, so it runs on the connection that holds it.
        with lending(self.connection):
            await self._run(step, backwards)

    async def _run(self, step: Step, backwards: bool) -> None:
        if step.faked:
            say(f"  - {step.migration.app} {step.migration.id}: faked\n")
            return
        self._at = step, Phase.RUNNING
        with self.journal.of_a_migration():
            say(step.migration.app)  # Piccolo then prints the id
            await step.manager.run(backwards=backwards)
            if not step.alone:
                await constraints.settle(self.connection)
        say("ok\n")
        self._at = step, Phase.RECORDING

    async def _record(self, step: Step, backwards: bool) -> None:
        self._at = step, Phase.RECORDING
        if backwards:
            await records.forget(self.connection, step.migration.key)
        else:
            await records.remember(self.connection, step.migration)
