"""POST /api/auth/login/, and the same door in the admin."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI

from accounts.passwords import hash_password
from backoffice.settings import Settings
from tests.support.builders import a_user
from tests.support.clients import a_client, a_token, bearer, csrf, log_in
from tests.support.concurrently import until_waiting

ANA = "ana@flowcrm.example"
ADMIN_LOGIN = "/admin/public/login/"


@pytest.fixture
async def client(app: FastAPI, connection: asyncpg.Connection) -> AsyncIterator[httpx.AsyncClient]:
    await a_user(connection, email=ANA, name="Ana Souza", role="manager")
    async with a_client() as client:
        yield client


class TestLogIn:
    async def test_the_right_password_opens_a_session(self, client: httpx.AsyncClient) -> None:
        answer = await log_in(client, ANA)
        assert answer.status_code == 200
        body = answer.json()
        assert set(body) == {"token", "expires_at", "user"}
        assert set(body["user"]) == {"id", "email", "name", "role"}
        assert (body["user"]["email"], body["user"]["name"], body["user"]["role"]) == (ANA, "Ana Souza", "manager")
        expiry = datetime.fromisoformat(body["expires_at"])
        assert expiry.utcoffset() == timedelta(0)
        assert timedelta(hours=1) < expiry - datetime.now(UTC) < timedelta(hours=24)

    async def test_the_case_of_the_email_does_not_matter(self, client: httpx.AsyncClient) -> None:
        assert (await log_in(client, ANA.upper())).status_code == 200

    async def test_the_cookies_are_fit_for_a_browser(self, client: httpx.AsyncClient) -> None:
        answer = await log_in(client, ANA)
        session, token = answer.headers.get_list("set-cookie")
        assert session.startswith(f"id={answer.json()['token']};")
        assert "HttpOnly" in session
        assert "HttpOnly" not in token
        for cookie in session, token:
            assert "SameSite=lax" in cookie
            assert "Path=/" in cookie
            assert "Secure" not in cookie
        ages = [int(cookie.partition("Max-Age=")[2].partition(";")[0]) for cookie in (session, token)]
        assert ages[0] < ages[1], "a page that is open when the session ends must be able to log in again"

    async def test_in_production_cookies_travel_only_over_https(
        self, database: str, connection: asyncpg.Connection
    ) -> None:
        from main import app
        from piccolo_conf import DB

        await a_user(connection, email=ANA, password=await hash_password("correct horse"))
        DB.configure(Settings(database_url=database, environment="production"))
        async with app.router.lifespan_context(app), a_client() as client:
            answer = await log_in(client, ANA, "correct horse")
        cookies = answer.headers.get_list("set-cookie")
        assert len(cookies) == 2
        assert all("Secure" in cookie for cookie in cookies)

    async def test_the_database_never_sees_the_token(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        token = (await log_in(client, ANA)).json()["token"]
        assert token not in str(await connection.fetch("SELECT * FROM sessions"))

    async def test_each_log_in_gets_its_own_session(self, client: httpx.AsyncClient) -> None:
        tokens = {(await log_in(client, ANA)).json()["token"] for _ in range(2)}
        assert len(tokens) == 2
        for token in tokens:
            assert (await client.get("/api/auth/me/", headers=bearer(token))).status_code == 200

    async def test_many_at_once_from_one_address_all_succeed(self, client: httpx.AsyncClient) -> None:
        answers = await asyncio.gather(*(log_in(client, ANA) for _ in range(12)))
        assert [answer.status_code for answer in answers] == [200] * 12


class TestRefusal:
    async def test_nobody_learns_why(self, client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
        await a_user(connection, email="gone@flowcrm.example", active=False)
        answers = [
            await log_in(client, ANA, "wrong"),
            await log_in(client, "nobody@flowcrm.example"),
            await log_in(client, "gone@flowcrm.example"),
            await log_in(client, "e" * 300),
        ]
        assert [answer.status_code for answer in answers] == [401] * 4
        assert {answer.text for answer in answers} == {answers[0].text}
        assert answers[0].json()["code"] == "invalid_credentials"
        assert not any("set-cookie" in answer.headers for answer in answers)

    async def test_it_is_said_in_portuguese_too(self, client: httpx.AsyncClient) -> None:
        client.headers["Accept-Language"] = "pt-BR,pt;q=0.9,en;q=0.8"
        assert "senha" in (await log_in(client, ANA, "wrong")).json()["detail"]

    async def test_a_body_of_another_shape_is_explained(self, client: httpx.AsyncClient) -> None:
        for body, fields in (
            ("{}", ["email", "password"]),
            ('{"email": "a@b.example"}', ["password"]),
            ('{"email": null, "password": 12345678}', ["email", "password"]),
            ('{"email": "a@b.example", "password": "x", "role": "admin"}', ["role"]),
            (r'{"email": "\u0000", "password": "\u0000"}', ["email", "password"]),
            ("[]", [""]),
            ("null", [""]),
            ('"text"', [""]),
        ):
            answer = await client.post("/api/auth/login/", content=body)
            assert (answer.status_code, answer.json()["code"]) == (422, "validation_error"), body
            assert [error["field"] for error in answer.json()["errors"]] == fields

    async def test_half_a_character_is_no_text(self, client: httpx.AsyncClient) -> None:
        body = rb'{"email": "\ud800", "password": "x"}'
        answer = await client.post("/api/auth/login/", content=body)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "email")

    async def test_what_is_not_json_is_told_so(self, client: httpx.AsyncClient) -> None:
        for body in b"", b"{", b"\xff", b"[" * 100_000, b'{"email": "a", "email": "b"}':
            answer = await client.post("/api/auth/login/", content=body)
            assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json"), body[:20]

    async def test_a_form_of_another_site_logs_nobody_in(self, client: httpx.AsyncClient) -> None:
        body = f'{{"email": "{ANA}", "password": "flowcrm-demo"}}'
        for kind in "text/plain", "application/x-www-form-urlencoded", "multipart/form-data":
            answer = await client.post("/api/auth/login/", content=body, headers={"Content-Type": kind})
            assert (answer.status_code, "set-cookie" in answer.headers) == (400, False), kind

    async def test_an_endless_email_is_just_unknown(self, client: httpx.AsyncClient) -> None:
        assert (await log_in(client, "İ" * 200_000)).status_code == 401


class TestUpgrade:
    OLD = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("flowcrm-demo")

    async def test_an_old_hash_is_renewed_and_other_sessions_go_on(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        await connection.execute("UPDATE users SET password = $1", self.OLD)
        other = await a_token(connection, ANA)
        new = (await log_in(client, ANA)).json()["token"]
        renewed = await connection.fetchval("SELECT password FROM users")
        assert renewed != self.OLD
        newest = (await log_in(client, ANA)).json()["token"]
        for token in other, new, newest:
            assert (await client.get("/api/auth/me/", headers=bearer(token))).status_code == 200
        assert await connection.fetchval("SELECT password FROM users") == renewed

    async def test_log_ins_at_the_same_time_all_succeed(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> None:
        await connection.execute("UPDATE users SET password = $1", self.OLD)
        answers = await asyncio.gather(*(log_in(client, ANA) for _ in range(4)))
        for answer in answers:
            assert (await client.get("/api/auth/me/", headers=bearer(answer.json()["token"]))).status_code == 200


class TestMeanwhile:
    """A password that was right when it was compared, and is not when the session would begin."""

    async def test_a_new_password_counts(self, client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
        new = await hash_password("battery staple")
        async with self.log_in_during(client, connection) as attempt:
            await connection.execute("UPDATE users SET password = $1", new)
        assert (await attempt).status_code == 401
        assert await connection.fetchval("SELECT count(*) FROM sessions") == 0

    async def test_a_deactivation_counts(self, client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
        async with self.log_in_during(client, connection) as attempt:
            await connection.execute("UPDATE users SET active = false")
        assert (await attempt).status_code == 401
        assert await connection.fetchval("SELECT count(*) FROM sessions") == 0

    async def test_a_deleted_user_gets_nothing(self, client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
        async with self.log_in_during(client, connection) as attempt:
            await connection.execute("DELETE FROM users")
        assert (await attempt).status_code == 401

    async def test_a_new_name_is_no_obstacle(self, client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
        async with self.log_in_during(client, connection) as attempt:
            await connection.execute("UPDATE users SET name = 'Ana Lima'")
        assert (await attempt).status_code == 200

    @staticmethod
    @asynccontextmanager
    async def log_in_during(
        client: httpx.AsyncClient, connection: asyncpg.Connection
    ) -> AsyncIterator[asyncio.Task[httpx.Response]]:
        """What is done inside is committed only when the log-in has compared the password and waits for the row."""
        async with connection.transaction():
            await connection.execute("SELECT FROM users FOR UPDATE")
            attempt = asyncio.create_task(log_in(client, ANA))
            yield attempt
            await until_waiting(connection, 1)


class TestAdminLogIn:
    async def the_token(self, client: httpx.AsyncClient) -> dict[str, str]:
        """The header of the admin's front end, which gets the cookie with its first page."""
        await client.get("/admin/")
        return csrf(client)

    async def test_it_opens_the_same_session(self, client: httpx.AsyncClient) -> None:
        body = {"username": ANA, "password": "flowcrm-demo"}
        answer = await client.post(ADMIN_LOGIN, json=body, headers=await self.the_token(client))
        assert (answer.status_code, answer.json()) == (200, {"message": "logged in"})
        assert (await client.get("/admin/api/user/")).json()["username"] == ANA
        assert (await client.get("/api/auth/me/")).json()["email"] == ANA

    async def test_a_form_with_the_token_in_it_will_do(self, client: httpx.AsyncClient) -> None:
        token = (await self.the_token(client))["X-CSRFToken"]
        form = {"username": ANA, "password": "flowcrm-demo", "csrftoken": token, "format": "html"}
        assert (await client.post(ADMIN_LOGIN, data=form)).status_code == 200

    async def test_another_site_cannot_log_anybody_in(self, client: httpx.AsyncClient) -> None:
        await client.get("/admin/")
        body = {"username": ANA, "password": "flowcrm-demo"}
        for sent in {}, {"X-CSRFToken": "another"}, {"X-CSRFToken": ""}:
            answer = await client.post(ADMIN_LOGIN, json=body, headers=sent)
            assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
        assert (await client.post(ADMIN_LOGIN, json=body | {"csrftoken": 5})).status_code == 403
        assert (await client.post(ADMIN_LOGIN, data=body, files={"csrftoken": b"x"})).status_code == 403

    async def test_without_a_cookie_no_token_is_right(self, client: httpx.AsyncClient) -> None:
        body = {"username": ANA, "password": "flowcrm-demo"}
        for cookie in {}, {"Cookie": "csrftoken="}:
            headers = {"X-CSRFToken": "", **cookie}
            assert (await client.post(ADMIN_LOGIN, json=body, headers=headers)).status_code == 403
            client.cookies.clear()

    async def test_a_page_whose_cookies_were_deleted_logs_in_at_the_second_try(self, client: httpx.AsyncClient) -> None:
        stale, body = await self.the_token(client), {"username": ANA, "password": "flowcrm-demo"}
        client.cookies.clear()
        assert (await client.post(ADMIN_LOGIN, json=body, headers=stale)).status_code == 403
        assert (await client.post(ADMIN_LOGIN, json=body, headers=csrf(client))).status_code == 200

    async def test_the_page_leaves_a_cookie_that_is_there(self, client: httpx.AsyncClient) -> None:
        """Another tab may be about to send its value."""
        before = await self.the_token(client)
        assert await self.the_token(client) == before
        for path in "/admin/", "/admin/public/meta/", "/admin/public/translations/":
            assert "set-cookie" not in (await client.get(path)).headers
        assert "csrftoken=" in (await client.get("/admin/", headers={"Cookie": "csrftoken="})).headers["set-cookie"]

    async def test_refusals_are_plain_text(self, client: httpx.AsyncClient) -> None:
        token = await self.the_token(client)
        answer = await client.post(ADMIN_LOGIN, json={"username": ANA, "password": "wrong"}, headers=token)
        assert (answer.status_code, answer.text) == (401, "The e-mail or the password is wrong.")
        answer = await client.post(ADMIN_LOGIN, json=["?"], headers=token)
        assert answer.status_code == 422
        answer = await client.post(ADMIN_LOGIN, content="{", headers=token)
        assert answer.status_code == 400

    async def test_there_is_no_other_door_behind_it(self, client: httpx.AsyncClient) -> None:
        token = await self.the_token(client)
        for address in f"{ADMIN_LOGIN}x", f"{ADMIN_LOGIN}/", f"{ADMIN_LOGIN}x/y":
            answer = await client.post(address, json={"username": ANA, "password": "flowcrm-demo"}, headers=token)
            assert answer.status_code == 404
        assert (await client.get(ADMIN_LOGIN)).headers["location"] == "../../"
