"""docs/operations.md names nothing that is not there, and leaves out nothing that operators meet."""

import re

import asyncpg
import pytest

from backoffice.database.pool import CLOSE_POOL_SECONDS
from backoffice.server.processes import GRACE_SECONDS
from backoffice.settings import ROOT, Settings
from backoffice.words import PROBLEMS
from tests.support.builders import a_customer
from tests.support.cast import Cast
from tests.support.pgbouncer import CONFIGURATION

PAGE = (ROOT / "docs" / "operations.md").read_text()
ENVIRONMENT = re.compile(r"`((?:DB|FLOW|WEB|LOG|DATABASE|FORWARDED)_[A-Z_]+|HOST|PORT|ENVIRONMENT)\b")
OF_POSTGRESQL = ("max_connections", "synchronous_commit", "synchronous_standby_names", "cluster_name")


def section(title: str) -> str:
    """From this heading to the next one, or to the end of the page."""
    found = re.search(rf"^##+ {title}\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found, title
    return found[1]


def blocks(kind: str, within: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", within, re.DOTALL | re.MULTILINE)


def block(kind: str, within: str) -> str:
    found = blocks(kind, within)
    assert found, kind
    return found[0]


def test_every_setting_that_it_names_is_one() -> None:
    named = set(ENVIRONMENT.findall(PAGE))
    assert len(named) > 10
    assert named <= {name.upper() for name in Settings.model_fields}


def test_every_address_of_a_database_is_one() -> None:
    (url,) = re.findall(r"^DATABASE_URL=(.*)$", PAGE, re.MULTILINE)
    assert Settings(database_url=url).addresses == [("db1.example", 5432), ("db2.example", 5432)]


def test_every_target_of_the_makefile_is_one() -> None:
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert targets
    assert set(re.findall(r"`(?:PGBOUNCER=1 )?make (\w+)", PAGE)) <= set(targets[1].split())


def test_every_page_that_it_points_at_is_there() -> None:
    for link in re.findall(r"\]\(([^)#:]+)\)", PAGE):
        assert (ROOT / "docs" / link).exists(), link


def test_every_reason_for_a_503_is_explained_and_no_other() -> None:
    explained = re.findall(r"^\| `(\w+)` \|", section("When a request gets 503"), re.MULTILINE)
    assert sorted(explained) == sorted(code for code, words in PROBLEMS.items() if words.status == 503)


async def test_every_metric_is_told_and_no_other(cast: Cast) -> None:
    told = re.findall(
        r"^# TYPE (\w+) (?:counter|gauge|histogram)$", (await cast.stranger.get("/metrics")).text, re.MULTILINE
    )
    listed = {
        name
        for row in re.findall(r"^\| (`.*?) \|", section("Logs and metrics"), re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }
    assert listed == {name for name in told if not name.endswith("_created")}


def test_the_pooler_that_the_tests_use_is_set_up_as_it_says() -> None:
    recommended = block("ini", section("PgBouncer")).splitlines()
    used = CONFIGURATION.format(host="", port="", listen="", users="", sessions=20, clients=200).splitlines()
    assert set(recommended) <= set(used)


def test_the_service_starts_what_is_there_and_is_not_ended_too_early() -> None:
    units = section("systemd")
    (program,) = re.findall(r"^ExecStart=/srv/flowcrm/.venv/bin/python (\S+)$", units, re.MULTILINE)
    assert (ROOT / program).exists()
    (seconds,) = re.findall(r"^TimeoutStopSec=(\d+)$", units, re.MULTILINE)
    assert int(seconds) >= GRACE_SECONDS + CLOSE_POOL_SECONDS


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Proto", "X-Forwarded-For"])
def test_the_proxy_passes_on_what_is_asked_of_it(header: str) -> None:
    assert f"proxy_set_header {header} $" in block("nginx", section("Behind a proxy, with HTTPS"))


@pytest.mark.parametrize("name", OF_POSTGRESQL)
async def test_postgresql_has_the_settings_that_are_its_own(trial: asyncpg.Connection, name: str) -> None:
    assert f"`{name}" in PAGE or f"\n{name} = " in PAGE
    assert await trial.fetchval("SELECT current_setting($1)", name) is not None


async def test_nothing_is_left_of_a_person_who_is_forgotten_as_it_says(
    cast: Cast, connection: asyncpg.Connection
) -> None:
    customer = await a_customer(connection, name="Rosa Segredo", email="segredo@example.com", address="Rua do Segredo")
    body = {"customer_id": str(customer), "notes": "segredo", "items": []}
    headers = {"Idempotency-Key": "order-1"}
    await cast.manager.post("/api/presales/", json=body, headers=headers)
    for change in {"notes": "outro segredo"}, {"customer_id": str(await a_customer(connection))}:
        given_away = (await cast.manager.post("/api/presales/", json=body)).json()["id"]
        assert (await cast.manager.patch(f"/api/presales/{given_away}/", json={"notes": "Segredo"})).status_code == 200
        assert (await cast.manager.patch(f"/api/presales/{given_away}/", json=change)).status_code == 200
    deleted = (await cast.manager.post("/api/presales/", json=body)).json()["id"]
    assert (await cast.manager.delete(f"/api/presales/{deleted}/")).status_code == 204

    forget, forget_history, _ = blocks("sql", section("A person's data"))
    await connection.execute(forget.replace("…", str(customer)))
    await connection.execute(forget_history.replace("…", str(customer)))

    for table in "customers", "audit_trail", "idempotency_keys":
        rows = await connection.fetch(f"SELECT t::text FROM {table} AS t WHERE t::text ILIKE '%segredo%'")
        assert rows == [], table
    assert not await connection.fetchval(
        "SELECT count(*) FROM presales WHERE customer_id = $1 AND notes <> ''", customer
    )
    again = await cast.manager.post("/api/presales/", json=body, headers=headers)
    assert (again.status_code, again.json()["notes"]) == (201, None)
    assert await connection.fetchval("SELECT count(*) FROM presales WHERE customer_id = $1", customer) == 2


async def test_a_customer_who_was_deleted_by_mistake_comes_back_as_it_says(
    cast: Cast, connection: asyncpg.Connection
) -> None:
    customer = f"/api/customers/{await a_customer(connection, address='Rua Augusta, 1200')}/"
    before = (await cast.manager.get(customer)).json()
    assert (await cast.manager.delete(customer)).status_code == 204
    await connection.execute(blocks("sql", section("A person's data"))[-1].replace("…", before["id"]))
    assert (await cast.manager.get(customer)).json() == before
