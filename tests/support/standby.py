"""Two PostgreSQL servers of a test's own: a primary, and a standby that has whatever was acknowledged."""

import asyncio
import contextlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import asyncpg

from backoffice.database.programs import make_private_folder, run_program
from tests.support.faults import OwnServer
from tests.support.servers import a_server

ATTACH_SECONDS = 30
OPTIONS = {"wal_retrieve_retry_interval": "200ms"}  # a standby notices soon that its primary is back
STATE = "SELECT sync_state FROM pg_stat_replication"


class Pair:
    """Which of the two is the primary changes with each promotion; their addresses stay."""

    def __init__(self, folder: Path, *, migrated: bool, **options: str) -> None:
        options = OPTIONS | options
        self.primary = a_server(folder / "one", migrated=migrated, cluster_name="one", **options)
        self.standby = OwnServer(folder / "other", options={"fsync": "off", "cluster_name": "other"} | options)
        self.is_attached = False
        folders = [self.primary.socket_folder, self.standby.socket_folder]
        hosts = ",".join(quote(folder) for folder in folders)
        self.dsn = f"postgresql://flowcrm@/flowcrm?host={hosts}&target_session_attrs=read-write"

    def attach(self) -> None:
        """Makes the standby anew, as a copy of the primary that follows it."""
        self.is_attached = True
        self.standby.stop()
        shutil.rmtree(self.standby.data, ignore_errors=True)
        self.standby.folder.mkdir(exist_ok=True)
        make_private_folder(self.standby.data, data=self.primary.data)
        source = ["-h", self.primary.socket_folder, "-U", "flowcrm"]
        options = ["--checkpoint=fast", "--no-sync", "--write-recovery-conf"]
        run_program(self.standby.data, "pg_basebackup", "-D", str(self.standby.data), *source, *options)
        self.standby.start()

    async def wait_for_each_other(self) -> None:
        """From now on a commit is acknowledged when the standby has it too."""
        await set_option(self.primary, "synchronous_standby_names", "*")
        await self.until_synchronous()

    async def until_synchronous(self) -> None:
        deadline = time.monotonic() + ATTACH_SECONDS
        while await self.primary.query(STATE) != "sync":
            assert time.monotonic() < deadline, self.standby.log.read_text()
            await asyncio.sleep(0.02)

    def promote(self) -> None:
        """The standby begins to take writes, whatever became of the primary. Nobody waits for anybody then."""
        run_program(self.standby.data, "pg_ctl", "promote", "-w", "-D", str(self.standby.data))
        self.primary, self.standby = self.standby, self.primary


async def set_option(server: OwnServer, name: str, value: str) -> None:
    connection = await asyncpg.connect(server.dsn)
    await connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()


@contextlib.contextmanager
def pair(folder: Path, *, migrated: bool = False, **options: str) -> Iterator[Pair]:
    """The standby is yet to be attached."""
    servers = Pair(folder, migrated=migrated, **options)
    servers.primary.start()
    try:
        yield servers
    finally:
        servers.primary.stop()
        servers.standby.stop()
