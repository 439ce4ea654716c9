"""The queries by which PostgreSQL answers a whole list: rows, total and next cursor in one round trip.

Where few rows are expected, or an index without an order answers (words, parts of texts), all rows are found once, then
counted and sorted.
In a large table there may be very many. If many are expected, the first rows of the list are scanned in its order
instead, until the page is full.
"""

from collections.abc import Sequence
from functools import lru_cache

from piccolo.columns import Column
from piccolo.table import Table

from backoffice.api.conditions import TRUE
from backoffice.api.cursors import cursor_sql
from backoffice.api.list_shapes import Shape, shape_of
from backoffice.api.page import Page
from backoffice.api.selects import MAX_STATEMENTS, Statement, readable_sql, select_list
from backoffice.api.totals import MAX_COUNTED_ROWS, Known, with_total_sql

ROWS = "coalesce(json_agg(page), '[]')"
IS_FULL = "(SELECT is_full FROM fullness)"  # true when the scan found more rows than the page holds


# The answers


def page_statement(table: type[Table], page: Page, known: Known) -> Statement:
    """The body of a list with its total, for `Totals.remember`.

    :param known: what is known of the total.
    """
    shape, arguments = shape_of(table, page)
    return _page_sql(shape), [*arguments, *known]


@lru_cache(maxsize=MAX_STATEMENTS)
def _page_sql(shape: Shape) -> str:
    body = _body_sql(shape, f"(SELECT {ROWS} FROM ({_rows_sql(shape)}) AS page)", "'total', total")
    return f"{_first_sql(shape)} {with_total_sql(body, _count_sql(shape), shape.limit_place + 2)}"


def large_page_statement(table: type[Table], page: Page) -> Statement:
    """The body of a list without its total, after a line for `Totals.judge`: how many rows it shows, and has in all."""
    shape, arguments = shape_of(table, page)
    return _large_page_sql(shape, counted=page.where is not None), arguments


@lru_cache(maxsize=MAX_STATEMENTS)
def _large_page_sql(shape: Shape, *, counted: bool) -> str:
    count = _bounded_count_sql(shape) if counted else "NULL"
    shown = f"SELECT count(*) AS number, {ROWS} AS rows FROM ({_rows_sql(shape)}) AS page"
    body = _body_sql(shape, "shown.rows")
    return f"{_first_sql(shape)} SELECT concat(shown.number, ' ', {count}, E'\\n', {body}) FROM ({shown}) AS shown"


def count_statement(table: type[Table], page: Page) -> Statement:
    """The number of rows."""
    shape, arguments = shape_of(table, page)
    return f"{_first_sql(shape)} {_count_sql(shape)}", arguments[:-2]


def large_count_statement(table: type[Table], page: Page) -> Statement:
    """The number of rows alone, for `Totals.judge`."""
    shape, arguments = shape_of(table, page)
    sql = f"{_first_sql(shape)} SELECT {_bounded_count_sql(shape)}"
    return sql, arguments if page.scan_limit else arguments[:-2]  # without limit and offset, unless the scan needs them


def names_statement(table: type[Table], page: Page, beside: Sequence[Column] = ()) -> Statement:
    """The readable names of the rows of a page, by id.

    :param beside: columns beside the name, which is then called `readable`, in an object for each row.
    """
    shape, arguments = shape_of(table, page, single_use=True)
    name = readable_sql(table, f'"{shape.name}"')
    if beside:
        values = ", ".join(f"""'{column._meta.name}', "{column._meta.name}"::text""" for column in beside)
        name = f"json_build_object('readable', {name}, {values})"
    names = f"coalesce(json_object_agg(id, {name}), json_build_object())::text"
    return f'{_first_sql(shape)} SELECT {names} FROM ({_chosen_sql(shape)}) AS "{shape.name}"', arguments


@lru_cache(maxsize=MAX_STATEMENTS)
def _planned_anew_sql(sql: str, known: int) -> str:
    dear = "(SELECT count(*) FROM generate_series(1, 1000000000)) > 0"
    return f"SELECT * FROM ({sql}) AS answer WHERE NOT ${known}::boolean OR {dear}"


def planned_anew(statement: Statement) -> Statement:
    """The same statement, with a custom plan for its arguments each time.

    After some executions PostgreSQL makes a generic plan, and keeps it unless its cost is higher. But a value that half
    of the rows have is best found by a scan in order, and a rare one by an index. The last parameter is always false:
    the generic plan does not know that, and gets a huge cost; in a custom plan the condition is optimized away.
    """
    sql, arguments = statement
    return _planned_anew_sql(sql, len(arguments) + 1), [*arguments, False]


# Their parts


def _first_sql(shape: Shape) -> str:
    """The WITH clause of the query, or ''."""
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
    """The matching ones of the first rows, in order; PostgreSQL knows this order if its keys are selected, too."""
    keys = ", ".join(f"{key.sql} AS key{number}" for number, key in enumerate(shape.order))
    by = ", ".join(f"key{number}{key.direction}" for number, key in enumerate(shape.order))
    # Selects whether a row matches, not its columns: sorting copies what is selected.
    head = f'SELECT {shape.keys}, {keys}, {shape.checked} AS matches FROM "{shape.name}" WHERE {shape.after} {shape.by}'
    near = f'SELECT {shape.keys} FROM ({head} LIMIT {shape.scan_limit}) AS "{shape.name}" WHERE matches'
    return f"{near} ORDER BY {by} LIMIT {shape.page_end} + 1"


def _found_sql(shape: Shape) -> str:
    """The keys of all rows found, to be fenced: seeing ORDER BY and LIMIT, PostgreSQL would scan and parse in order."""
    return f'SELECT {shape.keys} FROM "{shape.name}" WHERE {shape.found}'


def _shown_sql(shape: Shape) -> str:
    """The query from FROM on for the rows that are shown, unsorted."""
    if not shape.found_first:
        return f'FROM "{shape.name}" WHERE {shape.found} AND {shape.after}'
    if shape.single_use and not shape.scan_limit:
        return f'FROM ({_found_sql(shape)} OFFSET 0) AS "{shape.name}" WHERE {shape.after}'
    found = f'FROM found AS "{shape.name}" WHERE {shape.after}'
    if not shape.scan_limit:
        return found
    return f'FROM (SELECT * FROM near WHERE {IS_FULL} UNION ALL SELECT * {found}) AS "{shape.name}"'


def _counted_sql(shape: Shape) -> str:
    """The query from FROM on for the rows that are counted."""
    return "FROM found" if shape.found_first else f'FROM "{shape.name}" WHERE {shape.found}'


def _count_sql(shape: Shape) -> str:
    # By ctid, or PostgreSQL would scan an index, which has no ctid, and takes twice as long as the table.
    each = "ctid" if shape.found == TRUE else "*"
    return f"SELECT count({each}) {_counted_sql(shape)}"


def _bounded_count_sql(shape: Shape) -> str:
    """The count, null when there are certainly too many."""
    rows = f"SELECT {_counted_sql(shape)}"
    if not shape.found_first:
        # Planned as if all were wanted: with a LIMIT, PostgreSQL would scan the table, and hope for early matches.
        rows = f"WITH rows AS MATERIALIZED ({rows}) SELECT FROM rows"
    rows = f"{rows} LIMIT {MAX_COUNTED_ROWS + 1}"
    count = f"(SELECT count(*) FROM ({rows}) AS counted)"
    return f"CASE WHEN NOT {IS_FULL} THEN {count} END" if shape.scan_limit else count


def _chosen_sql(shape: Shape) -> str:
    """The whole rows of the page. Their columns are computed afterwards, or they would be for skipped rows, too."""
    rows = f"{_shown_sql(shape)} {shape.by} {shape.window}"
    if not shape.found_first:
        return f"SELECT * {rows}"
    return f'SELECT * FROM "{shape.name}" WHERE id = ANY (ARRAY(SELECT id {rows})) {shape.by}'


def _rows_sql(shape: Shape) -> str:
    columns = select_list(shape.table, shape.fields, readable=shape.readable)
    return f'SELECT {columns} FROM ({_chosen_sql(shape)}) AS "{shape.name}"'


def _body_sql(shape: Shape, rows: str, *more: str) -> str:
    parts = [
        f"'rows', {rows}",
        *more,
        f"'limit', ${shape.limit_place}::bigint, 'offset', ${shape.limit_place + 1}::bigint",
    ]
    if shape.cursor:
        # The last row of the page and the one that follows, if any does.
        last = f"SELECT * {_shown_sql(shape)} {shape.by} LIMIT 2 OFFSET ${shape.limit_place}::bigint - 1"
        next_page = f'SELECT (array_agg({cursor_sql(shape.order)}))[1] FROM ({last}) AS "{shape.name}"'
        parts.append(f"'next_cursor', ({next_page} HAVING count(*) = 2)")
    return f"json_build_object({', '.join(parts)})::text"
