"""The types, functions, triggers and indexes that the code declares, and those that its migrations make.

Declared are the enum types of the tables' columns, and whatever stands in an app's rules/*.sql. What migrations make
is read from their SQL, without a database.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.conf.apps import AppConfig

from backoffice.columns import EnumColumn
from backoffice.migrations.files import apps
from backoffice.migrations.labels import added_label, create_type, renamed_label, with_label
from backoffice.migrations.sql import Statement, Thing, statements


@dataclass
class Made:
    """The things that the migrations of an app have made, in that order.

    :ivar closed: the functions that PUBLIC may not execute.
    """

    things: dict[Thing, Statement] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    tables: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)

    def rename_label(self, type_: str, old: str, new: str) -> None:
        """Renames a label wherever it is used, as PostgreSQL does, which refers to it by number."""
        for thing, statement in self.things.items():
            if thing.kind != "TYPE" or thing.name == type_:
                self.things[thing] = statement.relabelled(old, new)


def rules(app: AppConfig) -> list[Statement]:
    """The statements of the files, in an order in which they can run."""
    folder = Path(app.resolved_migrations_folder_path).parent / "rules"
    return in_order([one for file in sorted(folder.glob("*.sql")) for one in statements(file.read_text("utf-8"))])


def enum_columns(app: AppConfig) -> list[EnumColumn]:
    return [column for table in app.table_classes for column in table._meta.columns if isinstance(column, EnumColumn)]


def enums(app: AppConfig) -> list[Statement]:
    """One CREATE TYPE for each type of this app's columns that no app before it has."""
    earlier = apps()[: [one.app_name for one in apps()].index(app.app_name)]
    taken = {column.type_name for one in earlier for column in enum_columns(one)}
    members = {column.type_name: list(column._meta.choices or ()) for column in enum_columns(app)}
    return [
        create_type(name, [str(member.value) for member in choices])
        for name, choices in members.items()
        if name not in taken
    ]


def is_early(statement: Statement, tables: Iterable[str]) -> bool:
    """Whether it can come before the tables, whose checks and columns may then use it."""
    thing = statement.creates or statement.drops
    before = thing is not None and thing.kind in ("TYPE", "DOMAIN", "FUNCTION")
    return before and not any(statement.mentions(table) for table in tables)


def in_order(written: list[Statement]) -> list[Statement]:
    """The statements as written, except that a function precedes those that cannot be created without it."""
    makers = {s.creates.name: s for s in written if s.creates and s.creates.kind == "FUNCTION"}
    ordered: dict[Statement, None] = {}

    def add(statement: Statement, users: frozenset[Statement]) -> None:
        for name, maker in makers.items():
            if not statement.late_bound and maker not in users and maker not in ordered and statement.mentions(name):
                add(maker, users | {maker})
        ordered.setdefault(statement)

    for statement in written:
        add(statement, frozenset({statement}))
    return list(ordered)


def replay(managers: Iterable[MigrationManager]) -> Made:
    """What exists after these migrations, run one after the other."""
    made = Made()
    for manager in managers:
        for step in manager.raw:
            for statement in (*statements(getattr(step, "sql", "")), *getattr(step, "makes", ())):
                _apply(statement, made)
        made.tables |= {table.tablename for table in manager.add_tables}
        for dropped in manager.drop_tables:
            _forget_table(dropped.tablename, made)
    return made


def _apply(statement: Statement, made: Made) -> None:
    if thing := statement.drops:
        made.things.pop(thing, None)
        if thing.kind == "FUNCTION":
            made.closed.discard(thing.name)
    elif thing := statement.creates:
        made.things[thing] = statement
    elif label := added_label(statement):
        thing = Thing("TYPE", label.type)
        made.things[thing] = create_type(label.type, with_label(made.things[thing].labels, label))
    elif renamed := renamed_label(statement):
        made.rename_label(*renamed)
    elif statement.closes or statement.opens:
        made.closed |= set(statement.closes)
        made.closed -= set(statement.opens)
    else:
        made.others.add(statement.bare)


def _forget_table(name: str, made: Made) -> None:
    made.tables.discard(name)
    for thing in [thing for thing, statement in made.things.items() if statement.table == name]:
        del made.things[thing]
