"""Forms in a real Chromium: what is typed, picked, saved and refused."""

import asyncio
import re
import uuid
from datetime import UTC, datetime
from decimal import Decimal

import asyncpg
import httpx
from playwright.async_api import Route, expect

from tests.support.browser import Clerk, as_a, sees_beside
from tests.support.builders import a_customer, a_line, a_presale, a_presale_that_is, a_product, a_user, nth_cpf, row
from tests.support.clients import a_token, bearer


async def test_what_somebody_else_deleted_leaves_nobody_without_what_they_typed(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    gone = "This no longer exists: somebody has deleted it."
    customer = await a_customer(db, name="Deleted Meanwhile")
    await clerk.open("customers", customer)
    await db.execute("DELETE FROM customers WHERE id = $1", customer)
    await clerk.fill(address="A long address")
    await clerk.save()
    await clerk.sees_refusal(gone)
    await clerk.sees_value("address", "A long address")
    await clerk.delete()
    await clerk.sees_notice(gone)
    clerk.expects_refusal(404)
    assert clerk.row_id == str(customer)


@as_a("manager", "pt-BR")
async def test_a_price_may_be_typed_with_a_comma(clerk: Clerk, db: asyncpg.Connection) -> None:
    product = await a_product(db, sale_price="10.00")
    await clerk.open("products", product)
    await clerk.fill(sale_price="1.032,50")
    await clerk.save()
    await clerk.sees_value("sale_price", "1032,50")
    assert (await row(db, "products", product))["sale_price"] == Decimal("1032.50")


async def test_the_word_null_is_a_word(clerk: Clerk, db: asyncpg.Connection) -> None:
    customer = await a_customer(db, address="null")
    await clerk.open("customers", customer)
    version = await clerk.version.input_value()
    await clerk.fill(name="null")
    await clerk.save()
    await expect(clerk.version).not_to_have_value(version)
    now = await row(db, "customers", customer)
    assert (now["name"], now["address"]) == ("null", "null")


async def test_who_gets_no_answer_is_told_so_and_keeps_what_they_typed(clerk: Clerk, db: asyncpg.Connection) -> None:
    customer = await a_customer(db, name="Cut Off")
    await clerk.open("customers", customer)
    await clerk.page.wait_for_load_state("networkidle")
    await clerk.fill(address="A long address")
    async with clerk.cut_off():
        await clerk.save()
        await clerk.sees_notice("The server does not answer. Look whether this was carried out before you try again.")
    await clerk.sees_value("address", "A long address")
    await clerk.save()
    await clerk.sees_notice("Successfully saved row")


async def test_an_address_without_a_row_shows_no_empty_form(clerk: Clerk) -> None:
    for row_id in ("not-an-id", str(uuid.uuid4())):
        await clerk._go(f"customers/{row_id}/")
        await expect(clerk.page.get_by_text("Choose in the side bar")).to_be_visible()
        clerk.expects_refusal(422 if row_id == "not-an-id" else 404)
    assert clerk.asked == ["Page not found"] * 2


async def test_the_password_of_a_new_user_is_needed_and_not_filled_in(clerk: Clerk, db: asyncpg.Connection) -> None:
    await clerk.add("users")
    label = clerk.page.locator("form > div > div:has([name=password]) label")
    await sees_beside(label, '" *"')
    await expect(clerk.field("password")).to_have_attribute("autocomplete", "new-password")
    await clerk.open("users", await a_user(db))
    await sees_beside(label, "none")


async def test_a_whole_number_is_what_was_typed(clerk: Clerk, db: asyncpg.Connection) -> None:
    product = await a_product(db, stock=7)
    await clerk.open("products", product)
    await clerk.field("stock").click()
    await clerk.page.mouse.wheel(0, 400)
    await clerk.fill(name="Scrolled past")
    await clerk.save()
    await clerk.sees_notice("Successfully saved row")
    assert (await row(db, "products", product))["stock"] == 7
    await clerk.fill(stock="2,5")
    await clerk.save()
    await clerk.sees_refusal("Stock: This must be a whole number.")
    clerk.expects_refusal(422)
    assert (await row(db, "products", product))["stock"] == 7


async def test_times_are_written_for_people(clerk: Clerk, db: asyncpg.Connection) -> None:
    await a_customer(db, name="Old Timer", created_at=datetime(2020, 2, 29, 13, 5, tzinfo=UTC))
    rows = await clerk.list("customers", "?name=Old+Timer")
    await expect(rows.first).to_contain_text("02/29/2020, 10:05 AM")


async def test_what_the_database_fills_in_is_out_of_reach(clerk: Clerk, db: asyncpg.Connection) -> None:
    await clerk.open("presales", await a_presale(db))
    for name in ("number", "total"):
        await expect(clerk.page.locator(f"div[inert]:has([name={name}])")).to_be_visible()
    await clerk.add("presales")
    await expect(clerk.page.locator("form label:visible")).to_have_text(
        [re.compile(text) for text in ("Customer", "Status", "Discount", "Notes")]
    )


async def test_a_form_can_be_saved_again_and_again(clerk: Clerk, db: asyncpg.Connection) -> None:
    customer = await a_customer(db)
    await clerk.open("customers", customer)
    for phone, kept in (("11 3333-4444", "+551133334444"), ("(21) 98888-7777", "+5521988887777")):
        await clerk.fill(phone=phone)
        await clerk.save()
        await clerk.sees_value("phone", kept)
    assert (await row(db, "customers", customer))["phone"] == "+5521988887777"


async def test_a_form_that_is_out_of_date_overwrites_nothing(clerk: Clerk, db: asyncpg.Connection) -> None:
    customer = await a_customer(db, name="Before")
    await clerk.open("customers", customer)
    async with httpx.AsyncClient(base_url=clerk.address) as api:
        headers = bearer(await a_token(db, "manager@flowcrm.example"))
        answer = await api.patch(f"/api/customers/{customer}/", json={"address": "Rua Nova, 1"}, headers=headers)
        assert answer.status_code == 200
    await clerk.fill(name="After")
    await clerk.save()
    await clerk.sees_refusal("Somebody changed this in the meantime. Load it again and repeat your change.")
    clerk.expects_refusal(412)
    kept = await row(db, "customers", customer)
    assert (kept["name"], kept["address"]) == ("Before", "Rua Nova, 1")

    await clerk.open("customers", customer)
    await clerk.fill(name="After")
    await clerk.save()
    await clerk.sees_notice("Successfully saved row")
    assert (await row(db, "customers", customer))["address"] == "Rua Nova, 1"


async def test_too_little_stock_is_said_in_plain_words(clerk: Clerk, db: asyncpg.Connection) -> None:
    product = await a_product(db, name="Queijo", stock=1)
    presale = await a_presale_that_is(db, "approved", product_id=product, quantity="3")
    await clerk.open("presales", presale)
    await clerk.choose(status="converted")
    await clerk.save()
    await clerk.sees_refusal("There is too little stock of: Queijo.\nQueijo: 3 needed, 1 in stock.")
    clerk.expects_refusal(409)
    await db.execute("UPDATE products SET stock = 3 WHERE id = $1", product)
    await clerk.save()
    await clerk.sees_notice("Successfully saved row")


async def test_what_is_in_use_is_kept_wherever_it_is_to_be_deleted(clerk: Clerk, db: asyncpg.Connection) -> None:
    customer = await a_customer(db, name="Kept Customer")
    await a_presale(db, customer_id=customer)
    in_use = "This customer has pre-sales and cannot be deleted."
    await clerk.open("customers", customer)
    await clerk.delete()
    await clerk.sees_refusal(in_use)

    rows = await clerk.list("customers", "?name=Kept")
    await rows.locator("td:last-child a").first.click()
    await rows.locator("a.delete").click()
    await clerk.sees_notice(in_use)

    await rows.locator("input").check()
    async with clerk.page.expect_response(lambda answer: answer.request.method == "DELETE"):
        await clerk.page.click("[title='Delete selected Rows']")
    await clerk.sees_notice(f"Kept Customer: {in_use}")
    clerk.expects_refusal(409)
    assert clerk.asked[:2] == ["Are you sure you want to delete this row?"] * 2


async def test_a_line_that_is_added_to_the_lines_of_a_pre_sale_is_one_of_them(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    product, presale = await a_product(db, name="Added Product"), await a_presale(db)
    await a_line(db, presale, product_id=product)
    await clerk.list("presale_items", f"?presale_id={presale}")
    await clerk.page.get_by_text("Add Row").click()
    number = (await row(db, "presales", presale))["number"]
    shown = clerk.page.locator(".key_search:has([name=presale_id]) input[type=text]:visible")
    await expect(shown).to_have_value(re.compile(f"#{number} "))
    await clerk.fill(quantity="3")
    await clerk.pick("product_id", "added prod", "Added Product")
    await clerk.create()
    await clerk.sees_form()
    assert await db.fetchval("SELECT sum(quantity) FROM presale_items WHERE presale_id = $1", presale) == 3 + 1


async def test_what_changed_since_it_was_opened_is_not_deleted(clerk: Clerk, db: asyncpg.Connection) -> None:
    customer = await a_customer(db, name="Changed Meanwhile")
    await clerk.open("customers", customer)
    await db.execute("UPDATE customers SET address = 'Rua Nova, 1' WHERE id = $1", customer)
    await clerk.delete()
    await clerk.sees_notice("Somebody changed this in the meantime. Load it again and repeat your change.")
    clerk.expects_refusal(412)
    assert (await row(db, "customers", customer))["address"] == "Rua Nova, 1"


async def test_of_two_forms_the_one_that_was_opened_last_is_shown(clerk: Clerk, db: asyncpg.Connection) -> None:
    first, last = await a_customer(db, name="Opened First"), await a_customer(db, name="Opened Last")
    answered = asyncio.Event()

    async def late(route: Route) -> None:
        await answered.wait()
        await route.continue_()

    await clerk.list("customers", "?name=Opened")
    await clerk.page.route(f"**/tables/customers/{first}/**", late)
    await clerk.page.get_by_role("link", name="Opened First").click()
    await clerk.page.go_back()
    await clerk.page.get_by_role("link", name="Opened Last").click()
    await clerk.sees_value("name", "Opened Last")
    async with clerk.page.expect_event("requestfinished", lambda request: str(first) in request.url):
        answered.set()
    await clerk.page.wait_for_load_state("networkidle")
    await clerk.sees_value("name", "Opened Last")
    assert clerk.row_id == str(last)
    await clerk.page.unroute_all()


async def test_a_row_is_picked_by_the_keyboard(clerk: Clerk, db: asyncpg.Connection) -> None:
    await a_customer(db, name="Zuleica by Keyboard")
    await clerk.add("presales")
    field = clerk.page.locator(".key_search:has([name=customer_id]) input[type=text]")
    search, found = clerk.page.locator(".input_wrapper input"), clerk.page.locator(".results_list a")
    await field.click()
    await expect(search).to_be_focused()
    await clerk.page.keyboard.type("nobody is called so")
    await expect(found).to_have_text(["None"])
    await clerk.page.keyboard.press("Enter")
    await expect(search).to_be_visible()
    await clerk.page.keyboard.press("Escape")
    await expect(search).to_be_hidden()
    await field.click()
    await expect(search).to_be_focused()
    await clerk.page.keyboard.type("keyb zul")
    await expect(found).to_have_text(["None", "Zuleica by Keyboard"])
    await clerk.page.keyboard.press("Enter")
    await expect(search).to_be_hidden()
    await expect(field).to_have_value("Zuleica by Keyboard")
    assert clerk.row_id == "add", "and nothing was sent"


@as_a("manager", "pt-BR")
async def test_what_is_called_like_one_of_our_words_keeps_its_name(clerk: Clerk, db: asyncpg.Connection) -> None:
    home, _ = await a_customer(db, name="Home"), await a_customer(db, name="None")
    presale = await a_presale(db, customer_id=home, notes="Equals")
    await a_line(db, presale, product_id=await a_product(db, name="Health", code="Team"))
    number, found = (await row(db, "presales", presale))["number"], clerk.page.locator(".results_list:visible a")
    await clerk.add("presales")
    field = clerk.page.locator(".key_search:has([name=customer_id]) > input[type=text]")
    search = clerk.page.locator(".input_wrapper input")
    for typed, name in (("home", "Home"), ("none", "None")):
        await field.click()
        await expect(search).to_be_focused()
        await clerk.page.keyboard.type(typed)
        await expect(found).to_have_text(["Nenhum", name])
        await clerk.page.keyboard.press("Enter")
        await expect(search).to_be_hidden()
        await expect(field).to_have_value(name)

    rows = await clerk.list("presales", f"?customer_id={home}")
    await expect(rows.locator("td:visible").filter(has_text="Home")).to_have_text(["Home"])
    await clerk.page.click("[data-uitest=filter_button]")
    await field.click()
    await expect(search).to_be_focused()
    await clerk.page.keyboard.type("none")
    await expect(found).to_have_text(["Todos", "Nenhum", "None"])
    await clerk.page.keyboard.press("Enter")
    await expect(field).to_have_value("None")
    await clerk.open("presales", presale)
    await expect(field).to_have_value("Home")
    await clerk.sees_value("notes", "Equals")
    rows = await clerk.list("presale_items", f"?presale_id={presale}")
    await expect(rows.locator("td:visible").filter(has_text="#")).to_have_text([f"#{number} Home"])
    await expect(rows.locator("td:visible").filter(has_text="Team")).to_have_text(["Team - Health"])
    rows = await clerk.list("audit_trail", f"?row_id={home}")
    await expect(rows.locator("td:visible").filter(has_text="Home")).to_have_text(["Home"])


async def test_from_one_form_to_another_by_its_address(clerk: Clerk, db: asyncpg.Connection) -> None:
    ana, bia = [await a_customer(db, name=name) for name in ("Ana", "Bia")]
    product = await a_product(db, name="Bola")
    for path, name in ((f"customers/{ana}", "Ana"), (f"customers/{bia}", "Bia"), (f"products/{product}/", "Bola")):
        await clerk.page.goto(f"{clerk.address}/admin/#/{path}")
        await clerk.sees_value("name", name)
    for path, field in (("customers/add", "cpf"), ("products/add/", "code"), ("users/add", "password")):
        await clerk.page.goto(f"{clerk.address}/admin/#/{path}")
        await expect(clerk.field(field)).to_be_visible()
        await expect(clerk.page.locator("form [name=cpf]")).to_have_count(int(field == "cpf"))


async def test_a_row_created_from_a_form_without_the_last_slash_is_opened(clerk: Clerk) -> None:
    await clerk.page.goto(f"{clerk.address}/admin/#/customers/add")
    await clerk.page.wait_for_load_state("networkidle")
    await clerk.fill(name="Sem Barra", email="sb@example.com", phone="(11) 98765-4321", cpf=nth_cpf(4711))
    await clerk.create()
    await clerk.sees_form()
    await clerk.sees_value("name", "Sem Barra")


async def test_nobody_types_into_a_form_that_is_on_its_way(clerk: Clerk, db: asyncpg.Connection) -> None:
    customer = await a_customer(db, name="On Its Way")
    await clerk.open("customers", customer)
    async with clerk.held_up(f"**/customers/{customer}/", "PATCH") as go_on:
        await clerk.fill(address="Rua Dois")
        await clerk.field("address").press("Tab")
        await clerk.save()
        await expect(clerk.out_of_reach).to_be_visible()
        go_on.set()
        await clerk.sees_notice("Successfully saved row")
        await expect(clerk.out_of_reach).to_have_count(0)


async def test_whoever_went_back_is_not_led_to_what_was_created(clerk: Clerk, db: asyncpg.Connection) -> None:
    await clerk.list("customers")
    await clerk.page.get_by_text("Add Row").click()
    await clerk.page.wait_for_load_state("networkidle")
    await clerk.fill(name="Left Behind", email="l@example.com", phone="(11) 98765-4321", cpf=nth_cpf(4712))
    async with clerk.held_up("**/customers/", "POST") as go_on:
        await clerk.create()
        await expect(clerk.out_of_reach).to_be_visible()
        await clerk.page.go_back()
        await expect(clerk.page.locator("#result_count")).to_be_visible()
        go_on.set()
        await clerk.sees_notice("Successfully added row")
    await expect(clerk.out_of_reach).to_have_count(0)
    assert clerk.page.url.endswith("#/customers/")


async def test_nobody_types_before_a_new_form_has_what_it_begins_with(clerk: Clerk) -> None:
    async with clerk.held_up("**/products/new/", "GET") as go_on:
        await clerk._go("products/add/")
        await expect(clerk.field("stock")).to_be_visible()
        await expect(clerk.out_of_reach).to_be_visible()
        go_on.set()
        await expect(clerk.out_of_reach).to_have_count(0)
        await clerk.sees_value("stock", "0")


async def test_what_is_as_it_was_after_saving_is_shown_again(clerk: Clerk, db: asyncpg.Connection) -> None:
    product = await a_product(db, sale_price="7.80")
    line = await a_line(db, await a_presale(db), product_id=product)
    await clerk.open("presale_items", line)
    await clerk.fill(unit_price="")
    await clerk.save()
    await clerk.sees_notice("Successfully saved row")
    await clerk.sees_value("unit_price", "7.80")


async def test_what_is_refused_can_be_seen_in_a_small_window(clerk: Clerk, db: asyncpg.Connection) -> None:
    customer = await a_customer(db)
    size = clerk.page.viewport_size
    await clerk.page.set_viewport_size({"width": 1280, "height": 500})
    await clerk.open("customers", customer)
    await clerk.fill(cpf="111")
    await clerk.save()
    await clerk.sees_refusal("CPF: This is not a valid CPF. Please check its digits.")
    await expect(clerk.page.locator(".errors")).to_be_in_viewport()
    clerk.expects_refusal(422)
    assert size
    await clerk.page.set_viewport_size(size)
