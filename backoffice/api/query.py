"""Parses the parameters of a list strictly into the page that is requested."""

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence

from piccolo.querystring import QueryString
from pydantic import ValidationError

from backoffice.api.conditions import Condition, all_of, plain
from backoffice.api.cursors import BadCursor, Key, Order, after, read_cursor
from backoffice.api.filters import Filters, adapter
from backoffice.api.page import DEFAULT_LIMIT, Page
from backoffice.api.raw_parameters import MAX_NAME_LENGTH, RawParameters
from backoffice.api.resource import Resource
from backoffice.api.selects import columns_of, readable_sql, unique_columns
from backoffice.api.text_parts import literally

MAX_LIMIT = 1000
MAX_OFFSET = 2**53 - 1  # JavaScript's largest safe integer
MAX_PAGE = MAX_OFFSET // MAX_LIMIT


class Parameters:
    """The parameters of one request. Unknown and repeated ones are refused, all in one answer."""

    def __init__(self, resource: Resource, query: bytes, visible: Condition | None = None) -> None:
        """:param query: as it was sent.
        :param visible: the condition on the rows that the caller may see.
        """
        self.resource = resource
        self.tablename = resource.tablename
        self.columns = columns_of(resource.table)
        self.visible = [] if visible is None else [visible]
        self.given = RawParameters(query)

    def page(self) -> Page:
        """:raises Problem: validation_error, naming each parameter that is wrong."""
        cursor = self._cursor()
        limit, offset = self.window()
        order, fields, readable = self._order(), self._fields(), self.given.flag("__readable")
        after = self._after(order, cursor) if cursor else None
        return Page(
            where=self.where(),
            order=order,
            limit=limit,
            offset=offset,
            fields=fields,
            readable=readable,
            cursor=cursor is not None,
            after=after,
        )

    def names(self) -> Page:
        """A page of rows by their readable names, in which `search` looks where the resource has no search of its own.

        :raises Problem: validation_error, naming each parameter that is wrong.
        """
        # Rows that are named by numbers come latest first, unless a number is searched for: today's drafts come first.
        by_number = self.resource.search_order
        latest_first = by_number is not None and not by_number.suits(self.given.get("search", ""))
        typed = self.given.pop("search", "") if self.resource.search is None else ""
        limit, offset = self.window(MAX_LIMIT)
        name = readable_sql(self.resource.table, f'"{self.tablename}"')
        is_called = QueryString(f"caseless({name}) LIKE caseless({{}})", f"%{literally(typed)}%")
        where = self.where(*([plain(is_called)] if typed else []))
        readable = self.resource.table.get_readable().columns
        named_by = [column._meta.name for column in readable if not column._meta.call_chain]
        order = self._keys(dict.fromkeys([*named_by, "id"], latest_first))
        return Page(where=where, order=order, limit=limit, offset=offset)

    def finish(self) -> None:
        """:raises Problem: validation_error, when a parameter was wrong or is unknown."""
        self.given.finish()

    def window(self, default_limit: int = DEFAULT_LIMIT) -> tuple[int, int]:
        """Limit and offset."""
        for one, other in (("limit", "__page_size"), ("offset", "__page")):
            if one in self.given and other in self.given:
                self.given.refuse(other, "contradiction", other=one)
        limit = self.given.integer("limit", default_limit, 1, MAX_LIMIT)
        limit = self.given.integer("__page_size", limit, 1, MAX_LIMIT)
        offset = self.given.integer("offset", 0, 0, MAX_OFFSET)
        page = self.given.integer("__page", 1, 1, MAX_PAGE)
        return limit, offset or (page - 1) * limit

    def _cursor(self) -> str | None:
        for other in ("offset", "__page"):
            if "cursor" in self.given and other in self.given:
                self.given.refuse(other, "contradiction", other="cursor")
        return self.given.pop("cursor", None)

    def _after(self, order: Order, cursor: str) -> QueryString | None:
        """The rows after the one that the cursor names."""
        try:
            texts = read_cursor(cursor, order)
            values = [
                adapter(self.columns[key.name]).validate_python(text) for key, text in zip(order, texts, strict=True)
            ]
        except (BadCursor, ValidationError):
            self.given.refuse("cursor", "bad_cursor")
            return None
        return after(order, values)

    def _order(self) -> Order:
        parts = self.given.pop("__order", self.resource.usual_order(self.given.get("search", ""))).split(",")
        names = [part.removeprefix("-") for part in parts]
        self._check_columns("__order", names, self.resource.ordered)
        directions = {name: part.startswith("-") for name, part in zip(names, parts, strict=True)}
        # The id breaks ties, or pages would overlap; in the direction of the last column, as in the index.
        directions.setdefault("id", list(directions.values())[-1])
        return self._keys({name: descending for name, descending in directions.items() if name in self.columns})

    def _keys(self, descending: Mapping[str, bool]) -> Order:
        alphabetical, unique = self.resource.alphabetical, unique_columns(self.resource.table)
        keys = [
            Key(self.tablename, name, alphabetical=name in alphabetical, descending=is_descending)
            for name, is_descending in descending.items()
        ]
        return tuple(_to_the_first_unique(keys, unique))

    def _fields(self) -> tuple[str, ...]:
        text = self.given.pop("__visible_fields", None)
        if text is None:
            return ()
        fields = text.split(",")
        self._check_columns("__visible_fields", fields, self.columns)
        return tuple(fields)

    def _check_columns(self, parameter: str, names: Sequence[str], known: Container[str]) -> None:
        """Refuses each wrong name once."""
        for name, times in Counter(names).items():
            if not name:
                self.given.refuse(parameter, "column_missing")
            elif name not in known:
                self.given.refuse(parameter, "unknown_column", column=name[:MAX_NAME_LENGTH])
            elif times > 1:
                self.given.refuse(parameter, "duplicate_column", column=name)

    def where(self, *more: Condition) -> Condition | None:
        """The condition on the rows; None for every row.

        :raises Problem: validation_error, naming each parameter that is wrong.
        """
        conditions = [*self.visible, *more, *Filters(self.resource, self.given).conditions()]
        self.finish()
        return all_of(*conditions) if conditions else None


def _to_the_first_unique(keys: Sequence[Key], unique: Container[str]) -> Iterator[Key]:
    """The keys up to the first unique one: later ones cannot matter, but PostgreSQL would compare them all the same."""
    for key in keys:
        yield key
        if key.name in unique:
            return
