"""The row that is meant where somebody searches for a whole code, although others are found: those that it begins."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from piccolo.columns import Column
from piccolo.querystring import QueryString
from piccolo.table import Table

from backoffice.api.conditions import Condition, all_of, plain
from backoffice.api.list_queries import names_statement
from backoffice.api.lists import Rows
from backoffice.api.page import Page
from backoffice.api.selects import Statement, unique_columns
from backoffice.database.engine import the_engine

HEADER = "Exact-Match"  # with the id of that row


async def find_names(rows: Rows, page: Page, typed: str, beside: Sequence[Column]) -> tuple[dict[str, Any], str | None]:
    """The names of the rows of a page, by id: first that of the one with this code, whose id is given back as well.

    :param beside: see `names_statement`.
    """
    statement, coded = name_statement(rows.table, page, typed, beside), {}
    if statement is not None:
        sql, arguments = statement
        coded = json.loads(await the_engine().fetch_value(sql, *arguments))
    row_id = next(iter(coded), None)
    found = json.loads(await rows.names(the_engine(), without(page, row_id) if row_id else page, beside))
    return found if page.offset else coded | found, row_id


def name_statement(table: type[Table], page: Page, typed: str, beside: Sequence[Column] = ()) -> Statement | None:
    """The name of the one row with this code among all that the page is of; None where such rows have no codes.

    :param beside: see `names_statement`.
    """
    column = table.get_readable().columns[0]
    has_codes = not column._meta.call_chain and column._meta.name in unique_columns(table)
    if page.where is None or not has_codes:
        return None
    coded = all_of(page.where, _has_code(table, column, typed))
    return names_statement(table, replace(page, where=coded, limit=1, offset=0), beside)


def without(page: Page, row_id: str) -> Page:
    """The others of the page, where this row comes before all."""
    assert page.where is not None  # what was typed
    where = all_of(page.where, plain(QueryString("id <> {}", row_id)))
    is_first = page.offset == 0
    return replace(page, where=where, limit=page.limit - is_first, offset=page.offset - (not is_first))


def _has_code(table: type[Table], column: Column, typed: str) -> Condition:
    """As it was typed, or else in capitals, or else in small letters."""
    before, _, _ = table.get_readable().template.partition("%s")  # the # of #12
    code = typed.strip().removeprefix(before)
    cases, text = [code, code.upper(), code.lower()], f'"{column._meta.name}"::text'
    meant = (
        f'SELECT id FROM "{table._meta.tablename}" WHERE {text} = ANY ({{}}) '
        f"ORDER BY array_position({{}}::text[], {text}) LIMIT 1"
    )
    return plain(QueryString(f"id = ({meant})", cases, cases))
