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
ACCOUNT = f"left(caseless({{}}), {MAX_ACCOUNT_LENGTH})"  # in SQL, as it is stored: folding may lengthen it
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
    fifth_last = f"ORDER BY failed_at DESC OFFSET {FAILURES - 1} LIMIT 1"
    rows = await LoginFailure.raw(
        f"""
        SELECT ceil(extract(epoch FROM max(failed_at) - clock_timestamp()) + {WINDOW_SECONDS})::int AS seconds
        FROM (
            (SELECT failed_at FROM login_failures WHERE account = {ACCOUNT} {fifth_last})
            UNION ALL
            (SELECT failed_at FROM login_failures WHERE address = {{}} {fifth_last})
        ) AS fifth_last
        WHERE failed_at > clock_timestamp() - make_interval(secs => {WINDOW_SECONDS})
        """,
        attempt.account,
        attempt.address,
    )
    seconds = rows[0]["seconds"]
    if seconds is not None:
        raise Problem("rate_limited", headers={"Retry-After": str(max(1, seconds))})


async def take_turn(attempt: Attempt) -> None:
    """Takes advisory locks, so that one transaction at a time judges log-ins for this account or from this address."""
    # By a query that fetches both rows: PostgreSQL takes a lock only when it comes to the row.
    await LoginFailure.raw(
        f"""
        SELECT pg_advisory_xact_lock(key)
        FROM (
            SELECT hashtextextended(what, 0) AS key
            FROM (VALUES ('log-in of ' || {ACCOUNT}), ('log-in from ' || {{}})) AS turn (what)
            ORDER BY key -- the same order for everyone, or two could wait for each other
        ) AS turns
        """,
        attempt.account,
        attempt.address,
    )


async def record_failure(attempt: Attempt) -> None:
    await LoginFailure.raw(
        f"INSERT INTO login_failures (account, address, failed_at) VALUES ({ACCOUNT}, {{}}, clock_timestamp())",
        attempt.account,
        attempt.address,
    )
    await delete_expired(LoginFailure.failed_at, timedelta(seconds=WINDOW_SECONDS))
