"""Pre-sales: created with their lines in one go, and moved through their life by actions."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field, create_model
from starlette.requests import Request
from starlette.responses import Response

from accounts.roles import MANAGERS
from backoffice.api.answers import row_response
from backoffice.api.bodies import read_json, read_nothing
from backoffice.api.crud import CRUD
from backoffice.api.operations import ETAG, IF_MATCH, LOCATION, ROW_ID, ROW_LINK, WRITE_PROBLEMS, Operation
from backoffice.api.schemas import drop_default
from backoffice.database.engine import the_engine
from backoffice.problems import FieldError, Problem
from backoffice.web.openapi import ref
from backoffice.web.routing import authenticates_lazily
from crm.enums import PresaleStatus
from crm.idempotency import KEY, is_taken, key_of, recall, remember
from crm.presale_lines import Line, Lines, insert_with_lines, read_lines, replace_lines

ACTIONS = {
    "submit": PresaleStatus.pending,
    "reopen": PresaleStatus.draft,
    "approve": PresaleStatus.approved,
    "convert": PresaleStatus.converted,
    "cancel": PresaleStatus.cancelled,
}

# As presale_moves() of rules/presales.sql has them.
MOVES: dict[str, tuple[str, ...]] = {
    PresaleStatus.draft: (PresaleStatus.pending, PresaleStatus.cancelled),
    PresaleStatus.pending: (PresaleStatus.approved, PresaleStatus.draft, PresaleStatus.cancelled),
    PresaleStatus.approved: (PresaleStatus.converted, PresaleStatus.cancelled),
    PresaleStatus.cancelled: (),
    PresaleStatus.converted: (),
}

FOR_MANAGERS = (PresaleStatus.approved, PresaleStatus.converted)

# The problems with status 409 of actions that have others than `invalid_transition`. A PATCH may have any of them.
CONFLICTS = {
    "submit": ("invalid_transition", "no_items", "discount_exceeds_sum"),
    "convert": ("invalid_transition", "insufficient_stock"),
}
MOVE_CONFLICTS = frozenset(code for codes in CONFLICTS.values() for code in codes)
CONVERTED_TWICE = ", but that is an error: whoever converts expects goods to leave the stock"

Draft = Literal["draft"]  # how every pre-sale begins

Endpoint = Callable[[Request], Awaitable[Response]]


async def prepare_presale(request: Request, values: dict[str, Any], old: Mapping[str, Any] | None) -> dict[str, Any]:
    """Checks that a new pre-sale is a draft, and that the caller may change a status.

    :raises Problem: validation_error for a new one in another status; forbidden.
    """
    status = values.get("status")
    if old is None:
        if status not in (None, PresaleStatus.draft):
            raise Problem("validation_error", errors=[FieldError("status", "new_presale_not_draft")])
        return values
    if status is not None and status != old["status"]:
        _require_move(request, old["status"], status)
    return values


def may_move(request: Request, old: str, new: str) -> bool:
    """Only managers may approve, convert, or cancel an approved pre-sale."""
    cancels_approved = (old, new) == (PresaleStatus.approved, PresaleStatus.cancelled)
    return _is_manager(request) or not (new in FOR_MANAGERS or cancels_approved)


def _require_move(request: Request, old: str, new: str) -> None:
    """:raises Problem: forbidden."""
    if not may_move(request, old, new):
        raise Problem("forbidden")


def _is_manager(request: Request) -> bool:
    return request.user.user.role in MANAGERS


class PresaleRoutes:
    """The routes that pre-sales have beside those of every resource."""

    def __init__(self, crud: CRUD) -> None:
        self.crud = crud
        self.body: type[BaseModel] = create_model(
            "PresaleWithItems",
            __base__=crud.models.create,
            status=(Draft, Field(default=PresaleStatus.draft, json_schema_extra=drop_default)),
            items=(Lines, Field(default=[], json_schema_extra=drop_default)),
        )

    @authenticates_lazily
    async def create(self, request: Request) -> Response:
        self.crud.parameters(request).finish()
        key = key_of(request)
        if key is not None:
            async with the_engine().transaction():
                return await self._create_once(request, key)
        values = self.crud.validate(self.body, await read_json(request))
        return self.crud.created(request, *await self._insert(request, values))

    async def _create_once(self, request: Request, key: str) -> Response:
        await self.crud.authorize(request, "create")
        user_id, data = request.user.user.id, await read_json(request)
        try:
            values = self.crud.validate(self.body, data)
        except Problem as problem:
            if await is_taken(user_id, key):  # by another body, since that one was valid
                raise Problem("idempotency_key_reused") from problem
            raise
        answer = await recall(user_id, key, (await request.body()).decode())
        if answer is not None:
            return self.crud.created(request, json.loads(answer)["id"], answer)
        presale_id, row = await self._insert(request, values)
        await remember(user_id, key, row)
        return self.crud.created(request, presale_id, row)

    async def _insert(self, request: Request, values: dict[str, Any]) -> tuple[UUID, str]:
        """Inserts the pre-sale; returns its id and its row as JSON text."""
        lines = values.pop("items", [])
        values = await self.crud.prepare(request, values, None)
        if not lines:
            return await self.crud.insert(request, values)
        return await insert_with_lines(self.crud, request, values, lines)

    async def replace_items(self, request: Request) -> Response:
        self.crud.resource.require(request, "change")
        self.crud.parameters(request).finish()
        presale_id = self.crud.parse_id(request.path_params["row_id"])
        lines = read_lines(await read_json(request))
        await self.crud.store.lock_with_children(presale_id)
        await self.crud.lock(request, presale_id)
        await replace_lines(presale_id, lines)
        return row_response(await self.crud.store.read(presale_id))

    def action(self, name: str) -> Endpoint:
        async def act(request: Request) -> Response:
            return await self.act(request, name)

        return act

    async def act(self, request: Request, action: str) -> Response:
        self.crud.resource.require(request, "change")
        target = ACTIONS[action]
        if target in FOR_MANAGERS and not _is_manager(request):  # whatever the status is
            raise Problem("forbidden")
        self.crud.parameters(request).finish()
        presale_id = self.crud.parse_id(request.path_params["row_id"])
        await read_nothing(request)
        row = await self.crud.lock(request, presale_id)
        status = json.loads(row)["status"]
        if status == target and action == "convert":
            raise _already_converted()
        if status != target:
            _require_move(request, status, target)
            row = await self.crud.update(request, presale_id, {"status": target})
        return row_response(row)


def _already_converted() -> Problem:
    """See CONVERTED_TWICE."""
    move, already = {"to": PresaleStatus.converted, "allowed": []}, "presales_transition:already"
    return Problem(
        "invalid_transition", errors=[FieldError("status", already, move)], constraint=already, parameters=move
    )


def add_presale_routes(router: APIRouter, crud: CRUD) -> None:
    """Adds creating with items, replacing the items, and the five actions."""
    routes = PresaleRoutes(crud)
    address = f"/api/{crud.resource.path}/"

    def add(method: str, path: str, endpoint: Endpoint, operation: Operation) -> None:
        router.add_api_route(path, endpoint, **operation.as_route(crud.resource, [method]))

    add("POST", address, routes.create, _describe_create(routes))
    add("PUT", f"{address}{{row_id}}/items/", routes.replace_items, _describe_items(crud))
    for action in ACTIONS:
        add("POST", f"{address}{{row_id}}/{action}/", routes.action(action), _describe_action(crud, action))


def _describe_create(routes: PresaleRoutes) -> Operation:
    following = dict.fromkeys(("read_{one}", "replace_{one}_items", "delete_{one}"), ROW_LINK)
    return Operation(
        name="create_{one}",
        summary="Create a pre-sale, with its items",
        description="All or nothing. Without items, an empty draft.",
        status=201,
        takes=ref(routes.body),
        gives=ref(routes.crud.models.row),
        headers={**ETAG, **LOCATION},
        parameters=[KEY],
        codes=(*WRITE_PROBLEMS, "idempotency_key_reused"),
        links=following | {f"{action}_{{one}}": ROW_LINK for action in ACTIONS},
    )


def _describe_items(crud: CRUD) -> Operation:
    return Operation(
        name="replace_{one}_items",
        summary="Replace the items of a pre-sale",
        description="All or nothing, in this order. The same items again change nothing.",
        takes={"type": "array", "items": ref(Line)},
        gives=ref(crud.models.row),
        headers=ETAG,
        parameters=[ROW_ID, IF_MATCH],
        codes=(*WRITE_PROBLEMS, "not_found", "stale", "presale_locked"),
    )


def _describe_action(crud: CRUD, action: str) -> Operation:
    conflicts = CONFLICTS.get(action, ("invalid_transition",))
    more = CONVERTED_TWICE if action == "convert" else ""
    return Operation(
        name=f"{action}_{{one}}",
        summary=f"{action.capitalize()} a pre-sale",
        description=f"Makes it {ACTIONS[action].value}. When it is already, nothing changes{more}.",
        gives=ref(crud.models.row),
        headers=ETAG,
        parameters=[ROW_ID, IF_MATCH],
        codes=("malformed_json", "validation_error", "not_found", "stale", *conflicts),
    )
