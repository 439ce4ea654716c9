"""How each door refuses: REST in one shape, the admin in plain text, the database by the name of a rule."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import httpx
import pytest

NOT_ALLOWED = "Your role does not allow this."
MEMBERS = {"type", "title", "status", "detail", "code", "instance", "errors"}


def problem(answer: httpx.Response) -> dict[str, Any]:
    """The body of a refusal over REST, which has the one shape and says nothing that is for machines alone."""
    assert answer.headers["content-type"] == "application/problem+json", (answer.status_code, answer.text[:500])
    body: dict[str, Any] = answer.json()
    assert body.keys() == MEMBERS
    assert body["status"] == answer.status_code
    assert all(error.keys() == {"field", "code", "message"} and error["message"] for error in body["errors"])
    assert body["title"]
    assert body["detail"]
    assert answer.headers["x-request-id"]
    return body


def refused(answer: httpx.Response) -> tuple[int, str]:
    """By status and code, over REST."""
    return answer.status_code, problem(answer)["code"]


def blamed(answer: httpx.Response) -> list[str]:
    """The fields that a validation_error names."""
    assert refused(answer) == (422, "validation_error"), answer.text[:500]
    return [error["field"] for error in problem(answer)["errors"]]


def refused_in_words(answer: httpx.Response, status: int, text: str) -> None:
    """As the admin is: its front end shows plain text as it is, and everything else badly."""
    assert (answer.status_code, answer.text) == (status, text)
    assert answer.headers["content-type"].startswith("text/plain")


@contextmanager
def refused_by(constraint: str) -> Iterator[None]:
    """The database refuses what happens inside, and blames this constraint or rule."""
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refusal:
        yield
    assert refusal.value.constraint_name == constraint
