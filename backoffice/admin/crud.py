"""The routes of the admin's lists and forms: those of the REST API, adapted to piccolo-admin's front end."""

import json
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from backoffice import words
from backoffice.admin import codes, lives, schemas, values
from backoffice.admin.rows import SCREEN, RowsForPeople, prefers
from backoffice.admin.schemas import VERSION
from backoffice.api.answers import etag, is_stale, json_response
from backoffice.api.crud import CRUD
from backoffice.api.filters import NULL_TESTS
from backoffice.api.query import Parameters
from backoffice.api.raw_parameters import RawParameters
from backoffice.api.resource import Resource
from backoffice.api.schemas import blank_row
from backoffice.api.selects import columns_of, referenced_readable_sql
from backoffice.database.engine import the_engine
from backoffice.problems import FieldError, Problem
from backoffice.web.problem_responses import language_of


class AdminCRUD(CRUD):
    """The CRUD routes, adapted to the admin's front end.

    :param resources: those of the admin; references from other tables are left out.
    """

    strict = False  # forms send everything as text

    def __init__(self, resource: Resource, resources: Collection[Resource]) -> None:
        super().__init__(resource, schema_extra=schemas.front_end_settings(resource))
        self.resources = {one.tablename: one for one in resources}
        self.for_people = RowsForPeople(resource, {name: columns_of(one.table) for name, one in self.resources.items()})
        self.secrets = {column._meta.name for column in resource.table._meta.secret_columns}
        self.keys = resource.table._meta.foreign_key_columns
        offered = "".join(resource.admin.offered or ())
        self.beside = [column for name, column in columns_of(resource.table).items() if f"{{{name}}}" in offered]

    # Reading

    def parameters(self, request: Request) -> Parameters:
        """The parameters, without those that the front end sends although the user chose nothing."""
        parameters = super().parameters(request)
        given = parameters.given
        self.for_people.read_filters(request, given)
        self._leave_out_comparisons(given)
        if given.get("__order") == self.resource.order or request.url.path.endswith("/count/"):
            given.pop("__order", None)  # sent for every list, also where nobody chose an order
        for name in ("__order", "__visible_fields"):
            if name in given:
                self._leave_out_unshown(given, name)
        return parameters

    def _leave_out_comparisons(self, given: RawParameters) -> None:
        """Drops operators and matches without a value, and matches where there is nothing to match.

        The filter form sends an operator for every column, and a match for every one that is a string in JSON.
        """
        for name in list(given):
            column, _, kind = name.rpartition("__")
            if kind not in ("operator", "match"):
                continue
            is_null_test = given.get(f"{column}__operator") in NULL_TESTS
            has_no_value = column not in given and not is_null_test
            has_no_parts = column in self.resource.filtered and not self.resource.has_parts(column)
            if has_no_value or (kind == "match" and (has_no_parts or is_null_test)):
                del given[name]

    def _leave_out_unshown(self, given: RawParameters, name: str) -> None:
        """Drops secrets, the version and repeated names: the front end offers every field for sorting and export."""
        columns = {part.removeprefix("-"): part for part in reversed(given.pop(name).split(","))}
        parts = [part for column, part in columns.items() if column not in self.secrets | {VERSION, ""}]
        if parts:
            given[name] = ",".join(reversed(parts))

    async def get_all(self, request: Request, params: Any = None) -> Response:
        response = await super().get_all(request, params)
        if not self.for_people.differ(request):
            return response
        page = json.loads(bytes(response.body))
        rows = [self.for_people.listed(request, row) for row in page["rows"]]
        return json_response(json.dumps({**page, "rows": rows}))

    async def get_single(self, request: Request, row_id: UUID) -> Response:
        # The version is read first: if the row changes in between, the form will be refused as stale.
        version = etag(await self.store.read(row_id))
        row = json.loads(await self.store.read(row_id, readable=True))
        shown = self.for_people.shown(request, row) | await lives.closure(self.resource.admin.within, row)
        return json_response(json.dumps({**shown, VERSION: version}))

    async def get_new(self, request: Request) -> Response:
        """The initial values of a new row; foreign keys given as parameters are filled in, with readable names."""
        self.resource.require(request, "read")
        parameters = self.parameters(request)
        owners = {key: parameters.given.pop(key._meta.name) for key in self.keys if key._meta.name in parameters.given}
        parameters.finish()
        row = self.for_people.shown(request, blank_row(self.table, self.resource.server_managed))
        for key, row_id in owners.items():
            name = await the_engine().fetch_value(referenced_readable_sql(key), self.parse_id(row_id))
            row |= {key._meta.name: row_id, f"{key._meta.name}_readable": name} if name else {}
        return JSONResponse(row | await lives.closure(self.resource.admin.within, row))

    async def get_ids(self, request: Request) -> Response:
        """As in the API, but a row whose whole code was typed comes before all others, and a header tells its id.

        On the screen with what `AdminView.offered` says of each.
        """
        self.resource.require(request, "read")
        parameters, beside = self.parameters(request), self.beside if prefers(request, SCREEN) else ()
        typed, page = parameters.given.get("search", ""), parameters.names()
        names, meant = await codes.find_names(self.rows, page, typed, beside)
        offered = {row_id: self._offered(request, name) for row_id, name in names.items()}
        return JSONResponse(offered, headers={codes.HEADER: meant} if meant else {})

    def _offered(self, request: Request, name: Any) -> Any:
        """:param name: alone, or with columns beside it."""
        if self.resource.admin.offered is None or isinstance(name, str):
            return name
        shown = self.for_people.shown(request, name)
        return words.translate(self.resource.admin.offered, language_of(request.scope), **shown)

    async def get_references(self, request: Request) -> Response:
        response = await super().get_references(request)
        references = json.loads(bytes(response.body))["references"]
        return JSONResponse({"references": [one for one in references if one["tableName"] in self.resources]})

    async def get_schema(self, request: Request) -> Response:
        self.resource.require(request, "read")
        return JSONResponse(schemas.schema_for(request, self.resource, self.resources, self.pydantic_model))

    # Writing

    async def post_single(self, request: Request, data: Any) -> Response:
        filled = {name: value for name, value in self.for_people.typed(request, data).items() if value is not None}
        in_words = self.resource.admin.in_words
        if in_words is None:
            return await super().post_single(request, filled)
        async with the_engine().transaction():
            created = await super().post_single(request, filled)
            row = json.loads(bytes(created.body))
            shown = json.loads(await self.store.read(UUID(row["id"]), readable=True))
            written = partial(values.decimal, language=language_of(request.scope), apart=True)
            said = {"said": await in_words(self.for_people.shown(request, shown), written)}
        headers = {name: created.headers[name] for name in ("ETag", "Location")}
        return JSONResponse(row | said, created.status_code, headers)

    async def change(self, request: Request, row_id: UUID, data: Any, model: type[BaseModel]) -> Response:
        """Changes the row and answers as `get_single` does, so that the form can be filled anew."""
        typed = self.for_people.typed(request, data)
        request.state.version = typed.pop(VERSION, None)
        unchanged = {name for name in self.secrets if typed.get(name) is None}
        await super().change(request, row_id, {name: typed[name] for name in typed.keys() - unchanged}, model)
        return await self.get_single(request, row_id)

    def sent_back(self, request: Request, row: dict[str, Any]) -> dict[str, Any]:
        return row | self.for_people.written(request, row)

    def looks_first(self, request: Request) -> bool:
        return True  # for the version in the form

    async def lock(self, request: Request, row_id: UUID) -> str:
        row = await super().lock(request, row_id)
        version = getattr(request.state, VERSION, None)
        request.state.is_stale = version is not None and is_stale(str(version), row)
        return row

    async def prepare(self, request: Request, values: dict[str, Any], old: Mapping[str, Any] | None) -> dict[str, Any]:
        """Drops the fields that are sent back unchanged, since a form sends all its fields.

        :raises Problem: stale, unless nothing would change: a form may be sent again whose answer was lost.
        """
        touched = self.for_people.touched(values, old or {})
        if touched and old is not None and request.state.is_stale:
            raise Problem("stale")
        return await super().prepare(request, touched, old)

    def validate(self, model: type[BaseModel], data: Any) -> dict[str, Any]:
        """As in CRUD, but null is reported as missing: in a form it is an empty field."""
        try:
            return super().validate(model, data)
        except Problem as problem:
            problem.errors = [
                FieldError(error.field, "missing") if error.code == "null" else error for error in problem.errors
            ]
            raise
