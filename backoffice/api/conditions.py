"""Which rows of a table are meant."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from piccolo.querystring import QueryString


@dataclass(frozen=True)
class Condition:
    """One and the same condition, in words for whoever is to use it.

    :param found: as an index answers it, whatever the planner thinks of it.
    :param estimated: as the planner can tell how many rows will do.
    :param checked: as a row is looked at that has been read anyway.
    :param unordered: whether that index has no order (GIN) or one of its own: all rows are found first, and put in
        order then.
    :param ranges: by column, the range of its order outside which there is no such row.
    """

    found: QueryString
    estimated: QueryString
    checked: QueryString
    unordered: bool = False
    ranges: Mapping[str, QueryString] = field(default_factory=dict)


def plain(condition: QueryString) -> Condition:
    return Condition(condition, condition, condition)


def all_of(*conditions: Condition) -> Condition:
    """All of them at once, one at least."""
    if len(conditions) == 1:
        return conditions[0]
    and_ = " AND ".join(["{}"] * len(conditions))
    return Condition(
        QueryString(and_, *(condition.found for condition in conditions)),
        QueryString(and_, *(condition.estimated for condition in conditions)),
        QueryString(and_, *(condition.checked for condition in conditions)),
        unordered=any(condition.unordered for condition in conditions),
        ranges={name: within for condition in conditions for name, within in condition.ranges.items()},
    )


TRUE = "true"  # in SQL
EVERY_ROW = QueryString(TRUE)


def compiled(*conditions: QueryString) -> tuple[list[str], list[Any]]:
    """Several, to stand in one query: each as SQL, and the arguments of all."""
    between = "\0"  # which is nowhere in SQL
    asked = [condition for condition in conditions if condition is not EVERY_ROW]
    if len(asked) > 1:
        sql, arguments = QueryString(between.join(["{}"] * len(asked)), *asked).compile_string()
    else:  # at a third of the price
        sql, arguments = asked[0].compile_string() if asked else ("", [])
    texts = iter(sql.split(between))
    return [TRUE if condition is EVERY_ROW else next(texts) for condition in conditions], arguments
