"""Five failed log-ins within a minute, for one account or from one address, close the door for a while."""

import asyncio
from collections import Counter

import asyncpg
import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI

from accounts import login
from accounts.passwords import verify_password
from tests.support.builders import a_user
from tests.support.clients import a_client, a_token, bearer, csrf, keep_cookies, log_in
from tests.support.concurrently import until_waiting

ANA = "ana@flowcrm.example"
BIA = "bia@flowcrm.example"
PASSWORD = "/api/auth/password/"
ADMIN_PASSWORD = "/admin/api/change-password/"

# Of "flowcrm-demo". Wrong passwords are compared in no time, so that many attempts can be at the same point at once.
CHEAP_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("flowcrm-demo")


@pytest.fixture(autouse=True)
async def users(app: FastAPI, connection: asyncpg.Connection) -> None:
    for email in ANA, BIA:
        await a_user(connection, email=email, password=CHEAP_HASH)


async def attempt(email: str, password: str, address: str = "192.0.2.1") -> httpx.Response:
    async with a_client(address) as client:
        return await log_in(client, email, password)


async def statuses(*attempts: tuple[str, str, str]) -> list[int]:
    """One after the other."""
    return [(await attempt(*one)).status_code for one in attempts]


async def failed(connection: asyncpg.Connection, *seconds_ago: float, email: str = ANA, address: str = "x") -> None:
    """As if so many log-ins had failed then."""
    insert = "INSERT INTO login_failures (account, address, failed_at) VALUES ($1, $2, clock_timestamp() - $3 * '1 s'"
    await connection.executemany(f"{insert}::interval)", [(email, address, seconds) for seconds in seconds_ago])


async def recorded(connection: asyncpg.Connection) -> int:
    count: int = await connection.fetchval("SELECT count(*) FROM login_failures")
    return count


class TestDoorCloses:
    async def test_for_an_account_whatever_the_address_and_the_case(self) -> None:
        guesses = [
            (email, "wrong", f"192.0.2.{n}") for n, email in enumerate((ANA, ANA.upper(), "Ana@FlowCRM.example"))
        ]
        assert await statuses(*guesses, *guesses[:2]) == [401] * 5
        answer = await attempt(ANA, "flowcrm-demo", "192.0.2.99")
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert (await attempt(BIA, "flowcrm-demo", "192.0.2.99")).status_code == 200

    async def test_for_an_address_whatever_the_account(self) -> None:
        assert await statuses(*((f"nobody{n}@x.example", "wrong", "192.0.2.1") for n in range(5))) == [401] * 5
        assert (await attempt(ANA, "flowcrm-demo", "192.0.2.1")).status_code == 429
        assert (await attempt(ANA, "flowcrm-demo", "192.0.2.2")).status_code == 200

    async def test_for_all_the_addresses_of_one_ipv6_network(self) -> None:
        home = [(f"nobody{n}@x.example", "wrong", f"2001:db8:0:7::{n:x}") for n in range(5)]
        assert await statuses(*home) == [401] * 5
        assert await statuses((ANA, "flowcrm-demo", "2001:db8:0:7:a:b:c:d")) == [429]
        assert await statuses((ANA, "flowcrm-demo", "2001:db8:0:8::1")) == [200]

    async def test_for_an_ipv4_address_however_it_is_written(self) -> None:
        written = [(f"nobody{n}@x.example", "wrong", "::ffff:192.0.2.1") for n in range(5)]
        assert await statuses(*written, (ANA, "flowcrm-demo", "192.0.2.1")) == [401] * 5 + [429]
        assert await statuses((ANA, "flowcrm-demo", "::ffff:192.0.2.2")) == [200]

    async def test_for_an_account_that_does_not_exist_just_the_same(self, connection: asyncpg.Connection) -> None:
        await failed(connection, 1, 1, 1, 1, 1, email="nobody@x.example")
        assert (await attempt("NOBODY@x.example", "wrong")).status_code == 429

    async def test_for_guesses_at_the_current_password_of_a_stolen_session(
        self, connection: asyncpg.Connection
    ) -> None:
        token = await a_token(connection, ANA)
        change = {"current_password": "wrong", "new_password": "battery staple"}
        async with a_client("192.0.2.7") as client:
            headers = bearer(token)
            guesses = [await client.post(PASSWORD, json=change, headers=headers) for _ in range(5)]
            assert [answer.status_code for answer in guesses] == [422] * 5
            right = change | {"current_password": "flowcrm-demo"}
            answer = await client.post(PASSWORD, json=right, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
            assert 1 <= int(answer.headers["Retry-After"]) <= 60
            assert (await attempt(ANA, "flowcrm-demo")).status_code == 429
            await connection.execute("DELETE FROM login_failures")
            assert (await client.post(PASSWORD, json=right, headers=headers)).status_code == 204

    async def test_for_guesses_in_the_admins_form_too(self, connection: asyncpg.Connection) -> None:
        await failed(connection, 1, 1, 1, 1)
        form = {"current_password": "wrong", "new_password": "long enough", "confirm_new_password": "long enough"}
        async with a_client() as client:
            keep_cookies(client, await a_token(connection, ANA))
            answers = [await client.post(ADMIN_PASSWORD, json=form, headers=csrf(client)) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [422, 429]
        assert "Please wait a minute" in answers[1].json()["detail"]

    async def test_for_the_admins_log_in_too(self, connection: asyncpg.Connection) -> None:
        await failed(connection, 1, 1, 1, 1)
        async with a_client() as client:
            keep_cookies(client, "none")
            headers = {"X-CSRFToken": client.cookies["csrftoken"]}
            body = {"username": ANA, "password": "wrong"}
            answers = [await client.post("/admin/public/login/", json=body, headers=headers) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [401, 429]
        assert "Retry-After" in answers[1].headers
        assert (await attempt(ANA, "flowcrm-demo")).status_code == 429

    async def test_a_success_opens_nothing(self, connection: asyncpg.Connection) -> None:
        await failed(connection, 1, 1, 1, 1)
        right, wrong = (ANA, "flowcrm-demo", "a"), (ANA, "wrong", "a")
        assert await statuses(right, wrong, right) == [200, 401, 429]

    async def test_what_is_no_log_in_at_all_does_not_count(self, connection: asyncpg.Connection) -> None:
        async with a_client() as client:
            for body in '{"email": "a@b.example"}', r'{"email": "\u0000", "password": "x"}', "[]":
                assert (await client.post("/api/auth/login/", content=body)).status_code == 422
        assert await recorded(connection) == 0

    async def test_for_an_email_of_any_length(self, connection: asyncpg.Connection) -> None:
        for email in "é" * 300, "İ" * 255, "e" * 100_000:
            assert (await attempt(email, "wrong")).status_code == 401
            four_more = "SELECT account, 'x' FROM login_failures, generate_series(1, 4)"
            await connection.execute(f"INSERT INTO login_failures (account, address) {four_more}")
            assert (await attempt(email, "wrong", "192.0.2.2")).status_code == 429
            await connection.execute("DELETE FROM login_failures")


class TestDoorOpens:
    async def test_when_the_fifth_last_failure_is_a_minute_old(self, connection: asyncpg.Connection) -> None:
        await failed(connection, 59, 50.5, 30, 20, 10, 5)
        answer = await attempt(ANA, "flowcrm-demo")
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) in (9, 10)
        await connection.execute("UPDATE login_failures SET failed_at = failed_at - interval '9.5 seconds'")
        assert (await attempt(ANA, "flowcrm-demo")).status_code == 200

    async def test_five_failures_in_more_than_a_minute_close_nothing(self, connection: asyncpg.Connection) -> None:
        await failed(connection, 60, 4, 3, 2, 1)
        assert await statuses((ANA, "wrong", "a"), (ANA, "wrong", "a")) == [401, 429]

    async def test_the_longer_wait_counts(self, connection: asyncpg.Connection) -> None:
        await failed(connection, 55, 55, 55, 55, 55)
        await failed(connection, 25, 25, 25, 25, 25, email="other", address="192.0.2.1")
        assert int((await attempt(ANA, "wrong")).headers["Retry-After"]) in (34, 35)

    async def test_trying_in_vain_does_not_keep_it_closed(self, connection: asyncpg.Connection) -> None:
        await failed(connection, 40, 40, 40, 40, 40)
        assert await statuses(*[(ANA, "wrong", "192.0.2.1")] * 3) == [429] * 3
        assert await recorded(connection) == 5

    async def test_the_last_instant_still_says_a_second(self, connection: asyncpg.Connection) -> None:
        await failed(connection, *[59] * 5)
        assert (await attempt(ANA, "wrong")).headers["Retry-After"] == "1"

    async def test_old_failures_are_forgotten(self, connection: asyncpg.Connection) -> None:
        await failed(connection, *range(61, 90), email="other")
        assert (await attempt(ANA, "wrong")).status_code == 401
        assert await recorded(connection) == 1


class TestBurst:
    async def test_on_one_account_gets_five_answers_although_transactions_see_the_past(
        self, connection: asyncpg.Connection
    ) -> None:
        name = await connection.fetchval("SELECT current_database()")
        await connection.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'")
        answers = await asyncio.gather(*(attempt(ANA, f"guess {n}", f"192.0.2.{n}") for n in range(12)))
        assert Counter(answer.status_code for answer in answers) == {401: 5, 429: 7}
        assert await recorded(connection) == 5

    async def test_from_one_address_gets_five_answers(self) -> None:
        answers = await asyncio.gather(*(attempt(f"user{n}@x.example", "wrong") for n in range(12)))
        assert Counter(answer.status_code for answer in answers) == {401: 5, 429: 7}

    async def test_that_is_judged_in_the_same_instant_gets_five_answers(self, connection: asyncpg.Connection) -> None:
        async with connection.transaction():
            await connection.execute("LOCK TABLE login_failures IN SHARE MODE")  # all may count, none may record
            guesses = [asyncio.create_task(attempt(ANA, "wrong", f"192.0.2.{n}")) for n in range(7)]
            await until_waiting(connection, len(guesses))
        answers = await asyncio.gather(*guesses)
        assert Counter(answer.status_code for answer in answers) == {401: 5, 429: 2}

    async def test_costs_few_hashes(self, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
        costly = PasswordHasher(time_cost=2, memory_cost=16_384, parallelism=1).hash("flowcrm-demo")
        await connection.execute("UPDATE users SET password = $1", costly)
        checked: list[str] = []

        async def verify(plain: str, *, against: str | None) -> bool:
            checked.append(plain)
            return await verify_password(plain, against=against)

        monkeypatch.setattr(login, "verify_password", verify)
        monkeypatch.setattr(login, "_judging", asyncio.Semaphore(2))  # a machine may have as many cores as guesses
        answers = await asyncio.gather(*(attempt(ANA, "wrong") for _ in range(40)))
        assert Counter(answer.status_code for answer in answers) == {401: 5, 429: 35}
        assert len(checked) < 20

    async def test_while_the_database_is_slow_nobody_waits_for_the_others_as_well(
        self, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(login, "_judging", asyncio.Semaphore(2))
        async with connection.transaction():
            await connection.execute("LOCK TABLE users")
            log_ins = [asyncio.create_task(attempt(ANA, "flowcrm-demo")) for _ in range(5)]
            await until_waiting(connection, len(log_ins))
        assert {answer.status_code for answer in await asyncio.gather(*log_ins)} == {200}

    async def test_after_it_guesses_wait_for_no_turn(
        self, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(login, "_judging", asyncio.Semaphore(0))
        await failed(connection, *range(5))
        assert (await attempt(ANA, "wrong")).status_code == 429

    async def test_crosswise_nobody_waits_for_ever(self) -> None:
        pairs = [(f"user{n % 4}@x.example", "wrong", f"192.0.2.{n // 4}") for n in range(16)]
        answers = await asyncio.gather(*(attempt(*pair) for pair in pairs))
        assert Counter(answer.status_code for answer in answers) == {401: 16}
