"""/openapi.json: complete, valid, and of use to people and to programs that write programs."""

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate
from piccolo.columns import Date, SmallInt
from piccolo.table import Table
from pydantic import TypeAdapter

from backoffice.api.value_types import input_type
from backoffice.settings import ROOT
from backoffice.words import PROBLEMS
from tests.support.bodies import BODIES
from tests.support.cast import Cast
from tests.support.refusals import problem

RESOURCES = ("customers", "products", "presales", "presale-items", "users")
ROUTES = {
    "": {"get", "post"},
    "{row_id}/": {"get", "put", "patch", "delete"},
    **{f"{name}/": {"get"} for name in ("ids", "count", "new", "schema", "references")},
}
ACTIONS = ("submit", "reopen", "approve", "convert", "cancel")
OWN = {
    "/api/presales/{row_id}/items/": {"put"},
    **{f"/api/presales/{{row_id}}/{action}/": {"post"} for action in ACTIONS},
    **{f"/api/audit-trail/{route}": {"get"} for route in ("", "{row_id}/", "count/")},
    "/api/auth/login/": {"post"},
    "/api/auth/logout/": {"post"},
    "/api/auth/me/": {"get"},
    "/api/auth/password/": {"post"},
    "/api/health": {"get"},
    "/api/health/live": {"get"},
}
PUBLIC = {"log_in", "health", "live"}


@pytest.fixture
async def description(cast: Cast) -> dict[str, Any]:
    described: dict[str, Any] = (await cast.stranger.get("/openapi.json")).json()
    return described


def operations(description: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def resolved(description: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in response:
        return response
    found: dict[str, Any] = description["components"]["responses"][response["$ref"].rpartition("/")[2]]
    return found


async def test_it_is_a_valid_description(description: dict[str, Any]) -> None:
    validate(description)
    assert description["openapi"].startswith("3.1")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert description["info"] == {"title": "Flow CRM"} | {name: project[name] for name in ("version", "description")}


async def test_every_schema_is_one_that_something_refers_to(description: dict[str, Any]) -> None:
    referred = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(description)))
    assert description["components"]["schemas"].keys() == referred


async def test_it_has_every_route_and_no_other(description: dict[str, Any]) -> None:
    expected = {f"/api/{name}/{route}": methods for name in RESOURCES for route, methods in ROUTES.items()} | OWN
    assert {path: set(methods) for path, methods in description["paths"].items()} == expected


async def test_operations_have_names_that_make_good_programs(description: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(description)]
    assert len(names) == len(set(names))
    assert all(re.fullmatch("[a-z]+(_[a-z]+)*", name) for name in names)
    assert {"list_customers", "create_presale_item", "submit_presale", "replace_presale_items", "log_in"} <= set(names)
    for _, path, operation in operations(description):
        assert operation["summary"], path
        assert operation["tags"], path


async def test_every_tag_has_a_sentence(description: dict[str, Any]) -> None:
    used = {tag for _, _, operation in operations(description) for tag in operation["tags"]}
    told = {tag["name"]: tag["description"] for tag in description["tags"]}
    assert told.keys() == used
    assert all(sentence.endswith(".") for sentence in told.values())


async def test_everything_but_the_door_is_locked(description: dict[str, Any]) -> None:
    schemes = description["components"]["securitySchemes"]
    assert {scheme["type"] for scheme in schemes.values()} == {"http", "apiKey"}
    for _, path, operation in operations(description):
        if operation["operationId"] in PUBLIC:
            assert "security" not in operation, path
        else:
            assert [list(way) for way in operation["security"]] == [["token"], ["cookie"]], path


async def test_every_refusal_is_a_problem_with_its_codes_and_examples(description: dict[str, Any]) -> None:
    for method, path, operation in operations(description):
        for status, response in operation["responses"].items():
            found = resolved(description, response)
            assert "X-Request-ID" in found["headers"], (method, path, status)
            if status.startswith("2") or (path, status) == ("/api/health", "503"):
                continue
            content = found["content"]["application/problem+json"]
            assert content["schema"] == {"$ref": "#/components/schemas/ProblemBody"}
            for code, example in content["examples"].items():
                assert (example["value"]["code"], example["value"]["status"]) == (code, int(status))
                assert PROBLEMS[code].status == int(status)
            assert ("Retry-After" in found["headers"]) == (status in ("429", "503")), (path, status)
            assert ("WWW-Authenticate" in found["headers"]) == (status == "401"), (path, status)


async def test_every_route_that_reads_a_body_may_refuse_one_that_is_too_large_or_too_slow(
    description: dict[str, Any],
) -> None:
    for method, path, operation in operations(description):
        expected = {"500"} if path.startswith("/api/health") else {"408", "413", "500"}
        assert {"408", "413", "500"} & operation["responses"].keys() == expected, (method, path)


async def test_what_creates_is_told_where_and_what_reads_which_version(description: dict[str, Any]) -> None:
    for method, path, operation in operations(description):
        success = next(operation["responses"][status] for status in operation["responses"] if status.startswith("2"))
        headers = success.get("headers", {})
        created = "201" in operation["responses"]
        assert ("Location" in headers) == created, (method, path)
        one = method != "delete" and (created or "{row_id}" in path)
        assert ("ETag" in headers) == one, (method, path)
        changes = "{row_id}" in path and method != "get"
        assert any(parameter["name"] == "If-Match" for parameter in operation.get("parameters", [])) == changes


def codes(description: dict[str, Any], operation: dict[str, Any], status: str) -> set[str]:
    """Those of the problems that this operation may be refused with by this status."""
    response = operation["responses"].get(status)
    return (
        set(resolved(description, response)["content"]["application/problem+json"]["examples"]) if response else set()
    )


def conflicts(description: dict[str, Any], name: str) -> set[str]:
    [operation] = [one for _, _, one in operations(description) if one["operationId"] == name]
    return codes(description, operation, "409")


async def test_whatever_changes_something_may_be_taken_for_a_forgery(description: dict[str, Any]) -> None:
    for method, path, operation in operations(description):
        expected = method != "get" and operation["operationId"] not in PUBLIC
        assert ("csrf_failed" in codes(description, operation, "403")) == expected, (method, path)


async def test_conflicts_are_named_where_they_can_happen(description: dict[str, Any]) -> None:
    moves = {"invalid_transition", "no_items", "discount_exceeds_sum", "insufficient_stock"}
    for name, expected in {
        "create_customer": {"unique_violation"},
        "delete_customer": {"still_referenced"},
        "change_product": {"unique_violation"},
        "create_presale": set(),
        "change_presale": {"presale_locked"} | moves,
        "replace_presale": {"presale_locked"} | moves,
        "delete_presale": {"presale_locked"},
        "replace_presale_items": {"presale_locked"},
        "submit_presale": {"invalid_transition", "no_items", "discount_exceeds_sum"},
        "approve_presale": {"invalid_transition"},
        "convert_presale": {"invalid_transition", "insufficient_stock"},
        "create_presale_item": {"presale_locked"},
        "delete_presale_item": {"presale_locked"},
        "change_user": {"unique_violation", "last_admin"},
        "delete_user": {"last_admin"},
        "list_customers": set(),
    }.items():
        assert conflicts(description, name) == expected, name


async def test_models_are_closed_and_know_no_secret(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    for name in ("Customer", "Product", "Presale", "PresaleItem", "User"):
        for model in (name, f"{name}Row", f"{name}In", f"{name}Patch", f"{name}List", f"{name}New"):
            assert schemas[model]["additionalProperties"] is False, model
    assert "password" in schemas["UserIn"]["required"]
    assert not any("password" in schemas[model]["properties"] for model in ("User", "UserRow", "UserNew"))


async def test_examples_are_what_may_be_sent(cast: Cast, description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    for path, body in BODIES.items():
        model = schemas[f"{path.removesuffix('s').title()}In"]["properties"]
        example = {name: about["examples"][0] for name, about in model.items() if "examples" in about}
        assert example.keys() >= body.keys()
        created: httpx.Response = await cast.admin.post(f"/api/{path}/", json=example)
        assert created.status_code == 201, created.text
        shown = schemas[f"{path.removesuffix('s').title()}"]["properties"]
        for name, about in shown.items():
            if "examples" in about:
                assert created.json()[name] == about["examples"][0], name


async def test_links_lead_to_operations(description: dict[str, Any]) -> None:
    names = {operation["operationId"] for _, _, operation in operations(description)}
    linked = {
        link["operationId"]
        for _, _, operation in operations(description)
        for response in operation["responses"].values()
        for link in response.get("links", {}).values()
    }
    assert linked <= names
    assert {f"{action}_presale" for action in ACTIONS} <= linked


async def test_the_page_for_people_shows_it(cast: Cast) -> None:
    page = await cast.stranger.get("/docs")
    assert (page.status_code, "/openapi.json" in page.text) == (200, True)
    assert problem(await cast.stranger.get("/redoc"))["code"] == "not_found"


class Shelf(Table, tablename="shelves"):
    counted_on = Date()
    depth = SmallInt()


def test_a_column_of_a_kind_that_has_no_type_is_refused_and_does_not_pass_for_text() -> None:
    with pytest.raises(TypeError, match=r"shelves\.counted_on: no values of a Date are known here"):
        input_type(Shelf.counted_on, strict=True)


def test_integers_have_the_bounds_of_their_columns() -> None:
    bounds = {"minimum": -32768, "maximum": 32767}
    assert TypeAdapter(input_type(Shelf.depth, strict=True)).json_schema() == {"type": "integer", **bounds}
