"""Exports of lists in a real Chromium: whole, without repetition, and what is said where there is none."""

import re
import uuid
from datetime import UTC, datetime

import asyncpg
from playwright.async_api import Route, expect

from tests.support.browser import Clerk
from tests.support.builders import a_customer


async def test_what_comes_or_goes_during_an_export_neither_repeats_rows_nor_hides_them(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    about, pages = uuid.uuid4(), 0
    add = """
        INSERT INTO audit_trail (happened_at, who, database_role, table_name, action, row_id)
        SELECT $2, $3 || n, 'test', 'users', 'created', $1::uuid FROM generate_series(1, $4) AS n
    """
    newest = "SELECT id FROM audit_trail WHERE row_id = $1 ORDER BY happened_at DESC, id DESC LIMIT 5"
    await db.execute("SET session_replication_role = replica")
    await db.execute(add, about, datetime(2020, 1, 1, tzinfo=UTC), "old", 2001)

    async def meanwhile(route: Route) -> None:
        nonlocal pages
        pages += 1
        if pages == 2:
            await db.execute(add, about, datetime.now(UTC), "new", 2)
        if pages == 3:
            await db.execute(f"DELETE FROM audit_trail WHERE id IN ({newest})", about)
        await route.continue_()

    await clerk.list("audit_trail", f"?row_id={about}")
    await clerk.route("**/tables/audit_trail/?*__page_size=1000*", meanwhile)
    exported = await clerk.exports()
    await clerk.page.unroute_all()
    await db.execute("RESET session_replication_role")
    assert sorted(re.findall("old[0-9]+", exported)) == sorted(f"old{n}" for n in range(1, 2002))
    assert (pages, "new" in exported) == (3, False)


async def test_times_are_those_of_the_screen_as_spreadsheets_read_them(clerk: Clerk, db: asyncpg.Connection) -> None:
    at_night = datetime(2025, 6, 15, 1, 48, 0, 123_456, tzinfo=UTC)
    await a_customer(db, name="Of The Night", created_at=at_night)
    rows = await clerk.list("customers", "?name=Of+The+Night")
    await expect(rows).to_contain_text(["06/14/2025, 10:48 PM"])
    assert ',"2025-06-14 22:48:00"' in await clerk.exports()
    await clerk.live_by("UTC")
    await expect(rows).to_contain_text(["06/15/2025, 01:48 AM"])
    assert ',"2025-06-15 01:48:00"' in await clerk.exports()


async def test_a_list_is_exported_without_a_mouse_unless_it_is_empty_or_refused(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    await clerk.page.goto(f"{clerk.address}/admin/#/products/?code=NOBODY-CALLS-ONE-SO")
    await expect(clerk.page.get_by_text("No results found")).to_be_visible()
    export, window = clerk.page.locator("[data-uitest=csv_button]"), clerk.page.locator("[data-uitest=csv_modal]")
    await clerk.page.locator("[data-uitest=filter_button]").focus()
    await clerk.page.keyboard.press("Tab")
    await expect(export).to_be_focused()
    await clerk.page.keyboard.press("Enter")
    await expect(window.locator(":focus")).to_be_visible()
    await clerk.page.keyboard.press("Escape")
    await expect(window).to_be_hidden()
    await expect(export).to_be_focused()

    await clerk.page.keyboard.press("Enter")
    await clerk.page.click("[data-uitest=download_csv_button]")
    await clerk.sees_notice("There is nothing to export.")
    await export.click()
    await clerk.loses_session(db)
    await clerk.page.click("[data-uitest=download_csv_button]")
    await clerk.sees_notice("Please log in.")
    await expect(window).to_be_hidden()
    clerk.expects_refusal(401)
