"""Who asks, found out by the very statement that answers: one round trip instead of two.

Before any other change they are looked up in the transaction of the change; see `UnitOfWork`.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from starlette.requests import Request
from starlette.types import Scope

from backoffice.database.engine import Engine, Reader

LAZY_USER = "backoffice.lazy_user"  # the key in the scope, until they are authenticated
MAY = "(SELECT role::text FROM caller) = ANY (${})"  # with the number of the parameter that has the roles

# One or two statements that change something at once, and nothing unless the condition is true that they are made for.
# The first says what it did in a column `changed`, and is called `change` in the second.
MakeChange = Callable[[str], Sequence[str]]


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

    async def change(self, engine: Engine, scope: Scope, queries: str, *arguments: Any) -> Any:
        """Does the same with a change, and gives back what was `changed`.

        :param queries: as `queries_of` writes them; they do nothing unless `MAY`.
        :raises Problem: unauthenticated, csrf_failed.
        """


async def read_as_caller(engine: Engine, request: Request, sql: str, *arguments: Any) -> Any:
    """What the query answers: one value, or None for no row. Afterwards it is known who asks."""
    user: LazyUser | None = request.scope.get(LAZY_USER)
    if user is None:
        return await engine.reader.fetch_value(sql, *arguments)
    return await user.fetch(engine.reader, request.scope, sql, *arguments)


async def change_as_caller(
    engine: Engine, request: Request, roles: frozenset[str], make: MakeChange, *arguments: Any
) -> Any:
    """What was changed, by whoever has one of these roles. Afterwards it is known who asks.

    :raises Problem: unauthenticated, csrf_failed.
    """
    user: LazyUser | None = request.scope.get(LAZY_USER)
    if user is None:
        if engine.current_transaction.get() is None:
            raise RuntimeError("the audit trail was told who acts in a transaction that is over")
        return await engine.fetch_value(f"WITH {queries_of(make('true'))} SELECT changed FROM change", *arguments)
    queries = queries_of(make(MAY.format(len(arguments) + 1)))
    return await user.change(engine, request.scope, queries, *arguments, [*roles])


def queries_of(statements: Sequence[str]) -> str:
    """What stands after WITH."""
    return ", ".join(f"{name} AS ({sql})" for name, sql in zip(("change", "second"), statements, strict=False))
