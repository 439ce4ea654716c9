"""What is asked of a list."""

from dataclasses import dataclass

from piccolo.querystring import QueryString

from backoffice.api.cursors import Order


@dataclass(frozen=True)
class Page:
    """Which rows of a list, and what of them.

    :param where: which rows there are in all; None for every one.
    :param after: which of them come after the cursor.
    :param cursor: whether it is asked where the next page begins.
    :param searched: whether there is a search among the conditions.
    """

    where: QueryString | None
    order: Order
    limit: int
    offset: int
    fields: tuple[str, ...]
    readable: bool
    cursor: bool = False
    after: QueryString | None = None
    searched: bool = False

    @property
    def shown(self) -> QueryString | None:
        if self.where and self.after:
            return QueryString("{} AND {}", self.where, self.after)
        return self.where or self.after
