"""Loads the demo data of fixtures/demo.json, a file that `piccolo fixtures load` can load as well."""

import json
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from piccolo.columns.combination import WhereRaw
from piccolo.table import Table
from piccolo.utils.pydantic import create_pydantic_model

from accounts.passwords import DEMO_PASSWORD, hash_password
from accounts.tables import User
from backoffice.database.engine import the_engine
from crm.tables import Customer, Presale, PresaleItem, Product

FIXTURE = Path(__file__).parent / "fixtures" / "demo.json"
DEMO_LOCK = 4_610_121  # any number, the same in every process: see pg_advisory_xact_lock

TABLES: tuple[type[Table], ...] = (User, Customer, Product, Presale, PresaleItem)
# A row of the fixture exists already when its id or this column is found.
KEYS: dict[type[Table], str] = {User: "email", Customer: "cpf", Product: "code", Presale: "id"}

Rows = dict[type[Table], list[Any]]


async def load(tables: Collection[type[Table]] = TABLES) -> dict[type[Table], int]:
    """Adds the missing rows of the demo data, and returns how many that was for each table.

    Existing rows are left alone, even if clerks have changed them. In production no users are added.
    """
    engine = the_engine()
    rows = {table: rows if table in tables else [] for table, rows in read_fixture().items()}
    if engine.settings.production:
        rows[User] = []
    async with engine.transaction():
        await engine.run_ddl("SET LOCAL lock_timeout = 0")
        await engine.run_ddl("SET LOCAL statement_timeout = 0")
        await engine.run_ddl(f"SELECT pg_advisory_xact_lock({DEMO_LOCK})")
        added = await _add_missing(rows)
    return {table: len(added[table]) for table in TABLES}


def read_fixture() -> Rows:
    """The demo data as objects, its dates moved by whole days so that the last change is less than a day old."""
    apps = json.loads(FIXTURE.read_text(encoding="utf-8"))
    by_name = apps["accounts"] | apps["crm"]
    rows = {table: _objects(table, by_name[table.__name__]) for table in TABLES}
    dated = [row for table in TABLES if table is not PresaleItem for row in rows[table]]
    age = timedelta(days=(datetime.now(UTC) - max(row.updated_at for row in dated)).days)
    for row in dated:
        row.created_at += age
        row.updated_at += age
    return rows


def _objects(table: type[Table], records: list[dict[str, Any]]) -> list[Any]:
    model = create_pydantic_model(table, include_default_columns=True)
    return [table.from_dict(model.model_validate(record).model_dump()) for record in records]


async def _add_missing(rows: Rows) -> Rows:
    there: dict[UUID, UUID] = {}
    for table, key in KEYS.items():
        there |= await _find(table, key, rows[table])
    added = {table: [row for row in rows[table] if row.id not in there] for table in KEYS}
    # Lines are added only with their pre-sale: those that a clerk deleted stay deleted.
    added[PresaleItem] = [item for item in rows[PresaleItem] if item.presale_id not in there]

    for user in added[User]:
        user.password = await hash_password(DEMO_PASSWORD)
    for presale in added[Presale]:
        presale.customer_id = there.get(presale.customer_id, presale.customer_id)
    for item in added[PresaleItem]:
        item.product_id = there.get(item.product_id, item.product_id)
    for table in TABLES:
        if added[table]:
            await table.insert(*added[table])
    return added


async def _find(table: type[Table], key: str, rows: list[Any]) -> dict[UUID, UUID]:
    """The rows that exist already: their ids in the fixture, mapped to their ids in the database."""
    ids, keys = [row.id for row in rows], [_folded(getattr(row, key)) for row in rows]
    known = await table.select("id", key).where(
        WhereRaw(f"id = ANY({{}}) OR caseless({key}::text) = ANY({{}})", ids, keys)
    )
    by_id = {row["id"]: row["id"] for row in known}
    by_key = {_folded(row[key]): row["id"] for row in known}
    homes = ((ours, by_id.get(ours) or by_key.get(name)) for ours, name in zip(ids, keys, strict=True))
    return {ours: theirs for ours, theirs in homes if theirs}


def _folded(key: Any) -> str:
    return str(key).lower()
