"""Logging in and out in a real Chromium, passwords, and what is kept of what was typed."""

import asyncio
import re
import uuid
from decimal import Decimal

import asyncpg
import pytest
from playwright.async_api import Route, expect

from accounts.passwords import DEMO_PASSWORD
from tests.support.browser import Clerk, as_a, sees_beside
from tests.support.builders import a_customer, a_presale, nth_cpf, row
from tests.support.clients import a_token

FOR_ALL = ["Sales", "Customers", "Pre-sales", "Pre-sale items", "Catalogue", "Products"]
FOR_MANAGERS = ["Oversight", "Audit trail"]


async def test_a_page_that_could_not_have_its_scripts_is_loaded_anew(clerk: Clerk) -> None:
    refused = []

    async def refuse_once(route: Route) -> None:
        refused.append(route.request.url)
        await (route.continue_() if len(refused) > 1 else route.fulfill(status=404))

    await clerk.route("**/static/*/lists.js", refuse_once)
    await clerk.list("users")
    await expect(clerk.page.locator(".search_box")).to_be_attached()
    assert len(refused) == 2
    assert await clerk.page.evaluate("sessionStorage.reloads") is None
    clerk.expects_refusal(404)


@as_a("")
async def test_a_log_in_says_what_is_wrong_and_leads_to_all_there_is(clerk: Clerk, db: asyncpg.Connection) -> None:
    failure = "INSERT INTO login_failures (account, address) VALUES ('admin@flowcrm.example', '192.0.2.1')"
    await db.executemany(failure, [()] * 5)
    await clerk.log_in("admin")
    await clerk.sees_notice("Too many failed log-ins. Please wait a minute and try again.")
    clerk.expects_refusal(429)
    await db.execute("DELETE FROM login_failures")
    await clerk.log_in_again("admin", "wrong")
    await clerk.sees_notice("The e-mail or the password is wrong.")
    assert await clerk.page.evaluate("JSON.stringify(sessionStorage)") == "{}", "what was typed here is not kept"
    await clerk.page.context.clear_cookies()  # which takes a second try
    await clerk.log_in_again()
    await clerk.sees_notice(re.compile("^Try again, or reload the page."))
    await clerk.log_in_again()
    await expect(clerk.page.locator(".welcome")).to_contain_text("Welcome to Flow CRM")
    assert not await clerk.page.locator("#message_popup").count(), "what was refused before is done"
    clerk.expects_refusal(401)
    clerk.expects_refusal(403)
    await expect(clerk.side_bar).to_have_text([*FOR_ALL, "Team", "Users", *FOR_MANAGERS])
    await clerk.page.click("#user")
    await clerk.page.click("[data-uitest=logout_button]")
    await expect(clerk.page.locator("[data-uitest=login_button]")).to_be_visible()
    await clerk.settles()
    clerk.expects_refusal(401)
    assert clerk.asked == ["Are you sure you want to logout?"]


async def test_what_was_typed_when_the_session_ended_is_there_again_and_the_rest_as_others_left_it(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    presale = await a_presale(db)
    rows = await clerk.list("presales", f"?id={presale}")
    await rows.locator(".link a").first.click()
    await clerk.sees_form()
    await clerk.settles()
    await clerk.fill(notes="A long text")
    await clerk.choose(status="cancelled")
    await clerk.loses_session(db)
    await clerk.save()
    await clerk.sees_notice("Please log in.")
    clerk.expects_refusal(401)
    other = await a_customer(db)
    await db.execute("UPDATE presales SET customer_id = $1, discount = 1.50 WHERE id = $2", other, presale)
    await clerk.log_in_again()
    await clerk.sees_notice("What you had typed is in the form again.")
    await clerk.sees_value("notes", "A long text")
    await clerk.sees_value("discount", "1.50")
    await clerk.save()
    await clerk.sees_notice("Successfully saved row")
    kept = await row(db, "presales", presale)
    assert (kept["notes"], kept["status"], kept["discount"]) == ("A long text", "cancelled", Decimal("1.50"))
    assert kept["customer_id"] == other
    await clerk.page.click(".inner > p a")  # back to the list, and not to the log-in
    await expect(clerk.page).to_have_url(f"{clerk.address}/admin/#/presales/?id={presale}")


async def test_a_list_is_filtered_as_it_was_when_the_session_ended(clerk: Clerk, db: asyncpg.Connection) -> None:
    await a_customer(db, name="Found Again")
    await a_customer(db, name="Not Looked For", cpf=nth_cpf(91_000_001))
    rows = await clerk.list("customers")
    await clerk.loses_session(db)
    await clerk.page.fill(".search_box", "Found")
    await clerk.page.press(".search_box", "Enter")
    await clerk.sees_notice("Please log in.")
    await clerk.log_in_again(password="mistyped")
    await clerk.sees_notice("The e-mail or the password is wrong.")
    await clerk.log_in_again()
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("Found Again")
    await expect(clerk.page.locator(".search_box")).to_have_value("Found")
    assert clerk.page.url.endswith("/admin/#/customers/?search=Found")
    clerk.expects_refusal(401)


async def test_a_row_that_was_picked_when_the_session_ended_is_picked_again(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    customer = await a_customer(db, name="Picked Again")
    await clerk.add("presales", notes="Picked by hand")
    async with clerk.page.expect_response("**/ids/?search=Picked*"):  # or it would be refused, too
        await clerk.pick("customer_id", "Picked", "Picked Again")
    await clerk.loses_session(db)
    await clerk.page.locator(".key_search:has([name=customer_id]) input[type=text]").click()
    await clerk.page.locator(".input_wrapper input:visible").fill("Maria")
    await clerk.sees_notice("Please log in.")
    clerk.expects_refusal(401)
    await clerk.log_in_again()
    await clerk.sees_value("notes", "Picked by hand")
    await expect(clerk.page.locator(".key_search > input[type=text]")).to_have_value("Picked Again")
    await clerk.create()
    await clerk.sees_notice("Successfully added row")
    assert await db.fetchval("SELECT customer_id FROM presales WHERE notes = 'Picked by hand'") == customer


@as_a("")
async def test_a_refusal_that_comes_after_the_log_in_leads_nowhere(clerk: Clerk, db: asyncpg.Connection) -> None:
    await a_customer(db, name="Logged In Meanwhile")
    has_logged_in = asyncio.Event()

    async def late(route: Route) -> None:
        answer = await route.fetch()
        if answer.status == 401:
            await has_logged_in.wait()
        await route.fulfill(response=answer)

    await clerk.route("**/tables/grouped/", late)
    await clerk.page.goto(f"{clerk.address}/admin/#/customers/?name=Logged+In+Meanwhile")
    await clerk.log_in_at_once()
    await expect(clerk.page.locator("#result_count")).to_be_visible()
    async with clerk.page.expect_response(lambda answer: answer.url.endswith("/grouped/") and answer.status == 401):
        has_logged_in.set()
    await clerk.settles()
    await expect(clerk.page.locator(".table_wrapper tbody tr")).to_have_count(1)
    await expect(clerk.page.locator("#message_popup")).to_have_count(0)
    clerk.expects_refusal(401)


async def test_a_user_needs_a_password_that_nobody_sees(clerk: Clerk, db: asyncpg.Connection) -> None:
    label = clerk.page.locator("form > div > div:has([name=password]) label")
    await clerk.add("users", email="nova@flowcrm.example", name="Nova", password="her-password")
    await sees_beside(label, '" *"')
    await expect(clerk.field("password")).to_have_attribute("autocomplete", "new-password")
    await expect(clerk.field("password")).to_have_css("-webkit-text-security", "disc")
    await clerk.choose(role="employee")
    await clerk.create()
    await clerk.sees_form()
    await sees_beside(label, "none")
    await clerk.sees_value("password", "")
    hashed = (await row(db, "users", uuid.UUID(clerk.row_id)))["password"]
    assert hashed.startswith("$argon2id$")
    await clerk.fill(name="Nova Lima")
    await clerk.save()
    await clerk.sees_notice("Successfully saved row")
    assert (await row(db, "users", uuid.UUID(clerk.row_id)))["password"] == hashed
    await clerk.fill(password="another-password")
    await clerk.save()
    await clerk.sees_value("password", "")
    assert (await row(db, "users", uuid.UUID(clerk.row_id)))["password"] != hashed


@as_a("manager")
async def test_a_password_is_changed_by_who_knows_the_old_one(clerk: Clerk, db: asyncpg.Connection) -> None:
    await a_customer(db)
    await clerk.list("customers")
    await clerk.page.click("#user")
    await clerk.page.get_by_text("Change Password").click()
    old, new, again = [clerk.page.locator("form [name=password]").nth(place) for place in range(3)]
    for typed, notice in (
        ("not-this-one", "Current password: This is not your current password."),
        (DEMO_PASSWORD, "Changed password successfully. You will be redirected to log in with your new credentials."),
    ):
        await old.fill(typed)
        await new.fill("a-new-password")
        await again.fill("a-new-password")
        await clerk.page.get_by_role("button", name="Change Password").click()
        await clerk.sees_notice(notice)
    clerk.expects_refusal(422)
    # It fades 2 s after the log-in has come: the page itself looks, at every frame.
    await clerk.page.wait_for_function(
        """(notice) => document.querySelector("[data-uitest=login_button]")
            && document.querySelector("#message_popup .message").textContent.trim() === notice""",
        arg=notice,
    )
    await clerk.settles()
    clerk.expects_refusal(401)


async def test_whoever_logs_in_in_another_tab_is_noticed_and_nothing_is_changed_in_their_name(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    customer = await a_customer(db, address="Rua A, 1")
    await clerk.open("customers", customer)
    await expect(clerk.page.get_by_text("admin@flowcrm.ex")).to_be_visible()
    await clerk.settles()
    await clerk.fill(address="Rua B, 2")
    await logs_in_elsewhere(clerk, db, "employee")
    await clerk.page.evaluate("window.dispatchEvent(new Event('focus'))")
    await expect(clerk.page.get_by_text("employee@flowcrm")).to_be_visible()
    await clerk.sees_form()
    await clerk.sees_value("address", "Rua A, 1")
    await logs_in_elsewhere(clerk, db, "admin")
    await clerk.page.evaluate("window.dispatchEvent(new Event('focus'))")
    await expect(clerk.page.get_by_text("admin@flowcrm.ex")).to_be_visible()
    await clerk.sees_value("address", "Rua B, 2")

    await clerk.settles()
    await logs_in_elsewhere(clerk, db, "employee")
    await clerk.save()  # which is the first that this tab hears of
    await clerk.sees_notice(re.compile("^Somebody has logged in anew in another tab"))  # for a while
    await expect(clerk.page.get_by_text("employee@flowcrm")).to_be_visible()
    await clerk.sees_form()
    assert (await row(db, "customers", customer))["address"] == "Rua A, 1"
    await clerk.fill(address="Rua C, 3")
    await clerk.save()
    await clerk.sees_notice("Successfully saved row")


async def logs_in_elsewhere(clerk: Clerk, db: asyncpg.Connection, role: str) -> None:
    """In another tab of the same browser."""
    cookies = {"id": await a_token(db, f"{role}@flowcrm.example"), "csrftoken": uuid.uuid4().hex}
    await clerk.page.context.add_cookies(
        [{"name": name, "value": text, "url": clerk.address} for name, text in cookies.items()]
    )


async def a_form_whose_session_ended(clerk: Clerk, db: asyncpg.Connection) -> uuid.UUID:
    """The id of its customer, half of whose new address was typed."""
    customer = await a_customer(db, address="Rua A, 1")
    await clerk.open("customers", customer)
    await clerk.settles()
    await clerk.fill(address="Rua A, 1, and half")
    await clerk.loses_session(db)
    await clerk.save()
    await clerk.sees_notice("Please log in.")
    return customer


async def test_what_was_typed_is_not_put_over_what_others_have_saved_meanwhile(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    customer = await a_form_whose_session_ended(clerk, db)
    await db.execute("UPDATE customers SET address = 'Rua B, 2' WHERE id = $1", customer)
    await clerk.log_in_again()
    await clerk.sees_notice(re.compile("Others have changed the same meanwhile"))
    await clerk.sees_value("address", "Rua A, 1, and half")
    await clerk.save()
    await clerk.sees_refusal("Somebody changed this in the meantime. Load it again and repeat your change.")
    assert (await row(db, "customers", customer))["address"] == "Rua B, 2"
    for status in (401, 412):
        clerk.expects_refusal(status)


@pytest.mark.parametrize("other", ["place", "person"])
async def test_what_was_typed_is_given_up_by_whoever_goes_on_elsewhere(
    clerk: Clerk, db: asyncpg.Connection, other: str
) -> None:
    await a_form_whose_session_ended(clerk, db)
    if other == "place":
        await clerk.page.goto("about:blank")
        await clerk.page.goto(f"{clerk.address}/admin/#/customers/")
    await clerk.log_in_again("admin" if other == "place" else "employee")
    if other == "place":
        await expect(clerk.page.locator("#result_count")).to_be_visible()
    else:
        await clerk.sees_form()
        await clerk.sees_value("address", "Rua A, 1")
    await clerk.page.wait_for_function("!('unsaved' in sessionStorage)")
    clerk.expects_refusal(401)
