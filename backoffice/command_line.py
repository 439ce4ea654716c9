"""Makes `piccolo` fit for scripts. This happens once, as in `migrations.piccolo_commands`."""

import sys

from piccolo.apps.migrations.commands.check import CheckMigrationManager
from targ import CLI, Arguments, Command

from backoffice.migrations.outcomes import STOPPED, why

NO_COMMAND = 2
HELP = {"help", "--help", "-h"}
WORDS_OF_A_COMMAND = 2  # its group and its name

_cleaned_args = CLI._get_cleaned_args
_help = CLI.get_help_text
_call_with = Command.call_with
_unrun = CheckMigrationManager.havent_ran_count


def _names() -> list[str]:
    """The words of the command line that are no options and no call for help."""
    return [word for word in sys.argv[1:] if word not in HELP and not word.startswith("-")]


def _asks_for_the_list(cli: CLI) -> bool:
    """True for `piccolo`, `piccolo help`, `piccolo backoffice` and `piccolo backoffice --help`."""
    names = _names()
    return not names or names in [[command.group_name] for command in cli.commands]


def cleaned_args(self: CLI) -> list[str]:
    """Targ would call it an unrecognised command before the list."""
    args: list[str] = _cleaned_args(self)
    return [] if _asks_for_the_list(self) else args


def help_where_asked_for(self: CLI) -> str:
    """Targ gives its help, and ends with 0, where there is no such command, too."""
    if _asks_for_the_list(self):
        return _help(self)
    sys.stderr.write("`piccolo help` lists the commands.\n")
    sys.exit(NO_COMMAND)


def call_with(self: Command, arg_class: Arguments) -> None:
    """Targ tells what failed on standard output, which may be a file for the answer, and adds the command's help."""
    try:
        _call_with(self, arg_class)
    except (*STOPPED, ValueError) as error:
        if "--trace" in sys.argv:
            raise
        sys.exit(str(error) if isinstance(error, ValueError) else why(error))


async def unrun(self: CheckMigrationManager) -> int:
    """The number of pending migrations, of which Piccolo warns before any command; 0 for our own commands, which tell
    it themselves, and for help, which needs no database."""
    is_for_help = HELP & {*sys.argv} or len(_names()) < WORDS_OF_A_COMMAND
    return 0 if is_for_help or _names()[0] == "backoffice" else await _unrun(self)


def take_over() -> None:
    CLI._get_cleaned_args = cleaned_args  # type: ignore[method-assign]
    CLI.get_help_text = help_where_asked_for  # type: ignore[method-assign]
    Command.call_with = call_with  # type: ignore[method-assign]
    CheckMigrationManager.havent_ran_count = unrun  # type: ignore[method-assign]
