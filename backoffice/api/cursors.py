"""Deep pages at the price of the first: instead of skipping rows, a page begins after a row that is named."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from piccolo.querystring import QueryString


@dataclass(frozen=True)
class Key:
    """One column of an order."""

    table: str
    name: str
    nullable: bool
    descending: bool

    @property
    def sql(self) -> str:
        # With the table's name: a bare one would mean what is shown, and decimals are shown as text.
        return f'"{self.table}"."{self.name}"'

    @property
    def sorted(self) -> str:
        return f"{self.sql} DESC" if self.descending else self.sql


Order = tuple[Key, ...]


class BadCursor(ValueError):
    """A cursor that is not of our making, or was made for another order."""


def sorted_by(order: Order) -> str:
    return ", ".join(key.sorted for key in order)


def cursor_sql(order: Order) -> str:
    """The cursor of a row: its values in this order, as nobody should want to write them."""
    values = ", ".join(f"to_json({key.sql}) #>> '{{}}'" for key in order)
    content = f"json_build_array('{sorted_by(order)}', {values})::text"
    return f"translate(encode(convert_to({content}, 'UTF8'), 'base64'), E'+/\\n', '-_')"


def read_cursor(cursor: str, order: Order) -> list[str | None]:
    """The values of the row that it names, as text.

    :raises BadCursor:
    """
    try:
        content = base64.urlsafe_b64decode(cursor)
        made_for, *values = json.loads(content)
    except (ValueError, TypeError, RecursionError) as error:
        raise BadCursor from error
    if base64.urlsafe_b64encode(content).decode() != cursor:  # decoding passes over what is no base64
        raise BadCursor
    if made_for != sorted_by(order) or len(values) != len(order) or not all(map(_fits, order, values)):
        raise BadCursor
    return list(values)


def _fits(key: Key, value: Any) -> bool:
    return isinstance(value, str) or (value is None and key.nullable)


def after(order: Order, values: Sequence[Any]) -> QueryString:
    """The rows that come after the one with these values."""
    if len({key.descending for key in order}) == 1 and not any(key.nullable for key in order):
        return _compared(order, values)
    steps = [_step(order[:depth], values, key) for depth, key in enumerate(order)]
    return QueryString("({})".format(" OR ".join(["{}"] * len(steps))), *steps)


def _compared(order: Order, values: Sequence[Any]) -> QueryString:
    """As one comparison of rows, which an index on the first of the columns answers."""
    sign = "<" if order[0].descending else ">"
    places = ", ".join(["{}"] * len(order))
    return QueryString(f"({', '.join(key.sql for key in order)}) {sign} ({places})", *values)


def _step(same: Order, values: Sequence[Any], key: Key) -> QueryString:
    """The rows that are the same in these columns, and differ in the next one."""
    conditions = [_equal(one, value) for one, value in zip(same, values, strict=False)]
    conditions.append(_beyond(key, values[len(same)]))
    return QueryString("({})".format(" AND ".join(["{}"] * len(conditions))), *conditions)


def _equal(key: Key, value: Any) -> QueryString:
    return QueryString(f"{key.sql} IS NULL") if value is None else QueryString(f"{key.sql} = {{}}", value)


def _beyond(key: Key, value: Any) -> QueryString:
    """Null sorts above every value."""
    if value is None:
        return QueryString(f"{key.sql} IS NOT NULL" if key.descending else "false")
    if key.descending:
        return QueryString(f"{key.sql} < {{}}", value)
    return QueryString(f"({key.sql} > {{}} OR {key.sql} IS NULL)" if key.nullable else f"{key.sql} > {{}}", value)
