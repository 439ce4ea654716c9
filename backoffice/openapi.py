"""The API's description: what each route takes and gives, said once and said truly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from piccolo.columns import Column, Text, Varchar
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from backoffice.crud import CRUD
from backoffice.problems import ProblemBody
from backoffice.query import (
    DEFAULT_LIMIT,
    LARGEST_OFFSET,
    MATCHES,
    MAX_LIMIT,
    MAX_SEARCH_LENGTH,
    OPERATORS,
    columns_of,
    is_text,
)
from backoffice.resource import Resource
from backoffice.schemas import output_type
from backoffice.words import PROBLEMS

REF = "#/components/schemas/{model}"
JSON = "application/json"
PROBLEM_JSON = "application/problem+json"

# Models that descriptions refer to by name; they join the components when the description is made.
_models: dict[str, type[BaseModel]] = {"ProblemBody": ProblemBody}

ROW_ID = {"name": "row_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of the version that you have seen. When the row has changed since, the answer is 412.",
    "schema": {"type": "string"},
}
ETAG = {"ETag": {"description": "Changes whenever the row does.", "schema": {"type": "string"}}}
LOCATION = {"Location": {"description": "The address of the new row.", "schema": {"type": "string"}}}
RETRY_AFTER = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}

COUNT = {
    "type": "object",
    "required": ["count", "page_size"],
    "properties": {"count": {"type": "integer"}, "page_size": {"type": "integer"}},
}
REFERENCES = {
    "type": "object",
    "required": ["references"],
    "properties": {
        "references": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tableName", "columnName"],
                "properties": {"tableName": {"type": "string"}, "columnName": {"type": "string"}},
            },
        }
    },
}


def ref(model: type[BaseModel]) -> dict[str, str]:
    """A reference to this model's schema, which is added to the description."""
    _models[model.__name__] = model
    return {"$ref": REF.format(model=model.__name__)}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What a route takes and gives.

    :param refusals: the statuses of problems beside those that every route has.
    """

    name: str
    summary: str
    status: int = 200
    gives: Mapping[str, Any] | None = None
    takes: Mapping[str, Any] | None = None
    takes_body: bool = True
    headers: Mapping[str, Any] = field(default_factory=dict)
    parameters: Sequence[Mapping[str, Any]] = ()
    refusals: tuple[int, ...] = ()

    def as_route(self, resource: Resource) -> dict[str, Any]:
        """The arguments for `add_api_route`."""
        extra: dict[str, Any] = {"parameters": list(self.parameters)}
        if self.takes is not None:
            extra["requestBody"] = {"required": True, "content": {JSON: {"schema": self.takes}}}
        return {
            "operation_id": self.name.format(resource.path.replace("-", "_")),
            "summary": self.summary.format(resource.path.replace("-", " ")),
            "tags": [resource.path],
            "status_code": self.status,
            "response_model": None,
            "openapi_extra": extra,
            "responses": {self.status: self._success(), **problem_responses(*self._refusals())},
        }

    def _success(self) -> dict[str, Any]:
        success: dict[str, Any] = {"description": "Done.", "headers": dict(self.headers)}
        if self.gives is not None:
            success["content"] = {JSON: {"schema": self.gives}}
        return success

    def _refusals(self) -> set[int]:
        body = {400, 413} if self.takes is not None else set()
        return {401, 403, 422, 500, 503, *body, *self.refusals}


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route, as FastAPI's `responses=` takes them."""
    return {status: _problem_response(status) for status in sorted(statuses)}


def _problem_response(status: int) -> dict[str, Any]:
    codes = sorted(code for code, about in PROBLEMS.items() if about.status == status)
    return {
        "description": f"Refused: {', '.join(codes)}.",
        "content": {PROBLEM_JSON: {"schema": {"$ref": REF.format(model="ProblemBody")}}},
        "headers": RETRY_AFTER if status in (429, 503) else {},
    }


def _parameter(name: str, schema: Mapping[str, Any], about: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": about}


def page_parameters(limit: int = DEFAULT_LIMIT) -> list[dict[str, Any]]:
    return [
        _parameter(
            "limit", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": limit}, "How many rows."
        ),
        _parameter("offset", {"type": "integer", "minimum": 0, "maximum": LARGEST_OFFSET}, "How many rows to skip."),
    ]


def _list_parameters(crud: CRUD) -> list[dict[str, Any]]:
    names = "|".join(columns_of(crud.table))
    return [
        *page_parameters(),
        _parameter("__page_size", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT}, "Another word for limit."),
        _parameter("__page", {"type": "integer", "minimum": 1}, "The page, counted from 1, instead of offset."),
        _parameter(
            "__order",
            {"type": "string", "pattern": f"^-?({names})(,-?({names}))*$", "default": crud.resource.order},
            "Columns, separated by commas; a - before one turns it round.",
        ),
        _parameter(
            "__visible_fields",
            {"type": "string", "pattern": f"^({names})(,({names}))*$"},
            "The columns to give, separated by commas.",
        ),
        _parameter(
            "__readable",
            {"type": "string", "enum": ["true", "false"]},
            "Adds what a person calls each row referred to.",
        ),
        *_filter_parameters(crud),
    ]


def _filter_parameters(crud: CRUD) -> list[dict[str, Any]]:
    found = []
    for name, column in columns_of(crud.table).items():
        found.append(_parameter(name, _filter_schema(column), f"Only rows with this {name}."))
        found.append(
            _parameter(f"{name}__operator", {"type": "string", "enum": list(OPERATORS)}, f"How to compare {name}.")
        )
        if is_text(column):
            found.append(
                _parameter(
                    f"{name}__match",
                    {"type": "string", "enum": ["exact", *MATCHES]},
                    f"How to match {name}; contains, where nothing is said.",
                )
            )
    if crud.resource.search is not None:
        schema = {"type": "string", "maxLength": MAX_SEARCH_LENGTH}
        found.append(_parameter("search", schema, "Only rows in which every word typed begins a word."))
    return found


def _filter_schema(column: Column) -> dict[str, Any]:
    if isinstance(column, Varchar | Text):
        return {"type": "string"}
    return TypeAdapter(output_type(column)).json_schema()


def _list_schema(crud: CRUD) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["rows", "total", "limit", "offset"],
        "properties": {
            "rows": {"type": "array", "items": ref(crud.list_row)},
            "total": {"type": "integer", "description": "How many rows the filters leave."},
            "limit": {"type": "integer"},
            "offset": {"type": "integer"},
        },
    }


def describe_list(crud: CRUD) -> dict[str, Operation]:
    """The operations on a whole table."""
    ids = [*page_parameters(MAX_LIMIT), *_filter_parameters(crud)]
    if crud.resource.search is None:
        ids.append(_parameter("search", {"type": "string"}, "Only rows whose words contain this."))
    words = {"type": "object", "additionalProperties": {"type": "string"}}
    created = {**ETAG, **LOCATION}
    return {
        "list": Operation(
            name="list_{}", summary="List {}", gives=_list_schema(crud), parameters=_list_parameters(crud)
        ),
        "create": Operation(
            name="create_{}",
            summary="Create one of the {}",
            status=201,
            takes=ref(crud.body),
            gives=ref(crud.row),
            headers=created,
            refusals=(409,),
        ),
        "ids": Operation(name="name_{}", summary="What people call the {}, by id", gives=words, parameters=ids),
        "new": Operation(name="new_{}", summary="The defaults of the {}", gives={"type": "object"}),
        "count": Operation(name="count_{}", summary="Count the {}", gives=COUNT, parameters=_filter_parameters(crud)),
        "schema": Operation(name="schema_of_{}", summary="The JSON Schema of the {}", gives={"type": "object"}),
        "references": Operation(name="references_to_{}", summary="What refers to the {}", gives=REFERENCES),
    }


def describe_row(crud: CRUD) -> dict[str, Operation]:
    """The operations on one row."""
    row = ref(crud.row)
    checked = [ROW_ID, IF_MATCH]
    return {
        "read": Operation(
            name="read_{}", summary="Read one of the {}", gives=row, headers=ETAG, parameters=[ROW_ID], refusals=(404,)
        ),
        "replace": Operation(
            name="replace_{}",
            summary="Replace one of the {}",
            takes=ref(crud.body),
            gives=row,
            headers=ETAG,
            parameters=checked,
            refusals=(404, 409, 412),
        ),
        "change": Operation(
            name="change_{}",
            summary="Change one of the {}",
            takes=ref(crud.patch_body),
            gives=row,
            headers=ETAG,
            parameters=checked,
            refusals=(404, 409, 412),
        ),
        "delete": Operation(
            name="delete_{}",
            summary="Delete one of the {}",
            status=204,
            parameters=checked,
            refusals=(404, 409, 412),
        ),
    }


def install(app: FastAPI, tags: Sequence[Mapping[str, str]]) -> None:
    """Makes `/openapi.json` say all of the above, and how to log in."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _description(app, tags)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _description(app: FastAPI, tags: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    description = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=[dict(tag) for tag in tags],
    )
    models = [(model, "validation") for model in _models.values()]
    _, definitions = models_json_schema(models, ref_template=REF)  # type: ignore[arg-type]
    components = description.setdefault("components", {})
    components.setdefault("schemas", {}).update(definitions["$defs"])
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "The token that the log-in gives."},
        "cookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": "id",
            "description": "Set by the log-in. Unsafe methods also need X-CSRFToken.",
        },
    }
    for path, operations in description["paths"].items():
        for operation in operations.values():
            _secure(path, operation)
    return description


def _secure(path: str, operation: dict[str, Any]) -> None:
    """Every operation that can answer 401 for want of a log-in needs one."""
    if "401" in operation["responses"] and not path.startswith("/api/auth/login"):
        operation["security"] = [{"token": []}, {"cookie": []}]
