"""The parameters of a list, read strictly and turned into SQL."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from piccolo.columns import Column, ForeignKey, Numeric, Text, Varchar
from piccolo.querystring import QueryString
from piccolo.table import Table
from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import QueryParams

from backoffice.problems import FieldError, Problem, field_errors
from backoffice.schemas import value_type

DEFAULT_LIMIT = 25
MAX_LIMIT = 1000
LARGEST_OFFSET = 2**63 - 1
MAX_SEARCH_LENGTH = 200

COMPARISONS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "e": "=", "ne": "<>"}
NULL_TESTS = {"is_null": "IS NULL", "not_null": "IS NOT NULL"}
OPERATORS = (*COMPARISONS, *NULL_TESTS)
MATCHES = {"contains": "%{}%", "starts": "{}%", "ends": "%{}"}

Search = Callable[[str], QueryString]


@dataclass(frozen=True)
class Page:
    """Which rows of a list, and what of them."""

    where: QueryString
    order: str
    limit: int
    offset: int
    fields: tuple[str, ...]
    readable: bool


def is_text(column: Column) -> bool:
    return isinstance(column, Varchar | Text)


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


def _readable(column: ForeignKey) -> str:
    """The row that a foreign key points at, as a person would call it."""
    referenced = column._foreign_key_meta.resolved_references
    readable = referenced.get_readable()
    words = ", ".join(f'referenced."{part._meta.name}"' for part in readable.columns)
    own = f'"{column._meta.table._meta.tablename}"."{column._meta.name}"'
    return (
        f"(SELECT format('{readable.template}', {words}) FROM \"{referenced._meta.tablename}\" AS referenced "
        f'WHERE referenced.id = {own}) AS "{column._meta.name}_readable"'
    )


class Parameters:
    """The parameters of one request. What nobody asked for, or asked for twice, is refused, all at once."""

    def __init__(self, table: type[Table], query: QueryParams, search: Search | None, order: str) -> None:
        self.table = table
        self.search = search
        self.default_order = order
        self.columns = columns_of(table)
        self.errors: list[FieldError] = []
        self.given = self._once(query)

    def _once(self, query: QueryParams) -> dict[str, str]:
        given: dict[str, str] = {}
        for name, value in query.multi_items():
            if name in given:
                self._refuse(name, "duplicate_parameter")
            if "\0" in value:
                self._refuse(name, "nul_character")
            if "\ufffd" in value:  # what Starlette makes of bytes that are not UTF-8
                self._refuse(name, "string_unicode")
            given[name] = value
        return given

    def _refuse(self, name: str, code: str, **parameters: object) -> None:
        self.errors.append(FieldError(name, code, parameters))

    def page(self) -> Page:
        """:raises Problem: validation_error, naming each parameter that is wrong."""
        limit, offset = self._window()
        order, fields, readable = self._order(), self._fields(), self._flag("__readable")
        where = self._where()
        return Page(where=where, order=order, limit=limit, offset=offset, fields=fields, readable=readable)

    def where(self) -> QueryString:
        """:raises Problem: validation_error, naming each parameter that is wrong."""
        return self._where()

    def window(self) -> tuple[int, int]:
        """Limit and offset, where nothing but those and a search is offered.

        :raises Problem: validation_error, naming each parameter that is wrong.
        """
        window = self._window()
        self._finish()
        return window

    def _finish(self) -> None:
        for name in self.given:
            self._refuse(name, "unknown_parameter")
        if self.errors:
            raise Problem("validation_error", errors=self.errors)

    def _integer(self, name: str, default: int, low: int, high: int) -> int:
        text = self.given.pop(name, None)
        if text is None:
            return default
        if not re.fullmatch(r"-?[0-9]{1,19}", text):
            self._refuse(name, "int_type")
            return default
        if not low <= int(text) <= high:
            code, bound = ("greater_than_equal", {"ge": low}) if int(text) < low else ("less_than_equal", {"le": high})
            self._refuse(name, code, **bound)
            return default
        return int(text)

    def _window(self) -> tuple[int, int]:
        for pair in (("limit", "__page_size"), ("offset", "__page")):
            if all(name in self.given for name in pair):
                self._refuse(pair[1], "duplicate_parameter")
        limit = self._integer("limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
        limit = self._integer("__page_size", limit, 1, MAX_LIMIT)
        offset = self._integer("offset", 0, 0, LARGEST_OFFSET)
        page = self._integer("__page", 1, 1, LARGEST_OFFSET // limit)
        return limit, offset or (page - 1) * limit

    def _order(self) -> str:
        text = self.given.pop("__order", self.default_order)
        parts = []
        for part in text.split(","):
            name = part.removeprefix("-")
            if name not in self.columns:
                self._refuse("__order", "unknown_column", column=name[:64])
            parts.append(f'"{name}" DESC' if part.startswith("-") else f'"{name}"')
        # Rows that are otherwise equal stay in one order, or pages would overlap.
        return ", ".join([*parts, '"id"'])

    def _fields(self) -> tuple[str, ...]:
        text = self.given.pop("__visible_fields", None)
        if text is None:
            return ()
        fields = tuple(dict.fromkeys(text.split(",")))
        for name in fields:
            if name not in self.columns:
                self._refuse("__visible_fields", "unknown_column", column=name[:64])
        return fields

    def _flag(self, name: str) -> bool:
        text = self.given.pop(name, "false")
        if text not in ("true", "false"):
            self._refuse(name, "bool_type")
        return text == "true"

    def _where(self) -> QueryString:
        conditions = [condition for name in self.columns for condition in self._filter(name)]
        if self.search is not None:
            conditions += self._search(self.search)
        self._finish()
        if not conditions:
            return QueryString("true")
        return QueryString(" AND ".join(["{}"] * len(conditions)), *conditions)

    def _search(self, search: Search) -> list[QueryString]:
        typed = self.given.pop("search", "")
        if len(typed) > MAX_SEARCH_LENGTH:
            self._refuse("search", "string_too_long", max_length=MAX_SEARCH_LENGTH)
            return []
        return [search(typed)] if typed.strip() else []

    def _filter(self, name: str) -> list[QueryString]:
        column = self.columns[name]
        value = self.given.pop(name, None)
        operator = self._choice(f"{name}__operator", OPERATORS)
        match = self._choice(f"{name}__match", ("exact", *MATCHES)) if is_text(column) else None
        if operator in NULL_TESTS:
            if value or match:
                self._refuse(f"{name}__operator", "invalid")
            return [QueryString(f'"{name}" {NULL_TESTS[operator]}')]
        if value is None:
            if operator or match:
                self._refuse(name, "missing")
            return []
        if operator and match:
            self._refuse(f"{name}__match", "invalid")
        if is_text(column) and not operator and match != "exact":
            pattern = MATCHES[match or "contains"].format(re.sub(r"([\\%_])", r"\\\1", value))
            return [QueryString(f'"{name}" ILIKE {{}}', pattern)]
        return self._compare(column, COMPARISONS[operator or "e"], value)

    def _choice(self, name: str, choices: tuple[str, ...]) -> str | None:
        text = self.given.pop(name, None)
        if text is None or text in choices:
            return text
        self._refuse(name, "literal_error", expected=list(choices))
        return None

    def _compare(self, column: Column, sign: str, text: str) -> list[QueryString]:
        name = column._meta.name
        try:
            value = _adapter(column).validate_python(text)
        except ValidationError as error:
            self.errors += [FieldError(name, found.code, found.parameters) for found in field_errors(error.errors())]
            return []
        return [QueryString(f'"{name}" {sign} {{}}', value)]


@cache
def _adapter(column: Column) -> TypeAdapter[Any]:
    return TypeAdapter(value_type(column, strict=False))
