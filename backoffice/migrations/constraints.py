"""What migrations do to constraints unseen: rows that break one that is deferred, foreign keys that go with a table."""

from collections.abc import Sequence

import asyncpg

# Checks deferred constraints before the end of the transaction, so that the migration at fault is known.
SETTLE = "SET CONSTRAINTS ALL IMMEDIATE"
PUT_OFF = (
    "SELECT DISTINCT connamespace::regnamespace || '.' || quote_ident(conname) FROM pg_constraint WHERE condeferred"
)

# Piccolo drops tables with CASCADE, which also drops foreign keys of columns that stay.
FOREIGN_KEYS = (
    "SELECT conrelid::regclass::text, attname::text, confrelid::regclass::text "
    "FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1] WHERE contype = 'f'"
)
TORN = (
    "SELECT DISTINCT format('%s refers to %s', referring, referred) "
    "FROM unnest($1::text[], $2::text[], $3::text[]) AS before (referring, name, referred) "
    "JOIN pg_attribute ON attrelid = to_regclass(referring) AND attname = name AND NOT attisdropped "
    "WHERE to_regclass(referred) IS NULL ORDER BY 1"
)


async def settle(connection: asyncpg.Connection) -> None:
    """Checks all that was put off until now; what is deferrable stays so."""
    await connection.execute(SETTLE)
    if put_off := await connection.fetchval(f"SELECT string_agg(name, ', ') FROM ({PUT_OFF}) AS c (name)"):
        await connection.fetchval(f"SET CONSTRAINTS {put_off} DEFERRED")


async def foreign_keys(connection: asyncpg.Connection) -> Sequence[asyncpg.Record]:
    return await connection.fetch(FOREIGN_KEYS)


async def torn(connection: asyncpg.Connection, before: Sequence[asyncpg.Record]) -> str:
    """Names the tables with columns that stay, of those with foreign keys before, whose other end is gone; or ''."""
    if not before:
        return ""
    return "; ".join(text for (text,) in await connection.fetch(TORN, *map(list, zip(*before, strict=True))))
