"""Where a pre-sale may go from where it is."""

import contextlib

import asyncpg
import pytest

from crm.enums import PresaleStatus
from crm.resources import PRESALE_ITEMS, PRESALES
from tests.support.builders import a_customer, a_line, a_presale, a_presale_that_is, a_product, row, walk
from tests.support.refusals import refused_by

STATUSES = [status.value for status in PresaleStatus]
MOVES = {
    ("draft", "pending"),
    ("draft", "cancelled"),
    ("pending", "approved"),
    ("pending", "draft"),
    ("pending", "cancelled"),
    ("approved", "converted"),
    ("approved", "cancelled"),
}
NO_MOVES = [(here, there) for here in STATUSES for there in STATUSES if here != there and (here, there) not in MOVES]


class TestMoves:
    @pytest.mark.parametrize(("here", "there"), sorted(MOVES))
    async def test_a_presale_goes_where_the_rules_let_it(
        self, trial: asyncpg.Connection, here: str, there: str
    ) -> None:
        presale = await a_presale_that_is(trial, here)
        await walk(trial, presale, there)
        assert (await row(trial, "presales", presale))["status"] == there

    @pytest.mark.parametrize(("here", "there"), NO_MOVES)
    async def test_a_presale_goes_nowhere_else(self, connection: asyncpg.Connection, here: str, there: str) -> None:
        presale = await a_presale_that_is(connection, here)
        before = await row(connection, "presales", presale)
        with refused_by("presales_transition"):
            await walk(connection, presale, there)
        assert await row(connection, "presales", presale) == before

    @pytest.mark.parametrize("status", STATUSES)
    async def test_the_status_it_already_has_is_no_change_and_no_error(
        self, trial: asyncpg.Connection, status: str
    ) -> None:
        presale = await a_presale_that_is(trial, status)
        before = await row(trial, "presales", presale)
        await walk(trial, presale, status)
        assert await row(trial, "presales", presale) == before

    async def test_forms_offer_the_moves_that_the_database_allows_in_its_order(self, trial: asyncpg.Connection) -> None:
        life = PRESALES.admin.life
        assert life is not None
        for status in STATUSES:
            assert life.moves[status] == tuple(await trial.fetchval("SELECT presale_moves($1)::text[]", status))

    async def test_forms_let_change_and_delete_what_the_database_lets(self, connection: asyncpg.Connection) -> None:
        life, within = PRESALES.admin.life, PRESALE_ITEMS.admin.within
        assert life is not None
        assert within is not None
        other, product = await a_customer(connection), await a_product(connection)
        line = f"INSERT INTO presale_items (presale_id, product_id, quantity) VALUES ($1, '{product}', 1)"
        changes = {
            line: within.values,
            "UPDATE presales SET discount = 0.01 WHERE id = $1": life.open_while["discount"],
            f"UPDATE presales SET customer_id = '{other}' WHERE id = $1": life.open_while["customer_id"],
            "DELETE FROM presales WHERE id = $1": life.deletable_while,
        }
        for status in STATUSES:
            presale = await a_presale_that_is(connection, status)
            for change, statuses in changes.items():
                refused = contextlib.nullcontext() if status in statuses else pytest.raises(asyncpg.CheckViolationError)
                with refused:
                    await connection.execute(change, presale)

    async def test_a_presale_is_born_in_draft(self, trial: asyncpg.Connection) -> None:
        assert (await row(trial, "presales", await a_presale(trial)))["status"] == "draft"

    async def test_submitting_needs_an_item(self, connection: asyncpg.Connection) -> None:
        presale = await a_presale(connection)
        with refused_by("presales_no_items"):
            await walk(connection, presale, "pending")
        line = await a_line(connection, presale)
        await walk(connection, presale, "pending", "draft")
        await connection.execute("DELETE FROM presale_items WHERE id = $1", line)
        with refused_by("presales_no_items"):
            await walk(connection, presale, "pending")

    async def test_a_draft_without_items_can_be_cancelled(self, trial: asyncpg.Connection) -> None:
        presale = await a_presale(trial, discount="3")
        await walk(trial, presale, "cancelled")
        assert (await row(trial, "presales", presale))["total"] == 0

    async def test_a_refused_move_names_where_it_may_go(self, trial: asyncpg.Connection) -> None:
        presale = await a_presale_that_is(trial, "approved")
        with pytest.raises(asyncpg.CheckViolationError) as refusal:
            await walk(trial, presale, "draft")
        assert refusal.value.detail == ('{"from" : "approved", "to" : "draft", "allowed" : ["converted","cancelled"]}')

    async def test_one_statement_over_many_presales_moves_all_or_none(self, connection: asyncpg.Connection) -> None:
        await a_presale_that_is(connection, "pending")
        await a_presale_that_is(connection, "draft")
        with refused_by("presales_transition"):
            await connection.execute("UPDATE presales SET status = 'approved'")
        assert await connection.fetchval("SELECT count(*) FROM presales WHERE status = 'approved'") == 0
