"""What an index finds by its fragments is all that a filter for a part of a text may give."""

import asyncpg
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from backoffice.api.query import MATCHES, literally

# Whatever lower() or normalize() does strange things to, and what LIKE takes for more than itself.
STRANGE = "aAzÀéßẞİıſKΣσςǅÅ\u0301%_\\\\ \n'\U0001f9ea"
TEXTS = st.text(
    st.sampled_from(STRANGE) | st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12
)


@given(before=TEXTS, part=TEXTS.filter(bool), after=TEXTS)
@example(before="", part="ΟΔΟΣ", after="")
@example(before="Ο", part="ΔΟΣ", after="Α")
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_no_row_that_matches_is_missed(trial: asyncpg.Connection, before: str, part: str, after: str) -> None:
    whole, elsewhere = before + part + after, f"{before} {part}"
    for match, pattern in MATCHES.items():
        for value in whole, part, part.swapcase(), elsewhere:
            missed = await trial.fetchval(
                "SELECT caseless($1) LIKE caseless($2) "
                "AND NOT text_fragments(caseless('x ' || $1 || ' ' || coalesce(NULL, ''))) "
                "@@ text_fragments_query(caseless($3))",
                value,
                pattern.format(literally(part)),
                part,
            )
            assert not missed, (match, value, part)


async def test_fragments_cost_no_more_than_the_text_is_long(trial: asyncpg.Connection) -> None:
    assert await trial.fetchval("SELECT length(text_fragments('maria.silva'))") == len("maria.silva")
    numbers = "SELECT string_agg(n::text, '') FROM generate_series(1, 100000) AS n"
    for bytes_ in 40_000, 40_001, 400_000:
        told = await trial.fetchval(f"SELECT length(text_fragments(left(({numbers}), $1)))", bytes_)
        assert told == 1 if bytes_ > 40_000 else told > 30_000


async def test_a_text_that_is_too_long_to_be_taken_apart_is_found(trial: asyncpg.Connection) -> None:
    found = "SELECT text_fragments(repeat('🧪', $1)) @@ text_fragments_query('Tiradentes')"
    assert not await trial.fetchval(found, 10_000)
    assert await trial.fetchval(found, 10_001)
