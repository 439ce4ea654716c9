"""A real PostgreSQL for the suite, and a fresh database for each test that wants one."""

import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest

from backoffice.database.engine import Engine
from backoffice.settings import Settings
from piccolo_conf import DB
from tests.support.faults import OwnServer
from tests.support.pgbouncer import PgBouncer, pgbouncer
from tests.support.servers import TEMPLATE, migrate, own_server, template_sql
from tests.support.surroundings import BETWEEN, NAMED_SERVER

STRATEGIES_SINCE = 15  # the version of PostgreSQL that CREATE DATABASE has them from
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def dsn_of(server: str, database: str) -> str:
    """The address of another database of the same server."""
    return urlsplit(server)._replace(path=f"/{database}").geturl()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a database of the suite's server where CREATE DATABASE may be said."""
    if NAMED_SERVER:
        yield NAMED_SERVER
        return
    with own_server(tmp_path_factory.mktemp("server"), migrated=True, **FAST) as own:
        yield own.dsn


@pytest.fixture(scope="session")
async def steward(server: str) -> AsyncIterator[asyncpg.Connection]:
    """Creates and drops databases."""
    connection = await asyncpg.connect(server)
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def template(server: str, steward: asyncpg.Connection) -> AsyncIterator[str]:
    """The name of a migrated, empty database. Never connect to it: clone it."""
    if not NAMED_SERVER:
        yield TEMPLATE
        return
    name = f"{TEMPLATE}_{uuid.uuid4().hex[:12]}"
    await steward.execute(template_sql(name, steward.get_server_version().major))
    migrate(dsn_of(server, name))
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
def engine(database: str) -> Engine:
    """The program's own, led to the test's database; it gives up a lock soon, and migrations then try again."""
    DB.configure(Settings(database_url=database, db_lock_timeout=0.2))
    return DB


@pytest.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


@pytest.fixture
async def repeatable_read(connection: asyncpg.Connection) -> None:
    """Each transaction of later sessions sees what was there when it began. To be asked for before the application."""
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnServer]:
    """A server of the file's own, which its tests may ruin."""
    with own_server(tmp_path_factory.mktemp("own") / "data") as server:
        yield server


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
