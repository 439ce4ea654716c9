"""A page of a list, as it is asked for."""

from dataclasses import dataclass

from piccolo.querystring import QueryString

from backoffice.api.conditions import Condition
from backoffice.api.cursors import Order

DEFAULT_LIMIT = 25


@dataclass(frozen=True, kw_only=True)
class Page:
    """Which rows of a list, and what of them.

    :param where: which rows there are in all; None for every one.
    :param cursor: whether it is asked where the next page begins.
    :param after: which of the rows come after the cursor.
    :param expects_few: whether so few rows are expected that they are better found first, and put in order then.
    :param scan_limit: how many of the first rows of the list are looked at one by one before rows that have no order
        are found; 0 where it is not worth the trouble.
    """

    where: Condition | None
    order: Order
    limit: int = DEFAULT_LIMIT
    offset: int = 0
    fields: tuple[str, ...] = ()
    readable: bool = False
    cursor: bool = False
    after: QueryString | None = None
    expects_few: bool = False
    scan_limit: int = 0

    @property
    def found_first(self) -> bool:
        """Whether its rows are found first, and put in order then."""
        return self.where is not None and (self.expects_few or self.where.unordered)
