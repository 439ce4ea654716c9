"""Reading a resource: PostgreSQL builds the JSON, every refusal is a `Problem`."""

from functools import cached_property, partial
from typing import Any
from uuid import UUID

from piccolo_api.crud.endpoints import PiccoloCRUD
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from backoffice.api.answers import json_response, row_response
from backoffice.api.lists import Rows
from backoffice.api.page import DEFAULT_LIMIT
from backoffice.api.query import Parameters
from backoffice.api.resource import Resource, Right
from backoffice.api.schemas import Models, blank_row
from backoffice.api.store import Store
from backoffice.api.values import canonical_uuid
from backoffice.database.engine import the_engine
from backoffice.problems import FieldError, Problem
from backoffice.web.lazy_user import caller_is_unknown, look_up_caller, read_as_caller
from backoffice.web.routing import authenticates_lazily


class ReadCRUD(PiccoloCRUD):
    """The routes of one resource that change nothing."""

    strict = True  # whether bodies must use JSON's own types

    def __init__(self, resource: Resource, **settings: Any) -> None:
        super().__init__(resource.table, read_only=False, page_size=DEFAULT_LIMIT, **settings)
        self.resource = resource
        self.models = Models(resource, strict=self.strict)
        self.store = Store(resource)
        self.rows = Rows(resource.table, Parameters(resource, b"").page().order)

    # Piccolo builds this model anew for every request.
    @cached_property
    def pydantic_model(self) -> type[BaseModel]:
        model: type[BaseModel] = super().pydantic_model
        return model

    def parse_id(self, text: str) -> UUID:
        try:
            return UUID(canonical_uuid(text))
        except ValueError as error:
            raise Problem("validation_error", errors=[FieldError("id", "uuid_parsing")]) from error

    def parameters(self, request: Request) -> Parameters:
        visible = self.resource.row_filter and self.resource.row_filter(request)
        return Parameters(self.resource, request.scope["query_string"], visible)

    @authenticates_lazily
    async def list_rows(self, request: Request) -> Response:
        await self.authorize_read(request)
        return await self.get_all(request)

    @authenticates_lazily
    async def read_row(self, request: Request) -> Response:
        await self.authorize_read(request)
        row_id = self.parse_id(request.path_params["row_id"])
        await self.require_visible(request, row_id)
        return await self.get_single(request, row_id)

    async def authorize_read(self, request: Request) -> None:
        """Refuses callers who may not read. They may be looked up later, unless the visible rows depend on the caller.

        :raises Problem: unauthenticated, forbidden.
        """
        if self.resource.row_filter:
            await look_up_caller(request.scope)
        self.require_if_known(request, "read")

    def require_if_known(self, request: Request, right: Right) -> None:
        """Refuses known callers without this right; who is unknown is looked up, and judged, later.

        :raises Problem: forbidden.
        """
        if not caller_is_unknown(request.scope):
            self.resource.require(request, right)

    async def require_visible(self, request: Request, row_id: UUID) -> None:
        """:raises Problem: not_found, where the row is not one that this user may see."""
        visible = self.resource.row_filter and self.resource.row_filter(request)
        if visible and not await self.store.meets(row_id, visible):
            raise Problem("not_found")

    async def fetch(self, request: Request, sql: str, *arguments: Any) -> Any:
        """Runs a query as the caller, who must be allowed to read; returns one value, or None for no row.

        :raises Problem: unauthenticated, forbidden.
        """
        value = await read_as_caller(request, sql, *arguments)
        self.resource.require(request, "read")
        return value

    async def get_all(self, request: Request, params: Any = None) -> Response:
        page = self.parameters(request).page()
        return json_response(await self.rows.body(the_engine().reader, page, partial(self.fetch, request)))

    async def get_single(self, request: Request, row_id: UUID) -> Response:
        self.parameters(request).finish()
        row = await self.fetch(request, self.store.row_sql, row_id)
        if row is None:
            raise Problem("not_found")
        return row_response(row)

    async def get_ids(self, request: Request) -> Response:
        """At most 1,000 ids with the words that a person knows their rows by."""
        self.resource.require(request, "read")
        return json_response(await self.rows.names(the_engine(), self.parameters(request).names()))

    async def get_count(self, request: Request) -> Response:
        self.resource.require(request, "read")
        total = await self.rows.count(the_engine(), self.parameters(request).where())
        estimate = {"count_is_estimate": True} if total.is_estimate else {}
        return JSONResponse({"count": total.rows, "page_size": self.page_size, **estimate})

    async def get_new(self, request: Request) -> Response:
        """What a new row has before anybody fills it in."""
        self.resource.require(request, "read")
        self.parameters(request).finish()
        return JSONResponse(blank_row(self.table, self.resource.server_managed))

    async def get_schema(self, request: Request) -> Response:
        """The JSON Schema of what creates a row, with what Piccolo's forms want to know under `extra`."""
        self.resource.require(request, "read")
        self.parameters(request).finish()
        return JSONResponse(self.schema)

    @cached_property
    def schema(self) -> dict[str, Any]:
        schema, forms = self.models.create.model_json_schema(), self.pydantic_model.model_json_schema()
        for name, about in forms["properties"].items():
            schema["properties"][name]["extra"] = about["extra"]
        return schema | {"extra": forms["extra"]}

    async def get_references(self, request: Request) -> Response:
        self.resource.require(request, "read")
        self.parameters(request).finish()
        response: Response = await super().get_references(request)
        return response
