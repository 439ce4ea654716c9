"""`piccolo backoffice migrate | plan | check | lint | accept`, for those who answer for the data.

They end with 0 when all is well, with 1 when something was found, and with 2 when they could not do their work.
"""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

from backoffice.database.engine import the_engine
from backoffice.migrations import checking, choices, planning, runner
from backoffice.migrations.lock import WAIT_SECONDS
from backoffice.migrations.outcomes import STOPPED, say, why
from backoffice.migrations.repair import repair
from backoffice.sigterm import end_properly_on_sigterm

FOUND, FAILED, INTERRUPTED = 1, 2, 130
Answer = TypeVar("Answer")


def migrate(app: str = "all", until: str = "all", wait: float = WAIT_SECONDS) -> None:
    """
    Run the migrations that have not run yet, all or none of those that a transaction can hold.

    :param app:
        Only those of this app.
    :param until:
        Up to and including this one; 1 for just the next.
    :param wait:
        Seconds for another runner to end.
    """
    _or_end(runner.forwards(the_engine(), choices.forwards(app, until), wait=wait))


def plan(app: str = "all", until: str = "", back: bool = False, scratch: str = "") -> None:
    """
    Print the SQL that migrate would run, and warn of what would be slow, lock people out or lose data.

    :param app:
        Only the migrations of this app.
    :param until:
        Up to and including this one; all; or 1 for just the next, as is usual on the way back.
    :param back:
        The way back instead, which `piccolo migrations backwards` goes.
    :param scratch:
        The address of a PostgreSQL server in which to make a database for it, and drop it again.
    """
    choose = choices.backwards(app, until or "1") if back else choices.forwards(app, until or "all")
    say(_or_end(planning.plan(the_engine(), choose, backwards=back, scratch_server=scratch)))


def check(sql: bool = False, scratch: str = "") -> None:
    """
    Compare the database with the code: pending migrations, changed files, drift, forgotten migrations.

    :param sql:
        Print a script that would repair the drift, to be read before it is run.
    :param scratch:
        The address of a PostgreSQL server in which to make databases to compare with, and drop them again.
    """
    report = _or_end(checking.check(the_engine(), scratch))
    say(f"{repair(report) if sql else report}\n")
    sys.exit(0 if report.fine else FOUND)


def accept(scratch: str = "") -> None:
    """
    After a change of files that alters nothing, or an upgrade of PostgreSQL: accept the present state as correct.

    Refused while check finds anything other than pending migrations.

    :param scratch:
        As for check.
    """
    report = _or_end(checking.accept(the_engine(), scratch))
    say(f"{report}\n")
    sys.exit(0 if report.acceptable else FOUND)


def lint() -> None:
    """
    Look for risks in every migration of the program, and for changes without one; needs no database.
    """
    found = _or_end(planning.lint(the_engine()))
    say(f"{found}\n")
    sys.exit(0 if found.fine else FOUND)


def _or_end(work: Coroutine[Any, Any, Answer]) -> Answer:
    end_properly_on_sigterm()
    try:
        return asyncio.run(work)
    except STOPPED as stopped:
        sys.stderr.write(f"{why(stopped)}\n")
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted; what was under way was undone.\n")
        sys.exit(INTERRUPTED)
