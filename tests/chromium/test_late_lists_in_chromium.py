"""Lists in a real Chromium that come late, are refused, or get no answer: nothing else stands in their place."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from playwright.async_api import Request, Route, expect

from tests.support.browser import APPLY, LOSE_PATIENCE, REMEMBER_PATIENCE, Clerk, sees_beside
from tests.support.builders import a_customer, a_presale, a_product


@pytest.mark.parametrize("slow", ["count/?*listed*", "?*listed*"])
async def test_a_list_that_is_asked_for_again_before_it_came_is_shown(
    clerk: Clerk, db: asyncpg.Connection, slow: str
) -> None:
    word = f"slowly{len(slow)}"
    for name in (f"{word} listed", f"{word} shown"):
        await a_customer(db, name=name)
    asked_again, came = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        came.set()
        await asked_again.wait()
        await route.continue_()

    def is_list(answer: Any, *, first: bool) -> bool:
        return "__page=1" in answer.url and ("listed" in answer.url) is first

    await clerk.page.route(f"**/tables/customers/{slow}", late)
    await clerk.page.goto("about:blank")
    await clerk.page.goto(f"{clerk.address}/admin/#/customers/?search={word}+listed")
    await came.wait()
    async with clerk.page.expect_response(lambda answer: is_list(answer, first=False)):
        await clerk.page.evaluate(f"location.hash = '#/customers/?search={word}'")
    async with clerk.page.expect_response(lambda answer: is_list(answer, first=True)):
        asked_again.set()
    await clerk.settles()
    await expect(clerk.page.locator(".table_wrapper tbody tr")).to_have_count(2)
    await clerk.page.unroute_all()


async def test_the_side_bar_has_its_tables_however_late_they_come(clerk: Clerk, db: asyncpg.Connection) -> None:
    """The answer about them is not taken for an earlier list's, which would give way to that of the last."""
    await a_customer(db)
    listed = asyncio.Event()

    def hear(request: Request) -> None:
        if "/customers/?" in request.url:
            listed.set()

    async def late(route: Route) -> None:
        async with asyncio.timeout(10):
            await listed.wait()
        await route.continue_()

    clerk.page.on("requestfinished", hear)
    await clerk.page.route("**/tables/grouped/", late)
    await clerk.list("customers")
    await expect(clerk.side_bar.get_by_text("Customers")).to_be_visible()
    await clerk.page.unroute("**/tables/grouped/")
    clerk.page.remove_listener("requestfinished", hear)


async def test_a_list_that_is_refused_shows_why_instead_of_other_rows(clerk: Clerk, db: asyncpg.Connection) -> None:
    why = "Total: This must be a number, such as 12.50."
    await a_presale(db)
    rows = await clerk.list("presales")
    await clerk.page.click("[data-uitest=filter_button]")
    await clerk.fill(total="five")
    await clerk.page.click(APPLY)
    await clerk.sees_notice(why)
    await expect(clerk.page.locator("#loading_indicator")).to_be_hidden()
    wrapper = clerk.page.locator(".table_wrapper")
    await expect(rows).to_have_count(0)
    await sees_beside(wrapper, re.compile("Total: "))
    await clerk.page.reload()
    await clerk.sees_notice(why)
    await expect(clerk.page.locator(".title h1")).to_be_visible()
    await sees_beside(wrapper, re.compile("Total: "))
    await clerk.page.click("[data-uitest=filter_button]")
    await clerk.sees_value("total", "five")
    await clerk.page.get_by_role("button", name="Clear filters").click()
    await expect(rows).not_to_have_count(0)
    await sees_beside(wrapper, "none")
    clerk.expects_refusal(422)


async def test_nobody_waits_for_ever_for_a_list(clerk: Clerk) -> None:
    await clerk.list("customers")
    await clerk.page.evaluate(REMEMBER_PATIENCE)
    async with clerk.held_up("**/tables/products/schema/", "GET"):
        async with clerk.page.expect_request("**/tables/products/schema/"):
            await clerk.side_bar.get_by_text("Products").click()
        await clerk.page.evaluate(LOSE_PATIENCE)
        await clerk.sees_notice("The server can't be reached - please try later.")


async def test_a_list_that_gets_no_answer_can_be_asked_for_again(clerk: Clerk, db: asyncpg.Connection) -> None:
    await a_customer(db, name="Unanswered")
    rows = await clerk.list("customers")
    await expect(rows).not_to_have_count(0)
    box = clerk.page.locator(".search_box")
    async with clerk.cut_off():
        await box.fill("unanswered")
        await box.press("Enter")
        await clerk.sees_notice("The server can't be reached - please try later.")
        await expect(rows).to_have_count(0)
    await box.press("Enter")
    await expect(rows).to_have_text([re.compile("Unanswered")])


async def test_a_page_that_gets_no_answer_can_be_gone_to_again(clerk: Clerk, db: asyncpg.Connection) -> None:
    await a_customer(db)
    await clerk.list("customers")
    products = clerk.page.locator(".sidebar").get_by_role("link", name="Products")
    async with clerk.cut_off():
        await products.click()
        await clerk.sees_notice("The server can't be reached - please try later.")
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
    await clerk.page.route("**/schema/", held)
    await clerk.page.route("**/products/count/*", counted)
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


@pytest.mark.parametrize("first", ["the refusal", "the earlier list"])
async def test_an_earlier_list_does_not_stand_under_a_refused_question(
    clerk: Clerk, db: asyncpg.Connection, first: str
) -> None:
    await a_presale(db, notes="earlier")
    questions = {"the earlier list": "**/presales/?*number=1&*", "the refusal": "**/presales/count/?*total=abc*"}
    may_go_on = {name: asyncio.Event() for name in questions}

    def hold(name: str) -> Callable[[Route], Awaitable[None]]:
        async def held(route: Route) -> None:
            await may_go_on[name].wait()
            await route.continue_()

        return held

    rows = await clerk.list("presales")
    await clerk.page.click("[data-uitest=filter_button]")
    for (name, address), values in zip(
        questions.items(), ({"number": "1"}, {"number": "", "total": "abc"}), strict=True
    ):
        await clerk.page.route(address, hold(name))
        await clerk.fill(**values)
        async with clerk.page.expect_request(address):
            await clerk.page.click(APPLY)
    for name in sorted(questions, key=lambda name: name != first):
        async with clerk.page.expect_response(questions[name]):
            may_go_on[name].set()
    await clerk.sees_notice(re.compile("^Total: "))
    await expect(rows).to_have_count(0)
    await sees_beside(clerk.page.locator(".table_wrapper"), re.compile("Total: "))
    clerk.expects_refusal(422)
