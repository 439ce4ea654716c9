"""Rows as JSON that PostgreSQL builds: one round trip each, and nothing for Python to convert."""

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from piccolo.columns import Column, ForeignKey, Numeric
from piccolo.constraints import Unique
from piccolo.table import Table

from backoffice.columns import place_of

MAX_STATEMENTS = 500  # cached, of those that depend on requests

Statement = tuple[str, list[Any]]


@cache
def columns_of(table: type[Table]) -> Mapping[str, Column]:
    """The columns that may be shown, filtered and ordered by: all but the secret ones."""
    return {column._meta.name: column for column in table._meta.columns if not column._meta.secret}


@cache
def unique_columns(table: type[Table]) -> frozenset[str]:
    """The columns that are unique by themselves, and never null."""
    unique = [one._meta.params["columns"] for one in table._meta.constraints if isinstance(one, Unique)]
    alone = {names[0] for names in unique if len(names) == 1} | {table._meta.primary_key._meta.name}
    return frozenset(column._meta.name for column in table._meta.columns if not column._meta.null) & alone


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
    """The readable name of the row that a foreign key refers to."""
    own = f'"{column._meta.table._meta.tablename}"."{column._meta.name}"'
    return f'({referenced_readable_sql(column, own)}) AS "{column._meta.name}_readable"'


def referenced_readable_sql(key: ForeignKey[Any], row_id: str = "$1") -> str:
    """The query for the readable name of the row with this id in the table that the key refers to."""
    referenced = key._foreign_key_meta.resolved_references
    return (
        f'SELECT {readable_sql(referenced, "referenced")} FROM "{referenced._meta.tablename}" AS referenced '
        f"WHERE referenced.id = {row_id}"
    )


def readable_sql(table: type[Table], row: str) -> str:
    """The SQL of the readable name of a row, as `Table.get_readable` declares it."""
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


Details = tuple[tuple[str, str], ...]


@cache
def row_sql(table: type[Table], details: Details, *, readable: bool = False) -> str:
    """The query for a whole row, by its id.

    :param details: what it shows beside its columns: names, and the SQL of each.
    """
    columns = _whole(table, details, readable=readable)
    return (
        f'SELECT row_to_json(whole)::text FROM (SELECT {columns} FROM "{table._meta.tablename}" WHERE id = $1) AS whole'
    )


@lru_cache(maxsize=MAX_STATEMENTS)
def insert_sql(table: type[Table], details: Details, names: tuple[str, ...], condition: str) -> str:
    """An INSERT of these columns; the database's own defaults fill the others.

    Returns the whole row, as `changed`. See `update_sql`.

    :param names: at least one.
    """
    columns = ", ".join(f'"{name}"' for name in names)
    places = ", ".join(_places(table, names, first=1).values())
    return (
        f'INSERT INTO "{table._meta.tablename}" ({columns}) SELECT {places} WHERE {condition} '
        f"RETURNING {_as_json_row(table, details)} AS changed"
    )


@lru_cache(maxsize=MAX_STATEMENTS)
def update_sql(table: type[Table], details: Details, names: tuple[str, ...], condition: str) -> str:
    """An UPDATE of these columns of a row, by its id. Returns the whole new row, as `changed`.

    That is its final state, because no trigger changes a row after it was written.

    :param condition: without which nothing changes. Its parameters come after those of the columns.
    """
    changes = ", ".join(f'"{name}" = {place}' for name, place in _places(table, names, first=2).items())
    return (
        f'UPDATE "{table._meta.tablename}" SET {changes} WHERE id = $1 AND {condition} '
        f"RETURNING {_as_json_row(table, details)} AS changed"
    )


def _as_json_row(table: type[Table], details: Details) -> str:
    return f"row_to_json((SELECT whole FROM (SELECT {_whole(table, details)}) AS whole))::text"


def _places(table: type[Table], names: tuple[str, ...], *, first: int) -> dict[str, str]:
    """The SQL of the parameter for each column."""
    column = table._meta.get_column_by_name
    return {name: place_of(column(name), f"${number}") for number, name in enumerate(names, first)}


def _whole(table: type[Table], details: Details, *, readable: bool = False) -> str:
    more = (f'{sql} AS "{name}"' for name, sql in details)
    return ", ".join([select_list(table, readable=readable), *more])


def fragments_sql(columns: Sequence[Column]) -> str:
    """The SQL of the fragments of several texts, exactly as in their index; see fragments() of rules/fragments.sql.

    Each text stands between line breaks, which tell its beginning and its end.
    """
    texts = (f"coalesce({column._meta.name}, '')" if column._meta.null else column._meta.name for column in columns)
    return r"fragments(caseless(E'\n' || {} || E'\n'))".format(r" || E'\n' || ".join(texts))
