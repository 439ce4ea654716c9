"""Columns: a type that Piccolo lacks, and the SQL for parameters and sort keys."""

from enum import Enum
from typing import Any, Literal

from piccolo.columns import Column, Text, Varchar

# The condition of a table's check: PostgreSQL's times go beyond those of Python, which could not read such a row; and
# asyncpg takes the first and the last of Python's for infinity.
TIMES_IN_RANGE = " AND ".join(
    f"{column} > '0001-01-01 00:00:00+00' AND {column} < '9999-12-31 23:59:59.999999+00'"
    for column in ("created_at", "updated_at")
)


class EnumColumn(Column):
    """A column of a native PostgreSQL ENUM type.

    The type itself is created by a migration (`CREATE TYPE`), before the table's. Not a subclass of Varchar, which
    Piccolo would filter with ILIKE: an enum has none.

    :param choices: the Python enum; its values are the type's labels, in order.
    :param type_name: the name of the PostgreSQL type.
    :param default: a member of `choices`, or None where a value must be given.
    """

    value_type: Any = str

    def __init__(self, choices: type[Enum], type_name: str, default: Enum | str | None = None, **kwargs: Any) -> None:
        self.type_name = type_name
        self.default = default
        super().__init__(choices=choices, type_name=type_name, default=default, **kwargs)
        self.value_type = Literal[tuple(member.value for member in choices)]

    @property
    def column_type(self) -> str:
        return self.type_name


def place_of(column: Column, place: str) -> str:
    """The SQL of a parameter for this column. An enum goes as text: on each new connection the driver would look up its
    type first, which takes longer than to connect. PostgreSQL reads the text anew for each row it compares, 40 ns.
    """
    return f"{place}::text::{column.type_name}" if isinstance(column, EnumColumn) else place


def sort_key(column: str) -> str:
    """The SQL of a text column's sort key, exactly as in the indexes; see rules/alphabet.sql."""
    return f'sort_key("{column}") COLLATE "C"'


def is_text(column: Column) -> bool:
    return isinstance(column, Varchar | Text)
