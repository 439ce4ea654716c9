"""The errors by which the database fails: who raises which, and what is done then.

`errors` says what they mean to a person, `cause` to the operator.
"""

import ssl

import asyncpg


class DatabaseUnavailable(ConnectionError):
    """No connection to the database, or it was lost; the text names place and cause, never a password."""


class DatabaseFull(DatabaseUnavailable):
    """The database takes no further connection at present."""


class DatabaseRefused(DatabaseUnavailable):
    """The database answers, and will go on refusing: wrong password, unknown database or parameter, no TLS, too old."""


class PoolExhausted(Exception):
    """Every connection of the pool is in use, and none was given back in time."""


NO_TLS = "rejected SSL upgrade"  # what asyncpg says, in an error that has no class of its own
FULL_POOLER = "no more connections allowed"  # what PgBouncer says, under the code of another error

# Of an attempt to connect: no later one can succeed, so it is told as DatabaseRefused, at once.
FINAL_REFUSALS = (
    asyncpg.InvalidAuthorizationSpecificationError,  # wrong password included
    asyncpg.InvalidCatalogNameError,
    asyncpg.SyntaxOrAccessError,  # a parameter of the URL that the server does not know; no right to connect
    asyncpg.InvalidParameterValueError,
    asyncpg.CantChangeRuntimeParamError,
    asyncpg.exceptions.ClientConfigurationError,
    ssl.SSLError,
)

# Of an attempt to connect to one of several hosts: the next may do, and is tried.
HOST_FAILURES = (
    OSError,  # TimeoutError included
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.exceptions.TargetServerAttributeNotMatched,
)

# All that connecting, asking or ending a connection may raise, whatever the server refuses included. Caught where they
# all have the same end: a connection is given up, a command says one line. A session that the server ends between two
# statements can leave asyncpg in the middle of a message, which it calls an internal error (its issue 1069).
DATABASE_ERRORS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

# Of a query to a standby: it is asked of the primary instead.
STANDBY_FAILURES = (*DATABASE_ERRORS, PoolExhausted)

# Of a query: the connection is gone, or leads to a server that does not serve. Reads are run once more, callers are
# told `database_unavailable`.
UNAVAILABLE = (
    OSError,  # DatabaseUnavailable included
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.CannotConnectNowError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.DiskFullError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)

# Of a query, some of them among the above: they have already cost their time. Callers are told `database_timeout`.
TIMEOUTS = (TimeoutError, asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError)

# Of a statement: somebody else's transaction got into the way. The request is run again, up to a few times.
COLLISIONS = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.exceptions.InvalidCachedStatementError,  # with a migration that changed a type
)

# Of a request that would succeed at another moment: callers are told `database_busy`.
BUSY = (PoolExhausted, DatabaseFull, *COLLISIONS)


def is_final(error: BaseException) -> bool:
    """Whether no later attempt to connect can succeed."""
    return isinstance(error, FINAL_REFUSALS) or NO_TLS in str(error)


def is_lost(error: BaseException) -> bool:
    """Whether the connection is of no use any more, and another may be. After a timeout it is too late for that:
    TimeoutError is an OSError, and a cancelled query an OperatorInterventionError."""
    return isinstance(error, UNAVAILABLE) and not isinstance(error, TIMEOUTS)


def is_collision(error: BaseException) -> bool:
    """Whether nothing was wrong but the moment: somebody else's transaction got into the way."""
    return isinstance(error, COLLISIONS)


def kind_of(error: BaseException) -> type[DatabaseUnavailable]:
    """What to tell of a connection that could not be made."""
    if isinstance(error, asyncpg.TooManyConnectionsError) or FULL_POOLER in str(error):
        return DatabaseFull
    return DatabaseRefused if is_final(error) else DatabaseUnavailable


def cause(error: BaseException) -> str:
    """One line for the operator."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if NO_TLS in str(error):
        return "the server offers no TLS, which sslmode demands"
    if type(error) in (
        ConnectionError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,
    ):  # their subclasses say more
        return "the connection was lost"  # which asyncpg tells by what it could not do any more
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).partition("\n")[0] or type(error).__name__
