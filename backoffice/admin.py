"""The admin, over the same resources as the REST API."""

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

import piccolo_admin.endpoints
from piccolo.columns import ForeignKey
from piccolo.table import Table
from piccolo_admin.endpoints import OrderBy, TableConfig, create_admin
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from backoffice.crud import CRUD, json_response
from backoffice.query import Parameters, columns_of, is_text
from backoffice.resource import Resource

PAGE_SIZE = 25


class AdminCRUD(CRUD):
    """What the admin's front end needs otherwise than other programs do."""

    strict = False  # forms send everything as text

    def parameters(self, request: Request) -> Parameters:
        """The filter form sends every `…__operator` and `…__match`, whether or not there is a value."""
        parameters = super().parameters(request)
        given = parameters.given
        for name in list(given):
            column, _, kind = name.rpartition("__")
            if kind in ("operator", "match") and column not in given and not given[name].endswith("null"):
                del given[name]
        return parameters

    async def get_single(self, request: Request, row_id: UUID) -> Response:
        self.resource.require(request, "read")
        return json_response(await self.read(row_id, readable=True))

    async def post_single(self, request: Request, data: Any) -> Response:
        return await super().post_single(request, self._from_form(data))

    async def change(self, request: Request, row_id: UUID, data: Any, model: Any) -> Response:
        return await super().change(request, row_id, self._from_form(data), model)

    async def lock(self, request: Request, row_id: UUID) -> str:
        row = await super().lock(request, row_id)
        return row

    def _from_form(self, data: Any) -> Any:
        """An empty input means that nothing was given, except where the value is text."""
        if not isinstance(data, dict):
            return data
        columns = columns_of(self.table)
        return {
            name: value
            for name, value in data.items()
            if value not in ("", None) or (name in columns and (is_text(columns[name]) or columns[name]._meta.null))
        }

    async def get_schema(self, request: Request) -> Response:
        """The front end draws its forms from this; it has no notion of a column that cannot be written."""
        self.resource.require(request, "read")
        schema = self.pydantic_model.model_json_schema()
        for name, column in columns_of(self.table).items():
            about = schema["properties"].get(name)
            if about is None:
                continue
            if isinstance(column, ForeignKey):
                about["title"] = name.removesuffix("_id").replace("_", " ").title()
            if name in self.resource.owned:
                about["title"] += " (automatic)"
        return JSONResponse(schema)


def admin_app(
    resources: Sequence[Resource],
    *,
    auth_table: type[Table],
    session_table: Any,
    production: bool,
    links: dict[str, str],
) -> Any:
    """The ASGI app to mount under `/admin/`."""
    by_table = {resource.table: resource for resource in resources}
    # create_admin offers no way to give it another CRUD class.
    piccolo_admin.endpoints.PiccoloCRUD = partial(_crud_for, by_table)
    # It logs every exception that passes through as an error; `Boundary` knows which are.
    logging.getLogger("piccolo_admin.endpoints").setLevel(logging.CRITICAL)
    app = create_admin(
        tables=[_table_config(resource) for resource in resources],
        auth_table=auth_table,
        session_table=session_table,
        page_size=PAGE_SIZE,
        production=production,
        site_name="Flow CRM",
        auto_include_related=False,
        sidebar_links=links,
    )
    app.template = app.template.replace("</head>", f"<style>{_style(resources)}</style></head>")
    return app


def _crud_for(by_table: dict[type[Table], Resource], table: type[Table], **settings: Any) -> AdminCRUD:
    return AdminCRUD(by_table[table], **settings)


def _table_config(resource: Resource) -> TableConfig:
    order = resource.order
    column = getattr(resource.table, order.removeprefix("-"))
    return TableConfig(
        table_class=resource.table,
        menu_group=resource.admin.group,
        visible_columns=list(resource.admin.visible),
        visible_filters=list(resource.admin.filters),
        link_column=resource.admin.link,
        order_by=[OrderBy(column, ascending=not order.startswith("-"))],
    )


def _style(resources: Sequence[Resource]) -> str:
    """Greys the inputs of columns that the database fills."""
    names = sorted(set().union(*(resource.owned for resource in resources)))
    inputs = ", ".join(f'form input[name="{name}"]' for name in names)
    return f"{inputs} {{ opacity: 0.5; pointer-events: none; }}"
