"""Somebody in front of the admin, as far as the server can tell."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

# What forms for a new customer and a new product are filled with.
ANA: dict[str, Any] = {
    "name": "Ana",
    "email": "ana@example.com",
    "phone": "(11) 98765-4321",
    "cpf": "529.982.247-25",
}
PRODUCT = {"code": "P", "name": "P", "unit": "un", "purchase_price": "1", "sale_price": "2", "sale_type": "retail"}


@dataclass(frozen=True)
class Desk:
    """Somebody in front of the admin. Forms are filled as the front end fills them: the whole row, all of it text."""

    client: httpx.AsyncClient

    async def get(self, path: str, **parameters: str) -> httpx.Response:
        return await self.client.get(f"/admin/api/tables/{path}", params=parameters)

    async def loads(self, table: str, row_id: UUID) -> dict[str, Any]:
        """What a form shows; the front end has no other columns than those of the schema."""
        shown = (await self.get(f"{table}/{row_id}/", __readable="true")).json()
        properties = (await self.get(f"{table}/schema/")).json()["properties"]
        return {name: _as_text(shown.get(name)) for name in properties}

    async def saves(self, table: str, row_id: UUID, form: dict[str, Any]) -> httpx.Response:
        return await self.client.patch(f"/admin/api/tables/{table}/{row_id}/", json=form)

    async def changes(self, table: str, row_id: UUID, **values: str) -> httpx.Response:
        return await self.saves(table, row_id, await self.loads(table, row_id) | values)

    async def creates(self, table: str, **values: str) -> httpx.Response:
        properties = (await self.get(f"{table}/schema/")).json()["properties"]
        return await self.client.post(f"/admin/api/tables/{table}/", json=dict.fromkeys(properties, "") | values)

    async def deletes(self, table: str, row_id: UUID) -> httpx.Response:
        return await self.client.delete(f"/admin/api/tables/{table}/{row_id}/")


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


@dataclass(frozen=True)
class Desks:
    admin: Desk
    manager: Desk
    employee: Desk
