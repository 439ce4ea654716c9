"""The labels of enum types: how they are declared, added, and why they cannot be taken away."""

import re
from dataclasses import dataclass

from backoffice.migrations.sql import Statement

ADD_VALUE = re.compile(
    r"ALTER TYPE (?:public\.)?(\w+) ADD VALUE (?:IF NOT EXISTS )?'((?:[^']|'')*)'(?: (BEFORE|AFTER) '((?:[^']|'')*)')?",
    re.IGNORECASE,
)
IN_USE = """\
    IF EXISTS (SELECT FROM {table} WHERE {column} = {label}) THEN
        RAISE EXCEPTION 'some rows of {table} still have {column} = %: change them before going back', {label};
    END IF;
"""


class LabelsLost(Exception):
    """The text says why no migration can be written."""


@dataclass(frozen=True)
class Label:
    """A new one, and its place: beside another, or last."""

    type: str
    name: str
    side: str = ""
    other: str = ""

    def __str__(self) -> str:
        place = f" {self.side} {quoted(self.other)}" if self.side else ""
        return f"ALTER TYPE {self.type} ADD VALUE IF NOT EXISTS {quoted(self.name)}{place};"


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def create_type(name: str, labels: list[str]) -> Statement:
    return Statement(f"CREATE TYPE {name} AS ENUM ({', '.join(map(quoted, labels))})")


def added_label(statement: Statement) -> Label | None:
    found = ADD_VALUE.match(statement.bare)
    if not found:
        return None
    type_, name, side, other = (group or "" for group in found.groups())
    return Label(type_, name.replace("''", "'"), side.upper(), other.replace("''", "'"))


def with_label(labels: list[str], label: Label) -> list[str]:
    if label.name in labels:
        return labels
    place = labels.index(label.other) + (label.side == "AFTER") if label.side else len(labels)
    return [*labels[:place], label.name, *labels[place:]]


def new_labels(type_: str, before: list[str], after: list[str]) -> list[Label]:
    """Those to add, in an order in which each one's neighbour is there. Raises LabelsLost."""
    if [label for label in after if label in before] != before:
        raise LabelsLost(
            f"{type_}: labels were removed or reordered, which PostgreSQL cannot do. Write a migration by hand: a new "
            "type, the columns moved to it, what uses them made anew; see docs/migrations.md."
        )
    added = []
    for place, label in enumerate(after):
        if label not in before:
            side, other = ("AFTER", after[place - 1]) if place else ("BEFORE", before[0])
            added.append(Label(type_, label, side, other))
    return added


def refuse_while_used(labels: list[Label], columns: list[tuple[str, str]]) -> str:
    """The way back. The labels stay, since PostgreSQL cannot take one away: unused, they harm nobody."""
    checks = "".join(
        IN_USE.format(table=table, column=column, label=quoted(label.name))
        for label in labels
        for table, column in columns
    )
    why = "-- PostgreSQL cannot take a label from an enum type. It stays, and going forwards again finds it there.\n"
    return f"{why}DO $$\nBEGIN\n{checks}END;\n$$;" if checks else f"{why}SELECT;"
