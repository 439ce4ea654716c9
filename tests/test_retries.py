"""One request, one transaction: what collides is run again, and what fails at its very end leaves nothing."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest

from piccolo_conf import DB
from tests.support.bodies import CUSTOMER, create
from tests.support.builders import a_customer, a_line, a_presale, a_presale_that_is, a_product
from tests.support.cast import Cast
from tests.support.concurrently import until_waiting
from tests.support.refusals import problem, refused

RETRIES = 3


def retries(caplog: pytest.LogCaptureFixture) -> int:
    return sum(re.match(r"attempt \d of 4 at a request: ", record.message) is not None for record in caplog.records)


@pytest.fixture
async def other(database: str) -> AsyncIterator[asyncpg.Connection]:
    """Somebody else, in the middle of a transaction."""
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


async def test_a_request_that_met_somebody_in_a_deadlock_is_answered(
    cast: Cast, connection: asyncpg.Connection, other: asyncpg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever comes to a pre-sale before its lines is in the way of all others."""
    presale = await a_presale(connection)
    line = await a_line(connection, presale, product_id=await a_product(connection))
    caplog.set_level("INFO")
    await other.execute("SET deadlock_timeout = '1min'")  # so that it is the request that is broken off
    async with other.transaction():
        await other.execute("SELECT FROM presales WHERE id = $1 FOR UPDATE", presale)
        change = asyncio.create_task(cast.employee.patch(f"/api/presale-items/{line}/", json={"quantity": 5}))
        await until_waiting(connection, 1)
        await other.execute("UPDATE presale_items SET quantity = 3 WHERE id = $1", line)
    assert (await change).status_code == 200
    assert retries(caplog) >= 1
    kept = (await cast.employee.get(f"/api/presales/{presale}/")).json()
    assert ([item["quantity"] for item in kept["items"]], kept["total"]) == (["5.000"], "50.00")


async def test_a_request_whose_row_changes_under_its_hands_is_run_again(
    repeatable_read: None,
    cast: Cast,
    connection: asyncpg.Connection,
    other: asyncpg.Connection,
    caplog: pytest.LogCaptureFixture,
) -> None:
    customer = await a_customer(connection)
    caplog.set_level("INFO")
    async with asyncio.TaskGroup() as tasks, other.transaction():
        await other.execute("UPDATE customers SET address = 'R. 1' WHERE id = $1", customer)
        change = tasks.create_task(cast.employee.patch(f"/api/customers/{customer}/", json={"name": "Ana"}))
        await until_waiting(connection, 1)
    assert retries(caplog) == 1
    assert "attempt 2 of 4 at a request: could not serialize access due to concurrent update" in caplog.messages
    answer = change.result()
    assert (answer.status_code, answer.json()["name"], answer.json()["address"]) == (200, "Ana", "R. 1")


async def test_a_request_whose_tables_change_under_its_hands_is_run_again(
    cast: Cast, connection: asyncpg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    presale = await a_presale_that_is(connection, "draft")
    caplog.set_level("INFO")
    assert (await cast.employee.post(f"/api/presales/{presale}/submit/")).status_code == 200
    await connection.execute("ALTER TABLE users ALTER COLUMN name TYPE varchar(300)")
    assert (await cast.employee.post(f"/api/presales/{presale}/reopen/")).status_code == 200
    assert retries(caplog) == (0 if DB.behind_pooler else 1), "where no statement outlives its transaction none is old"


async def always_failing(connection: asyncpg.Connection, body: str, timing: str = "BEFORE") -> None:
    """Lets every new customer fail. Sequences keep count of what is rolled back."""
    await connection.execute(
        "CREATE SEQUENCE tries; "
        f"CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('tries'); {body} END $$"
    )
    deferred = timing == "DEFERRED"
    await connection.execute(
        f"CREATE {'CONSTRAINT' if deferred else ''} TRIGGER fail {'AFTER' if deferred else timing} INSERT ON customers "
        f"{'DEFERRABLE INITIALLY DEFERRED' if deferred else ''} FOR EACH ROW EXECUTE FUNCTION fail()"
    )


@pytest.mark.parametrize("code", ["serialization_failure", "deadlock_detected"])
@pytest.mark.parametrize("timing", ["BEFORE", "DEFERRED"])
async def test_what_collides_again_and_again_is_given_up(
    cast: Cast, connection: asyncpg.Connection, code: str, timing: str
) -> None:
    await always_failing(connection, f"RAISE EXCEPTION 'no' USING ERRCODE = '{code}';", timing)
    answer = await cast.employee.post("/api/customers/", json=CUSTOMER)
    assert refused(answer) == (503, "database_busy")
    assert int(answer.headers["Retry-After"]) >= 1
    assert await connection.fetchval("SELECT last_value FROM tries") == 1 + RETRIES
    assert await connection.fetchval("SELECT count(*) FROM customers") == 0


@pytest.mark.parametrize("timing", ["BEFORE", "DEFERRED"])
async def test_what_collides_three_times_and_then_no_more_succeeds(
    cast: Cast, connection: asyncpg.Connection, timing: str
) -> None:
    fail = "RAISE EXCEPTION 'no' USING ERRCODE = 'deadlock_detected';"
    body = f"IF currval('tries') <= {RETRIES} THEN {fail} END IF; RETURN NEW;"
    await always_failing(connection, body, timing)
    created = await create(cast.employee, "customers", CUSTOMER)
    assert await connection.fetchval("SELECT count(*) FROM customers") == 1
    assert (await cast.employee.get(created.headers["Location"])).json() == created.json()


async def test_a_commit_that_fails_leaves_nothing_and_is_told(cast: Cast, connection: asyncpg.Connection) -> None:
    refuse = "RAISE EXCEPTION 'late' USING ERRCODE = 'check_violation', CONSTRAINT = 'customers_name_not_blank';"
    await always_failing(connection, refuse, "DEFERRED")
    answer = await cast.employee.post("/api/customers/", json=CUSTOMER)
    assert refused(answer) == (422, "check_violation")
    assert [error["field"] for error in problem(answer)["errors"]] == ["name"]
    assert await connection.fetchval("SELECT count(*) FROM customers") == 0
    await connection.execute("DROP TRIGGER fail ON customers")
    await create(cast.employee, "customers", CUSTOMER)


async def test_a_commit_that_fails_leaves_the_key_free(cast: Cast, connection: asyncpg.Connection) -> None:
    await connection.execute(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'late' "
        "USING ERRCODE = 'check_violation'; END $$; "
        "CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON presales DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION fail()"
    )
    body: Any = {"customer_id": str(await a_customer(connection)), "items": []}
    key = {"Idempotency-Key": "once"}
    assert refused(await cast.employee.post("/api/presales/", json=body, headers=key)) == (422, "check_violation")
    await connection.execute("DROP TRIGGER fail ON presales")
    first: httpx.Response = await cast.employee.post("/api/presales/", json=body, headers=key)
    again = await cast.employee.post("/api/presales/", json=body, headers=key)
    assert (first.status_code, again.status_code, again.text) == (201, 201, first.text)
    assert again.headers["ETag"] == first.headers["ETag"]
    assert await connection.fetchval("SELECT count(*) FROM presales") == 1


async def test_the_same_connection_serves_the_next_request_after_any_of_these(
    cast: Cast, connection: asyncpg.Connection
) -> None:
    await always_failing(connection, "RAISE EXCEPTION 'no' USING ERRCODE = 'deadlock_detected';", "DEFERRED")
    for _ in range(25):
        assert (await cast.employee.post("/api/customers/", json=CUSTOMER)).status_code == 503
    assert (await cast.employee.get("/api/customers/")).json()["total"] == 0
    pool = (await cast.stranger.get("/api/health")).json()["database"]["connections"]
    assert (pool["active"], pool["total"] <= pool["max"]) == (0, True)
