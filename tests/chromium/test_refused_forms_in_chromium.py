"""Forms in a real Chromium that are refused, out of date or unanswered: why is said, and what was typed is kept."""

import re

import asyncpg
import httpx
from playwright.async_api import expect

from tests.support.browser import Clerk
from tests.support.builders import a_customer, a_line, a_presale, a_presale_that_is, a_product, row
from tests.support.clients import NO_CERTIFICATES, a_token, bearer


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


async def test_who_gets_no_answer_is_told_so_and_keeps_what_they_typed(clerk: Clerk, db: asyncpg.Connection) -> None:
    customer = await a_customer(db, name="Cut Off")
    await clerk.open("customers", customer)
    await clerk.settles()
    await clerk.fill(address="A long address")
    async with clerk.cut_off():
        await clerk.save()
        await clerk.sees_notice("The server does not answer. Look whether this was carried out before you try again.")
    await clerk.sees_value("address", "A long address")
    await clerk.save()
    await clerk.sees_notice("Successfully saved row")


async def test_a_form_that_is_out_of_date_overwrites_and_deletes_nothing(clerk: Clerk, db: asyncpg.Connection) -> None:
    customer = await a_customer(db, name="Before")
    await clerk.open("customers", customer)
    async with httpx.AsyncClient(base_url=clerk.address, verify=NO_CERTIFICATES) as api:
        headers = bearer(await a_token(db, "manager@flowcrm.example"))
        answer = await api.patch(f"/api/customers/{customer}/", json={"address": "Rua Nova, 1"}, headers=headers)
        assert answer.status_code == 200
    await clerk.fill(name="After")
    await clerk.save()
    changed = "Somebody changed this in the meantime. Load it again and repeat your change."
    await clerk.sees_refusal(changed)
    await clerk.delete()
    await clerk.sees_notice(changed)
    clerk.expects_refusal(412)
    kept = await row(db, "customers", customer)
    assert (kept["name"], kept["address"]) == ("Before", "Rua Nova, 1")

    await clerk.page.reload()
    await clerk.sees_notice("What you had typed is in the form again.")
    await clerk.sees_value("name", "After")
    await clerk.save()
    await clerk.sees_notice("Successfully saved row")
    kept = await row(db, "customers", customer)
    assert (kept["name"], kept["address"]) == ("After", "Rua Nova, 1")


async def test_what_others_saved_in_the_same_field_is_overwritten_by_nobody_who_was_not_told_last(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    customer = await a_customer(db, name="Before")
    await clerk.open("customers", customer)
    await db.execute("UPDATE customers SET name = 'Theirs' WHERE id = $1", customer)
    await clerk.fill(name="Mine")
    for _ in range(2):
        await clerk.save()
        await clerk.sees_refusal("Somebody changed this in the meantime. Load it again and repeat your change.")
        await clerk.page.reload()
        await clerk.sees_notice(re.compile("Others have changed the same meanwhile: note it, and reload the page."))
        await clerk.sees_value("name", "Mine")
    clerk.expects_refusal(412)
    await clerk.page.reload()
    await clerk.sees_value("name", "Theirs")
    await clerk.fill(name="Mine")
    await clerk.save()
    await clerk.sees_notice("Successfully saved row")


async def test_what_was_typed_and_does_not_fit_any_more_is_told(clerk: Clerk, db: asyncpg.Connection) -> None:
    presale = await a_presale(db)
    await a_line(db, presale)
    await clerk.open("presales", presale)
    await clerk.fill(discount="5", notes="Mine")
    await db.execute("UPDATE presales SET status = 'pending' WHERE id = $1", presale)
    await clerk.save()
    await clerk.sees_refusal("Somebody changed this in the meantime. Load it again and repeat your change.")
    clerk.expects_refusal(412)
    await clerk.page.reload()
    await clerk.sees_notice(
        "Others have changed this meanwhile. What you had typed does not fit any more:\nDiscount: 5"
    )
    await clerk.sees_value("discount", "0.00")
    await clerk.sees_value("notes", "Mine")
    await clerk.save()
    await clerk.sees_notice("Successfully saved row")
    assert (await row(db, "presales", presale))["notes"] == "Mine"


async def test_what_was_typed_into_a_form_that_is_out_of_date_is_given_up_by_going_elsewhere(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    customer = await a_customer(db, name="Before")
    await clerk.open("customers", customer)
    await db.execute("UPDATE customers SET address = 'Rua Nova, 1'")
    await clerk.fill(name="After")
    await clerk.save()
    await clerk.sees_refusal("Somebody changed this in the meantime. Load it again and repeat your change.")
    clerk.expects_refusal(412)
    await clerk.list("customers")
    await clerk.open("customers", customer)
    await clerk.settles()
    await clerk.sees_value("name", "Before")


async def test_too_little_stock_is_said_in_plain_words(clerk: Clerk, db: asyncpg.Connection) -> None:
    product = await a_product(db, code="QJ", name="Queijo", stock=1)
    presale = await a_presale_that_is(db, "approved", product_id=product, quantity="3")
    await clerk.open("presales", presale)
    await clerk.choose(status="converted")
    await clerk.save()
    await clerk.sees_refusal("There is too little stock of: QJ - Queijo.\nQJ - Queijo: 3 needed, 1 in stock.")
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
    await rows.locator("input").check()
    await clerk.delete_picked()
    await clerk.sees_notice(f"Kept Customer: {in_use}")
    message = await clerk.page.locator("#message_popup .message").bounding_box()
    button = await clerk.page.locator(".title_bar .button:has([data-icon=trash-can])").bounding_box()
    assert message
    assert button
    assert message["y"] + message["height"] < button["y"]
    await rows.locator("td:last-child a").first.click()
    await rows.locator("a.delete").click()
    await clerk.sees_notice(in_use)  # its own reason, without its name
    clerk.expects_refusal(409)
    assert [asked.split(",")[0] for asked in clerk.asked[::2]] == [
        "Are you sure you want to delete this row?\n\nKept Customer"
    ] * 2


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
