"""Lists in a real Chromium that come late, are refused, or get no answer: nothing else stands in their place."""

import asyncio
import re
from typing import Any

import asyncpg
from playwright.async_api import Route, expect

from tests.support.browser import APPLY, LOSE_PATIENCE, REMEMBER_PATIENCE, Clerk, sees_beside
from tests.support.builders import a_customer, a_presale, a_product
from tests.support.pickers import NOBODY_ANSWERS


async def test_a_list_that_is_asked_for_again_before_it_came_is_shown(clerk: Clerk, db: asyncpg.Connection) -> None:
    for name in ("slowly listed", "slowly shown"):
        await a_customer(db, name=name)
    asked_again, came = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        came.set()
        await asked_again.wait()
        await route.continue_()

    def is_list(answer: Any, *, first: bool) -> bool:
        return "__page=1" in answer.url and ("listed" in answer.url) is first

    await clerk.route("**/tables/customers/**listed*", late)
    await clerk.page.goto(f"{clerk.address}/admin/#/customers/?search=slowly+listed")
    await came.wait()
    async with clerk.page.expect_response(lambda answer: is_list(answer, first=False)):
        await clerk.page.evaluate("location.hash = '#/customers/?search=slowly'")
    async with clerk.page.expect_response(lambda answer: is_list(answer, first=True)):
        asked_again.set()
    await clerk.settles()
    await expect(clerk.page.locator(".table_wrapper tbody tr")).to_have_count(2)
    await expect(clerk.page.locator("#result_count")).to_have_text("Showing 2 of 2 result(s)")
    await clerk.page.unroute_all()


async def test_a_list_that_is_refused_shows_why_instead_of_other_rows(clerk: Clerk, db: asyncpg.Connection) -> None:
    why = "Total: This must be a number, such as 12.50."
    await a_presale(db)
    rows, wrapper = clerk.page.locator(".table_wrapper tbody tr"), clerk.page.locator(".table_wrapper")
    await clerk.page.goto(f"{clerk.address}/admin/#/presales/?total=five")
    await clerk.sees_notice(why)
    await expect(clerk.page.locator(".title h1")).to_be_visible()
    await sees_beside(wrapper, re.compile("Total: "))
    await clerk.page.click("[data-uitest=filter_button]")
    await clerk.sees_value("total", "five")
    await clerk.page.get_by_role("button", name="Clear filters").click()
    await expect(rows).not_to_have_count(0)
    await sees_beside(wrapper, "none")

    await clerk.fill(total="five")
    await clerk.page.click(APPLY)
    await expect(rows).to_have_count(0)
    await clerk.sees_notice(why)
    await expect(clerk.page.locator("#loading_indicator")).to_be_hidden()
    await sees_beside(wrapper, re.compile("Total: "))
    clerk.expects_refusal(422)


async def test_a_list_that_gets_no_answer_can_be_asked_for_and_gone_to_again_and_nobody_waits_for_it_for_ever(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    await a_customer(db, name="Unanswered")
    rows = await clerk.list("customers")
    await expect(rows).not_to_have_count(0)
    box, products = clerk.page.locator(".search_box"), clerk.side_bar.get_by_text("Products")
    async with clerk.cut_off():
        await box.fill("unanswered")
        await box.press("Enter")
        await clerk.sees_notice(NOBODY_ANSWERS)
        await expect(rows).to_have_count(0)
    await box.press("Enter")
    await expect(rows).to_have_text([re.compile("Unanswered")])

    await clerk.page.locator("#message_popup a").click()
    await expect(clerk.page.locator("#message_popup")).to_have_count(0)
    await clerk.page.evaluate(REMEMBER_PATIENCE)
    async with clerk.held_up("**/tables/products/schema/", "GET"):
        async with clerk.page.expect_request("**/tables/products/schema/"):
            await products.click()
        await clerk.page.evaluate(LOSE_PATIENCE)
        await clerk.sees_notice(NOBODY_ANSWERS)
    await expect(clerk.page.locator(".left_column")).to_have_count(0)
    await products.click()
    await expect(clerk.page.locator(".title h1")).to_have_text("Products")


async def test_a_list_is_not_asked_for_in_the_order_of_the_table_before(clerk: Clerk, db: asyncpg.Connection) -> None:
    """Whose schema comes when one has gone on already, and whose rows are counted until the next schema is there."""
    await a_customer(db)
    await a_product(db)
    may_go_on = {table: asyncio.Event() for table in ("presale_items", "products")}
    may_be_counted = asyncio.Event()

    async def held(route: Route) -> None:
        await may_go_on[route.request.url.split("/")[-3]].wait()
        await route.continue_()

    async def counted(route: Route) -> None:
        await may_be_counted.wait()
        await route.continue_()

    await clerk.list("customers")
    await clerk.route("**/schema/", held)
    await clerk.route("**/products/count/*", counted)
    for table, name in (("presale_items", "Pre-sale items"), ("products", "Products")):
        async with clerk.page.expect_request(f"**/{table}/schema/"):
            await clerk.page.locator(".sidebar").get_by_role("link", name=name).click()
    for table, may in may_go_on.items():
        async with clerk.page.expect_response(f"**/{table}/schema/"):
            may.set()
    may_be_counted.set()
    await expect(clerk.page.locator(".title h1")).to_have_text("Products")
    await expect(clerk.page.locator("#result_count")).to_be_visible()
    await clerk.settles()
    assert clerk.troubles == []
    await clerk.page.unroute_all()


async def test_an_earlier_list_does_not_stand_under_a_refused_question(clerk: Clerk, db: asyncpg.Connection) -> None:
    await a_presale(db, notes="earlier")
    earlier, refused = "**/presales/?*number=1&*", "**/presales/count/?*total=abc*"
    rows = await clerk.list("presales")
    await clerk.page.click("[data-uitest=filter_button]")
    async with clerk.held_up(earlier, "GET") as go_on:
        await clerk.fill(number="1")
        async with clerk.page.expect_request(earlier):
            await clerk.page.click(APPLY)
        await clerk.fill(number="", total="abc")
        async with clerk.page.expect_response(refused):
            await clerk.page.click(APPLY)
        async with clerk.page.expect_response(earlier):
            go_on.set()
    await clerk.settles()
    await clerk.sees_notice(re.compile("^Total: "))
    await expect(rows).to_have_count(0)
    await sees_beside(clerk.page.locator(".table_wrapper"), re.compile("Total: "))
    clerk.expects_refusal(422)
