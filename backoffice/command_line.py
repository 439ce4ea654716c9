"""Makes `piccolo` fit for scripts. This happens once, as in `migrations.piccolo_commands`."""

import sys

from targ import CLI

NO_COMMAND = 2
HELP = ("help", "--help", "-h")

_help = CLI.get_help_text


def help_where_asked_for(self: CLI) -> str:
    """Targ gives its help, and ends with 0, where there is no such command, too."""
    words = sys.argv[1:]
    if not words or words[-1] in HELP or words in [[command.group_name] for command in self.commands]:
        return _help(self)
    sys.stderr.write("`piccolo help` lists the commands.\n")
    sys.exit(NO_COMMAND)


def take_over() -> None:
    CLI.get_help_text = help_where_asked_for  # type: ignore[method-assign]
