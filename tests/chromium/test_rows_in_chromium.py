"""The rows of a list in a real Chromium: written for people, with menus that close, and where they were before."""

import asyncpg
import pytest
from playwright.async_api import expect

from tests.support.browser import Clerk
from tests.support.builders import a_customer, a_line, a_presale, a_product


async def test_menus_close(clerk: Clerk, db: asyncpg.Connection) -> None:
    for _ in range(2):
        await a_customer(db, name="With A Menu")
    rows = await clerk.list("customers", "?name=With+A+Menu")
    dots, menus = rows.locator("td:last-child a:has([data-icon=ellipsis-vertical])"), rows.locator("#drop_down_menu")
    await dots.last.click()
    await dots.first.click()
    await expect(rows.first.locator("#drop_down_menu")).to_be_visible()
    await expect(menus).to_have_count(1)
    await clerk.page.keyboard.press("Escape")
    await expect(menus).to_have_count(0)
    await dots.first.click()
    await expect(menus).to_have_count(1)
    await clerk.page.click(".title h1")
    await expect(menus).to_have_count(0)
    await clerk.page.click("#user")
    await expect(clerk.page.locator("[data-uitest=logout_button]")).to_be_visible()
    await clerk.page.click(".title h1")
    await expect(clerk.page.locator("[data-uitest=logout_button]")).to_be_hidden()


async def test_cpf_and_telephone_are_written_as_people_do(clerk: Clerk, db: asyncpg.Connection) -> None:
    await a_customer(db, name="With Digits", cpf="03163823882", phone="+5511987654321")
    await a_customer(db, name="With Fewer Digits", cpf="11144477735", phone="+551133334444")
    rows = await clerk.list("customers", "?name=Digits&__order=name")
    await expect(rows.first).to_contain_text("031.638.238-82 (11) 98765-4321", use_inner_text=True)
    await expect(rows.last).to_contain_text("111.444.777-35 (11) 3333-4444", use_inner_text=True)


async def test_the_menu_of_the_last_row_in_sight_is_in_sight(clerk: Clerk, db: asyncpg.Connection) -> None:
    size = clerk.page.viewport_size
    assert size is not None
    await a_customer(db, name="At The Bottom")
    rows = await clerk.list("customers", "?name=At+The+Bottom")
    bottom = await rows.first.evaluate("row => Math.ceil(row.getBoundingClientRect().bottom)")
    await clerk.page.set_viewport_size({"width": size["width"], "height": bottom})
    await rows.locator("td:last-child a").last.click()
    await expect(rows.locator("#drop_down_menu")).to_be_in_viewport(ratio=0.99)
    await clerk.page.set_viewport_size(size)


async def test_rows_stay_under_the_mouse_while_they_are_picked(clerk: Clerk, db: asyncpg.Connection) -> None:
    presale = await a_presale(db)
    await a_line(db, presale)
    rows = await clerk.list("presale_items", f"?presale_id={presale}")
    before = await rows.first.bounding_box()
    await rows.locator("input").first.check()
    await expect(clerk.page.get_by_text("Update 1 row")).to_be_visible()
    assert await rows.first.bounding_box() == before


@pytest.mark.parametrize(
    ("clerk", "price"),
    [(("admin", "en-US"), "1,234,567.80"), (("admin", "pt-BR"), "1.234.567,80")],
    indirect=["clerk"],
    ids=["English", "Portuguese"],
)
async def test_money_is_written_for_people(clerk: Clerk, db: asyncpg.Connection, price: str) -> None:
    product = await a_product(db, sale_price="1234567.80")
    rows = await clerk.list("products", f"?id={product}")
    await expect(rows.get_by_text(price, exact=True)).to_be_visible()
