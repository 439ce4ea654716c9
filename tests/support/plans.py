"""What PostgreSQL does to answer a statement, and what it reads in vain."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import asyncpg

from backoffice.api.selects import Statement


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    yield from chain.from_iterable(nodes(child) for child in plan.get("Plans", []))


async def plan_of(connection: asyncpg.Connection, statement: Statement, options: str = "") -> list[dict[str, Any]]:
    sql, arguments = statement
    plan = json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON{options}) {sql}", *arguments))
    return list(nodes(plan[0]["Plan"]))


async def generic_plan_of(connection: asyncpg.Connection, statement: Statement) -> list[dict[str, Any]]:
    """The plan for whatever may be asked for, which PostgreSQL may turn to after some executions."""
    sql, _ = statement
    plan = "CREATE FUNCTION pg_temp.plan() RETURNS json LANGUAGE plpgsql AS $plan$ DECLARE plan json; BEGIN "
    plan += f"EXECUTE $sql$ EXPLAIN (FORMAT JSON, GENERIC_PLAN) {sql} $sql$ INTO plan; RETURN plan; END $plan$"
    await connection.execute(plan)
    try:
        return list(nodes(json.loads(await connection.fetchval("SELECT pg_temp.plan()"))[0]["Plan"]))
    finally:
        await connection.execute("DROP FUNCTION pg_temp.plan()")


async def scans(connection: asyncpg.Connection, *statements: Statement) -> list[str]:
    """The tables that a query would read from end to end."""
    plans = [await plan_of(connection, statement) for statement in statements]
    return [node["Relation Name"] for node in chain(*plans) if node["Node Type"] == "Seq Scan"]


async def rows_read(connection: asyncpg.Connection, statement: Statement) -> float:
    """How many rows come out of scans."""
    plan = await plan_of(connection, statement, ", ANALYZE, TIMING OFF")
    return sum(float(node["Actual Rows"] * node["Actual Loops"]) for node in plan if "Scan" in node["Node Type"])


async def rows_thrown_away(connection: asyncpg.Connection, statement: Statement) -> int:
    """How many rows are looked at in vain."""
    plan = await plan_of(connection, statement, ", ANALYZE, TIMING OFF")
    return sum(node.get("Rows Removed by Filter", 0) * node["Actual Loops"] for node in plan)


@dataclass
class Watched:
    """A reader that is asked what its last query read."""

    connection: asyncpg.Connection
    last: Statement = ("", [])

    async def fetch_row(self, sql: str, *arguments: Any) -> Any:
        self.last = sql, list(arguments)
        return await self.connection.fetchrow(sql, *arguments)

    async def fetch_value(self, sql: str, *arguments: Any) -> Any:
        return (await self.fetch_row(sql, *arguments))[0]
