"""Many rows at once, in a real Chromium."""

import re
from collections.abc import Awaitable, Callable

import asyncpg
from playwright.async_api import Route, expect

from tests.support.browser import Clerk, as_a
from tests.support.builders import a_customer, a_line, a_presale, a_product, row
from tests.support.concurrently import until_waiting
from tests.support.pickers import UNKNOWN


async def test_many_rows_are_changed_at_once_or_the_reason_is_given(clerk: Clerk, db: asyncpg.Connection) -> None:
    customers = [await a_customer(db, name=f"Bulk {number}") for number in range(3)]
    rows = await clerk.list("customers", "?name=Bulk")
    await clerk.pick_all()
    await clerk.page.get_by_text("Update 3 rows").click()
    offered = clerk.page.locator("select[name=property] option")
    await expect(offered).to_have_text(["Select a Column", "Name", "E-mail", "Phone", "Address"])
    await clerk.page.select_option("select[name=property]", "email")
    await clerk.fill(email="nobody")
    update = clerk.page.get_by_role("button", name="Update")
    await update.click()
    await clerk.sees_notice("E-mail: This is not a valid e-mail address.")
    clerk.expects_refusal(422)
    await clerk.fill(email="all@example.com")
    await update.click()
    await expect(rows.get_by_text("all@example.com")).to_have_count(3)
    assert {(await row(db, "customers", customer))["email"] for customer in customers} == {"all@example.com"}
    assert clerk.asked == ["Are you sure you want to change 3 selected row(s)?"] * 2


async def test_many_rows_are_asked_about_before_a_status_that_is_final_and_those_that_are_refused_are_named(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    customer = await a_customer(db, name="Bulk of Sales")
    presales = [await a_presale(db, customer_id=customer) for _ in range(3)]  # the newest is shown, and changed, first
    await a_line(db, presales[1])
    numbers = [(await row(db, "presales", presale))["number"] for presale in presales]
    rows = await clerk.list("presales", f"?customer_id={customer}")
    await expect(rows).to_have_text([re.compile(str(number)) for number in reversed(numbers)])
    await clerk.pick_all()
    await clerk.page.get_by_text("Update 3 rows").click()
    await clerk.page.select_option("select[name=property]", "status")
    status, update = clerk.page.locator("form [name=status]:visible"), clerk.page.get_by_role("button", name="Update")
    await status.select_option("cancelled")
    clerk.agrees = False
    await update.click()
    await clerk.settles()
    assert clerk.asked == ["Are you sure you want to change 3 selected row(s)?\n\nThis is final.\nStatus: Cancelled"]
    assert [(await row(db, "presales", one))["status"] for one in presales] == ["draft"] * 3
    clerk.agrees = True
    await status.select_option("pending")
    await update.click()
    why = "A pre-sale without items cannot be submitted."
    await clerk.sees_notice(f"{numbers[2]}: {why}\n{numbers[0]}: {why}\n1 done.")
    clerk.expects_refusal(409)
    await expect(rows).to_have_text([re.compile(status) for status in ("Draft", "Pending", "Draft")])
    await expect(rows.filter(has=clerk.page.locator("input:checked"))).to_have_text([re.compile("Draft")] * 2)


async def test_those_rows_are_deleted_that_were_picked_whatever_is_shown_meanwhile(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    product = await a_product(db, code="MEANWHILE")
    for number in range(3):
        await a_customer(db, name=f"Wanda {number}")
    await clerk.list("products", "?code=MEANWHILE")
    await clerk.page.locator(".sidebar").get_by_text("Customers", exact=True).click()
    rows = clerk.page.locator(".table_wrapper tbody tr")
    await clerk.page.fill(".search_box", "Wanda")
    await clerk.page.press(".search_box", "Enter")
    await expect(rows).to_have_count(3)
    await rows.nth(0).locator("input").check()
    await rows.nth(1).locator("input").check()
    async with clerk.held_up("**/customers/*/", "DELETE") as go_on:
        await clerk.delete_picked()
        await expect(clerk.out_of_reach).to_be_visible()
        await expect(clerk.page.locator("body")).to_have_css("content", '"0 / 2"', pseudo="after")
        await clerk.page.go_back()
        await expect(rows).to_contain_text(["MEANWHILE"])
        go_on.set()
        await clerk.sees_notice("Successfully deleted rows")
    await expect(clerk.out_of_reach).to_have_count(0)
    assert await db.fetchval("SELECT count(*) FROM customers WHERE name LIKE 'Wanda%'") == 1
    assert await db.fetchval("SELECT count(*) FROM products WHERE id = $1", product) == 1


async def test_a_value_that_is_too_much_for_one_of_many_rows_is_given_to_the_others(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    presale = await a_presale(db)
    cheap, dear = await a_product(db, code="CHEAP", name="Cheap"), await a_product(db, code="DEAR", name="Dear")
    await a_line(db, presale, product_id=cheap, quantity="1", unit_price="0.50")
    await a_line(db, presale, product_id=dear, quantity="1", unit_price="50.00")
    rows = await clerk.list("presale_items", f"?presale_id={presale}")
    await expect(rows).to_have_count(2)
    await clerk.pick_all()
    await clerk.page.get_by_text("Update 2 rows").click()
    await clerk.page.select_option("select[name=property]", "discount")
    await clerk.fill(discount="1")
    await clerk.page.get_by_role("button", name="Update").click()
    await clerk.sees_notice(re.compile("^#.*, CHEAP.*: The discount is more than this item costs.*1 done.$", re.DOTALL))
    clerk.expects_refusal(422)
    lines = await db.fetch("SELECT discount FROM presale_items WHERE presale_id = $1 ORDER BY discount", presale)
    assert [str(line["discount"]) for line in lines] == ["0.00", "1.00"]


@as_a("admin", "pt-BR")
async def test_of_many_rows_those_that_are_in_use_are_named_and_stay_picked_and_the_others_are_deleted(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    customers = [await a_customer(db, name=f"Zeca {number:02}") for number in range(12)]
    for customer in customers[:10]:
        await a_presale(db, customer_id=customer)
    rows = await clerk.list("customers", "?name=Zeca&__order=name")
    await expect(rows).to_have_count(12)
    await clerk.pick_all()
    await clerk.delete_picked()
    why = "Este cliente tem pré-vendas e não pode ser excluído."
    named = "".join(f"Zeca {number:02}: {why}\n" for number in range(8))
    await clerk.sees_notice(f"{named}2 outro(s) recusado(s).\n2 feito(s).")
    await expect(rows).to_have_count(10)
    clerk.expects_refusal(409)
    await expect(rows.locator("input:checked")).to_have_count(10)


@as_a("manager")
async def test_of_many_rows_it_is_said_how_many_were_done_before_the_session_ended(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    for number in range(4):
        await a_customer(db, name=f"Yuri {number}")
    rows = await clerk.list("customers", "?name=Yuri&__order=name")
    await expect(rows).to_have_count(4)
    await clerk.pick_all()
    counted = clerk.page.expect_response(re.compile("/count/"))  # is asked for in the end, and refused as well
    async with counted, db.transaction():
        await db.execute("SELECT FROM customers WHERE name = 'Yuri 1' FOR UPDATE")
        await clerk.delete_picked()
        await until_waiting(db, 1)
        await db.execute("DELETE FROM sessions")
    await clerk.sees_notice("Please log in.\n2 done.")
    clerk.expects_refusal(401)
    assert await db.fetchval("SELECT count(*) FROM customers WHERE name LIKE 'Yuri%'") == 2


async def test_of_many_rows_it_is_said_how_many_were_done_before_the_server_was_gone_or_somebody_else_deleted_them(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    for number in range(3):
        await a_customer(db, name=f"Xavier {number}")
    rows, notice = (
        await clerk.list("customers", "?name=Xavier&__order=name"),
        clerk.page.locator("#message_popup .message"),
    )
    await expect(rows).to_have_count(3)
    await clerk.pick_all()
    for body in "", "<html><h1>502</h1></html>":
        await clerk.route("**/customers/*/", _answering(body))
        await clerk.delete_picked()
        await clerk.sees_notice(UNKNOWN)
        await clerk.page.unroute_all()
        await clerk.page.locator("#message_popup a").click()
        await expect(notice).to_have_count(0)
    clerk.expects_refusal(502)
    assert await db.fetchval("SELECT count(*) FROM customers WHERE name LIKE 'Xavier%'") == 3

    async with clerk.cut_off_after("DELETE"):
        await clerk.delete_picked()
        await clerk.sees_notice(f"{UNKNOWN}\n1 done.")
        await expect(clerk.page.locator(".unlisted")).to_be_attached()
        await clerk.sees_notice(f"{UNKNOWN}\n1 done.")
    await expect(clerk.out_of_reach).to_have_count(0)
    assert await db.fetchval("SELECT count(*) FROM customers WHERE name LIKE 'Xavier%'") == 2

    await clerk.page.reload()
    await expect(rows).to_have_count(2)
    await clerk.pick_all()
    await db.execute("DELETE FROM customers WHERE name LIKE 'Xavier%'")
    await clerk.delete_picked()
    await clerk.sees_notice(re.compile("Xavier [12]: This no longer exists"))
    await expect(rows).to_have_count(0)
    clerk.expects_refusal(404)


async def test_windows_close_with_the_list_that_they_were_for_and_when_its_rows_are_not_picked_any_more(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    await a_presale(db, customer_id=await a_customer(db, name="Picked No More"))
    await clerk.list("customers", "?name=Picked No More")
    rows = await clerk.list("presales")
    await rows.first.locator("input").check()
    await clerk.page.get_by_text("Update 1 row").click()
    await clerk.page.locator("[name=property]").select_option("customer_id")
    await clerk.page.locator(".modal .key_search input[type=text]").click()
    windows = clerk.page.locator(".modal:visible")
    await expect(windows).to_have_count(2)
    await clerk.page.go_back()
    await expect(windows).to_have_count(0)

    await expect(rows).to_have_text([re.compile("Picked No More")])
    async with clerk.held_up("**/tables/customers/?*", "GET") as go_on:
        await rows.first.locator("input").check()
        await clerk.page.fill(".search_box", "more")
        await clerk.page.press(".search_box", "Enter")
        await clerk.page.get_by_text("Update 1 row").click()
        window = clerk.page.locator(".modal:has([name=property])")
        await expect(window).to_be_visible()
        go_on.set()
        await expect(window).to_have_count(0)


async def test_rows_are_not_emptied_by_a_field_that_nobody_filled_in_and_the_filters_beside_are_not_changed(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    customers = [await a_customer(db, name=f"Emptied {n}", address="Rua Um") for n in range(2)]
    rows = await clerk.list("customers", "?name=Emptied")
    await rows.locator(".link a").first.click()
    await clerk.sees_form()
    await clerk.page.go_back()
    await clerk.page.click("[data-uitest=filter_button]")
    await rows.first.locator("input").check()
    await clerk.page.get_by_text("Update 1 row").click()
    await clerk.page.select_option("select[name=property]", "address")
    update = clerk.page.get_by_role("button", name="Update")
    await update.click()
    await clerk.sees_notice("Type the new value, or tick that there is to be none.")
    assert [(await row(db, "customers", customer))["address"] for customer in customers] == ["Rua Um"] * 2
    await clerk.page.locator(".set_null input").check()
    await update.click()
    await clerk.sees_notice("Successfully updated rows")
    assert {(await row(db, "customers", customer))["address"] for customer in customers} == {"Rua Um", None}
    await expect(clerk.page.locator(".filter_wrapper [name=email]")).to_have_value("")
    await expect(clerk.page.locator(".filter_wrapper [name=name]")).to_have_value("Emptied")


async def test_what_was_typed_or_ticked_for_one_column_of_many_rows_is_not_meant_for_another(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    product = await a_product(db, code="TICK-1", stock=3)
    rows = await clerk.list("products", "?code=TICK-1")
    await rows.first.locator("input").check()
    await clerk.page.get_by_text("Update 1 row").click()
    await clerk.page.select_option("select[name=property]", "sale_price")
    await clerk.fill(sale_price="99.00")
    await clerk.page.select_option("select[name=property]", "purchase_price")
    await clerk.sees_value("purchase_price", "")
    await clerk.page.select_option("select[name=property]", "description")
    await clerk.page.locator(".set_null input").check()
    await clerk.page.select_option("select[name=property]", "stock")
    update = clerk.page.get_by_role("button", name="Update")
    await update.click()
    await clerk.sees_notice("Type the new value.")
    await clerk.page.locator(".modal form [name=stock]").fill("77")
    await update.click()
    await clerk.sees_notice("Successfully updated rows")
    assert (await row(db, "products", product))["stock"] == 77


def _answering(body: str) -> Callable[[Route], Awaitable[None]]:
    async def answer(route: Route) -> None:
        await route.fulfill(status=502, body=body)

    return answer
