"""A real PostgreSQL for the suite, and a fresh database for each test that wants one."""

import gc
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import asyncpg
import httpx
import hypothesis
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI

from accounts import passwords
from backoffice.database.embedded import EmbeddedPostgres
from backoffice.settings import ROOT, Settings
from tests.builders import a_user
from tests.commands import piccolo
from tests.desk import Desk, Desks
from tests.pgbouncer import PgBouncer, pgbouncer

# The suite's server, where the developer names one; only scratch databases are made in it.
NAMED_SERVER = os.environ.get("DATABASE_URL")

# Whether to run what serves the application, and what is about PgBouncer, and only that, with it before the database.
BETWEEN = bool(os.environ.get("PGBOUNCER"))

# Nothing else of the developer's environment or .env reaches a test.
for name in [field.upper() for field in Settings.model_fields]:
    os.environ.pop(name, None)
Settings.model_config["env_file"] = None
# A test that forgets to say which database it means fails, rather than touch the developer's data.
os.environ["FLOW_DATA_DIR"] = "/dev/null/no-database-chosen"

# Databases that live for a second are kept in memory: on a disk, copying them takes most of the time of most tests.
# Where another folder is named, or there is little memory (as in a container that was given no more), they are not.
MEMORY = Path("/dev/shm")  # noqa: S108 # nothing but what tempfile makes in it
NEEDED_BYTES = 6 * 2**30
if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > NEEDED_BYTES:
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)

# While two thousand tests are found, all that is made stays: to look for garbage takes a third of the time.
gc.disable()

# No example has a deadline: machines are noisy.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

STRATEGIES_SINCE = 15  # the version of PostgreSQL that CREATE DATABASE has them from
PROVIDERS_SINCE = 15  # and that its databases may have locales of their own from
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def dsn_of(server: str, database: str) -> str:
    """The address of another database of the same server."""
    return urlsplit(server)._replace(path=f"/{database}").geturl()


def socket_dsn(server: EmbeddedPostgres) -> str:
    return f"postgresql://flowcrm@/flowcrm?host={quote(server.socket_folder)}"


# Those that take longest begin first, so that no process is left with one of them when the others are done. xdist would
# begin with those that have most tests, unless told otherwise. Failovers and restarts mostly wait, beside those that
# never do.
LONGEST = [
    "test_lists_in_chromium",
    "test_indexes",
    "test_failover",
    "test_forms_in_chromium",
    "test_restart",
    "test_run",
    "test_roles_in_chromium",
    "test_sessions_in_chromium",
    "test_schemathesis",
    "test_migration_round_trips",
    "test_migration_check",
    "test_migration_races",
    "test_migration_plan",
    "test_fixtures",
    "test_behind_proxy",
    "test_seed_large",
    "test_migration_broken_off",
    "test_faults",
    "test_many_in_chromium",
    "test_database",
    "test_embedded",
    "test_concurrency",
    "test_standby_reads",
    "test_migration_privileges",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = [item for item in items if (_goes_between(item) if BETWEEN else not _is_about_pgbouncer(item))]
    items.sort(key=lambda item: _turn(item.path.stem))


def _turn(file: str) -> int:
    return LONGEST.index(file) if file in LONGEST else len(LONGEST)


def pytest_collection_finish() -> None:
    """From here on garbage is looked for, but not among the tests and what they are made of."""
    gc.freeze()
    gc.enable()


def _goes_between(item: pytest.Item) -> bool:
    return _is_about_pgbouncer(item) or "as_served" in getattr(item, "fixturenames", ())


def _is_about_pgbouncer(item: pytest.Item) -> bool:
    return item.get_closest_marker("pgbouncer") is not None


@pytest.fixture(scope="session", autouse=True)
def true_hasher() -> Iterator[PasswordHasher]:
    """The product's, with an effort that would take a good part of the suite's time: the tests have one of less."""
    theirs = passwords._hasher
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    yield theirs
    passwords._hasher = theirs


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a database of the suite's server where CREATE DATABASE may be said."""
    if NAMED_SERVER:
        yield NAMED_SERVER
        return
    own = EmbeddedPostgres(tmp_path_factory.mktemp("server"), options=FAST)
    own.start()
    yield socket_dsn(own)
    own.stop()


@pytest.fixture(scope="session")
async def steward(server: str) -> AsyncIterator[asyncpg.Connection]:
    """Creates and drops databases."""
    connection = await asyncpg.connect(server)
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def template(server: str, steward: asyncpg.Connection) -> AsyncIterator[str]:
    """The name of a migrated, empty database. Never connect to it: clone it."""
    name = f"flowcrm_template_{uuid.uuid4().hex[:12]}"
    # The locale that knows least: no letters but ASCII's. What works here works in all.
    provider = "LOCALE_PROVIDER libc" if steward.get_server_version().major >= PROVIDERS_SINCE else ""
    await steward.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' {provider}")
    piccolo(dsn_of(server, name), "migrations", "forwards", "all")
    yield name
    await steward.execute(f"DROP DATABASE {name} WITH (FORCE)")


@asynccontextmanager
async def clone(server: str, steward: asyncpg.Connection, template: str) -> AsyncIterator[str]:
    """The address of a migrated, empty database, for as long as it is needed."""
    name = f"flowcrm_test_{uuid.uuid4().hex[:12]}"
    # Without fsync, copying the files takes a third of the time that writing them to the log does.
    strategy = "STRATEGY FILE_COPY" if steward.get_server_version().major >= STRATEGIES_SINCE else ""
    await steward.execute(f"CREATE DATABASE {name} TEMPLATE {template} {strategy}")
    yield dsn_of(server, name)
    await steward.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(server: str, steward: asyncpg.Connection, template: str) -> AsyncIterator[str]:
    """The address of a migrated, empty database of the test's own."""
    async with clone(server, steward, template) as dsn:
        yield dsn


@pytest.fixture
async def empty(server: str, steward: asyncpg.Connection) -> AsyncIterator[str]:
    """The address of a database of the test's own in which nothing was ever migrated."""
    name = f"flowcrm_test_{uuid.uuid4().hex[:12]}"
    await steward.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    yield dsn_of(server, name)
    await steward.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def shared_connection(
    server: str, steward: asyncpg.Connection, template: str
) -> AsyncIterator[asyncpg.Connection]:
    async with clone(server, steward, template) as dsn:
        connection = await asyncpg.connect(dsn)
        yield connection
        await connection.close()


@pytest.fixture
async def trial(shared_connection: asyncpg.Connection) -> AsyncIterator[asyncpg.Connection]:
    """A connection whose work is rolled back: quick, for what needs neither a commit nor a second connection."""
    transaction = shared_connection.transaction()
    await transaction.start()
    yield shared_connection
    await transaction.rollback()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return project_in(tmp_path / "project")


def project_in(folder: Path) -> Path:
    """The project in a folder of its own: same code, no .env, no data."""
    folder.mkdir()
    for entry in ROOT.iterdir():
        if entry.is_dir() and not entry.name.startswith("."):
            (folder / entry.name).symlink_to(entry)
        elif entry.suffix == ".py":
            shutil.copy2(entry, folder)  # a link would lead Python back here
    return folder


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """What a program started by a test sees: nothing of ours but what the test adds."""
    return {name: value for name, value in os.environ.items() if name != "FLOW_DATA_DIR"}


@pytest.fixture(scope="session")
def through_pgbouncer(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PgBouncer]:
    """Turns the address of a database into one that leads there through PgBouncer."""
    with pgbouncer(tmp_path_factory.mktemp("between") / "pgbouncer", server) as through:
        yield through


@pytest.fixture(scope="session")
def as_served(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Where the application finds the database of this address; with PGBOUNCER=1 through PgBouncer."""
    if not BETWEEN:
        return str
    through: PgBouncer = request.getfixturevalue("through_pgbouncer")
    return through


@pytest.fixture
def served_database(database: str, as_served: Callable[[str], str]) -> str:
    return as_served(database)


@pytest.fixture
async def app(served_database: str) -> AsyncIterator[FastAPI]:
    """The application, serving the test's own database."""
    from main import app
    from piccolo_conf import DB

    DB.configure(Settings(database_url=served_database))
    async with app.router.lifespan_context(app):
        assert DB.behind_pooler or not BETWEEN
        yield app


@dataclass(frozen=True)
class Cast:
    """Somebody of each role, logged in with a token, and a stranger."""

    admin: httpx.AsyncClient
    manager: httpx.AsyncClient
    employee: httpx.AsyncClient
    stranger: httpx.AsyncClient


@pytest.fixture
async def cast(app: FastAPI, connection: asyncpg.Connection) -> AsyncIterator[Cast]:
    """Clients of the application in this process. What nobody foresaw is a 500 to them, as to anybody."""
    from accounts.sessions import create_session

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with AsyncExitStack() as stack:
        clients = {}
        for role in ("admin", "manager", "employee"):
            user_id = await a_user(connection, email=f"{role}@flowcrm.example", name=role.title(), role=role)
            headers = {"Authorization": f"Bearer {(await create_session(user_id)).token}"}
            client = httpx.AsyncClient(transport=transport, base_url="http://flowcrm.example", headers=headers)
            clients[role] = await stack.enter_async_context(client)
        stranger = httpx.AsyncClient(transport=transport, base_url="http://flowcrm.example")
        yield Cast(**clients, stranger=await stack.enter_async_context(stranger))


@pytest.fixture
async def desks(cast: Cast, connection: asyncpg.Connection) -> AsyncIterator[Desks]:
    """The same people in front of the admin, logged in with a cookie."""
    from tests.clients import a_client, a_token, csrf, keep_cookies

    async with AsyncExitStack() as stack:
        found = {}
        for role in ("admin", "manager", "employee"):
            client = await stack.enter_async_context(a_client())
            keep_cookies(client, await a_token(connection, f"{role}@flowcrm.example"))
            client.headers.update(csrf(client))
            found[role] = Desk(client)
        yield Desks(**found)
