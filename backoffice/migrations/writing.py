"""Writes migrations: beside Piccolo's own for the tables, those for changes in rules/*.sql and in enums.

`piccolo migrations new <app> --auto` calls `create`. A migration has a copy of the SQL, so that it never changes.
"""

import contextlib
import re
from pathlib import Path

from piccolo.apps.migrations.auto.schema_differ import AlterStatements
from piccolo.apps.migrations.commands import new
from piccolo.apps.migrations.commands.base import BaseMigrationManager
from piccolo.apps.migrations.commands.new import AutoMigrationManager, NewMigrationMeta, NoChanges
from piccolo.conf.apps import AppConfig

from backoffice.migrations.changes import ByHand, Changes
from backoffice.migrations.declared import replay
from backoffice.migrations.files import unchanged_path
from backoffice.migrations.outcomes import say
from backoffice.migrations.parts import NOTHING, Part

create_by_piccolo = new._create_new_migration

EMPTY = Part("by_hand", "Written by hand", steps=[(NOTHING, NOTHING)])
TABLE = re.compile(r"class_name='(\w+)'")


async def create(
    app_config: AppConfig, auto: bool = False, description: str = "", auto_input: str | None = None
) -> NewMigrationMeta:
    """In place of Piccolo's function of this purpose; returns the last file written: an empty one unless `auto`.

    :raises NoChanges: where there is nothing to write.
    """
    if not auto:
        meta = write(app_config, EMPTY, description)
        say(f"Wrote {Path(meta.migration_path).name}\n")
        return meta
    changes = await find_changes(app_config, auto_input)
    written = [write(app_config, part, description) for part in changes.before_tables]
    with contextlib.suppress(NoChanges):
        written.append(await create_by_piccolo(app_config, auto, description, auto_input))
    written += [write(app_config, part, description) for part in changes.after_tables]
    if not written:
        raise NoChanges
    for meta in written:
        say(f"Wrote {Path(meta.migration_path).name}\n")
    return written[-1]


async def find_changes(app_config: AppConfig, auto_input: str | None) -> Changes:
    """The changes to write. Asks as Piccolo does, unless `auto_input` answers all."""

    def agree(question: str) -> bool:
        return (auto_input or input(f"{question} (y/N)")).lower() == "y"

    with unchanged_path():
        managers = await BaseMigrationManager().get_migration_managers(app_config)
    try:
        return Changes(app_config, replay(managers), agree)
    except EOFError:
        raise SystemExit("Nobody is here to answer; say --auto_input=y or --auto_input=n.") from None
    except ByHand as reason:
        raise SystemExit(str(reason)) from None


def write(app_config: AppConfig, part: Part, description: str) -> NewMigrationMeta:
    meta = new._generate_migration_meta(app_config)
    meta.migration_filename += f"_{part.slug}"
    meta.migration_path = str(Path(app_config.resolved_migrations_folder_path) / f"{meta.migration_filename}.py")
    text = part.source(meta.migration_id, app_config.app_name, description)
    Path(meta.migration_path).write_text(text, "utf-8")
    return meta


class OrderedAutoMigrationManager(AutoMigrationManager):
    """Piccolo's manager, but with statements in the order of the tables; its own order varies each time."""

    async def get_alter_statements(self, app_config: AppConfig) -> list[AlterStatements]:
        names = [table.__name__ for table in app_config.table_classes]

        def place(statement: str) -> int:
            found = TABLE.search(statement)
            return names.index(found[1]) if found and found[1] in names else len(names)

        with unchanged_path():
            found = await super().get_alter_statements(app_config)
        for statements in found:
            statements.statements.sort(key=place)
        return found
