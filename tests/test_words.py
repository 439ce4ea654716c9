"""Whatever the database refuses is explained in English and in Portuguese, and nothing but that is shown."""

import re
from typing import Any, get_args

import asyncpg
import pytest
from fastapi import FastAPI

from accounts.roles import UserRole
from backoffice import words
from backoffice.audit_trail.enums import AuditAction
from backoffice.database.errors import explain
from backoffice.problems import SAME_WORDS, Problem, describe
from backoffice.settings import ROOT
from backoffice.web.problem_responses import language_of
from backoffice.words import CONSTRAINTS, PROBLEMS, VALUE_ERRORS, VALUES
from crm.enums import PresaleStatus
from tests.support.builders import a_customer, a_line, a_presale, a_presale_that_is, a_product, a_session, a_user
from tests.support.provocations import REFUSED

LANGUAGES = get_args(words.Language)
# What keeps account of the migrations: no request touches it.
OF_NO_CONCERN = "migration"
# To the database it is no change: the action that converts is refused by Python.
NOT_OF_THE_DATABASE = {"presales_transition:already"}


@pytest.fixture(autouse=True)
def registered(app: FastAPI) -> None:
    """The words are registered when the application is put together."""


async def names_in(connection: asyncpg.Connection) -> set[str]:
    """Everything by which the database may refuse: constraints, unique indexes, and what the rules raise."""
    constraints = await connection.fetch(
        "SELECT conname AS name FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace AND contype NOT IN ('n', 't') "
        "UNION SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indrelid "
        "WHERE indisunique AND relnamespace = 'public'::regnamespace "
        "UNION SELECT conname || ':delete' FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace AND contype = 'f' AND confdeltype <> 'c'"
    )
    names = {record["name"] for record in constraints}
    return {name for name in names if not name.startswith(OF_NO_CONCERN)} | raised()


def raised() -> set[str]:
    rules = "".join(path.read_text() for path in ROOT.glob("*/rules/*.sql"))
    statements = re.findall(r"RAISE EXCEPTION[^;]+;", rules)
    named = [re.search(r"CONSTRAINT = '(\w+)'", statement) for statement in statements]
    # What is raised without a name only asks for the transaction to be run again, or at another level of isolation.
    nameless = [statement for statement, name in zip(statements, named, strict=True) if name is None]
    codes = {code for statement in nameless for code in re.findall(r"ERRCODE = '(\w+)'", statement)}
    assert codes == {"serialization_failure", "object_not_in_prerequisite_state"}
    return {name[1] for name in named if name}


@pytest.fixture
async def stage(connection: asyncpg.Connection) -> dict[str, Any]:
    user = await a_user(connection, role="admin")
    await a_session(connection, user)
    await connection.execute("INSERT INTO login_failures (account, address) VALUES ('a', 'b')")
    insert = "INSERT INTO idempotency_keys (user_id, key, request) VALUES ($1, 'key', '{}')"
    await connection.execute(insert, user)
    customer, product = await a_customer(connection), await a_product(connection)
    draft = await a_presale(connection, customer_id=customer)
    await a_line(connection, draft, product_id=product)
    return {
        "user": await a_user(connection),
        "customer": customer,
        "product": product,
        "draft": draft,
        "pending": await a_presale_that_is(connection, "pending", product_id=product),
        "empty": await a_presale(connection),
    }


async def refusal(connection: asyncpg.Connection, statements: str) -> asyncpg.PostgresError:
    """What the database says to these; nothing of them stays."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(statements)
        await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except asyncpg.PostgresError as error:
        return error
    finally:
        await transaction.rollback()
    raise AssertionError(f"not refused: {statements}")


async def test_every_refusal_has_an_entry_and_every_entry_a_refusal(connection: asyncpg.Connection) -> None:
    assert set(CONSTRAINTS) - NOT_OF_THE_DATABASE == await names_in(connection)


async def test_every_refusal_is_provoked_here(connection: asyncpg.Connection) -> None:
    assert set(REFUSED) == await names_in(connection)


async def test_every_refusal_is_explained_in_both_languages(
    connection: asyncpg.Connection, stage: dict[str, Any]
) -> None:
    for name, statements in REFUSED.items():
        error = await refusal(connection, statements.format(**stage))
        assert error.constraint_name == name.removesuffix(":delete"), (name, error)
        problem = explain(error, deleting=name.endswith(":delete"))
        assert problem is not None
        said = {language: describe(problem, language, "/") for language in LANGUAGES}
        for body in said.values():
            assert body["code"] == CONSTRAINTS[name].code
            assert speaks_plainly(body["detail"]), name
            assert all(speaks_plainly(blamed["message"]) for blamed in body["errors"]), name
            assert [blamed["field"] for blamed in body["errors"][:1]] == [CONSTRAINTS[name].field or ""][
                : len(body["errors"])
            ]
        assert said["en"]["detail"] != said["pt"]["detail"], name


def speaks_plainly(sentence: str) -> bool:
    """A whole sentence without gaps, SQL, or the row that failed."""
    return (
        (sentence[0].isupper() or sentence[0].isdigit())
        and sentence.endswith(".")
        and not re.search(r"[{}…]|violates|constraint|NULL|Failing row|None", sentence)
    )


@pytest.mark.usefixtures("stage")
async def test_a_rule_raised_without_details_has_a_plainer_sentence(connection: asyncpg.Connection) -> None:
    error = await refusal(connection, "TRUNCATE presale_items")
    problem = explain(error)
    assert error.constraint_name == "presales_locked"
    assert problem is not None
    for language in LANGUAGES:
        body = describe(problem, language, "/")
        assert (body["code"], speaks_plainly(body["detail"])) == ("presale_locked", True)


@pytest.mark.usefixtures("stage")
async def test_a_missing_value_is_explained_by_its_column(connection: asyncpg.Connection) -> None:
    columns = await connection.fetch(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
        "AND is_nullable = 'NO' AND table_name IN ('users', 'customers', 'products', 'presales', 'presale_items') "
        "AND column_name NOT IN ('id', 'number', 'total', 'total_price', 'unit_price', 'updated_at')"
    )
    assert len(columns) > 25
    for table, column in columns:
        draft = "WHERE status = 'draft'" if table == "presales" else ""
        problem = explain(await refusal(connection, f"UPDATE {table} SET {column} = NULL {draft}"))
        assert problem is not None
        body = describe(problem, "pt", "/")
        assert (body["code"], body["errors"][0]["field"]) == ("not_null_violation", column)


def test_every_sentence_is_said_in_both_languages() -> None:
    texts = {
        **{code: about.title for code, about in PROBLEMS.items()},
        **{f"{code} detail": about.detail for code, about in PROBLEMS.items()},
        **{name: constraint.says for name, constraint in CONSTRAINTS.items()},
        **VALUE_ERRORS,
    }
    for name, text in texts.items():
        assert text.en, name
        assert text.pt, name
        assert text.en != text.pt, name
        assert gaps(text.en) == gaps(text.pt), name


def test_a_locked_presale_calls_its_fields_what_the_form_calls_them() -> None:
    says = CONSTRAINTS["presales_locked"].says
    for name in "customer_id", "discount", "notes":
        assert words.label(name, "en").lower() in says.en.lower()
        assert words.label(name, "pt").lower() in says.pt.lower()


def gaps(sentence: str) -> set[str]:
    return set(re.findall(r"{(\w+)(?::word)?}", sentence))


def test_no_problem_has_a_gap_that_only_its_rule_could_fill() -> None:
    assert not any(gaps(about.detail.en + about.title.en) for about in PROBLEMS.values())


async def test_every_word_that_a_type_of_the_database_has_is_translated(connection: asyncpg.Connection) -> None:
    labels = [record["enumlabel"] for record in await connection.fetch("SELECT enumlabel FROM pg_enum")]
    assert {*PresaleStatus, *UserRole, *AuditAction} <= set(labels) <= VALUES.keys()
    for label in labels:
        assert VALUES[label].pt != label or label == "admin", label


async def test_what_people_call_their_products_is_nobodys_word(connection: asyncpg.Connection) -> None:
    """Only what a sentence marks is translated."""
    product = await a_product(connection, code="draft", name="approved", stock=0)
    presale = await a_presale_that_is(connection, "approved", product_id=product)
    short = explain(await refusal(connection, f"UPDATE presales SET status = 'converted' WHERE id = '{presale}'"))
    assert short is not None
    assert describe(short, "pt", "/")["detail"] == "Estoque insuficiente de: draft - approved."
    locked = explain(await refusal(connection, f"UPDATE presales SET discount = 1 WHERE id = '{presale}'"))
    assert locked is not None
    assert describe(locked, "pt", "/")["detail"].startswith("Esta pré-venda está aprovada.")


def test_codes_that_mean_the_same_lead_to_words() -> None:
    assert set(SAME_WORDS.values()) <= set(VALUE_ERRORS)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("pt-BR", "pt"),
        ("pt", "pt"),
        ("PT-br,pt;q=0.9,en;q=0.8", "pt"),
        ("pt-BR, pt; q=0.9, en; q=0.8", "pt"),
        ("en-US,en;q=0.9,pt;q=0.8", "en"),
        ("en;q=0.5, pt-BR;q=0.6", "pt"),
        ("pt, en; q=0.5", "pt"),
        ("pt-BR, en", "pt"),
        ("en, pt-BR", "en"),
        ("en, pt; q=0.5", "en"),
        ("pt;q=0", "en"),
        ("fr, pt", "pt"),
        ("fr", "en"),
        ("*", "en"),
        ("*;q=0.5, pt;q=0.1", "en"),
        ("pt, *;q=0.5", "pt"),
        ("en;q=0.1, *, pt;q=0.5", "pt"),
        ("", "en"),
        (";q=,,;;pt;q=x", "en"),
        ("pt;q=nan", "en"),
        ("x" * 10_000, "en"),
    ],
)
def test_accept_language_chooses(header: str, language: str) -> None:
    assert language_of({"headers": [(b"accept-language", header.encode())]}) == language


def test_accept_language_may_come_in_several_lines() -> None:
    lines = [(b"accept-language", text) for text in (b"en;q=0.5", b"pt-BR")]
    assert [language_of({"headers": headers}) for headers in (lines, lines[::-1], [])] == ["pt", "pt", "en"]


def test_unknown_codes_are_said_in_general() -> None:
    body: dict[str, Any] = describe(Problem("validation_error"), "en", "/x")
    assert body["detail"] == "The request is not valid."
