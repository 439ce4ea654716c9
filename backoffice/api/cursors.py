"""Cursors: a page begins after the row that the cursor names, instead of skipping rows, so deep pages cost no more."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from piccolo.querystring import QueryString

from backoffice.columns import sort_key


@dataclass(frozen=True)
class Key:
    """One column of an order, which is never null unless it is alphabetical."""

    table: str
    name: str
    alphabetical: bool
    descending: bool

    @property
    def sql(self) -> str:
        # With the table's name: a bare one would mean the output column, and decimals are output as text.
        column = f'{self.table}"."{self.name}'
        return sort_key(column) if self.alphabetical else f'"{column}"'

    @property
    def sorted(self) -> str:
        return self.sql + self.direction

    @property
    def direction(self) -> str:
        return " DESC" if self.descending else ""


Order = tuple[Key, ...]


class BadCursor(ValueError):
    """A cursor that is not of our making, or was made for another order."""


def sorted_by(order: Order) -> str:
    return ", ".join(key.sorted for key in order)


def cursor_sql(order: Order) -> str:
    """The SQL of a row's cursor. Opaque: base64 of the order and the row's values in it."""
    values = ", ".join(f"to_json({key.sql}) #>> '{{}}'" for key in order)
    content = f"json_build_array('{sorted_by(order)}', {values})::text"
    return f"translate(encode(convert_to({content}, 'UTF8'), 'base64'), E'+/\\n', '-_')"


def read_cursor(cursor: str, order: Order) -> list[str]:
    """The values of the row that it names, as text.

    :raises BadCursor:
    """
    try:
        content = base64.urlsafe_b64decode(cursor)
        made_for, *values = json.loads(content)
    except (ValueError, TypeError, RecursionError) as error:
        raise BadCursor from error
    if base64.urlsafe_b64encode(content).decode() != cursor:  # decoding ignores other characters
        raise BadCursor
    if made_for != sorted_by(order) or len(values) != len(order):
        raise BadCursor
    if not all(isinstance(value, str) for value in values):
        raise BadCursor
    return list(values)


def after(order: Order, values: Sequence[Any]) -> QueryString:
    """The rows that come after the one with these values."""
    if len({key.descending for key in order}) == 1:
        return _compared(order, values)
    steps = [_step(order[:depth], values, key) for depth, key in enumerate(order)]
    # The first condition follows from the others, but can be answered by an index.
    first = QueryString(f"{order[0].sql} {_beyond(order[0])}= {{}}", values[0])
    return QueryString("{{}} AND ({})".format(" OR ".join(["{}"] * len(steps))), first, *steps)


def _compared(order: Order, values: Sequence[Any]) -> QueryString:
    """The same as one row comparison, which an index on the first of the columns answers."""
    places = ", ".join(["{}"] * len(order))
    return QueryString(f"({', '.join(key.sql for key in order)}) {_beyond(order[0])} ({places})", *values)


def _step(same: Order, values: Sequence[Any], key: Key) -> QueryString:
    """The rows that are the same in these columns, and differ in the next one."""
    signs = [f"{one.sql} = {{}}" for one in same] + [f"{key.sql} {_beyond(key)} {{}}"]
    return QueryString(f"({' AND '.join(signs)})", *values[: len(signs)])


def _beyond(key: Key) -> str:
    return "<" if key.descending else ">"
