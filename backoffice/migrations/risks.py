"""The risks of a statement for people at work, and the safe way, which they do not notice."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from backoffice.migrations.observing import CatalogRow, Effect, SchemaState

Old = frozenset[str]
"""Numbers of the tables that may hold rows."""

STRONG_LOCKS = {
    "AccessExclusiveLock": "nobody reads or writes it",
    "ExclusiveLock": "nobody writes it",
    "ShareRowExclusiveLock": "nobody writes it",
    "ShareLock": "nobody writes it",
}
CHANGES_ROWS = re.compile(
    r"(?:WITH\b.*\b)?(UPDATE|DELETE FROM|MERGE INTO) (?:ONLY )?\"?(\w+)", re.IGNORECASE | re.DOTALL
)
ALTERS = re.compile(r"ALTER TABLE\b", re.IGNORECASE)
DROPS_INDEX = re.compile(r"DROP INDEX\b", re.IGNORECASE)
TRUNCATES = re.compile(r"TRUNCATE\b", re.IGNORECASE)

SAFE_WAYS = {
    "rewrites": "add a new column, fill it in batches, let the program use it, and drop the old one in a later release",
    "scans": "add the constraint NOT VALID, and VALIDATE CONSTRAINT in a migration after it with"
    " wrap_in_transaction=False; before SET NOT NULL, validate a CHECK (… IS NOT NULL), which it then trusts",
    "validates-late": "VALIDATE CONSTRAINT in a migration of its own with wrap_in_transaction=False",
    "builds-index": "CREATE INDEX CONCURRENTLY IF NOT EXISTS in a migration with wrap_in_transaction=False, as `new`"
    " writes it for an index in rules/*.sql; a unique constraint then takes the index with ADD CONSTRAINT … UNIQUE"
    " USING INDEX",
    "drops-index": "DROP INDEX CONCURRENTLY IF EXISTS in a migration with wrap_in_transaction=False",
    "loses-data": "release a program that no longer uses it first; have a backup; backwards brings back no rows",
    "changes-rows": "change them in batches, each its own transaction, in a migration with wrap_in_transaction=False",
    "renames": "add the new name beside the old, write both, and drop the old in a later release",
    "changes-type": "add a column of the new type, fill it in batches, and drop the old one in a later release",
    "needs-default": "give it a default, or add it nullable, fill it, and forbid null in a later migration",
    "forbids-null": "release a program that always fills it first",
    "stale-index": "REINDEX INDEX CONCURRENTLY in a migration with wrap_in_transaction=False after it",
    "stale-check": "mend the rows; add the check once more under a new name, NOT VALID; validate it; drop the old one",
    "not-repeatable": "say IF EXISTS, IF NOT EXISTS, OR REPLACE: what runs outside a transaction may have to run again",
    "no-way-back": "add_raw_backwards, if only to say that there is nothing to undo",
}


@dataclass(frozen=True)
class Risk:
    """`code` is a key of SAFE_WAYS; `table` is a name, empty where the migration as a whole is meant."""

    code: str
    table: str
    text: str

    @property
    def safe_way(self) -> str:
        return SAFE_WAYS[self.code]

    def __str__(self) -> str:
        return f"{self.code}: {self.text}. Safe way: {self.safe_way}."


def risks(effect: Effect, old: Old) -> list[Risk]:
    """The risks of one statement, for tables that may hold rows."""
    return list(dict.fromkeys(risk for rule in RULES for risk in rule(effect, old)))


def locks(effect: Effect, old: Old) -> list[str]:
    """The locks that the statement takes and its transaction keeps, in words."""
    return [
        f"{before['name']}: {held} until the transaction ends"
        for number, before, _ in _kept(effect, old)
        if (held := _held(effect.after, number)) and held != _held(effect.before, number)
    ]


def _held(state: SchemaState, table: str) -> str:
    """What others cannot do meanwhile; empty when they can read and write."""
    modes = state.locks.get(table, [])
    return next((words for mode, words in STRONG_LOCKS.items() if mode in modes), "")


def _kept(effect: Effect, old: Old) -> Iterator[tuple[str, CatalogRow, CatalogRow]]:
    """Number, before and after of the old tables that are still there."""
    for table, before in effect.before.tables.items():
        if table in old and table in effect.after.tables:
            yield table, before, effect.after.tables[table]


def _names(effect: Effect, old: Old) -> dict[str, str]:
    """The names of these tables, by number."""
    return {number: before["name"] for number, before, _ in _kept(effect, old)}


def _columns(effect: Effect, old: Old) -> Iterator[tuple[str, str, CatalogRow | None, CatalogRow | None]]:
    """Table, full name, before and after of each column that changed of an old table that is still there."""
    kept = _names(effect, old)
    for number in {**effect.before.columns, **effect.after.columns}:
        before, after = effect.before.columns.get(number), effect.after.columns.get(number)
        table = kept.get(number.partition(".")[0])
        if table and before != after:
            yield table, f"{table}.{(before or after or {})['name']}", before, after


def _indexes(effect: Effect, old: Old, *, there: SchemaState, not_there: SchemaState) -> Iterator[tuple[str, str]]:
    """Table and name of each index of an old table that is in one state, and not in the other."""
    tables = _names(effect, old)
    for number, index in there.indexes.items():
        if number not in not_there.indexes and index["table"] in tables:
            yield tables[index["table"]], index["name"]


def rewrites(effect: Effect, old: Old) -> Iterator[Risk]:
    for _, before, after in _kept(effect, old):
        if before["file"] != after["file"] and not TRUNCATES.match(effect.statement.bare):
            yield Risk(
                "rewrites", before["name"], f"writes all of {before['name']} anew; nobody reads or writes it then"
            )


def scans(effect: Effect, old: Old) -> Iterator[Risk]:
    if not ALTERS.match(effect.statement.bare):
        return
    indexed = {index["table"] for number, index in effect.after.indexes.items() if number not in effect.before.indexes}
    for number, before, after in _kept(effect, old):
        read = before["scans"] < after["scans"] and before["file"] == after["file"] and number not in indexed
        if read and (held := _held(effect.after, number)):
            yield Risk("scans", before["name"], f"reads all of {before['name']}; {held} then")


def builds_index(effect: Effect, old: Old) -> Iterator[Risk]:
    if effect.statement.concurrent:
        return
    for table, name in _indexes(effect, old, there=effect.after, not_there=effect.before):
        yield Risk("builds-index", table, f"builds the index {name}; nobody writes {table} then")


def drops_index(effect: Effect, old: Old) -> Iterator[Risk]:
    if effect.statement.concurrent or not DROPS_INDEX.match(effect.statement.bare):
        return
    for table, name in _indexes(effect, old, there=effect.before, not_there=effect.after):
        yield Risk("drops-index", table, f"drops {name}; nobody reads or writes {table} then")


def loses_data(effect: Effect, old: Old) -> Iterator[Risk]:
    for number, before in effect.before.tables.items():
        if number in old and number not in effect.after.tables:
            yield Risk("loses-data", before["name"], f"drops {before['name']} and its rows")
    for _, before, after in _kept(effect, old):
        if before["file"] != after["file"] and TRUNCATES.match(effect.statement.bare):
            yield Risk("loses-data", before["name"], f"empties {before['name']}")
    for table, column, was, now in _columns(effect, old):
        if was and now is None:
            yield Risk("loses-data", table, f"drops {column} and what is in it")


def changes_rows(effect: Effect, old: Old) -> Iterator[Risk]:
    found = CHANGES_ROWS.match(effect.statement.bare)
    for _, before, _ in _kept(effect, old) if found else ():
        if found and found[2].lower() == before["name"]:
            code = "loses-data" if found[1].upper() == "DELETE FROM" else "changes-rows"
            yield Risk(
                code, before["name"], f"{found[1].split()[0].upper()} locks the rows that it changes until the end"
            )


def renames(effect: Effect, old: Old) -> Iterator[Risk]:
    for _, before, after in _kept(effect, old):
        if before["name"] != after["name"]:
            yield Risk("renames", before["name"], f"renames {before['name']}, which the running program asks for")
    for table, column, was, now in _columns(effect, old):
        if was and now and was["name"] != now["name"]:
            yield Risk("renames", table, f"renames {column}, which the running program asks for")


def renames_label(effect: Effect, old: Old) -> Iterator[Risk]:
    for number, was in effect.before.labels.items():
        now = effect.after.labels.get(number, was)
        if was["name"] != now["name"]:
            text = f"renames {was['name']} of {was['type']}, which the running program still says"
            yield Risk("renames", "", text)


def changes_type(effect: Effect, old: Old) -> Iterator[Risk]:
    for table, column, was, now in _columns(effect, old):
        if was and now and was["type_number"] != now["type_number"]:
            yield Risk("changes-type", table, f"turns {column} from {was['type']} into {now['type']}")


def needs_default(effect: Effect, old: Old) -> Iterator[Risk]:
    for table, column, was, now in _columns(effect, old):
        if was is None and now and now["required"] and not now["filled"]:
            yield Risk(
                "needs-default", table, f"adds {column} without a default, and forbids null: it fails where rows are"
            )


def forbids_null(effect: Effect, old: Old) -> Iterator[Risk]:
    for table, column, was, now in _columns(effect, old):
        if was and now and now["required"] and not was["required"]:
            yield Risk("forbids-null", table, f"forbids null in {column}, where there may be some, and more to come")


def stale(effect: Effect, old: Old) -> Iterator[Risk]:
    tables = _names(effect, old)
    for user in effect.users:
        if user["table"] in tables:
            check = user["kind"] == "check"
            then = "does not look at old rows again" if check else "keeps what it gave before"
            text = f"changes a function on which the {user['kind']} {user['name']} relies, which {then}"
            yield Risk("stale-check" if check else "stale-index", tables[user["table"]], text)


RULES: tuple[Callable[[Effect, Old], Iterator[Risk]], ...] = (
    rewrites,
    scans,
    builds_index,
    drops_index,
    loses_data,
    changes_rows,
    renames,
    renames_label,
    changes_type,
    needs_default,
    forbids_null,
    stale,
)
