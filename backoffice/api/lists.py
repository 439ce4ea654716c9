"""Lists of a table's rows: pages with their totals, names, and numbers."""

import math
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from piccolo.table import Table

from backoffice.api.conditions import Condition
from backoffice.api.cursors import Order
from backoffice.api.list_queries import (
    count_statement,
    large_count_statement,
    large_page_statement,
    names_statement,
    page_statement,
    planned_anew,
)
from backoffice.api.page import Page
from backoffice.api.selects import Statement
from backoffice.api.totals import Total, Totals
from backoffice.database.engine import Reader

COUNTED_MATCHES = 2_000  # up to here what is found is counted, however few of them are to be shown
ALL = math.inf
PLANNED_ROWS = 25_000  # up to here planning takes longer than what a bad plan does

# What a query answers: one value. It may find out on the way who asks.
Fetch = Callable[..., Awaitable[Any]]


class Rows:
    """The lists of one table.

    :param order: that of the list, unless another is asked for.
    """

    def __init__(self, table: type[Table], order: Order) -> None:
        self.table = table
        self.totals = Totals(table._meta.tablename)
        self.order = order

    async def body(self, reader: Reader, page: Page, fetch: Fetch) -> str:
        """A page as JSON text.

        :param fetch: asks `reader`.
        """
        totals = self.totals
        await totals.look(reader)
        if totals.are_quick:
            page = await self._weighed(reader, page, counted=ALL)
            sql, arguments = self._planned(page, page_statement(self.table, page, totals.recall(page.where)))
            return totals.remember(page.where, await fetch(sql, *arguments))
        page = await self._weighed(reader, page, counted=COUNTED_MATCHES)
        sql, arguments = self._planned(page, large_page_statement(self.table, page))
        counted, _, body = (await fetch(sql, *arguments)).partition("\n")
        return _with_total(body, await totals.judge(reader, page.where, int(counted) if counted else None))

    async def count(self, reader: Reader, where: Condition | None) -> Total:
        totals, page = self.totals, Page(where=where, order=self.order)
        await totals.look(reader)
        if totals.are_quick:
            sql, arguments = self._planned(page, count_statement(self.table, page))
            return Total(await reader.fetch_value(sql, *arguments))
        if page.found_first:
            page = await self._weighed(reader, page, counted=COUNTED_MATCHES)
        sql, arguments = self._planned(page, large_count_statement(self.table, page))
        return await totals.judge(reader, where, await reader.fetch_value(sql, *arguments))

    async def names(self, reader: Reader, page: Page) -> str:
        """What people call the rows of a page, by id, as JSON text."""
        await self.totals.look(reader)
        page = await self._weighed(reader, page, counted=0)
        sql, arguments = self._planned(page, names_statement(self.table, page))
        return str(await reader.fetch_value(sql, *arguments))

    def _has_choice(self, page: Page) -> bool:
        """Whether the statement leaves a choice of plans, among so many rows that it matters."""
        is_plain = page.where is not None and not page.where.unordered
        return is_plain and self.totals.size > PLANNED_ROWS

    def _planned(self, page: Page, statement: Statement) -> Statement:
        return planned_anew(statement) if self._has_choice(page) else statement

    async def _weighed(self, reader: Reader, page: Page, *, counted: float) -> Page:
        """The page with what is less work chosen: to find all its rows, or to walk through the list until it is full.

        PostgreSQL would compare the two for rows that have an order, but hopes that the page is full after its share of
        the list. It walks to the end where there are fewer rows than that takes, or none.

        :param counted: up to so many are to be found in any case.
        """
        where = page.where
        if where is None or self.totals.size <= PLANNED_ROWS or (where.unordered and counted == ALL):
            return page
        expected = await self.totals.expect(reader, where)
        walked = (page.limit + page.offset) * self.totals.size // max(1, expected)
        if not where.unordered:
            return replace(page, expects_few=expected < walked)
        scan_limit = _rows_worth_walking(walked, expected)
        is_worth_it = max(scan_limit, counted) < expected and self._has_index(page.order)
        return replace(page, scan_limit=scan_limit) if is_worth_it else page

    def _has_index(self, order: Order) -> bool:
        """Or the whole table would be put in order before anything is near."""
        return len({"id", *(key.name for key in order)}) <= 2


def _rows_worth_walking(walked: int, expected: int) -> int:
    """How many rows of a list are looked at for a page, before all that match are found instead.

    Two to four times as many as it takes where matches are spread evenly; or, since neighbours in an order may be
    alike, an eighth to a quarter as many as there are matches, if that is more (docs/decisions/0007). A power of two,
    so that texts of statements are few.

    :param walked: as many as it takes.
    :param expected: the matches.
    """
    return 1 << max(walked.bit_length() + 1, expected.bit_length() - 3)


def _with_total(body: str, total: Total) -> str:
    """The body of a list that has none yet."""
    estimate = ', "total_is_estimate": true' if total.is_estimate else ""
    return f'{body.removesuffix("}")}, "total": {total.rows}{estimate}}}'
