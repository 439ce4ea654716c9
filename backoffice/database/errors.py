"""Turns errors of the database into problems that people understand."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import asyncpg
import tenacity

from backoffice import words
from backoffice.database.failures import BUSY, TIMEOUTS, UNAVAILABLE, cause, is_collision
from backoffice.problems import FieldError, Problem

logger = logging.getLogger(__name__)

T = TypeVar("T")

MAX_PAUSE_SECONDS = 0.2
RETRY_AFTER = {"Retry-After": "2"}


async def repeat(
    worth_it: Callable[[BaseException], bool], tries: int, function: Callable[..., Awaitable[T]], *arguments: Any
) -> T:
    """Calls a coroutine function up to `tries` times in all, while it raises an error that is `worth_it`."""
    try:
        return await function(*arguments)
    except BaseException as error:
        if not worth_it(error):
            raise
        failures = [error]

    async def again() -> T:
        if failures:
            raise failures.pop()
        return await function(*arguments)

    def tell(state: tenacity.RetryCallState) -> None:
        assert state.outcome is not None
        error = state.outcome.exception()
        assert error is not None
        # If a connection was lost, a request that fails in the end has a log line of its own.
        level = logging.INFO if is_collision(error) else logging.DEBUG
        logger.log(level, "attempt %d of %d at a request: %s", state.attempt_number + 1, tries, cause(error))

    # Built only after the first failure: building it costs more than a quick request.
    retrying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(worth_it),
        stop=tenacity.stop_after_attempt(tries),
        wait=tenacity.wait_random_exponential(multiplier=0.01, max=MAX_PAUSE_SECONDS),
        before_sleep=tell,
        reraise=True,
    )
    return await retrying(again)


def explain(error: BaseException, *, deleting: bool = False) -> Problem | None:
    """The problem for this error, or None for an unforeseen one.

    :param deleting: whether a row was to be deleted, which is what tells the two sides of a foreign key apart.
    """
    if isinstance(error, Problem):
        return error
    if isinstance(error, BUSY):
        return Problem("database_busy", headers=RETRY_AFTER)
    if isinstance(error, TIMEOUTS):
        return Problem("database_timeout", headers=RETRY_AFTER)
    if isinstance(error, UNAVAILABLE):
        return Problem("database_unavailable", headers=RETRY_AFTER)
    if isinstance(error, asyncpg.IntegrityConstraintViolationError):
        return _explain_constraint(error, deleting=deleting)
    if isinstance(error, asyncpg.DataError | asyncpg.ProgramLimitExceededError):
        return Problem("out_of_range")
    return None


def is_refusal(error: BaseException) -> bool:
    """True when this error is a problem with a status below 500, that is, the caller's fault."""
    problem = explain(error)
    return problem is not None and problem.status < 500


def _explain_constraint(error: asyncpg.IntegrityConstraintViolationError, *, deleting: bool) -> Problem:
    if isinstance(error, asyncpg.NotNullViolationError):
        column = error.column_name  # not named by a domain, or by a foreign trigger
        return Problem("not_null_violation", errors=[FieldError(column, "null")] if column else [])
    name = error.constraint_name or ""
    if deleting and isinstance(error, asyncpg.ForeignKeyViolationError | asyncpg.RestrictViolationError):
        return Problem("still_referenced", constraint=f"{name}:delete")
    known = words.CONSTRAINTS.get(name)
    if known is None:
        return Problem(_code_of(error))
    parameters = _parameters(error.detail if isinstance(error, asyncpg.CheckViolationError) else None)
    members = parameters.pop("each", None)
    if members is not None:
        parameters["names"] = [member["name"] for member in members]
        errors = [FieldError(known.field or "", name, member) for member in members]
    else:
        errors = [FieldError(known.field, name, parameters)] if known.field else []
    return Problem(known.code, errors=errors, constraint=name, parameters=parameters)


def _code_of(error: Exception) -> str:
    if isinstance(error, asyncpg.UniqueViolationError):
        return "unique_violation"
    if isinstance(error, asyncpg.ForeignKeyViolationError | asyncpg.RestrictViolationError):
        return "foreign_key_violation"
    return "check_violation"


def _parameters(detail: str | None) -> dict[str, Any]:
    """The DETAIL of a rule's error: an object, a list (then under `each`) or a bare word (then under `value`).

    PostgreSQL's own DETAIL, which shows the whole row, is none of these and is never shown.
    """
    try:
        parsed = json.loads(detail or "{}")
    except ValueError:
        parsed = detail
    if isinstance(parsed, Mapping):
        return dict(parsed)
    if isinstance(parsed, list):
        return {"each": parsed}
    return {"value": parsed}
