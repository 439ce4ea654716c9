"""A copy of the project whose migrations, tables and rules a test may change, and what its commands then say."""

import asyncio
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg

from backoffice.database.connecting import close_quietly
from backoffice.migrations import expected
from backoffice.migrations.choices import Choice
from backoffice.migrations.files import Migration
from backoffice.migrations.journal import Journal, noted
from backoffice.migrations.runner import Run, Step
from backoffice.migrations.scratch import ScratchRun
from backoffice.settings import ROOT, Settings
from piccolo_conf import DB
from tests.support.forked import Forked, Said

PATIENCE_SECONDS = 60
APPS = ("backoffice", "accounts", "crm")
LATER = "2999-01-01T00:00:00:{number:06d}"
FIRST, SECOND = (f"crm {LATER.format(number=number)}" for number in (1, 2))  # as they are recorded
MIGRATION = '''
from backoffice.migrations import expected, script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "{id}"
VERSION = "1.38.0"
DESCRIPTION = "later"
{accepted}

async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="{app}", description=DESCRIPTION, wrap_in_transaction={wrapped}
    )
    manager.add_raw(script(r"""{forwards}"""))
    manager.add_raw_backwards(script(r"""{backwards}"""))
    return manager
'''


def write_migration(
    folder: Path,
    number: int,
    forwards: str,
    backwards: str = "SELECT",
    *,
    alone: bool = False,
    accepted: str = "",
    app: str = "crm",
) -> Path:
    """One after those that the app has, in the order of the numbers."""
    path = folder / f"{app}_later_{number}.py"
    names = {"id": LATER.format(number=number), "wrapped": not alone, "accepted": accepted, "app": app}
    path.write_text(MIGRATION.format(**names, forwards=forwards, backwards=backwards))
    return path


def a_migration(
    folder: Path, number: int, forwards: str, backwards: str = "SELECT", *, alone: bool = False, accepted: str = ""
) -> Migration:
    """One that only this test knows."""
    path = write_migration(folder, number, forwards, backwards, alone=alone, accepted=accepted)
    spec = importlib.util.spec_from_file_location(f"{path.stem}_{uuid4().hex}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Migration("crm", LATER.format(number=number), module)


def these(*migrations: Migration) -> Choice:
    """Of these, those that have not run yet."""
    return lambda ran: [migration for migration in migrations if migration.key not in ran]


class Workshop:
    """The copy, in a folder of its own."""

    def __init__(self, folder: Path, dsn: str) -> None:
        self.folder = folder
        self.dsn = dsn
        for app in APPS:
            shutil.copytree(ROOT / app, folder / app)  # and what was compiled
        for name in ("piccolo_conf.py", "Makefile", "pyproject.toml", "uv.lock"):
            shutil.copy2(ROOT / name, folder)

    def migration(
        self, number: int, forwards: str, backwards: str = "SELECT", *, app: str = "crm", **options: Any
    ) -> Path:
        folder = self.folder / app / "piccolo_migrations"
        return write_migration(folder, number, forwards, backwards, app=app, **options)

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def new(self) -> Path:
        """What `migrations new crm --auto` writes: one file."""
        before = set(self.folder.rglob("crm_*.py"))
        said = self.run("migrations", "new", "crm", "--auto")
        assert said.code == 0, said.text
        (written,) = set(self.folder.rglob("crm_*.py")) - before
        return written

    def begin(self, *arguments: str, **settings: str) -> Forked:
        environment = os.environ | {"DATABASE_URL": self.dsn} | settings
        return Forked(self.folder, environment, "piccolo.main", *arguments)

    def run(self, *arguments: str, **settings: str) -> Said:
        return self.begin(*arguments, **settings).end()

    def make(self, target: str) -> Said:
        """As the operator says it."""
        command = ("make", "--assume-old=.venv/ready", f"BIN={Path(sys.executable).parent}", target)
        environment = os.environ | {"DATABASE_URL": self.dsn}
        ended = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True)
        return Said(ended.returncode, ended.stdout, ended.stderr)

    def migrate(self) -> Said:
        return self.run("backoffice", "migrate")


async def until_there_is(connection: asyncpg.Connection, sessions: str) -> int:
    """The process id of another session that answers this description."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            found = await connection.fetchval(
                f"SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND ({sessions})"
                " AND pid <> pg_backend_pid()"
            )
            if found:
                return int(found)
            await asyncio.sleep(0.02)


@asynccontextmanager
async def a_run(database: str) -> AsyncIterator[Run]:
    """As the commands run migrations, but for the records, which take most of the time."""
    DB.configure(Settings(database_url=database))
    async with noted(DB, journal := Journal()):
        connection = await DB.connect()
        yield ScratchRun(DB, connection, journal)
        await close_quietly(connection)


async def steps(migrations: Iterable[Migration]) -> list[Step]:
    return [Step(one, await one.manager()) for one in migrations]


async def recorded(connection: asyncpg.Connection) -> list[str]:
    rows = await connection.fetch("SELECT app_name || ' ' || name AS key FROM migration ORDER BY id")
    return [row["key"] for row in rows]


async def drift(connection: asyncpg.Connection) -> list[str]:
    """What differs from what the migrations made, in words."""
    return [str(difference) for difference in await expected.drift(connection)]


async def relations(connection: asyncpg.Connection) -> set[str]:
    """Names of the tables and indexes in the schema public."""
    rows = await connection.fetch("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")
    return {row["relname"] for row in rows}
