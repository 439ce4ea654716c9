"""Tries again what a lock held up, so that nobody queues for long behind a waiting migration."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import tenacity

from backoffice.migrations.outcomes import MigrationFailed, say

ATTEMPTS = 6
Answer = TypeVar("Answer")


async def patiently(work: Callable[[], Awaitable[Answer]], seconds: float) -> Answer:
    """:param seconds: that the work waits for a lock; the first pause is about as long."""
    retrying = tenacity.AsyncRetrying(
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=tenacity.wait_exponential_jitter(multiplier=seconds, max=5 * seconds, jitter=seconds / 2),
        retry=tenacity.retry_if_exception(lambda error: isinstance(error, MigrationFailed) and error.may_pass),
        before_sleep=_tell_of_retry,
        reraise=True,
    )
    return await retrying(work)


def _tell_of_retry(state: tenacity.RetryCallState) -> None:
    failure = state.outcome.exception() if state.outcome else None
    pause = state.next_action.sleep if state.next_action else 0
    if isinstance(failure, MigrationFailed):
        whom = ", ".join(map(str, failure.blockers)) or "somebody"
        undone = "what waited for it" if failure.alone else "everything"
        say(f"    {whom} held a lock for long; {undone} was undone, next attempt in {pause:.1f} s\n")
