"""How many rows there are: counted where that is quick, estimated as PostgreSQL itself does where it is not.

What was counted is not counted again until something changes anywhere in the database.
"""

import hashlib
import json
import time
from dataclasses import dataclass

from backoffice.api.conditions import EVERY_ROW, Condition, compiled
from backoffice.database.engine import Reader
from backoffice.database.snapshots import SNAPSHOT

LARGE_ROWS = 50_000  # a table up to here is counted to the end
MOST_COUNTED_ROWS = 10_000  # of a larger one
SIZE_SECONDS = 60.0  # how long a table, and what is expected in it, is taken to be as large as when last looked at
MOST_KNOWN = 1_000  # totals of one moment, and expectations of such a time

Known = tuple[str, int]  # a moment, and the total that it was at that moment
UNKNOWN: Known = ("", 0)


def with_total_sql(body: str, count: str, known: int) -> str:
    """The body, which may say `total`, after a line with that total and its moment: what `Totals.remember` takes.

    :param count: the query for the total, unless nothing has changed since the known moment.
    :param known: the number of the parameter that is this moment; the next one is the total at that time.
    """
    # OFFSET 0 keeps PostgreSQL from taking the inner queries apart, and asking for the moment and the total again.
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
        """At the size of the table, unless that was done a short while ago."""
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
        """For `with_total_sql`, which uses it if it still holds."""
        total = self._known.get(_key(where))
        return UNKNOWN if total is None else (self._moment, total)

    def remember(self, where: Condition | None, answer: str) -> str:
        """The body of an answer, whose total is kept until the first answer of another moment."""
        head, _, body = answer.partition("\n")
        total, _, moment = head.partition(" ")
        if moment != self._moment or len(self._known) >= MOST_KNOWN:
            self._moment, self._known = moment, {}
        if moment:
            self._known[_key(where)] = int(total)
        return body

    async def expect(self, reader: Reader, where: Condition | None) -> int:
        """How many rows the planner expects."""
        key = _key(where)
        if key not in self._expected:
            if len(self._expected) >= MOST_KNOWN:
                self._expected = {}
            self._expected[key] = await self._ask_the_planner(reader, where)
        return self._expected[key]

    async def _ask_the_planner(self, reader: Reader, where: Condition | None) -> int:
        (condition,), arguments = compiled(where.estimated if where else EVERY_ROW)
        sql = f'EXPLAIN (FORMAT JSON) SELECT FROM "{self.tablename}" WHERE {condition}'
        plan = json.loads(await reader.fetch_value(sql, *arguments))
        return int(plan[0]["Plan"]["Plan Rows"])

    async def judge(self, reader: Reader, where: Condition | None, counted: int | None) -> Total:
        """What to say of a large table.

        :param counted: at most one more than `MOST_COUNTED_ROWS`; None where it was not worth the trouble.
        """
        if counted is not None and counted <= MOST_COUNTED_ROWS:
            return Total(counted)
        least = 0 if counted is None else MOST_COUNTED_ROWS
        return Total(max(await self.expect(reader, where), least), is_estimate=True)


def _key(where: Condition | None) -> bytes:
    """Short, however much was asked for."""
    asked = where and where.found.compile_string()
    return hashlib.blake2b(repr(asked).encode("utf-8", "backslashreplace"), digest_size=16).digest()
