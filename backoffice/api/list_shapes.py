"""What the text of a list's query depends on, apart from its arguments: lists of one shape share their query."""

from dataclasses import dataclass
from typing import Any

from piccolo.querystring import QueryString
from piccolo.table import Table

from backoffice.api.conditions import EVERY_ROW, compiled, plain
from backoffice.api.cursors import Order, sorted_by
from backoffice.api.page import Page


@dataclass(frozen=True)
class Shape:
    """The properties of a page on which the text of its query depends, not only its arguments.

    :param found: the SQL of the condition on the rows, as `Condition.found`; likewise `checked`.
    :param after: the SQL of the condition on those behind the cursor, or in a range of the order.
    :param limit_place: the number of the parameter that is the limit; the next one is the offset.
    :param scan_limit: how many of the first rows of the list are scanned in its order before an index is used.
    :param single_use: whether the rows that are found are read only once, so that they need not be materialized.
    """

    table: type[Table]
    found: str
    checked: str
    after: str
    order: Order
    limit_place: int
    fields: tuple[str, ...]
    readable: bool
    cursor: bool
    found_first: bool
    scan_limit: int
    single_use: bool

    @property
    def name(self) -> str:
        return str(self.table._meta.tablename)

    @property
    def keys(self) -> str:
        return ", ".join(dict.fromkeys(['"id"', *(f'"{key.name}"' for key in self.order)]))

    @property
    def by(self) -> str:
        return f"ORDER BY {sorted_by(self.order)}"

    @property
    def window(self) -> str:
        return f"LIMIT ${self.limit_place} OFFSET ${self.limit_place + 1}"

    @property
    def page_end(self) -> str:
        return f"${self.limit_place}::bigint + ${self.limit_place + 1}::bigint"


def shape_of(table: type[Table], page: Page, *, single_use: bool = False) -> tuple[Shape, list[Any]]:
    """The shape, and its arguments.

    :param single_use: see `Shape`.
    """
    where = page.where or plain(EVERY_ROW)
    bounds = [bound for bound in (page.after, where.ranges.get(page.order[0].name)) if bound is not None]
    bounded = QueryString(" AND ".join(["{}"] * len(bounds)), *bounds) if bounds else EVERY_ROW
    conditions = where.found, where.checked if page.scan_limit else EVERY_ROW, bounded
    (found, checked, after), arguments = compiled(*conditions)
    shape = Shape(
        table=table,
        found=found,
        checked=checked,
        after=after,
        order=page.order,
        limit_place=len(arguments) + 1,
        fields=page.fields,
        readable=page.readable,
        cursor=page.cursor,
        found_first=page.found_first,
        scan_limit=page.scan_limit,
        single_use=single_use,
    )
    return shape, [*arguments, page.limit, page.offset]
