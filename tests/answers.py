"""How the API refuses: one shape for every refusal."""

from typing import Any

import httpx

MEMBERS = {"type", "title", "status", "detail", "code", "instance", "errors"}


def problem(answer: httpx.Response) -> dict[str, Any]:
    """The body of a refusal, which has the one shape and says nothing that is for machines alone."""
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
    return answer.status_code, problem(answer)["code"]


def blamed(answer: httpx.Response) -> list[str]:
    """The fields that a validation_error names."""
    assert refused(answer) == (422, "validation_error"), answer.text[:500]
    return [error["field"] for error in problem(answer)["errors"]]
