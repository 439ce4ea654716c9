"""Records the progress of a migration outside a transaction, so that it can be interrupted anywhere and run again."""

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from backoffice.database.connecting import Connection
from backoffice.migrations import expected, records
from backoffice.migrations.catalog import read_catalog
from backoffice.migrations.expected import Before
from backoffice.migrations.files import Key
from backoffice.migrations.sql import Statement

# Batches of rows change no definition, and may be many.
ROWS = re.compile(r"(?:SELECT|WITH|INSERT|UPDATE|DELETE|MERGE|BEGIN|START)\b", re.IGNORECASE)
# Begin or end transactions. What is refused at the beginning of one leaves nothing.
BOUNDS = re.compile(r"(?:BEGIN|START|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE)\b", re.IGNORECASE)

# A migration whose undoing has begun counts as pending, so a start is refused, and going forwards runs it again. Its
# checksum, which is read of applied migrations only, marks it, so that going backwards finishes it before the next.
BEGIN_TO_UNDO = """
WITH ran AS (DELETE FROM migration WHERE app_name = $1 AND name = $2 RETURNING app_name, name)
INSERT INTO migration_checksum SELECT app_name, name, 'half undone' FROM ran
ON CONFLICT (app_name, name) DO UPDATE SET checksum = excluded.checksum
"""
HALF_UNDONE = "SELECT app_name, name FROM migration_checksum WHERE checksum = 'half undone' ORDER BY name"


async def undoable(connection: Connection) -> list[Key]:
    """The applied migrations, in that order, and last those whose undoing was interrupted."""
    ran = await records.applied(connection)
    if not await connection.fetchval(records.TABLE_EXISTS, "migration_checksum"):
        return ran
    return [*ran, *((row["app_name"], row["name"]) for row in await connection.fetch(HALF_UNDONE))]


class Progress:
    """A watcher that records before each statement that it begins, and after it what it changed.

    Changes in a transaction of the migration's own are recorded after its COMMIT.

    :param transaction: begins one in which to record something.
    :param undoes: the migration, when it is undone.
    :ivar reached: the state that is recorded.
    """

    def __init__(
        self, reached: Before, transaction: Callable[[], AbstractAsyncContextManager[None]], undoes: Key | None
    ) -> None:
        self.reached = reached
        self._transaction = transaction
        self._undoes = undoes
        self._announced = False

    async def before(self, connection: Connection, statement: str) -> None:
        if self._undoes and not BOUNDS.match(Statement(statement).bare):
            await connection.execute(BEGIN_TO_UNDO, *self._undoes)
        if not (connection.is_in_transaction() or _changes_rows(statement)):
            await expected.announce(connection, statement, self.reached)
            self._announced = True

    async def after(self, connection: Connection, statement: str, arguments: tuple[Any, ...]) -> None:
        if connection.is_in_transaction() or _changes_rows(statement):
            return
        if self._announced or await read_catalog(connection) != self.reached.catalog:
            async with self._transaction():
                self.reached = await expected.remember_changes(connection, self.reached)
            self._announced = False


def _changes_rows(statement: str) -> bool:
    return ROWS.match(Statement(statement).bare) is not None
