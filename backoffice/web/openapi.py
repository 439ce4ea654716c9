"""Builds the API's description: the schemas that routes refer to by name, their refusals, the log-in."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from starlette.routing import BaseRoute

from backoffice.problems import Problem, ProblemBody, describe
from backoffice.words import PROBLEMS

PROBLEM_JSON = "application/problem+json"
REF = "#/components/schemas/{model}"  # where the description has a named schema


class Reference(dict[str, str]):
    """A `$ref` to a schema by its name; the schema is added to the components when a route uses it.

    :param to: the model whose schema it is, or the schema.
    """

    def __init__(self, name: str, to: type[BaseModel] | Mapping[str, Any]) -> None:
        super().__init__({"$ref": REF.format(model=name)})
        self.name = name
        self.to = to


def answer_header(about: str, kind: str = "string") -> dict[str, Any]:
    return {"description": about, "required": True, "schema": {"type": kind}}


REQUEST_ID = {"X-Request-ID": answer_header("Stands in our log beside what this request did. Yours, if you sent one.")}
RETRY_AFTER = {"Retry-After": answer_header("Seconds.", "integer")}
LANGUAGE = {"Content-Language": answer_header("Of the words in the body, as `Accept-Language` asks for: en or pt-BR.")}
CHALLENGE = {"WWW-Authenticate": answer_header("How to log in.")}

DATABASE = ("database_unavailable", "database_busy", "database_timeout")
ALWAYS = ("body_too_large", "body_too_slow", "internal_error", *DATABASE, "shutting_down")


def ref(model: type[BaseModel]) -> Reference:
    return Reference(model.__name__, model)


def named(name: str, schema: Mapping[str, Any]) -> Reference:
    """A reference to a schema without a model."""
    return Reference(name, {"title": name, **schema})


def described_problems(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route, as FastAPI's `responses=` takes them.

    :raises KeyError: for a code that has no words yet.
    """
    statuses = sorted({PROBLEMS[code].status for code in codes})
    return {
        status: _problem_response(sorted({code for code in codes if PROBLEMS[code].status == status}))
        for status in statuses
    }


def _problem_response(codes: Sequence[str]) -> dict[str, Any]:
    status = PROBLEMS[codes[0]].status
    examples = {code: {"value": describe(Problem(code), "en", "/api/…")} for code in codes}
    headers = {401: CHALLENGE, 429: RETRY_AFTER, 503: RETRY_AFTER}.get(status, {})
    return {
        "description": f"Refused: {', '.join(codes)}.",
        "content": {PROBLEM_JSON: {"schema": ref(ProblemBody), "examples": examples}},
        "headers": {**LANGUAGE, **headers},
    }


def install(app: FastAPI, tags: Mapping[str, str], security: Mapping[str, Any]) -> None:
    """Makes `/openapi.json` say all of the above, and how to log in.

    :param tags: a sentence about each.
    :param security: the schemes, by their names, any of which will do.
    """

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _description(app, tags, security)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _description(app: FastAPI, tags: Mapping[str, str], security: Mapping[str, Any]) -> dict[str, Any]:
    description = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=[{"name": name, "description": about} for name, about in tags.items()],
    )
    components = description.setdefault("components", {})
    components.setdefault("schemas", {}).update(_schemas(app.routes))
    components["securitySchemes"] = security
    for operations in description["paths"].values():
        for operation in operations.values():
            if _wants_a_log_in(operation):
                operation["security"] = [{name: []} for name in security]
            _share_responses(operation, components.setdefault("responses", {}))
    return description


def _schemas(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The schemas that these routes refer to, by name."""
    found = {
        reference.name: reference.to
        for route in iter_route_contexts(routes)
        if getattr(route, "include_in_schema", False)
        for reference in _references([route.openapi_extra, route.responses])
    }
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (to, "validation") for to in found.values() if isinstance(to, type)
    ]
    _, definitions = models_json_schema(models, ref_template=REF)
    return {**definitions["$defs"], **{name: to for name, to in found.items() if isinstance(to, Mapping)}}


def _references(part: object) -> Iterator[Reference]:
    """All references within, at any depth."""
    if isinstance(part, Reference):
        yield part
    elif isinstance(part, Mapping | list):
        for member in part.values() if isinstance(part, Mapping) else part:
            yield from _references(member)


def _wants_a_log_in(operation: dict[str, Any]) -> bool:
    refused = operation["responses"].get("401")
    return refused is not None and "unauthenticated" in refused["content"][PROBLEM_JSON]["examples"]


def _share_responses(operation: dict[str, Any], shared: dict[str, Any]) -> None:
    """Moves refusals to the shared responses, each only once; and adds X-Request-ID to the headers of all answers."""
    for status, response in operation["responses"].items():
        response["headers"] = {**REQUEST_ID, **response.get("headers", {})}
        if PROBLEM_JSON in response.get("content", {}):
            codes = response["content"][PROBLEM_JSON]["examples"]
            name = "-".join([status, *codes])
            shared[name] = response
            operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
