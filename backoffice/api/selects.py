"""The queries by which PostgreSQL builds whole answers: one round trip each, and nothing for Python to convert."""

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from piccolo.columns import Column, ForeignKey, Numeric
from piccolo.querystring import QueryString
from piccolo.table import Table

from backoffice.api.cursors import Order, cursor_sql, sorted_by
from backoffice.api.page import Page
from backoffice.api.totals import Known, with_total_sql

MOST_STATEMENTS = 500  # kept of those that clients may think up

Statement = tuple[str, list[Any]]


@cache
def columns_of(table: type[Table]) -> Mapping[str, Column]:
    """The columns that may be shown, filtered and ordered by: all but the secret ones."""
    return {column._meta.name: column for column in table._meta.columns if not column._meta.secret}


def select_list(table: type[Table], fields: tuple[str, ...] = (), *, readable: bool = False) -> str:
    """The columns as they go into JSON: decimals as text, so that no reader takes them for floats."""
    columns = columns_of(table)
    parts = [_as_json(columns[name]) for name in fields or columns]
    if readable:
        keys = [column for name in fields or columns if isinstance(column := columns[name], ForeignKey)]
        parts += [_readable(column) for column in keys]
    return ", ".join(parts)


def _as_json(column: Column) -> str:
    name = f'"{column._meta.name}"'
    return f"{name}::text AS {name}" if isinstance(column, Numeric) else name


def _readable(column: ForeignKey[Any]) -> str:
    """The row that a foreign key points at, as a person would call it."""
    referenced = column._foreign_key_meta.resolved_references
    own = f'"{column._meta.table._meta.tablename}"."{column._meta.name}"'
    return (
        f'(SELECT {_called(referenced, "referenced")} FROM "{referenced._meta.tablename}" AS referenced '
        f'WHERE referenced.id = {own}) AS "{column._meta.name}_readable"'
    )


def _called(table: type[Table], row: str) -> str:
    """What a person calls this row, which says `Table.get_readable`."""
    readable = table.get_readable()
    words = ", ".join(_word(column, row) for column in readable.columns)
    return f"format('{readable.template}', {words})"


def _word(column: Column, row: str) -> str:
    name = f'"{column._meta.name}"'
    if not column._meta.call_chain:
        return f"{row}.{name}"
    (key,) = column._meta.call_chain
    return (
        f'(SELECT {name} FROM "{column._meta.table._meta.tablename}" AS joined '
        f'WHERE joined.id = {row}."{key._meta.name}")'
    )


def page_statement(table: type[Table], page: Page, known: Known | None = None) -> Statement:
    """The body of a list.

    :param known: what is known of its total. Without, there is none; with it the answer is for `Totals.remember`.
    """
    where, arguments = page.where.compile_string() if page.where else ("true", [])
    shown, arguments = page.shown.compile_string() if page.shown else (where, arguments)
    sql = _page_sql(
        table,
        None if known is None else where,
        shown,
        len(arguments) + 1,
        page.order,
        page.fields,
        readable=page.readable,
        cursor=page.cursor,
        searched=page.searched,
    )
    return sql, [*arguments, page.limit, page.offset, *(known or ())]


@lru_cache(maxsize=MOST_STATEMENTS)
def _page_sql(
    table: type[Table],
    where: str | None,
    shown: str,
    limit: int,
    order: Order,
    fields: tuple[str, ...],
    *,
    readable: bool,
    cursor: bool,
    searched: bool,
) -> str:
    """:param where: which rows are counted, if they are.
    :param shown: which rows are shown.
    :param limit: the number of the parameter that is the limit; then come the offset, and what is known of the total.
    :param cursor: whether it is said where the next page begins.
    :param searched: whether the rows are to be found first and ordered then.
    """
    columns, name = select_list(table, fields, readable=readable), table._meta.tablename
    rows, by = f'FROM "{name}" WHERE {shown}', f"ORDER BY {sorted_by(order)}"
    rows = _found_first(rows, name) if searched else rows
    # Chosen first and dressed then, or PostgreSQL would dress those before the offset too, and throw them away.
    page = f'SELECT {columns} FROM (SELECT * {rows} {by} LIMIT ${limit} OFFSET ${limit + 1}) AS "{name}"'
    parts = [f"'rows', coalesce((SELECT json_agg(page) FROM ({page}) AS page), '[]')"]
    if where is not None:
        parts.append("'total', total")
    parts.append(f"'limit', ${limit}::bigint, 'offset', ${limit + 1}::bigint")
    if cursor:
        # The last row of the page and the one that follows, if any does.
        last = f"SELECT * {rows} {by} LIMIT 2 OFFSET ${limit}::bigint - 1"
        next_page = f'SELECT (array_agg({cursor_sql(order)}))[1] FROM ({last}) AS "{name}" HAVING count(*) = 2'
        parts.append(f"'next_cursor', ({next_page})")
    body = f"json_build_object({', '.join(parts)})::text"
    return f"SELECT {body}" if where is None else with_total_sql(body, f'FROM "{name}" WHERE {where}', limit + 2)


Details = tuple[tuple[str, str], ...]


@cache
def row_sql(table: type[Table], details: Details, *, readable: bool = False) -> str:
    """A whole row, by its id.

    :param details: what it shows beside its columns: names, and the SQL of each.
    """
    columns = _whole(table, details, readable=readable)
    return (
        f'SELECT row_to_json(whole)::text FROM (SELECT {columns} FROM "{table._meta.tablename}" WHERE id = $1) AS whole'
    )


@lru_cache(maxsize=MOST_STATEMENTS)
def insert_sql(table: type[Table], names: tuple[str, ...]) -> str:
    """A new row of these columns; the database's own defaults fill the others. Answers with its id."""
    columns = ", ".join(f'"{name}"' for name in names)
    places = ", ".join(f"${place}" for place, _ in enumerate(names, 1))
    values = f"({columns}) VALUES ({places})" if names else "DEFAULT VALUES"
    return f'INSERT INTO "{table._meta.tablename}" {values} RETURNING id'


@lru_cache(maxsize=MOST_STATEMENTS)
def update_sql(table: type[Table], details: Details, names: tuple[str, ...]) -> str:
    """Other values for these columns of a row, by its id. Answers with the whole row as it is then.

    That is what it is in the end, because no trigger changes a row after it was written.
    """
    changes = ", ".join(f'"{name}" = ${place}' for place, name in enumerate(names, 2))
    return (
        f'UPDATE "{table._meta.tablename}" SET {changes} WHERE id = $1 '
        f"RETURNING row_to_json((SELECT whole FROM (SELECT {_whole(table, details)}) AS whole))::text"
    )


def _whole(table: type[Table], details: Details, *, readable: bool = False) -> str:
    more = (f'{sql} AS "{name}"' for name, sql in details)
    return ", ".join([select_list(table, readable=readable), *more])


def fragments_sql(columns: Sequence[Column]) -> str:
    """The fragments of several texts, word for word as their index has them; see fragments() of rules/text.sql."""
    texts = (f"coalesce({column._meta.name}, '')" if column._meta.null else column._meta.name for column in columns)
    return "fragments({})".format(" || ' ' || ".join(texts))


def _found_first(rows: str, name: str) -> str:
    """A fence: with order and limit in sight, PostgreSQL would walk through the order and take apart all it meets."""
    return f'FROM (SELECT * {rows} OFFSET 0) AS "{name}"'


def names_query(
    table: type[Table], where: QueryString, window: tuple[int, int], typed: str | None, *, searched: bool
) -> QueryString:
    """What people call the rows, by id, as `body`; in that order, as far as the table's own columns say it.

    :param window: limit and offset.
    :param typed: a LIKE pattern for what people call them.
    :param searched: whether the rows are to be found first and ordered then.
    """
    name = table._meta.tablename
    called = _called(table, f'"{name}"')
    named_by = [column for column in table.get_readable().columns if not column._meta.call_chain]
    order = ", ".join(f'"{column._meta.name}"' for column in [*named_by, table._meta.primary_key])
    like = QueryString("true") if typed is None else QueryString(f"{called} ILIKE {{}}", typed)
    rows = f'FROM "{name}" WHERE {{}} AND {{}}'
    rows = _found_first(rows, name) if searched else rows
    sql = (
        f"SELECT coalesce(json_object_agg(id, {called}), json_build_object())::text AS body "
        f'FROM (SELECT * {rows} ORDER BY {order} LIMIT {{}} OFFSET {{}}) AS "{name}"'
    )
    return QueryString(sql, where, like, *window)
