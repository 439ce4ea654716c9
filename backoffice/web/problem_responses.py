"""The responses of refusals: RFC 9457, in the reader's language; for the admin's front end a sentence to show."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Match
from starlette.types import Scope

from backoffice import words
from backoffice.problems import Problem, describe, field_errors
from backoffice.web.methods import METHODS
from backoffice.web.paths import get_route_path

# The one form of the admin's front end that looks for the sentence in JSON; the others show the body as it is.
ADMIN_PASSWORD_FORM = "/admin/api/change-password/"  # noqa: S105 # an address, not a password

IN_A_PATH = "/:@!$&'()*+,;=~"  # characters that RFC 3986 allows there unescaped

HTTP_CODES = {
    400: "malformed_json",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
}


def respond(problem: Problem, scope: Scope) -> Response:
    """The answer to this request: problem+json, or for the admin's front end the bare sentence, which it shows."""
    language = language_of(scope)
    body = describe(problem, language, quote(scope["path"], IN_A_PATH, errors="replace"))
    problem.headers |= {"Content-Language": "pt-BR" if language == "pt" else "en", "Vary": "Accept-Language"}
    path = get_route_path(scope)
    if path == ADMIN_PASSWORD_FORM:
        return JSONResponse({"detail": _sentence(body, language)}, problem.status, problem.headers)
    if path.startswith("/admin/"):
        return PlainTextResponse(_sentence(body, language), problem.status, problem.headers)
    # A lone surrogate in a name has no UTF-8 bytes, but a JSON escape.
    text = json.dumps(body, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return Response(text, problem.status, problem.headers, media_type="application/problem+json")


def _sentence(body: Mapping[str, Any], language: words.Language) -> str:
    """The text for a form: a line for each error, with fields named as on the screen."""
    errors = [error for error in body["errors"] if error["message"] != body["detail"]]
    if body["code"] != "validation_error":
        return "\n".join([body["detail"], *(error["message"] for error in errors)])
    named = [f"{words.label(error['field'], language)}: {error['message']}".removeprefix(": ") for error in errors]
    return "\n".join(named or [body["detail"]])


def language_of(scope: Scope) -> words.Language:
    """The language that `Accept-Language` asks for, in any number of headers."""
    lines = [value.decode("latin-1") for name, value in scope.get("headers") or () if name == b"accept-language"]
    return _prefers(",".join(lines))


def _prefers(accept_language: str) -> words.Language:
    """Portuguese where the header ranks it above English, or as high and first, else English."""
    ranks: dict[str, float] = {}
    for choice in accept_language.lower().split(","):
        tag, _, quality = choice.replace(" ", "").partition(";q=")
        language = tag.split("-")[0]
        if language in ("en", "pt", "*"):
            ranks[language] = max(ranks.get(language, 0), _quality(quality))
    ranks.setdefault("en", ranks.pop("*", 0))  # any language will be answered in English
    return "pt" if max(ranks, key=ranks.__getitem__) == "pt" and ranks["pt"] else "en"


def _quality(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 0.0


def _allowed(app: FastAPI, request: Request) -> str:
    """The methods that any route at this address offers: Starlette names those of the first alone."""
    offered = {method for method in METHODS if _offers(app, {**request.scope, "method": method})}
    return ", ".join(sorted(offered | {"HEAD"} if "GET" in offered else offered))


def _offers(app: FastAPI, scope: Scope) -> bool:
    return any(route.matches(scope)[0] == Match.FULL for route in app.routes)


def install(app: FastAPI) -> None:
    """Makes refusals of FastAPI and Starlette themselves be raised as a `Problem` as well."""

    def http_problem(request: Request, error: HTTPException) -> NoReturn:
        headers = {"Allow": _allowed(app, request)} if error.status_code == 405 else error.headers
        raise Problem(HTTP_CODES.get(error.status_code, "validation_error"), headers=headers) from error

    def invalid_problem(_: Request, error: RequestValidationError) -> NoReturn:
        problems = error.errors()
        if any(problem["type"] == "json_invalid" for problem in problems):
            raise Problem("malformed_json") from error
        # The first part of `loc` is body, query or path, which the reader knows.
        shortened = [{**problem, "loc": problem["loc"][1:]} for problem in problems]
        raise Problem("validation_error", errors=field_errors(shortened)) from error

    app.add_exception_handler(HTTPException, http_problem)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, invalid_problem)  # type: ignore[arg-type]
