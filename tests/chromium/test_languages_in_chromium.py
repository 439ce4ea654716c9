"""The languages and time zones of the admin in a real Chromium, in one tab and beside another."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import asyncpg
from playwright.async_api import Page, expect

from tests.support.browser import Clerk, as_a
from tests.support.builders import a_customer, a_product, nth_cpf, row


@as_a("manager", "pt-PT")
async def test_portuguese_browsers_are_spoken_to_in_portuguese_until_they_choose_another_and_keep_what_they_typed(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    await a_customer(db, name="Filtro", cpf=nth_cpf(90_000_001))
    rows = await clerk.list("customers", "?name=Filtro&name__match=exact")
    await expect(clerk.side_bar).to_have_text(
        [
            *("Vendas", "Clientes", "Pré-vendas", "Itens de pré-venda", "Catálogo", "Produtos"),
            *("Controle", "Trilha de auditoria"),
        ]
    )
    await expect(clerk.page.locator("thead th")).to_have_text(
        ["", "Nome", "CPF", "Telefone", "E-mail", "Criado em", ""]
    )
    await expect(rows.first).to_contain_text("Filtro")
    await expect(clerk.side_bar.get_by_text("Itens")).to_have_text("Itens de pré-venda", use_inner_text=True)
    await expect(clerk.page.locator("#pagination .count")).to_have_text("de 1")
    await expect(clerk.page.locator("#page_size option").first).to_have_attribute("label", "5 por pág.")
    await rows.locator(".link a").first.click()
    await clerk.sees_form()
    await expect(clerk.page.locator("h1", has_text="cliente")).to_have_text("Editar cliente")
    await clerk.fill(cpf="1")
    await clerk.save()
    await clerk.sees_refusal("CPF: Este CPF não é válido. Confira os dígitos.")
    await clerk.sees_notice("Há erros no formulário.")
    clerk.expects_refusal(422)

    await expect(clerk.page.locator("html")).to_have_attribute("lang", re.compile("pt-br", re.IGNORECASE))

    title = clerk.page.locator("div.header h1")
    await clerk.speak("English")
    await expect(title).to_have_text("Edit customer")
    await clerk.sees_form()
    await clerk.fill(cpf="1")
    await clerk.save()
    await clerk.sees_refusal("CPF: This is not a valid CPF. Please check its digits.")
    clerk.expects_refusal(422)
    await clerk.fill(name="Typed In English")
    await clerk.speak("Português (Brasil)")
    await expect(title).to_have_text("Editar cliente")
    await clerk.sees_value("name", "Typed In English")


async def another_tab(clerk: Clerk) -> Page:
    """Of the same browser, where the front end keeps what is chosen; a page that is quickly there."""
    other = await clerk.page.context.new_page()
    await other.goto(f"{clerk.address}/api/health/live")
    return other


@as_a("admin", "pt-BR")
async def test_a_price_is_written_and_typed_with_a_comma_whatever_is_chosen_in_another_tab(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    """1.500 is one and a half in English, and in Portuguese perhaps one thousand and five hundred."""
    product = await a_product(db, sale_price="1234567.80")
    rows = await clerk.list("products", f"?id={product}")
    await expect(rows.get_by_text("1.234.567,80", exact=True)).to_be_visible()
    await rows.locator(".link a").first.click()
    await clerk.sees_form()
    await clerk.fill(sale_price="1032,5")
    await clerk.save()
    await clerk.sees_value("sale_price", "1.032,50")
    assert (await row(db, "products", product))["sale_price"] == Decimal("1032.50")

    other = await another_tab(clerk)
    await other.evaluate("localStorage.piccoloAdminDefaultLanguage = 'en'")
    await clerk.fill(sale_price="1.500")
    await clerk.save()
    await expect(clerk.page.locator(".errors li")).to_contain_text("Preço de venda: São milhares?")
    clerk.expects_refusal(422)
    assert (await row(db, "products", product))["sale_price"] == Decimal("1032.50")
    await other.close()


async def test_times_follow_a_time_zone_that_is_chosen_in_another_tab(clerk: Clerk, db: asyncpg.Connection) -> None:
    customer = await a_customer(db, created_at=datetime(2020, 2, 29, 13, 5, tzinfo=UTC))
    rows = await clerk.list("customers", f"?id={customer}")
    await expect(rows).to_contain_text("10:05 AM")
    other = await another_tab(clerk)
    await other.evaluate("localStorage.defaultTimezone = 'Asia/Tokyo'")
    await expect(rows).to_contain_text("10:05 PM")
    await clerk.open("customers", customer)
    await expect(clerk.page.locator(".time").first).to_have_value("02/29/2020, 10:05:00 PM")
    await other.evaluate("localStorage.defaultTimezone = 'America/Sao_Paulo'")
    await expect(clerk.page.locator(".time").first).to_have_value("02/29/2020, 10:05:00 AM")
    await other.close()
