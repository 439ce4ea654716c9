"""Through Debian's PgBouncer, which lends a session for one transaction: the same answers, and the same limits.

`PGBOUNCER=1 make test` runs these, the faults and failovers behind it, and leads whoever asks the application in this
process through it.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from decimal import Decimal
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr

from accounts.passwords import hash_password
from backoffice.database.engine import Engine
from backoffice.database.failures import DatabaseFull
from backoffice.monitoring.probing import prober
from backoffice.settings import ROOT, Settings
from main import app, lifespan
from piccolo_conf import DB
from tests.support.builders import a_presale, a_product, a_user
from tests.support.clients import a_client, a_token, bearer, log_in
from tests.support.commands import refusal
from tests.support.pgbouncer import pgbouncer

pytestmark = pytest.mark.pgbouncer

FEW = 3
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"

Way = Callable[[str], str]


@pytest.fixture
def served_database(database: str, through_pgbouncer: Way) -> str:
    return through_pgbouncer(database)


@pytest.fixture
async def engine(served_database: str) -> AsyncIterator[Engine]:
    engine = Engine(Settings(database_url=SecretStr(served_database), db_statement_timeout=0.5))
    await engine.start_connection_pool()
    yield engine
    await engine.close_connection_pool()


async def test_it_is_noticed(engine: Engine, database: str) -> None:
    assert engine.behind_pooler
    direct = Engine(Settings(database_url=SecretStr(database)))
    await direct.wait_until_reachable()
    assert not direct.behind_pooler


async def test_every_transaction_has_its_limits_and_leaves_none_to_the_next_guest(
    engine: Engine, served_database: str
) -> None:
    async with engine.acquire() as connection:
        assert await connection.fetchval("SHOW statement_timeout") == "500ms"
        assert await connection.fetchval("SHOW lock_timeout") == "3s"
        assert await connection.fetchval("SHOW timezone") == "UTC"
        assert await connection.fetchval("SHOW search_path") == "public"
        assert await connection.fetchval("SHOW synchronous_commit") == "on"
    guest = await asyncpg.connect(served_database, statement_cache_size=0)
    for _ in range(10):
        assert await guest.fetchval("SHOW statement_timeout") == "0"
        assert await guest.fetchval("SHOW search_path") == '"$user", public'
        assert await guest.fetchval("SHOW synchronous_commit") == "off", "as the tests' server has it"
    await guest.close()


@pytest.mark.usefixtures("repeatable_read", "app")
async def test_people_log_in_and_out_whatever_isolation_transactions_have(connection: asyncpg.Connection) -> None:
    await a_user(connection, email="ana@flowcrm.example", password=await hash_password("not the demo's"))
    async with a_client() as client:
        answer = await log_in(client, "ana@flowcrm.example", "not the demo's")
        assert answer.status_code == 200
        answer = await client.post("/api/auth/logout/", headers=bearer(answer.json()["token"]))
        assert answer.status_code == 204


async def test_a_slow_statement_is_ended(engine: Engine) -> None:
    with pytest.raises(asyncpg.QueryCanceledError):
        await engine._run_in_pool("SELECT pg_sleep(5)")
    assert engine.pool.stats().active == 0


@pytest.fixture
def few_sessions(server: str, database: str, tmp_path: Path) -> Iterator[str]:
    with pgbouncer(tmp_path / "few", server, sessions=FEW) as through:
        yield through(database)


async def test_many_requests_share_few_sessions(few_sessions: str, connection: asyncpg.Connection) -> None:
    presale, product = await a_presale(connection), await a_product(connection, sale_price="0.10")
    line = {"presale_id": str(presale), "product_id": str(product), "quantity": "1"}
    await a_user(connection, email="ana@flowcrm.example")
    DB.configure(Settings(database_url=SecretStr(few_sessions)))
    async with lifespan(app), a_client(**bearer(await a_token(connection, "ana@flowcrm.example"))) as client:
        answers = await asyncio.gather(*[client.post("/api/presale-items/", json=line) for _ in range(40)])
        assert await connection.fetchval(SESSIONS) <= FEW
    assert {answer.status_code for answer in answers} == {201}
    assert await connection.fetchval("SELECT total FROM presales") == Decimal("4.00")


async def test_where_it_lets_nobody_else_in_health_asks_on_one_that_serves(
    server: str, database: str, tmp_path: Path
) -> None:
    with pgbouncer(tmp_path / "full", server, clients=2) as through:
        engine = Engine(Settings(database_url=SecretStr(through(database))))
        await engine.start_connection_pool()
        other = await asyncpg.connect(through(database), statement_cache_size=0)
        with pytest.raises(DatabaseFull, match="no more connections allowed"):
            await engine.connect()
        assert (await prober(engine).ask()).schema.pending == 0
        assert engine.pool.stats().active == 0
        await other.close()
        await engine.close_connection_pool()


async def test_it_may_be_restarted(server: str, database: str, tmp_path: Path) -> None:
    with pgbouncer(tmp_path / "first", server) as through:
        engine = Engine(Settings(database_url=SecretStr(through(database))))
        await engine.start_connection_pool()
        await engine._run_in_pool("SELECT 1")
    with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
        await engine._run_in_pool("SELECT 1")
    with pgbouncer(tmp_path / "second", server, port=engine.connector.addresses[0][1]):
        assert (await engine._run_in_pool("SELECT 1 AS one"))[0]["one"] == 1
    await engine.close_connection_pool()


async def test_commands_may_be_lent_the_session_of_an_earlier_one(
    server: str, database: str, tmp_path: Path, connection: asyncpg.Connection
) -> None:
    with pgbouncer(tmp_path / "one", server, sessions=1) as through:
        for name in "ana", "bia":
            who = f"--email={name}@flowcrm.example", f"--name={name}"
            command = [sys.executable, "-m", "piccolo.main", "accounts", "create_admin", *who]
            environment = os.environ | {"DATABASE_URL": through(database)}
            done = subprocess.run(
                command, cwd=ROOT, env=environment, input="correct horse\n", capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr
    assert await connection.fetchval("SELECT count(*) FROM users") == 2


@pytest.mark.parametrize(
    "command",
    [
        ("backoffice.database.backup", "save", "/nowhere/a.dump"),
        ("backoffice.database.backup", "load", "/nowhere/a.dump", "--replace"),
        ("seed", "--customers", "1"),
        ("piccolo.main", "backoffice", "migrate"),
        ("piccolo.main", "backoffice", "accept"),
    ],
)
async def test_commands_that_need_a_session_of_their_own_are_refused_in_one_line(
    served_database: str, command: tuple[str, ...]
) -> None:
    [line] = (await asyncio.to_thread(refusal, served_database, *command)).splitlines()
    assert "is a pooler, which lends sessions" in line
