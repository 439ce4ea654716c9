"""Lines that are added to a pre-sale one after the other, in a real Chromium."""

import asyncio

import asyncpg
from playwright.async_api import Route, expect

from tests.support.browser import Clerk, as_a
from tests.support.builders import a_customer, a_line, a_presale, a_product, row
from tests.support.pickers import (
    SEARCHES,
    UNKNOWN,
    Picker,
    begins,
    begins_anew,
    lines_of,
    lists_lines,
)

LOST = "What you typed while this was being saved is lost: type it again."
LOST_BEFORE = "What you typed before the form was there is lost: type it again."


async def test_a_line_is_a_code_enter_tab_its_quantity_and_enter(clerk: Clerk, db: asyncpg.Connection) -> None:
    presale, picker = await begins(clerk, db, "8901", "89012")
    number = (await row(db, "presales", presale))["number"]
    for code, quantity, price, total in (
        ("8901", "2", "2.000 × 10.00 = 20.00", "30.00"),
        ("89012", "3.5", "3.500 × 10.00 = 35.00", "65.00"),
    ):
        await picker.type(code, "Enter", "Tab")
        await picker.type(quantity, "Enter")
        await clerk.sees_notice(f"{code} - Scanned, {price}\nTotal: {total}")
        await begins_anew(clerk, picker)
        await expect(Picker(clerk, "presale_id").field).to_have_value(f"#{number} Maria da Silva")
    assert await lines_of(db, presale) == [("FIRST-8901", "1"), ("8901", "2"), ("89012", "3.5")]
    assert clerk.row_id == "add"
    await clerk.page.reload()
    await expect(picker.field).to_be_focused()
    await expect(Picker(clerk, "presale_id").field).to_have_value(f"#{number} Maria da Silva")
    await clerk.page.get_by_text("Back", exact=True).click()
    await expect(clerk.page.locator(".table_wrapper tbody tr")).to_have_count(3)
    assert clerk.page.url.endswith(f"/presale_items/?presale_id={presale}")
    await clerk.page.get_by_role("link", name=f"Pre-sale: #{number} Maria da Silva", exact=True).click()
    await clerk.sees_value("total", "65.00")


@as_a("employee", "pt-BR")
async def test_what_was_added_is_said_as_people_write_it_however_long_its_name(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    _, picker = await begins(clerk, db, "8911")
    name = "W" * 200
    await db.execute("UPDATE products SET name = $1 WHERE code = '8911'", name)
    await picker.type("8911")
    await expect(picker.offered.first).to_have_text(f"8911 - {name} · 10,00 · 100 un em estoque")
    assert await picker.offered.first.evaluate("one => one.scrollWidth === one.clientWidth")
    await picker.type("", "Enter", "Tab")
    await clerk.fill(quantity="1.000,5", unit_price="2", discount="1,00")
    await clerk.create()
    await clerk.sees_notice(f"8911 - {name}, 1.000,500 × 2,00 − 1,00 = 2.000,00\nTotal: 2.010,00")
    await expect(clerk.page.locator("#message_popup a")).to_be_in_viewport()
    await begins_anew(clerk, picker, discount="0,00")


async def test_whoever_comes_back_to_the_form_adds_to_the_same_presale_and_other_forms_begin_as_their_own(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    presale, picker = await begins(clerk, db, "8981")
    number = (await row(db, "presales", presale))["number"]
    await a_line(db, other := await a_presale(db))
    await clerk.list("presale_items", f"?presale_id={other}")
    await clerk.page.evaluate("location.hash = '#/presales/add/'")
    await clerk.sees_value("discount", "0.00")
    for _ in range(2):
        await clerk.page.go_back()
    await expect(picker.field).to_be_focused()
    await expect(Picker(clerk, "presale_id").field).to_have_value(f"#{number} Maria da Silva")


async def test_what_is_typed_while_a_line_is_on_its_way_is_the_next_code(clerk: Clerk, db: asyncpg.Connection) -> None:
    presale, picker = await begins(clerk, db, "8921", "8922", "8923")
    await picker.type("8921", "Enter", "Tab")
    for typed, rest in (("8922", ""), ("89", "23")):
        async with clerk.held_up("**/presale_items/", "POST") as go_on:
            await picker.type("2", "Enter")
            await expect(clerk.out_of_reach).to_be_visible()
            await picker.keyboard.press("Enter")  # once more, for the same line
            await picker.type(typed, *([] if rest else ["Enter"]))
            go_on.set()
            await expect(clerk.out_of_reach).to_have_count(0)
        if rest:
            await expect(picker.search).to_be_focused()
            await picker.type(rest, "Enter")
        await picker.has_taken(f"{typed}{rest} - Scanned")
        await picker.keyboard.press("Tab")
    async with clerk.held_up("**/presale_items/", "POST") as go_on:
        await picker.type("2", "Enter")
        await expect(clerk.out_of_reach).to_be_visible()
        await picker.type("8921", "Enter", "Tab")
        await picker.type("7")
        go_on.set()
        await expect(picker.list).to_be_focused()
    await clerk.sees_notice(f"8923 - Scanned, 2.000 × 10.00 = 20.00\nTotal: 70.00\n{LOST}")
    await picker.type("8", "Enter")
    await clerk.settles()
    await expect(picker.search).to_have_value("")
    assert await lines_of(db, presale) == [("FIRST-8921", "1"), *[(code, "2") for code in ("8921", "8922", "8923")]]


async def test_what_is_typed_before_the_form_is_there_is_the_first_code_and_more_is_said_to_be_lost(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    """A code of which the end alone is another product."""
    presale, add = await lists_lines(clerk, db, "56611", "6611")
    picker = Picker(clerk)
    async with clerk.held_up("**/presale_items/new/*", "GET") as go_on:
        await add.click()
        await expect(clerk.out_of_reach).to_be_visible()
        await picker.type("5")
        go_on.set()
        await expect(clerk.out_of_reach).to_have_count(0)
    await expect(picker.search).to_be_focused()
    await picker.type("6611", "Enter")
    await picker.has_taken("56611 - Scanned")
    await picker.type("", "Tab")
    await picker.type("3", "Enter")
    await begins_anew(clerk, picker)
    assert await lines_of(db, presale) == [("FIRST-56611", "1"), ("56611", "3")]

    await picker.keyboard.press("Escape")
    await clerk.page.go_back()
    async with clerk.held_up("**/presale_items/new/*", "GET") as go_on:
        await add.click()
        await expect(clerk.out_of_reach).to_be_visible()
        await picker.type("6611", "Enter", "Tab")
        await picker.type("7")
        go_on.set()
        await clerk.sees_notice(LOST_BEFORE)
    await expect(picker.list).to_be_focused()


async def test_a_form_begins_at_the_code_whichever_answer_comes_last(clerk: Clerk, db: asyncpg.Connection) -> None:
    """The front end asks twice what it begins with, and takes the second one."""
    presale, add = await lists_lines(clerk, db, "6613")
    number = (await row(db, "presales", presale))["number"]
    go_on = asyncio.Event()
    asked: list[Route] = []

    async def hold_up_the_first(route: Route) -> None:
        asked.append(route)
        if len(asked) == 1:
            await go_on.wait()
        await route.continue_()

    await clerk.route("**/presale_items/new/*", hold_up_the_first)
    await add.click()
    await expect(Picker(clerk, "presale_id").field).to_have_value(f"#{number} Maria da Silva")
    go_on.set()
    await expect(Picker(clerk).field).to_be_focused()


async def test_a_line_that_is_refused_stays_whatever_is_typed_on_and_then_goes_on(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    presale, picker = await begins(clerk, db, "8931", "8932")
    await picker.type("8931", "Enter", "Tab")
    await picker.type("0", "Enter")
    await clerk.sees_refusal("Quantity: This must be more than 0.")
    clerk.expects_refusal(422)
    await picker.type("8932", "Enter", "Tab")  # blindly
    await picker.type("3", "Tab", "Tab")  # over the price
    await picker.type("9.90", "Enter")
    await picker.type("8931", "Enter", "Tab")
    await picker.type("3", "Enter")
    await clerk.settles()
    await picker.has_taken("8931 - Scanned")
    for name, value in {"quantity": "0", "unit_price": ""}.items():
        await clerk.sees_value(name, value)
    await picker.type("", "Tab", "Tab")
    await expect(clerk.field("quantity")).to_be_focused()
    await picker.type("5", "Enter")
    await begins_anew(clerk, picker)
    await expect(clerk.page.locator(".errors")).to_have_count(0)
    assert await lines_of(db, presale) == [("FIRST-8931", "1"), ("8931", "5")]


async def test_a_line_whose_session_ended_is_there_again_and_then_goes_on(clerk: Clerk, db: asyncpg.Connection) -> None:
    presale, picker = await begins(clerk, db, "8941")
    await picker.type("8941", "Enter", "Tab")
    await clerk.loses_session(db)
    await picker.type("6", "Enter")
    await clerk.sees_notice("Please log in.")
    await clerk.log_in_again()
    await clerk.sees_value("quantity", "6")
    await picker.has_taken("8941 - Scanned")
    clerk.expects_refusal(401)
    await clerk.create()
    await begins_anew(clerk, picker)
    assert await lines_of(db, presale) == [("FIRST-8941", "1"), ("8941", "6")]


async def test_a_line_without_an_answer_is_asked_about_and_then_goes_on(clerk: Clerk, db: asyncpg.Connection) -> None:
    presale, picker = await begins(clerk, db, "8951", "8952")
    await picker.type("8951", "Enter", "Tab")
    async with clerk.answers_lost("**/presale_items/", "POST"):
        await picker.type("6", "Enter")
        await clerk.sees_notice(UNKNOWN)
    await expect(clerk.out_of_reach).to_have_count(0)
    await picker.type("8952", "Enter")  # blindly
    await clerk.settles()
    assert not clerk.asked
    await clerk.sees_value("quantity", "6")
    await picker.has_taken("8951 - Scanned")
    for agrees in (False, True):
        assert await lines_of(db, presale) == [("FIRST-8951", "1"), ("8951", "6")]
        clerk.agrees = agrees
        await clerk.create()
    await begins_anew(clerk, picker)
    await picker.type("8951", "Enter", "Tab")
    await picker.type("7", "Enter")
    await begins_anew(clerk, picker)
    question = "This may have been carried out already. Send it again?"
    assert clerk.asked == [question] * 2, "nothing is asked about the next one"
    assert await lines_of(db, presale) == [("FIRST-8951", "1"), ("8951", "6"), ("8951", "6"), ("8951", "7")]


async def test_whoever_went_back_meanwhile_hears_of_it_and_sees_the_line_in_the_list(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    presale, picker = await begins(clerk, db, "8961")
    async with clerk.held_up(SEARCHES, "GET") as go_on:
        await picker.type("8961", "Enter", "Tab")
        await picker.type("6", "Enter")
        await expect(clerk.out_of_reach).to_be_visible()
        await clerk.page.go_back()
        await expect(clerk.page.locator("#result_count")).to_be_visible()
        go_on.set()
        await clerk.sees_notice("Nothing was saved: you left the form before its row was found.")
    await expect(clerk.out_of_reach).to_have_count(0)
    assert await lines_of(db, presale) == [("FIRST-8961", "1")]

    await clerk.page.locator("[href$='/presale_items/add/']").click()
    await clerk.settles()
    await picker.type("8961", "Enter", "Tab")
    await picker.has_taken("8961 - Scanned")
    await picker.type("6")
    async with clerk.held_up("**/presale_items/", "POST") as go_on:
        await picker.keyboard.press("Enter")
        await expect(clerk.out_of_reach).to_be_visible()
        await clerk.page.go_back()
        await expect(clerk.page.locator("#result_count")).to_be_visible()
        go_on.set()
        await clerk.sees_notice("Successfully added row")
    await expect(clerk.page.locator(".table_wrapper tbody tr")).to_have_count(2)
    await expect(clerk.out_of_reach).to_have_count(0)
    await expect(picker.search).to_have_count(0)


async def test_a_line_of_another_pre_sale_than_that_of_the_list_is_shown_and_where_nothing_is_to_be_picked(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    presale, picker = await begins(clerk, db, "8971")
    await a_presale(db, customer_id=await a_customer(db, name="Quiteria"))
    await picker.type("8971", "Enter")
    await picker.has_taken("8971 - Scanned")
    await clerk.pick("presale_id", "quiteria", "Quiteria")
    await clerk.fill(quantity="2")
    await clerk.create()
    await clerk.sees_form()

    await a_line(db, presale, product_id=(product := await a_product(db)))
    await clerk.list("presale_items", f"?presale_id={presale}&product_id={product}")
    await clerk.page.locator("[href$='/presale_items/add/']").click()
    await clerk.settles()
    await clerk.fill(quantity="2")
    await clerk.create()
    await clerk.sees_form()
