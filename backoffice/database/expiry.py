"""Deletes rows that are kept for a time only: with each new one a few of those whose time is over."""

from datetime import timedelta

from piccolo.columns import Timestamptz

from backoffice.database.engine import the_engine

BATCH_ROWS = 100


async def delete_expired(moment: Timestamptz, kept: timedelta = timedelta()) -> None:
    """Deletes up to BATCH_ROWS rows of the column's table whose moment is longer ago; none that others lock."""
    table, column = moment._meta.table._meta.tablename, moment._meta.name
    await the_engine().fetch_value(
        f"""
        DELETE FROM {table} WHERE id IN (
            SELECT id FROM {table} WHERE {column} < now() - $1::interval
            ORDER BY {column} LIMIT {BATCH_ROWS} FOR UPDATE SKIP LOCKED
        )
        """,
        kept,
    )
