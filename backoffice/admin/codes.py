"""The row that is meant where somebody searches for a whole code, although others are found: those that it begins."""

from dataclasses import replace

from piccolo.columns import Column
from piccolo.querystring import QueryString
from piccolo.table import Table

from backoffice.api.conditions import Condition, all_of, plain
from backoffice.api.list_queries import names_statement
from backoffice.api.page import Page
from backoffice.api.selects import Statement, unique_columns

HEADER = "Exact-Match"  # with the id of that row


def name_statement(table: type[Table], page: Page, typed: str) -> Statement | None:
    """The name of the one row with this code among all that the page is of; None where such rows have no codes."""
    column = table.get_readable().columns[0]
    has_codes = not column._meta.call_chain and column._meta.name in unique_columns(table)
    if page.where is None or not has_codes:
        return None
    coded = all_of(page.where, _has_code(table, column, typed))
    return names_statement(table, replace(page, where=coded, limit=1, offset=0))


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
