"""The routes of the admin's lists and forms: those of the REST API, adapted to piccolo-admin's front end."""

import json
import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from piccolo.columns import JSONB, Column, Integer, Numeric, Timestamptz, Varchar
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from backoffice import words
from backoffice.admin import codes, lives, schemas, values
from backoffice.admin.schemas import VERSION
from backoffice.admin.values import tidied
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

# In the Prefer header of requests whose answer people read on the screen, or in a spreadsheet.
SCREEN = "screen"
EXPORT = "export"


class AdminCRUD(CRUD):
    """The CRUD routes, adapted to the admin's front end.

    :param resources: those of the admin; references from other tables are left out.
    """

    strict = False  # forms send everything as text

    def __init__(self, resource: Resource, resources: Collection[Resource]) -> None:
        super().__init__(resource, schema_extra=schemas.front_end_settings(resource))
        self.resources = {one.tablename: one for one in resources}
        self.tables = {name: columns_of(one.table) for name, one in self.resources.items()}
        self.secrets = {column._meta.name for column in resource.table._meta.secret_columns}
        self.decimals = self._columns(Numeric)
        self.times = self._columns(Timestamptz)
        self.json_columns = self._columns(JSONB)
        self.one_line_fields = self._columns(Varchar, Numeric, Integer) - self.secrets
        self.keys = resource.table._meta.foreign_key_columns
        offered = "".join(resource.admin.offered or ())
        self.beside = [column for name, column in columns_of(resource.table).items() if f"{{{name}}}" in offered]

    def _columns(self, *kinds: type[Column]) -> set[str]:
        return {column._meta.name for column in self.table._meta.columns if isinstance(column, kinds)}

    # Reading

    def parameters(self, request: Request) -> Parameters:
        """The parameters, without those that the front end sends although the user chose nothing."""
        parameters = super().parameters(request)
        given = parameters.given
        given.update(tidied(given, self.one_line_fields))
        decimals, unclear = values.with_points(self._decimals_of(given), language_of(request.scope))
        given.update(decimals)
        given.errors += unclear
        given.update(values.to_the_end_of_seconds(given, self.times))
        self._leave_out_comparisons(given)
        if given.get("__order") == self.resource.order or request.url.path.endswith("/count/"):
            given.pop("__order", None)  # sent for every list, also where nobody chose an order
        for name in ("__order", "__visible_fields"):
            if name in given:
                self._leave_out_unshown(given, name)
        return parameters

    def _leave_out_comparisons(self, given: RawParameters) -> None:
        """Drops operators and matches without a value, and matches of columns that have no parts."""
        for name in list(given):
            column, _, kind = name.rpartition("__")
            if kind == "match" and column in self.resource.filtered and not self.resource.has_parts(column):
                del given[name]  # sent for every column that is a string in JSON
                continue
            if kind == "operator" and given[name] in NULL_TESTS and given.get(column) == "":
                del given[column]
            if kind in ("operator", "match") and column not in given and not given[name].endswith("null"):
                del given[name]  # the filter form sends these whether or not there is a value

    def _leave_out_unshown(self, given: RawParameters, name: str) -> None:
        """Drops secrets, the version and repeated names: the front end offers every field for sorting and export."""
        columns = {part.removeprefix("-"): part for part in reversed(given.pop(name).split(","))}
        parts = [part for column, part in columns.items() if column not in self.secrets | {VERSION, ""}]
        if parts:
            given[name] = ",".join(reversed(parts))

    async def get_all(self, request: Request, params: Any = None) -> Response:
        response = await super().get_all(request, params)
        if not (self.json_columns or self.decimals or _is_for_people(request)):
            return response
        page = json.loads(bytes(response.body))
        rows = [self._as_shown(request, row) for row in page["rows"]]
        if _prefers(request, EXPORT):
            rows = [{name: values.for_spreadsheet(value) for name, value in row.items()} for row in rows]
        return json_response(json.dumps({**page, "rows": rows}))

    async def get_single(self, request: Request, row_id: UUID) -> Response:
        # The version is read first: if the row changes in between, the form will be refused as stale.
        version = etag(await self.store.read(row_id))
        row = json.loads(await self.store.read(row_id, readable=True))
        shown = self._as_shown(request, row) | await lives.closure(self.resource.admin.within, row)
        return json_response(json.dumps({**shown, VERSION: version}))

    async def get_new(self, request: Request) -> Response:
        """The initial values of a new row; foreign keys given as parameters are filled in, with readable names."""
        self.resource.require(request, "read")
        parameters = self.parameters(request)
        owners = {key: parameters.given.pop(key._meta.name) for key in self.keys if key._meta.name in parameters.given}
        parameters.finish()
        row = self._as_shown(request, blank_row(self.table, self.resource.server_managed))
        for key, row_id in owners.items():
            name = await the_engine().fetch_value(referenced_readable_sql(key), self.parse_id(row_id))
            row |= {key._meta.name: row_id, f"{key._meta.name}_readable": name} if name else {}
        return JSONResponse(row | await lives.closure(self.resource.admin.within, row))

    def _as_shown(self, request: Request, row: dict[str, Any]) -> dict[str, Any]:
        language, tables = language_of(request.scope), self.resource.admin.tables
        columns = self.tables.get(row.get(tables._meta.name, ""), {}) if tables else {}
        apart = _prefers(request, SCREEN)
        decimals = {name: value for name, value in self._decimals_of(row).items() if value}
        return (
            row
            | {name: values.tell(row[name], columns, language) for name in self.json_columns & row.keys() if row[name]}
            | {name: values.decimal(value, language, apart=apart) for name, value in decimals.items()}
            | self._written(request, row)
        )

    def _written(self, request: Request, row: Mapping[str, Any]) -> dict[str, Any]:
        written = self.resource.admin.written if _is_for_people(request) else {}
        return {name: re.sub(*written[name], row[name]) for name in written.keys() & row.keys() if row[name]}

    async def get_ids(self, request: Request) -> Response:
        """As in the API, but a row whose whole code was typed comes before all others, and a header tells its id.

        On the screen with what `AdminView.offered` says of each.
        """
        self.resource.require(request, "read")
        parameters, beside = self.parameters(request), self.beside if _prefers(request, SCREEN) else ()
        typed, page = parameters.given.get("search", ""), parameters.names()
        names, meant = await codes.find_names(self.rows, page, typed, beside)
        offered = {row_id: self._offered(request, name) for row_id, name in names.items()}
        return JSONResponse(offered, headers={codes.HEADER: meant} if meant else {})

    def _offered(self, request: Request, name: Any) -> Any:
        """:param name: alone, or with columns beside it."""
        if self.resource.admin.offered is None or isinstance(name, str):
            return name
        return words.translate(self.resource.admin.offered, language_of(request.scope), **self._as_shown(request, name))

    async def get_references(self, request: Request) -> Response:
        response = await super().get_references(request)
        references = json.loads(bytes(response.body))["references"]
        return JSONResponse({"references": [one for one in references if one["tableName"] in self.tables]})

    async def get_schema(self, request: Request) -> Response:
        self.resource.require(request, "read")
        return JSONResponse(schemas.schema_for(request, self.resource, self.resources, self.pydantic_model))

    # Writing

    async def post_single(self, request: Request, data: Any) -> Response:
        filled = {name: value for name, value in self._typed(request, data).items() if value is not None}
        in_words = self.resource.admin.in_words
        if in_words is None:
            return await super().post_single(request, filled)
        async with the_engine().transaction():
            created = await super().post_single(request, filled)
            row = json.loads(bytes(created.body))
            shown = json.loads(await self.store.read(UUID(row["id"]), readable=True))
            written = partial(values.decimal, language=language_of(request.scope), apart=True)
            said = {"said": await in_words(self._as_shown(request, shown), written)}
        headers = {name: created.headers[name] for name in ("ETag", "Location")}
        return JSONResponse(row | said, created.status_code, headers)

    async def change(self, request: Request, row_id: UUID, data: Any, model: type[BaseModel]) -> Response:
        """Changes the row and answers as `get_single` does, so that the form can be filled anew."""
        typed = self._typed(request, data)
        request.state.version = typed.pop(VERSION, None)
        unchanged = {name for name in self.secrets if typed.get(name) is None}
        await super().change(request, row_id, {name: typed[name] for name in typed.keys() - unchanged}, model)
        return await self.get_single(request, row_id)

    def _typed(self, request: Request, data: Any) -> dict[str, Any]:
        """:raises Problem: validation_error, when the body is not an object, or a decimal is ambiguous."""
        typed = values.from_form(data, self.one_line_fields)
        decimals, unclear = values.with_points(self._decimals_of(typed), language_of(request.scope))
        if unclear:
            raise Problem("validation_error", errors=unclear)
        return typed | decimals

    def _decimals_of(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {name: row[name] for name in self.decimals & row.keys()}

    def sent_back(self, request: Request, row: dict[str, Any]) -> dict[str, Any]:
        return row | self._written(request, row)

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
        shown = tidied(old or {}, self.one_line_fields)  # as the form sends these values back
        touched = {
            name: value for name, value in values.items() if name not in shown or not _is_same(value, shown[name])
        }
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


def _is_same(value: Any, shown: Any) -> bool:
    """:param shown: a value of the column as JSON has it."""
    if isinstance(value, Decimal) and shown is not None:
        return value == Decimal(shown)
    return bool(value == shown) or str(value) == shown


def _is_for_people(request: Request) -> bool:
    return _prefers(request, SCREEN) or _prefers(request, EXPORT)


def _prefers(request: Request, preference: str) -> bool:
    return preference in request.headers.getlist("prefer")
