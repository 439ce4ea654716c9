"""Who asks, found out by the very query that answers: one round trip instead of two.

Whoever changes something is looked up first, in the same transaction; see `UnitOfWork`.
"""

from typing import Any, Protocol

from starlette.requests import Request
from starlette.types import Scope

from backoffice.database.engine import Engine, Reader

STRANGER = "backoffice.stranger"  # the key in the scope, until the stranger is known


class Stranger(Protocol):
    """Somebody whom no query has looked up yet."""

    async def introduce(self, scope: Scope) -> None:
        """Looks them up, and does for the scope what a log-in checked beforehand does.

        :raises Problem: unauthenticated, csrf_failed.
        """

    async def fetch(self, reader: Reader, scope: Scope, sql: str, *arguments: Any) -> Any:
        """Does the same on the way, and gives back what the query answers: one value, or None for no row.

        :raises Problem: unauthenticated.
        """


async def fetch(engine: Engine, request: Request, sql: str, *arguments: Any) -> Any:
    """What the query answers: one value, or None for no row. Afterwards it is known who asks."""
    stranger: Stranger | None = request.scope.get(STRANGER)
    if stranger is None:
        return await engine.reader.fetch_value(sql, *arguments)
    return await stranger.fetch(engine.reader, request.scope, sql, *arguments)
