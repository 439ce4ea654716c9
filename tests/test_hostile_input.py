"""Addresses, query strings and headers that no decent client sends: refused in the one shape."""

import json

import asyncpg
from fastapi import FastAPI

from tests.support.builders import a_customer
from tests.support.cast import Cast
from tests.support.commands import contents
from tests.support.hostile import some_rows, writes
from tests.support.raw_requests import Raw, raw_of
from tests.support.refusals import blamed, problem, refused

DIGITS = b"9" * 100_000


async def test_ids_that_are_none(app: FastAPI, cast: Cast) -> None:
    raw = raw_of(app, cast.admin)
    for id in ("%00", "%ff", "%F0%9F%92%A9", "a" * 60_000, "..%2f", "%0d%0aX:y", "null", "-1", "' OR 1=1", "%"):
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            answer = await raw.send(method, f"/api/customers/{id}/", body=b"{}")
            assert answer.status_code in (404, 422), (method, id[:20])
            assert problem(answer)


async def test_query_strings_that_are_none(app: FastAPI, cast: Cast, connection: asyncpg.Connection) -> None:
    rows = await some_rows(connection)
    raw = raw_of(app, cast.admin)
    queries = (
        *(b"%", b"=", b"&&&=", b"%00", b"%FF", b"\xff", b"\x00", b"limit", b"?limit=1", b"limit=1;offset=1"),
        *(b"search=%00", b"search=%ED%A0%80", b"search=\xff", b"search=" + b"a" * 60_000, b"name=%00"),
        *(b"limit=%C2%B2", b"limit=" + DIGITS, b"offset=-" + DIGITS, b"limit=NaN", b"limit=0x10", b"limit=1&limit=1"),
        *(
            b"__order=" + b"name," * 10_000,
            b"__visible_fields=" + b"id," * 10_000,
            b"__order=name;drop",
            b"__order=%00",
        ),
        *(
            b"id=%00",
            b"cpf=%00",
            b"name__operator=%00",
            b"name__match=%00",
            b"&".join(b"x%d=1" % n for n in range(5000)),
        ),
    )
    for query in queries:
        for path in ("customers", "products", "presales"):
            answer = await raw.send("GET", f"/api/{path}/", query=query)
            assert blamed(answer), (path, query[:40])
    for method, path in writes(rows):
        assert blamed(await raw.send(method, path, query=b"x=1", body=b"{}"))


async def test_whoever_logs_in_or_out_gives_no_parameters(app: FastAPI, cast: Cast) -> None:
    body = b'{"email": "admin@flowcrm.example", "password": "flowcrm-demo"}'
    ways = ("POST", "login", body), ("GET", "me", b""), ("POST", "logout", b""), ("POST", "password", b"{}")
    for method, name, sent in ways:
        raw = raw_of(app, cast.employee)
        for query, named in (
            (b"next=/&x", ["next", "x"]),
            (b"%ff=\xff", ["?"]),
            (b"=", [""]),
            (b"y" * 100, ["y" * 64]),
        ):
            answer = await raw.send(method, f"/api/auth/{name}/", query=query, body=sent)
            assert blamed(answer) == named, (name, query)
    assert (await cast.employee.get("/api/auth/me/?")).status_code == 200
    assert refused(await cast.stranger.get("/api/auth/me/?x=1")) == (401, "unauthenticated")


async def test_probes_of_health_may_say_what_they_like(cast: Cast) -> None:
    for path in "/api/health", "/api/health/live":
        assert (await cast.stranger.get(f"{path}?probe=1")).status_code == 200


async def test_a_search_of_signs_finds_nothing_and_fails_at_nothing(cast: Cast, connection: asyncpg.Connection) -> None:
    await a_customer(connection)
    for typed in (
        "'",
        "''",
        "\\",
        "&|!():*<->",
        "' & '",
        ":*",
        "a:*b",
        "\u0301",
        "\u200b",
        "🐘",
        "%_%",
        "--",
        "$1",
        "{}",
        "(((((",
    ):
        for path in ("customers", "products", "presales"):
            answer = await cast.employee.get(f"/api/{path}/", params={"search": typed})
            assert answer.status_code == 200, (path, typed)


HEADERS = (
    *(b"", b" ", b"\x00", b"\xff\xfe", b"a" * 70_000, b"[", b'"', b",,,", b";=;", b"-1"),
    *(b"Bearer", b"Bearer \xff", b"Basic Zm9v"),
)


async def test_headers_that_are_none(app: FastAPI, cast: Cast, connection: asyncpg.Connection) -> None:
    token = cast.employee.headers["Authorization"].encode()
    address = f"/api/customers/{await a_customer(connection)}/"
    before = await contents(connection)
    for name in (b"authorization", b"if-match", b"idempotency-key", b"content-type"):
        for value in HEADERS:
            own = [] if name == b"authorization" else [(b"authorization", token)]
            answer = await Raw(app, [*own, (name, value)]).send("PUT", address, body=b'{"name": "Changed"}')
            assert 400 <= answer.status_code < 500, (name, value[:20])
            assert problem(answer)
    assert await contents(connection) == before


async def test_cookies_that_are_none(app: FastAPI) -> None:
    for cookie in (*HEADERS, b"id=", b"id=\xff", b"id=x; csrftoken=\xff", b"id=x; id=y", b"=;=", b"id" * 30_000):
        for method in ("GET", "POST"):
            answer = await Raw(app, [(b"cookie", cookie), (b"x-csrftoken", b"\xff")]).send(
                method, "/api/customers/", body=b"{}"
            )
            assert answer.status_code in (401, 403), cookie[:20]
            assert problem(answer)


async def test_idempotency_keys_that_are_none(app: FastAPI, cast: Cast, connection: asyncpg.Connection) -> None:
    rows = await some_rows(connection)
    raw, body = raw_of(app, cast.employee), json.dumps({"customer_id": rows["customers"]}).encode()
    for value in (b"", b" ", b"\x00", b"\xff", b"a" * 256, b"a\tb", " é".encode()):
        answer = await raw.send("POST", "/api/presales/", body=body, headers=[(b"idempotency-key", value)])
        assert blamed(answer) == ["Idempotency-Key"], value
    two = [(b"idempotency-key", b"a"), (b"idempotency-key", b"b")]
    assert blamed(await raw.send("POST", "/api/presales/", body=body, headers=two)) == ["Idempotency-Key"]


async def test_a_request_id_that_could_harm_the_log_is_replaced(app: FastAPI, cast: Cast) -> None:
    raw = raw_of(app, cast.employee)
    harmless = await raw.send("GET", "/api/auth/me/", headers=[(b"x-request-id", b"order.17_a-B")])
    assert harmless.headers["x-request-id"] == "order.17_a-B"
    for value in (b"", b"a b", b"\r\nX: y", b"\xff", b"a" * 65, b"{}", b"\x00", b"../../etc"):
        answer = await raw.send("GET", "/api/auth/me/", headers=[(b"x-request-id", value)])
        assert answer.status_code == 200
        assert len(answer.headers["x-request-id"]) == 32
        assert answer.headers["x-request-id"].isalnum()
