"""Throttles log-ins: after five failures within a minute, for one account or from one address, all are refused.

The failures are kept in the database, so that all worker processes count together. A success does not reset the
count, and an attempt refused here does not count as a failure. All times are those of the database's clock.
"""

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from accounts.tables import LoginFailure
from backoffice.database.expiry import delete_expired
from backoffice.problems import Problem

FAILURES = 5
WINDOW_SECONDS = 60

MAX_ACCOUNT_LENGTH = LoginFailure.account.length  # characters
MAX_ADDRESS_LENGTH = LoginFailure.address.length
IPV6_HOME_BITS = 64  # the part of an IPv6 address that a household has to itself


@dataclass(frozen=True)
class Attempt:
    """One attempt to log in. The database folds case, as for users; a text longer than any user's is cut."""

    email: str
    client: str

    @property
    def account(self) -> str:
        return self.email[:MAX_ACCOUNT_LENGTH]

    @property
    def address(self) -> str:
        return _home_of(self.client)[:MAX_ADDRESS_LENGTH]


def _home_of(client: str) -> str:
    """The address; for IPv6 its /64, as one household has all of it."""
    try:
        address = ip_address(client)
    except ValueError:  # "unknown", or a name from a proxy
        return client
    if not isinstance(address, IPv6Address):
        return client
    return str(address.ipv4_mapped or ip_network((int(address), IPV6_HOME_BITS), strict=False))


async def refuse_if_exhausted(attempt: Attempt) -> None:
    """:raises Problem: rate_limited, with Retry-After: the seconds until the fifth last failure is a minute old."""
    rows = await LoginFailure.raw(
        """
        SELECT ceil(extract(epoch FROM max(over_at) - clock_timestamp()))::int AS seconds
        FROM (
            (SELECT failed_at + make_interval(secs => {}) AS over_at FROM login_failures
             WHERE account = left(caseless({}), {}) ORDER BY failed_at DESC OFFSET {} LIMIT 1)
            UNION ALL
            (SELECT failed_at + make_interval(secs => {}) FROM login_failures
             WHERE address = {} ORDER BY failed_at DESC OFFSET {} LIMIT 1)
        ) AS fifth_last
        WHERE over_at > clock_timestamp()
        """,
        *(WINDOW_SECONDS, attempt.account, MAX_ACCOUNT_LENGTH, FAILURES - 1),
        *(WINDOW_SECONDS, attempt.address, FAILURES - 1),
    )
    seconds = rows[0]["seconds"]
    if seconds is not None:
        raise Problem("rate_limited", headers={"Retry-After": str(max(1, seconds))})


async def take_turn(attempt: Attempt) -> None:
    """Takes advisory locks, so that one transaction at a time judges log-ins for this account or from this address."""
    await LoginFailure.raw(
        """
        SELECT pg_advisory_xact_lock(key)
        FROM (
            SELECT hashtextextended(what, 0) AS key
            FROM (VALUES ('log-in of ' || left(caseless({}), {})), ('log-in from ' || {})) AS turn (what)
            ORDER BY key -- the same order for everyone, or two could wait for each other
        ) AS turns
        """,
        attempt.account,
        MAX_ACCOUNT_LENGTH,
        attempt.address,
    )


async def record_failure(attempt: Attempt) -> None:
    await LoginFailure.raw(
        """
        INSERT INTO login_failures (account, address, failed_at)
        VALUES (left(caseless({}), {}), {}, clock_timestamp())
        """,
        attempt.account,
        MAX_ACCOUNT_LENGTH,
        attempt.address,
    )
    await delete_expired(LoginFailure.failed_at, timedelta(seconds=WINDOW_SECONDS))
