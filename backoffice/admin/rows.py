"""Rows as people read them, on the screen and in spreadsheets, and as they type them into forms and filters."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from piccolo.columns import JSONB, Column, Integer, Numeric, Timestamptz, Varchar
from starlette.requests import Request

from backoffice.admin import values
from backoffice.admin.values import tidied
from backoffice.api.raw_parameters import RawParameters
from backoffice.api.resource import Resource
from backoffice.problems import Problem
from backoffice.web.problem_responses import language_of

# In the Prefer header of requests whose answer people read on the screen, or in a spreadsheet.
SCREEN = "screen"
EXPORT = "export"


class RowsForPeople:
    """The rows of one resource.

    :param tables: the columns of each table of the admin, by its name, for rows that name a table.
    """

    def __init__(self, resource: Resource, tables: Mapping[str, Mapping[str, Column]]) -> None:
        self.table = resource.table
        self.view = resource.admin
        self.tables = tables
        self._decimals = self._columns(Numeric)
        self._times = self._columns(Timestamptz)
        self._json_columns = self._columns(JSONB)
        secrets = {column._meta.name for column in resource.table._meta.secret_columns}
        self._one_line_fields = self._columns(Varchar, Numeric, Integer) - secrets

    def _columns(self, *kinds: type[Column]) -> set[str]:
        return {column._meta.name for column in self.table._meta.columns if isinstance(column, kinds)}

    # Reading

    def differ(self, request: Request) -> bool:
        """Whether they are shown otherwise than the API gives them."""
        return bool(self._json_columns or self._decimals or _is_for_people(request))

    def listed(self, request: Request, row: dict[str, Any]) -> dict[str, Any]:
        """As `shown`; for a spreadsheet, where that is asked for."""
        shown = self.shown(request, row)
        if not prefers(request, EXPORT):
            return shown
        return {name: values.for_spreadsheet(value) for name, value in shown.items()}

    def shown(self, request: Request, row: dict[str, Any]) -> dict[str, Any]:
        """The row with decimals, changes and numbers as people write them, in the language of whoever asks."""
        language, tables = language_of(request.scope), self.view.tables
        columns = self.tables.get(row.get(tables._meta.name, ""), {}) if tables else {}
        apart = prefers(request, SCREEN)
        decimals = {name: value for name, value in self._decimals_of(row).items() if value}
        return (
            row
            | {name: values.tell(row[name], columns, language) for name in self._json_columns & row.keys() if row[name]}
            | {name: values.decimal(value, language, apart=apart) for name, value in decimals.items()}
            | self.written(request, row)
        )

    def written(self, request: Request, row: Mapping[str, Any]) -> dict[str, Any]:
        """Those of its values that people write otherwise; see `AdminView.written`."""
        written = self.view.written if _is_for_people(request) else {}
        return {name: re.sub(*written[name], row[name]) for name in written.keys() & row.keys() if row[name]}

    # Writing

    def typed(self, request: Request, data: Any) -> dict[str, Any]:
        """What a form sends, with values as the API has them.

        :raises Problem: validation_error, when the body is not an object, or a decimal is ambiguous.
        """
        typed = values.from_form(data, self._one_line_fields)
        decimals, unclear = values.with_points(self._decimals_of(typed), language_of(request.scope))
        if unclear:
            raise Problem("validation_error", errors=unclear)
        return typed | decimals

    def read_filters(self, request: Request, given: RawParameters) -> None:
        """Changes what was typed into filters to values as the API has them."""
        given.update(tidied(given, self._one_line_fields))
        decimals, unclear = values.with_points(self._decimals_of(given), language_of(request.scope))
        given.update(decimals)
        given.errors += unclear
        given.update(values.to_the_end_of_seconds(given, self._times))

    def touched(self, sent: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the values sent that differ from what the form was filled with: it sends all its fields back."""
        shown = tidied(row, self._one_line_fields)
        return {name: value for name, value in sent.items() if name not in shown or not _is_same(value, shown[name])}

    def _decimals_of(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {name: row[name] for name in self._decimals & row.keys()}


def _is_same(value: Any, shown: Any) -> bool:
    """:param shown: a value of the column as JSON has it."""
    if isinstance(value, Decimal) and shown is not None:
        return value == Decimal(shown)
    return bool(value == shown) or str(value) == shown


def _is_for_people(request: Request) -> bool:
    return prefers(request, SCREEN) or prefers(request, EXPORT)


def prefers(request: Request, preference: str) -> bool:
    return preference in request.headers.getlist("prefer")
