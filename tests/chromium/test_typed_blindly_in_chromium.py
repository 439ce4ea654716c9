"""Lines typed or scanned without looking, in a real Chromium: a slip makes no wrong line, and loses none silently."""

import asyncpg
from playwright.async_api import expect

from tests.support.browser import LOSE_PATIENCE, REMEMBER_PATIENCE, Clerk
from tests.support.builders import a_line, a_presale, a_product
from tests.support.pickers import (
    NOBODY_ANSWERS,
    SCANNED,
    SEARCHES,
    Picker,
    begins,
    begins_anew,
    lines_of,
    some_products,
)

# Where the focus is when the page can hear of a key again.
FOCUS_AFTER_ANSWERS = """() => {
    const { send } = XMLHttpRequest.prototype;
    const look = () => (window.focusAfterAnswer = document.activeElement.className);
    XMLHttpRequest.prototype.send = function (...body) {
        this.addEventListener("load", () => setTimeout(look));
        send.apply(this, body);
    };
}"""


async def test_what_is_typed_without_waiting_for_a_product_is_its_quantity_and_is_sent_once(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    presale, picker = await begins(clerk, db, "8811", "88112", "88113")
    async with clerk.held_up(SEARCHES, "GET") as answers:
        await picker.type("8811", "Enter", "Tab")
        await expect(clerk.field("quantity")).to_be_focused()
        await picker.type("2")
        await clerk.sees_value("quantity", "2")
        # As quickly as Enter may come twice from a keyboard or a scanner: the page is not drawn in between.
        await clerk.field("quantity").evaluate("({ form }) => { form.requestSubmit(); form.requestSubmit(); }")
        await expect(clerk.out_of_reach).to_be_visible()
        await picker.type("7", "Enter")
        assert await lines_of(db, presale) == [("FIRST-8811", "1")]
        answers.set()
        await clerk.sees_notice("8811 - Scanned, 2.000 × 10.00 = 20.00\nTotal: 30.00")
    await clerk.settles()
    assert await lines_of(db, presale) == [("FIRST-8811", "1"), ("8811", "2")]


async def test_whoever_goes_on_with_a_code_of_which_there_is_none_is_called_back(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    presale = await a_presale(db)
    await some_products(db, "8821", "8822")
    line = await a_line(db, presale, product_id=await a_product(db, code="OLD", name="Before"))
    await clerk.open("presale_items", line)
    picker = Picker(clerk)
    await picker.open()
    async with clerk.held_up(SEARCHES, "GET") as answers:
        await picker.type("882", "Enter", "Tab")
        await picker.type("9", "Enter")
        await expect(clerk.out_of_reach).to_be_visible()
        answers.set()
        await expect(picker.list).to_be_focused()
    await picker.type("8821", "Enter")  # blindly
    await expect(picker.search).to_have_value("882")
    await expect(picker.offered).to_have_text([f"8821 - {SCANNED}", f"8822 - {SCANNED}"])
    await picker.offered.last.click()
    await picker.has_taken("8822 - Scanned")
    await clerk.sees_value("quantity", "9")
    assert await lines_of(db, presale) == [("OLD", "1")]
    await clerk.save()
    await clerk.sees_notice("Successfully saved row")
    assert await lines_of(db, presale) == [("8822", "9")]


async def test_whoever_types_on_after_a_code_of_which_there_is_none_is_stopped(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    """And nothing is typed between an answer in vain and the window."""
    presale, picker = await begins(clerk, db, "6631", "8801")
    await clerk.page.evaluate(FOCUS_AFTER_ANSWERS)
    for answer, code, keys in (
        ("after", "6632", ["Tab"]),
        ("before", "6633", ["Tab"]),
        ("after", "6634", ["Enter", "Tab"]),
    ):
        async with clerk.held_up(SEARCHES, "GET") as answers:
            if answer == "before":
                answers.set()
            await picker.type(code)
            if answer == "before":
                await expect(picker.offered).to_have_count(0)
            await picker.type("", *keys)
            if answer == "after":
                await expect(clerk.field("quantity")).to_be_focused()
                answers.set()
            await expect(picker.list).to_be_focused()
        assert answer == "before" or await clerk.page.evaluate("focusAfterAnswer") == "results_list"
        await picker.type("2", "Enter")
        await expect(picker.list).to_be_focused()
        assert await lines_of(db, presale) == [("FIRST-6631", "1")]
        await picker.type("", "Tab", "Tab")
        await expect(picker.close).to_be_focused()
        await picker.keyboard.press("Escape")
        await expect(picker.field).to_be_focused()

    async with clerk.page.expect_response("**/products/ids/?search=8809&*"):
        await picker.type("8809", "Enter")
    await clerk.settles()
    for code, quantity in (("", "2"), ("8801", "3"), ("8801", "4")):
        await picker.type(code, *(["Enter"] if code else []), "Tab")
        await expect(picker.list).to_be_focused()
        await picker.type(quantity, "Enter")
    await expect(picker.search).to_have_value("8809")
    assert await lines_of(db, presale) == [("FIRST-6631", "1")]
    await picker.type("", "Tab", "Tab", "Tab", "Tab")  # to nothing below the window
    await expect(picker.list).to_be_focused()


async def test_whoever_went_on_before_a_search_in_vain_is_called_back_and_nobody_waits_for_it_for_ever(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    await some_products(db, "8871", "8881")
    await clerk.add("presale_items")
    picker = Picker(clerk)
    await picker.open()
    async with clerk.answers_lost(SEARCHES, "GET"):
        await picker.type("8871", "Enter", "Tab")
        await clerk.sees_notice(NOBODY_ANSWERS)
    await expect(picker.list).to_be_focused()
    await picker.search.press("Enter")
    await picker.has_taken("8871 - Scanned")

    await clerk.page.evaluate(REMEMBER_PATIENCE)
    await picker.open()
    async with clerk.held_up(SEARCHES, "GET"):
        await picker.type("8881", "Enter", "Tab")
        await picker.type("2", "Enter")
        await expect(clerk.out_of_reach).to_be_visible()
        await clerk.page.evaluate(LOSE_PATIENCE)
        await expect(clerk.out_of_reach).to_have_count(0)
        await clerk.sees_notice(NOBODY_ANSWERS)
        await expect(picker.list).to_be_focused()


async def test_enter_after_a_code_may_be_forgotten_or_pressed_twice(clerk: Clerk, db: asyncpg.Connection) -> None:
    codes = ("66211", "66212", "66213")
    forgotten, twice = ("Tab",), ("Enter", "Enter", "Tab")
    presale, picker = await begins(clerk, db, *codes)
    for code, keys in zip(codes, (forgotten, twice, forgotten), strict=True):
        await picker.type(code)
        await expect(picker.offered.first).to_have_text(f"{code} - {SCANNED}")
        for key in keys:
            await picker.keyboard.press(key)
            await picker.has_taken(f"{code} - Scanned")
        await picker.type("2", "Enter")
        await begins_anew(clerk, picker)
    assert await lines_of(db, presale) == [("FIRST-66211", "1"), *[(code, "2") for code in codes]]


async def test_a_second_code_or_a_quantity_without_tab_is_not_taken_for_the_first_code_and_costs_no_line(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    presale, picker = await begins(clerk, db, "6625", "6626", "6623", "6624")
    async with clerk.held_up(SEARCHES, "GET") as go_on:
        await picker.type("6625", "Enter")
        await picker.type("6626", "Enter")
        await expect(picker.search).to_have_value("6625")
        await expect(picker.list).to_be_focused()
        go_on.set()
        await clerk.settles()
    await picker.type("", "Tab")
    await picker.type("3", "Enter")
    await clerk.settles()
    await expect(picker.list).to_be_focused()
    assert await lines_of(db, presale) == [("FIRST-6625", "1")]

    await picker.keyboard.press("Escape")
    await expect(picker.field).to_be_focused()
    await picker.type("6623", "Enter")
    await picker.has_taken("6623 - Scanned")
    await picker.type("2", "Enter")
    await expect(picker.list).to_be_focused()
    await picker.type("6624", "Enter", "Tab")
    await picker.type("3", "Enter")
    await clerk.settles()
    await expect(picker.list).to_be_focused()
    await expect(picker.field).to_have_value(f"6623 - {SCANNED}")
    assert await lines_of(db, presale) == [("FIRST-6625", "1")]
