"""The changes that an app's migrations lack to make its rules and enums as declared."""

import functools
import re
from collections.abc import Callable, Iterable

from piccolo.conf.apps import AppConfig
from piccolo.constraints import Check

from backoffice.migrations.declared import Made, enums, is_early, rules
from backoffice.migrations.files import apps
from backoffice.migrations.labels import new_labels, rename_label, with_label
from backoffice.migrations.parts import Part, Retype
from backoffice.migrations.sql import Statement, Thing

CREATE_INDEX = re.compile(r"CREATE (UNIQUE )?INDEX (?:CONCURRENTLY )?(?:IF NOT EXISTS )?", re.IGNORECASE)
# Kinds that CREATE OR REPLACE replaces without loss.
MADE_ANEW = ("FUNCTION", "TRIGGER")


class ByHand(Exception):
    """No migration can be written for this change; the text says why."""


class Changes:
    """Up to six migrations, in the order in which they run; what Piccolo finds in the tables comes in their middle.

    `agree` is asked whether a label was renamed.
    """

    def __init__(self, app: AppConfig, made: Made, agree: Callable[[str], bool]) -> None:
        self.renamed = Part("renamed", "Labels that have another name")
        self.first = Part("unindexed", "Indexes that are gone", alone=True)
        self.early = Part("types", "The types and functions that tables are made of")
        self.late = Part("rules", "The rules about the tables")
        self.labels = Part("labels", "Labels that are gone")
        self.indexes = Part("indexes", "The indexes of the rules", alone=True)
        if made.things:
            self.early.title = self.late.title = "What changed in the rules"
        self._made = made
        self._agree = agree
        self._tables = made.tables | {table._meta.tablename for one in apps() for table in one.table_classes}
        self._others = [statement for one in apps() if one.app_name != app.app_name for statement in rules(one)]
        wanted = [*enums(app), *rules(app)]
        self._indexed_anew: set[Thing] = set()
        self._closed = {name for statement in wanted for name in statement.closes}
        self._compare(wanted)

    @property
    def before_tables(self) -> list[Part]:
        return [part for part in (self.renamed, self.first, self.early) if part.steps]

    @property
    def after_tables(self) -> list[Part]:
        return [part for part in (self.late, self.labels, self.indexes) if part.steps]

    def _compare(self, wanted: list[Statement]) -> None:
        things = _by_thing(wanted)
        self._rename_labels(things)
        gone = [(thing, old) for thing, old in reversed(self._made.things.items()) if thing not in things]
        changed = {thing: self._made.things[thing] for thing in self._changed(things) if thing.kind == "FUNCTION"}
        anew = {thing.name for thing, old in changed.items() if _must_go_first(old, things[thing])}
        self._leave_to_people(anew)
        self._index_anew(anew | {thing.name for thing, _ in gone if thing.kind == "FUNCTION"}, things)
        self._index_again({thing.name for thing in changed}, things)
        for thing, old in gone:
            if thing.kind in ("TRIGGER", "INDEX"):
                self._remove(thing, old)
        for statement in wanted:
            self._add(statement, things)
        self._open({thing.name for thing, _ in gone if thing.kind == "FUNCTION"})
        for thing, old in gone:
            if thing.kind not in ("TRIGGER", "INDEX"):
                self.late.add(drop(thing), self._anew(thing, old))

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
        """Adds a statement that creates nothing: it drops what is then re-created, or acts on what exists."""
        if statement.closes or statement.opens:
            self._close(statement, things)
            return
        if thing := statement.drops:
            is_needed = thing not in self._made.things or thing in self._changed(things)
        else:
            is_needed = statement.bare not in self._made.others
        if is_needed:
            self.late.add(str(statement))

    def _close(self, statement: Statement, things: dict[Thing, Statement]) -> None:
        """Adds a REVOKE, since everybody may call a function that is created or re-created."""
        old = self._made.things
        made = {thing.name for thing in things if thing not in old}
        anew = {thing.name for thing in self._changed(things) if _must_go_first(old[thing], things[thing])}
        opened = [name for name in statement.closes if name not in self._made.closed]
        if opened or anew & set(statement.closes):
            kept = [name for name in opened if name not in made]
            self.late.add(str(statement), let_everybody(kept) if kept else "")

    def _open(self, gone: set[str]) -> None:
        for name in sorted(self._made.closed - self._closed - gone):
            self.late.add(let_everybody([name]), let_nobody([name]))

    def _anew(self, thing: Thing, old: Statement) -> str:
        closed = thing.kind == "FUNCTION" and thing.name in self._made.closed
        return f"{old}\n{let_nobody([thing.name])}\n" if closed else f"{old}\n"

    def _create(self, thing: Thing, new: Statement) -> None:
        if thing.kind == "INDEX" and new.table in self._made.tables:
            self.indexes.add(concurrently(new), drop(thing, "CONCURRENTLY "))
        else:
            self._part(new).add(str(new), drop(thing))

    def _replace(self, thing: Thing, old: Statement, new: Statement) -> None:
        if thing.kind == "TYPE" and old.labels and new.labels:
            self._change_labels(thing.name, old.labels, new.labels)
        elif thing in self._indexed_anew:
            return
        elif thing.kind == "INDEX":
            gone = drop(thing, "CONCURRENTLY ")
            self.indexes.add(f"{gone}\n{concurrently(new)}", f"{gone}\n{concurrently(old)}")
        elif thing.kind in ("FUNCTION", "TRIGGER", "VIEW"):
            if _must_go_first(old, new):
                self._part(new).add(f"{drop(thing)}\n{new}", f"{drop(thing)}\n{self._anew(thing, old)}")
            else:
                self._part(new).add(str(new), f"{old}\n")
        else:
            raise ByHand(f"{thing.kind.lower()} {thing.name} changed. Write that migration by hand: it may hold data.")

    def _rename_labels(self, things: dict[Thing, Statement]) -> None:
        for thing, new in things.items():
            if thing.kind == "TYPE" and thing in self._made.things:
                for names in self._renamed(thing.name, self._made.things[thing].labels, new.labels).items():
                    self._rename_label(thing.name, *names)

    def _rename_label(self, type_: str, old: str, new: str) -> None:
        """Adds a renaming, first forwards and last backwards, with functions and triggers that mention the label."""
        before, now = dict(self._made.things), self._made.things
        self._made.rename_label(type_, old, new)
        said = [thing for thing in before if thing.kind in MADE_ANEW and before[thing] != now[thing]]
        there = [rename_label(type_, old, new), *(str(now[thing]) for thing in said)]
        back = [rename_label(type_, new, old), *(str(before[thing]) for thing in said)]
        self.renamed.add("\n".join(there), "\n".join(back))

    def _change_labels(self, type_: str, before: list[str], after: list[str]) -> None:
        """Adds new labels first, as none can be used in the transaction that adds it; removes unused ones last."""
        added = new_labels(type_, before, after)
        wide = functools.reduce(with_label, added, before)
        if added:
            self.first.slug, self.first.title = "labels", f"New labels of {type_}"
            self.first.add("\n".join(map(str, added)), Retype(type_, tuple(before)))
        if wide != after:
            self.labels.add(Retype(type_, tuple(after)), Retype(type_, tuple(wide)))

    def _renamed(self, type_: str, before: list[str], after: list[str]) -> dict[str, str]:
        gone = [label for label in before if label not in after]
        news: dict[str, str] = {}
        for new in [label for label in after if label not in before]:
            for old in gone:
                if old not in news and self._agree(f"Did you rename the label `{old}` of `{type_}` to `{new}`?"):
                    news[old] = new
                    break
        return news

    def _part(self, statement: Statement) -> Part:
        return self.early if is_early(statement, self._tables) else self.late

    def _leave_to_people(self, anew: set[str]) -> None:
        """:raises ByHand: where more than indexes of this app is built upon a function that has to be dropped first."""
        statements = [*self._made.things.values(), *self._others]
        for name in sorted(anew):
            users = [one.creates for one in statements if one.mentions(name) and not one.late_bound]
            built = [
                f"{one.kind.lower()} {one.name}"
                for one in users
                if one and one.name != name and not self._has_index(one)
            ]
            built += [f"check {check}" for check in _checks_that_mention(name)]
            if built:
                raise ByHand(
                    f"function {name} has other arguments or another result now, but is what {', '.join(built)} "
                    f"{'is' if len(built) == 1 else 'are'} made of. Give the new one another name, and use that."
                )

    def _has_index(self, thing: Thing) -> bool:
        return thing.kind == "INDEX" and thing in self._made.things

    def _index_anew(self, dropped: set[str], things: dict[Thing, Statement]) -> None:
        """Drops the indexes that are made of functions which are dropped, and builds them anew at the end."""
        for thing in _users_of(dropped, self._made.things):
            if thing in things and self._has_index(thing):
                self._indexed_anew.add(thing)
                self.first.add(drop(thing, "CONCURRENTLY "), concurrently(self._made.things[thing]))
                self.indexes.add(concurrently(things[thing]), drop(thing, "CONCURRENTLY "))

    def _index_again(self, changed: set[str], things: dict[Thing, Statement]) -> None:
        """Rebuilds indexes whose functions changed: until then they keep the old results."""
        rewritten = {*self._changed(things), *self._indexed_anew}
        for thing in _users_of(changed, things):
            if self._has_index(thing) and thing not in rewritten:
                self.early.add("", f"REINDEX INDEX {thing.name};")
                self.indexes.add(f"REINDEX INDEX CONCURRENTLY {thing.name};")
            if self._has_index(thing):
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


def _users_of(names: set[str], things: dict[Thing, Statement]) -> list[Thing]:
    """What uses these functions, directly or through others."""
    found: set[str] = set()
    news = names
    while news:
        news = {
            thing.name
            for thing, statement in things.items()
            if thing.name not in found | names and any(statement.mentions(name) for name in news)
        }
        found |= news
    return [thing for thing in things if thing.name in found]


def _checks_that_mention(function: str) -> list[str]:
    constraints = [one for app in apps() for table in app.table_classes for one in table._meta.constraints]
    checks = [one for one in constraints if isinstance(one, Check)]
    return sorted(one._meta.name for one in checks if Statement(one.get_condition_str()).mentions(function))


def _must_go_first(old: Statement, new: Statement) -> bool:
    """True when CREATE OR REPLACE would be refused."""
    return old.signature != new.signature or " OR REPLACE " not in new.bare.upper()


def drop(thing: Thing, how: str = "") -> str:
    if thing.kind == "TRIGGER":
        table, _, name = thing.name.partition(".")
        return f"DROP TRIGGER IF EXISTS {name} ON {table};"
    return f"DROP {thing.kind} {how}IF EXISTS {thing.name};"


def let_everybody(functions: list[str]) -> str:
    return f"GRANT EXECUTE ON FUNCTION {', '.join(functions)} TO PUBLIC;"


def let_nobody(functions: list[str]) -> str:
    """Except their owner."""
    return f"REVOKE EXECUTE ON FUNCTION {', '.join(functions)} FROM PUBLIC;"


def concurrently(index: Statement) -> str:
    return CREATE_INDEX.sub(
        lambda found: f"CREATE {found[1] or ''}INDEX CONCURRENTLY IF NOT EXISTS ", str(index), count=1
    )
