"""The totals of lists: counted where that is fast, estimated by PostgreSQL's planner where it is not.

A counted total is cached until anything changes in the database.
"""

import hashlib
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

from piccolo.querystring import QueryString

from backoffice.api.conditions import EVERY_ROW, Condition
from backoffice.database.engine import Reader
from backoffice.database.snapshots import SNAPSHOT

LARGE_ROWS = 50_000  # a table up to here is counted to the end
MAX_COUNTED_ROWS = 10_000  # of a larger one
SIZE_SECONDS = 60.0  # how long the size of a table, and the planner's estimates, are cached
MAX_KNOWN = 1_000  # cached totals of one moment; likewise cached estimates

Known = tuple[str, int]  # a moment (see SNAPSHOT), and the total at that moment
UNKNOWN: Known = ("", 0)


def with_total_sql(body: str, count: str, known: int) -> str:
    """The query for the body, which may refer to `total`, after a line with total and moment: for `Totals.remember`.

    :param count: the query for the total, run only when anything has changed since the known moment.
    :param known: the number of the parameter with the known moment; the next one is the total at that moment.
    """
    # OFFSET 0 keeps PostgreSQL from inlining the inner queries, which would compute moment and total twice.
    total = f"CASE WHEN moment = ${known} THEN ${known + 1}::bigint ELSE ({count}) END AS total"
    counted = f"SELECT moment, {total} FROM (SELECT {SNAPSHOT} AS moment OFFSET 0) AS now OFFSET 0"
    return f"SELECT concat(total, ' ', moment, E'\\n', {body}) FROM ({counted}) AS counted"


@dataclass(frozen=True)
class Total:
    rows: int
    is_estimate: bool = False


class Totals:
    """The totals of one table.

    :param tablename: as the database has it.
    :ivar size: how many rows there were when last looked at.
    """

    def __init__(self, tablename: str) -> None:
        self.tablename = tablename
        self.size = 0
        self._old_at = 0.0
        self._moment = ""
        self._known: dict[bytes, int] = {}
        self._expected: dict[bytes, int] = {}

    async def look(self, reader: Reader) -> None:
        """Reads the size of the table, unless that was done within SIZE_SECONDS."""
        if time.monotonic() > self._old_at:
            # -1 for a table that was never analyzed; then it is not large, or has not been for long.
            sql = "SELECT reltuples::bigint FROM pg_class WHERE oid = $1::regclass"
            self.size = await reader.fetch_value(sql, self.tablename)
            self._old_at, self._expected = time.monotonic() + SIZE_SECONDS, {}

    @property
    def are_quick(self) -> bool:
        """Whether the table is small enough for rows to be counted in the query that shows them."""
        return self.size <= LARGE_ROWS

    def recall(self, where: Condition | None) -> Known:
        """The cached total, for `with_total_sql`, which checks its moment."""
        total = self._known.get(_key(where))
        return UNKNOWN if total is None else (self._moment, total)

    def remember(self, where: Condition | None, answer: str) -> str:
        """The body of an answer, whose total is kept until the first answer of another moment."""
        head, _, body = answer.partition("\n")
        total, _, moment = head.partition(" ")
        if moment != self._moment or len(self._known) >= MAX_KNOWN:
            self._moment, self._known = moment, {}
        if moment:
            self._known[_key(where)] = int(total)
        return body

    async def expect(self, reader: Reader, where: Condition | None) -> int:
        """How many rows the planner expects."""
        (expected,) = await self.expect_each(reader, [where])
        return expected

    async def expect_each(self, reader: Reader, wheres: Sequence[Condition | None]) -> list[int]:
        """How many rows the planner expects for each of these conditions, in one round trip."""
        query = f'SELECT true FROM "{self.tablename}" WHERE {{}}'
        return await self._planned(
            reader, [QueryString(query, where.estimated if where else EVERY_ROW) for where in wheres]
        )

    async def ties(self, reader: Reader, key: str) -> int:
        """How many rows have the same value, on average, as the planner expects.

        :param key: the SQL of the value.
        """
        (values,) = await self._planned(reader, [QueryString(f'SELECT true FROM "{self.tablename}" GROUP BY {key}')])
        return self.size // max(1, values)

    async def _planned(self, reader: Reader, queries: Sequence[QueryString]) -> list[int]:
        """How many rows the planner expects of each query, which has one column."""
        keys = [_digest(query.compile_string()) for query in queries]
        planned = {key: self._expected[key] for key in keys if key in self._expected}
        if unknown := {key: query for key, query in zip(keys, queries, strict=True) if key not in planned}:
            each = QueryString(", ".join(["({})"] * len(unknown)), *unknown.values())
            sql, arguments = QueryString("EXPLAIN (FORMAT JSON) SELECT {}", each).compile_string()
            [answer] = json.loads(await reader.fetch_value(sql, *arguments))
            new = {key: int(one["Plan Rows"]) for key, one in zip(unknown, answer["Plan"]["Plans"], strict=True)}
            if len(self._expected) + len(new) > MAX_KNOWN:
                self._expected = {}
            self._expected |= new
            planned |= new
        return [planned[key] for key in keys]

    async def judge(
        self, reader: Reader, where: Condition | None, counted: int | None, least: int = 0, most: float = math.inf
    ) -> Total:
        """The total of a list in a large table.

        :param counted: at most one more than `MAX_COUNTED_ROWS`; None where the rows were not counted.
        :param least: how many there are in any case; likewise the most.
        """
        if counted is not None and counted <= MAX_COUNTED_ROWS:
            return Total(counted)
        if least == most:
            return Total(least)
        expected = max(await self.expect(reader, where), least, 0 if counted is None else MAX_COUNTED_ROWS)
        return Total(int(min(expected, most)), is_estimate=True)


def _key(where: Condition | None) -> bytes:
    return _digest(where and where.found.compile_string())


def _digest(asked: object) -> bytes:
    """16 bytes."""
    return hashlib.blake2b(repr(asked).encode("utf-8", "backslashreplace"), digest_size=16).digest()
