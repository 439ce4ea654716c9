"""What a session sets or hides for itself does not bend the rules."""

from decimal import Decimal

import asyncpg
import pytest

from tests.support.builders import (
    PASSWORD_HASH,
    a_customer,
    a_line,
    a_presale,
    a_presale_that_is,
    a_product,
    a_user,
    nth_cpf,
    row,
)
from tests.support.refusals import refused_by


@pytest.fixture
async def without_search_path(connection: asyncpg.Connection) -> asyncpg.Connection:
    """As `pg_dump` and hardened clients work: every table is named with its schema."""
    await connection.execute("SELECT set_config('search_path', '', false)")
    return connection


async def test_rules_work_for_a_session_without_a_search_path(
    without_search_path: asyncpg.Connection,
) -> None:
    connection = without_search_path
    await connection.execute(
        f"""
        INSERT INTO public.users (email, password, name, role)
        VALUES ('ana@flowcrm.example', '{PASSWORD_HASH}', 'Ana', 'admin'),
               ('rui@flowcrm.example', '{PASSWORD_HASH}', 'Rui', 'admin');
        INSERT INTO public.sessions (token_hash, user_id, expires_at) SELECT id::text, id, now() FROM public.users;
        UPDATE public.users SET active = false WHERE name = 'Rui';
        INSERT INTO public.customers (name, email, phone, cpf)
        VALUES ('Maria', 'maria@example.com', '(11) 98765-4321', '{nth_cpf(1)}');
        INSERT INTO public.products (code, name, unit, stock, purchase_price, sale_price, sale_type)
        VALUES ('P1', 'Café', 'un', 9, 1, 2, 'retail');
        INSERT INTO public.presales (customer_id) SELECT id FROM public.customers;
        INSERT INTO public.presale_items (presale_id, product_id, quantity)
        SELECT presales.id, products.id, 3 FROM public.presales, public.products;
        """
    )
    for status in "pending", "approved", "converted":
        await connection.execute("UPDATE public.presales SET status = $1", status)
    [sold] = await connection.fetch("SELECT total, stock FROM public.presales, public.products")
    assert tuple(sold) == (Decimal(6), 6)
    assert await connection.fetchval("SELECT count(*) FROM public.sessions") == 1
    assert await connection.fetchval("SELECT public.search_query('maria') IS NOT NULL")


async def test_history_can_be_restored_without_a_search_path(without_search_path: asyncpg.Connection) -> None:
    connection = without_search_path
    await connection.execute(
        f"""
        INSERT INTO public.customers (name, email, phone, cpf)
        VALUES ('Maria', 'maria@example.com', '+5511987654321', '{nth_cpf(1)}');
        INSERT INTO public.presales (customer_id, status) SELECT id, 'converted' FROM public.customers;
        """
    )
    assert await connection.fetchval("SELECT count(*) FROM public.presale_births") == 0
    with refused_by("presales_kept"):
        await connection.execute("TRUNCATE public.presales CASCADE")


@pytest.mark.parametrize(
    "statement", ["DELETE FROM public.presale_items", "UPDATE public.presale_items SET quantity = 2"]
)
async def test_a_temporary_table_does_not_stand_in_for_a_presale(
    connection: asyncpg.Connection, statement: str
) -> None:
    presale = await a_presale_that_is(connection, "converted")
    await connection.execute(
        "CREATE TEMPORARY TABLE presales AS SELECT id, 'draft'::presale_status AS status FROM public.presales; "
        "CREATE TEMPORARY TABLE presale_births AS SELECT id FROM public.presales"
    )
    with refused_by("presales_locked"):
        await connection.execute(statement)
    assert (await row(connection, "public.presales", presale))["total"] == 10


async def test_a_temporary_table_does_not_stand_in_for_the_products(connection: asyncpg.Connection) -> None:
    product, presale = await a_product(connection, stock=1), await a_presale(connection)
    await connection.execute(
        "CREATE TEMPORARY TABLE products AS SELECT id, name, 0.00 AS sale_price, 99 AS stock FROM public.products"
    )
    line = await a_line(connection, presale, product_id=product, quantity=2)
    assert (await row(connection, "presale_items", line))["unit_price"] == 10
    for status in "pending", "approved":
        await connection.execute("UPDATE presales SET status = $1", status)
    with refused_by("presales_stock"):
        await connection.execute("UPDATE presales SET status = 'converted'")


async def test_a_temporary_table_does_not_stand_in_for_the_admins(connection: asyncpg.Connection) -> None:
    await a_user(connection, role="admin")
    await connection.execute("CREATE TEMPORARY TABLE users AS TABLE public.users")
    with refused_by("users_last_admin"):
        await connection.execute("UPDATE public.users SET active = false")
    with refused_by("users_last_admin"):
        await connection.execute("TRUNCATE public.users CASCADE")


async def test_what_a_session_makes_of_operators_and_of_strings_does_not_bend_the_checks(
    connection: asyncpg.Connection,
) -> None:
    await connection.execute(
        """
        CREATE SCHEMA lenient;
        CREATE FUNCTION lenient.yes(text, text) RETURNS boolean LANGUAGE sql RETURN true;
        CREATE OPERATOR lenient.~ (FUNCTION = lenient.yes, LEFTARG = text, RIGHTARG = text);
        CREATE OPERATOR lenient.!~ (FUNCTION = lenient.yes, LEFTARG = text, RIGHTARG = text);
        SET search_path = lenient, pg_catalog, public;
        SET standard_conforming_strings = off;
        """
    )
    for column, value, constraint in (
        ("name", "\u2003", "customers_name_not_blank"),
        ("email", "maria silva@example.com", "customers_email_valid"),
        ("phone", "+5510987654321", "customers_phone_valid"),
        ("cpf", "11111111111", "customers_cpf_valid"),
    ):
        with refused_by(constraint):
            await a_customer(connection, **{column: value})
    customer = await a_customer(connection, phone="+55 (11) 98765-4321")
    assert (await row(connection, "customers", customer))["phone"] == "+5511987654321"
