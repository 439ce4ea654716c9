"""The page of a list that a request asks for."""

from dataclasses import dataclass

from piccolo.querystring import QueryString

from backoffice.api.conditions import Condition
from backoffice.api.cursors import Order

DEFAULT_LIMIT = 25


@dataclass(frozen=True, kw_only=True)
class Page:
    """Which rows of a list are requested, and which of their fields.

    :param where: the condition on the rows of the whole list; None for every row.
    :param cursor: whether the cursor of the next page is requested.
    :param after: the condition on the rows after the cursor.
    :param expects_few: whether so few rows are expected that it is faster to find all first, and sort them then.
    :param scan_limit: how many of the first rows of the list are scanned in its order before unordered rows are found;
        0 where that does not pay.
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
        """True when all rows are found first, and sorted then."""
        return self.where is not None and (self.expects_few or self.where.unordered)
