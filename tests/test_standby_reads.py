"""Lists and rows from a standby: only while nothing can be missing there that somebody was told is done."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest

from backoffice.database import standby
from backoffice.database.standby import Standby, that_each_commit_waits_for
from backoffice.settings import Settings
from main import app, lifespan
from piccolo_conf import DB
from tests.support.builders import a_customer, a_user
from tests.support.clients import a_client, a_token, bearer
from tests.support.faults import OwnServer
from tests.support.standby import Pair, pair, set_option

NOTICED_WITHIN_SECONDS = 10
DELAY = "150ms"  # between what the standby receives and what can be read there
LIMITS: dict[str, Any] = {"db_connect_timeout": 1, "db_acquire_timeout": 1, "db_pool_max": 4}


@dataclass(frozen=True)
class Office:
    servers: Pair
    manager: httpx.AsyncClient
    customer: str

    async def until_reading_from(self, server: OwnServer) -> None:
        """Asks the application itself, whose reader says what it doubts."""
        async with asyncio.timeout(NOTICED_WITHIN_SECONDS):
            while (where := await self.reads_from()) != server.socket_folder:
                assert where
                await asyncio.sleep(0.05)

    async def reads_from(self) -> str:
        return str(await DB.reader.fetch_value("SHOW unix_socket_directories")).strip('"')

    async def assert_own_writes_are_seen(self) -> None:
        for number in range(3):
            name = f"Maria the {number}."
            written = await self.manager.patch(self.customer, json={"name": name})
            assert written.status_code == 200
            read, listed = await asyncio.gather(self.manager.get(self.customer), self.manager.get("/api/customers/"))
            assert read.json()["name"] == listed.json()["rows"][0]["name"] == name
            assert read.headers["ETag"] == written.headers["ETag"]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pair(tmp_path_factory.mktemp("pair"), migrated=True) as servers:
        servers.attach()
        yield servers


@pytest.fixture
async def office(servers: Pair) -> AsyncIterator[Office]:
    for server in (servers.primary, servers.standby):
        if not server.running():
            server.start()
    await set_option(servers.primary, "synchronous_standby_names", "")
    await set_option(servers.primary, "synchronous_commit", "remote_apply")
    connection = await asyncpg.connect(servers.primary.dsn)
    await connection.execute("TRUNCATE users, customers CASCADE")
    await a_user(connection, email="manager@flowcrm.example", role="manager")
    token = await a_token(connection, "manager@flowcrm.example")
    customer = f"/api/customers/{await a_customer(connection)}/"
    await connection.close()
    DB.configure(Settings(database_url=servers.primary.dsn, db_replica_url=servers.standby.dsn, **LIMITS))
    async with lifespan(app), a_client(**bearer(token)) as manager:
        yield Office(servers, manager, customer)


async def test_whoever_wrote_reads_it_at_once_though_the_standby_applies_it_late(office: Office) -> None:
    await set_option(office.servers.standby, "recovery_min_apply_delay", DELAY)
    await set_option(office.servers.primary, "synchronous_standby_names", "other")
    try:
        await office.until_reading_from(office.servers.standby)
        await office.assert_own_writes_are_seen()
        assert await office.reads_from() == office.servers.standby.socket_folder
    finally:
        await set_option(office.servers.standby, "recovery_min_apply_delay", "0")


@pytest.mark.parametrize(
    ("commit", "names"),
    [("on", "other"), ("remote_apply", "*")],
)
async def test_where_commits_may_go_without_the_standby_it_is_not_read(office: Office, commit: str, names: str) -> None:
    await set_option(office.servers.standby, "recovery_min_apply_delay", DELAY)
    await set_option(office.servers.primary, "synchronous_commit", commit)
    await set_option(office.servers.primary, "synchronous_standby_names", names)
    try:
        assert isinstance(DB.reader, Standby)
        DB.reader.doubt = "what the next look says"
        async with asyncio.timeout(NOTICED_WITHIN_SECONDS):
            while "do not wait" not in DB.reader.doubt:
                await asyncio.sleep(0.05)
        await office.assert_own_writes_are_seen()
        assert await office.reads_from() == office.servers.primary.socket_folder
    finally:
        await set_option(office.servers.standby, "recovery_min_apply_delay", "0")


async def test_where_a_session_may_have_been_told_to_wait_for_the_disk_alone_it_is_not_read(office: Office) -> None:
    primary = office.servers.primary
    await set_option(primary, "synchronous_standby_names", "other")
    await set_option(primary, "synchronous_commit", "off")
    async with contextlib.AsyncExitStack() as stack:
        commit = ""
        while commit != "on":  # as in sessions that begin now; earlier ones follow the server
            connection = await stack.enter_async_context(DB.acquire())
            commit = await connection.fetchval("SHOW synchronous_commit")
        await set_option(primary, "synchronous_commit", "remote_apply")
        assert isinstance(DB.reader, Standby)
        DB.reader.doubt = "what the next look says"
        async with asyncio.timeout(NOTICED_WITHIN_SECONDS):
            while "do not wait" not in DB.reader.doubt:
                await asyncio.sleep(0.05)
    assert await office.reads_from() == primary.socket_folder


async def test_where_nobody_has_looked_lately_it_is_not_read(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    await set_option(office.servers.primary, "synchronous_standby_names", "other")
    await office.until_reading_from(office.servers.standby)
    monkeypatch.setattr(standby, "TRUSTED_SECONDS", 0)
    assert isinstance(DB.reader, Standby)
    DB.reader.trusted_until = 0
    assert await office.reads_from() == office.servers.primary.socket_folder


async def test_a_log_out_counts_at_once(office: Office) -> None:
    await set_option(office.servers.primary, "synchronous_standby_names", "other")
    await office.until_reading_from(office.servers.standby)
    assert (await office.manager.get(office.customer)).status_code == 200
    assert (await office.manager.post("/api/auth/logout/")).status_code == 204
    assert (await office.manager.get(office.customer)).status_code == 401


async def test_reading_goes_on_while_the_primary_hangs(office: Office) -> None:
    await set_option(office.servers.primary, "synchronous_standby_names", "other")
    await office.until_reading_from(office.servers.standby)
    with office.servers.primary.frozen():
        assert (await office.manager.get(office.customer)).status_code == 200


Fall = Callable[[OwnServer], contextlib.AbstractContextManager[None]]


@contextlib.contextmanager
def killed(standby: OwnServer) -> Any:
    standby.kill()
    yield
    standby.start()


@pytest.mark.parametrize("fall", [OwnServer.frozen, killed], ids=["frozen", "killed"])
async def test_a_standby_that_falls_is_no_loss_and_is_used_again(office: Office, fall: Fall) -> None:
    await set_option(office.servers.primary, "synchronous_standby_names", "other")
    await office.until_reading_from(office.servers.standby)
    with fall(office.servers.standby):
        for path in (office.customer, "/api/customers/", "/api/customers/"):
            assert (await office.manager.get(path)).status_code == 200
    await office.until_reading_from(office.servers.standby)
    await office.assert_own_writes_are_seen()


@pytest.mark.parametrize(
    ("names", "waited_for"),
    [
        ("", set()),
        ("one", {"one"}),
        ('"Two"', {"two"}),
        ("one, two", set()),
        ("1 (one)", {"one"}),
        ("2 (one, two)", {"one", "two"}),
        ("FIRST 1 (one, two)", set()),
        ("first 2 (one, two)", {"one", "two"}),
        ("ANY 1 (one)", {"one"}),
        ("ANY 2 (one, two, three)", set()),
        ("*", set()),
        ("FIRST 1 (*)", set()),
    ],
)
def test_a_standby_counts_that_no_other_may_stand_in_for(names: str, waited_for: set[str]) -> None:
    assert that_each_commit_waits_for(names) == waited_for
