"""A form of the admin that is out of date overwrites nothing."""

import asyncpg

from tests.support.builders import a_customer, a_line, a_presale, a_presale_that_is, a_product, row
from tests.support.cast import Cast
from tests.support.desk import Desks
from tests.support.refusals import refused_in_words

STALE = "Somebody changed this in the meantime. Load it again and repeat your change."


class TestStaleForms:
    async def test_a_change_by_the_api_is_not_overwritten(
        self, desks: Desks, cast: Cast, connection: asyncpg.Connection
    ) -> None:
        customer = await a_customer(connection, name="Before")
        form = await desks.employee.loads("customers", customer)
        changed = await cast.manager.patch(f"/api/customers/{customer}/", json={"address": "Rua Nova, 1"})
        assert changed.status_code == 200
        refused_in_words(await desks.employee.saves("customers", customer, form | {"name": "After"}), 412, STALE)
        assert (await row(connection, "customers", customer))["address"] == "Rua Nova, 1"

    async def test_an_item_is_guarded_as_well_though_it_knows_no_time_of_change(
        self, desks: Desks, connection: asyncpg.Connection
    ) -> None:
        line = await a_line(connection, await a_presale(connection), quantity="1")
        form = await desks.employee.loads("presale_items", line)
        await connection.execute("UPDATE presale_items SET quantity = 5 WHERE id = $1", line)
        refused_in_words(await desks.employee.saves("presale_items", line, form | {"discount": "1"}), 412, STALE)

    async def test_nobody_approves_items_that_they_have_not_seen(
        self, desks: Desks, connection: asyncpg.Connection
    ) -> None:
        presale = await a_presale_that_is(connection, "draft")
        form = await desks.manager.loads("presales", presale)
        await a_line(connection, presale)
        refused_in_words(await desks.manager.saves("presales", presale, form | {"status": "pending"}), 412, STALE)

    async def test_a_version_that_is_none_is_out_of_date(self, desks: Desks, connection: asyncpg.Connection) -> None:
        customer = await a_customer(connection)
        versions: tuple[object, ...] = ("x", 5, [], {}, True)
        for version in versions:
            sent = {"version": version, "name": "After"}
            refused_in_words(await desks.employee.saves("customers", customer, sent), 412, STALE)

    async def test_the_form_of_another_row_is_refused(self, desks: Desks, connection: asyncpg.Connection) -> None:
        one, other = await a_customer(connection), await a_customer(connection)
        form = await desks.employee.loads("customers", one)
        refused_in_words(await desks.employee.saves("customers", other, form), 412, STALE)

    async def test_the_same_form_can_be_saved_again(self, desks: Desks, connection: asyncpg.Connection) -> None:
        customer = await a_customer(connection)
        form = await desks.employee.loads("customers", customer)
        for name in ("One", "Two"):
            answer = await desks.employee.saves("customers", customer, form | {"name": name})
            assert answer.json()["name"] == name
            form["version"] = answer.json()["version"]

    async def test_a_form_whose_answer_was_lost_may_be_sent_again_as_it_was(
        self, desks: Desks, connection: asyncpg.Connection
    ) -> None:
        product = await a_product(connection, stock=85)
        form = await desks.manager.loads("products", product)
        for _ in range(2):
            answer = await desks.manager.saves("products", product, form | {"stock": 105})
            assert (answer.status_code, answer.json()["stock"]) == (200, 105)
        await connection.execute("UPDATE products SET stock = 55")
        refused_in_words(await desks.manager.saves("products", product, form | {"stock": 105}), 412, STALE)

    async def test_changing_many_rows_asks_for_no_version(self, desks: Desks, connection: asyncpg.Connection) -> None:
        customer = await a_customer(connection)
        assert (await desks.employee.saves("customers", customer, {"address": "Rua 2"})).status_code == 200
