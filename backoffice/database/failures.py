"""The errors by which the database fails: when each is raised, and how it is handled.

`errors` explains them to users, `cause` to the operator.
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


NO_TLS = "rejected SSL upgrade"  # asyncpg's message, in an error without a class of its own
FULL_POOLER = "no more connections allowed"  # PgBouncer's message, under the code of another error

# Errors of an attempt to connect: no later one can succeed, so DatabaseRefused is raised at once.
FINAL_REFUSALS = (
    asyncpg.InvalidAuthorizationSpecificationError,  # wrong password included
    asyncpg.InvalidCatalogNameError,
    asyncpg.SyntaxOrAccessError,  # a parameter of the URL that the server does not know; no right to connect
    asyncpg.InvalidParameterValueError,
    asyncpg.CantChangeRuntimeParamError,
    asyncpg.exceptions.ClientConfigurationError,
    ssl.SSLError,
)

# Errors of an attempt to connect to one of several hosts: the next host is tried.
HOST_FAILURES = (
    OSError,  # TimeoutError included
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.exceptions.TargetServerAttributeNotMatched,
)

# All errors of connecting, querying and closing, refusals by the server included. Caught where all are handled in the
# same way: a connection is given up, a command prints one line. A session that the server ends between two
# statements can leave asyncpg in the middle of a message, which it calls an internal error (its issue 1069).
DATABASE_ERRORS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

# Errors of a query to a standby: it is sent to the primary instead.
STANDBY_FAILURES = (*DATABASE_ERRORS, PoolExhausted)

# Errors of a query: the connection is lost, or its server does not serve. Reads are run once more, callers are told
# `database_unavailable`.
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

# Errors of a query, some of them also above: its time is used up already. Callers are told `database_timeout`.
TIMEOUTS = (TimeoutError, asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError)

# Errors of a statement that collided with another transaction. The request is run again, up to a few times.
COLLISIONS = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.exceptions.InvalidCachedStatementError,  # with a migration that changed a type
)

# Errors of a request that would succeed at another moment: callers are told `database_busy`.
BUSY = (PoolExhausted, DatabaseFull, *COLLISIONS)


def is_final(error: BaseException) -> bool:
    """Whether no later attempt to connect can succeed."""
    return isinstance(error, FINAL_REFUSALS) or NO_TLS in str(error)


def is_lost(error: BaseException) -> bool:
    """True when the connection is lost, and another may serve. Timeouts are excluded, as the time is used up:
    TimeoutError is an OSError, and a cancelled query an OperatorInterventionError."""
    return isinstance(error, UNAVAILABLE) and not isinstance(error, TIMEOUTS)


def is_collision(error: BaseException) -> bool:
    """True when the statement collided with another transaction: the same request may succeed later."""
    return isinstance(error, COLLISIONS)


def kind_of(error: BaseException) -> type[DatabaseUnavailable]:
    """The exception to raise when a connection failed."""
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
    if type(error) in (ConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError):  # subclasses say more
        return "the connection was lost"  # asyncpg's text names only the failed operation
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error).partition("\n")[0] or type(error).__name__
