"""Backups made and restored in this process, and what a database holds before and after."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg

from backoffice.database.backup import backup, find, restore
from backoffice.database.engine import Engine
from backoffice.database.programs import embedded_program
from backoffice.settings import Settings
from tests.support.builders import WAYS, a_customer, a_presale, a_presale_that_is, a_session, a_user
from tests.support.catalog import catalog, rows_as_text

PROGRAMS = Path(embedded_program("pg_dump")).parent


async def fill(connection: asyncpg.Connection) -> None:
    """Rows in every table that keeps any, awkward ones among them, and a number that nobody has any more."""
    await a_session(connection, await a_user(connection))
    for status in WAYS:
        await a_presale_that_is(connection, status)
    await connection.execute("INSERT INTO login_failures (account, address) VALUES ('ana', '127.0.0.1')")
    await connection.execute(
        "INSERT INTO idempotency_keys (user_id, key, request, response) "
        "SELECT id, 'Ação ☕', '{\"a\": [1, null]}', 'x' FROM users LIMIT 1"
    )
    await a_customer(connection, name="Zoë \\. \t'\"", address="linha 1\nlinha 2")
    await connection.execute("DELETE FROM presales WHERE id = $1", await a_presale(connection))


async def save(dsn: str, file: Path) -> None:
    place = await find(Engine(Settings(database_url=dsn)))
    await asyncio.to_thread(backup, place, file)


async def load(dsn: str, file: Path, *, replace: bool = False) -> None:
    place = await find(Engine(Settings(database_url=dsn)))
    await asyncio.to_thread(restore, place, file, replace=replace)


async def everything(dsn: str) -> dict[str, Any]:
    """What it is made of, every row, and where its sequences are."""
    connection = await asyncpg.connect(dsn)
    try:
        return {
            "catalog": await catalog(connection),
            "rows": await rows_as_text(connection),
            "migrations": await connection.fetch("SELECT * FROM migration ORDER BY id"),
            "sequences": await connection.fetch("SELECT sequencename, last_value FROM pg_sequences ORDER BY 1"),
        }
    finally:
        await connection.close()
