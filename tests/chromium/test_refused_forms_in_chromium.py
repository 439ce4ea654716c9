"""Forms in a real Chromium that are refused, out of date or unanswered: why is said, and what was typed is kept."""

import re

import asyncpg
from playwright.async_api import expect

from tests.support.browser import Clerk, as_a
from tests.support.builders import a_customer, a_line, a_presale, row


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


async def test_a_form_that_is_out_of_date_overwrites_and_deletes_nothing_and_keeps_what_was_typed_when_loaded_again(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    customer = await a_customer(db, name="Before")
    rows = await clerk.list("customers", f"?id={customer}")
    changed = "Somebody changed this in the meantime. Load it again and repeat your change."
    for address in ("Rua Nova, 1", "Rua Nova, 2"):  # and what was typed first is given up by going elsewhere
        await rows.locator(".link a").first.click()
        await clerk.sees_form()
        await clerk.settles()
        await clerk.sees_value("name", "Before")
        await db.execute("UPDATE customers SET address = $2 WHERE id = $1", customer, address)
        await clerk.fill(name="After")
        await clerk.save()
        await clerk.sees_refusal(changed)
        if address == "Rua Nova, 1":
            await clerk.page.go_back()
            await expect(rows).to_have_count(1)
    await clerk.delete()
    await clerk.sees_notice(changed)
    clerk.expects_refusal(412)
    kept = await row(db, "customers", customer)
    assert (kept["name"], kept["address"]) == ("Before", "Rua Nova, 2")

    await clerk.page.reload()
    await clerk.sees_notice("What you had typed is in the form again.")
    await clerk.sees_value("name", "After")
    await clerk.save()
    await clerk.sees_notice("Successfully saved row")
    kept = await row(db, "customers", customer)
    assert (kept["name"], kept["address"]) == ("After", "Rua Nova, 2")


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


@as_a("employee", "pt-BR")
async def test_what_was_typed_or_chosen_and_does_not_fit_any_more_is_told(clerk: Clerk, db: asyncpg.Connection) -> None:
    changed = "Alguém alterou isto nesse meio-tempo. Carregue novamente e repita a sua alteração."
    fits_no_more = "Outros alteraram isto nesse meio-tempo. O que você tinha digitado não cabe mais:"
    presale = await a_presale(db)
    await a_line(db, presale)
    await clerk.open("presales", presale)
    await clerk.fill(discount="5", notes="Minhas")
    await db.execute("UPDATE presales SET status = 'pending' WHERE id = $1", presale)
    await clerk.save()
    await clerk.sees_refusal(changed)
    await clerk.page.reload()
    await clerk.sees_notice(f"{fits_no_more}\nDesconto: 5")
    await clerk.sees_value("discount", "0,00")
    await clerk.sees_value("notes", "Minhas")
    await clerk.save()
    await clerk.sees_notice("Alterações salvas")
    assert (await row(db, "presales", presale))["notes"] == "Minhas"

    await clerk.choose(status="cancelled")
    await clerk.fill(notes="Tardias")
    for status in ("approved", "converted"):
        await db.execute("UPDATE presales SET status = $2::text::presale_status WHERE id = $1", presale, status)
    await clerk.save()
    await clerk.sees_refusal(changed)
    clerk.expects_refusal(412)
    await clerk.page.reload()
    await clerk.sees_notice(f"{fits_no_more}\nSituação: Cancelada\nObservações: Tardias")


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
    delete = clerk.page.locator(".title_bar .button:has([data-icon=trash-can])")
    await expect(delete).to_have_css("z-index", "5001")  # above the notice
    button = await delete.bounding_box()
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
