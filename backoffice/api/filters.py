"""What the parameters of a list ask of its rows, turned into SQL."""

import re
from functools import cache
from typing import Annotated, Any

from piccolo.columns import Column
from piccolo.querystring import QueryString
from pydantic import AfterValidator, TypeAdapter, ValidationError

from backoffice.api.conditions import Condition, plain
from backoffice.api.raw_parameters import RawParameters
from backoffice.api.resource import Resource, Search
from backoffice.api.values import clean_text, value_type
from backoffice.columns import is_text, place_of, sort_key
from backoffice.problems import FieldError, field_errors

MAX_SEARCH_LENGTH = 200
FRAGMENT_BYTES = 3  # see fragments() of rules/text.sql

COMPARISONS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "e": "=", "ne": "<>"}
KEY_OF_NULL = "sort_key(NULL)"  # in SQL; above that of every text
NULL_TESTS = {"is_null": "IS NULL", "not_null": "IS NOT NULL"}
OPERATORS = (*COMPARISONS, *NULL_TESTS)
MATCHES = {"contains": "%{}%", "starts": "{}%", "ends": "%{}"}
TWO_WORDS = "[0-9A-Za-z][^0-9A-Za-z]+[0-9A-Za-z]"
CERTAIN_LENGTH = 100  # of the 200 in a sort key, where each letter may be written as two: itself, and its accent
HIGHEST = "repeat(chr(1114111), 201)"  # in SQL; what is added to a sort key, so that none that begins so is above it
FOLDED_ALONE = "[\u0001-\u00ff]*"  # what is folded by itself, whatever follows
INDEXED_AS = {"contains": "{}", "starts": "\n{}", "ends": "{}\n"}  # see `fragments_sql`


def literally(text: str) -> str:
    """The text as a part of a LIKE pattern that means just this text."""
    return re.sub(r"([\\%_])", r"\\\1", text)


class Filters:
    """The filters and the search of one request. Whatever is wrong with them is refused where they were given."""

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
        column, has_parts = self.resource.filtered[name], self.resource.has_parts(name)
        value = self.given.pop(name, None)
        operator = self.given.choice(f"{name}__operator", OPERATORS)
        match = self.given.choice(f"{name}__match", ("exact", *MATCHES)) if has_parts else None
        if operator in NULL_TESTS:
            if value is not None or match:
                other = f"{name}__match" if value is None else name
                self.given.refuse(f"{name}__operator", "contradiction", other=other)
            return [self._null_test(name, operator)]
        if value is None:
            if operator or match:
                self.given.refuse(name, "missing")
            return []
        if operator and match:
            self.given.refuse(f"{name}__match", "contradiction", other=f"{name}__operator")
        is_part = has_parts and not operator and match != "exact"
        if name in self.resource.sought:
            value = self.resource.sought[name](value, (match or "contains") if is_part else "exact")
        if is_part:
            return self._match(name, match or "contains", value)
        return self._compare(column, COMPARISONS[operator or "e"], value)

    def _match(self, name: str, match: str, value: str) -> list[Condition]:
        pattern = MATCHES[match].format(literally(value))
        estimated = QueryString(f'"{name}" ILIKE {{}}', pattern)
        if value.isascii():  # takes a fifth of the time for a text with accents
            condition = QueryString(f'"{name}" COLLATE "C" ILIKE {{}}', pattern)
        else:
            condition = QueryString(f'caseless("{name}") LIKE caseless({{}})', pattern)
        if match == "starts" and name in self.resource.alphabetical and re.fullmatch(FOLDED_ALONE, value):
            return [self._beginning(name, value, condition, estimated)]
        # Either index also finds rows that have the value elsewhere: the condition is checked again.
        # E-mails and codes have no alphabet, but words.
        search = self.resource.search if match == "starts" and name in self.resource.searched else None
        if search is not None and has_words(value):
            found = QueryString("{} AND {}", condition, search(value).found)
            return [Condition(found, estimated, condition, orderless=True)]
        part = INDEXED_AS[match].format(value)
        if name not in self.resource.indexed_parts or len(part.encode(errors="replace")) < FRAGMENT_BYTES:
            return [Condition(condition, estimated, condition)]
        # A planner who knew that most rows have them would take each row apart instead of asking the index.
        found = QueryString(
            f"{{}} AND {self.resource.fragments} @> (SELECT covering_fragments(caseless({{}})))", condition, part
        )
        return [Condition(found, estimated, condition, orderless=True)]

    def _beginning(self, name: str, value: str, condition: QueryString, estimated: QueryString) -> Condition:
        """What begins so stands together in the alphabet, with what has other accents."""
        key, beginning = sort_key(name), value[:CERTAIN_LENGTH]
        within = QueryString(f"{key} >= sort_key({{}}) AND {key} < sort_key({{}}) || {HIGHEST}", beginning, beginning)
        if len(value.encode()) < FRAGMENT_BYTES - 1:  # so many rows begin with that the list is walked through
            return Condition(condition, estimated, condition, ranges={name: within})
        found = QueryString("{} AND {}", within, condition)
        return Condition(found, estimated, condition, orderless=True, ranges={name: within})

    def _null_test(self, name: str, operator: str) -> Condition:
        if name in self.resource.alphabetical:  # which has an index, also of the few that have a text
            sign = "=" if operator == "is_null" else "<"
            return plain(QueryString(f"{sort_key(name)} {sign} {KEY_OF_NULL}"))
        return plain(QueryString(f'"{name}" {NULL_TESTS[operator]}'))

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
    """Reads what a parameter says of this column."""
    text = Annotated[str, AfterValidator(clean_text)]
    return TypeAdapter(text if is_text(column) else value_type(column, strict=False))


def has_words(value: str) -> bool:
    """Whether a search finds all texts that start with this, and by more than one key, of which the rarest leads.

    ASCII is folded by itself, whatever follows.
    """
    return value.isascii() and len(value) <= MAX_SEARCH_LENGTH and re.search(TWO_WORDS, value) is not None
