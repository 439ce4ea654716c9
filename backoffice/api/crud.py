"""PiccoloCRUD, mended and quick: every refusal is a `Problem`, every answer a whole row."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from backoffice.api.answers import is_stale, row_response
from backoffice.api.bodies import read_json
from backoffice.api.reading import ReadCRUD
from backoffice.api.resource import Right
from backoffice.api.selects import insert_sql, update_sql
from backoffice.database.engine import the_engine
from backoffice.problems import FieldError, Problem, validated
from backoffice.web.lazy_user import MakeChange, caller_is_unknown, change_as_caller, look_up_caller
from backoffice.web.routing import authenticates_lazily


class CRUD(ReadCRUD):
    """The routes of one resource, for REST and for the admin."""

    @authenticates_lazily
    async def create_row(self, request: Request) -> Response:
        self.require_if_known(request, "create")
        return await self.post_single(request, await read_json(request))

    @authenticates_lazily
    async def change_row(self, request: Request) -> Response:
        self.require_if_known(request, "change")
        row_id = self.parse_id(request.path_params["row_id"])
        data = await read_json(request)
        model = self.models.create if request.method == "PUT" else self.models.change
        return await self.change(request, row_id, data, model)

    async def delete_row(self, request: Request) -> Response:
        self.resource.require(request, "delete")
        return await self.delete_single(request, self.parse_id(request.path_params["row_id"]))

    async def post_single(self, request: Request, data: Any) -> Response:
        self.parameters(request).finish()
        values = self.validate(self.models.create, data)
        if self.resource.prepare is None:
            return self.created(request, *await self.insert(request, values))
        async with the_engine().transaction():
            await self.authorize(request, "create")
            return self.created(request, *await self.insert(request, await self.prepare(request, values, None)))

    async def insert(self, request: Request, values: Mapping[str, Any]) -> tuple[UUID, str]:
        """Inserts a row; returns its id and its JSON text.

        :raises Problem: see `write`.
        """
        insert = partial(insert_sql, self.table, self.store.details, tuple(values))
        row = str(
            await self.write(request, "create", lambda condition: {"change": insert(condition)}, *values.values())
        )
        return UUID(json.loads(row)["id"]), row

    def created(self, request: Request, row_id: object, row: str) -> Response:
        below = request.scope.get("app_root_path", request.scope.get("root_path", ""))  # a mount has a path of its own
        location = f"{below}{self.resource.address(row_id)}"
        return row_response(row, 201, {"Location": location})

    async def change(self, request: Request, row_id: UUID, data: Any, model: type[BaseModel]) -> Response:
        """Changes a row by PUT or PATCH: only the required fields differ; a field left out stays unchanged in both."""
        self.parameters(request).finish()
        values = await self.validate_change(request, row_id, data, model)
        if values and not self.looks_first(request):
            row = await self.update(request, row_id, values)
        else:
            async with the_engine().transaction():
                await self.authorize(request, "change")
                row = await self._change_seen(request, row_id, values)
        return row_response(row)

    async def _change_seen(self, request: Request, row_id: UUID, values: dict[str, Any]) -> str:
        row = await self.lock(request, row_id)
        values = await self.prepare(request, values, json.loads(row))
        return await self.update(request, row_id, values) if values else row

    async def authorize(self, request: Request, right: Right) -> None:
        """Looks up the caller, unless known already, and checks the right.

        :raises Problem: unauthenticated, csrf_failed, forbidden.
        """
        await look_up_caller(request.scope)
        self.resource.require(request, right)

    async def write(self, request: Request, right: Right, make: MakeChange, *arguments: Any) -> Any:
        """Makes a change as the caller, who may be looked up in the same statement. Returns what changed, or None.

        :raises Problem: unauthenticated, csrf_failed, forbidden.
        """
        roles = self.resource.rights[right]
        changed = await change_as_caller(request, roles, make, *arguments)
        self.resource.require(request, right)
        return changed

    async def validate_change(
        self, request: Request, row_id: UUID, data: Any, model: type[BaseModel]
    ) -> dict[str, Any]:
        """The valid values of the body. Fields sent back unchanged, details included, are not validated.

        :raises Problem: validation_error, naming each field that is wrong.
        """
        try:
            return self.validate(model, data)
        except Problem as problem:
            if caller_is_unknown(request.scope):  # UnitOfWork repeats the request when the caller is known
                raise
            row = await the_engine().fetch_value(self.store.row_sql, row_id)
            if row is None or not isinstance(data, dict):
                raise
            old = self.sent_back(request, json.loads(row))
            blamed = {error.field.partition(".")[0] for error in problem.errors}
            if not all(name in data and name in old and _are_same(data[name], old[name]) for name in blamed):
                raise
        return self.validate(self.models.change, {name: value for name, value in data.items() if name not in blamed})

    def sent_back(self, request: Request, row: dict[str, Any]) -> dict[str, Any]:
        """The row as it comes back from whoever has changed nothing."""
        return row

    def looks_first(self, request: Request) -> bool:
        """True when a row must be read before it is changed."""
        return bool(self.resource.prepare or self.store.details) or "if-match" in request.headers

    async def update(self, request: Request, row_id: UUID, values: Mapping[str, Any]) -> str:
        """Changes a row; returns it whole.

        :raises Problem: not_found; see `write`.
        """
        update = partial(update_sql, self.table, self.store.details, tuple(values))
        row = await self.write(
            request, "change", lambda condition: {"change": update(condition)}, row_id, *values.values()
        )
        if row is None:
            raise Problem("not_found")
        return str(row)

    async def delete_single(self, request: Request, row_id: UUID) -> Response:
        self.parameters(request).finish()
        await self.store.lock_with_children(row_id)
        await self.lock(request, row_id)
        await self.store.delete(row_id)
        return Response(status_code=204)

    async def lock(self, request: Request, row_id: UUID) -> str:
        """Locks the row until the transaction ends; returns it as JSON text.

        :raises Problem: not_found; stale, when If-Match names another version.
        """
        row = await self.store.lock(row_id)
        if_match = request.headers.getlist("if-match")
        if if_match and is_stale(",".join(if_match), row):
            raise Problem("stale")
        return row

    def validate(self, model: type[BaseModel], data: Any) -> dict[str, Any]:
        """The values of the body, of the fields that a client may set.

        :raises Problem: validation_error, naming each field that is wrong.
        """
        try:
            return validated(model, data).model_dump(exclude_unset=True)
        except Problem as problem:
            problem.errors = [self._explained(error) for error in problem.errors]
            raise

    def _explained(self, error: FieldError) -> FieldError:
        """Gives a detail of the row, which is known but changed elsewhere, an error of its own."""
        is_detail = error.code == "extra_forbidden" and error.field in self.resource.details
        return FieldError(error.field, "changed_elsewhere") if is_detail else error

    async def prepare(self, request: Request, values: dict[str, Any], old: Mapping[str, Any] | None) -> dict[str, Any]:
        return values if self.resource.prepare is None else await self.resource.prepare(request, values, old)


def _are_same(one: object, other: object) -> bool:
    """True when equal as JSON; in Python, True == 1."""
    return type(one) is type(other) and one == other
