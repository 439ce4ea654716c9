"""Changing one's own password, over REST and in the admin, and what becomes of the sessions."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from tests.support.builders import a_user
from tests.support.clients import a_client, a_token, bearer, csrf, is_alive, keep_cookies, log_in
from tests.support.concurrently import until_waiting

ANA = "ana@flowcrm.example"
LOGOUT = "/api/auth/logout/"
PASSWORD = "/api/auth/password/"
CHANGE = {"current_password": "flowcrm-demo", "new_password": "battery staple"}


@pytest.fixture
async def client(app: FastAPI, connection: asyncpg.Connection) -> AsyncIterator[httpx.AsyncClient]:
    await a_user(connection, email="boss@flowcrm.example", role="admin")
    await a_user(connection, email=ANA, name="Ana Souza", role="admin")
    async with a_client() as client:
        yield client


class TestPasswordChange:
    async def test_it_ends_every_other_session_of_the_user(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        mine, other = await a_token(connection, ANA), await a_token(connection, ANA)
        boss = await a_token(connection, "boss@flowcrm.example")
        answer = await client.post(PASSWORD, json=CHANGE, headers=bearer(mine))
        assert (answer.status_code, answer.content) == (204, b"")
        assert [await is_alive(client, token) for token in (mine, other, boss)] == [True, False, True]
        assert (await log_in(client, ANA, "flowcrm-demo")).status_code == 401
        assert (await log_in(client, ANA, "battery staple")).status_code == 200

    async def test_a_wrong_current_password_is_named(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        mine, other = await a_token(connection, ANA), await a_token(connection, ANA)
        before = await connection.fetch("SELECT * FROM users")
        answer = await client.post(PASSWORD, json=CHANGE | {"current_password": "wrong"}, headers=bearer(mine))
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")
        [error] = answer.json()["errors"]
        assert (error["field"], error["message"]) == ("current_password", "This is not your current password.")
        assert await connection.fetch("SELECT * FROM users") == before
        assert [await is_alive(client, token) for token in (mine, other)] == [True, True]

    async def test_a_new_password_has_bounds(self, client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
        token = await a_token(connection, ANA)
        for new, code in {
            "1234567": "string_too_short",
            "x" * 129: "string_too_long",
            "1234567\0": "nul_character",
            None: "null",
        }.items():
            answer = await client.post(PASSWORD, json=CHANGE | {"new_password": new}, headers=bearer(token))
            assert answer.status_code == 422
            assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [("new_password", code)]

    @pytest.mark.parametrize("new", ["ação 123", "🐎" * 128])
    async def test_any_text_within_them_will_do(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection, new: str
    ) -> None:
        token = await a_token(connection, ANA)
        answer = await client.post(PASSWORD, json=CHANGE | {"new_password": new}, headers=bearer(token))
        assert answer.status_code == 204
        assert (await log_in(client, ANA, new)).status_code == 200

    async def test_of_two_at_the_same_time_one_wins(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        tokens = [await a_token(connection, ANA) for _ in range(2)]
        answers = await asyncio.gather(*(client.post(PASSWORD, json=CHANGE, headers=bearer(token)) for token in tokens))
        assert sorted(answer.status_code for answer in answers) == [204, 401]
        assert sorted([await is_alive(client, token) for token in tokens]) == [False, True]

    async def test_whose_session_ended_meanwhile_is_not_told_that_the_password_was_wrong(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        """It may well have been right, until the change that ended the session."""
        token = await a_token(connection, ANA)
        wrong = CHANGE | {"current_password": "wrong"}
        async with connection.transaction():
            await connection.execute("SELECT FROM users FOR UPDATE")
            changing = asyncio.create_task(client.post(PASSWORD, json=wrong, headers=bearer(token)))
            await until_waiting(connection, 1)
            await connection.execute("DELETE FROM sessions")
        assert (await changing).status_code == 401
        assert await connection.fetchval("SELECT count(*) FROM login_failures") == 0

    async def test_log_out_at_the_same_time_wins(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        token = await a_token(connection, ANA)
        async with connection.transaction():
            await connection.execute("SELECT FROM users FOR UPDATE")
            changing = asyncio.create_task(client.post(PASSWORD, json=CHANGE, headers=bearer(token)))
            await until_waiting(connection, 1)
            leaving = asyncio.create_task(client.post(LOGOUT, headers=bearer(token)))
            await until_waiting(connection, 2)
        assert (await leaving).status_code == 204
        assert (await changing).status_code in (204, 401)
        assert not await is_alive(client, token)


class TestAdminPasswordChange:
    FORM = CHANGE | {"confirm_new_password": "battery staple"}
    ADDRESS = "/admin/api/change-password/"

    async def test_it_asks_for_a_new_log_in_as_the_page_says(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        other = await a_token(connection, ANA)
        keep_cookies(client, await a_token(connection, ANA))
        answer = await client.post(self.ADDRESS, json=self.FORM, headers=csrf(client))
        assert answer.status_code == 200
        assert (await client.get("/admin/api/user/")).status_code == 401
        assert not await is_alive(client, other)
        assert (await log_in(client, ANA, "battery staple")).status_code == 200

    async def test_refusals_come_as_its_page_shows_them(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        keep_cookies(client, await a_token(connection, ANA))
        for field, value, sentence in (
            ("current_password", "wrong", "This is not your current password."),
            ("confirm_new_password", "another", "The two new passwords differ."),
            ("new_password", "short", "At least 8 characters."),
        ):
            answer = await client.post(self.ADDRESS, json=self.FORM | {field: value}, headers=csrf(client))
            assert answer.status_code == 422
            assert set(answer.json()) == {"detail"}
            assert sentence in answer.json()["detail"]
        assert (await client.get("/admin/api/user/")).status_code == 200

    async def test_strangers_and_other_sites_get_nowhere(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        assert (await client.post(self.ADDRESS, json=self.FORM)).status_code == 401
        keep_cookies(client, await a_token(connection, ANA))
        assert (await client.post(self.ADDRESS, json=self.FORM)).status_code == 403
        assert (await log_in(client, ANA, "flowcrm-demo")).status_code == 200
