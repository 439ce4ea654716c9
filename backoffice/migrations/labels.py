"""The labels of enum types: how they are declared, added and renamed. For taking one away see retyping.py."""

import re
from dataclasses import dataclass

from backoffice.migrations.sql import Statement

ADD_VALUE = re.compile(
    r"ALTER TYPE (?:public\.)?(\w+) ADD VALUE (?:IF NOT EXISTS )?'((?:[^']|'')*)'(?: (BEFORE|AFTER) '((?:[^']|'')*)')?",
    re.IGNORECASE,
)
RENAME_VALUE = re.compile(
    r"ALTER TYPE (?:public\.)?(\w+) RENAME VALUE '((?:[^']|'')*)' TO '((?:[^']|'')*)'", re.IGNORECASE
)


@dataclass(frozen=True)
class Label:
    """A new label, and its place: beside another, or last."""

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


def rename_label(type_: str, old: str, new: str) -> str:
    return f"ALTER TYPE {type_} RENAME VALUE {quoted(old)} TO {quoted(new)};"


def renamed_label(statement: Statement) -> tuple[str, str, str] | None:
    """The type, the old name and the new one."""
    found = RENAME_VALUE.match(statement.bare)
    return (found[1], found[2].replace("''", "'"), found[3].replace("''", "'")) if found else None


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
    """The labels to add, in an order in which each one's neighbour exists."""
    added = []
    for place, label in enumerate(after):
        if label not in before:
            side, other = ("AFTER", after[place - 1]) if place else ("BEFORE", before[0])
            added.append(Label(type_, label, side, other))
    return added
