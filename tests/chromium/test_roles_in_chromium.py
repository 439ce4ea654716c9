"""A sale from beginning to end in a real Chromium, what each role is shown."""

import re
import uuid
from decimal import Decimal

import asyncpg
import httpx
from playwright.async_api import expect

from tests.support.browser import CREATE, SAVE, Clerk, as_a, sees_beside
from tests.support.builders import a_customer, a_line, a_presale, a_presale_that_is, a_product, row
from tests.support.clients import NO_CERTIFICATES, a_token, bearer

HEADING = ".header h1, h1:has(~ form)"
FOR_ALL = ["Sales", "Customers", "Pre-sales", "Pre-sale items", "Catalogue", "Products"]


async def test_a_sale_from_the_first_log_in_to_the_stock(clerk: Clerk, db: asyncpg.Connection) -> None:
    product = await a_product(db, code="CAFE", name="Café torrado", stock=10, sale_price="32.50")
    await clerk.add("customers", name="Zé da Silva Primeiro", email="ze@example.com", phone="(11) 98765-4321")
    await clerk.fill(cpf="529.982.247-26")
    await clerk.create()
    await clerk.sees_refusal("CPF: This is not a valid CPF. Please check its digits.")
    clerk.expects_refusal(422)
    await clerk.fill(cpf="529.982.247-25")
    await clerk.create()
    await clerk.sees_form()
    await clerk.sees_value("cpf", "529.982.247-25")

    await clerk.add("presales")
    await expect(clerk.page.locator("form label:visible")).to_have_text(  # what the database fills in is not asked for
        [re.compile(text) for text in ("Customer", "Discount", "Notes")]
    )
    await clerk.pick("customer_id", "silva primeiro", "Zé da Silva")
    await clerk.create()
    await clerk.sees_form()
    presale, number = clerk.row_id, await clerk.field("number").input_value()

    await clerk.add("presale_items", quantity="2.5")
    await clerk.pick("presale_id", number, f"#{number} Zé da Silva")
    await clerk.pick("product_id", "cafe", "CAFE - Café torrado")
    await clerk.create()
    await clerk.sees_form()
    await clerk.sees_value("unit_price", "32.50")
    await clerk.sees_value("total_price", "81.25")

    await clerk.open("presales", presale)
    await clerk.sees_value("total", "81.25")
    for status in ("pending", "approved", "converted"):
        version = await clerk.version.input_value()
        await clerk.choose(status=status)
        await clerk.save()
        await expect(clerk.version).not_to_have_value(version)
    await expect(clerk.field("notes")).not_to_be_editable()
    await expect(clerk.page.locator(SAVE)).to_be_hidden()
    await expect(clerk.page.locator(HEADING)).to_have_text("Pre-sale")
    sent: list[str] = []
    clerk.page.on("request", lambda request: sent.append(request.method))
    await clerk.field("discount").press("Enter")
    await clerk.settles()
    assert sent == []
    await clerk.page.locator(".related_tables a").click()
    lines = clerk.page.locator(".table_wrapper tbody tr")
    await expect(lines).to_have_count(1)
    for writing in ".title_bar [href$='/add/']", ".table_wrapper tbody input":
        await expect(clerk.page.locator(writing)).to_be_hidden()
    await lines.get_by_role("link", name="2.500").click()
    await clerk.sees_value("quantity", "2.500")
    await expect(clerk.field("quantity")).not_to_be_editable()
    await expect(clerk.page.locator(HEADING)).to_have_text("Pre-sale item")
    await expect(clerk.page.get_by_text("Computed by the database.")).to_be_visible()
    await expect(clerk.page.get_by_text("Left empty")).to_be_hidden()
    await expect(clerk.page.locator(f"{SAVE}, [data-uitest=drop_down_button]").locator("visible=true")).to_have_count(0)
    after = await row(db, "presales", uuid.UUID(presale))
    assert (after["status"], after["total"]) == ("converted", Decimal("81.25"))
    assert (await row(db, "products", product))["stock"] == 7


async def test_the_links_lead_somewhere_without_asking_elsewhere(clerk: Clerk) -> None:
    await clerk.list("users")
    health = await clerk.page.get_by_role("link", name="Health").get_attribute("href")
    assert (await clerk.page.request.get(f"{clerk.address}{health}")).ok
    async with clerk.held_up("**/openapi.json", "GET"):  # to show all of it would take as long as three other tests
        async with clerk.page.expect_request(f"{clerk.address}/openapi.json"):
            await clerk.page.get_by_role("link", name="API documentation").click()
        await expect(clerk.page.locator(".swagger-ui .loading")).to_be_attached()
        await clerk.page.goto("about:blank")


@as_a("manager")
async def test_a_manager_reads_the_audit_trail_and_finds_nothing_to_write_with(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    customer = await a_customer(db, name="Audited", address=None)
    async with httpx.AsyncClient(base_url=clerk.address, verify=NO_CERTIFICATES) as api:
        headers = bearer(await a_token(db, "manager@flowcrm.example"))
        change = {"name": "Renamed", "address": "Rua Nova, 1"}
        assert (await api.patch(f"/api/customers/{customer}/", json=change, headers=headers)).status_code == 200

    rows = await clerk.list("audit_trail", f"?row_id={customer}")
    changes, anything = re.compile(r"Name: Audited → Renamed\s+Address: – → Rua Nova, 1"), re.compile(".")
    await expect(rows.locator("td:visible")).to_have_text(
        [
            *(anything, "manager@flowcrm.example", "Changed", "Customers", "Renamed", changes),
            *(anything, anything, "Created", "Customers", "Audited", "NULL"),
        ]
    )
    writing = clerk.page.locator(f"{SAVE}, {CREATE}, .delete, [href$='/add/'], tbody input, .title_bar .subtle")
    await expect(writing.locator("visible=true")).to_have_count(0)
    await clerk.page.click("[data-uitest=sort_button]")
    offered = clerk.page.locator("[data-uitest=sort_by_selector] option:not([hidden])")
    await expect(offered).to_have_text(["When"])

    await clerk.page.keyboard.press("Escape")
    await rows.first.locator(".link a").click()
    await expect(clerk.field("changes")).to_have_value("Name: Audited → Renamed\nAddress: – → Rua Nova, 1")
    await expect(clerk.page.locator(HEADING)).to_have_text("Entry")
    await expect(writing.locator("visible=true")).to_have_count(0)


@as_a("employee")
async def test_an_employee_is_told_what_is_for_others(clerk: Clerk, db: asyncpg.Connection) -> None:
    not_allowed = "Your role does not allow this."
    presale = await a_presale_that_is(db, "pending")
    await clerk.add("products")
    await expect(clerk.page.locator(HEADING)).to_have_text("Product")
    await expect(clerk.field("code")).not_to_be_editable()
    await expect(clerk.page.locator(CREATE)).to_be_hidden()
    await clerk.open("presales", presale)
    await expect(clerk.field("status").locator("option:enabled")).to_have_text(["Draft", "Pending", "Cancelled"])
    await clerk.list("customers")
    await expect(clerk.side_bar).to_have_text(FOR_ALL)
    await clerk.page.goto(f"{clerk.address}/admin/#/users/")
    await clerk.sees_notice(not_allowed)
    wrapper = clerk.page.locator(".wrapper")
    await sees_beside(wrapper, f'"{not_allowed}"')
    await clerk.page.goto(f"{clerk.address}/admin/#/customers/")
    await expect(clerk.page.locator("#result_count")).to_be_visible()
    await sees_beside(wrapper, "none")
    clerk.expects_refusal(403)


@as_a("employee")
async def test_whoever_may_not_change_products_or_delete_customers_is_not_offered_to(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    add, menu = clerk.page.locator("a[href$='/add/']"), clerk.page.locator("[data-uitest=drop_down_button]")
    await a_customer(db, name="Not Yours")
    item = await a_line(
        db, await a_presale(db), product_id=await a_product(db, code="NOT-YOURS", sale_price="1234567.80")
    )
    rows = await clerk.list("products", "?code=NOT-YOURS")
    await expect(rows.get_by_text("1,234,567.80", exact=True)).to_be_visible()
    await expect(add).to_be_hidden()
    await rows.locator(".link a").first.click()
    await clerk.sees_form()
    await expect(clerk.page.get_by_label("Sale price", exact=True)).not_to_be_editable()
    await expect(clerk.page.locator(SAVE)).to_be_hidden()
    await clerk.page.get_by_label("Code", exact=True).press("Enter")
    await clerk.settles()
    await expect(clerk.page.locator(".errors")).to_have_count(0)

    rows = await clerk.list("customers", "?name=Not+Yours")
    await expect(add).to_be_visible()
    await rows.locator("td:last-child a").first.click()
    await expect(rows.locator("[data-icon=pen-to-square]")).to_be_visible()
    await expect(rows.locator(".delete")).to_be_hidden()
    await rows.locator("input").check()
    await expect(clerk.page.get_by_text("Update 1 row")).to_be_visible()
    await expect(clerk.page.locator(".button:has([data-icon=trash-can])")).to_be_hidden()
    await rows.locator(".link a").first.click()
    await clerk.sees_form()
    await expect(clerk.page.locator(SAVE)).to_be_visible()
    await expect(clerk.page.locator(HEADING)).to_have_text("Edit customer")
    await expect(menu).to_be_hidden()

    await clerk.open("presale_items", item)
    await expect(menu).to_be_visible()
    await expect(clerk.page.locator("form label a[href$='/presales/add/']")).to_be_visible()
    await expect(clerk.page.locator("form label a[href$='/products/add/']")).to_be_hidden()
