"""The way to the database: what cannot pass fails at once, what comes late is waited for, the right host is found."""

import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from backoffice.database.engine import Engine
from backoffice.database.failures import DatabaseRefused, DatabaseUnavailable, cause
from backoffice.settings import Settings
from tests.support.faults import OwnServer
from tests.support.servers import a_server, own_server


async def test_what_is_wrong_with_a_connection_is_told_as_far_as_somebody_can_mend_it(own: OwnServer) -> None:
    engine = Engine(own.settings(database_url=f"{own.dsn}&target_session_attrs=standby"))
    with pytest.raises(DatabaseUnavailable, match="None of the hosts match the target attribute requirement"):
        await engine.connect()
    for internal in (
        asyncpg.InterfaceError("cannot call Transaction.__aexit__(): the underlying connection is closed"),
        asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress"),
        ConnectionError("unexpected connection_lost() call"),
    ):
        assert cause(internal) == "the connection was lost"


async def test_tables_are_found_whatever_search_path_the_role_has(own: OwnServer) -> None:
    await own.query("CREATE SCHEMA elsewhere")
    await own.query("CREATE ROLE astray LOGIN IN ROLE pg_read_all_data")
    await own.query("ALTER ROLE astray SET search_path = elsewhere")
    engine = Engine(own.settings(database_url=own.dsn.replace("flowcrm@", "astray@")))
    for ask in engine.fetch_value, engine._run_in_new_connection, engine._run_in_pool:
        assert "public" in str(await ask("SELECT current_schema() AS path"))
    await engine.start_connection_pool()
    assert await engine.fetch_value("SELECT current_schema()") == "public"
    await engine.close_connection_pool()
    await own.query("DROP ROLE astray")
    await own.query("DROP SCHEMA elsewhere")


async def test_a_database_that_cannot_hold_every_letter_is_refused(own: OwnServer) -> None:
    await own.query("CREATE DATABASE narrow ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    settings = Settings(db_host=own.socket_folder, db_name="narrow", db_user="flowcrm")
    with pytest.raises(DatabaseRefused, match=r"^A database in UTF8 is needed; that at .* is in LATIN1$"):
        await Engine(settings).connect()
    await own.query("DROP DATABASE narrow")


async def start_error(settings: Settings) -> tuple[DatabaseUnavailable, float]:
    begin = time.monotonic()
    with pytest.raises(DatabaseUnavailable) as caught:
        await Engine(settings).start_connection_pool()
    return caught.value, time.monotonic() - begin


@pytest.fixture(scope="module")
def guarded(own: OwnServer) -> Iterator[OwnServer]:
    """The same server, asking for passwords of everyone but the steward."""
    rules = own.data / "pg_hba.conf"
    before = rules.read_text()
    rules.write_text("local all clerk scram-sha-256\n" + before)
    os.kill(own.pid, signal.SIGHUP)
    yield own
    rules.write_text(before)
    os.kill(own.pid, signal.SIGHUP)


@pytest.mark.parametrize(
    ("user", "name", "cause"),
    [("clerk", "flowcrm", "password"), ("stranger", "flowcrm", "stranger"), ("flowcrm", "nowhere", "nowhere")],
)
async def test_what_cannot_pass_fails_at_once(guarded: OwnServer, user: str, name: str, cause: str) -> None:
    await guarded.query("DROP ROLE IF EXISTS clerk")
    await guarded.query("CREATE ROLE clerk LOGIN PASSWORD 'right'")
    settings = Settings(db_host=guarded.socket_folder, db_name=name, db_user=user, db_password="s3cret-but-wrong")
    error, seconds = await start_error(settings)
    assert isinstance(error, DatabaseRefused)
    assert cause in str(error)
    assert "s3cret" not in str(error)
    assert seconds < 2


@pytest.mark.parametrize("parameter", ["nonsense=1", "statement_timeout=soon", "shared_buffers=1"])
async def test_a_parameter_that_the_server_refuses_fails_at_once(own: OwnServer, parameter: str) -> None:
    error, seconds = await start_error(Settings(database_url=f"{own.dsn}&{parameter}"))
    assert isinstance(error, DatabaseRefused)
    assert parameter.partition("=")[0] in str(error)
    assert seconds < 2


async def test_a_server_without_tls_is_refused_at_once_where_tls_is_required() -> None:
    async def say_no(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(8)
        writer.write(b"N")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(say_no, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        url = f"postgresql://flow:s3cret@127.0.0.1:{port}/flowcrm"
        error, seconds = await start_error(Settings(database_url=url, db_sslmode="require"))
    assert isinstance(error, DatabaseRefused)
    assert str(error).endswith(f"127.0.0.1:{port}: the server offers no TLS, which sslmode demands")
    assert seconds < 2


async def test_an_absent_server_is_tried_again_and_each_attempt_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("backoffice.database.connecting.START_SECONDS", 2.5)
    settings = Settings(database_url="postgresql://flow:s3cret@127.0.0.1:1/flowcrm", db_connect_timeout=0.5)
    with caplog.at_level(logging.WARNING):
        error, seconds = await start_error(settings)
    assert not isinstance(error, DatabaseRefused)
    assert "127.0.0.1:1" in str(error)
    assert "refused" in str(error)
    assert 0.5 < seconds < 2.5
    attempts = [record.getMessage() for record in caplog.records if "attempt" in record.getMessage()]
    assert len(attempts) >= 2
    assert all("127.0.0.1:1" in line for line in attempts)
    assert "s3cret" not in caplog.text + str(error)


async def test_work_that_loses_the_connection_each_time_is_given_up_in_time(
    own: OwnServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backoffice.database.connecting.START_SECONDS", 2.5)
    engine, attempts = Engine(own.settings()), 0

    async def work(_: str) -> None:
        nonlocal attempts
        attempts += 1
        await engine.run_ddl("SELECT pg_terminate_backend(pg_backend_pid())")

    begin = time.monotonic()
    with pytest.raises(DatabaseUnavailable, match=f"^PostgreSQL at {own.socket_folder}: connection was closed"):
        await engine.when_reachable(work)
    assert attempts >= 2
    assert time.monotonic() - begin < 2.5


async def test_a_server_that_comes_late_is_waited_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    late = a_server(tmp_path / "data")
    engine = Engine(late.settings())
    opening = asyncio.create_task(engine.start_connection_pool())
    while "attempt 1" not in caplog.text:
        await asyncio.sleep(0.01)
    with caplog.at_level(logging.INFO):
        await asyncio.to_thread(late.start)
        await opening
    try:
        assert "connected to PostgreSQL 18" in caplog.text
        assert "pool of at most 20" in caplog.text
    finally:
        await engine.close_connection_pool()
        late.stop()


def two_hosts(first: str, second: str, **others: Any) -> Settings:
    url = f"postgresql://flowcrm@/flowcrm?host={first},{second}&target_session_attrs=read-write"
    return Settings(database_url=url, db_connect_timeout=0.5, **others)


async def test_the_host_that_may_be_written_is_found_and_found_again(own: OwnServer, tmp_path: Path) -> None:
    with own_server(tmp_path / "data", default_transaction_read_only="on") as standby:
        engine = Engine(two_hosts(standby.socket_folder, own.socket_folder))
        await engine.start_connection_pool()
        try:
            ((port,),) = await engine.run_ddl("SHOW unix_socket_directories")
            assert port.strip('"') == own.socket_folder
            assert engine.connector.addresses[0][0] == own.socket_folder
        finally:
            await engine.close_connection_pool()


async def test_a_host_that_hangs_does_not_hide_the_next_one(own: OwnServer, tmp_path: Path) -> None:
    (tmp_path / "hanging").mkdir()
    path = tmp_path / "hanging" / ".s.PGSQL.5432"
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(str(path))
        hanging.listen()
        engine = Engine(two_hosts(str(path.parent), own.socket_folder))
        await engine.start_connection_pool()
        try:
            assert await engine.run_ddl("SELECT 1")
        finally:
            await engine.close_connection_pool()


async def test_parameters_that_only_libpq_knows_do_no_harm(own: OwnServer) -> None:
    extra = "&connect_timeout=3&channel_binding=prefer&keepalives=1&gssencmode=disable"
    engine = Engine(Settings(database_url=own.dsn + extra))
    assert await engine.run_ddl("SELECT 1")
