"""What the life of a row lets its form change, as static/life.js reads it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.requests import Request

from backoffice.api.admin_view import Life, Within
from backoffice.database.engine import the_engine

CLOSED = "closed"  # beside the columns of a row


def describe(life: Life, request: Request, name: str) -> dict[str, Any]:
    """What the schema says of this column beside the rest."""
    column = life.column._meta.name
    if name == column:
        return {"moves": life.moves_of(request), "final": life.final, "deletable_while": life.deletable_while}
    return {"open_while": {column: life.open_while[name]}} if name in life.open_while else {}


async def closure(within: Within | None, row: Mapping[str, Any]) -> dict[str, Any]:
    """Whether the row that this one belongs to lets it change no more; {} where it belongs to none."""
    if within is None or row.get(within.key._meta.name) is None:
        return {}
    table, column = within.column._meta.table._meta.tablename, within.column._meta.name
    sql = f'SELECT "{column}"::text <> ALL ($2) FROM "{table}" WHERE id = $1'
    return {CLOSED: await the_engine().fetch_value(sql, UUID(row[within.key._meta.name]), [*within.values])}
