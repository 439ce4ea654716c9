"""Scratch databases, made for a comparison and dropped after it: they show what the code makes in PostgreSQL."""

import contextlib
import io
import shutil
import tempfile
import uuid
from asyncio import to_thread
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from piccolo.table import sort_table_classes
from pydantic import SecretStr

from backoffice import connection_urls
from backoffice.database.connecting import Connection, Connector, close_quietly
from backoffice.database.embedded import NAME, PORT, EmbeddedPostgres
from backoffice.database.engine import Engine
from backoffice.database.transactions import transaction_on
from backoffice.migrations.catalog import Catalog, read_catalog
from backoffice.migrations.declared import enums, is_early, rules
from backoffice.migrations.files import Migration, apps
from backoffice.migrations.journal import Journal, noted
from backoffice.migrations.outcomes import MigrationFailed, MigrationRefused
from backoffice.migrations.runner import Run, Step
from backoffice.migrations.scripts import execute
from backoffice.migrations.sql import Statement

FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@contextlib.asynccontextmanager
async def throwaway_server() -> AsyncIterator[Connector]:
    """An embedded PostgreSQL in a temporary folder."""
    folder = Path(tempfile.mkdtemp(prefix="flowcrm-scratch-"))
    server = EmbeddedPostgres(folder, options=FORGETFUL)
    try:
        await to_thread(server.start)
        host = server.socket_folder
        yield Connector({"host": host, "port": PORT, "user": NAME, "database": NAME, "ssl": False}, [(host, PORT)], 10)
    finally:
        await to_thread(server.stop)
        await to_thread(shutil.rmtree, folder, ignore_errors=True)


@contextlib.asynccontextmanager
async def a_server(engine: Engine, address: str = "") -> AsyncIterator[Connector]:
    """A server on which to make databases to compare with: that at the address, if one is given; else an embedded one.

    Nothing is written to a server that somebody configured.

    :raises MigrationRefused: for what is no address.
    """
    if address:
        try:
            url = connection_urls.check(SecretStr(str(address)))  # it is True where --scratch is said without one
        except ValueError as error:
            raise MigrationRefused(f"--scratch: {error}") from None
        yield Connector({"dsn": address}, connection_urls.addresses(url), engine.settings.db_connect_timeout)
    elif engine.embedded is None:
        async with throwaway_server() as connector:
            yield connector
    else:
        yield engine.connector


@contextlib.asynccontextmanager
async def database(server: Connector) -> AsyncIterator[Connector]:
    name = f"flowcrm_scratch_{uuid.uuid4().hex[:12]}"
    connection = await server.connect()
    try:
        try:
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
            yield Connector(server.arguments | {"database": name}, server.addresses, server.timeout)
        finally:
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    finally:
        await close_quietly(connection)


class ScratchRun(Run):
    """Keeps no records: an interrupted run is thrown away here, not resumed."""

    async def _in_transaction(self, steps: list[Step], backwards: bool) -> None:
        await self._run_whole(steps, backwards)

    async def _by_itself(self, steps: list[Step], backwards: bool) -> None:
        [step] = steps
        await self._run_outside(step, backwards)

    async def _record_what_ran(self, steps: list[Step], backwards: bool) -> None:
        pass

    def _failure(self, error: Exception, backwards: bool) -> MigrationFailed:
        failure = super()._failure(error, backwards)
        failure.done = ()
        return failure


@contextlib.asynccontextmanager
async def scratch(engine: Engine, server: Connector) -> AsyncIterator[Run]:
    """A run on a scratch database, to which the engine leads meanwhile."""
    journal = Journal()
    async with database(server) as connector, noted(engine, journal, connector):
        connection = await engine.connect()
        try:
            yield ScratchRun(engine, connection, journal)
        finally:
            await close_quietly(connection)


def quiet() -> contextlib.AbstractContextManager[Any]:
    """Discards what migrations print on standard output."""
    return contextlib.redirect_stdout(io.StringIO())


async def migrate(run: Run, migrations: Sequence[Migration]) -> Catalog:
    """Runs them quietly; returns the catalog afterwards."""
    steps = [Step(one, await one.manager()) for one in migrations]
    with quiet():
        await run.forwards(steps)
    return await read_catalog(run.connection)


async def declared_catalog(engine: Engine, server: Connector) -> Catalog:
    """The catalog that the Table classes, the enums and the rules make by themselves, without migrations."""
    async with scratch(engine, server) as run:
        await _declare(run)
        return await read_catalog(run.connection)


async def _declare(run: Run) -> None:
    tables = sort_table_classes([table for app in apps() for table in app.table_classes])
    names = [table._meta.tablename for table in tables]
    statements = [statement for app in apps() for statement in (*enums(app), *rules(app))]
    async with transaction_on(run.engine, run.connection):
        await _execute(run.connection, [one for one in statements if is_early(one, names)])
        for table in tables:
            await table.create_table()
        await _execute(run.connection, [one for one in statements if not is_early(one, names)])


async def _execute(connection: Connection, statements: Sequence[Statement]) -> None:
    for statement in statements:
        await execute(connection, statement)
