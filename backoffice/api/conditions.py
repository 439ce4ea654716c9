"""Conditions on the rows of a table, in SQL."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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
    """

    found: QueryString
    estimated: QueryString
    checked: QueryString
    unordered: bool = False
    ranges: Mapping[str, QueryString] = field(default_factory=dict)


def plain(condition: QueryString) -> Condition:
    return Condition(condition, condition, condition)


def all_of(*conditions: Condition) -> Condition:
    """The conjunction of one or more conditions."""
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
    """Several conditions for one query: the SQL of each, and the arguments of all."""
    between = "\0"  # never occurs in SQL
    asked = [condition for condition in conditions if condition is not EVERY_ROW]
    if len(asked) > 1:
        sql, arguments = QueryString(between.join(["{}"] * len(asked)), *asked).compile_string()
    else:  # in a third of the time
        sql, arguments = asked[0].compile_string() if asked else ("", [])
    texts = iter(sql.split(between))
    return [TRUE if condition is EVERY_ROW else next(texts) for condition in conditions], arguments
