"""What of a pre-sale may still change, and when."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.support.builders import a_customer, a_line, a_presale, a_presale_that_is, row, walk
from tests.support.refusals import refused_by

FROZEN = ("pending", "approved", "cancelled", "converted")
FINAL = ("cancelled", "converted")


async def update(connection: asyncpg.Connection, presale: UUID, **values: Any) -> None:
    places = ", ".join(f"{name} = ${place}" for place, name in enumerate(values, start=2))
    await connection.execute(f"UPDATE presales SET {places} WHERE id = $1", presale, *values.values())


async def line_of(connection: asyncpg.Connection, presale: UUID) -> UUID:
    line: UUID = await connection.fetchval("SELECT id FROM presale_items WHERE presale_id = $1", presale)
    return line


class TestFreeze:
    @pytest.mark.parametrize("status", FROZEN)
    async def test_customer_discount_and_birthday_stay_once_past_draft(
        self, connection: asyncpg.Connection, status: str
    ) -> None:
        presale = await a_presale_that_is(connection, status)
        before = await row(connection, "presales", presale)
        changes = {"customer_id": await a_customer(connection), "discount": Decimal(1)}
        for name, value in (changes | {"created_at": before["updated_at"]}).items():
            with refused_by("presales_locked"):
                await update(connection, presale, **{name: value})
        assert await row(connection, "presales", presale) == before

    async def test_everything_changes_in_draft(self, trial: asyncpg.Connection) -> None:
        presale = await a_presale_that_is(trial, "draft")
        customer = await a_customer(trial)
        await update(trial, presale, customer_id=customer, discount=Decimal(2), notes="call first")
        after = await row(trial, "presales", presale)
        assert (after["customer_id"], after["discount"], after["notes"]) == (customer, 2, "call first")

    @pytest.mark.parametrize("status", ["draft", "pending", "approved"])
    async def test_notes_change_until_the_end(self, trial: asyncpg.Connection, status: str) -> None:
        presale = await a_presale_that_is(trial, status)
        await update(trial, presale, notes="after six o'clock")
        assert (await row(trial, "presales", presale))["notes"] == "after six o'clock"

    @pytest.mark.parametrize("status", FINAL)
    async def test_notes_stay_at_the_end(self, trial: asyncpg.Connection, status: str) -> None:
        presale = await a_presale_that_is(trial, status)
        with refused_by("presales_locked"):
            await update(trial, presale, notes="too late")

    async def test_the_last_step_may_bring_its_note(self, trial: asyncpg.Connection) -> None:
        presale = await a_presale_that_is(trial, "approved")
        await update(trial, presale, status="cancelled", notes="the customer moved away")
        assert (await row(trial, "presales", presale))["notes"] == "the customer moved away"

    async def test_reopening_does_not_smuggle_in_a_discount(self, connection: asyncpg.Connection) -> None:
        presale = await a_presale_that_is(connection, "pending")
        with refused_by("presales_locked"):
            await update(connection, presale, status="draft", discount=Decimal(1))
        assert (await row(connection, "presales", presale))["status"] == "pending"

    @pytest.mark.parametrize("status", FROZEN)
    async def test_lines_neither_come_nor_change_nor_go_once_past_draft(
        self, connection: asyncpg.Connection, status: str
    ) -> None:
        presale = await a_presale_that_is(connection, status)
        line = await line_of(connection, presale)
        with refused_by("presales_locked"):
            await a_line(connection, presale)
        with refused_by("presales_locked"):
            await connection.execute("UPDATE presale_items SET quantity = 2 WHERE id = $1", line)
        with refused_by("presales_locked"):
            await connection.execute("DELETE FROM presale_items WHERE id = $1", line)

    async def test_that_is_said_before_what_else_is_wrong(self, connection: asyncpg.Connection) -> None:
        sums = {"unit_price": Decimal(60_000_000), "discount": Decimal(1)}
        presale = await a_presale(connection, discount=Decimal(50_000_000))
        lines = [await a_line(connection, presale, **sums) for _ in range(2)]
        await walk(connection, presale, "pending", "approved", "converted")
        with refused_by("presales_locked"):
            await update(connection, presale, discount=Decimal(0))  # the total would be too large
        nowhere = "unit_price = NULL, product_id = gen_random_uuid()"
        away = f"presale_id = '{await a_presale(connection)}'"
        for change in "quantity = 9", "discount = 60000001", nowhere, f"{away}, quantity = 9", f"{away}, {nowhere}":
            with refused_by("presales_locked"):
                await connection.execute(f"UPDATE presale_items SET {change} WHERE id = $1", lines[0])
        with refused_by("presales_locked"):
            await a_line(connection, presale, **sums, quantity=Decimal(9))

    @pytest.mark.parametrize("status", FROZEN)
    async def test_lines_move_neither_into_nor_out_of_what_is_past_draft(
        self, connection: asyncpg.Connection, status: str
    ) -> None:
        frozen, draft = await a_presale_that_is(connection, status), await a_presale_that_is(connection, "draft")
        for source, target in (frozen, draft), (draft, frozen):
            with refused_by("presales_locked"):
                await connection.execute(
                    "UPDATE presale_items SET presale_id = $2 WHERE presale_id = $1", source, target
                )

    @pytest.mark.parametrize("status", FROZEN)
    async def test_unchanged_values_are_no_change_even_at_the_end(self, trial: asyncpg.Connection, status: str) -> None:
        presale = await a_presale_that_is(trial, status)
        before = await row(trial, "presales", presale)
        values = {name: before[name] for name in ("customer_id", "status", "discount", "notes", "created_at")}
        await update(trial, presale, **values)
        await trial.execute("UPDATE presale_items SET quantity = quantity, unit_price = unit_price + 0")
        assert await row(trial, "presales", presale) == before

    @pytest.mark.parametrize("action", ["NOTHING", "UPDATE SET quantity = excluded.quantity"])
    @pytest.mark.parametrize("status", FROZEN)
    async def test_an_upsert_of_unchanged_rows_is_no_change_even_at_the_end(
        self, trial: asyncpg.Connection, status: str, action: str
    ) -> None:
        presale = await a_presale_that_is(trial, status)
        before = await row(trial, "presales", presale)
        conflict = f"ON CONFLICT (id) DO {action}"
        await trial.execute(f"INSERT INTO presale_items SELECT * FROM presale_items {conflict}")
        presales = conflict.replace("quantity", "status")
        await trial.execute(f"INSERT INTO presales SELECT * FROM presales {presales}")
        assert await row(trial, "presales", presale) == before

    @pytest.mark.parametrize("status", FROZEN)
    async def test_an_upsert_that_changes_or_adds_a_line_is_refused_once_past_draft(
        self, connection: asyncpg.Connection, status: str
    ) -> None:
        await a_presale_that_is(connection, status)
        for id in "id", "gen_random_uuid()":
            with refused_by("presales_locked"):
                await connection.execute(
                    "INSERT INTO presale_items (id, presale_id, product_id, quantity) "
                    f"SELECT {id}, presale_id, product_id, quantity + 1 FROM presale_items "
                    "ON CONFLICT (id) DO UPDATE SET quantity = excluded.quantity"
                )
