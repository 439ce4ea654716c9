"""The parameters of a list, read strictly and turned into SQL."""

import re
from collections import Counter
from collections.abc import Container, Sequence
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qsl

from piccolo.columns import Column
from piccolo.querystring import QueryString
from pydantic import AfterValidator, TypeAdapter, ValidationError

from backoffice.api.conditions import Condition, all_of, plain
from backoffice.api.cursors import BadCursor, Key, Order, after, read_cursor
from backoffice.api.page import DEFAULT_LIMIT, Page
from backoffice.api.selects import called, columns_of
from backoffice.api.values import WHOLE_NUMBER, clean_text, value_type
from backoffice.columns import is_text
from backoffice.problems import FieldError, Problem, field_errors

if TYPE_CHECKING:
    from backoffice.api.resource import Resource, Search

MAX_LIMIT = 1000
LARGEST_OFFSET = 2**53 - 1  # beyond it JavaScript cannot count
LARGEST_PAGE = LARGEST_OFFSET // MAX_LIMIT
LONGEST_INTEGER = 1000  # characters; whatever has more is out of every range anyway
MAX_SEARCH_LENGTH = 200
FRAGMENT_BYTES = 3  # see fragments() of rules/text.sql
MAX_NAME_LENGTH = 64  # of what an answer repeats of a name that it does not know

COMPARISONS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "e": "=", "ne": "<>"}
NULL_TESTS = {"is_null": "IS NULL", "not_null": "IS NOT NULL"}
OPERATORS = (*COMPARISONS, *NULL_TESTS)
MATCHES = {"contains": "%{}%", "starts": "{}%", "ends": "%{}"}


def literally(text: str) -> str:
    """The text as a part of a LIKE pattern that means just this text."""
    return re.sub(r"([\\%_])", r"\\\1", text)


def refuse_parameters(query: bytes) -> None:
    """For addresses that take none.

    :param query: as it was sent.
    :raises Problem: validation_error, naming each.
    """
    if names := dict(_pairs(query)):
        raise Problem("validation_error", errors=[FieldError(_shown(name), "unknown_parameter") for name in names])


def _pairs(query: bytes) -> list[tuple[str, str]]:
    """Names and values; bytes that are not UTF-8 as lone surrogates."""
    return parse_qsl(query.decode("utf-8", "surrogateescape"), keep_blank_values=True, errors="surrogateescape")


def _shown(name: str) -> str:
    return name[:MAX_NAME_LENGTH].encode("utf-8", "replace").decode()


class Parameters:
    """The parameters of one request. What nobody asked for, or asked for twice, is refused, all at once."""

    def __init__(self, resource: "Resource", query: bytes, shown: Condition | None = None) -> None:
        """:param query: as it was sent.
        :param shown: the rows that there are for whoever asks.
        """
        self.resource = resource
        self.table = resource.tablename
        self.columns = columns_of(resource.table)
        self.shown = [] if shown is None else [shown]
        self.errors: list[FieldError] = []
        self.given = self._once(query)

    def _once(self, query: bytes) -> dict[str, str]:
        given: dict[str, str] = {}
        for name, value in _pairs(query):
            if name in given:
                self._refuse(name, "duplicate_parameter")
            if not _is_utf8(name + value):
                self._refuse(name, "string_unicode")
            if "\0" in value:
                self._refuse(name, "nul_character")
            given[name] = value
        return given

    def _refuse(self, name: str, code: str, **parameters: object) -> None:
        self.errors.append(FieldError(_shown(name), code, parameters))

    def page(self) -> Page:
        """:raises Problem: validation_error, naming each parameter that is wrong."""
        cursor = self._cursor()
        limit, offset = self.window()
        order, fields, readable = self._order(), self._fields(), self._flag("__readable")
        after = self._after(order, cursor) if cursor else None
        return Page(self.where(), order, limit, offset, fields, readable, cursor is not None, after)

    def names(self) -> Page:
        """The rows by what people call them, which is also what a search is for where the resource has none.

        :raises Problem: validation_error, naming each parameter that is wrong.
        """
        typed = self.given.pop("search", "") if self.resource.search is None else ""
        limit, offset = self.window(MAX_LIMIT)
        name = called(self.resource.table, f'"{self.table}"')
        is_called = QueryString(f"caseless({name}) LIKE caseless({{}})", f"%{literally(typed)}%")
        where = self.where(*([plain(is_called)] if typed else []))
        readable = self.resource.table.get_readable().columns
        named_by = [column._meta.name for column in readable if not column._meta.call_chain]
        order = tuple(Key(self.table, name, nullable=False, descending=False) for name in (*named_by, "id"))
        return Page(where, order, limit, offset)

    def finish(self) -> None:
        """:raises Problem: validation_error, where a parameter was wrong or nobody has asked for it."""
        for name in self.given:
            self._refuse(name, "unknown_parameter")
        if self.errors:
            raise Problem("validation_error", errors=self.errors)

    def _integer(self, name: str, default: int, low: int, high: int) -> int:
        text = self.given.pop(name, None)
        if text is None:
            return default
        if not re.fullmatch(WHOLE_NUMBER, text):
            self._refuse(name, "int_type")
            return default
        number = int(text[:LONGEST_INTEGER])
        if not low <= number <= high:
            code, bound = ("greater_than_equal", {"ge": low}) if number < low else ("less_than_equal", {"le": high})
            self._refuse(name, code, **bound)
            return default
        return number

    def window(self, default_limit: int = DEFAULT_LIMIT) -> tuple[int, int]:
        """Limit and offset."""
        for one, other in (("limit", "__page_size"), ("offset", "__page")):
            if one in self.given and other in self.given:
                self._refuse(other, "contradiction", other=one)
        limit = self._integer("limit", default_limit, 1, MAX_LIMIT)
        limit = self._integer("__page_size", limit, 1, MAX_LIMIT)
        offset = self._integer("offset", 0, 0, LARGEST_OFFSET)
        page = self._integer("__page", 1, 1, LARGEST_PAGE)
        return limit, offset or (page - 1) * limit

    def _cursor(self) -> str | None:
        for other in ("offset", "__page"):
            if "cursor" in self.given and other in self.given:
                self._refuse(other, "contradiction", other="cursor")
        return self.given.pop("cursor", None)

    def _after(self, order: Order, cursor: str) -> QueryString | None:
        """The rows after the one that the cursor names."""
        try:
            texts = read_cursor(cursor, order)
            values = [self._value(key.name, text) for key, text in zip(order, texts, strict=True)]
        except (BadCursor, ValidationError):
            self._refuse("cursor", "bad_cursor")
            return None
        return after(order, values)

    def _value(self, name: str, text: str | None) -> Any:
        return None if text is None else _adapter(self.columns[name]).validate_python(text)

    def _order(self) -> Order:
        parts = self.given.pop("__order", self.resource.usual_order(self.given.get("search", ""))).split(",")
        names = [part.removeprefix("-") for part in parts]
        self._check_columns("__order", names, self.resource.ordered)
        directions = {name: part.startswith("-") for name, part in zip(names, parts, strict=True)}
        # Rows that are otherwise equal stay in one order, or pages would overlap: the one that an index has them in.
        directions.setdefault("id", list(directions.values())[-1])
        return tuple(
            Key(self.table, name, bool(self.columns[name]._meta.null), descending)
            for name, descending in directions.items()
            if name in self.columns
        )

    def _fields(self) -> tuple[str, ...]:
        text = self.given.pop("__visible_fields", None)
        if text is None:
            return ()
        fields = text.split(",")
        self._check_columns("__visible_fields", fields, self.columns)
        return tuple(fields)

    def _check_columns(self, parameter: str, names: Sequence[str], known: Container[str]) -> None:
        """One refusal for each that is wrong."""
        for name, times in Counter(names).items():
            if not name:
                self._refuse(parameter, "column_missing")
            elif name not in known:
                self._refuse(parameter, "unknown_column", column=name[:MAX_NAME_LENGTH])
            elif times > 1:
                self._refuse(parameter, "duplicate_column", column=name)

    def _flag(self, name: str) -> bool:
        text = self.given.pop(name, "false")
        if text not in ("true", "false"):
            self._refuse(name, "bool_type")
        return text == "true"

    def where(self, *more: Condition) -> Condition | None:
        """None where every row will do.

        :raises Problem: validation_error, naming each parameter that is wrong.
        """
        conditions = [*self.shown, *more]
        if self.given:
            conditions += [condition for name in self.resource.filtered for condition in self._filter(name)]
            conditions += self._search(self.resource.search) if self.resource.search is not None else []
        self.finish()
        return all_of(*conditions) if conditions else None

    def _search(self, search: "Search") -> list[Condition]:
        typed = self.given.pop("search", "")
        if len(typed) > MAX_SEARCH_LENGTH:
            self._refuse("search", "string_too_long", max_length=MAX_SEARCH_LENGTH)
            return []
        return [search(typed)] if typed.strip() else []

    def _filter(self, name: str) -> list[Condition]:
        column, has_parts = self.columns[name], self.resource.has_parts(name)
        value = self._bare(name, self.given.pop(name, None))
        operator = self._choice(f"{name}__operator", OPERATORS)
        match = self._choice(f"{name}__match", ("exact", *MATCHES)) if has_parts else None
        if operator in NULL_TESTS:
            if value or match:
                self._refuse(f"{name}__operator", "contradiction", other=name if value else f"{name}__match")
            return [plain(QueryString(f'"{name}" {NULL_TESTS[operator]}'))]
        if value is None:
            if operator or match:
                self._refuse(name, "missing")
            return []
        if operator and match:
            self._refuse(f"{name}__match", "contradiction", other=f"{name}__operator")
        if has_parts and not operator and match != "exact":
            return self._match(name, match or "contains", value)
        return self._compare(column, COMPARISONS[operator or "e"], value)

    def _bare(self, name: str, value: str | None) -> str | None:
        return re.sub(r"[^\w+]", "", value) or value if value and name in self.resource.punctuated else value

    def _match(self, name: str, match: str, value: str) -> list[Condition]:
        pattern = MATCHES[match].format(literally(value))
        estimated = QueryString(f'"{name}" ILIKE {{}}', pattern)
        if value.isascii():  # takes a fifth of the time for a text with accents
            condition = QueryString(f'"{name}" COLLATE "C" ILIKE {{}}', pattern)
        else:
            condition = QueryString(f'caseless("{name}") LIKE caseless({{}})', pattern)
        # Whichever index it is, it finds all such rows, and a few that have that value elsewhere.
        search = self.resource.search if match == "starts" and name in self.resource.searched else None
        if search is not None and has_words(value):
            found = QueryString("{} AND {}", condition, search(value).found)
            return [Condition(found, estimated, condition, orderless=True)]
        if name in self.resource.indexed_parts and len(value.encode(errors="replace")) >= FRAGMENT_BYTES:
            found = QueryString(f"{{}} AND {self.resource.fragments} @> fragments(caseless({{}}))", condition, value)
            return [Condition(found, estimated, condition, orderless=True)]
        return [Condition(condition, estimated, condition)]

    def _choice(self, name: str, choices: tuple[str, ...]) -> str | None:
        text = self.given.pop(name, None)
        if text is None or text in choices:
            return text
        self._refuse(name, "literal_error", expected=", ".join(map(repr, choices)))
        return None

    def _compare(self, column: Column, sign: str, text: str) -> list[Condition]:
        name = column._meta.name
        try:
            value = _adapter(column).validate_python(text)
        except ValidationError as error:
            self.errors += [FieldError(name, found.code, found.parameters) for found in field_errors(error.errors())]
            return []
        return [plain(QueryString(f'"{name}" {sign} {{}}', value))]


@cache
def _adapter(column: Column) -> TypeAdapter[Any]:
    text = Annotated[str, AfterValidator(clean_text)]
    return TypeAdapter(text if is_text(column) else value_type(column, strict=False))


def has_words(value: str) -> bool:
    """Whether a search for this finds all texts that start with it. ASCII is folded by itself, whatever follows."""
    return value.isascii() and len(value) <= MAX_SEARCH_LENGTH and re.search("[0-9A-Za-z]", value) is not None


def _is_utf8(text: str) -> bool:
    """Bytes that are not were read as lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
