"""Users: one e-mail whatever its case, only hashes, an administrator left, sessions that end at once."""

from uuid import UUID

import asyncpg
import pytest
from argon2 import PasswordHasher
from argon2.low_level import Type

from tests.support.builders import PASSWORD_HASH, a_session, a_user, row
from tests.support.refusals import refused_by


async def sessions_of(connection: asyncpg.Connection, user: UUID) -> int:
    count: int = await connection.fetchval("SELECT count(*) FROM sessions WHERE user_id = $1", user)
    return count


@pytest.fixture
async def admin(connection: asyncpg.Connection) -> UUID:
    return await a_user(connection, role="admin")


class TestEmails:
    async def test_they_are_unique_whatever_their_case(self, connection: asyncpg.Connection) -> None:
        await a_user(connection, email="Ana.Souza@flowcrm.example")
        await a_user(connection, email="Éva@flowcrm.example")
        for same in "ana.souza@FLOWCRM.example", "éva@flowcrm.example", "E\u0301VA@flowcrm.example":
            with refused_by("users_email_key"):
                await a_user(connection, email=same)
        other = await a_user(connection)
        with refused_by("users_email_key"):
            await connection.execute(
                "UPDATE users SET email = upper($2) WHERE id = $1", other, "ana.souza@flowcrm.example"
            )

    async def test_they_are_kept_as_they_were_typed(self, connection: asyncpg.Connection) -> None:
        user = await a_user(connection, email="Ana.Souza@flowcrm.example")
        assert (await row(connection, "users", user))["email"] == "Ana.Souza@flowcrm.example"


class TestPasswords:
    @pytest.mark.parametrize("type", list(Type))
    async def test_a_hash_by_argon2_is_stored(self, connection: asyncpg.Connection, type: Type) -> None:
        await a_user(connection, password=PasswordHasher(1, 8, 1, type=type).hash("flowcrm-demo"))

    @pytest.mark.parametrize(
        "password",
        [
            "",
            "flowcrm-demo",
            "$argon2id$",
            "$argon2id$my$very$own$password$",
            "$argon2id$v=19$m=65536,t=3,p=4$$",
            "pbkdf2_sha256$10000$c2FsdA$aGFzaA",
            "$2b$12$KIXQ4c1yQvQd1m1JpQvO1uVwq0m2Q2i1F1p6S7gFZQvYpQ2tH6w5K",
            f" {PASSWORD_HASH}",
            f"{PASSWORD_HASH}\n",
        ],
    )
    async def test_anything_else_is_refused(self, connection: asyncpg.Connection, password: str) -> None:
        with refused_by("users_password_hashed"):
            await a_user(connection, password=password)


class TestLastAdmin:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE users SET active = false WHERE id = $1",
            "UPDATE users SET role = 'manager' WHERE id = $1",
            "UPDATE users SET role = 'employee', active = false WHERE id = $1",
            "DELETE FROM users WHERE id = $1",
            "INSERT INTO users SELECT * FROM users WHERE id = $1 ON CONFLICT (id) DO UPDATE SET active = false",
        ],
    )
    async def test_the_last_active_admin_stays_one(
        self, connection: asyncpg.Connection, admin: UUID, statement: str
    ) -> None:
        await a_user(connection, role="admin", active=False)
        await a_user(connection, role="manager")
        with refused_by("users_last_admin"):
            await connection.execute(statement, admin)
        await a_user(connection, role="admin")
        await connection.execute(statement, admin)

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE users SET active = false",
            "UPDATE users SET role = 'employee'",
            "DELETE FROM users",
            "TRUNCATE users CASCADE",
        ],
    )
    async def test_all_admins_at_once_are_the_last_ones_too(
        self, connection: asyncpg.Connection, admin: UUID, statement: str
    ) -> None:
        await a_user(connection, role="admin")
        with refused_by("users_last_admin"):
            await connection.execute(statement)

    async def test_a_successor_may_come_in_the_same_statement(
        self, connection: asyncpg.Connection, admin: UUID
    ) -> None:
        heir = await a_user(connection, role="manager")
        await connection.execute(
            "UPDATE users SET role = CASE id WHEN $1 THEN 'admin' ELSE 'employee' END::user_role", heir
        )
        assert (await row(connection, "users", admin))["role"] == "employee"

    async def test_whoever_is_no_active_admin_may_go(self, connection: asyncpg.Connection, admin: UUID) -> None:
        await a_user(connection, role="admin", active=False)
        await a_user(connection, role="manager")
        await connection.execute("UPDATE users SET active = false, role = 'employee' WHERE id <> $1", admin)
        await connection.execute("DELETE FROM users WHERE id <> $1", admin)
        assert await connection.fetchval("SELECT count(*) FROM users") == 1

    async def test_the_last_admin_may_change_everything_else(self, connection: asyncpg.Connection, admin: UUID) -> None:
        await connection.execute("UPDATE users SET name = 'Rui', email = 'rui@flowcrm.example', active = true")
        assert (await row(connection, "users", admin))["name"] == "Rui"

    async def test_without_any_admin_nobody_is_kept(self, connection: asyncpg.Connection) -> None:
        await a_user(connection, role="manager")
        await connection.execute("TRUNCATE users CASCADE")
        assert await connection.fetchval("SELECT count(*) FROM users") == 0


class TestSessions:
    @pytest.mark.parametrize(
        "change", [f"password = '{PASSWORD_HASH[:-1]}0'", "active = false", "active = false, role = 'manager'"]
    )
    async def test_a_new_password_and_a_deactivation_end_them_at_once(
        self, connection: asyncpg.Connection, change: str
    ) -> None:
        user, other = await a_user(connection), await a_user(connection)
        for session_of in user, user, other:
            await a_session(connection, session_of)
        await connection.execute(f"UPDATE users SET {change} WHERE id = $1", user)
        assert [await sessions_of(connection, each) for each in (user, other)] == [0, 1]

    async def test_other_changes_leave_them(self, connection: asyncpg.Connection) -> None:
        user = await a_user(connection)
        await a_session(connection, user)
        await connection.execute("UPDATE users SET name = 'Rui', role = 'manager', password = password, active = true")
        assert await sessions_of(connection, user) == 1

    async def test_they_go_with_their_user(self, connection: asyncpg.Connection) -> None:
        user = await a_user(connection)
        await a_session(connection, user)
        await connection.execute("DELETE FROM users WHERE id = $1", user)
        assert await sessions_of(connection, user) == 0

    async def test_an_inactive_user_gets_none(self, connection: asyncpg.Connection) -> None:
        user = await a_user(connection, active=False)
        with refused_by("sessions_user_active"):
            await a_session(connection, user)
        other = await a_user(connection)
        await a_session(connection, other)
        with refused_by("sessions_user_active"):
            await connection.execute("UPDATE sessions SET user_id = $1", user)
        await connection.execute("UPDATE sessions SET user_id = $1", await a_user(connection))
        assert [await sessions_of(connection, each) for each in (user, other)] == [0, 0]
