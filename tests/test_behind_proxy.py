"""Two worker processes in production, behind a proxy that ends TLS.

Whom it saw, what they log and what they have counted together, and nothing that they must not say.
"""

import asyncio
import contextlib
import itertools
import json
import os
import re
import secrets
import signal
from collections.abc import AsyncIterator, Iterator
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from accounts.cookies import CSRF_LIFETIME_DAYS
from accounts.passwords import DEMO_PASSWORD, hash_password
from tests.support.builders import a_user
from tests.support.clients import NO_CERTIFICATES, a_token, bearer, log_in
from tests.support.databases import clone
from tests.support.ending import a_signal_lets_who_is_there_finish_and_nobody_else_in
from tests.support.logged import asked, tells_nothing_that_was_typed
from tests.support.programs import Program, children, project_in
from tests.support.scraped import scraped

ANA = "ana@flowcrm.example"
PASSWORD = "correct horse battery staple"
PUBLIC = "crm.example"  # the name that browsers know
POOL = 4  # connections of each worker
LIVE = "/api/health/live"
LIVE_REQUESTS = "http_requests_total", "method", "GET", "route", LIVE, "status", "200"


@pytest.fixture(scope="module")
async def dsn(server: str, steward: asyncpg.Connection, template: str) -> AsyncIterator[str]:
    async with clone(server, steward, template) as dsn:
        connection = await asyncpg.connect(dsn)
        await a_user(connection, email=ANA, role="admin", password=await hash_password(PASSWORD))
        await connection.close()
        yield dsn


@pytest.fixture(scope="module")
async def session(dsn: str) -> AsyncIterator[str]:
    """The token of one of Ana's."""
    connection = await asyncpg.connect(dsn)
    yield await a_token(connection, ANA)
    await connection.close()


@pytest.fixture(scope="module")
def program(dsn: str, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    settings = {
        "DATABASE_URL": dsn,
        "DB_PASSWORD": "the-database-s-own",
        "ENVIRONMENT": "production",
        "FORWARDED_ALLOW_IPS": "127.0.0.1",
        "LOG_LEVEL": "DEBUG",
        "WEB_CONCURRENCY": "2",
        "DB_POOL_MAX": str(POOL),
    }
    program = Program(project_in(tmp_path_factory.mktemp("behind") / "project"), environment | settings, "run.py")
    try:
        program.wait_until("Flow CRM is ready")
        yield program
    finally:
        if program.process.poll() is None:
            program.kill_all()


def proxied(program: Program, address: str, *, host: str = PUBLIC, claimed: str = "") -> httpx.AsyncClient:
    """A browser at this address, as a proxy passes it on, together with what the browser itself claims to be.

    Each request comes by a connection of its own, to whichever worker takes it.
    """
    headers = {
        "Host": host,
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": ", ".join(filter(None, [claimed, address])),
    }
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.AsyncClient(base_url=program.address, headers=headers, limits=limits, verify=NO_CERTIFICATES)


async def test_guesses_are_counted_by_the_address_that_the_proxy_saw(program: Program) -> None:
    found = []
    for number in range(7):
        async with proxied(program, "198.51.100.7", claimed=f"203.0.113.{number}") as guesser:
            found.append((await log_in(guesser, f"user{number}@x.example", "a guess")).status_code)
    assert found == [401] * 5 + [429] * 2
    async with proxied(program, "198.51.100.8") as ana:
        assert (await log_in(ana, ANA, PASSWORD)).status_code == 200


async def test_cookies_travel_over_https_only(program: Program) -> None:
    """All of them, whichever page or door sets them."""
    form = {"username": ANA, "password": PASSWORD}
    change = dict.fromkeys(("current_password", "new_password", "confirm_new_password"), PASSWORD)
    set_by: dict[str, list[str]] = {}
    async with proxied(program, "198.51.100.9") as ana:
        for name, path, body in (
            ("log-in without a cookie", "/admin/public/login/", form),
            ("page", "/admin/", None),
            ("log-in", "/admin/public/login/", form),
            ("log-out", "/admin/public/logout/", {}),
            ("log-in over REST", "/api/auth/login/", {"email": ANA, "password": PASSWORD}),
            ("change of password", "/admin/api/change-password/", change),
            ("second log-in over REST", "/api/auth/login/", {"email": ANA, "password": PASSWORD}),
            ("log-out over REST", "/api/auth/logout/", {}),
        ):
            headers = _cookies(set_by)
            answer = await (ana.get(path) if body is None else ana.post(path, json=body, headers=headers))
            assert "max-age" in answer.headers["Strict-Transport-Security"]
            set_by[name] = answer.headers.get_list("set-cookie")
            ana.cookies.clear()  # which would not send Secure ones to an address without HTTPS
    assert [len(cookies) for cookies in set_by.values()] == [1, 1, 2, 1, 2, 1, 2, 1], set_by
    for cookie in itertools.chain(*set_by.values()):
        attributes = set(cookie.split("; "))
        assert {"Secure", "SameSite=lax"} <= attributes
        assert ("HttpOnly" in attributes) == cookie.startswith("id=")
        if cookie.startswith("csrftoken="):
            assert f"Max-Age={CSRF_LIFETIME_DAYS * 24 * 60 * 60}" in attributes


def _cookies(set_by: dict[str, list[str]]) -> dict[str, str]:
    """What a browser sends that was given these cookies, one after the other."""
    given = SimpleCookie()
    for cookie in itertools.chain(*set_by.values()):
        given.load(cookie)
    sent = "; ".join(f"{name}={morsel.value}" for name, morsel in given.items())
    return {"Cookie": sent, "X-CSRFToken": given["csrftoken"].value} if given else {}


async def test_a_proxy_may_call_https_by_another_name(program: Program) -> None:
    async with proxied(program, "198.51.100.50") as browser:
        answer = await browser.get(LIVE, headers={"X-Forwarded-Proto": "wss"})
    assert answer.status_code == 200
    assert "Strict-Transport-Security" in answer.headers


@pytest.mark.parametrize("door", ["/admin/api/tables/customers/", "/api/customers/"])
@pytest.mark.parametrize(
    ("origin", "host", "status"),
    [
        (f"https://{PUBLIC}", PUBLIC, 404),
        (f"https://{PUBLIC}", f"{PUBLIC.title()}:443", 404),
        (f"https://{PUBLIC}:8443", PUBLIC, 403),
        ("https://evil.example", PUBLIC, 403),
        ("null", PUBLIC, 403),
        (f"https://{PUBLIC}", "127.0.0.1:8000", 403),
        ("http://[", PUBLIC, 403),
    ],
    ids=[
        "its own page",
        "its own page, as some proxies write it",
        "another port's page",
        "another site's page",
        "no site",
        "a proxy that does not pass the name on",
        "no address",
    ],
)
async def test_cookies_give_orders_from_our_own_pages_alone(
    program: Program, session: str, door: str, origin: str, host: str, status: int
) -> None:
    """To change a customer who is not there: whoever may give orders is told so."""
    token = secrets.token_urlsafe()
    async with proxied(program, "198.51.100.20", host=host) as ana:
        cookies = {"Cookie": f"id={session}; csrftoken={token}"}
        headers = cookies | {"X-CSRFToken": token, "Origin": origin, "Referer": f"{origin}/admin/"}
        body = {"name": "Ana", "email": "ana@x.example", "phone": "11987654321", "cpf": "52998224725"}
        answer = await ana.patch(f"{door}00000000-0000-4000-8000-000000000000/", headers=headers, json=body)
    assert answer.status_code == status, answer.text


async def test_nobody_is_given_the_password_that_everybody_knows(program: Program) -> None:
    """Production would not start again."""
    async with proxied(program, "198.51.100.40") as ana:
        headers = bearer((await log_in(ana, ANA, PASSWORD)).json()["token"])
        bia = {"email": "bia@x.example", "name": "Bia", "role": "employee", "password": DEMO_PASSWORD}
        change = {"current_password": PASSWORD, "new_password": DEMO_PASSWORD}
        for path, body in {"/api/users/": bia, "/api/auth/password/": change}.items():
            answer = await ana.post(path, headers=headers, json=body)
            assert answer.status_code == 422
            assert [error["code"] for error in answer.json()["errors"]] == ["demo_password"]


async def test_no_secret_is_logged_or_repeated(program: Program, dsn: str) -> None:
    """At the most talkative level, whether the log-in succeeds or not."""
    async with proxied(program, "198.51.100.30") as ana:
        answers = [await log_in(ana, ANA, PASSWORD), await log_in(ana, ANA, "nearly the right one")]
        token, csrf = answers[0].json()["token"], answers[0].cookies["csrftoken"]
        headers = bearer(token)
        change = {"current_password": "nearly the right one", "new_password": "another one altogether"}
        answers.append(await ana.post("/api/auth/password/", headers=headers, json=change))
        answers += [
            await ana.get(path, headers=headers)
            for path in ("/api/auth/me/", "/api/health", "/openapi.json", "/metrics")
        ]
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch("SELECT password, token_hash FROM users, sessions")
    hashes = [value for row in rows for value in row]
    await connection.close()
    secret = {PASSWORD, "nearly the right one", "another one altogether", token, csrf, "the-database-s-own", *hashes}
    said = [program.text, *(answer.text for answer in answers[1:])]
    assert [word for word in secret if any(word in text for text in said)] == []


async def test_each_request_is_a_line_of_json_that_says_who_asked_what_and_how_long_it_took(
    program: Program, dsn: str, session: str
) -> None:
    connection = await asyncpg.connect(dsn)
    ana = str(await connection.fetchval("SELECT id FROM users"))
    async with proxied(program, "198.51.100.60") as browser:
        browser.headers.update(bearer(session))
        request_id = await asked(browser, connection)
    await connection.close()
    assert tells_nothing_that_was_typed(program.text, session)
    lines: list[dict[str, Any]] = [json.loads(line) for line in program.text.splitlines() if line.startswith("{")]
    [line] = [line for line in lines if line.get("request_id") == request_id]
    assert 0 < line.pop("ms") < 10_000
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", line.pop("timestamp"))
    assert line == {
        "event": "request",
        "level": "info",
        "logger": "flow_crm.requests",
        "method": "GET",
        "path": "/api/customers/{row_id}/",
        "status": 404,
        "user_id": ana,
        "request_id": request_id,
    }


@contextlib.asynccontextmanager
async def closed(server: str, database: str) -> AsyncIterator[None]:
    """Inside, the database takes no connections, and has none."""
    name = urlsplit(database).path[1:]
    connection = await asyncpg.connect(server)
    await connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
    yield
    await connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    await connection.close()


async def until_told(visitor: httpx.AsyncClient, *, requests: float, connections: int, up: int = 1) -> None:
    """By every one of six answers in a row."""
    most, in_a_row = ("database_connections", "state", "max"), 0
    async with asyncio.timeout(20):
        while in_a_row < 6:
            one = await scraped(visitor)
            told = one[LIVE_REQUESTS], one[most], one["database_up",]
            in_a_row = in_a_row + 1 if told == (requests, connections, up) else 0
            await asyncio.sleep(0 if in_a_row else 0.1)


async def test_two_workers_answer_for_each_other_and_for_one_that_died(program: Program, server: str, dsn: str) -> None:
    async with proxied(program, "198.51.100.70") as visitor:
        before = (await scraped(visitor)).get(LIVE_REQUESTS, 0)
        for _ in range(20):
            assert (await visitor.get(LIVE)).status_code == 200
        await until_told(visitor, requests=before + 20, connections=2 * POOL)
        async with closed(server, dsn):
            await until_told(visitor, requests=before + 20, connections=2 * POOL, up=0)
        begun = program.text.count("startup complete")
        victim = children(program.process.pid)[0]
        os.kill(victim, signal.SIGKILL)
        while program.text.count("startup complete") == begun:
            await asyncio.sleep(0.05)
        await until_told(visitor, requests=before + 20, connections=2 * POOL)
    assert victim not in children(program.process.pid)


async def test_at_the_end_they_let_who_is_there_finish_and_nobody_else_in(program: Program) -> None:
    ana = {"email": ANA, "password": PASSWORD}
    await a_signal_lets_who_is_there_finish_and_nobody_else_in(program, signal.SIGINT, ana)
