"""Pre-sales: created with their lines in one go, and moved through their life by actions."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter
from piccolo.querystring import QueryString
from pydantic import BaseModel, Field, TypeAdapter, ValidationError, create_model
from starlette.requests import Request
from starlette.responses import Response

from accounts.roles import MANAGERS
from backoffice.bodies import parse_json, read_json
from backoffice.crud import CRUD, etag, json_response
from backoffice.openapi import ETAG, IF_MATCH, LOCATION, ROW_ID, Operation, ref
from backoffice.problems import FieldError, Problem, field_errors
from backoffice.schemas import input_models
from crm.enums import PresaleStatus
from crm.idempotency import KEY, recall, remember
from crm.tables import Presale, PresaleItem

ACTIONS = {
    "submit": PresaleStatus.pending,
    "reopen": PresaleStatus.draft,
    "approve": PresaleStatus.approved,
    "convert": PresaleStatus.converted,
    "cancel": PresaleStatus.cancelled,
}

_item, _ = input_models(PresaleItem, owned=frozenset({"id", "presale_id", "total_price"}))
Line: Any = create_model("Line", __base__=_item, __doc__="A line of a pre-sale that is sent with it.")
Lines: Any = list[Line]
_lines = TypeAdapter(Lines)


async def prepare_presale(request: Request, values: dict[str, Any], old: Mapping[str, Any] | None) -> dict[str, Any]:
    """Born as a draft; afterwards moved only by those who may.

    :raises Problem: validation_error for another status at birth; forbidden.
    """
    status = values.get("status")
    if old is None:
        if status not in (None, PresaleStatus.draft):
            raise Problem("validation_error", errors=[FieldError("status", "new_presale_not_draft")])
        return values
    if status is not None and status != old["status"]:
        _require_move(request, old["status"], status)
    return values


def _require_move(request: Request, old: str, new: str) -> None:
    """Approving, converting, and cancelling what is approved, are for managers."""
    for_managers = new in (PresaleStatus.approved, PresaleStatus.converted) or old == PresaleStatus.approved
    if for_managers and request.user.user.role not in MANAGERS:
        raise Problem("forbidden")


async def insert_lines(presale_id: UUID, lines: Sequence[Mapping[str, Any]]) -> None:
    """Adds the lines in one statement. Their ids rise in the order given, which is the order they are shown in."""
    ids = sorted(uuid4() for _ in lines)
    values = [[line.get(name) for line in lines] for name in ("product_id", "quantity", "unit_price")]
    discounts = [line.get("discount", Decimal(0)) for line in lines]
    await Presale._meta.db.run_querystring(
        QueryString(
            "INSERT INTO presale_items (presale_id, id, product_id, quantity, unit_price, discount) "
            "SELECT {}, * FROM unnest({}::uuid[], {}::uuid[], {}::numeric[], {}::numeric[], {}::numeric[])",
            presale_id,
            ids,
            *values,
            discounts,
        )
    )


class PresaleRoutes:
    """The routes that pre-sales have beside those of every resource."""

    def __init__(self, crud: CRUD) -> None:
        self.crud = crud
        self.body: type[BaseModel] = create_model(
            "PresaleWithItems", __base__=crud.body, items=(Lines, Field(default=[]))
        )

    async def create(self, request: Request) -> Response:
        self.crud.resource.require(request, "create")
        self.crud.parameters(request)._finish()
        body = await request.body()
        values = self.crud.validate(self.body, parse_json(body))
        user_id, key = request.user.user.id, request.headers.get("idempotency-key")
        if key is not None and (answer := await recall(user_id, key, body.decode())) is not None:
            return self._created(answer)
        lines = values.pop("items", [])
        presale_id = await self.crud.insert(await self.crud.prepare(request, values, None))
        if lines:
            await insert_lines(presale_id, lines)
        row = await self.crud.read(presale_id)
        if key is not None:
            await remember(user_id, key, row)
        return self._created(row)

    def _created(self, row: str) -> Response:
        headers = {"ETag": etag(row), "Location": self.crud.resource.address(json.loads(row)["id"])}
        return json_response(row, 201, headers)

    async def replace_items(self, request: Request) -> Response:
        self.crud.resource.require(request, "change")
        self.crud.parameters(request)._finish()
        presale_id = self.crud.parse_id(request.path_params["row_id"])
        try:
            lines = _lines.validate_python(await read_json(request))
        except ValidationError as error:
            raise Problem("validation_error", errors=field_errors(error.errors())) from error
        await self.crud.lock(request, presale_id)
        await PresaleItem.delete().where(PresaleItem.presale_id == presale_id)
        if lines:
            await insert_lines(presale_id, [line.model_dump(exclude_unset=True) for line in lines])
        return await self._answer(presale_id)

    async def act(self, request: Request) -> Response:
        self.crud.resource.require(request, "change")
        self.crud.parameters(request)._finish()
        action = request.url.path.rstrip("/").rpartition("/")[2]
        target = ACTIONS[action]
        presale_id = self.crud.parse_id(request.path_params["row_id"])
        status = json.loads(await self.crud.lock(request, presale_id))["status"]
        if status == target and action == "convert":
            raise _already_converted()
        if status != target:
            _require_move(request, status, target)
            await Presale.update({Presale.status: target}).where(Presale.id == presale_id)
        return await self._answer(presale_id)

    async def _answer(self, presale_id: UUID) -> Response:
        row = await self.crud.read(presale_id)
        return json_response(row, headers={"ETag": etag(row)})


def _already_converted() -> Problem:
    """Nothing would change, but whoever converts expects goods to leave the stock."""
    converted = PresaleStatus.converted
    return Problem(
        "invalid_transition",
        constraint="presales_transition",
        parameters={"from": converted, "to": converted, "allowed": []},
    )


def add_presale_routes(router: APIRouter, crud: CRUD) -> None:
    """Adds creating with items, replacing the items, and the five actions."""
    routes = PresaleRoutes(crud)
    address = f"/api/{crud.resource.path}/"
    row = ref(crud.row)
    create = Operation(
        name="create_{}",
        summary="Create a pre-sale, with its items",
        status=201,
        takes=ref(routes.body),
        gives=row,
        headers={**ETAG, **LOCATION},
        parameters=[KEY],
        refusals=(409,),
    )
    items = Operation(
        name="replace_items_of_{}",
        summary="Replace the items of a pre-sale",
        takes={"type": "array", "items": ref(Line)},
        gives=row,
        headers=ETAG,
        parameters=[ROW_ID, IF_MATCH],
        refusals=(404, 409, 412),
    )
    router.add_api_route(address, routes.create, methods=["POST"], **create.as_route(crud.resource))
    router.add_api_route(
        f"{address}{{row_id}}/items/", routes.replace_items, methods=["PUT"], **items.as_route(crud.resource)
    )
    for action in ACTIONS:
        move = Operation(
            name=f"{action}_{{}}",
            summary=f"{action.capitalize()} a pre-sale",
            gives=row,
            headers=ETAG,
            parameters=[ROW_ID, IF_MATCH],
            refusals=(404, 409, 412, 413),
        )
        router.add_api_route(
            f"{address}{{row_id}}/{action}/", routes.act, methods=["POST"], **move.as_route(crud.resource)
        )
