"""Looks up the caller in the same statement that answers: one round trip instead of two.

For other changes, the caller is looked up first in the transaction of the change; see `UnitOfWork`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from starlette.requests import Request
from starlette.types import Scope

from backoffice.database.engine import the_engine

LAZY_USER = "backoffice.lazy_user"  # the key in the scope, until the user is authenticated
MAY = "(SELECT role::text FROM caller) = ANY (${})"  # {} is the number of the parameter with the roles

# Given a condition, makes the queries of a WITH, by name, which change nothing unless the condition is true. That named
# `change` returns what it did in a column `changed`.
MakeChange = Callable[[str], Mapping[str, str]]


class LazyUser(Protocol):
    """A user whom no query has looked up yet."""

    async def authenticate(self, scope: Scope) -> None:
        """Looks up the user, and sets in the scope what a log-in checked beforehand does.

        :raises Problem: unauthenticated, csrf_failed.
        """

    async def fetch(self, scope: Scope, sql: str, *arguments: Any) -> Any:
        """Looks up the user within a query; returns the query's one value, or None for no row.

        :raises Problem: unauthenticated.
        """

    async def change(self, scope: Scope, queries: str, *arguments: Any) -> Any:
        """Looks up the user within a change; returns what was `changed`.

        :param queries: as `queries_of` writes them; they do nothing unless `MAY`.
        :raises Problem: unauthenticated, csrf_failed.
        """


def caller_is_unknown(scope: Scope) -> bool:
    """True until the caller is looked up; False also where nobody needs to be known, as for a log-in."""
    return LAZY_USER in scope


async def look_up_caller(scope: Scope) -> None:
    """Looks up the caller, unless that was done already.

    :raises Problem: unauthenticated, csrf_failed.
    """
    if caller_is_unknown(scope):
        await scope[LAZY_USER].authenticate(scope)


async def read_as_caller(request: Request, sql: str, *arguments: Any) -> Any:
    """Runs a query; returns its one value, or None for no row. Afterwards the caller is known."""
    user: LazyUser | None = request.scope.get(LAZY_USER)
    if user is None:
        return await the_engine().reader.fetch_value(sql, *arguments)
    return await user.fetch(request.scope, sql, *arguments)


async def change_as_caller(request: Request, roles: frozenset[str], make: MakeChange, *arguments: Any) -> Any:
    """Makes a change if the caller has one of these roles; returns what changed. Afterwards the caller is known.

    :raises Problem: unauthenticated, csrf_failed.
    """
    user: LazyUser | None = request.scope.get(LAZY_USER)
    if user is None:
        engine = the_engine()
        if engine.current_transaction.get() is None:
            raise RuntimeError("the audit trail was told who acts in a transaction that is over")
        return await engine.fetch_value(f"WITH {queries_of(make('true'))} SELECT changed FROM change", *arguments)
    queries = queries_of(make(MAY.format(len(arguments) + 1)))
    return await user.change(request.scope, queries, *arguments, [*roles])


def queries_of(change: Mapping[str, str]) -> str:
    """The part after WITH."""
    return ", ".join(f"{name} AS ({sql})" for name, sql in change.items())
