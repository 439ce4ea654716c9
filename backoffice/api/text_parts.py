"""Conditions for texts that contain a value, or begin or end with it, whatever its case: the fastest that applies."""

import re
from collections.abc import Mapping

from piccolo.querystring import QueryString

from backoffice.api.conditions import Condition
from backoffice.api.resource import Resource
from backoffice.columns import sort_key

MAX_SEARCH_LENGTH = 200
FRAGMENT_BYTES = 3  # see fragments() of rules/fragments.sql

MATCHES = {"contains": "%{}%", "starts": "{}%", "ends": "%{}"}
INDEXED_AS = {"contains": "{}", "starts": "\n{}", "ends": "{}\n"}  # see `fragments_sql`
TWO_WORDS = "[0-9A-Za-z][^0-9A-Za-z]+[0-9A-Za-z]"
CERTAIN_LENGTH = 100  # of the 200 in a sort key, in which a letter may take two characters: itself, and its accent
HIGHEST = "repeat(chr(1114111), 201)"  # in SQL; appended to a prefix, it is above all sort keys with that prefix
FOLDED_ALONE = "[\u0001-\u00ff]*"  # characters folded independently of the next


def literally(text: str) -> str:
    """The text as a part of a LIKE pattern that means just this text."""
    return re.sub(r"([\\%_])", r"\\\1", text)


def has_words(value: str) -> bool:
    """True when a search finds all texts with this prefix, and by several index keys, of which the rarest leads.

    Only ASCII: its folding never depends on what follows.
    """
    return value.isascii() and len(value) <= MAX_SEARCH_LENGTH and re.search(TWO_WORDS, value) is not None


def text_part(resource: Resource, name: str, match: str, value: str) -> Condition:
    """The condition for rows whose text in this column has the value where `match`, one of `MATCHES`, says."""
    part = _TextPart(resource, name, match, value)
    return part.in_alphabet() or part.by_words() or part.by_fragments() or part.row_by_row()


class _TextPart:
    """The ways to find a part of a text. An index may find other rows as well, so the condition is checked again."""

    def __init__(self, resource: Resource, name: str, match: str, value: str) -> None:
        self.resource = resource
        self.name = name
        self.match = match
        self.value = value
        pattern = MATCHES[match].format(literally(value))
        self.estimated = QueryString(f'"{name}" ILIKE {{}}', pattern)
        if value.isascii():  # takes a fifth of the time for a text with accents
            self.condition = QueryString(f'"{name}" COLLATE "C" ILIKE {{}}', pattern)
        else:
            self.condition = QueryString(f'caseless("{name}") LIKE caseless({{}})', pattern)

    def in_alphabet(self) -> Condition | None:
        """By sort key: texts with one prefix are adjacent there, whatever their accents."""
        is_sorted = self.name in self.resource.alphabetical and re.fullmatch(FOLDED_ALONE, self.value)
        if self.match != "starts" or not is_sorted:
            return None
        key, beginning = sort_key(self.name), self.value[:CERTAIN_LENGTH]
        within = QueryString(f"{key} >= sort_key({{}}) AND {key} < sort_key({{}}) || {HIGHEST}", beginning, beginning)
        ranges = {self.name: within}
        if len(self.value.encode()) < FRAGMENT_BYTES - 1:  # so many rows match that the list is scanned in order
            return Condition(self.condition, self.estimated, self.condition, ranges=ranges)
        return self._found_first(QueryString("{} AND {}", within, self.condition), ranges=ranges)

    def by_words(self) -> Condition | None:
        """By search words: e-mails and codes have no sort key."""
        search = self.resource.search if self.name in self.resource.searched else None
        if self.match != "starts" or search is None or not has_words(self.value):
            return None
        return self._found_first(QueryString("{} AND {}", self.condition, search(self.value).found))

    def by_fragments(self) -> Condition | None:
        part = INDEXED_AS[self.match].format(self.value)
        if self.name not in self.resource.indexed_parts or len(part.encode(errors="replace")) < FRAGMENT_BYTES:
            return None
        # If the planner knew that most rows match, it would parse each row instead of using the index.
        covered = f"{{}} AND {self.resource.fragments} @> (SELECT covering_fragments(caseless({{}})))"
        return self._found_first(QueryString(covered, self.condition, part))

    def row_by_row(self) -> Condition:
        return Condition(self.condition, self.estimated, self.condition)

    def _found_first(self, found: QueryString, ranges: Mapping[str, QueryString] | None = None) -> Condition:
        return Condition(found, self.estimated, self.condition, unordered=True, ranges=ranges or {})
