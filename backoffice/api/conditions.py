"""Conditions on the rows of a table, in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from piccolo.querystring import QueryString


@dataclass(frozen=True)
class Condition:
    """The same condition in three SQL forms: for the index, for EXPLAIN, for a row already read.

    :param found: answered by an index, whatever the planner estimates.
    :param estimated: lets the planner estimate the number of rows.
    :param checked: tests a row that has been read anyway.
    :param unordered: whether that index has no order (GIN) or another than the list: all rows are found first, and
        sorted then.
    :param ranges: by column, a condition on a range of its order that holds all these rows.
    :param parts: the conditions that it is the conjunction of; none where it is one itself.
    """

    found: QueryString
    estimated: QueryString
    checked: QueryString
    unordered: bool = False
    ranges: Mapping[str, QueryString] = field(default_factory=dict)
    parts: tuple[Self, ...] = ()

    def led_by(self, *places: int) -> Self:
        """The same condition, in which these of the parts are found, and the others are checked."""
        leads = [self.parts[place] for place in places]
        others = [part.checked for place, part in enumerate(self.parts) if place not in places]
        is_unordered = any(lead.unordered for lead in leads)
        return replace(self, found=_and([*_found(leads), *others]), unordered=is_unordered, parts=())


def plain(condition: QueryString) -> Condition:
    return Condition(condition, condition, condition)


def all_of(*conditions: Condition) -> Condition:
    """The conjunction of one or more conditions."""
    if len(conditions) == 1:
        return conditions[0]
    return Condition(
        _and(_found(conditions)),
        _and([condition.estimated for condition in conditions]),
        _and([condition.checked for condition in conditions]),
        unordered=any(condition.unordered for condition in conditions),
        ranges={name: within for condition in conditions for name, within in condition.ranges.items()},
        parts=tuple(part for condition in conditions for part in condition.parts or (condition,)),
    )


def _found(conditions: Sequence[Condition]) -> list[QueryString]:
    # The planner takes ranges of an alphabet for tiny, and would test each of their rows for what another index finds.
    leaves_ranges = any(condition.unordered and not condition.ranges for condition in conditions)
    return [one.checked if leaves_ranges and one.ranges else one.found for one in conditions]


def _and(conditions: Sequence[QueryString]) -> QueryString:
    return QueryString(" AND ".join(["{}"] * len(conditions)), *conditions)


TRUE = "true"  # in SQL
EVERY_ROW = QueryString(TRUE)


def compiled(*conditions: QueryString) -> tuple[list[str], list[Any]]:
    """Several conditions for one query: the SQL of each, and the arguments of all."""
    between = "\0"  # never occurs in SQL
    asked = [condition for condition in conditions if condition is not EVERY_ROW]
    if len(asked) > 1:
        sql, arguments = QueryString(between.join(["{}"] * len(asked)), *asked).compile_string()
    else:  # in a third of the time
        sql, arguments = asked[0].compile_string() if asked else ("", [])
    texts = iter(sql.split(between))
    return [TRUE if condition is EVERY_ROW else next(texts) for condition in conditions], arguments
