"""Who is let in, until when, and what ends a session."""

from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from accounts.sessions import hash_token
from tests.support.builders import a_user
from tests.support.clients import a_client, a_token, bearer, csrf, is_alive, keep_cookies, log_in

ANA = "ana@flowcrm.example"
ME = "/api/auth/me/"
LOGOUT = "/api/auth/logout/"


@pytest.fixture
async def client(app: FastAPI, connection: asyncpg.Connection) -> AsyncIterator[httpx.AsyncClient]:
    await a_user(connection, email="boss@flowcrm.example", role="admin")
    await a_user(connection, email=ANA, name="Ana Souza", role="admin")
    async with a_client() as client:
        yield client


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

    async def test_nobody_comes_into_the_admin_without_one(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        """The user of the session that is no more still sends its cookie."""
        over, token = await a_token(connection, ANA), await a_token(connection, ANA)
        await connection.execute("UPDATE sessions SET expires_at = now() WHERE token_hash = $1", hash_token(over))
        headers: tuple[dict[str, str], ...] = {}, {"Cookie": "id="}, {"Cookie": f"id={over}"}, bearer(token)
        for path in "user/", "links/", "forms/", "tables/", "tables/grouped/", "tables/users/", "no/such/thing", "":
            for method in "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "BREW":
                for sent in headers:
                    answer = await client.request(method, f"/admin/api/{path}", headers=sent)
                    assert answer.status_code == 401, (method, path, sent)
                    assert method == "HEAD" or answer.text == "Please log in.", (method, path, sent)

    async def test_whoever_is_inactive_or_deleted_leaves_the_admin_at_once(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        keep_cookies(client, await a_token(connection, ANA))
        await connection.execute("ALTER TABLE users DISABLE TRIGGER users_end_sessions")
        for statement in "UPDATE users SET active = false WHERE email = $1", "DELETE FROM users WHERE email = $1":
            assert (await client.get("/admin/api/user/")).status_code == (200 if "UPDATE" in statement else 401)
            await connection.execute(statement, ANA)
            assert (await client.get("/admin/api/user/")).status_code == 401
            assert (await client.post("/admin/api/change-password/", headers=csrf(client))).status_code == 401

    async def test_anybody_may_ask_for_health_and_documentation(self, client: httpx.AsyncClient) -> None:
        for path in "/api/health", "/api/health/", "/api/health/live", "/docs", "/openapi.json":
            assert (await client.get(path)).status_code == 200, path

    async def test_a_malformed_header_is_a_stranger(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        keep_cookies(client, await a_token(connection, ANA))
        for header in b"Bearer", b"Bearer ", b"Bearer x", b"Bearer \xff\xfe", b"bearer a b c":
            answer = await client.get(ME, headers={b"Authorization": header})
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), header

    async def test_a_password_for_a_proxy_is_none_of_ours(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        others = b"Basic YTpi", b"", b"\xc3\xa9 x", b"a b c"
        for header in others:
            assert (await client.get(ME, headers={b"Authorization": header})).status_code == 401, header
        keep_cookies(client, await a_token(connection, ANA))
        for header in others:
            assert (await client.get(ME, headers={b"Authorization": header})).status_code == 200, header
            forged = await client.post("/api/customers/", headers={b"Authorization": header, b"X-CSRFToken": b"x"})
            assert forged.json()["code"] == "csrf_failed", header

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

    async def test_log_out_ends_a_session_although_transactions_see_the_past(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        name = await connection.fetchval("SELECT current_database()")
        await connection.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'")
        from piccolo_conf import DB

        await DB.close_connection_pool()
        await DB.start_connection_pool()
        token = await a_token(connection, ANA)
        assert (await client.post(LOGOUT, headers=bearer(token))).status_code == 204
        keep_cookies(client, await a_token(connection, ANA))
        assert (await client.post("/admin/public/logout/", headers=csrf(client))).status_code == 200
        assert await sessions(connection) == 0

    async def test_log_out_takes_no_orders_beside_its_address(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        token = await a_token(connection, ANA)
        answer = await client.post(LOGOUT, headers=bearer(token), json={"all": True})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "all")
        assert await is_alive(client, token)
        assert (await client.post(LOGOUT, headers=bearer(token), json={})).status_code == 204

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


class TestLookUp:
    async def test_a_session_is_found_by_its_index(self, connection: asyncpg.Connection) -> None:
        await connection.execute("SET enable_seqscan = off")
        plan = await connection.fetch("EXPLAIN SELECT FROM sessions WHERE token_hash = $1", hash_token("x"))
        assert "sessions_token_hash_key" in str(plan)
