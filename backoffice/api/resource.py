"""One declaration per table, from which both the REST API and the admin are built."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypedDict

from piccolo.columns import Column, ForeignKey
from piccolo.table import Table
from pydantic import TypeAdapter
from starlette.requests import Request

from backoffice.api.admin_view import AdminView
from backoffice.api.conditions import Condition
from backoffice.api.selects import columns_of, fragments_sql
from backoffice.columns import is_text
from backoffice.problems import Problem

# Turns the typed text into a condition.
Search = Callable[[str], Condition]

# What a role may do to a table's rows.
Right = Literal["read", "create", "change", "delete"]
WRITES: tuple[Right, ...] = ("create", "change", "delete")

# Completes or refuses the values of a body before they are written. Given the current row (None for a new one).
Prepare = Callable[[Request, dict[str, Any], Mapping[str, Any] | None], Awaitable[dict[str, Any]]]

# The rows that a user may see; None where that is all of them.
RowFilter = Callable[[Request], Condition | None]

SERVER_MANAGED = frozenset({"id", "created_at", "updated_at"})


class Rights(TypedDict):
    """The roles that may do each of these to a table's rows."""

    read: frozenset[str]
    create: frozenset[str]
    change: frozenset[str]
    delete: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Detail:
    """Something that a single row shows beside its columns: the SQL that makes it, and its type."""

    sql: str
    type: Any


@dataclass(frozen=True)
class SearchOrder:
    """Another default order, for some searches.

    :param order: as in `__order`.
    :param suits: whether it applies to the typed text.
    :param description: the same in words.
    """

    order: str
    suits: Callable[[str], bool]
    description: str


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A table, as the API and the admin show it.

    :param path: the last part of its address, `customers` for `/api/customers/`.
    :param description: one sentence for the API's description.
    :param row_filter: see `RowFilter`.
    :param server_managed: columns that the database fills; what a client sends for them is ignored.
    :param order: the default order of a list, as in `__order`.
    :param filters: the columns by which a list may be filtered; all of them, unless some are named.
    :param orders: likewise, ordered.
    :param alphabetical: the text columns that are ordered and compared by sort_key() of rules/alphabet.sql: natural
        language, and all that may be null or of any length.
    :param search: makes the condition of `search=`.
    :param searched: the text columns of which a search finds every word by its prefix.
    :param search_order: another default order, for some searches.
    :param parts: the text columns whose index finds any substring, in the order of that index; see `fragments_sql`.
    :param exact_only: text columns that are only compared as a whole, since no index finds parts of them.
    :param normalize_filter: for text columns that are stored in a normal form: brings the text of a filter into it.
        Also given how the filter matches (`exact`, `contains`, `starts`, `ends`).
    :param types: the types of values in bodies, where the column's own type is not enough.
    :param children: the foreign key of child rows, whose triggers write to this one. A change of this row with all its
        children locks the children first, as a change of one child does, in SQL as well: the opposite order would
        deadlock.
    :param required: columns that a new row must be given although their table does not require it.
    :param details: what a single row shows beside its columns.
    :param prepare: see `Prepare`.
    :param custom_create: whether creating has a route of its own, instead of the generic one.
    :param examples: a value for each column, as a client may send it.
    :param conflicts: the codes of the problems with status 409 that each right may run into.
    """

    table: type[Table]
    path: str
    description: str
    rights: Rights
    admin: AdminView
    row_filter: RowFilter | None = None
    server_managed: frozenset[str] = SERVER_MANAGED
    order: str = "-created_at"
    filters: frozenset[str] | None = None
    orders: frozenset[str] | None = None
    alphabetical: frozenset[str] = frozenset()
    search: Search | None = None
    searched: frozenset[str] = frozenset()
    search_order: SearchOrder | None = None
    parts: tuple[Column, ...] = ()
    exact_only: frozenset[str] = frozenset()
    normalize_filter: Mapping[str, Callable[[str, str], str]] = field(default_factory=dict)
    types: Mapping[str, Any] = field(default_factory=dict)
    children: ForeignKey[Any] | None = None
    required: frozenset[str] = frozenset()
    details: Mapping[str, Detail] = field(default_factory=dict)
    prepare: Prepare | None = None
    custom_create: bool = False
    examples: Mapping[str, Any] = field(default_factory=dict)
    conflicts: Mapping[Right, tuple[str, ...]] = field(default_factory=dict)

    @property
    def tablename(self) -> str:
        return str(self.table._meta.tablename)

    @cached_property
    def fragments(self) -> str:
        return fragments_sql(self.parts)

    @cached_property
    def indexed_parts(self) -> frozenset[str]:
        return frozenset(column._meta.name for column in self.parts)

    @property
    def shown_examples(self) -> dict[str, Any]:
        """The examples as they come back."""
        return {
            name: TypeAdapter(self.types[name]).validate_python(value) if name in self.types else value
            for name, value in self.examples.items()
        }

    @property
    def read_only(self) -> bool:
        """True when no role may write: then all routes take GET alone."""
        return not any(self.rights[right] for right in WRITES)

    @cached_property
    def filtered(self) -> dict[str, Column]:
        """The columns by which a list may be filtered."""
        return _only(self.filters, columns_of(self.table))

    @cached_property
    def ordered(self) -> dict[str, Column]:
        """The columns by which a list may be ordered."""
        return _only(self.orders, columns_of(self.table))

    def usual_order(self, typed: str) -> str:
        """The default order of a list with this search."""
        other = self.search_order
        return other.order if other and other.suits(typed) else self.order

    def has_parts(self, name: str) -> bool:
        """Whether a filter may ask for a part of this column."""
        return name in self.filtered and is_text(self.filtered[name]) and name not in self.exact_only

    def address(self, row_id: object) -> str:
        return f"/api/{self.path}/{row_id}/"

    def allows(self, request: Request, right: Right) -> bool:
        """Whether the user's role has this right."""
        return request.user.user.role in self.rights[right]

    def require(self, request: Request, right: Right) -> None:
        """:raises Problem: forbidden."""
        if not self.allows(request, right):
            raise Problem("forbidden")


def _only(names: frozenset[str] | None, columns: Mapping[str, Column]) -> dict[str, Column]:
    return {name: column for name, column in columns.items() if names is None or name in names}
