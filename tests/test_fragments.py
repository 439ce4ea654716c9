"""What an index finds by its fragments is all that a filter for a part of a text may give."""

from unicodedata import normalize
from urllib.parse import urlencode

import asyncpg
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from piccolo.querystring import QueryString

from backoffice.api.conditions import compiled
from backoffice.api.query import Parameters
from backoffice.api.text_parts import INDEXED_AS, MATCHES, literally
from crm.resources import CUSTOMERS

# Whatever lower() or normalize() does strange things to, and what LIKE takes for more than itself.
STRANGE = "aAzÀéßẞİıſKΣσςǅÅ\u0301%_\\\\ \n'\U0001f9ea"
TEXTS = st.text(
    st.sampled_from(STRANGE) | st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12
)


@given(before=TEXTS, part=TEXTS, after=TEXTS)
@example(before="", part="ΟΔΟΣ", after="")
@example(before="Ο", part="ΔΟΣ", after="Α")
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_no_row_that_matches_is_missed(trial: asyncpg.Connection, before: str, part: str, after: str) -> None:
    whole, elsewhere = before + part + after, f"{before} {part}"
    for match, pattern in MATCHES.items():
        for value in whole, part, part.swapcase(), elsewhere:
            missed = await trial.fetchval(
                "SELECT caseless($1) LIKE caseless($2) "
                "AND NOT fragments(caseless(E'\\nx\\n' || $1 || E'\\n' || coalesce(NULL, '') || E'\\n')) "
                "@> covering_fragments(caseless($3))",
                value,
                pattern.format(literally(part)),
                INDEXED_AS[match].format(part),
            )
            assert not missed, (match, value, part)


@given(
    part=st.text(st.sampled_from("aAéÀßµ¼ÿ_% '") | st.characters(min_codepoint=1, max_codepoint=0xFF), max_size=6),
    after=TEXTS,
)
@example(part="É", after="\u0323va")
@example(part="zzq", after="\U0010ffffx")
@example(part="é" * 180, after="va")
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_no_row_that_begins_so_is_missed_in_the_alphabet(
    trial: asyncpg.Connection, part: str, after: str
) -> None:
    asked = Parameters(CUSTOMERS, urlencode({"name": part, "name__match": "starts"}).encode())
    condition = asked.where()
    assert condition is not None
    for name in part + after, part.swapcase() + after, normalize("NFD", part + after):
        missed = QueryString("{} AND NOT ({})", condition.checked, condition.ranges["name"])
        (sql,), arguments = compiled(QueryString("SELECT {} FROM (SELECT {}::text AS name) AS t", missed, name))
        assert not await trial.fetchval(sql, *arguments), (name, part)


async def test_fragments_cost_no_more_than_the_text_is_long(trial: asyncpg.Connection) -> None:
    assert await trial.fetchval("SELECT cardinality(fragments(repeat('añb', 100000)))") == 400_000 - 2
    assert await trial.fetchval("SELECT fragments('ab')") == []
    assert await trial.fetchval("SELECT fragments('ABC') = fragments('abc')")


@given(part=TEXTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_what_is_looked_up_covers_the_part(trial: asyncpg.Connection, part: str) -> None:
    every = await trial.fetchval("SELECT fragments($1)", part)
    assert await trial.fetchval("SELECT covering_fragments($1)", part) == every[-1:] + every[:-1:3]
