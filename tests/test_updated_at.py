"""The database moves updated_at on every change, and on nothing else."""

import asyncpg
import pytest

from main import SHOWN
from tests.support.builders import a_customer, a_presale, a_presale_that_is, a_product, a_user, row

TABLES = [one.tablename for one in SHOWN if hasattr(one.table, "updated_at")]
BUILD = {
    "customers": (a_customer, "name"),
    "products": (a_product, "name"),
    "presales": (a_presale, "notes"),
    "users": (a_user, "name"),
}


class TestUpdatedAt:
    @pytest.mark.parametrize("table", TABLES)
    async def test_it_moves_when_something_changes_and_only_then(self, trial: asyncpg.Connection, table: str) -> None:
        build, column = BUILD[table]
        id = await build(trial, **{column: "x"})
        before = await row(trial, table, id)
        await trial.execute(f"UPDATE {table} SET {column} = {column}, updated_at = '2001-01-01'")
        assert await row(trial, table, id) == before
        await trial.execute(f"UPDATE {table} SET {column} = {column} || '!', updated_at = '2001-01-01'")
        assert (await row(trial, table, id))["updated_at"] > before["updated_at"]

    async def test_the_same_number_typed_another_way_is_no_change(self, trial: asyncpg.Connection) -> None:
        customer = await a_customer(trial, phone="+5511987654321", cpf="52998224725")
        before = await row(trial, "customers", customer)
        await trial.execute("UPDATE customers SET phone = '(11) 98765-4321', cpf = '529.982.247-25'")
        assert await row(trial, "customers", customer) == before

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE presale_items SET discount = 1",
            "UPDATE presale_items SET quantity = 2, unit_price = 5",
            "UPDATE presale_items SET product_id = (SELECT id FROM products ORDER BY name LIMIT 1)",
            "DELETE FROM presale_items",
            "UPDATE presales SET notes = 'x'",
        ],
    )
    async def test_a_presale_has_changed_when_its_lines_have(self, trial: asyncpg.Connection, statement: str) -> None:
        presale = await a_presale_that_is(trial, "draft")
        await a_product(trial, name="Aipim")
        before = (await row(trial, "presales", presale))["updated_at"]
        await trial.execute(statement)
        assert (await row(trial, "presales", presale))["updated_at"] > before

    async def test_a_presale_has_not_changed_when_a_line_only_said_the_same(self, trial: asyncpg.Connection) -> None:
        presale = await a_presale_that_is(trial, "draft")
        before = await row(trial, "presales", presale)
        await trial.execute("UPDATE presale_items SET quantity = quantity, total_price = 4")
        await trial.execute("UPDATE presales SET discount = discount, updated_at = '2001-01-01'")
        assert await row(trial, "presales", presale) == before
