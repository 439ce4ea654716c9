"""Reads from a standby that has every acknowledged commit; see docs/operations.md.

PostgreSQL itself guarantees that, where a commit waits until this standby has applied it (synchronous_commit =
remote_apply) and no other may stand in for it (synchronous_standby_names). These settings are checked every second,
and trusted for three. In case of doubt, the primary is read.
"""

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg

from backoffice.background import alongside
from backoffice.database.connecting import end_at_once
from backoffice.database.engine import Engine
from backoffice.database.failures import STANDBY_FAILURES, DatabaseUnavailable, cause

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1
READ_SECONDS = 2  # then the primary is asked
TRUSTED_SECONDS = LOOK_SECONDS + READ_SECONDS  # after a look began

COMMITS = """
SELECT current_setting('synchronous_commit'), current_setting('synchronous_standby_names'), system_identifier,
    pg_current_wal_flush_lsn()::text
FROM pg_control_system()
"""
STANDBY = """
SELECT CASE WHEN pg_is_in_recovery() THEN current_setting('cluster_name') END, system_identifier,
    pg_last_wal_replay_lsn() >= $1::text::pg_lsn
FROM pg_control_system()
"""


def that_each_commit_waits_for(names: str) -> set[str]:
    """The standbys in synchronous_standby_names for which commits wait; empty where some may stand in for others."""
    found = re.fullmatch(r"\s*(?:(?:FIRST\s+|ANY\s+)?(\d+)\s*\()?([^()]*)\)?\s*", names, re.IGNORECASE)
    if found is None or "*" in names:
        return set()
    members = {name.strip().strip('"').lower() for name in found[2].split(",")} - {""}
    return members if len(members) == int(found[1] or 1) else set()


class StandbyEngine(Engine):
    """The engine of a standby. A crashed one may accept connections before it has caught up: none is used till then."""

    def __init__(self, primary: Engine) -> None:
        super().__init__(primary.settings.model_copy(update={"database_url": primary.settings.db_replica_url}))
        self.primary = primary

    async def _connect_for_pool(self, **extra: Any) -> asyncpg.Connection:
        connection = await super()._connect_for_pool(**extra)
        try:
            *_, position = await self.primary.fetch_row(COMMITS)
            [(*_, has_caught_up)] = await connection.fetch(STANDBY, position)
        except BaseException:
            end_at_once(connection)
            raise
        if not has_caught_up:
            end_at_once(connection)
            raise DatabaseUnavailable("it has not caught up yet")
        return connection


class Standby:
    """Reads from the standby while it is known to be up to date, else from the primary."""

    def __init__(self, primary: Engine) -> None:
        self.primary = primary
        self.engine = StandbyEngine(primary)
        self.doubt = "nobody has looked yet"  # '' where there is none
        self.trusted_until = 0.0

    async def fetch_row(self, sql: str, *arguments: Any) -> Any:
        if self.doubt or time.monotonic() > self.trusted_until or self.primary.transaction_exists():
            return await self.primary.fetch_row(sql, *arguments)
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await self.engine.fetch_row(sql, *arguments)
        except asyncpg.DataError:
            raise
        except STANDBY_FAILURES as error:
            self._judge(cause(error))
            return await self.primary.fetch_row(sql, *arguments)

    async def fetch_value(self, sql: str, *arguments: Any) -> Any:
        row = await self.fetch_row(sql, *arguments)
        return row and row[0]

    async def watch(self) -> None:
        """Checks it until cancelled."""
        while True:
            try:
                if not self.engine.pool.is_open:
                    await self.engine.start_connection_pool()
                begun = time.monotonic()
                async with asyncio.timeout(READ_SECONDS):
                    self._judge(await self._look())
                self.trusted_until = begun + TRUSTED_SECONDS
            except STANDBY_FAILURES as error:
                self._judge(cause(error))
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> str:
        """The reason for doubt, or ''."""
        commit, names, cluster, position = await self.primary.fetch_row(COMMITS)
        name, its_cluster, has_caught_up = await self.engine.fetch_row(STANDBY, position)
        if name is None or its_cluster != cluster:
            return "it is no standby of this primary"
        waits = commit == "remote_apply" and not self.primary.pool.overrides_commits
        if not waits or name.lower() not in that_each_commit_waits_for(names):
            return f"commits do not wait until {name or 'it'} has applied them"
        if self.doubt and not has_caught_up:
            return "it has not caught up yet"
        return ""

    def _judge(self, doubt: str) -> None:
        if doubt != self.doubt:
            where = self.engine.connector.where
            why = f"the primary, not the standby at {where}: {doubt}" if doubt else f"the standby at {where}"
            logger.log(logging.WARNING if doubt else logging.INFO, "reading from %s", why)
        self.doubt = doubt


@contextlib.asynccontextmanager
async def reading(engine: Engine) -> AsyncIterator[None]:
    """Inside, lists and rows may come from the standby of the settings, if there is one."""
    if engine.settings.db_replica_url is None:
        yield
        return
    standby = Standby(engine)
    engine.reader = standby
    try:
        async with alongside("the watch over the standby", standby.watch()):
            yield
    finally:
        engine.reader = engine
        await standby.engine.close_connection_pool()
