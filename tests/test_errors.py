"""Each line of the contract's table of errors, provoked over HTTP, in English and in Portuguese."""

import json
import logging
from collections.abc import Awaitable
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from tests.support.bodies import CUSTOMER, PRODUCT, create
from tests.support.builders import a_customer, a_line, a_presale, a_presale_that_is, a_product
from tests.support.cast import Cast
from tests.support.raw_requests import raw_of
from tests.support.refusals import problem, refused

PORTUGUESE = {"Accept-Language": "pt-BR,pt;q=0.9,en;q=0.5"}


async def fields(request: Awaitable[httpx.Response]) -> tuple[int, str, list[str]]:
    answer = await request
    return (*refused(answer), [error["field"] for error in problem(answer)["errors"]])


async def test_what_the_request_alone_shows(cast: Cast) -> None:
    post = cast.admin.post
    assert await fields(post("/api/customers/", content=b"{")) == (400, "malformed_json", [])
    wrong = {**CUSTOMER, "name": 5, "email": None}
    assert await fields(post("/api/customers/", json=wrong)) == (422, "validation_error", ["name", "email"])
    assert await fields(cast.admin.get("/api/customers/?limit=x")) == (422, "validation_error", ["limit"])
    assert await fields(cast.admin.get("/api/customers/x/")) == (422, "validation_error", ["id"])
    lines = [{"quantity": 1}, {"product_id": "x", "quantity": 0}]
    nested = {"customer_id": str(uuid4()), "items": lines}
    expected = ["items.0.product_id", "items.1.product_id", "items.1.quantity"]
    assert await fields(post("/api/presales/", json=nested)) == (422, "validation_error", expected)


async def test_what_only_the_database_knows(cast: Cast, connection: asyncpg.Connection) -> None:
    post = cast.admin.post
    await create(cast.admin, "products", PRODUCT)
    assert await fields(post("/api/products/", json=PRODUCT)) == (409, "unique_violation", ["code"])
    nobody = {"customer_id": str(uuid4())}
    assert await fields(post("/api/presales/", json=nobody)) == (422, "foreign_key_violation", ["customer_id"])
    presale, product = str(await a_presale(connection)), str(await a_product(connection))
    line = {"presale_id": presale, "product_id": product, "quantity": 1, "discount": 11}
    assert await fields(post("/api/presale-items/", json=line)) == (422, "check_violation", ["discount"])
    huge = {**line, "quantity": 9_999_999, "discount": 0, "unit_price": 99_999_999}
    assert await fields(post("/api/presale-items/", json=huge)) == (422, "out_of_range", [])
    # No column of ours can be null where a request may say so; another program may well add one.
    await connection.execute("UPDATE customers SET address = ''")
    await connection.execute("ALTER TABLE customers ALTER COLUMN address SET NOT NULL")
    assert await fields(post("/api/customers/", json=CUSTOMER)) == (422, "not_null_violation", ["address"])


async def test_what_the_life_of_a_presale_forbids(cast: Cast, connection: asyncpg.Connection) -> None:
    at = {status: await a_presale_that_is(connection, status) for status in ("draft", "pending", "converted")}
    empty, poor = await a_presale(connection), await a_presale(connection, discount="10.01")
    await a_line(connection, poor)
    scarce = await a_presale_that_is(connection, "approved", quantity="101", product_id=await a_product(connection))

    async def act(presale: object, action: str) -> tuple[int, str]:
        return refused(await cast.admin.post(f"/api/presales/{presale}/{action}/"))

    assert await act(at["draft"], "approve") == (409, "invalid_transition")
    assert await act(at["converted"], "cancel") == (409, "invalid_transition")
    assert await act(empty, "submit") == (409, "no_items")
    assert await act(poor, "submit") == (409, "discount_exceeds_sum")
    assert await act(scarce, "convert") == (409, "insufficient_stock")
    pending = f"/api/presales/{at['pending']}/"
    assert refused(await cast.admin.patch(pending, json={"discount": 1})) == (409, "presale_locked")
    assert refused(await cast.admin.delete(pending)) == (409, "presale_locked")
    converted = f"/api/presales/{at['converted']}/"
    assert refused(await cast.admin.patch(converted, json={"notes": "late"})) == (409, "presale_locked")


async def test_the_detail_lists_where_a_presale_may_go(cast: Cast, connection: asyncpg.Connection) -> None:
    address = f"/api/presales/{await a_presale_that_is(connection, 'pending')}/"
    said = {
        language: problem(await cast.admin.patch(address, json={"status": "converted"}, headers=headers))["detail"]
        for language, headers in (("en", {}), ("pt", PORTUGUESE))
    }
    assert said == {
        "en": "A pre-sale that is pending cannot become converted. Possible from here: approved, draft, cancelled.",
        "pt": "A situação não pode passar de pendente a convertida. Possível agora: aprovada, rascunho, cancelada.",
    }


async def test_what_is_converted_already_is_told_so(cast: Cast, connection: asyncpg.Connection) -> None:
    address = f"/api/presales/{await a_presale_that_is(connection, 'converted')}/convert/"
    for sentence, headers in (
        ("This pre-sale is already converted. Possible from here: nothing.", {}),
        ("Esta pré-venda já está convertida. Possível agora: nada.", PORTUGUESE),
    ):
        answer = await cast.admin.post(address, headers=headers)
        assert refused(answer) == (409, "invalid_transition")
        body = problem(answer)
        assert body["detail"] == sentence
        assert body["errors"] == [{"field": "status", "code": "invalid_transition", "message": sentence}]


async def test_too_little_stock_names_the_products_and_how_many(cast: Cast, connection: asyncpg.Connection) -> None:
    presale = await a_presale(connection)
    for code, name, stock in (("B2", "Bola", 1), ("B1", "Bola", 2), ("C", "Caneta", 50), ("D", "Dado {x}", 0)):
        product = await a_product(connection, code=code, name=name, stock=stock)
        await a_line(connection, presale, quantity="2.5", product_id=product)
    for action in ("submit", "approve"):
        await cast.admin.post(f"/api/presales/{presale}/{action}/")
    body = problem(await cast.admin.post(f"/api/presales/{presale}/convert/", headers=PORTUGUESE))
    assert body["detail"] == "Estoque insuficiente de: B1 - Bola, B2 - Bola, D - Dado {x}."
    assert [error["message"] for error in body["errors"]] == [
        "B1 - Bola: necessário 3, em estoque 2.",
        "B2 - Bola: necessário 3, em estoque 1.",
        "D - Dado {x}: necessário 3, em estoque 0.",
    ]


async def test_portuguese_for_whoever_prefers_it(app: FastAPI, cast: Cast) -> None:
    admin = cast.admin
    for request, title in (
        (admin.get(f"/api/customers/{uuid4()}/", headers=PORTUGUESE), "Não encontrado"),
        (admin.get("/api/nothing/", headers=PORTUGUESE), "Não encontrado"),
        (admin.delete("/api/customers/", headers=PORTUGUESE), "Método não oferecido"),
        (admin.post("/api/customers/", content=b"{", headers=PORTUGUESE), "Não é JSON"),
        (admin.post("/api/customers/", json={}, headers=PORTUGUESE), "Verifique os campos"),
        (cast.employee.get("/api/users/", headers=PORTUGUESE), "Não permitido"),
        (cast.stranger.get("/api/users/", headers=PORTUGUESE), "Entre primeiro"),
        (
            cast.stranger.post("/api/auth/login/", json={"email": "a@b.co", "password": "x"}, headers=PORTUGUESE),
            "E-mail ou senha incorretos",
        ),
    ):
        answer = await request
        assert problem(answer)["title"] == title
        assert (answer.headers["Content-Language"], answer.headers["Vary"]) == ("pt-BR", "Accept-Language")
    answer = await admin.get("/api/nothing/")
    assert (problem(answer)["title"], answer.headers["Content-Language"]) == ("Not found", "en")
    huge = [(b"content-length", b"9000000"), (b"accept-language", b"pt-BR")]
    too_large = problem(await raw_of(app, admin).send("POST", "/api/customers/", headers=huge))
    assert too_large["detail"] == "O corpo da requisição passa de 8 MiB, ou, antes do login, de 1 MiB."


async def test_what_may_be_sent_is_listed_in_the_words_to_send(cast: Cast) -> None:
    answer = await cast.admin.post("/api/users/", json={"role": "boss"}, headers=PORTUGUESE)
    [message] = [error["message"] for error in problem(answer)["errors"] if error["field"] == "role"]
    assert message == "Isto deve ser um destes: 'admin', 'manager', 'employee'."
    answer = await cast.admin.post("/api/presales/", json={"status": "pending"}, headers=PORTUGUESE)
    [message] = [error["message"] for error in problem(answer)["errors"] if error["field"] == "status"]
    assert message == "Isto deve ser um destes: 'draft'."


async def test_a_problem_says_what_kind_it_is_and_where_it_happened(cast: Cast) -> None:
    answer = await cast.admin.get("/api/customers/x/?limit=1")
    assert problem(answer) == {
        "type": "urn:problem:validation_error",
        "title": "Please check the fields",
        "status": 422,
        "detail": "id: This is not a valid id.",
        "code": "validation_error",
        "instance": "/api/customers/x/",
        "errors": [{"field": "id", "code": "uuid_parsing", "message": "This is not a valid id."}],
    }


async def test_where_it_happened_is_an_address_whatever_was_asked_for(cast: Cast) -> None:
    for asked in ("/api/bog%C3%BCs%20%22x%22/", "/api/a%0D%0Ab/", "/api/50%25/"):
        assert problem(await cast.admin.get(asked))["instance"] == asked


async def test_what_nobody_foresaw_is_logged_with_the_id_that_the_answer_carries(
    cast: Cast, connection: asyncpg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    await connection.execute("ALTER TABLE customers RENAME TO clients")
    for request in (cast.admin.get("/api/customers/"), cast.admin.post("/api/customers/", json=CUSTOMER)):
        caplog.clear()
        answer = await request
        assert refused(answer) == (500, "internal_error")
        told = json.dumps(problem(answer))
        assert not any(
            word in told for word in ("customers does not exist", "SELECT", "INSERT", "Traceback", "asyncpg")
        )
        [logged] = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert answer.headers["X-Request-ID"] in logged.getMessage()
        assert logged.exc_info is not None


async def test_no_refusal_repeats_the_row(cast: Cast, connection: asyncpg.Connection) -> None:
    secret = "Rua do Segredo, 7"
    await a_customer(connection, cpf="52998224725", address=secret)
    answers: list[Any] = [
        await cast.admin.post("/api/customers/", json={**CUSTOMER, "address": secret}),
        await cast.admin.post("/api/customers/", json={**CUSTOMER, "address": secret, "name": " "}),
    ]
    await connection.execute("ALTER TABLE customers ADD CONSTRAINT surprise CHECK (length(name) > 100) NOT VALID")
    answers.append(await cast.admin.post("/api/customers/", json={**CUSTOMER, "cpf": "11144477735", "address": secret}))
    assert [answer.status_code for answer in answers] == [409, 422, 422]
    for answer in answers:
        assert "Segredo" not in answer.text
        assert "surprise" not in answer.text
