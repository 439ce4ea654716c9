"""Deletions and other farewells hold when somebody else needs the row at the same moment."""

from functools import partial
from uuid import UUID

import asyncpg
import pytest

from tests.support.builders import (
    PASSWORD_HASH,
    a_customer,
    a_presale,
    a_presale_that_is,
    a_product,
    a_session,
    a_user,
    row,
)
from tests.support.concurrently import (
    DONE,
    ISOLATIONS,
    Isolation,
    Work,
    all_at_once,
    one_waits_for_the_other,
    statement,
)
from tests.support.refusals import refused_by

ADMINS = 16


class TestRows:
    async def test_a_presale_and_its_new_line_go_or_stay_together(
        self, database: str, connection: asyncpg.Connection
    ) -> None:
        presale, product = await a_presale(connection), await a_product(connection)
        delete = f"DELETE FROM presales WHERE id = '{presale}'"
        insert = f"INSERT INTO presale_items (presale_id, product_id, quantity) VALUES ('{presale}', '{product}', 1)"
        assert await one_waits_for_the_other(database, insert, delete) == DONE
        assert await connection.fetchval("SELECT count(*) FROM presale_items") == 0
        await a_presale(connection, id=presale)
        assert await one_waits_for_the_other(database, delete, insert) == "presale_items_presale_id_fkey"

    async def test_a_customer_is_not_deleted_while_a_presale_is_made(
        self, database: str, connection: asyncpg.Connection
    ) -> None:
        customer = await a_customer(connection)
        delete = f"DELETE FROM customers WHERE id = '{customer}'"
        insert = f"INSERT INTO presales (customer_id) VALUES ('{customer}')"
        assert await one_waits_for_the_other(database, insert, delete) == "presales_customer_id_fkey"
        await connection.execute("DELETE FROM presales")
        assert await one_waits_for_the_other(database, delete, insert) == "presales_customer_id_fkey"

    async def test_a_product_is_not_deleted_while_a_line_is_made(
        self, database: str, connection: asyncpg.Connection
    ) -> None:
        presale, product = await a_presale_that_is(connection, "draft"), await a_product(connection)
        delete = f"DELETE FROM products WHERE id = '{product}'"
        insert = f"INSERT INTO presale_items (presale_id, product_id, quantity) VALUES ('{presale}', '{product}', 1)"
        assert await one_waits_for_the_other(database, insert, delete) == "presale_items_product_id_fkey"
        await connection.execute("DELETE FROM presale_items")
        assert await one_waits_for_the_other(database, delete, insert) == "presale_items_product_id_fkey"

    async def test_of_sixteen_customers_with_one_cpf_one_is_let_in(
        self, database: str, connection: asyncpg.Connection
    ) -> None:
        works: list[Work] = [
            partial(a_customer, cpf="52998224725"),
            partial(a_customer, cpf="529.982.247-25"),
        ] * 8
        outcomes = await all_at_once(database, works)
        assert sorted(outcomes) == ["customers_cpf_key"] * 15 + [DONE]


@pytest.mark.parametrize("isolation", ISOLATIONS[1:])
@pytest.mark.parametrize("tables", ["presales, presale_items", "presale_items", "users CASCADE"])
async def test_nothing_is_truncated_by_whoever_still_sees_the_past(
    database: str, connection: asyncpg.Connection, tables: str, isolation: Isolation
) -> None:
    other = await asyncpg.connect(database)
    transaction = other.transaction(isolation=isolation)
    await transaction.start()
    assert await other.fetchval("SELECT count(*) FROM users") == 0
    await a_user(connection, role="admin")
    presale = await a_presale_that_is(connection, "approved")
    with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError):
        await other.execute(f"TRUNCATE {tables}")
    await transaction.rollback()
    await other.close()
    assert (await row(connection, "presales", presale))["total"] == 10


class TestLastAdmin:
    @pytest.mark.parametrize("isolation", ISOLATIONS)
    @pytest.mark.parametrize(
        "farewell", ["UPDATE users SET role = 'manager'", "UPDATE users SET active = false", "DELETE FROM users"]
    )
    async def test_of_sixteen_admins_who_leave_at_once_one_stays(
        self, database: str, connection: asyncpg.Connection, farewell: str, isolation: Isolation
    ) -> None:
        admins = [await a_user(connection, role="admin") for _ in range(ADMINS)]
        works = [statement(f"{farewell} WHERE id = '{admin}'") for admin in admins]
        outcomes = await all_at_once(database, works, isolation=isolation)
        assert sorted(outcomes) == [DONE] * (ADMINS - 1) + ["users_last_admin"]
        active = "SELECT count(*) FROM users WHERE role = 'admin' AND active"
        assert await connection.fetchval(active) == 1

    async def test_of_two_who_demote_each_other_the_second_is_refused(
        self, database: str, connection: asyncpg.Connection
    ) -> None:
        ana, rui = [await a_user(connection, role="admin") for _ in range(2)]
        demote = "UPDATE users SET role = 'manager' WHERE id = '{}'"
        outcome = await one_waits_for_the_other(database, demote.format(ana), demote.format(rui))
        assert outcome == "users_last_admin"

    @pytest.mark.parametrize("isolation", ISOLATIONS[1:])
    async def test_whoever_still_sees_the_past_does_not_count_on_it(
        self, database: str, connection: asyncpg.Connection, isolation: Isolation
    ) -> None:
        ana, rui = [await a_user(connection, role="admin") for _ in range(2)]
        other = await asyncpg.connect(database)
        demote = "UPDATE users SET role = 'manager' WHERE id = $1"
        with pytest.raises(asyncpg.SerializationError):
            async with other.transaction(isolation=isolation):
                assert await other.fetchval("SELECT count(*) FROM users WHERE role = 'admin'") == 2
                await connection.execute(demote, ana)
                await other.execute(demote, rui)
        await other.close()
        with refused_by("users_last_admin"):
            await connection.execute(demote, rui)


class TestSessions:
    @pytest.fixture
    async def user(self, connection: asyncpg.Connection) -> UUID:
        return await a_user(connection)

    @pytest.fixture
    def log_in(self, user: UUID) -> str:
        return f"INSERT INTO sessions (token_hash, user_id, expires_at) VALUES ('x', '{user}', now() + '1 day')"

    @pytest.mark.parametrize("change", ["active = false", f"password = '{PASSWORD_HASH[:-1]}0'"])
    async def test_one_that_is_just_being_made_is_ended_too(
        self, database: str, connection: asyncpg.Connection, log_in: str, change: str
    ) -> None:
        assert await one_waits_for_the_other(database, log_in, f"UPDATE users SET {change}") == DONE
        assert await connection.fetchval("SELECT count(*) FROM sessions") == 0

    @pytest.mark.parametrize("isolation", ISOLATIONS[1:])
    @pytest.mark.parametrize("change", ["active = false", f"password = '{PASSWORD_HASH[:-1]}0'"])
    async def test_whoever_does_not_see_it_ends_none_by_half(
        self, database: str, connection: asyncpg.Connection, log_in: str, change: str, isolation: Isolation
    ) -> None:
        other = await asyncpg.connect(database)
        with pytest.raises(asyncpg.SerializationError):
            async with other.transaction(isolation=isolation):
                assert await other.fetchval("SELECT count(*) FROM sessions") == 0
                await connection.execute(log_in)
                await other.execute(f"UPDATE users SET {change}")
        await other.execute(f"UPDATE users SET {change}")
        await other.close()
        assert await connection.fetchval("SELECT count(*) FROM sessions") == 0

    async def test_a_log_in_is_no_change_of_the_user(
        self, connection: asyncpg.Connection, user: UUID, log_in: str
    ) -> None:
        before = await row(connection, "users", user), await connection.fetchval("SELECT count(*) FROM audit_trail")
        await connection.execute(log_in)
        after = await row(connection, "users", user), await connection.fetchval("SELECT count(*) FROM audit_trail")
        assert after == before

    async def test_none_is_made_for_a_user_who_is_just_being_deactivated(self, database: str, log_in: str) -> None:
        deactivate = "UPDATE users SET active = false"
        assert await one_waits_for_the_other(database, deactivate, log_in) == "sessions_user_active"

    async def test_two_may_be_made_at_once(self, database: str, connection: asyncpg.Connection, user: UUID) -> None:
        works: list[Work] = [partial(a_session, user_id=user)] * 16
        assert await all_at_once(database, works, retry=False) == [DONE] * 16
        assert (await row(connection, "users", user))["active"]
