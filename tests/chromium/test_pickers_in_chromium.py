"""Picking a row by the keyboard in a real Chromium, with or without waiting for answers."""

import re
from collections.abc import Awaitable, Callable

import asyncpg
from playwright.async_api import expect

from tests.support.browser import Clerk, sees_beside
from tests.support.builders import a_customer, a_presale, a_product, nth_cpf, row
from tests.support.pickers import (
    NOBODY_ANSWERS,
    SCANNED,
    SEARCHES,
    Picker,
    some_products,
)


async def test_a_row_is_picked_by_the_keyboard_and_a_window_that_is_closed_leads_back(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    await a_customer(db, name="Zuleica by Keyboard")
    await clerk.add("presales")
    picker = Picker(clerk, "customer_id")
    await picker.open()
    await picker.type("nobody is called so")
    await expect(picker.offered).to_have_count(0)
    await sees_beside(picker.list, '"No results found"')
    await picker.keyboard.press("Enter")
    await expect(picker.search).to_be_visible()
    await picker.keyboard.press("Escape")
    await expect(picker.search).to_have_count(0)
    await expect(picker.field).to_be_focused()
    await picker.type("keyb zul")  # which opens the window again
    await expect(picker.search).to_have_value("keyb zul")
    await expect(picker.offered).to_have_text(["Zuleica by Keyboard"])
    await picker.keyboard.press("Enter")
    await picker.has_taken("Zuleica by Keyboard")
    await expect(picker.field).to_be_focused()
    await picker.keyboard.press("Tab")
    await expect(clerk.field("discount")).to_be_focused()
    await picker.keyboard.press("Shift+Tab")
    await expect(picker.field).to_be_focused()
    await expect(picker.search).to_have_count(0)
    await picker.keyboard.press("Enter")
    await expect(picker.search).to_be_focused()
    assert clerk.row_id == "add", "and nothing was sent"
    for _ in range(2):
        await clerk.page.locator(".modal:visible .close a").click()
        await expect(picker.search).to_have_count(0)
        await expect(picker.field).to_be_focused()
        await picker.open()
    await picker.keyboard.press("Escape")
    await expect(picker.search).to_have_count(0)
    await expect(picker.field).to_be_focused()
    await clerk.field("notes").click()
    await picker.keyboard.press("Escape")
    await expect(clerk.field("notes")).to_be_focused()


async def test_a_code_and_enter_pick_its_product_however_quickly_they_come(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    await some_products(db, "BAR-4711", "BAR-47122")
    await clerk.add("presale_items")
    picker = Picker(clerk)
    for code in ("BAR-4711", "BAR-47122"):
        await picker.open()
        async with clerk.held_up(SEARCHES, "GET") as answers:
            await picker.type(code, "Enter")
            await expect(picker.search).to_be_focused()
            await picker.type("2")  # where Tab was forgotten: nothing is searched for by that
            await expect(picker.search).to_have_value(code)
            answers.set()
            await picker.has_taken(f"{code} - Scanned")
            await picker.type("2")
            await picker.has_taken(f"{code} - Scanned")
    await picker.open()
    await picker.type("bar-471", "Enter")
    await expect(picker.offered).to_have_count(2)
    await picker.type("1")
    await expect(picker.offered).to_have_text([f"BAR-4711 - {SCANNED}"])
    await expect(picker.search).to_be_visible()


async def test_what_enter_was_pressed_for_can_be_given_up(clerk: Clerk, db: asyncpg.Connection) -> None:
    await some_products(db, "8831", "8832")

    async def gives_up(give_up: Callable[[], Awaitable[None]]) -> None:
        await picker.open()
        await picker.search.fill("883")
        await expect(picker.offered).to_have_text([f"8831 - {SCANNED}", f"8832 - {SCANNED}"])
        async with clerk.held_up("**/products/ids/?search=8831&*", "GET") as answers:
            await picker.type("1", "Enter")
            await give_up()
            async with clerk.page.expect_event("requestfinished", lambda request: "search=8831&" in request.url):
                answers.set()
        await clerk.settles()

    async def types_something_else() -> None:
        await picker.search.fill("8839")

    async def thinks_again() -> None:
        await picker.keyboard.press("Tab")
        await expect(clerk.field("quantity")).to_be_focused()
        await picker.open()
        await picker.type("8832")

    await clerk.add("presale_items")
    picker = Picker(clerk)
    await gives_up(lambda: picker.keyboard.press("Escape"))
    await picker.has_taken("")
    for give_up, typed in ((types_something_else, "8839"), (thinks_again, "8832")):
        await gives_up(give_up)
        await expect(picker.search).to_have_value(typed)
        await picker.keyboard.press("Escape")
        await picker.has_taken("")
    await gives_up(picker.offered.last.click)
    await picker.has_taken("8832 - Scanned")


async def test_a_row_is_added_in_a_tab_for_whoever_wants_one_and_one_that_is_added_for_a_key_is_picked_there(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    await clerk.list("presales", f"?id={await a_presale(db)}")
    add = clerk.page.locator(".title_bar [href$='/presales/add/']")
    async with clerk.page.context.expect_page() as opened:
        await add.click(modifiers=["ControlOrMeta"])
    tab = await opened.value
    await tab.wait_for_url("**/#/presales/add/", wait_until="commit")
    await tab.close()
    await add.click()
    await clerk.settles()
    await clerk.fill(notes="Typed before")
    async with clerk.page.context.expect_page() as opened:
        await clerk.page.locator("form label a[href$='/customers/add/']").click()
    tab, picker = await opened.value, Picker(clerk, "customer_id")
    values = {"name": "Nova Cliente", "email": "n@example.com", "phone": "1133334444", "cpf": nth_cpf(7_101)}
    for field, value in values.items():
        await tab.locator(f"form [name={field}]").fill(value)
    await tab.click("[data-uitest=create_button]")
    await picker.has_taken("Nova Cliente")
    await tab.close()
    await clerk.create()
    await clerk.sees_form()
    buyer = "SELECT name FROM customers JOIN presales ON customer_id = customers.id WHERE notes = 'Typed before'"
    assert await db.fetchval(buyer) == "Nova Cliente"


async def test_what_waits_for_a_row_is_asked_about_once(clerk: Clerk, db: asyncpg.Connection) -> None:
    presale, customer = await a_presale(db), await a_customer(db, name="Berenice")
    await clerk.open("presales", presale)
    await clerk.choose(status="cancelled")
    picker = Picker(clerk, "customer_id")
    await picker.open()
    async with clerk.held_up("**/customers/ids/?*search=*", "GET") as answers:
        await picker.type("berenice", "Enter", "Tab")
        await clerk.field("discount").press("Enter")
        await expect(clerk.out_of_reach).to_be_visible()
        answers.set()
        await clerk.sees_notice("Successfully saved row")
    assert len(clerk.asked) == 1
    assert (await row(db, "presales", presale))["customer_id"] == customer


async def test_enter_takes_a_whole_code_although_it_begins_others_or_an_earlier_search_is_answered_last(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    for number in range(10):
        await a_product(db, code=f"0-{number}", name="Part of 8851")
    await some_products(db, "8851", "88512")
    await clerk.add("presale_items")
    picker = Picker(clerk)
    await picker.open()
    await picker.type("8851")
    await expect(picker.offered.first).to_have_text(f"8851 - {SCANNED}")
    await expect(picker.offered).to_have_count(6)
    await picker.keyboard.press("Enter")
    await picker.has_taken("8851 - Scanned")

    await some_products(db, "LATE-1", "LATE-2")
    earlier = "**/products/ids/?search=LATE&*"
    await picker.open()
    async with clerk.held_up(earlier, "GET") as go_on:
        async with clerk.page.expect_request(earlier):
            await picker.type("LATE")
        await picker.type("-1")
        await expect(picker.offered).to_have_text([f"LATE-1 - {SCANNED}"])
        async with clerk.page.expect_event("requestfinished", lambda request: "search=LATE&" in request.url):
            go_on.set()
    await picker.keyboard.press("Enter")
    await picker.has_taken("LATE-1 - Scanned")


async def test_after_a_search_in_vain_there_are_no_other_rows_and_more_rows_are_all_of_them(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    codes, more = [f"MORE-{number}" for number in range(1, 9)], "**/products/ids/?*offset=5"
    await some_products(db, "8861", "8862", *codes)
    await clerk.add("presale_items")
    picker = Picker(clerk)
    await picker.open()
    await picker.type("886")
    await expect(picker.offered).to_have_text([f"8861 - {SCANNED}", f"8862 - {SCANNED}"])
    async with clerk.cut_off():
        await picker.type("1", "Enter")
        await clerk.sees_notice(NOBODY_ANSWERS)
        await expect(picker.offered).to_have_count(0)
        await picker.keyboard.press("Enter")
        await clerk.settles()
        await expect(picker.search).to_be_focused()
    await picker.keyboard.press("Enter")
    await picker.has_taken("8861 - Scanned")
    await picker.open()
    await picker.search.fill("8862")  # all at once, as a scanner may
    await picker.keyboard.press("Enter")
    await picker.has_taken("8862 - Scanned")

    await picker.open()
    async with clerk.page.expect_response(re.compile(r"search=MORE\b")):  # these may be offered before, too
        await picker.type("MORE")
    await expect(picker.offered).to_have_text([*(f"{code} - {SCANNED}" for code in codes[:5]), " Load more"])
    async with clerk.answers_lost(more, "GET"):
        await picker.offered.last.click()
        await clerk.sees_notice(NOBODY_ANSWERS)
    async with clerk.held_up(more, "GET"):
        for _ in range(2):
            await picker.offered.last.click()
    await expect(picker.offered).to_have_text([*(f"{code} - {SCANNED}" for code in codes)])
