"""Telephone: any usual national or international form of a Brazilian number, stored as E.164."""

import asyncpg
import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType
from pydantic_core import PydanticCustomError

from crm.brazil import normal_phone
from tests.support.builders import a_customer, row
from tests.support.properties import in_batches
from tests.support.refusals import refused_by

WITH_AREA_CODE = {
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
}
# Those that the library knows.
CARRIERS = ["12", "14", "15", "21", "22", "23", "25", "31", "41", "43", "55", "65", "99"]

areas = st.integers(11, 99).map(str)
subscribers = st.from_regex(r"[0-9]{7,10}|[2-57][0-9]{7}|9[0-9]{8}", fullmatch=True)
nationals = st.builds(str.__add__, areas, subscribers)
separators = st.sampled_from(["", " ", "-", ".", "/", " - ", "\u00a0", "–"])
prefixes = st.sampled_from(["", "0", "90", "+55", "+55 0", "+55 (0)", "55", "(", "(0", "+55 ("]) | st.sampled_from(
    [*CARRIERS, "xx"]
).map("0{}".format)


@st.composite
def typed_numbers(draw: st.DrawFn) -> str:
    """A number, right or wrong, in one of the ways in which people write them."""
    area, subscriber = draw(areas), draw(subscribers)
    prefix = draw(prefixes)
    closing = ")" if prefix.count("(") > prefix.count(")") else ""
    middle = len(subscriber) - 4
    return (
        f"{prefix}{'' if closing else draw(separators)}{area}{closing}{draw(separators)}"
        f"{subscriber[:middle]}{draw(separators)}{subscriber[middle:]}"
    )


def by_library(typed: str) -> str | None:
    """E.164 of a valid fixed or mobile number of Brazil, else None."""
    try:
        number = phonenumbers.parse(typed, "BR")
    except phonenumbers.NumberParseException:
        return None
    valid = phonenumbers.is_valid_number_for_region(number, "BR") and number.extension is None
    if not valid or phonenumbers.number_type(number) not in WITH_AREA_CODE:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


async def by_database(trial: asyncpg.Connection, typed: list[str]) -> list[str | None]:
    sql = (
        "SELECT CASE WHEN is_brazilian_phone(e164) THEN e164 END "
        "FROM unnest($1::text[]) WITH ORDINALITY AS t (phone, n), normalize_phone(phone) AS e164 ORDER BY n"
    )
    return [record[0] for record in await trial.fetch(sql, typed)]


@in_batches(10)
@given(numbers=st.lists(nationals, min_size=100, max_size=100))
async def test_the_database_and_the_phonenumbers_library_know_the_same_numbers(
    trial: asyncpg.Connection, numbers: list[str]
) -> None:
    e164 = [f"+55{number}" for number in numbers]
    valid = await trial.fetch("SELECT is_brazilian_phone(phone) FROM unnest($1::text[]) AS phone", e164)
    assert [record[0] for record in valid] == [by_library(number) == number for number in e164]


@in_batches(10)
@given(typed=st.lists(typed_numbers(), min_size=100, max_size=100))
async def test_the_database_and_the_phonenumbers_library_read_the_same_forms(
    trial: asyncpg.Connection, typed: list[str]
) -> None:
    found = await by_database(trial, typed)
    assert dict(zip(typed, found, strict=True)) == {number: by_library(number) for number in typed}


@in_batches(10)
@given(numbers=st.lists(st.from_regex(r"(55)?[0-9]{7,14}", fullmatch=True), min_size=100, max_size=100))
async def test_a_number_of_another_country_is_not_taken_for_ours(trial: asyncpg.Connection, numbers: list[str]) -> None:
    """The library lets 00 introduce a country only with a carrier in between; people leave that out."""
    expected = [by_library(f"+{number}") for number in numbers]
    for prefix in "+", "00":
        assert await by_database(trial, [prefix + number for number in numbers]) == expected


@pytest.mark.parametrize(
    "typed",
    [
        "+5511987654321",
        "+55 11 98765-4321",
        "+55 (11) 98765-4321",
        "+55 11 98765.4321",
        "(+55) 11 98765-4321",
        "+55 (011) 98765-4321",
        "5511987654321",
        "55 011 98765-4321",
        "55 90 11 98765-4321",
        "0055 11 98765 4321",
        "(11) 98765-4321",
        "(11)987654321",
        "11 98765 4321",
        "11987654321",
        "011 98765-4321",
        "(011) 98765-4321",
        "0 15 11 98765-4321",
        "0 21 11 98765-4321",
        "(0xx11) 98765-4321",
        "0 XX 11 98765-4321",
        "55 0xx11 987654321",
        "\u202a+55 11 98765‑4321\u202c",
    ],
)
async def test_one_form_is_stored_however_it_is_typed(trial: asyncpg.Connection, typed: str) -> None:
    customer = await a_customer(trial, phone=typed)
    assert (await row(trial, "customers", customer))["phone"] == "+5511987654321"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("(55) 3222-1234", "+555532221234"),
        ("55 98765-4321", "+5555987654321"),
        ("055 3222-1234", "+555532221234"),
        ("+55 55 98765-4321", "+5555987654321"),
        ("0 55 11 98765-4321", "+5511987654321"),
        ("(21) 2345-6789", "+552123456789"),
        ("0 21 2345-6789", "+552123456789"),
    ],
)
async def test_area_code_country_code_and_carrier_are_told_apart(
    trial: asyncpg.Connection, typed: str, stored: str
) -> None:
    customer = await a_customer(trial, phone=typed)
    assert (await row(trial, "customers", customer))["phone"] == stored


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "98765-4321",
        "11 8765-4321",
        "20 98765-4321",
        "11 1234-5678",
        "11 98765-43210",
        "0800 123 4567",
        "4004-1234",
        "190",
        "11 98765-4321 r. 12",
        "11 9876X-4321",
        "11 98765-CAFE",
        "x11 98765-4321",
        "xx11 98765-4321",
        "0xxx11 98765-4321",
        "0xx 98765-4321",
        "55-0033338765-11",
        "+55 00 11 98765-4321",
        "550055152345-6789",
        "Fone 11 98765-4321",
        "11 98765*4321",
        "١١٩٨٧٦٥٤٣٢١",
        "１１９８７６５４３２１",
        "+1 212 555 0100",
        "+41 91 234 56 78",
        "0049 89 12345678",
        "++55 11 98765-4321",
        "98765432198765432198",
    ],
)
async def test_anything_else_is_refused(trial: asyncpg.Connection, typed: str) -> None:
    with refused_by("customers_phone_valid"):
        await a_customer(trial, phone=typed)
    with pytest.raises(PydanticCustomError):
        normal_phone(typed)
