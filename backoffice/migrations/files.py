"""The migrations of the program, as files and as what Piccolo makes of them."""

import contextlib
import hashlib
import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from types import ModuleType

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.apps.migrations.commands.base import BaseMigrationManager
from piccolo.conf.apps import AppConfig, Finder

from backoffice.migrations.outcomes import MigrationRefused

Key = tuple[str, str]


@dataclass(frozen=True)
class Migration:
    """One file; `app` and `id` are the names by which the database remembers it."""

    app: str
    id: str
    module: ModuleType

    @property
    def key(self) -> Key:
        return self.app, self.id

    @property
    def path(self) -> Path:
        return Path(inspect.getfile(self.module))

    @cached_property
    def checksum(self) -> str:
        """SHA-256 of the text, whatever its line ends."""
        return hashlib.sha256(self.path.read_text("utf-8").encode()).hexdigest()

    async def manager(self) -> MigrationManager:
        """A new one for each use."""
        manager = await self.module.forwards()
        if not isinstance(manager, MigrationManager):
            raise MigrationRefused(f"{self.path.name}: forwards() must return a MigrationManager")
        return manager

    def __str__(self) -> str:
        description = getattr(self.module, "DESCRIPTION", "")
        return f"{self.app} {self.id} ({description})" if description else f"{self.app} {self.id}"


@contextlib.contextmanager
def unchanged_path() -> Iterator[None]:
    """Restores sys.path: Piccolo puts each migrations folder in front of it and leaves it there."""
    before = list(sys.path)
    try:
        yield
    finally:
        sys.path[:] = before


def apps() -> list[AppConfig]:
    """The apps, each after those that it depends on."""
    return Finder().get_app_configs(sort_by_migration_dependencies=True)


def migrations_of(app: AppConfig) -> list[Migration]:
    """Its migrations, in running order."""
    with unchanged_path():
        modules = BaseMigrationManager().get_migration_modules(app.resolved_migrations_folder_path)
    return [Migration(app.app_name, id, modules[id]) for id in sorted(modules)]


@lru_cache(maxsize=1)
def all_migrations() -> tuple[Migration, ...]:
    """The migrations of every app, in the order in which an empty database runs them."""
    return tuple(migration for app in apps() for migration in migrations_of(app))
