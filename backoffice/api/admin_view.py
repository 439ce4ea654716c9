"""How a resource looks in the admin, and what its rows let their forms change."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from piccolo.columns import Column, ForeignKey
from starlette.requests import Request

from backoffice.words import Text

# Given the values of a row as forms show them, and what writes other decimals like that.
InWords = Callable[[Mapping[str, str], Callable[[Decimal], str]], Awaitable[str]]


@dataclass(frozen=True, kw_only=True)
class Life:
    """What a row goes through, as an enum column tells it. The database keeps it; forms offer nothing else.

    :param moves: the values that may follow each; from those that none may follow there is no way back.
    :param may_move: whether the caller may go from this one to that.
    :param open_while: for columns that do not change at all times: the values at which they do.
    :param deletable_while: the values at which a row can be deleted.
    """

    column: Column
    moves: Mapping[str, tuple[str, ...]]
    may_move: Callable[[Request, str, str], bool]
    open_while: Mapping[str, tuple[str, ...]]
    deletable_while: tuple[str, ...]

    @property
    def final(self) -> list[str]:
        return [value for value, following in self.moves.items() if not following]

    def moves_of(self, request: Request) -> dict[str, list[str]]:
        """Those that the caller may make."""
        return {
            old: [new for new in following if self.may_move(request, old, new)] for old, following in self.moves.items()
        }


@dataclass(frozen=True, kw_only=True)
class Within:
    """Rows that change, come and go only while the row that a key refers to lets them. The database keeps it.

    :param column: an enum column of that row, which has one of these values then.
    """

    key: ForeignKey[Any]
    column: Column
    values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AdminView:
    """How a table looks in the admin.

    :param group: the heading of the side bar under which it stands.
    :param visible: the columns of the list.
    :param filters: the columns that the filter offers.
    :param link: the column that leads to a row's form.
    :param tables: the column that names tables, if there is one.
    :param written: for text columns of digits: a regular expression and its replacement, which write a value as people
        do: for the screen, from where forms send it back, and for spreadsheets, which would take it for a number.
    :param life: see `Life`.
    :param within: see `Within`.
    :param offered: what keys offer of a row, with its columns, and its name as `readable`; the name alone unless given.
    :param in_words: what is said of a row that was added.
    """

    group: str
    visible: tuple[Column, ...]
    filters: tuple[Column, ...]
    link: Column
    tables: Column | None = None
    written: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    life: Life | None = None
    within: Within | None = None
    offered: Text | None = None
    in_words: InWords | None = None
