"""The rows of a list in a real Chromium: written for people, with menus that close, and where they were before."""

import asyncpg
from playwright.async_api import expect

from tests.support.browser import Clerk
from tests.support.builders import a_customer


async def test_rows_are_written_for_people_and_stay_where_they_are_while_menus_open_and_close(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    await a_customer(db, name="With Digits", cpf="03163823882", phone="+5511987654321")
    await a_customer(db, name="With Fewer Digits", cpf="11144477735", phone="+551133334444")
    rows = await clerk.list("customers", "?name=Digits&__order=name")
    await expect(rows.first).to_contain_text("031.638.238-82 (11) 98765-4321", use_inner_text=True)
    await expect(rows.last).to_contain_text("111.444.777-35 (11) 3333-4444", use_inner_text=True)
    before = await rows.first.bounding_box()
    await rows.locator("input").first.check()
    await expect(clerk.page.get_by_text("Update 1 row")).to_be_visible()
    assert await rows.first.bounding_box() == before

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

    size = clerk.page.viewport_size
    assert size
    bottom = await rows.last.evaluate("row => Math.ceil(row.getBoundingClientRect().bottom)")
    await clerk.page.set_viewport_size({"width": size["width"], "height": bottom})
    await dots.last.click()
    await expect(menus).to_be_in_viewport(ratio=0.99)
    await clerk.page.set_viewport_size(size)
