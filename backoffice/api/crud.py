"""PiccoloCRUD, mended and quick: PostgreSQL builds the JSON, every refusal is a `Problem`, every answer a whole row."""

import json
from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any
from uuid import UUID

from piccolo_api.crud.endpoints import PiccoloCRUD
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from backoffice.api.answers import etag, is_stale, json_response
from backoffice.api.bodies import read_json
from backoffice.api.lazy_user import LAZY_USER, Change
from backoffice.api.lazy_user import change as change_for
from backoffice.api.lazy_user import fetch as fetch_for
from backoffice.api.lists import Rows
from backoffice.api.page import DEFAULT_LIMIT
from backoffice.api.query import Parameters
from backoffice.api.resource import Resource
from backoffice.api.routing import authenticates_lazily
from backoffice.api.schemas import Models, blank_row
from backoffice.api.selects import update_sql
from backoffice.api.store import Store
from backoffice.api.values import canonical_uuid
from backoffice.problems import FieldError, Problem, field_errors


class CRUD(PiccoloCRUD):
    """The routes of one resource; `routes.py` has those of REST. The admin calls `root`, `detail` and the `get_…`."""

    strict = True  # whether bodies must use JSON's own types

    def __init__(self, resource: Resource, **settings: Any) -> None:
        settings = {"read_only": False, "page_size": DEFAULT_LIMIT, **settings}
        super().__init__(resource.table, **settings)
        self.resource = resource
        self.models = Models(resource, strict=self.strict)
        self.store = Store(resource)
        self.rows = Rows(resource.table, Parameters(resource, b"").page().order)

    # Piccolo builds this model anew for every request.
    @cached_property
    def pydantic_model(self) -> type[BaseModel]:
        model: type[BaseModel] = super().pydantic_model
        return model

    async def root(self, request: Request) -> Response:
        if request.method == "GET":
            return await self.list_rows(request)
        self.resource.require(request, "create")
        return await self.post_single(request, await read_json(request))

    async def detail(self, request: Request) -> Response:
        if request.method == "GET":
            return await self.read_row(request)
        if request.method != "DELETE":
            return await self.change_row(request)
        self.resource.require(request, "delete")
        return await self.delete_single(request, self.parse_id(request.path_params["row_id"]))

    def parse_id(self, text: str) -> UUID:
        try:
            return UUID(canonical_uuid(text))
        except ValueError as error:
            raise Problem("validation_error", errors=[FieldError("id", "uuid_parsing")]) from error

    # Reading

    def parameters(self, request: Request) -> Parameters:
        shown = self.resource.shown and self.resource.shown(request)
        return Parameters(self.resource, request.scope["query_string"], shown)

    @authenticates_lazily
    async def list_rows(self, request: Request) -> Response:
        await self.authorize_read(request)
        return await self.get_all(request)

    @authenticates_lazily
    async def read_row(self, request: Request) -> Response:
        await self.authorize_read(request)
        row_id = self.parse_id(request.path_params["row_id"])
        await self.require_shown(request, row_id)
        return await self.get_single(request, row_id)

    async def authorize_read(self, request: Request) -> None:
        """Lets in who may read; who that is may be found out later, unless it depends on them what there is to see.

        :raises Problem: unauthenticated, forbidden.
        """
        if LAZY_USER in request.scope and self.resource.shown:
            await request.scope[LAZY_USER].authenticate(request.scope)
        if LAZY_USER not in request.scope:
            self.resource.require(request, "read")

    async def require_shown(self, request: Request, row_id: UUID) -> None:
        """:raises Problem: not_found, where the row is not one that this user may see."""
        shown = self.resource.shown and self.resource.shown(request)
        if shown and not await self.store.meets(row_id, shown):
            raise Problem("not_found")

    @authenticates_lazily
    async def change_row(self, request: Request) -> Response:
        if LAZY_USER not in request.scope:
            self.resource.require(request, "change")
        row_id = self.parse_id(request.path_params["row_id"])
        data = await read_json(request)
        write = self.put_single if request.method == "PUT" else self.patch_single
        return await write(request, row_id, data)

    async def fetch(self, request: Request, sql: str, *arguments: Any) -> Any:
        """What the query answers: one value, or None for no row; for those who may read it.

        :raises Problem: unauthenticated, forbidden.
        """
        value = await fetch_for(self.store.engine, request, sql, *arguments)
        self.resource.require(request, "read")
        return value

    async def get_all(self, request: Request, params: Any = None) -> Response:
        page = self.parameters(request).page()
        return json_response(await self.rows.body(self.store.engine.reader, page, partial(self.fetch, request)))

    async def get_single(self, request: Request, row_id: UUID) -> Response:
        self.parameters(request).finish()
        row = await self.fetch(request, self.store.row_sql, row_id)
        if row is None:
            raise Problem("not_found")
        return json_response(row, headers={"ETag": etag(row)})

    async def get_ids(self, request: Request) -> Response:
        """At most 1,000 ids with the words that a person knows their rows by."""
        self.resource.require(request, "read")
        return json_response(await self.rows.names(self.store.engine, self.parameters(request).names()))

    async def get_count(self, request: Request) -> Response:
        self.resource.require(request, "read")
        total = await self.rows.count(self.store.engine, self.parameters(request).where())
        estimate = {"count_is_estimate": True} if total.is_estimate else {}
        return JSONResponse({"count": total.rows, "page_size": self.page_size, **estimate})

    async def get_new(self, request: Request) -> Response:
        """What a new row has before anybody fills it in."""
        self.resource.require(request, "read")
        self.parameters(request).finish()
        return JSONResponse(blank_row(self.table, self.resource.owned))

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

    # Writing

    async def post_single(self, request: Request, data: Any) -> Response:
        self.parameters(request).finish()
        values = await self.prepare(request, self.validate(self.models.create, data), None)
        row_id = await self.store.insert(values)
        return self.created(request, row_id, await self.store.read(row_id))

    def created(self, request: Request, row_id: object, row: str) -> Response:
        below = request.scope.get("app_root_path", request.scope.get("root_path", ""))  # a mount has a path of its own
        location = f"{below}{self.resource.address(row_id)}"
        return json_response(row, 201, {"ETag": etag(row), "Location": location})

    async def put_single(self, request: Request, row_id: UUID, data: Any) -> Response:
        return await self.change(request, row_id, data, self.models.create)

    async def patch_single(self, request: Request, row_id: UUID, data: Any) -> Response:
        return await self.change(request, row_id, data, self.models.change)

    async def change(self, request: Request, row_id: UUID, data: Any, model: type[BaseModel]) -> Response:
        """PUT and PATCH differ in what must be there; what is left out stays as it is in both."""
        self.parameters(request).finish()
        values = await self.validate_change(request, row_id, data, model)
        if self.looks_first(request):
            await self.authorize(request, "change")
            values = await self.prepare(request, values, json.loads(await self.lock(request, row_id)))
        if values:
            row = await self.update(request, row_id, values)
        else:
            await self.authorize(request, "change")
            row = await self.store.read(row_id)
        return json_response(row, headers={"ETag": etag(row)})

    async def authorize(self, request: Request, right: str) -> None:
        """Finds out who asks, if that is not known yet.

        :raises Problem: unauthenticated, csrf_failed, forbidden.
        """
        if LAZY_USER in request.scope:
            await request.scope[LAZY_USER].authenticate(request.scope)
        self.resource.require(request, right)

    async def write(self, request: Request, right: str, make: Change, *arguments: Any) -> Any:
        """What was changed, None for nothing; by whoever has this right, even if it is not known yet who asks.

        :raises Problem: unauthenticated, csrf_failed, forbidden.
        """
        roles = getattr(self.resource.rights, right)
        changed = await change_for(self.store.engine, request, roles, make, *arguments)
        self.resource.require(request, right)
        return changed

    async def validate_change(
        self, request: Request, row_id: UUID, data: Any, model: type[BaseModel]
    ) -> dict[str, Any]:
        """What is as it was is never wrong: a row can be sent back as it came, details and all.

        :raises Problem: validation_error, naming each field that is wrong.
        """
        try:
            return self.validate(model, data)
        except Problem as problem:
            await self.authorize(request, "change")
            row = await self.store.engine.fetch_value(self.store.row_sql, row_id)
            if row is None or not isinstance(data, dict):
                raise
            old = json.loads(row)
            blamed = {error.field.partition(".")[0] for error in problem.errors}
            if not all(name in data and name in old and _are_same(data[name], old[name]) for name in blamed):
                raise
        return self.validate(self.models.change, {name: value for name, value in data.items() if name not in blamed})

    def looks_first(self, request: Request) -> bool:
        """Whether it must be seen how a row is before it is changed."""
        return bool(self.resource.prepare or self.store.details) or "if-match" in request.headers

    async def update(self, request: Request, row_id: UUID, values: Mapping[str, Any]) -> str:
        """The whole row, changed.

        :raises Problem: not_found; see `write`.
        """
        make = partial(self._update_sql, tuple(values))
        row = await self.write(request, "change", make, row_id, *values.values())
        if row is None:
            raise Problem("not_found")
        return str(row)

    def _update_sql(self, names: tuple[str, ...], condition: str) -> tuple[str]:
        return (update_sql(self.table, self.store.details, names, condition),)

    async def delete_single(self, request: Request, row_id: UUID) -> Response:
        self.parameters(request).finish()
        await self.store.lock_with_children(row_id)
        await self.lock(request, row_id)
        await self.store.delete(row_id)
        return Response(status_code=204)

    async def lock(self, request: Request, row_id: UUID) -> str:
        """The row as it is, which nobody else changes until the transaction ends.

        :raises Problem: not_found; stale, when If-Match names another version.
        """
        row = await self.store.lock(row_id)
        if_match = request.headers.getlist("if-match")
        if if_match and is_stale(",".join(if_match), row):
            raise Problem("stale")
        return row

    def validate(self, model: type[BaseModel], data: Any) -> dict[str, Any]:
        """What the body says, of the fields that it may say something about.

        :raises Problem: validation_error, naming each field that is wrong.
        """
        try:
            return model.model_validate(data).model_dump(exclude_unset=True)
        except ValidationError as error:
            errors = [self._explained(wrong) for wrong in field_errors(error.errors())]
            raise Problem("validation_error", errors=errors) from error

    def _explained(self, error: FieldError) -> FieldError:
        """What a row shows beside its columns is known, but not changed with them."""
        is_detail = error.code == "extra_forbidden" and error.field in self.resource.details
        return FieldError(error.field, "changed_elsewhere") if is_detail else error

    async def prepare(self, request: Request, values: dict[str, Any], old: Mapping[str, Any] | None) -> dict[str, Any]:
        return values if self.resource.prepare is None else await self.resource.prepare(request, values, old)


def _are_same(one: object, other: object) -> bool:
    """As JSON values: to Python, true is 1."""
    return type(one) is type(other) and one == other
