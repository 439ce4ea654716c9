"""PiccoloCRUD, mended and quick: PostgreSQL builds the JSON, every refusal is a `Problem`, every answer a whole row."""

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from uuid import UUID

from piccolo.querystring import QueryString
from piccolo_api.crud.endpoints import PiccoloCRUD
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from backoffice.bodies import read_json
from backoffice.problems import FieldError, Problem, field_errors
from backoffice.query import DEFAULT_LIMIT, MAX_LIMIT, Parameters, columns_of, select_list
from backoffice.resource import Resource
from backoffice.schemas import input_models, output_models


def etag(row: str) -> str:
    """A strong validator: the same for the same bytes of a whole row."""
    return f'"{hashlib.blake2b(row.encode(), digest_size=16).hexdigest()}"'


def is_stale(if_match: str, row: str) -> bool:
    """Whether this If-Match header asks for another version than this row."""
    versions = [version.strip() for version in if_match.split(",")]
    return "*" not in versions and etag(row) not in versions


def json_response(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(text, status, headers, media_type="application/json")


class CRUD(PiccoloCRUD):
    """The routes of one resource. `FastAPIWrapper` and the admin call `root`, `detail` and the `get_…` methods."""

    strict = True  # whether bodies must use JSON's own types

    def __init__(self, resource: Resource, **settings: Any) -> None:
        settings = {"read_only": False, "page_size": DEFAULT_LIMIT, **settings}
        super().__init__(resource.table, **settings)
        self.resource = resource
        self.body, self.patch_body = input_models(
            resource.table,
            owned=resource.owned,
            types=resource.types,
            required=resource.required,
            strict=self.strict,
        )
        details = {name: detail.type for name, detail in resource.details.items()}
        self.row, self.list_row = output_models(resource.table, details)

    # Piccolo builds this model anew for every request.
    @cached_property
    def pydantic_model(self) -> type[BaseModel]:
        model: type[BaseModel] = super().pydantic_model
        return model

    async def root(self, request: Request) -> Response:
        if request.method == "POST":
            return await self.post_single(request, await read_json(request))
        return await self.get_all(request)

    async def detail(self, request: Request) -> Response:
        row_id = self.parse_id(request.path_params["row_id"])
        if request.method == "GET":
            return await self.get_single(request, row_id)
        if request.method == "DELETE":
            return await self.delete_single(request, row_id)
        data = await read_json(request)
        write = self.put_single if request.method == "PUT" else self.patch_single
        return await write(request, row_id, data)

    def parse_id(self, text: str) -> UUID:
        try:
            return UUID(text)
        except ValueError as error:
            raise Problem("validation_error", errors=[FieldError("id", "uuid_parsing")]) from error

    # Reading

    def parameters(self, request: Request) -> Parameters:
        return Parameters(self.table, request.query_params, self.resource.search, self.resource.order)

    async def get_all(self, request: Request, params: Any = None) -> Response:
        self.resource.require(request, "read")
        page = self.parameters(request).page()
        columns = select_list(self.table, page.fields, readable=page.readable)
        table = self.resource.tablename
        sql = (
            f"SELECT json_build_object('rows', coalesce((SELECT json_agg(page) FROM ("
            f'SELECT {columns} FROM "{table}" WHERE {{}} ORDER BY {page.order} LIMIT {{}} OFFSET {{}}) AS page'
            f"), '[]'), 'total', (SELECT count(*) FROM \"{table}\" WHERE {{}}), "
            f"'limit', {page.limit}, 'offset', {page.offset})::text AS body"
        )
        rows = await self.run(QueryString(sql, page.where, page.limit, page.offset, page.where))
        return json_response(rows[0]["body"])

    async def get_single(self, request: Request, row_id: UUID) -> Response:
        self.resource.require(request, "read")
        self.parameters(request)._finish()
        row = await self.read(row_id)
        return json_response(row, headers={"ETag": etag(row)})

    async def read(self, row_id: UUID, *, readable: bool = False) -> str:
        """A whole row as JSON text.

        :raises Problem: not_found.
        """
        columns = select_list(self.table, readable=readable)
        details = "".join(f', {detail.sql} AS "{name}"' for name, detail in self.resource.details.items())
        rows = await self.run(
            QueryString(
                f"SELECT row_to_json(whole)::text AS body FROM "
                f'(SELECT {columns}{details} FROM "{self.resource.tablename}" WHERE id = {{}}) AS whole',
                row_id,
            )
        )
        if not rows:
            raise Problem("not_found")
        return str(rows[0]["body"])

    async def get_ids(self, request: Request) -> Response:
        """At most 1,000 ids with the words that a person knows their rows by."""
        self.resource.require(request, "read")
        parameters = self.parameters(request)
        typed = parameters.given.get("search", "") if self.resource.search is None else ""
        if self.resource.search is None:
            parameters.given.pop("search", None)
        if "limit" not in parameters.given:
            parameters.given["limit"] = str(MAX_LIMIT)
        limit, offset = parameters._window()
        where = parameters.where()
        named = self.table.select(self.table._meta.primary_key, self.table.get_readable())
        sql = (
            "SELECT coalesce(json_object_agg(id, readable), json_build_object())::text AS body FROM ("
            "SELECT id, readable FROM ({}) AS named "
            f'WHERE id IN (SELECT id FROM "{self.resource.tablename}" WHERE {{}}) AND readable ILIKE {{}} '
            "ORDER BY readable, id LIMIT {} OFFSET {}) AS page"
        )
        rows = await self.run(QueryString(sql, named.querystrings[0], where, f"%{typed}%", limit, offset))
        return json_response(rows[0]["body"])

    async def get_count(self, request: Request) -> Response:
        self.resource.require(request, "read")
        where = self.parameters(request).where()
        rows = await self.run(
            QueryString(f'SELECT count(*) AS count FROM "{self.resource.tablename}" WHERE {{}}', where)
        )
        return JSONResponse({"count": rows[0]["count"], "page_size": self.page_size})

    async def get_new(self, request: Request) -> Response:
        """What a new row has before anybody fills it in."""
        self.resource.require(request, "read")
        self.parameters(request)._finish()
        names = [name for name in columns_of(self.table) if name not in self.resource.owned]
        defaults = {name: columns_of(self.table)[name].get_default_value() for name in names}
        return json_response(json.dumps(defaults, default=str))

    async def get_schema(self, request: Request) -> Response:
        self.resource.require(request, "read")
        self.parameters(request)._finish()
        return JSONResponse(self.pydantic_model.model_json_schema())

    async def get_references(self, request: Request) -> Response:
        self.resource.require(request, "read")
        self.parameters(request)._finish()
        response: Response = await super().get_references(request)
        return response

    # Writing

    async def post_single(self, request: Request, data: Any) -> Response:
        self.resource.require(request, "create")
        self.parameters(request)._finish()
        values = await self.prepare(request, self.validate(self.body, data), None)
        row_id = await self.insert(values)
        row = await self.read(row_id)
        return json_response(row, 201, {"ETag": etag(row), "Location": self.resource.address(row_id)})

    async def put_single(self, request: Request, row_id: UUID, data: Any) -> Response:
        return await self.change(request, row_id, data, self.body)

    async def patch_single(self, request: Request, row_id: UUID, data: Any) -> Response:
        return await self.change(request, row_id, data, self.patch_body)

    async def change(self, request: Request, row_id: UUID, data: Any, model: type[BaseModel]) -> Response:
        """PUT and PATCH differ in what must be there; what is left out stays as it is in both."""
        self.resource.require(request, "change")
        self.parameters(request)._finish()
        values = self.validate(model, data)
        old = await self.lock(request, row_id)
        changes: dict[Any, Any] = await self.prepare(request, values, json.loads(old))
        if changes:
            await self.table.update(changes).where(self.table._meta.primary_key == row_id)
        row = await self.read(row_id)
        return json_response(row, headers={"ETag": etag(row)})

    async def delete_single(self, request: Request, row_id: UUID) -> Response:
        self.resource.require(request, "delete")
        self.parameters(request)._finish()
        await self.lock(request, row_id)
        await self.table.delete().where(self.table._meta.primary_key == row_id)
        return Response(status_code=204)

    async def lock(self, request: Request, row_id: UUID) -> str:
        """The row as it is, which nobody else changes until the transaction ends.

        :raises Problem: not_found; stale, when If-Match names another version.
        """
        table = self.resource.tablename
        await self.run(QueryString(f'SELECT FROM "{table}" WHERE id = {{}} FOR NO KEY UPDATE', row_id))
        row = await self.read(row_id)
        if_match = request.headers.get("if-match")
        if if_match is not None and is_stale(if_match, row):
            raise Problem("stale")
        return row

    def validate(self, model: type[BaseModel], data: Any) -> dict[str, Any]:
        """What the body says, of the fields that it may say something about.

        :raises Problem: validation_error, naming each field that is wrong.
        """
        try:
            return model.model_validate(data).model_dump(exclude_unset=True)
        except ValidationError as error:
            raise Problem("validation_error", errors=field_errors(error.errors())) from error

    async def prepare(self, request: Request, values: dict[str, Any], old: Mapping[str, Any] | None) -> dict[str, Any]:
        return values if self.resource.prepare is None else await self.resource.prepare(request, values, old)

    async def insert(self, values: Mapping[str, Any]) -> UUID:
        """Only the given columns, so that the database's own defaults fill the others."""
        columns = ", ".join(f'"{name}"' for name in values)
        places = ", ".join("{}" for _ in values)
        rows = await self.run(
            QueryString(
                f'INSERT INTO "{self.resource.tablename}" ({columns}) VALUES ({places}) RETURNING id',
                *values.values(),
            )
        )
        row_id: UUID = rows[0]["id"]
        return row_id

    async def run(self, query: QueryString) -> Any:
        return await self.table._meta.db.run_querystring(query)
