"""Makes `piccolo` fit for scripts. This happens once, as in `migrations.piccolo_commands`."""

import sys

from targ import CLI, Arguments, Command

from backoffice.migrations.outcomes import STOPPED, why

NO_COMMAND = 2
HELP = ("help", "--help", "-h")

_help = CLI.get_help_text
_call_with = Command.call_with


def help_where_asked_for(self: CLI) -> str:
    """Targ gives its help, and ends with 0, where there is no such command, too."""
    words = sys.argv[1:]
    if not words or words[-1] in HELP or words in [[command.group_name] for command in self.commands]:
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


def take_over() -> None:
    Command.call_with = call_with  # type: ignore[method-assign]
    CLI.get_help_text = help_where_asked_for  # type: ignore[method-assign]
