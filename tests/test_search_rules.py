"""What a search finds: every typed word begins a word of the row; numbers match however they are punctuated."""

import re
import unicodedata
from collections.abc import Iterator

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.api.text_parts import has_words
from tests.support.builders import nth_cpf
from tests.support.properties import in_batches

MARIA = ("Maria José D'Ávila", "maria.avila@example.com", "52998224725", "+5511987654321")
HAYSTACK = "customer_words($1, $2, $3, $4)"
WAYS = """
    {words} @@ search_query({typed}) AS looked_at,
    search_beginnings({words}) @@ search_beginnings_query({typed}) AS found
"""
LETTERS = "aáAÂbçÇdeéEêiíoõOuüxyz019 .,-'@/+º"


async def finds(trial: asyncpg.Connection, typed: str, customer: tuple[str, ...] = MARIA) -> bool:
    ways = WAYS.format(words=HAYSTACK, typed="$5")
    sql = f"SELECT {ways}, fold($1 || $2) LIKE ALL (search_patterns($5)) AS may_be_found"
    [(looked_at, found, may_be_found)] = await trial.fetch(sql, *customer, typed)
    assert found == looked_at
    assert may_be_found or not found
    return bool(found)


def words(text: str) -> list[str]:
    """Without case and accents, cut at everything that is neither letter nor digit."""
    decomposed = unicodedata.normalize("NFKD", text)
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return re.findall(r"[^\W_]+", plain.lower())


def begins_words_of(typed: str, text: str) -> bool | None:
    """The rule in Python; None where nothing was typed that could be looked for."""
    begun = [any(word.startswith(start) for word in words(text)) for start in words(typed)]
    return all(begun) if begun else None


def in_runs_of(typed: list[str], text: list[str]) -> Iterator[bool]:
    """For each typed number, whether a run of neighbours that it is in begins a word of the text."""
    for at in range(len(typed)):
        runs = ("".join(typed[first : last + 1]) for first in range(at + 1) for last in range(at, len(typed)))
        yield any(word.startswith(run) for run in runs for word in text)


class TestWords:
    @in_batches(30)
    @given(
        pairs=st.lists(
            st.tuples(st.text(LETTERS, max_size=25), st.text(LETTERS.replace("0", ""), max_size=8)),
            min_size=100,
            max_size=100,
        )
    )
    async def test_every_typed_word_begins_a_word(
        self, trial: asyncpg.Connection, pairs: list[tuple[str, str]]
    ) -> None:
        """Digits aside, which may also match across the spaces between them, unless they are but words."""
        found = await trial.fetch(
            "SELECT search_words(text) @@ words_query(typed) AS looked_at, "
            "search_beginnings(search_words(text)) @@ beginnings_query(words_query(typed)) AS found "
            "FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS t (text, typed, n) ORDER BY n",
            [text for text, _ in pairs],
            [typed for _, typed in pairs],
        )
        right = [begins_words_of(typed, text) for text, typed in pairs]
        assert [record["looked_at"] for record in found] == right
        assert [record["found"] for record in found] == right
        pairs = [(text, re.sub(r"[019]", "a", typed)) for text, typed in pairs]
        found = await trial.fetch(
            f"SELECT {WAYS.format(words='search_words(text)', typed='typed')}, "
            "fold(text) LIKE ALL (search_patterns(typed)) AS may_be_found "
            "FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS t (text, typed, n) ORDER BY n",
            [text for text, _ in pairs],
            [typed for _, typed in pairs],
        )
        right = [begins_words_of(typed, text) for text, typed in pairs]
        assert [record["looked_at"] for record in found] == right
        assert [record["found"] for record in found] == right
        assert [record["may_be_found"] for record in found if record["found"]] == [True] * right.count(True)

    @pytest.mark.parametrize(
        "typed",
        [
            "maria",
            "MARIA",
            "mar",
            "jose maria",
            "José",
            "JOSE\u0301",
            "d'avila",
            "avi mar",
            "maria.avila@example.com",
            "maria.av",
            "example",
            "  maria\u00a0jos ",
            "maria maria",
            "maria, josé!",
        ],
    )
    async def test_found(self, trial: asyncpg.Connection, typed: str) -> None:
        assert await finds(trial, typed)

    async def test_letters_that_do_not_come_apart(self, trial: asyncpg.Connection) -> None:
        lukasz = ("ŁUKASZ Strauß Ærø Đorđe", "l@example.com", *MARIA[2:])
        for typed in ("lukasz", "łukasz", "strauss", "STRAUSS", "strauß", "aero", "ærø", "dorde", "œ"):
            assert await finds(trial, typed, lukasz) == (typed != "œ"), typed

    @pytest.mark.parametrize("typed", ["aria", "mariana", "maria pedro", "davila", "maria@example"[::-1]])
    async def test_not_found(self, trial: asyncpg.Connection, typed: str) -> None:
        assert not await finds(trial, typed)

    @in_batches(30)
    @given(texts=st.lists(st.text(LETTERS + "\u0301\u00bd\u1100_", max_size=25), min_size=100, max_size=100))
    async def test_what_starts_a_text_finds_it(self, trial: asyncpg.Connection, texts: list[str]) -> None:
        """Which is how filters look for it, where it is ASCII and has two words."""
        starts = [(text, text[:size].swapcase()) for text in texts for size in range(1, len(text) + 1)]
        pairs = [(text, start) for text, start in starts if has_words(start)]
        missed = await trial.fetch(
            "SELECT * FROM unnest($1::text[], $2::text[]) AS t (text, start) "
            "WHERE NOT search_beginnings(search_words(text)) @@ search_beginnings_query(start)",
            [f"before {text} after" for text, _ in pairs],
            [start for _, start in pairs],
        )
        assert missed == []

    @pytest.mark.parametrize("typed", ["", " ", "%", "' & !", "-- ;", "\u200b", "\t\n"])
    async def test_nothing_to_look_for_is_null(self, trial: asyncpg.Connection, typed: str) -> None:
        assert await trial.fetchval("SELECT search_query($1)", typed) is None

    async def test_null_is_nothing_to_look_for(self, trial: asyncpg.Connection) -> None:
        assert await trial.fetchval("SELECT search_query(NULL)") is None


class TestNumbers:
    @pytest.mark.parametrize(
        "typed",
        [
            "52998224725",
            "529.982.247-25",
            "529.982",
            "529 982 247",
            "529.982.2",
            "5",
            "+5511987654321",
            "+55 (11) 98765-4321",
            "+55 11",
            "5511",
            "(11) 98765-4321",
            "(11) 98765",
            "11 9",
            "11987",
            "(011) 98765-4321",
            "011",
            "98765-4321",
            "98765 4321",
            "(11) 98765 - 4321",
            "+55 / 11 – (98765) -- 4321 -",
            "529.982.247 - 25",
            "987",
            "maria 529.982",
            "(11) 98765 maria",
            "529.982.247-25 (11) 98765-4321",
            "98765-4321 529.982",
            "11 98765 4321 529 982",
            "529 982 247 25 11 98765 4321",
            "529 982 247 25 +55 11 9 8765 4321",
            "5 maria 529 982 (11) 98765 4321",
            "52998224725 011 987",
            "9 9 9 9 9 9 9 9 9 9 9",
        ],
    )
    async def test_found(self, trial: asyncpg.Connection, typed: str) -> None:
        assert await finds(trial, typed)

    @pytest.mark.parametrize(
        "typed",
        [
            "2998224725",
            "8765",
            "4321",
            "529.983",
            "(12) 98765",
            "52998224725 7",
            "maria 12",
            "529.982.247-255",
            "11 529 983",
        ],
    )
    async def test_not_found(self, trial: asyncpg.Connection, typed: str) -> None:
        assert not await finds(trial, typed)

    @in_batches(20)
    @given(
        numbers=st.lists(
            st.tuples(st.integers(0, 10**8 - 1), st.integers(1, 11), st.text(" .-/()", min_size=11, max_size=11)),
            min_size=50,
            max_size=50,
        )
    )
    async def test_a_cpf_is_found_from_its_beginning_however_punctuated(
        self, trial: asyncpg.Connection, numbers: list[tuple[int, int, str]]
    ) -> None:
        words = "customer_words('Ana', 'ana@example.com', cpf, '+551133334444')"
        cpfs = [nth_cpf(number) for number, _, _ in numbers]
        typed = [
            "".join(digit + mark for digit, mark in zip(cpf[:length], marks, strict=False))
            for cpf, (_, length, marks) in zip(cpfs, numbers, strict=True)
        ]
        found = await trial.fetch(
            f"SELECT {WAYS.format(words=words, typed='typed')}, "
            "fold('Anaana@example.com') LIKE ALL (search_patterns(typed)) AS may_be_found "
            "FROM unnest($1::text[], $2::text[]) AS t (cpf, typed)",
            cpfs,
            typed,
        )
        assert [tuple(record) for record in found] == [(True, True, True)] * len(numbers)

    async def test_a_phone_typed_with_spaces_may_stand_beside_another_number(self, trial: asyncpg.Connection) -> None:
        loja = ("Loja 24 Zyx", "loja@example.com", "52998224725", "+5511912340077")
        phone, cpf = "11 91234 0077", "529 982 247 25"
        for typed in f"24 {phone}", f"zyx 24 {phone}", f"{phone} 24", f"{cpf} {phone}", f"24 {cpf} +55 {phone}":
            assert await finds(trial, typed, loja), typed
        for typed in f"25 {phone}", f"24 {phone}7", f"24 {cpf} 12 91234 0077":
            assert not await finds(trial, typed, loja), typed

    @in_batches(20)
    @given(
        searches=st.lists(
            st.tuples(*[st.text("1919 ", min_size=1, max_size=25).map(str.split).filter(bool)] * 2),
            min_size=50,
            max_size=50,
        )
    )
    async def test_each_typed_number_begins_a_word_by_itself_or_in_a_run(
        self, trial: asyncpg.Connection, searches: list[tuple[list[str], list[str]]]
    ) -> None:
        found = await trial.fetch(
            f"SELECT {WAYS.format(words='search_words(text)', typed='typed')} "
            "FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS t (text, typed, n) ORDER BY n",
            [" ".join(text) for text, _ in searches],
            [" ".join(typed) for _, typed in searches],
        )
        right = [all(in_runs_of(typed, text)) for text, typed in searches]
        assert [record["looked_at"] for record in found] == right
        assert [record["found"] for record in found] == right

    async def test_words_of_a_product_may_hold_digits(self, trial: asyncpg.Connection) -> None:
        for typed in "3/4", "parafuso 3/4", "3", "M10", "m10x30", "abc-12", "12 abc":
            sql = "SELECT search_words('ABC-123 Parafuso M10x30 de 3/4\"') @@ search_query($1)"
            assert await trial.fetchval(sql, typed), typed


class TestLargeTexts:
    async def test_a_long_text_can_be_stored_and_its_beginning_found(self, trial: asyncpg.Connection) -> None:
        texts = [
            " ".join(f"palavra{n}" for n in range(100_000)),
            "x" * 100_000,
            "".join(chr(0xAC00 + n % 11_000) for n in range(50_000)),
            "".join(chr(code) for code in range(1, 0xD800)),
        ]
        for text in texts:
            await trial.execute(
                "INSERT INTO products (code, name, description, unit, purchase_price, sale_price, sale_type) "
                "VALUES (gen_random_uuid()::text, 'x', $1, 'un', 1, 1, 'retail')",
                text,
            )
        found = "SELECT count(*) FROM products WHERE search_words(name || ' ' || description) @@ search_query($1)"
        assert await trial.fetchval(found, "palavra7") == 1
        assert await trial.fetchval(found, "x" * 1_000) == 1

    async def test_a_long_or_odd_query_is_answered(self, trial: asyncpg.Connection) -> None:
        for typed in "q " * 10_000, "7 " * 10_000, "(" * 10_000, "x" * 100_000, "\\'\"&|!:*<->()" * 100, "ﷺ" * 1_000:
            assert not await finds(trial, typed)
