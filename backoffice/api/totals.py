"""How many rows there are: counted where that is quick, estimated as PostgreSQL itself does where it is not.

What was counted is not counted again until something changes anywhere in the database.
"""

import hashlib
import json
import time
from dataclasses import dataclass
from typing import Any

from piccolo.querystring import QueryString

from backoffice.database.engine import Reader
from backoffice.database.moments import MOMENT

LARGE_ROWS = 250_000  # a table up to here is counted to the end
MOST_COUNTED_ROWS = 10_000  # of a larger one
SIZE_SECONDS = 60.0  # how long a table is taken to be as large as it was when last looked at
MOST_KNOWN = 1_000  # totals of one moment

Known = tuple[str, int]  # a moment, and the total that it was at that moment
UNKNOWN: Known = ("", 0)


def with_total_sql(body: str, rows: str, known: int) -> str:
    """The body, which may say `total`, after a line with that total and its moment: what `Totals.remember` takes.

    :param rows: which are counted, from FROM on, unless nothing has changed since the known moment.
    :param known: the number of the parameter that is this moment; the next one is the total at that time.
    """
    total = f"CASE WHEN moment = ${known} THEN ${known + 1}::bigint ELSE (SELECT count(*) {rows}) END AS total"
    counted = f"SELECT moment, {total} FROM (SELECT {MOMENT} AS moment OFFSET 0) AS now OFFSET 0"
    return f"SELECT concat(total, ' ', moment, E'\\n', {body}) FROM ({counted}) AS counted"


@dataclass(frozen=True)
class Total:
    rows: int
    is_estimate: bool = False


class Totals:
    """Of one table.

    :param tablename: as the database has it.
    """

    def __init__(self, tablename: str) -> None:
        self.tablename = tablename
        self._large = False
        self._old_at = 0.0
        self._moment = ""
        self._known: dict[bytes, int] = {}

    async def are_quick(self, reader: Reader) -> bool:
        """Whether the table is small enough for rows to be counted in the query that shows them."""
        if time.monotonic() > self._old_at:
            # -1 for a table that was never analyzed; then it is not large, or has not been for long.
            size = await reader.fetch_value("SELECT reltuples FROM pg_class WHERE oid = $1::regclass", self.tablename)
            self._large = size > LARGE_ROWS
            self._old_at = time.monotonic() + SIZE_SECONDS
        return not self._large

    def recall(self, where: QueryString | None) -> Known:
        """For `with_total_sql`, which uses it if it still holds."""
        total = self._known.get(_key(where))
        return UNKNOWN if total is None else (self._moment, total)

    def remember(self, where: QueryString | None, answer: str) -> str:
        """The body of an answer, whose total is kept until the first answer of another moment."""
        head, _, body = answer.partition("\n")
        total, _, moment = head.partition(" ")
        if moment != self._moment or len(self._known) >= MOST_KNOWN:
            self._moment, self._known = moment, {}
        if moment:
            self._known[_key(where)] = int(total)
        return body

    async def count(self, reader: Reader, where: QueryString | None) -> Total:
        """:param where: None for all of them."""
        condition, arguments = where.compile_string() if where else ("true", [])
        rows = f'SELECT FROM "{self.tablename}" WHERE {condition}'
        most = None if await self.are_quick(reader) else MOST_COUNTED_ROWS + 1
        if most is None or where:
            counted = await reader.fetch_value(counting_sql(rows, len(arguments) + 1), *arguments, most)
            if counted != most:
                return Total(counted)
        return Total(max(await _estimate(reader, rows, arguments), MOST_COUNTED_ROWS), is_estimate=True)


def _key(where: QueryString | None) -> bytes:
    """Short, however much was asked for."""
    asked = where and where.compile_string()
    return hashlib.blake2b(repr(asked).encode("utf-8", "backslashreplace"), digest_size=16).digest()


def counting_sql(rows: str, most: int) -> str:
    """:param most: the number of the parameter that says how far to count."""
    # As if all were wanted: for a few, PostgreSQL would rather read the table and hope.
    return f"WITH rows AS MATERIALIZED ({rows}) SELECT count(*) FROM (SELECT FROM rows LIMIT ${most}) AS counted"


async def _estimate(reader: Reader, sql: str, arguments: list[Any]) -> int:
    """How many rows the planner expects of a query."""
    plan = json.loads(await reader.fetch_value(f"EXPLAIN (FORMAT JSON) {sql}", *arguments))
    return int(plan[0]["Plan"]["Plan Rows"])
