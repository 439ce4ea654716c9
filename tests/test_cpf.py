"""CPF: any usual way to type it, its check digits right, eleven digits stored, unique."""

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from validate_docbr import CPF

from tests.support.builders import a_customer, nth_cpf, row
from tests.support.properties import in_batches
from tests.support.refusals import refused_by

digits = st.text("0123456789", min_size=11, max_size=11)
nearly_right = st.builds(
    lambda number, place, digit: nth_cpf(number)[:place] + digit + nth_cpf(number)[place + 1 :],
    st.integers(0, 10**8 - 1),
    st.integers(0, 10),
    st.sampled_from("0123456789"),
)


@in_batches(20)
@given(cpfs=st.lists(digits | nearly_right, min_size=100, max_size=100))
async def test_the_database_and_validate_docbr_agree(trial: asyncpg.Connection, cpfs: list[str]) -> None:
    valid = await trial.fetch("SELECT is_cpf(cpf) FROM unnest($1::text[]) AS cpf", cpfs)
    assert [record[0] for record in valid] == [CPF().validate(cpf) for cpf in cpfs]


@pytest.mark.parametrize(
    "typed",
    [
        "52998224725",
        "529.982.247-25",
        "529 982 247 25",
        "529982247-25",
        "529.982.247/25",
        " 52998224725 ",
        "529.982.247\u201125",
        "529.982.247–25",
        "529\u00a0982\u00a0247\u00a025",
        "\u202a52998224725\u202c",
    ],
)
async def test_eleven_digits_are_stored_however_they_are_typed(trial: asyncpg.Connection, typed: str) -> None:
    customer = await a_customer(trial, cpf=typed)
    assert (await row(trial, "customers", customer))["cpf"] == "52998224725"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "5299822472",
        "529982247255",
        "52998224724",
        "52998224735",
        "529.982.247-2X",
        "529_982_247_25",
        "5２998224725",
        *(digit * 11 for digit in "0123456789"),
    ],
)
async def test_anything_else_is_refused(trial: asyncpg.Connection, typed: str) -> None:
    with refused_by("customers_cpf_valid"):
        await a_customer(trial, cpf=typed)


async def test_a_cpf_is_unique_in_whatever_form_it_is_typed(connection: asyncpg.Connection) -> None:
    await a_customer(connection, cpf="529.982.247-25")
    with refused_by("customers_cpf_key"):
        await a_customer(connection, cpf="52998224725")
    other = await a_customer(connection)
    with refused_by("customers_cpf_key"):
        await connection.execute("UPDATE customers SET cpf = '529 982 247 25' WHERE id = $1", other)


async def test_copy_normalises_it_too(trial: asyncpg.Connection) -> None:
    records = [("Ana", "ana@example.com", "(11) 98765-4321", "529.982.247-25")]
    columns = ["name", "email", "phone", "cpf"]
    await trial.copy_records_to_table("customers", records=records, columns=columns)
    [stored] = await trial.fetch("SELECT cpf, phone FROM customers")
    assert tuple(stored) == ("52998224725", "+5511987654321")
