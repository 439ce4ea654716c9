"""Lists of a table's rows: pages with their totals, names, and counts."""

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from piccolo.columns import Column
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

COUNTED_MATCHES = 2_000  # up to here all matches are found and counted, however small the page is
ALL = math.inf
CHECKED_ROWS = 2_000  # up to here the rows of one condition are found, and looked at for all others
FEW_TIES = 100
PLANNED_ROWS = 25_000  # up to here planning takes longer than what a bad plan does

# Runs a query and returns its one value; it may look up the caller in the same statement.
Fetch = Callable[..., Awaitable[Any]]


class Rows:
    """The lists of one table.

    :param order: the default order of the list.
    """

    def __init__(self, table: type[Table], order: Order) -> None:
        self.table = table
        self.totals = Totals(table._meta.tablename)
        self.order = order

    async def body(self, reader: Reader, page: Page, fetch: Fetch) -> str:
        """A page as JSON text.

        :param fetch: runs a query on `reader`.
        """
        totals = self.totals
        await totals.look(reader)
        if totals.are_quick:
            page = await self._weighed(reader, page, counted=ALL)
            sql, arguments = self._planned(page, page_statement(self.table, page, totals.recall(page.where)))
            return totals.remember(page.where, await fetch(sql, *arguments))
        page = await self._weighed(reader, page, counted=COUNTED_MATCHES)
        sql, arguments = self._planned(page, large_page_statement(self.table, page))
        head, _, body = (await fetch(sql, *arguments)).partition("\n")
        shown, _, counted = head.partition(" ")
        bounds = _bounds(page, int(shown))
        return _with_total(body, await totals.judge(reader, page.where, int(counted) if counted else None, *bounds))

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

    async def names(self, reader: Reader, page: Page, beside: Sequence[Column] = ()) -> str:
        """The readable names of the rows of a page, by id, as JSON text; see `names_statement`."""
        await self.totals.look(reader)
        page = await self._weighed(reader, page, counted=0)
        sql, arguments = self._planned(page, names_statement(self.table, page, beside))
        return str(await reader.fetch_value(sql, *arguments))

    def _has_choice(self, page: Page) -> bool:
        """True when the statement leaves a choice of plans, and the table is large enough for it to matter."""
        is_plain = page.where is not None and not page.where.unordered
        return is_plain and self.totals.size > PLANNED_ROWS

    def _planned(self, page: Page, statement: Statement) -> Statement:
        return planned_anew(statement) if self._has_choice(page) else statement

    async def _weighed(self, reader: Reader, page: Page, *, counted: float) -> Page:
        """The page with the cheaper way chosen: to find all its rows, or to scan the list in order until it is full.

        PostgreSQL would choose by itself for ordered rows, but assumes that matches are spread evenly over the list. It
        scans all of the list when there are too few matches for a page, or none.

        :param counted: up to so many matches are all found in any case.
        """
        where = page.where
        if where is None or self.totals.size <= PLANNED_ROWS or (where.unordered and counted == ALL):
            return page
        if where.unordered and where.parts:
            where = await self._led(reader, where)
            page = replace(page, where=where)
        expected = await self.totals.expect(reader, where)
        walked = (page.limit + page.offset) * self.totals.size // max(1, expected)
        if not where.unordered:
            return replace(page, expects_few=expected < walked)
        scan_limit = _rows_worth_walking(walked, expected)
        is_worth_it = max(scan_limit, counted) < expected and await self._is_walked(reader, page.order)
        return replace(page, scan_limit=scan_limit) if is_worth_it else page

    async def _led(self, reader: Reader, where: Condition) -> Condition:
        """The condition, led by the part that few rows have, or else by the two that the fewest have.

        PostgreSQL could choose by itself, but takes what an index of words or fragments finds for half a per cent of
        the table, and what several of them find for nothing: it would test row by row, which is dear.
        """
        # The whole is asked for soon, too.
        _, *each = await self.totals.expect_each(reader, [where, *where.parts])
        ranked = sorted(range(len(each)), key=each.__getitem__)
        return where.led_by(*ranked[: 1 if each[ranked[0]] <= CHECKED_ROWS else 2])

    async def _is_walked(self, reader: Reader, order: Order) -> bool:
        """Whether few rows are sorted for the first ones of the list: an index has its order, or that of its first
        column, which hardly any share."""
        is_one_way = len({key.descending for key in order}) == 1
        if is_one_way and len({"id", *(key.name for key in order)}) <= 2:
            return True
        return await self.totals.ties(reader, order[0].sql) <= FEW_TIES


def _rows_worth_walking(walked: int, expected: int) -> int:
    """How many rows of a list are scanned for a page, before all matches are found instead.

    Two to four times as many as it takes where matches are spread evenly; or, since neighbours in an order may be
    alike, an eighth to a quarter of the number of matches, if that is more (docs/decisions/0007). A power of two, so
    that there are few different statements.

    :param walked: as many as it takes where matches are spread evenly.
    :param expected: the number of matches.
    """
    return 1 << max(walked.bit_length() + 1, expected.bit_length() - 3)


def _bounds(page: Page, shown: int) -> tuple[int, float]:
    """How many rows the list has at least and at most, as far as a page with so many tells.

    Behind a full page there may be one more: whoever reads on until the total is reached does not stop too early.
    """
    end = page.offset + shown
    if shown == page.limit:
        return end + 1, ALL
    if page.after is not None:  # and rows before it
        return end, ALL
    return (end, end) if shown or not page.offset else (0, page.offset)


def _with_total(body: str, total: Total) -> str:
    """The body of a list, with the total added."""
    estimate = ', "total_is_estimate": true' if total.is_estimate else ""
    return f'{body.removesuffix("}")}, "total": {total.rows}{estimate}}}'
