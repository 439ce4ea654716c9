"""Forms of rows in a real Chromium, as they are left: by what leads back, by deletion, and where there is no row."""

import re

import asyncpg
import pytest
from playwright.async_api import expect

from tests.support.browser import Clerk
from tests.support.builders import a_customer, a_line, a_presale, a_product, row

BACK = ".inner > p a"
LEAVE = "What you changed is not saved. Leave it all the same?"
WAYS = {
    "back": lambda page: page.go_back(),
    "the link back": lambda page: page.click(BACK),
    "the lines": lambda page: page.click("a[href*='#/presale_items/?presale_id=']"),
    "the heading": lambda page: page.click("h1 a"),
}


async def test_a_row_that_is_deleted_from_its_form_leads_back_to_the_list_it_was_in(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    presale = await a_presale(db)
    gone, kept = await a_line(db, presale), await a_line(db, presale)
    await a_line(db, await a_presale(db))
    rows = await clerk.list("presale_items")
    await expect(rows).not_to_have_count(0)
    await clerk.page.evaluate(f"location.hash = '#/presale_items/?presale_id={presale}'")
    await expect(rows).to_have_count(2)
    await clerk.page.locator(f".link a[href*='{gone}']").click()
    await clerk.sees_form()
    await clerk.delete()
    await clerk.sees_notice("Successfully deleted row")
    await expect(rows).to_have_count(1)
    await expect(rows.locator(f".link a[href*='{kept}']")).to_be_visible()
    assert clerk.page.url.endswith(f"/#/presale_items/?presale_id={presale}")
    await clerk.page.go_back()
    await expect(rows.nth(1)).to_be_visible()
    number = (await row(db, "presales", presale))["number"]
    (asked,) = clerk.asked
    assert re.match(rf"Are you sure you want to delete this row\?\n\n#{number} .+, .+", asked), asked


async def test_where_there_is_no_row_there_is_its_list_and_the_reason(clerk: Clerk, db: asyncpg.Connection) -> None:
    await clerk._go("customers/not-an-id/")
    await clerk.sees_notice("There is no such row, or no longer.")
    await expect(clerk.page).to_have_url(f"{clerk.address}/admin/#/customers/")
    clerk.expects_refusal(422)

    customer = await a_customer(db, name="Soon Gone")
    rows = await clerk.list("customers", "?name=Soon+Gone")
    await expect(rows).to_have_count(1)
    await db.execute("DELETE FROM customers WHERE id = $1", customer)
    await rows.locator(".link a").first.click()
    await clerk.sees_notice("There is no such row, or no longer.")
    await expect(clerk.page).to_have_url(f"{clerk.address}/admin/#/customers/?name=Soon+Gone")
    await expect(rows).to_have_count(0)
    clerk.expects_refusal(404)
    assert clerk.asked == []


async def test_a_double_click_goes_back_once(clerk: Clerk, db: asyncpg.Connection) -> None:
    customer = await a_customer(db, name="Clicked Twice")
    await a_product(db)
    await clerk.list("products")
    await clerk.page.evaluate("location.hash = '#/customers/?name=Clicked+Twice'")
    await clerk.page.locator(f".link a[href*='{customer}']").click()
    await clerk.sees_form()
    await clerk.page.evaluate(f"for (const _ of [1, 2]) document.querySelector({BACK!r}).click()")
    await expect(clerk.page.locator("#result_count")).to_be_visible()
    await expect(clerk.page).to_have_url(f"{clerk.address}/admin/#/customers/?name=Clicked+Twice")


async def test_a_form_gone_to_by_its_address_offers_no_deletion_while_on_its_way_and_leads_back_to_the_list(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    customer = await a_customer(db)
    menu = clerk.page.locator("[data-uitest=drop_down_button]")
    async with clerk.held_up(f"**/customers/{customer}/*", "GET"):
        await clerk._go(f"customers/{customer}/")
        await expect(clerk.page.locator(".header h1")).to_be_visible()
        await expect(menu).to_be_hidden()
    await clerk.sees_form()
    await expect(menu).to_be_visible()
    await clerk.page.click(BACK)
    await expect(clerk.page).to_have_url(f"{clerk.address}/admin/#/customers/")
    await expect(clerk.page.locator("#result_count")).to_be_visible()


@pytest.mark.parametrize("way", WAYS)
async def test_whoever_leaves_what_is_not_saved_is_asked(clerk: Clerk, db: asyncpg.Connection, way: str) -> None:
    presale = await a_presale(db, notes="")
    await clerk.list("presales")
    await clerk.page.click(f".link a[href*='{presale}']")
    await clerk.sees_form()
    await clerk.fill(discount="5.00")
    clerk.agrees = False
    await WAYS[way](clerk.page)
    await clerk.settles()
    await clerk.sees_value("discount", "5.00")
    await expect(clerk.page).to_have_url(f"{clerk.address}/admin/#/presales/{presale}/")
    assert clerk.asked == [LEAVE]
    clerk.agrees = True
    await WAYS[way](clerk.page)
    await expect(clerk.field("discount")).to_have_count(0)
    assert clerk.asked == [LEAVE] * 2
    assert (await row(db, "presales", presale))["discount"] == 0


async def test_nobody_is_asked_who_changed_nothing_or_saved_or_deleted_it(clerk: Clerk, db: asyncpg.Connection) -> None:
    presale = await a_presale(db)
    await clerk.open("presales", presale)
    await clerk.fill(discount="5.00")
    await clerk.fill(discount="0.00")
    await clerk.page.click(BACK)
    await expect(clerk.page.locator("#result_count")).to_be_visible()

    await clerk.open("presales", presale)
    await clerk.fill(discount="5.00")
    await clerk.save()
    await clerk.sees_notice("Successfully saved row")
    await clerk.page.click(BACK)
    await expect(clerk.page.locator("#result_count")).to_be_visible()

    await clerk.add("products", code="NOT-ASKED", name="Caneta", unit="un", purchase_price="1", sale_price="2")
    await clerk.fill(sale_type="retail")
    await clerk.create()
    await clerk.sees_form()
    assert clerk.asked == []
    await clerk.fill(name="Given up")
    await clerk.delete()
    await clerk.sees_notice("Successfully deleted row")
    (asked,) = clerk.asked
    assert asked.startswith("Are you sure you want to delete this row?")


async def test_a_page_that_is_loaded_anew_asks_too_unless_it_keeps_what_was_typed(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    presale = await a_presale(db)
    await clerk.open("presales", presale)
    await clerk.field("discount").click()
    await clerk.page.keyboard.press("Control+A")
    await clerk.page.keyboard.type("5.00")
    clerk.agrees = False
    async with clerk.page.expect_event("dialog"):
        await clerk.page.evaluate("location.reload()")
    await clerk.sees_value("discount", "5.00")
    assert clerk.asked == ["beforeunload"]
    await db.execute("UPDATE presales SET notes = 'meanwhile' WHERE id = $1", presale)
    await clerk.save()
    await expect(clerk.page.locator(".errors li")).to_be_visible()
    clerk.expects_refusal(412)
    await clerk.page.reload()
    await clerk.sees_value("discount", "5.00")
    assert clerk.asked == ["beforeunload"]
