"""Text: names and codes are not blank, e-mail addresses are valid."""

import sys
import unicodedata
from collections.abc import Iterator

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from backoffice.api.values import ANY_INVISIBLE, valid_email
from backoffice.migrations.files import all_migrations
from backoffice.migrations.outcomes import MigrationFailed
from tests.support.builders import a_customer, a_product, a_user, row
from tests.support.migrating import a_run, steps
from tests.support.properties import in_batches
from tests.support.refusals import refused_by

INVISIBLE = {"Cc", "Cf", "Zs", "Zl", "Zp"}
# Marks in front of digits and letters, which are seen together with them.
VISIBLE_FORMATS = [*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD]

# Migrations.
INVISIBLE_IN_ADDRESSES = {
    "2026-11-30T19:15:31:782626",
    "2026-11-30T19:20:00:000001",
    "2026-11-30T19:20:00:000002",
}

LOCAL = "abcXYZ019!#$%&'*+-/=?^_`{|}~.éñ日ж"
DOMAIN = "abcXYZ019-.éñ日ж"
likely = st.builds(
    "{}@{}.{}".format,
    st.text(LOCAL, min_size=1, max_size=10),
    st.text(DOMAIN, min_size=1, max_size=10),
    st.sampled_from(["com", "com.br", "example", "test", "рф", "xn--p1ai", "museum"]),
)
odd = st.builds("{}@{}".format, st.text(max_size=12), st.text(max_size=12))


def every_character() -> Iterator[str]:
    return (chr(code) for code in range(1, sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)


def is_accepted(address: str) -> bool:
    """By the API."""
    try:
        valid_email(address)
    except PydanticCustomError:
        return False
    return True


async def said_by(trial: asyncpg.Connection, function: str, values: list[str]) -> list[bool]:
    sql = f"SELECT {function}(value) FROM unnest($1::text[]) WITH ORDINALITY AS t (value, n) ORDER BY n"
    return [record[0] for record in await trial.fetch(sql, values)]


class TestBlank:
    async def test_white_space_of_every_kind_is_blank(self, trial: asyncpg.Connection) -> None:
        spaces = [character for character in every_character() if character.isspace()]
        assert all(await said_by(trial, "is_blank", [*spaces, "", "".join(spaces)]))

    async def test_control_and_format_characters_are_blank(self, trial: asyncpg.Connection) -> None:
        invisible = [
            character
            for character in every_character()
            if unicodedata.category(character) in INVISIBLE and ord(character) < 0x10000
        ]
        blank = await said_by(trial, "is_blank", invisible)
        seen = [ord(character) for character, is_blank in zip(invisible, blank, strict=True) if not is_blank]
        assert seen == [code for code in VISIBLE_FORMATS if code < 0x10000]

    async def test_every_letter_digit_and_sign_is_something(self, trial: asyncpg.Connection) -> None:
        visible = [
            character
            for character in every_character()
            if unicodedata.category(character)[0] in "LNPS" and character not in "\u115f\u1160\u2800\u3164\uffa0"
        ]
        assert not any(await said_by(trial, "is_blank", visible))
        assert not any(await said_by(trial, "is_blank", [f" \u200b{character}\t" for character in "aé0日"]))

    @pytest.mark.parametrize("blank", ["", " ", "\t\n", "\u00a0", "\u200b", "\u3000\u2060"])
    async def test_names_and_codes_are_not_blank(self, connection: asyncpg.Connection, blank: str) -> None:
        with refused_by("customers_name_not_blank"):
            await a_customer(connection, name=blank)
        with refused_by("products_name_not_blank"):
            await a_product(connection, name=blank)
        with refused_by("products_code_not_blank"):
            await a_product(connection, code=blank)
        with refused_by("users_name_not_blank"):
            await a_user(connection, name=blank)


class TestEmail:
    @in_batches(20)
    @given(addresses=st.lists(likely | odd, min_size=100, max_size=100))
    async def test_what_the_api_accepts_the_database_accepts(
        self, trial: asyncpg.Connection, addresses: list[str]
    ) -> None:
        accepted = list(filter(is_accepted, addresses))
        assert await said_by(trial, "is_email", accepted) == [True] * len(accepted)

    async def test_nothing_in_an_address_is_invisible(self, trial: asyncpg.Connection) -> None:
        invisible = [character for character in every_character() if ANY_INVISIBLE.match(character)]
        assert all(await said_by(trial, "is_blank", invisible))
        addresses = [f"a{character}b@x.co" for character in invisible]
        assert not any(await said_by(trial, "is_email", addresses))
        assert not any(map(is_accepted, addresses))

    @pytest.mark.parametrize(
        "address",
        [
            "maria@example.com",
            "maria.da-silva+loja@sub.example.com.br",
            "o'brien@example.com",
            "joão@são-paulo.example",
            "用户@例子.广告",
            "a@b.co",
            "maria@col·lecció.cat",
            "maria@例子。广告",
            "maria@XN--FSQU00A.Xn--55qx5d",
            "a@b.c",
            "x" * 64 + "@example.com",
            "maria@" + "a.b" * 60 + ".com",
            "maria@shop.local",
            "maria.\u0301a@example.com",
        ],
    )
    async def test_an_address_is_accepted(self, trial: asyncpg.Connection, address: str) -> None:
        await a_customer(trial, email=address)
        await a_user(trial, email=address)

    @pytest.mark.parametrize(
        "address",
        [
            "",
            "maria",
            "maria@",
            "@example.com",
            "maria@example",
            "maria@@example.com",
            "maria@exa@mple.com",
            "maria silva@example.com",
            "maria@example .com",
            " maria@example.com",
            "maria@example.com\n",
            "maria@example.com, ana@example.com",
            "Maria <maria@example.com>",
            ".maria@example.com",
            "maria.@example.com",
            "ma..ria@example.com",
            "maria@.example.com",
            "maria@example..com",
            "maria@example.com.",
            "maria@-example.com",
            "maria@example-.com",
            "maria@192.168.0.1",
            "maria@[192.168.0.1]",
            '"maria"@example.com',
            "maria@exam_ple.com",
            "maria@\u200bexample.com",
            "ma\u200bria@example.com",
            "maria\u00a0@example.com",
            "maria@example.com\u202c",
            "x" * 65 + "@example.com",
            "maria@" + "a." * 130 + "com",
            "maria@" + "a" * 64 + ".com",
            "maria@ab--cd.com",
            "maria@example.c1",
            "maria@\u2603.com",
            "maria@\U0001f600.com",
            "maria@\u0301example.com",
            "\u0301maria@example.com",
        ],
    )
    async def test_what_is_no_address_is_refused(self, trial: asyncpg.Connection, address: str) -> None:
        with pytest.raises((asyncpg.CheckViolationError, asyncpg.StringDataRightTruncationError)):
            await a_customer(trial, email=address)
        assert not is_accepted(address)


ACCENTED = {"JOÃO Ção": "joão ção", "E\u0301va": "éva", "İ": "i̇", "ASCII I": "ascii i", "": ""}


@pytest.mark.parametrize("typed", ACCENTED)
async def test_letters_with_accents_have_a_case_even_in_locale_c(trial: asyncpg.Connection, typed: str) -> None:
    assert await trial.fetchval("SELECT lower('Ã')") == "Ã"
    assert await trial.fetchval("SELECT caseless($1)", typed) == ACCENTED[typed]


async def test_where_the_locale_knows_them_all_letters_have_a_case(empty: str) -> None:
    async with a_run(empty) as run:
        await run.forwards(await steps(all_migrations()))
    connection = await asyncpg.connect(empty)
    assert await connection.fetchval("SELECT lower('Ã')") == "ã"
    for text in "ÆØŁЖΔ", "JOÃO", LOCAL.upper():
        assert await connection.fetchval("SELECT caseless($1)", text) == text.lower()
    for text in "São Paulo, ÆØ", "Жук №5", LOCAL:
        assert await connection.fetchval("SELECT search_words($1) @@ search_query($1)", text)
    await connection.close()


async def test_rows_from_before_lose_what_nobody_sees_in_their_address(
    database: str, connection: asyncpg.Connection
) -> None:
    invisible = [one for one in all_migrations() if one.id in INVISIBLE_IN_ADDRESSES]
    async with a_run(database) as run:
        await run.backwards(await steps(reversed(invisible)))
        user = await a_user(connection, email="ana\ufe0f@example.com")
        customer = await a_customer(connection, email="maria\u3164@example.com")
        await run.forwards(await steps(invisible))
        assert (await row(connection, "users", user))["email"] == "ana@example.com"
        assert (await row(connection, "customers", customer))["email"] == "maria@example.com"

        await run.backwards(await steps(reversed(invisible)))
        await a_user(connection, email="an\u115fa@example.com")
        with pytest.raises(MigrationFailed, match="users_email_key"):  # whose is it?
            await run.forwards(await steps(invisible))
