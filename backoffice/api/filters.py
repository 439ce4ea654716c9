"""Turns the filters and the search of a list into SQL conditions."""

from functools import cache
from typing import Any

from piccolo.columns import Column
from piccolo.querystring import QueryString
from pydantic import TypeAdapter, ValidationError

from backoffice.api.conditions import Condition, plain
from backoffice.api.raw_parameters import RawParameters
from backoffice.api.resource import Resource, Search
from backoffice.api.text_parts import MATCHES, MAX_SEARCH_LENGTH, text_part
from backoffice.api.value_types import kind_of
from backoffice.api.values import CleanText
from backoffice.columns import is_text, place_of, sort_key
from backoffice.problems import FieldError, field_errors

COMPARISONS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "e": "=", "ne": "<>"}
KEY_OF_NULL = "sort_key(NULL)"  # in SQL; above the key of every text
NULL_TESTS = {"is_null": "IS NULL", "not_null": "IS NOT NULL"}
OPERATORS = (*COMPARISONS, *NULL_TESTS)


class Filters:
    """The filters and the search of one request. Their errors are added to those of the parameters, `given`."""

    def __init__(self, resource: Resource, given: RawParameters) -> None:
        self.resource = resource
        self.given = given

    def conditions(self) -> list[Condition]:
        if not self.given:
            return []
        found = [condition for name in self.resource.filtered for condition in self._filter(name)]
        return found + (self._search(self.resource.search) if self.resource.search is not None else [])

    def _search(self, search: Search) -> list[Condition]:
        typed = self.given.pop("search", "")
        if len(typed) > MAX_SEARCH_LENGTH:
            self.given.refuse("search", "string_too_long", max_length=MAX_SEARCH_LENGTH)
            return []
        return [search(typed)] if typed.strip() else []

    def _filter(self, name: str) -> list[Condition]:
        given, has_parts = self.given, self.resource.has_parts(name)
        value = given.pop(name, None)
        operator = given.choice(f"{name}__operator", OPERATORS)
        match = given.choice(f"{name}__match", ("exact", *MATCHES)) if has_parts else None
        if operator in NULL_TESTS:  # forms send an empty value with it
            return self._null_test(name, operator, beside=name if value else match and f"{name}__match")
        if value is None:
            if operator or match:
                given.refuse(name, "missing")
            return []
        if operator and match:
            given.refuse(f"{name}__match", "contradiction", other=f"{name}__operator")
        match = (match or "contains") if has_parts and not operator else "exact"
        if name in self.resource.normalize_filter:
            value = self.resource.normalize_filter[name](value, match)
        if match == "exact":
            return self._compare(self.resource.filtered[name], COMPARISONS[operator or "e"], value)
        return [text_part(self.resource, name, match, value)]

    def _null_test(self, name: str, operator: str, *, beside: str | None) -> list[Condition]:
        """:param beside: a parameter that was given, too, although it makes no sense with this operator."""
        if beside:
            self.given.refuse(f"{name}__operator", "contradiction", other=beside)
        if name in self.resource.alphabetical:  # its index answers both, also when few have a text
            sign = "=" if operator == "is_null" else "<"
            return [plain(QueryString(f"{sort_key(name)} {sign} {KEY_OF_NULL}"))]
        return [plain(QueryString(f'"{name}" {NULL_TESTS[operator]}'))]

    def _compare(self, column: Column, sign: str, text: str) -> list[Condition]:
        name = column._meta.name
        try:
            value = adapter(column).validate_python(text)
        except ValidationError as error:
            wrong = field_errors(error.errors())
            self.given.errors += [FieldError(name, found.code, found.parameters) for found in wrong]
            return []
        if name in self.resource.alphabetical and sign not in ("=", "<>"):
            key = sort_key(name)
            return [plain(QueryString(f"{key} {sign} sort_key({{}}) AND {key} < {KEY_OF_NULL}", value))]
        return [plain(QueryString(f'"{name}" {sign} {place_of(column, "{}")}', value))]


@cache
def adapter(column: Column) -> TypeAdapter[Any]:
    """Parses a parameter compared with this column."""
    return TypeAdapter(CleanText if is_text(column) else kind_of(column, strict=False).sent)
