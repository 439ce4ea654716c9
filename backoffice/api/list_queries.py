"""The queries by which PostgreSQL answers a list whole: rows, total and next cursor in one round trip.

Where few rows are expected, or an index without an order answers (words, parts of texts), rows are found once, then
counted and put in order.
In a large table that may be a great many. If many are expected, the first rows of the list are looked at one by one
instead, until the page is full.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from piccolo.querystring import QueryString
from piccolo.table import Table

from backoffice.api.conditions import EVERY_ROW, TRUE, compiled, plain
from backoffice.api.cursors import Order, cursor_sql, sorted_by
from backoffice.api.page import Page
from backoffice.api.selects import MOST_STATEMENTS, Statement, readable_sql, select_list
from backoffice.api.totals import MOST_COUNTED_ROWS, Known, with_total_sql

IS_FULL = "(SELECT is_full FROM fullness)"  # whether there is more near than the page holds


@dataclass(frozen=True)
class Shape:
    """What of a page makes another query, and not just other arguments.

    :param limit: the number of the parameter that is the limit; the next one is the offset.
    :param scan_limit: how many of the first rows of the list are looked at one by one before an index is asked.
    :param single_use: whether the rows that are found are read once only, so that nobody need keep them.
    """

    table: type[Table]
    found: str
    checked: str
    after: str
    order: Order
    limit: int
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
        return f"LIMIT ${self.limit} OFFSET ${self.limit + 1}"

    @property
    def page_end(self) -> str:
        return f"${self.limit}::bigint + ${self.limit + 1}::bigint"


def _shape(table: type[Table], page: Page, *, single_use: bool = False) -> tuple[Shape, list[Any]]:
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
        limit=len(arguments) + 1,
        fields=page.fields,
        readable=page.readable,
        cursor=page.cursor,
        found_first=page.found_first,
        scan_limit=page.scan_limit,
        single_use=single_use,
    )
    return shape, [*arguments, page.limit, page.offset]


# The answers


def page_statement(table: type[Table], page: Page, known: Known) -> Statement:
    """The body of a list with its total, for `Totals.remember`.

    :param known: what is known of the total.
    """
    shape, arguments = _shape(table, page)
    return _page_sql(shape), [*arguments, *known]


@lru_cache(maxsize=MOST_STATEMENTS)
def _page_sql(shape: Shape) -> str:
    body = _body_sql(shape, "'total', total")
    return f"{_first_sql(shape)} {with_total_sql(body, _count_sql(shape), shape.limit + 2)}"


def large_page_statement(table: type[Table], page: Page) -> Statement:
    """The body of a list without its total, after a line with the number of its rows, for `Totals.judge`."""
    shape, arguments = _shape(table, page)
    return _large_page_sql(shape, counted=page.where is not None), arguments


@lru_cache(maxsize=MOST_STATEMENTS)
def _large_page_sql(shape: Shape, *, counted: bool) -> str:
    count = _bounded_count_sql(shape) if counted else "NULL"
    return f"{_first_sql(shape)} SELECT concat({count}, E'\\n', {_body_sql(shape)})"


def count_statement(table: type[Table], page: Page) -> Statement:
    """The number of rows."""
    shape, arguments = _shape(table, page)
    return f"{_first_sql(shape)} {_count_sql(shape)}", arguments[:-2]


def large_count_statement(table: type[Table], page: Page) -> Statement:
    """The number of rows alone, for `Totals.judge`."""
    shape, arguments = _shape(table, page)
    sql = f"{_first_sql(shape)} SELECT {_bounded_count_sql(shape)}"
    return sql, arguments if page.scan_limit else arguments[:-2]  # without a window, which nothing else would mention


def names_statement(table: type[Table], page: Page) -> Statement:
    """What people call the rows of a page, by id."""
    shape, arguments = _shape(table, page, single_use=True)
    name = readable_sql(table, f'"{shape.name}"')
    names = f"coalesce(json_object_agg(id, {name}), json_build_object())::text"
    return f'{_first_sql(shape)} SELECT {names} FROM ({_chosen_sql(shape)}) AS "{shape.name}"', arguments


@lru_cache(maxsize=MOST_STATEMENTS)
def _planned_anew_sql(sql: str, known: int) -> str:
    dear = "(SELECT count(*) FROM generate_series(1, 1000000000)) > 0"
    return f"SELECT * FROM ({sql}) AS answer WHERE NOT ${known}::boolean OR {dear}"


def planned_anew(statement: Statement) -> Statement:
    """The same, planned for its arguments each time.

    After some executions PostgreSQL makes a plan for whatever arguments, and keeps it unless it looks dearer. But what
    half of the rows have is best looked for in their order, and what one has in an index. Where it is not known that
    the last parameter is false, the plan looks dearer than any; where it is, nothing is left of the condition.
    """
    sql, arguments = statement
    return _planned_anew_sql(sql, len(arguments) + 1), [*arguments, False]


# Their parts


def _first_sql(shape: Shape) -> str:
    """What the whole query begins with."""
    if not shape.found_first or (shape.single_use and not shape.scan_limit):
        return ""
    found = _found_sql(shape)
    if not shape.scan_limit:
        return f"WITH found AS MATERIALIZED ({found})"
    return (
        f"WITH near AS MATERIALIZED ({_near_sql(shape)}), "
        f"fullness AS MATERIALIZED (SELECT count(*) > {shape.page_end} AS is_full FROM near), "
        f"found AS MATERIALIZED ({found} AND NOT {IS_FULL})"
    )


def _near_sql(shape: Shape) -> str:
    """Those of the first rows that match, in their order, which PostgreSQL knows of if its keys are handed on."""
    keys = ", ".join(f"{key.sql} AS key{number}" for number, key in enumerate(shape.order))
    by = ", ".join(f"key{number}{key.direction}" for number, key in enumerate(shape.order))
    # Whether it matches instead of what it is: rows that are put in order are copied.
    head = f'SELECT {shape.keys}, {keys}, {shape.checked} AS matches FROM "{shape.name}" WHERE {shape.after} {shape.by}'
    near = f'SELECT {shape.keys} FROM ({head} LIMIT {shape.scan_limit}) AS "{shape.name}" WHERE matches'
    return f"{near} ORDER BY {by} LIMIT {shape.page_end} + 1"


def _found_sql(shape: Shape) -> str:
    """To be fenced in: with order and limit in sight, PostgreSQL would walk through the order and take rows apart."""
    return f'SELECT {shape.keys} FROM "{shape.name}" WHERE {shape.found}'


def _shown_sql(shape: Shape) -> str:
    """From FROM on, the rows that are shown, in whichever order."""
    if not shape.found_first:
        return f'FROM "{shape.name}" WHERE {shape.found} AND {shape.after}'
    if shape.single_use and not shape.scan_limit:
        return f'FROM ({_found_sql(shape)} OFFSET 0) AS "{shape.name}" WHERE {shape.after}'
    found = f'FROM found AS "{shape.name}" WHERE {shape.after}'
    if not shape.scan_limit:
        return found
    return f'FROM (SELECT * FROM near WHERE {IS_FULL} UNION ALL SELECT * {found}) AS "{shape.name}"'


def _counted_sql(shape: Shape) -> str:
    """From FROM on, the rows that are counted."""
    return "FROM found" if shape.found_first else f'FROM "{shape.name}" WHERE {shape.found}'


def _count_sql(shape: Shape) -> str:
    # An index, which has no ctid, would be read instead of the whole table, and takes twice as long.
    each = "ctid" if shape.found == TRUE else "*"
    return f"SELECT count({each}) {_counted_sql(shape)}"


def _bounded_count_sql(shape: Shape) -> str:
    """Null where there are certainly too many."""
    rows = f"SELECT {_counted_sql(shape)}"
    if not shape.found_first:
        # As if all were wanted: for a few, PostgreSQL would rather read the table and hope.
        rows = f"WITH rows AS MATERIALIZED ({rows}) SELECT FROM rows"
    rows = f"{rows} LIMIT {MOST_COUNTED_ROWS + 1}"
    count = f"(SELECT count(*) FROM ({rows}) AS counted)"
    return f"CASE WHEN NOT {IS_FULL} THEN {count} END" if shape.scan_limit else count


def _chosen_sql(shape: Shape) -> str:
    """The rows of the page, whole. Chosen first and dressed then, or those before the offset would be dressed, too."""
    rows = f"{_shown_sql(shape)} {shape.by} {shape.window}"
    if not shape.found_first:
        return f"SELECT * {rows}"
    return f'SELECT * FROM "{shape.name}" WHERE id = ANY (ARRAY(SELECT id {rows})) {shape.by}'


def _body_sql(shape: Shape, *more: str) -> str:
    columns = select_list(shape.table, shape.fields, readable=shape.readable)
    page = f'SELECT {columns} FROM ({_chosen_sql(shape)}) AS "{shape.name}"'
    parts = [
        f"'rows', coalesce((SELECT json_agg(page) FROM ({page}) AS page), '[]')",
        *more,
        f"'limit', ${shape.limit}::bigint, 'offset', ${shape.limit + 1}::bigint",
    ]
    if shape.cursor:
        # The last row of the page and the one that follows, if any does.
        last = f"SELECT * {_shown_sql(shape)} {shape.by} LIMIT 2 OFFSET ${shape.limit}::bigint - 1"
        next_page = f'SELECT (array_agg({cursor_sql(shape.order)}))[1] FROM ({last}) AS "{shape.name}"'
        parts.append(f"'next_cursor', ({next_page} HAVING count(*) = 2)")
    return f"json_build_object({', '.join(parts)})::text"
