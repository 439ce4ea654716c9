"""Transactions that return their connection to the pool in a clean state, whatever fails."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextvars import ContextVar
from typing import Any, Literal, Protocol, cast

import asyncpg
from asyncpg.transaction import Transaction as RawTransaction
from asyncpg.transaction import TransactionState
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction

from backoffice.database.connecting import Connection, end_at_once
from backoffice.database.failures import DATABASE_ERRORS, is_lost
from backoffice.database.pool import Pool
from backoffice.database.pooler import for_one_transaction

ROLLBACK_SECONDS = 2

# After the first two a query is still under way, and the connection takes no other; after the last its server is no
# longer the primary.
NO_USE_TO_ANYBODY = (TimeoutError, asyncio.CancelledError, asyncpg.ReadOnlySQLTransactionError)


class Lender(Protocol):
    """Lends connections to transactions; the engine is one."""

    pool: Pool
    current_transaction: ContextVar[PostgresTransaction | None]

    @property
    def settings_of_transactions(self) -> Mapping[str, str]: ...


class Transaction(PostgresTransaction):
    """Piccolo's transaction, but its end cannot fail half-way; inside another transaction it is that one.

    :param begin: the statement that begins it.
    """

    engine: Lender  # type: ignore[assignment] # Piccolo's has none of this
    connection: Connection
    transaction: RawTransaction

    def __init__(self, engine: PostgresEngine, allow_nested: bool = True, begin: str = "BEGIN") -> None:
        super().__init__(engine, allow_nested)
        self.begin_statement = begin

    async def __aenter__(self) -> "Transaction":
        if self._parent is not None:
            return cast(Transaction, self._parent)
        await self._acquire_and_begin(tries=2)
        self.context = self.engine.current_transaction.set(self)
        return self

    async def _acquire_and_begin(self, tries: int) -> None:
        self.connection = await self.engine.pool.acquire()
        try:
            self.transaction = await self._begin()
        except BaseException as error:
            end_at_once(self.connection)
            await self.engine.pool.release(self.connection)
            if tries == 1 or not is_lost(error):
                raise
            await self._acquire_and_begin(tries - 1)  # the connection had died in the pool, and nothing was done on it

    async def _begin(self) -> RawTransaction:
        """Begins asyncpg's transaction, with settings in the same round trip as BEGIN."""
        transaction = self.connection.transaction()
        settings = for_one_transaction(self.engine.settings_of_transactions)
        inside: Any = transaction  # its private attributes have no types
        connection = inside._connection
        await connection.execute(f"{self.begin_statement}; {settings}")
        connection._top_xact, inside._state = transaction, TransactionState.STARTED
        return transaction

    async def __aexit__(self, exception_type: Any, exception: BaseException | None, traceback: Any) -> Literal[False]:
        if self._parent is not None:
            return False
        try:
            await self._end(exception)
        finally:
            self.engine.current_transaction.set(None)
            await self.engine.pool.release(self.connection)
        return False

    async def _end(self, exception: BaseException | None) -> None:
        if self._committed or self._rolled_back:
            return
        if exception is None:
            await self._commit()
        elif isinstance(exception, NO_USE_TO_ANYBODY):
            end_at_once(self.connection)
        else:
            await self.rollback()

    async def rollback(self) -> None:
        """Ends the transaction on the server; a connection that does not answer is ended instead."""
        try:
            async with asyncio.timeout(ROLLBACK_SECONDS):
                await self.transaction.rollback()
        except DATABASE_ERRORS:
            end_at_once(self.connection)
        except asyncio.CancelledError:
            end_at_once(self.connection)
            raise
        self._rolled_back = True

    async def _commit(self) -> None:
        """Commits; after a timeout, closes the connection instead of cancelling. A commit that is cancelled while it
        waits for a standby is visible: it might be acknowledged to a repeated request, yet be lost with the primary."""
        try:
            await self.transaction.commit()
        except (TimeoutError, asyncio.CancelledError):
            end_at_once(self.connection)
            raise


@contextlib.asynccontextmanager
async def transaction_on(engine: PostgresEngine, connection: asyncpg.Connection) -> AsyncIterator[None]:
    """A transaction on this connection, which Piccolo's queries inside are part of."""
    transaction = Transaction(engine)
    transaction.connection, transaction.transaction = connection, connection.transaction()
    await transaction.transaction.start()
    token = engine.current_transaction.set(transaction)
    try:
        yield
        await transaction.transaction.commit()
    except BaseException:
        await transaction.rollback()
        raise
    finally:
        engine.current_transaction.reset(token)
