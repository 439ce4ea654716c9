"""Makes Piccolo's own commands as safe as ours: `piccolo migrations forwards|backwards|check|new`.

Piccolo's runner has no lock, writes its record after the commit, and forgets what failed; its check makes a table. So
its commands, and all callers of their functions, use `runner` instead. Options, questions and exit codes stay
Piccolo's. This happens once, when `backoffice.piccolo_app` is loaded, which every command of Piccolo's does first.
"""

import sys
from collections.abc import Awaitable, Sequence

from piccolo.apps.migrations.commands import backwards as backwards_command
from piccolo.apps.migrations.commands import forwards as forwards_command
from piccolo.apps.migrations.commands import new as new_command
from piccolo.apps.migrations.commands.base import MigrationResult
from piccolo.apps.migrations.commands.check import CheckMigrationManager, MigrationStatus

from backoffice.database.engine import the_engine
from backoffice.migrations import choices, records, runner, writing
from backoffice.migrations.files import Migration, all_migrations
from backoffice.migrations.outcomes import STOPPED, why

_run_forwards = forwards_command.run_forwards
_run_backwards = backwards_command.run_backwards


def _answered(question: str) -> bool:
    return input(question).lower() == "y"


async def _result(running: Awaitable[Sequence[Migration]], *, clean: bool = False) -> MigrationResult:
    try:
        done = await running
    except STOPPED as stopped:
        sys.stderr.write(f"{why(stopped)}\n")
        return MigrationResult(success=False, message=why(stopped))
    for migration in done if clean else ():
        migration.path.unlink()
    return MigrationResult(success=True)


async def run_forwards(
    app_name: str, migration_id: str = "all", fake: bool = False, preview: bool = False
) -> MigrationResult:
    if preview:
        return await _run_forwards(app_name, migration_id, fake, preview)

    def agree(number: int) -> bool:
        question = f"⚠️ --fake will mark all {number} migrations as run without applying them. Continue? [y/N]"
        return not fake or number == 1 or _answered(question)

    until = "all" if app_name == "all" else migration_id
    return await _result(runner.forwards(the_engine(), choices.forwards(app_name, until, agree=agree), fake=fake))


async def run_backwards(
    app_name: str, migration_id: str = "1", auto_agree: bool = False, clean: bool = False, preview: bool = False
) -> MigrationResult:
    if preview:
        return await _run_backwards(app_name, migration_id, auto_agree, clean, preview)

    def agree(number: int) -> bool:
        return auto_agree or _answered(f"Reverse {number} migration{'s' if number != 1 else ''}? [y/N] ")

    until = "all" if app_name == "all" else migration_id
    choice = choices.backwards(app_name, until, agree=agree)
    return await _result(runner.backwards(the_engine(), choice), clean=clean)


async def statuses(self: CheckMigrationManager) -> list[MigrationStatus]:
    """The statuses, by one query; Piccolo would ask once for each, after making the table where there is none."""
    async with records.reading(the_engine()) as connection:
        ran = set(await records.applied(connection))
    return [
        MigrationStatus(one.app, one.id, getattr(one.module, "DESCRIPTION", "-"), has_ran=one.key in ran)
        for one in all_migrations()
        if self.app_name in ("all", one.app)
    ]


def take_over() -> None:
    forwards_command.run_forwards = run_forwards
    backwards_command.run_backwards = run_backwards
    CheckMigrationManager.get_migration_statuses = statuses  # type: ignore[method-assign]
    new_command._create_new_migration = writing.create
    new_command.AutoMigrationManager = writing.OrderedAutoMigrationManager  # type: ignore[misc]
