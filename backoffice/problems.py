"""Refusals: a `Problem` is raised wherever something is refused; the outermost middleware answers with RFC 9457."""

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Match
from starlette.types import Scope

from backoffice import words

# The one form of the admin's front end that looks for the sentence in JSON; the others show the body as it is.
ADMIN_PASSWORD_FORM = "/admin/api/change-password/"  # noqa: S105 # an address, not a password

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
LONGEST_FIELD = 100  # characters of a field's name that an answer repeats
MOST_ERRORS = 100  # in one answer; whoever sends ten thousand wrong lines sees the pattern

HTTP_CODES = {
    400: "malformed_json",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
}


@dataclasses.dataclass(frozen=True)
class FieldError:
    """One wrong value: where it is, a code of `words.VALUE_ERRORS` or of a constraint, and the code's parameters."""

    field: str
    code: str
    parameters: Mapping[str, object] = dataclasses.field(default_factory=dict)


class Problem(Exception):
    """A request is refused.

    :param code: a key of `words.PROBLEMS`, which gives the status and the words.
    :param errors: which values are to blame.
    :param constraint: the constraint whose words say more than the code's.
    :param headers: sent with the answer.
    :param parameters: for the sentence.
    """

    def __init__(
        self,
        code: str,
        *,
        errors: Sequence[FieldError] = (),
        constraint: str | None = None,
        headers: Mapping[str, str] | None = None,
        parameters: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.errors = errors
        self.constraint = constraint
        self.headers = dict(headers or {})
        self.parameters = parameters or {}

    @property
    def status(self) -> int:
        return words.PROBLEMS[self.code].status


class ErrorBody(BaseModel):
    """One value that is to blame."""

    field: str
    code: str
    message: str


class ProblemBody(BaseModel):
    """RFC 9457, `application/problem+json`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str
    errors: list[ErrorBody]


def describe(problem: Problem, language: words.Language, instance: str) -> dict[str, Any]:
    """The body of the answer, as `ProblemBody` says."""
    about = words.PROBLEMS[problem.code]
    errors = [
        {"field": error.field, "code": _public_code(error), "message": _message(error, language)}
        for error in problem.errors[:MOST_ERRORS]
    ]
    return {
        "type": f"urn:problem:{problem.code}",
        "title": words.say(about.title, language),
        "status": about.status,
        "detail": _detail(problem, language),
        "code": problem.code,
        "instance": instance,
        "errors": errors,
    }


def _detail(problem: Problem, language: words.Language) -> str:
    if problem.constraint in words.CONSTRAINTS:
        says = words.CONSTRAINTS[problem.constraint].says
        return _say(says, words.PROBLEMS[problem.code].detail, language, problem.parameters)
    if problem.code == "validation_error" and problem.errors:
        return " ".join(
            f"{error.field}: {_message(error, language)}" if error.field else _message(error, language)
            for error in problem.errors[:3]
        )
    return words.say(words.PROBLEMS[problem.code].detail, language, **problem.parameters)


def _say(text: words.Text, plainer: words.Text, language: words.Language, parameters: Mapping[str, object]) -> str:
    """The sentence, or a plainer one where nobody gave what the sentence wants to name."""
    try:
        return words.say(text, language, **parameters)
    except KeyError:
        return words.say(plainer, language)


def _public_code(error: FieldError) -> str:
    constraint = words.CONSTRAINTS.get(error.code)
    return constraint.code if constraint else words.SAME_WORDS.get(error.code, error.code)


def _message(error: FieldError, language: words.Language) -> str:
    if error.code in words.CONSTRAINTS:
        constraint = words.CONSTRAINTS[error.code]
        plainer = words.PROBLEMS[constraint.code].detail
        return _say(constraint.each or constraint.says, plainer, language, error.parameters)
    if error.code in words.PROBLEMS:
        return words.say(words.PROBLEMS[error.code].detail, language, **error.parameters)
    code, plainer = words.SAME_WORDS.get(error.code, error.code), words.VALUE_ERRORS["invalid"]
    return _say(words.VALUE_ERRORS.get(code, plainer), plainer, language, error.parameters)


def respond(problem: Problem, scope: Scope) -> Response:
    """The answer to this request: problem+json, or for the admin's front end the bare sentence, which it shows."""
    headers = dict(scope.get("headers") or [])
    language = prefers(headers.get(b"accept-language", b"").decode("latin-1"))
    body = describe(problem, language, scope["path"])
    problem.headers |= {"Content-Language": "pt-BR" if language == "pt" else "en", "Vary": "Accept-Language"}
    if scope["path"] == ADMIN_PASSWORD_FORM:
        return JSONResponse({"detail": _sentence(body, language)}, problem.status, problem.headers)
    if scope["path"].startswith("/admin/"):
        return PlainTextResponse(_sentence(body, language), problem.status, problem.headers)
    # Half a character in an address or a name has no bytes of its own, but a JSON escape.
    text = json.dumps(body, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return Response(text, problem.status, problem.headers, media_type="application/problem+json")


def _sentence(body: Mapping[str, Any], language: words.Language) -> str:
    """What somebody at a form is told, a line for each thing that is wrong, with fields by the names on the screen."""
    errors = [error for error in body["errors"] if error["message"] != body["detail"]]
    if body["code"] != "validation_error":
        return "\n".join([body["detail"], *(error["message"] for error in errors)])
    named = [f"{words.label(error['field'], language)}: {error['message']}".removeprefix(": ") for error in errors]
    return "\n".join(named or [body["detail"]])


def prefers(accept_language: str) -> words.Language:
    """Portuguese where the header ranks it above English, or as high and first, else English."""
    ranks: dict[str, float] = {}
    for choice in accept_language.lower().split(","):
        tag, _, quality = choice.replace(" ", "").partition(";q=")
        language = tag.split("-")[0]
        if language in ("en", "pt"):
            ranks[language] = max(ranks.get(language, 0), _quality(quality))
    return "pt" if max(ranks, key=ranks.__getitem__, default="en") == "pt" and ranks["pt"] else "en"


def _quality(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 0.0


def field_errors(errors: Sequence[ErrorDetails | Any]) -> list[FieldError]:
    """pydantic's errors, in our words. Fields in lists are named by their position: `items.0.quantity`."""
    return [
        FieldError(".".join(str(part) for part in error["loc"])[:LONGEST_FIELD], _code(error), _parameters(error))
        for error in errors[:MOST_ERRORS]
    ]


def _parameters(error: ErrorDetails) -> Mapping[str, object]:
    """pydantic lists what was expected in an English sentence."""
    parameters = error.get("ctx") or {}
    if "expected" in parameters:
        return {"expected": ", ".join(re.findall("'[^']*'", parameters["expected"]))}
    return parameters


def _code(error: ErrorDetails) -> str:
    if error["input"] is None and error["type"] != "missing":
        return "null"
    return words.SAME_WORDS.get(error["type"], error["type"])


def _allowed(app: FastAPI, request: Request) -> str:
    """The methods that any route at this address offers: Starlette names those of the first alone."""
    offered = [method for method in METHODS if _offers(app, {**request.scope, "method": method})]
    return ", ".join(offered)


def _offers(app: FastAPI, scope: Scope) -> bool:
    return any(route.matches(scope)[0] == Match.FULL for route in app.routes)


def install(app: FastAPI) -> None:
    """What FastAPI and Starlette refuse on their own is raised as a `Problem` as well."""

    def http_problem(request: Request, error: HTTPException) -> NoReturn:
        headers = {"Allow": _allowed(app, request)} if error.status_code == 405 else error.headers
        raise Problem(HTTP_CODES.get(error.status_code, "validation_error"), headers=headers) from error

    def invalid_problem(_: Request, error: RequestValidationError) -> NoReturn:
        problems = error.errors()
        if any(problem["type"] == "json_invalid" for problem in problems):
            raise Problem("malformed_json") from error
        # The first part of the place says body, query or path: the reader knows.
        shortened = [{**problem, "loc": problem["loc"][1:]} for problem in problems]
        raise Problem("validation_error", errors=field_errors(shortened)) from error

    app.add_exception_handler(HTTPException, http_problem)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, invalid_problem)  # type: ignore[arg-type]
