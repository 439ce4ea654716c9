"""How far a migration outside a transaction has come, so that it can be broken off at any point and run again."""

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from backoffice.migrations import records
from backoffice.migrations.catalog import read_catalog
from backoffice.migrations.records import Before
from backoffice.migrations.sql import Statement

# Batches of rows change no definition, and may be many.
ROWS = re.compile(r"(?:SELECT|WITH|INSERT|UPDATE|DELETE|MERGE|BEGIN|START)\b", re.IGNORECASE)


class Progress:
    """A watcher that remembers after each statement what it changed, and before it that it begins.

    What is done in a transaction of the migration's own is remembered after its COMMIT.

    :param transaction: makes one in which to remember something.
    :ivar reached: what is remembered.
    """

    def __init__(self, reached: Before, transaction: Callable[[], AbstractAsyncContextManager[None]]) -> None:
        self.reached = reached
        self._transaction = transaction
        self._announced = False

    async def before(self, connection: Any, statement: str) -> None:
        if not (connection.is_in_transaction() or _changes_rows(statement)):
            await records.announce(connection, statement, self.reached)
            self._announced = True

    async def after(self, connection: Any, statement: str, arguments: tuple[Any, ...]) -> None:
        if connection.is_in_transaction() or _changes_rows(statement):
            return
        if self._announced or await read_catalog(connection) != self.reached.catalog:
            async with self._transaction():
                self.reached = await records.remember_changes(connection, self.reached)
            self._announced = False


def _changes_rows(statement: str) -> bool:
    return ROWS.match(Statement(statement).bare) is not None
