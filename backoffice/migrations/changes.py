"""What an app's migrations have yet to do so that its rules and enums are as declared."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from piccolo.conf.apps import AppConfig

from backoffice.migrations.declared import Made, enum_columns, enums, is_early, rules
from backoffice.migrations.files import apps
from backoffice.migrations.labels import LabelsLost, new_labels, refuse_while_used
from backoffice.migrations.sql import Statement, Thing

CREATE_INDEX = re.compile(r"CREATE (UNIQUE )?INDEX (?:CONCURRENTLY )?(?:IF NOT EXISTS )?", re.IGNORECASE)


class ByHand(Exception):
    """No migration can be written for this change; the text says why."""


@dataclass
class Part:
    """One migration to be: its steps, each with its way back.

    :param alone: it cannot share a transaction.
    :ivar accepted: why a warning about it need not be heeded, by the warning's code.
    """

    slug: str
    title: str
    alone: bool = False
    steps: list[tuple[str, str]] = field(default_factory=list)
    accepted: dict[str, str] = field(default_factory=dict)

    def add(self, forwards: str, backwards: str = "") -> None:
        self.steps.append((forwards, backwards))

    @property
    def forwards(self) -> str:
        return "\n\n".join(forwards for forwards, _ in self.steps if forwards)

    @property
    def backwards(self) -> str:
        return "\n".join(backwards for _, backwards in reversed(self.steps) if backwards) or "SELECT;"


class Changes:
    """Up to four migrations, in the order in which they run; what Piccolo finds in the tables comes in their middle."""

    def __init__(self, app: AppConfig, made: Made) -> None:
        self.first = Part("unindexed", "Indexes that are gone", alone=True)
        self.early = Part("types", "The types and functions that tables are made of")
        self.late = Part("rules", "The rules about the tables")
        self.indexes = Part("indexes", "The indexes of the rules", alone=True)
        if made.things:
            self.early.title = self.late.title = "What changed in the rules"
        self._app = app
        self._made = made
        self._tables = made.tables | {table._meta.tablename for one in apps() for table in one.table_classes}
        self._compare([*enums(app), *rules(app)])

    @property
    def before_tables(self) -> list[Part]:
        return [part for part in (self.first, self.early) if part.steps]

    @property
    def after_tables(self) -> list[Part]:
        return [part for part in (self.late, self.indexes) if part.steps]

    def _compare(self, wanted: list[Statement]) -> None:
        things = _by_thing(wanted)
        self._index_again({thing.name for thing in self._changed(things) if thing.kind == "FUNCTION"}, things)
        gone = [(thing, old) for thing, old in reversed(self._made.things.items()) if thing not in things]
        for thing, old in gone:
            if thing.kind in ("TRIGGER", "INDEX"):
                self._remove(thing, old)
        for statement in wanted:
            self._add(statement, things)
        for thing, old in gone:
            if thing.kind not in ("TRIGGER", "INDEX"):
                self.late.add(drop(thing), f"{old}\n")

    def _changed(self, things: dict[Thing, Statement]) -> list[Thing]:
        old = self._made.things
        return [thing for thing, new in things.items() if thing in old and old[thing].essence != new.essence]

    def _remove(self, thing: Thing, old: Statement) -> None:
        if old.table not in self._tables:
            return  # it went with its table
        if thing.kind == "TRIGGER":
            self.early.add(drop(thing), f"{old}\n")
        else:
            self.first.add(drop(thing, "CONCURRENTLY "), concurrently(old))

    def _add(self, statement: Statement, things: dict[Thing, Statement]) -> None:
        thing = statement.creates
        if thing is None:
            self._add_companion(statement, things)
        elif thing not in self._made.things:
            self._create(thing, statement)
        elif self._made.things[thing].essence != statement.essence:
            self._replace(thing, self._made.things[thing], statement)

    def _add_companion(self, statement: Statement, things: dict[Thing, Statement]) -> None:
        """A statement that creates nothing: it drops what is then created anew, or sees to what was."""
        thing = statement.drops
        new = thing not in self._made.things or thing in self._changed(things) if thing else False
        if new or (thing is None and statement.bare not in self._made.others):
            self.late.add(str(statement))

    def _create(self, thing: Thing, new: Statement) -> None:
        if thing.kind == "INDEX" and new.table in self._made.tables:
            self.indexes.add(concurrently(new), drop(thing, "CONCURRENTLY "))
        else:
            self._part(new).add(str(new), drop(thing))

    def _replace(self, thing: Thing, old: Statement, new: Statement) -> None:
        if thing.kind == "TYPE" and old.labels and new.labels:
            self._add_labels(thing.name, old.labels, new.labels)
        elif thing.kind == "INDEX":
            gone = drop(thing, "CONCURRENTLY ")
            self.indexes.add(f"{gone}\n{concurrently(new)}", f"{gone}\n{concurrently(old)}")
        elif thing.kind in ("FUNCTION", "TRIGGER", "VIEW"):
            gone = drop(thing) + "\n" if _must_go_first(old, new) else ""
            self._part(new).add(f"{gone}{new}", f"{gone}{old}\n")
        else:
            raise ByHand(f"{thing.kind.lower()} {thing.name} changed. Write that migration by hand: it may hold data.")

    def _add_labels(self, type_: str, before: list[str], after: list[str]) -> None:
        try:
            labels = new_labels(type_, before, after)
        except LabelsLost as lost:
            raise ByHand(str(lost)) from None
        columns = [column for one in apps() for column in enum_columns(one) if column.type_name == type_]
        places = [(column._meta.table._meta.tablename, column._meta.db_column_name) for column in columns]
        self.first.slug, self.first.title = "labels", f"New labels of {type_}"
        self.first.add("\n".join(map(str, labels)), refuse_while_used(labels, places))

    def _part(self, statement: Statement) -> Part:
        return self.early if is_early(statement, self._tables) else self.late

    def _index_again(self, changed: set[str], things: dict[Thing, Statement]) -> None:
        """An index keeps what its functions gave when it was written, until it is built again."""
        affected = _users(changed, things)
        for thing in things:
            if thing.kind == "INDEX" and thing.name in affected and thing in self._made.things:
                self.early.add("", f"REINDEX INDEX {thing.name};")
                self.indexes.add(f"REINDEX INDEX CONCURRENTLY {thing.name};")
                self.early.accepted["stale-index"] = "the migration of the indexes builds them anew"


def _by_thing(wanted: Iterable[Statement]) -> dict[Thing, Statement]:
    things: dict[Thing, Statement] = {}
    for statement in wanted:
        if (thing := statement.creates) is None:
            continue
        if thing in things:
            raise ByHand(f"{thing.kind.lower()} {thing.name} is declared twice; migrations know things by their names.")
        things[thing] = statement
    return things


def _users(names: set[str], things: dict[Thing, Statement]) -> set[str]:
    """The names of what uses these functions, directly or through others."""
    found: set[str] = set()
    news = names
    while news:
        news = {
            thing.name
            for thing, statement in things.items()
            if thing.name not in found | names and any(statement.mentions(name) for name in news)
        }
        found |= news
    return found


def _must_go_first(old: Statement, new: Statement) -> bool:
    """Whether CREATE OR REPLACE would refuse."""
    return old.signature != new.signature or " OR REPLACE " not in new.bare.upper()


def drop(thing: Thing, how: str = "") -> str:
    if thing.kind == "TRIGGER":
        table, _, name = thing.name.partition(".")
        return f"DROP TRIGGER IF EXISTS {name} ON {table};"
    return f"DROP {thing.kind} {how}IF EXISTS {thing.name};"


def concurrently(index: Statement) -> str:
    return CREATE_INDEX.sub(
        lambda found: f"CREATE {found[1] or ''}INDEX CONCURRENTLY IF NOT EXISTS ", str(index), count=1
    )
