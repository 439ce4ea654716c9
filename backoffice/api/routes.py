"""The REST routes of a resource: those of FastAPIWrapper, but with a true description of what they take and give."""

from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import Any

from fastapi import APIRouter, Request
from piccolo_api.fastapi.endpoints import FastAPIWrapper
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.responses import Response

from backoffice.api.crud import CRUD
from backoffice.api.descriptions import describe_list, describe_row
from backoffice.api.operations import Operation
from backoffice.api.resource import Resource

Endpoint = Callable[[Request], Awaitable[Response]]

# Addresses beside those of the rows, which RowId leaves out: PUT /count/ is not allowed, and looks for no row `count`.
FIXED = ("ids", "new", "count", "schema", "references")

# The routes of a resource that no role may write.
READS = frozenset({"get", "count", "get_single"})


class RowId(StringConvertor):
    """Any path segment except the fixed ones; the route checks whether it is an id."""

    regex = f"(?!(?:{'|'.join(FIXED)})/)[^/]+"


register_url_convertor("row_id", RowId())


def add_resource(router: APIRouter, resource: Resource) -> CRUD:
    """Adds the routes of this resource under `/api/`."""
    crud = CRUD(resource)
    FastAPIWrapper(f"/api/{resource.path}/", _Described(router, crud), crud)  # type: ignore[arg-type] # stands in for one
    return crud


class _Described:
    """Takes the place of the router that FastAPIWrapper expects, and adds each route with its true description.

    The routes take the bare request: FastAPI would otherwise parse some thirty declared filters on every request, even
    when none is sent, and CRUD reads them more strictly anyway.
    """

    def __init__(self, router: APIRouter, crud: CRUD) -> None:
        self.router = router
        self.crud = crud

    def add_api_route(self, *, path: str, endpoint: Any, methods: list[str], **_: Any) -> None:
        name = endpoint.__name__
        if not self._offers(name):
            return
        handler, operation = self._routes[name]
        self.router.add_api_route(
            path.replace("{row_id:str}", "{row_id:row_id}"), handler, **operation.as_route(self.crud.resource, methods)
        )

    def _offers(self, name: str) -> bool:
        resource = self.crud.resource
        return name in READS if resource.read_only else name != "post" or not resource.custom_create

    @cached_property
    def _routes(self) -> dict[str, tuple[Endpoint, Operation]]:
        crud = self.crud
        lists, rows = describe_list(crud), describe_row(crud)
        return {
            "get": (crud.list_rows, lists["list"]),
            "post": (crud.create_row, lists["create"]),
            "ids": (crud.get_ids, lists["ids"]),
            "new": (crud.get_new, lists["new"]),
            "count": (crud.get_count, lists["count"]),
            "schema": (crud.get_schema, lists["schema"]),
            "references": (crud.get_references, lists["references"]),
            "get_single": (crud.read_row, rows["read"]),
            "put": (crud.change_row, rows["replace"]),
            "patch": (crud.change_row, rows["change"]),
            "delete_single": (crud.delete_row, rows["delete"]),
        }
