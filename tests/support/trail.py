"""What the audit trail says, in few words."""

import json
from typing import Any
from uuid import UUID

import asyncpg

Entry = tuple[Any, ...]


async def entries(connection: asyncpg.Connection, *columns: str, **where: Any) -> list[Entry]:
    """These columns of the entries that have these values, the oldest first; of one statement, by the row's name."""
    conditions = " AND ".join(["true", *(f"{name} = ${place}" for place, name in enumerate(where, 1))])
    sql = f"SELECT {', '.join(columns)} FROM audit_trail WHERE {conditions} ORDER BY happened_at, table_name, row_name"
    return [tuple(map(_plain, row)) for row in await connection.fetch(sql, *where.values())]


def _plain(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("{"):
        return json.loads(value)
    return value


async def deeds(connection: asyncpg.Connection, **where: Any) -> list[Entry]:
    """What was done to which table."""
    return await entries(connection, "action", "table_name", **where)


async def changes(connection: asyncpg.Connection, row_id: UUID) -> list[Any]:
    """What became of this row, after it was created."""
    return [
        change
        for action, change in await entries(connection, "action", "changes", row_id=row_id)
        if action != "created"
    ]
