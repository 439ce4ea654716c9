"""Forms in a real Chromium: opened, typed, picked and saved."""

import asyncio
import re
from decimal import Decimal

import asyncpg
from playwright.async_api import Route, expect

from tests.support.browser import LOSE_PATIENCE, REMEMBER_PATIENCE, SAVE, Clerk, as_a
from tests.support.builders import a_customer, a_line, a_presale, a_presale_that_is, a_product, a_user, nth_cpf, row
from tests.support.pickers import UNKNOWN


async def test_a_whole_number_is_what_was_typed_and_the_word_null_is_a_word(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    product = await a_product(db, stock=7, description="null")
    await clerk.open("products", product)
    await clerk.field("stock").click()
    await clerk.page.mouse.wheel(0, 400)
    await clerk.fill(name="null")
    await clerk.save()
    await clerk.sees_notice("Successfully saved row")
    now = await row(db, "products", product)
    assert (now["stock"], now["name"], now["description"]) == (7, "null", "null")
    await clerk.fill(stock="2,5")
    await clerk.save()
    await clerk.sees_refusal("Stock: This must be a whole number, in digits alone.")
    clerk.expects_refusal(422)
    assert (await row(db, "products", product))["stock"] == 7


async def test_a_form_shows_what_the_database_fills_in_and_begins_with_what_refers_to_its_row(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    presale = await a_presale(db)
    line = await a_line(db, presale, product_id=await a_product(db, sale_price="7.80"))
    await clerk.open("presales", presale)
    for name in ("Number", "Total"):
        await expect(clerk.page.get_by_role("textbox", name=name, exact=True)).not_to_be_editable()
    lines = clerk.page.locator(".related_tables a")
    await expect(lines).to_have_text(re.compile("Pre-sale items"))
    await expect(lines).to_be_in_viewport()
    await lines.click()
    await expect(clerk.page.locator(".table_wrapper tbody tr")).to_have_count(1)
    await expect(clerk.page).to_have_url(f"{clerk.address}/admin/#/presale_items/?presale_id={presale}")

    await clerk.page.locator(f".link a[href*='{line}']").first.click()
    await clerk.sees_form()
    await clerk.fill(unit_price="")
    await clerk.save()
    await clerk.sees_notice("Successfully saved row")
    await clerk.sees_value("unit_price", "7.80")


async def test_cpf_and_telephone_are_written_as_in_lists_and_what_is_typed_stays_while_it_is_refused(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    customer = await a_customer(db, cpf="70412389037", phone="+5511987654321")
    await clerk.open("customers", customer)
    await clerk.sees_value("cpf", "704.123.890-37")
    await clerk.sees_value("phone", "(11) 98765-4321")
    await clerk.fill(phone="+55 11 3333.444", cpf="704123890-37")
    size = clerk.page.viewport_size
    assert size
    await clerk.page.set_viewport_size({"width": size["width"], "height": 500})
    await clerk.save()
    await clerk.sees_refusal("Phone: This is not a Brazilian phone number with its area code, such as (11) 98765-4321.")
    clerk.expects_refusal(422)
    await expect(clerk.page.locator(".errors")).to_be_in_viewport()
    await clerk.page.set_viewport_size(size)
    await clerk.sees_value("phone", "+55 11 3333.444")
    await clerk.sees_value("cpf", "704123890-37")
    for phone, written in (("+55 11 3333.4444", "(11) 3333-4444"), ("+5521988887777", "(21) 98888-7777")):
        await clerk.fill(phone=phone)
        await clerk.save()  # again and again
        await clerk.sees_value("phone", written)
    await clerk.sees_value("cpf", "704.123.890-37")
    kept = await row(db, "customers", customer)
    assert (kept["cpf"], kept["phone"]) == ("70412389037", "+5521988887777")


async def test_of_two_forms_the_one_that_was_opened_last_is_shown(clerk: Clerk, db: asyncpg.Connection) -> None:
    first, last = await a_customer(db, name="Opened First"), await a_customer(db, name="Opened Last")
    answered = asyncio.Event()

    async def late(route: Route) -> None:
        await answered.wait()
        await route.continue_()

    await clerk.list("customers", "?name=Opened")
    await clerk.route(f"**/tables/customers/{first}/**", late)
    await clerk.page.get_by_role("link", name="Opened First", exact=True).click()
    await clerk.page.go_back()
    await clerk.page.get_by_role("link", name="Opened Last", exact=True).click()
    await clerk.sees_value("name", "Opened Last")
    async with clerk.page.expect_event("requestfinished", lambda request: str(first) in request.url):
        answered.set()
    await clerk.settles()
    await clerk.sees_value("name", "Opened Last")
    assert clerk.row_id == str(last)
    await clerk.page.unroute_all()


@as_a("manager", "pt-BR")
async def test_what_is_called_like_one_of_our_words_keeps_its_name(clerk: Clerk, db: asyncpg.Connection) -> None:
    home, _ = await a_customer(db, name="Home"), await a_customer(db, name="None")
    presale = await a_presale(db, customer_id=home, notes="Equals")
    await a_line(db, presale, product_id=await a_product(db, name="Health", code="Team"))
    number, found = (await row(db, "presales", presale))["number"], clerk.page.locator(".results_list a:visible")
    await clerk.add("presales")
    field = clerk.page.locator(".key_search:has([name=customer_id]) > input[type=text]")
    search = clerk.page.locator(".input_wrapper input")
    for typed, name in (("home", "Home"), ("none", "None")):
        await field.click()
        await expect(search).to_be_focused()
        await clerk.page.keyboard.type(typed)
        await expect(found).to_have_text([name])
        await clerk.page.keyboard.press("Enter")
        await expect(search).to_be_hidden()
        await expect(field).to_have_value(name)

    rows = await clerk.list("presales", f"?customer_id={home}")
    await expect(rows.locator("td:visible").filter(has_text="Home")).to_have_text(["Home"])
    await clerk.page.click("[data-uitest=filter_button]")
    await field.click()
    await expect(search).to_be_focused()
    await clerk.page.keyboard.type("none")
    await expect(found).to_have_text(["Todos", "None"])
    await clerk.page.keyboard.press("Enter")
    await expect(field).to_have_value("None")
    await rows.locator(".link a").first.click()
    await expect(field).to_have_value("Home")
    await clerk.sees_value("notes", "Equals")
    await clerk.page.locator(".related_tables a").click()
    await expect(rows.locator("td:visible").filter(has_text="#")).to_have_text([f"#{number} Home"])
    await expect(rows.locator("td:visible").filter(has_text="Team")).to_have_text(["Team - Health"])


async def test_from_one_form_to_another_by_its_address_with_the_last_slash_or_without_it(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    customer, product = await a_customer(db, name="Bia"), await a_product(db, name="Bola")
    for path, name in ((f"customers/{customer}", "Bia"), (f"products/{product}/", "Bola")):
        await clerk.page.goto(f"{clerk.address}/admin/#/{path}")
        await clerk.sees_value("name", name)
    for path, field in (("products/add/", "code"), ("customers/add", "cpf")):
        await clerk.page.goto(f"{clerk.address}/admin/#/{path}")
        await expect(clerk.field(field)).to_be_visible()
        await expect(clerk.page.locator("form [name=cpf]")).to_have_count(int(field == "cpf"))
    await clerk.settles()
    await clerk.fill(name="Sem Barra", email="sb@example.com", phone="(11) 98765-4321", cpf=nth_cpf(4711))
    await clerk.create()
    await clerk.sees_form()
    await clerk.sees_value("name", "Sem Barra")


async def test_nobody_types_into_a_form_that_is_on_its_way_and_who_gets_no_answer_is_told_so_and_keeps_what_they_typed(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    customer = await a_customer(db, name="On Its Way")
    await clerk.open("customers", customer)
    await clerk.settles()
    async with clerk.held_up(f"**/customers/{customer}/", "PATCH") as go_on:
        await clerk.fill(address="Rua Dois")
        await clerk.field("address").press("Tab")
        await clerk.save()
        await expect(clerk.out_of_reach).to_be_visible()
        go_on.set()
        await clerk.sees_notice("Successfully saved row")
        await expect(clerk.out_of_reach).to_have_count(0)
    await expect(clerk.page.locator(SAVE)).to_be_focused()

    await clerk.fill(address="Rua Três")
    async with clerk.cut_off():
        await clerk.save()
        await clerk.sees_notice(UNKNOWN)
    await clerk.sees_value("address", "Rua Três")
    await clerk.save()
    await clerk.sees_notice("Successfully saved row")
    await clerk.page.evaluate(REMEMBER_PATIENCE)
    async with clerk.held_up(f"**/customers/{customer}/", "PATCH"):
        await clerk.save()
        await expect(clerk.out_of_reach).to_be_visible()
        await clerk.page.evaluate(LOSE_PATIENCE)
        await clerk.sees_notice(UNKNOWN)
        await expect(clerk.out_of_reach).to_have_count(0)


@as_a("employee", "pt-BR")
async def test_what_is_final_is_asked_about_before_it_is_saved(clerk: Clerk, db: asyncpg.Connection) -> None:
    presale = await a_presale(db, customer_id=await a_customer(db, name="Zé {0} d'Ávila | @:Home 1.2"))
    number = (await row(db, "presales", presale))["number"]
    question = f"Isto é definitivo. Salvar mesmo?\n\n{number}, Zé {{0}} d'Ávila | @:Home 1.2\nSituação: Cancelada"
    await clerk.open("presales", presale)
    await clerk.fill(notes="O cliente desistiu")
    await clerk.save()
    await clerk.sees_notice("Alterações salvas")
    assert clerk.asked == []
    await clerk.field("status").press("End")
    clerk.agrees = False
    await clerk.save()
    await clerk.settles()
    assert clerk.asked == [question]
    assert (await row(db, "presales", presale))["status"] == "draft"
    await clerk.sees_value("status", "cancelled")
    clerk.agrees = True
    async with clerk.page.expect_response(f"**/presales/{presale}/"):
        await clerk.save()
    await expect(clerk.page.locator(SAVE)).to_be_hidden()
    assert clerk.asked == [question] * 2
    assert (await row(db, "presales", presale))["status"] == "cancelled"


async def test_a_choice_for_ones_own_account_is_asked_about(clerk: Clerk, db: asyncpg.Connection) -> None:
    own = await db.fetchval("SELECT id FROM users WHERE email = 'admin@flowcrm.example'")
    other = await a_user(db, email="promoted@flowcrm.example", role="employee")
    await clerk.open("users", other)
    await clerk.choose(role="manager")
    await clerk.save()
    await clerk.sees_notice("Successfully saved row")
    assert clerk.asked == []
    clerk.agrees = False
    rows = await clerk.list("users", "?email=admin@flowcrm.example")
    await clerk.pick_all()
    await clerk.delete_picked()
    [asked] = clerk.asked
    assert asked.endswith("1 selected row(s)?\n\nYour own account is among them.")
    await rows.locator(".link a").first.click()
    await clerk.sees_form()
    await clerk.choose(role="manager")
    await clerk.save()
    await clerk.settles()
    _, asked = clerk.asked
    assert asked.startswith("This is your own account. Save it?\n\n")
    assert asked.endswith("\nRole: Manager")
    assert (await row(db, "users", own))["role"] == "admin"


@as_a("manager")
async def test_a_form_offers_what_the_status_lets_change(clerk: Clerk, db: asyncpg.Connection) -> None:
    presale, other = await a_presale_that_is(db, "pending"), await a_customer(db, name="Other Customer")
    offered, menu = (
        clerk.field("status").locator("option:enabled"),
        clerk.page.locator("[data-uitest=drop_down_button]"),
    )
    await clerk.open("presales", presale)
    await expect(offered).to_have_text(["Draft", "Pending", "Approved", "Cancelled"])
    await expect(clerk.field("discount")).not_to_be_editable()
    await clerk.choose(status="draft")
    await clerk.save()
    await expect(offered).to_have_text(["Draft", "Pending", "Cancelled"])
    await expect(menu).to_be_visible()
    await clerk.fill(discount="0.5")
    await clerk.pick("customer_id", "other", "Other Customer")
    await clerk.choose(status="pending")
    await clerk.save()
    await expect(clerk.field("discount")).not_to_be_editable()
    after = await row(db, "presales", presale)
    assert (after["customer_id"], after["discount"], after["status"]) == (other, Decimal("0.5"), "pending")

    await clerk.choose(status="approved")
    await clerk.save()
    await expect(offered).to_have_text(["Approved", "Cancelled", "Converted"])
    await expect(clerk.field("discount")).not_to_be_editable()
    await expect(clerk.field("notes")).to_be_editable()
    await expect(menu).to_be_hidden()
