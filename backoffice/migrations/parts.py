"""A migration to be written, and its text."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from piccolo import __VERSION__

TEMPLATE = '''\
"""{description}."""

from backoffice.migrations import {names}
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "{id}"
VERSION = "{version}"
DESCRIPTION = "{description}"
{constants}

async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="{app}", description=DESCRIPTION{options}
    )
{steps}
    return manager
'''
ACCEPTED = """
# Warnings of `piccolo backoffice lint`, and why they need no heed here.
ACCEPTED = {{
{lines}}}
"""
SQL = '''
{name} = r"""
{sql}
"""
'''
NOTHING = "SELECT;"


@dataclass(frozen=True)
class Retype:
    """A step that gives an enum type these labels; written as a call of `retype`."""

    type: str
    labels: tuple[str, ...]

    def __str__(self) -> str:
        labels = ", ".join('"' + label.replace("\\", "\\\\").replace('"', '\\"') + '"' for label in self.labels)
        return f'retype("{self.type}", [{labels}])'


Direction = str | Retype
"""SQL, or that."""


@dataclass
class Part:
    """A migration to be written: its steps, each with its reverse.

    :param alone: it cannot share a transaction.
    :ivar accepted: the reasons for ignoring warnings about it, by the warning's code.
    """

    slug: str
    title: str
    alone: bool = False
    steps: list[tuple[Direction, Direction]] = field(default_factory=list)
    accepted: dict[str, str] = field(default_factory=dict)

    def add(self, forwards: Direction, backwards: Direction = "") -> None:
        self.steps.append((forwards, backwards))

    @property
    def forwards(self) -> list[Direction]:
        return [forwards for forwards, _ in self.steps if forwards]

    @property
    def backwards(self) -> list[Direction]:
        return [backwards for _, backwards in reversed(self.steps) if backwards] or [NOTHING]

    def source(self, id: str, app: str, description: str) -> str:
        """The text of the file.

        :param description: instead of the title, unless empty.
        """
        ways = {"FORWARDS": ("add_raw", self.forwards), "BACKWARDS": ("add_raw_backwards", self.backwards)}
        constants = [_accepted(self.accepted), *(_constant(name, steps) for name, (_, steps) in ways.items())]
        calls = [call for name, (add, steps) in ways.items() for call in _calls(name, add, steps)]
        used = [name for name in ("retype", "script") if any(f"({name}(" in call for call in calls)]
        return TEMPLATE.format(
            id=id,
            version=__VERSION__,
            description=description or self.title,
            app=app,
            names=", ".join(used),
            constants="".join(constants),
            options=", wrap_in_transaction=False" if self.alone else "",
            steps="\n".join(f"    {call}" for call in calls),
        )


def _calls(name: str, add: str, steps: list[Direction]) -> Iterator[str]:
    """The calls of one direction. All its SQL is one script, which takes the place of the first SQL step."""
    scripted = False
    for step in steps:
        if isinstance(step, Retype):
            yield f"manager.{add}({step})"
        elif not scripted:
            scripted = True
            yield f"manager.{add}(script({name}))"


def _constant(name: str, steps: list[Direction]) -> str:
    between = "\n\n" if name == "FORWARDS" else "\n"
    sql = between.join(step for step in steps if isinstance(step, str))
    if '"""' in sql:
        raise SystemExit('The rules contain """, which cannot stand in a migration; write "" otherwise.')
    return SQL.format(name=name, sql=sql) if sql else ""


def _accepted(reasons: dict[str, str]) -> str:
    lines = "".join(f'    "{code}": "{reason}",\n' for code, reason in reasons.items())
    return ACCEPTED.format(lines=lines) if lines else ""
