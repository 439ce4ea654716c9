"""Who is let in, until when, and what ends a session."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from accounts.sessions import hash_token
from tests.builders import a_user
from tests.clients import a_client, a_token, bearer, csrf, keep_cookies, log_in, until_waiting

ANA = "ana@flowcrm.example"
ME = "/api/auth/me/"
LOGOUT = "/api/auth/logout/"
PASSWORD = "/api/auth/password/"
CHANGE = {"current_password": "flowcrm-demo", "new_password": "battery staple"}


@pytest.fixture
async def client(app: FastAPI, connection: asyncpg.Connection) -> AsyncIterator[httpx.AsyncClient]:
    await a_user(connection, email="boss@flowcrm.example", role="admin")
    await a_user(connection, email=ANA, name="Ana Souza", role="admin")
    async with a_client() as client:
        yield client


async def is_alive(client: httpx.AsyncClient, token: str) -> bool:
    answer = await client.get(ME, headers=bearer(token))
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


async def sessions(connection: asyncpg.Connection) -> int:
    count: int = await connection.fetchval("SELECT count(*) FROM sessions")
    return count


class TestWhoIsLetIn:
    async def test_me_is_the_user_of_the_token(self, client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
        answer = await client.get(ME, headers=bearer(await a_token(connection, ANA)))
        assert answer.status_code == 200
        assert {**answer.json(), "id": ""} == {"id": "", "email": ANA, "name": "Ana Souza", "role": "admin"}

    async def test_nobody_without_a_session(self, client: httpx.AsyncClient) -> None:
        for path in ME, "/api/customers/", "/api/users/", "/api/no/such/thing", "/api":
            for method in "GET", "POST", "DELETE", "OPTIONS", "BREW":
                answer = await client.request(method, path)
                assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), (method, path)
                assert answer.headers["WWW-Authenticate"] == "Bearer"

    async def test_anybody_may_ask_for_health_and_documentation(self, client: httpx.AsyncClient) -> None:
        for path in "/api/health", "/api/health/", "/api/health/live", "/docs", "/openapi.json":
            assert (await client.get(path)).status_code == 200, path

    async def test_a_malformed_header_is_a_stranger(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        keep_cookies(client, await a_token(connection, ANA))
        for header in (
            b"",
            b"Bearer",
            b"Bearer ",
            b"Bearer x",
            b"Basic YTpi",
            b"Bearer \xff\xfe",
            b"\xc3\xa9 x",
            b"a b c",
        ):
            answer = await client.get(ME, headers={b"Authorization": header})
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), header

    async def test_two_headers_are_one_too_many(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        token = await a_token(connection, ANA)
        headers = [("Authorization", f"Bearer {token}"), ("Authorization", "Bearer other")]
        assert (await client.get(ME, headers=headers)).status_code == 401

    async def test_the_scheme_may_be_written_in_any_case(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        token = await a_token(connection, ANA)
        assert (await client.get(ME, headers={"Authorization": f"bearer  {token}"})).status_code == 200

    async def test_the_token_counts_where_both_are_sent(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        boss = await a_token(connection, "boss@flowcrm.example")
        keep_cookies(client, await a_token(connection, ANA))
        assert (await client.get(ME, headers=bearer(boss))).json()["email"] == "boss@flowcrm.example"
        assert (await client.post(LOGOUT, headers=bearer(boss))).status_code == 204

    async def test_the_hash_in_the_database_is_no_token(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        await a_token(connection, ANA)
        assert not await is_alive(client, await connection.fetchval("SELECT token_hash FROM sessions"))

    async def test_a_strange_cookie_is_a_stranger(self, client: httpx.AsyncClient) -> None:
        for cookie in b"id=", b"id=\xff\xfe", b'id="\\377"', b"id", b"=;;=":
            assert (await client.get(ME, headers={b"Cookie": cookie})).status_code == 401


class TestCookie:
    async def test_reading_needs_nothing_more(self, client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
        keep_cookies(client, await a_token(connection, ANA))
        assert (await client.get(ME)).json()["email"] == ANA

    async def test_changing_needs_the_csrf_token(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        keep_cookies(client, await a_token(connection, ANA))
        for sent in {}, {b"X-CSRFToken": b""}, {b"X-CSRFToken": b"x"}, {b"X-CSRFToken": b"\xff"}:
            for method in "POST", "PUT", "PATCH", "DELETE":
                answer = await client.request(method, LOGOUT, headers=sent)
                assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed"), (method, sent)
        assert (await client.get(ME)).status_code == 200
        assert (await client.post(LOGOUT, headers=csrf(client))).status_code == 204

    async def test_an_empty_csrf_cookie_matches_nothing(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        token = await a_token(connection, ANA)
        headers = {"Cookie": f"id={token}; csrftoken=", "X-CSRFToken": ""}
        assert (await client.post(LOGOUT, headers=headers)).status_code == 403

    async def test_a_bearer_token_needs_none(self, client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
        token = await a_token(connection, ANA)
        assert (await client.post(LOGOUT, headers=bearer(token))).status_code == 204

    async def test_rest_and_admin_share_the_session(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        keep_cookies(client, await a_token(connection, ANA))
        assert (await client.get("/admin/api/user/")).status_code == 200
        assert (await client.post("/admin/public/logout/", headers=csrf(client))).status_code == 200
        assert (await client.get("/admin/api/user/")).status_code == 401
        assert (await client.get(ME)).status_code == 401


class TestEnd:
    async def test_log_out_kills_the_token_at_once(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        token, other = await a_token(connection, ANA), await a_token(connection, ANA)
        answer = await client.post(LOGOUT, headers=bearer(token))
        assert (answer.status_code, answer.content) == (204, b"")
        assert not await is_alive(client, token)
        assert await is_alive(client, other)
        assert (await client.post(LOGOUT, headers=bearer(token))).status_code == 401

    async def test_log_out_takes_the_cookie_away(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        keep_cookies(client, await a_token(connection, ANA))
        await client.post(LOGOUT, headers=csrf(client))
        assert "id" not in client.cookies

    async def test_the_admins_log_out_needs_the_csrf_token(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        keep_cookies(client, await a_token(connection, ANA))
        assert (await client.post("/admin/public/logout/")).status_code == 403
        assert (await client.get(ME)).status_code == 200

    async def test_the_admins_log_out_may_be_repeated(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        keep_cookies(client, await a_token(connection, ANA))
        for _ in range(2):
            assert (await client.post("/admin/public/logout/", headers=csrf(client))).status_code == 200

    async def test_an_expired_session_is_over_and_forgotten(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        token = await a_token(connection, ANA)
        await connection.execute("UPDATE sessions SET expires_at = now() - interval '1 microsecond'")
        assert not await is_alive(client, token)
        await log_in(client, ANA)
        assert await sessions(connection) == 1

    async def test_deactivation_ends_all_sessions_at_once(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        tokens = [await a_token(connection, ANA) for _ in range(2)]
        await connection.execute("UPDATE users SET active = false WHERE email = $1", ANA)
        assert [await is_alive(client, token) for token in tokens] == [False, False]
        await connection.execute("UPDATE users SET active = true WHERE email = $1", ANA)
        assert [await is_alive(client, token) for token in tokens] == [False, False]

    async def test_a_user_who_is_inactive_all_the_same_is_a_stranger(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        token = await a_token(connection, ANA)
        await connection.execute("ALTER TABLE users DISABLE TRIGGER users_end_sessions")
        await connection.execute("UPDATE users SET active = false WHERE email = $1", ANA)
        assert await sessions(connection) == 1
        assert not await is_alive(client, token)

    async def test_a_new_role_counts_at_once(self, client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
        token = await a_token(connection, ANA)
        assert (await client.get("/api/users/", headers=bearer(token))).status_code == 200
        await connection.execute("UPDATE users SET role = 'employee' WHERE email = $1", ANA)
        assert (await client.get("/api/users/", headers=bearer(token))).status_code == 403

    async def test_a_deleted_user_is_a_stranger(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        token = await a_token(connection, ANA)
        await connection.execute("DELETE FROM users WHERE email = $1", ANA)
        assert not await is_alive(client, token)


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


class TestLookUp:
    async def test_a_session_is_found_by_its_index(self, connection: asyncpg.Connection) -> None:
        await connection.execute("SET enable_seqscan = off")
        plan = await connection.fetch("EXPLAIN SELECT FROM sessions WHERE token_hash = $1", hash_token("x"))
        assert "sessions_token_hash_key" in str(plan)
