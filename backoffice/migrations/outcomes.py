"""The messages of a run of migrations to its operator, above all when it fails."""

import sys
import traceback
from collections.abc import Sequence
from enum import Enum
from typing import Any

import asyncpg

from backoffice.database.failures import DATABASE_ERRORS, DatabaseUnavailable, cause
from backoffice.database.programs import EmbeddedError

BUILT_UPON = "Another app is built upon this: reverse its migrations first, or those of all apps, which go in order."
MAX_STATEMENT_LENGTH = 600  # characters of it that are repeated


def say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def migrations_are(number: int) -> str:
    """The beginning of a sentence: "1 migration is", "2 migrations are"."""
    return "1 migration is" if number == 1 else f"{number} migrations are"


def what_was_done(migrations: Sequence[Any]) -> str:
    """What a run did before it stopped."""
    names = ", ".join(f"{migration.app} {migration.id}" for migration in migrations)
    return f"Done and recorded: {names}." if names else "Nothing was changed."


class MigrationsStopped(Exception):
    """The text is for the operator."""


STOPPED = (MigrationsStopped, EmbeddedError, *DATABASE_ERRORS)


def why(stopped: BaseException) -> str:
    """The text for the operator, with what PostgreSQL adds to it."""
    is_told = isinstance(stopped, MigrationsStopped | EmbeddedError | DatabaseUnavailable | asyncpg.PostgresError)
    return str(stopped) if is_told else cause(stopped)


class MigrationsBusy(MigrationsStopped):
    """Another runner held the lock for too long; the text says who."""


class MigrationRefused(MigrationsStopped):
    """Nothing of what was refused stays; the text says why, and what to do."""


class Phase(Enum):
    """What a run was doing for a migration; the value tells of its failure."""

    BEGINNING = "could not begin"
    RUNNING = "failed"
    RECORDING = "could not be recorded"
    COMMITTING = "may not have been recorded"


class MigrationFailed(MigrationsStopped):
    """Says which migration failed, at what, why, and what became of it and of those before it.

    :param statement: of the migration; None where it was at none.
    :param backwards: whether it was being reversed.
    :param alone: it runs outside a transaction, so what it did is there; perhaps by an earlier attempt.
    """

    def __init__(
        self,
        migration: Any,
        statement: str | None,
        cause: BaseException,
        *,
        backwards: bool = False,
        alone: bool = False,
        phase: Phase = Phase.RUNNING,
    ) -> None:
        super().__init__(migration, statement, cause)
        self.migration = migration
        self.statement = statement
        self.cause = cause
        self.backwards = backwards
        self.alone = alone
        self.phase = phase
        self.blockers: Sequence[Any] = ()
        self.done: Sequence[Any] = ()

    @property
    def may_pass(self) -> bool:
        """True when a lock was the cause: another attempt may succeed."""
        return isinstance(self.cause, asyncpg.LockNotAvailableError | asyncpg.DeadlockDetectedError)

    def __str__(self) -> str:
        lines = [f"Migration {self.migration} {self.phase.value}: {_reason(self.cause)}"]
        lines += [f"  held up by {blocker}: {_short(blocker.query or '')}" for blocker in self.blockers]
        lines += [f"  statement: {_short(self.statement)}"] if self.statement else []
        is_built_upon = self.backwards and isinstance(self.cause, asyncpg.DependentObjectsStillExistError)
        lines += [f"  {BUILT_UPON}"] if is_built_upon else []
        lines += [f"  place: {place}"] if (place := self._place()) else []
        return "\n".join([*lines, self._outcome()])

    def _place(self) -> str:
        """The line of the migration's file that was at work."""
        frames = traceback.extract_tb(self.cause.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == str(self.migration.path)]
        return f"{self.migration.path.name}, line {lines[-1]}" if lines else ""

    def _outcome(self) -> str:
        before, stays = what_was_done(self.done), self._stays()
        return " ".join([before, stays] if self.done and stays else [stays or before])

    def _stays(self) -> str:
        """What may be there of the migration itself."""
        if self.phase is Phase.COMMITTING:
            return (
                "Whether the commit took place is not known: `piccolo backoffice plan` shows what is still to be done, "
                "with `--back` on the way back."
            )
        if self.alone:
            return "This one runs outside a transaction: what it has done stays. Mend the cause, and run it again."
        return ""


def _reason(error: BaseException) -> str:
    if isinstance(error, asyncpg.InternalClientError):  # see failures.DATABASE_ERRORS
        return cause(error)
    kind = "" if isinstance(error, asyncpg.PostgresError) else f"{type(error).__name__}: "
    details = [getattr(error, name, None) for name in ("detail", "hint")]
    text = str(getattr(error, "message", None) or error)
    return kind + " ".join([text, *(f"({detail})" for detail in details if detail)])


def _short(statement: str) -> str:
    text = statement.strip()
    return text if len(text) <= MAX_STATEMENT_LENGTH else f"{text[:MAX_STATEMENT_LENGTH]} …"
