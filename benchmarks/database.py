"""One scratch database for all: migrated, filled, and brought back to the same state after every write."""

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import asyncpg

from accounts.sessions import hash_token
from backoffice.database.embedded import NAME, EmbeddedPostgres
from backoffice.settings import ROOT
from benchmarks import cpu
from benchmarks.work import CUSTOMERS, PRESALES, PRODUCTS

TABLES = ("customers", "products", "presales", "presale_items")

# Nobody logs in with it: the sessions are made here.
USER = """
INSERT INTO users (email, password, name, role)
VALUES ('bench-' || gen_random_uuid() || '@flowcrm.example', '$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA', 'Bench',
        'manager')
RETURNING id
"""
SESSION = "INSERT INTO sessions (token_hash, user_id, expires_at) VALUES ($1, $2, now() + '1 day')"


@dataclass
class Database:
    """The scratch database, and what the benchmark does to it beside the contenders' work.

    :param server: the process of PostgreSQL from which all others descend; None where that is not on this machine.
    """

    dsn: str
    connection: asyncpg.Connection
    server: int | None
    token: str
    last_number: int = 0

    async def restore(self) -> None:
        """Removes what was created, and what was overwritten."""
        await self.connection.execute("DELETE FROM presales WHERE number > $1", self.last_number)
        await self.connection.execute(f"VACUUM (ANALYZE) {', '.join(TABLES)}")

    async def version(self) -> str:
        return str(await self.connection.fetchval("SELECT current_setting('server_version')"))


@contextmanager
def a_server() -> Iterator[str]:
    """The address of a server where databases may be created: that of DATABASE_URL, else an embedded one."""
    if configured := os.environ.get("DATABASE_URL"):
        yield configured
        return
    with tempfile.TemporaryDirectory(prefix="flowcrm-bench-") as folder:
        server = EmbeddedPostgres(Path(folder))
        server.start()
        try:
            yield f"postgresql://{NAME}@/{NAME}?host={quote(server.socket_folder)}"
        finally:
            server.stop()


@asynccontextmanager
async def a_database(server: str) -> AsyncIterator[Database]:
    """Migrated, filled, and gone afterwards."""
    name = f"flowcrm_bench_{secrets.token_hex(4)}"
    dsn = urlsplit(server)._replace(path=f"/{name}").geturl()
    steward = await asyncpg.connect(server)
    await steward.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    try:
        _run(dsn, "piccolo.main", "migrations", "forwards", "all")
        amounts = {"--customers": CUSTOMERS, "--products": PRODUCTS, "--presales": PRESALES}
        _run(dsn, "seed", *(str(part) for pair in amounts.items() for part in pair))
        connection = await asyncpg.connect(dsn)
        yield await _prepare(dsn, connection)
        await connection.close()
    finally:
        await steward.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await steward.close()


async def _prepare(dsn: str, connection: asyncpg.Connection) -> Database:
    token = await a_session(connection)
    for table in TABLES:  # or it would run at somebody's expense
        await connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    backend = await connection.fetchval("SELECT pg_backend_pid()")
    database = Database(dsn, connection, cpu.parent_of_postgres(backend), token)
    database.last_number = await connection.fetchval("SELECT max(number) FROM presales")
    await database.restore()
    return database


async def a_session(connection: asyncpg.Connection) -> str:
    """The token of a session of somebody who was not there before."""
    token = secrets.token_urlsafe()
    await connection.execute(SESSION, hash_token(token), await connection.fetchval(USER))
    return token


def _run(dsn: str, *module_and_arguments: str) -> None:
    command = [sys.executable, "-m", *module_and_arguments]
    environment = os.environ | {"DATABASE_URL": dsn}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
