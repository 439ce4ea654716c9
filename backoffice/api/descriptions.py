"""The OpenAPI description of the routes that every resource has."""

from collections.abc import Iterable, Mapping
from typing import Any

from backoffice.api.crud import CRUD
from backoffice.api.filters import OPERATORS
from backoffice.api.operations import ETAG, IF_MATCH, LOCATION, ROW_ID, ROW_LINK, WRITE_PROBLEMS, Operation
from backoffice.api.page import DEFAULT_LIMIT
from backoffice.api.query import MAX_LIMIT, MAX_OFFSET, MAX_PAGE
from backoffice.api.resource import Resource
from backoffice.api.selects import columns_of
from backoffice.api.text_parts import MATCHES, MAX_SEARCH_LENGTH
from backoffice.api.value_types import kind_of
from backoffice.api.values import CLEAN_PATTERN
from backoffice.web.openapi import named, ref

OPERATOR = named("Operator", {"type": "string", "enum": list(OPERATORS)})
MATCH = named("Match", {"type": "string", "enum": ["exact", *MATCHES]})
COUNT = {
    "type": "object",
    "required": ["count", "page_size"],
    "additionalProperties": False,
    "properties": {
        "count": {"type": "integer"},
        "page_size": {"type": "integer"},
        "count_is_estimate": {"type": "boolean", "description": "There when it was not counted."},
    },
}
REFERENCES = {
    "type": "object",
    "required": ["references"],
    "additionalProperties": False,
    "properties": {
        "references": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tableName", "columnName"],
                "additionalProperties": False,
                "properties": {"tableName": {"type": "string"}, "columnName": {"type": "string"}},
            },
        }
    },
}
NAMES = {"type": "object", "propertyNames": {"format": "uuid"}, "additionalProperties": {"type": "string"}}
JSON_SCHEMA = {"type": "object", "required": ["type", "properties"]}


def _parameter(name: str, schema: Mapping[str, Any], about: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": about}


def page_parameters(limit: int = DEFAULT_LIMIT) -> list[dict[str, Any]]:
    how_many = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": limit}
    skipped = {"type": "integer", "minimum": 0, "maximum": MAX_OFFSET, "default": 0}
    page = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE}
    return [
        _parameter("limit", how_many, "How many rows."),
        _parameter("offset", skipped, "How many rows to skip."),
        _parameter("__page_size", {k: v for k, v in how_many.items() if k != "default"}, "Another word for limit."),
        _parameter("__page", page, "The page, counted from 1, instead of offset."),
    ]


def _list_parameters(crud: CRUD) -> list[dict[str, Any]]:
    order = _list_pattern(crud.resource.ordered, sign="-?")
    fields = _list_pattern(columns_of(crud.table))
    return [
        *page_parameters(),
        _parameter(
            "cursor",
            {"type": "string", "pattern": "^[A-Za-z0-9_=-]*$"},
            "Instead of offset: empty for the first page, then the next_cursor of the page before. Costs the same "
            "however deep; pages neither overlap nor leave gaps when rows come and go.",
        ),
        _order_parameter(crud.resource, order),
        _parameter(
            "__visible_fields",
            {"type": "string", "pattern": fields},
            "The columns to give, separated by commas, each once.",
        ),
        _parameter(
            "__readable",
            {"type": "boolean", "default": False},
            "Adds what a person calls each row referred to.",
        ),
        *filter_parameters(crud),
    ]


def _list_pattern(names: Iterable[str], sign: str = "") -> str:
    """A regular expression for a list as in `name,-stock`, in which no name may occur twice."""
    name = f"({'|'.join(names)})"
    return f"^(?!(.*,)?{sign}{name}(,.*)?,{sign}\\2(,|$)){sign}{name}(,{sign}{name})*$"


def _order_parameter(resource: Resource, pattern: str) -> dict[str, Any]:
    schema = {"type": "string", "pattern": pattern}
    about = "Columns, separated by commas, each once; a - before one turns it round."
    if other := resource.search_order:
        about += f" Where nothing is said: {other.order}, {other.description}, else {resource.order}."
    else:
        schema["default"] = resource.order
    return _parameter("__order", schema, about)


def filter_parameters(crud: CRUD) -> list[dict[str, Any]]:
    parameters = [parameter for name in crud.resource.filtered for parameter in _filter_of(crud.resource, name)]
    if crud.resource.search is not None:
        schema = {"type": "string", "maxLength": MAX_SEARCH_LENGTH, "pattern": CLEAN_PATTERN}
        about = "Only rows in which every word typed begins a word, whatever its case and accents."
        parameters.append(_parameter("search", schema, about))
    return parameters


def _filter_of(resource: Resource, name: str) -> list[dict[str, Any]]:
    about = f"How to compare {name}: e where nothing is said. is_null and not_null take none, or an empty one."
    parameters = [
        _parameter(name, kind_of(resource.filtered[name]).compared, f"Only rows with this {name}."),
        _parameter(f"{name}__operator", OPERATOR, about),
    ]
    if resource.has_parts(name):
        about = f"How to match {name}, instead of an operator: contains, where nothing is said."
        parameters.append(_parameter(f"{name}__match", MATCH, about))
    return parameters


def _ids_parameters(crud: CRUD) -> list[dict[str, Any]]:
    parameters = [*page_parameters(MAX_LIMIT), *filter_parameters(crud)]
    if crud.resource.search is None:
        schema = {"type": "string", "pattern": CLEAN_PATTERN}
        parameters.append(_parameter("search", schema, "Only rows whose names contain this."))
    return parameters


def describe_list(crud: CRUD) -> dict[str, Operation]:
    """The operations on a whole table."""
    return {
        "list": Operation(
            name="list_{many}",
            summary="List {many}",
            description=crud.resource.description,
            gives=ref(crud.models.page),
            parameters=_list_parameters(crud),
        ),
        "create": _describe_create(crud),
        "ids": Operation(
            name="list_{one}_ids",
            summary="What people call the {many}, by id",
            gives=named("NamesById", NAMES),
            parameters=_ids_parameters(crud),
        ),
        "new": Operation(name="new_{one}", summary="What a new {one} begins with", gives=ref(crud.models.new)),
        "count": Operation(
            name="count_{many}",
            summary="Count the {many}",
            gives=named("Count", COUNT),
            parameters=filter_parameters(crud),
        ),
        "schema": Operation(
            name="{one}_schema",
            summary="The JSON Schema of what creates a {one}",
            gives=named("JsonSchema", JSON_SCHEMA),
        ),
        "references": Operation(
            name="{one}_references", summary="What refers to {many}", gives=named("References", REFERENCES)
        ),
    }


def _describe_create(crud: CRUD) -> Operation:
    return Operation(
        name="create_{one}",
        summary="Create a {one}",
        status=201,
        takes=ref(crud.models.create),
        gives=ref(crud.models.row),
        headers={**ETAG, **LOCATION},
        codes=(*WRITE_PROBLEMS, *crud.resource.conflicts.get("create", ())),
        links=dict.fromkeys(("read_{one}", "replace_{one}", "change_{one}", "delete_{one}"), ROW_LINK),
    )


def describe_row(crud: CRUD) -> dict[str, Operation]:
    """The operations on one row."""
    conflicts = crud.resource.conflicts
    change = (*WRITE_PROBLEMS, "not_found", "stale", *conflicts.get("change", ()))
    writes: dict[str, Any] = {"gives": ref(crud.models.row), "headers": ETAG, "parameters": [ROW_ID, IF_MATCH]}
    return {
        "read": Operation(
            name="read_{one}",
            summary="Read a {one}",
            gives=ref(crud.models.row),
            headers=ETAG,
            parameters=[ROW_ID],
            codes=("validation_error", "not_found"),
        ),
        "replace": Operation(
            name="replace_{one}",
            summary="Replace a {one}",
            description="Every required field must be there. An optional one that is left out stays as it is.",
            takes=ref(crud.models.create),
            codes=change,
            **writes,
        ),
        "change": Operation(
            name="change_{one}", summary="Change a {one}", takes=ref(crud.models.change), codes=change, **writes
        ),
        "delete": Operation(
            name="delete_{one}",
            summary="Delete a {one}",
            status=204,
            parameters=[ROW_ID, IF_MATCH],
            codes=("validation_error", "not_found", "stale", *conflicts.get("delete", ())),
        ),
    }
