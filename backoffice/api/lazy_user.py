"""Who asks, found out by the very statement that answers: one round trip instead of two.

Before any other change they are looked up, in the same transaction; see `UnitOfWork`.
"""

from typing import Any, Protocol

from starlette.requests import Request
from starlette.types import Scope

from backoffice.database.engine import Engine, Reader

LAZY_USER = "backoffice.lazy_user"  # the key in the scope, until they are authenticated
MAY = "(SELECT role::text FROM caller) = ANY (${})"  # with the number of the parameter that has the roles


class LazyUser(Protocol):
    """Somebody whom no query has looked up yet."""

    async def authenticate(self, scope: Scope) -> None:
        """Looks them up, and does for the scope what a log-in checked beforehand does.

        :raises Problem: unauthenticated, csrf_failed.
        """

    async def fetch(self, reader: Reader, scope: Scope, sql: str, *arguments: Any) -> Any:
        """Does the same on the way, and gives back what the query answers: one value, or None for no row.

        :raises Problem: unauthenticated.
        """

    async def change(self, engine: Engine, scope: Scope, sql: str, *arguments: Any) -> Any:
        """Does the same with a statement that changes something, in a transaction.

        :param sql: does nothing unless `MAY`, and says what it did in a column `changed`.
        :raises Problem: unauthenticated, csrf_failed.
        """


async def fetch(engine: Engine, request: Request, sql: str, *arguments: Any) -> Any:
    """What the query answers: one value, or None for no row. Afterwards it is known who asks."""
    user: LazyUser | None = request.scope.get(LAZY_USER)
    if user is None:
        return await engine.reader.fetch_value(sql, *arguments)
    return await user.fetch(engine.reader, request.scope, sql, *arguments)
