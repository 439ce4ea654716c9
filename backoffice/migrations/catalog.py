"""The catalog of a database: its things with their definitions; and the differences between two."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from backoffice.database.connecting import Connection

READ = Path(__file__).with_name("catalog.sql").read_text("utf-8")

# Makes definitions independent of a role's settings.
WRITTEN_ALIKE = "set_config('search_path', '', true), set_config('quote_all_identifiers', 'off', true)"

# Kinds that change what the product's own statements do, even when they are only added.
MEDDLING = {"column", "constraint", "trigger", "rule", "policy", "child"}

MOST_NAMED = 3  # differences in one sentence

# Kinds to which others belong.
WHOLE = ("table", "function")

# Who may execute a function, in the words of catalog.sql. Its owner always may.
EVERYBODY, ITS_OWNER = "PUBLIC", "its owner"

Catalog = dict[str, str]
"""From `kind name`, for example `trigger presales.presales_change`, to PostgreSQL's own definition."""


@dataclass(frozen=True)
class Difference:
    """A thing that differs; a definition is None where it is missing."""

    thing: str
    expected: str | None
    found: str | None

    @property
    def kind(self) -> str:
        return self.thing.partition(" ")[0]

    @property
    def name(self) -> str:
        return self.thing.partition(" ")[2]

    @property
    def belongs_to(self) -> str:
        """The name of its table or, for a privilege, of its function."""
        return function_of(self.thing) or self.name.partition(".")[0]

    @property
    def closes(self) -> bool:
        """True when PUBLIC may no longer execute a function."""
        return self.kind == "privilege" and self.expected == EVERYBODY

    @property
    def harmless(self) -> bool:
        """True for an addition that the product does not notice: an operator's view, index, spare table or grant."""
        if self.expected is not None or self.kind in MEDDLING:
            return False
        return self.kind != "index" or "CREATE UNIQUE" not in str(self.found)

    def __str__(self) -> str:
        if self.found is None:
            return f"{self.thing} is missing"
        return f"{self.thing} {'is not of the program' if self.expected is None else 'differs'}"


def function_of(thing: str) -> str:
    """The function of a privilege; empty for all other things."""
    _, _, name = thing.partition("privilege EXECUTE on ")
    return name


def in_few_words(differences: Sequence[Difference]) -> str:
    named, more = ", ".join(map(str, differences[:MOST_NAMED])), len(differences) - MOST_NAMED
    return f"{named}, and {more} more" if more > 0 else named


async def read_catalog(connection: Connection) -> Catalog:
    """Reads the catalog, also inside a transaction."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.fetchval(f"SELECT {WRITTEN_ALIKE}")
        rows = await connection.fetch(READ)
    finally:
        await transaction.rollback()
    # A thing that was dropped since the snapshot was taken has no definition any more.
    return {f"{row['kind']} {row['name']}": row["definition"] for row in rows if row["definition"] is not None}


def compare(expected: Mapping[str, str], found: Mapping[str, str]) -> list[Difference]:
    """The differences by name, without those of things that belong to a missing or unknown table or function."""
    differing = sorted(thing for thing in expected.keys() | found.keys() if expected.get(thing) != found.get(thing))
    differences = [Difference(thing, expected.get(thing), found.get(thing)) for thing in differing]
    whole = {d.name for d in differences if d.kind in WHOLE and None in (d.expected, d.found)}
    return [d for d in differences if d.kind in WHOLE or d.belongs_to not in whole]


def digests(catalog: Mapping[str, str]) -> dict[str, str]:
    """A digest of each definition, to tell whether it has changed; none of rights, which no migration makes."""
    return {thing: _digest(definition) for thing, definition in catalog.items() if not thing.startswith("right ")}


def _digest(definition: str) -> str:
    return hashlib.sha256(definition.encode()).hexdigest()[:32]


def compare_digests(expected: Mapping[str, str], found: Mapping[str, str]) -> list[Difference]:
    """As `compare`, where only the digests of what is expected are known."""
    unchanged = {thing for thing, definition in found.items() if expected.get(thing) == _digest(definition)}
    return compare({thing: found[thing] if thing in unchanged else digest for thing, digest in expected.items()}, found)
