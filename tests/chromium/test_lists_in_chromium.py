"""Lists in a real Chromium: filtered, searched, sorted, paged and exported."""

import re
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from playwright.async_api import expect

from backoffice.api.totals import MAX_COUNTED_ROWS
from tests.support.browser import APPLY, Clerk, as_a, sees_beside
from tests.support.builders import a_customer, a_presale, row


async def test_a_list_is_filtered_sorted_paged_and_exported(clerk: Clerk, db: asyncpg.Connection) -> None:
    maria = await a_customer(db, name="Maria do Filtro")
    presales = [await a_presale(db, customer_id=maria, notes=notes) for notes in ["0", "1", "2", "3", "4", None]]
    rows = await clerk.list("presales")
    await clerk.page.click("[data-uitest=filter_button]")
    await clerk.page.click(APPLY)
    await clerk.sees_notice("Successfully applied filter")
    await clerk.pick("customer_id", "filtro", "Maria do Filtro")
    await clerk.choose(status="draft", total__operator="lte")
    await clerk.fill(total="1")
    await clerk.page.click(APPLY)
    await expect(rows).to_have_count(6)
    await expect(rows.first).to_contain_text("Maria do Filtro")
    await expect(rows.first).to_contain_text("Draft")

    await clerk.page.select_option("#page_size select", "5")
    await expect(rows).to_have_count(5)
    await clerk.page.click("#pagination li:last-child a")
    await expect(rows).to_have_count(1)

    exported = (await clerk.exports()).splitlines()
    assert exported[0].startswith("\ufeff"), "or spreadsheets break accents"
    assert "," in exported[0]
    assert len(exported) == 1 + len(presales)
    assert exported[0].endswith("customer_id_readable")
    assert exported[1].endswith('"Maria do Filtro"')
    assert "null" not in "".join(exported), "nothing is nothing"

    await clerk.page.click("[data-uitest=sort_button]")
    offered = clerk.page.locator("[data-uitest=sort_by_selector] option:not([hidden])")
    await expect(offered).to_have_text(["Number", "Status", "Total", "Discount", "Notes", "Created", "Last changed"])
    await clerk.page.select_option("[data-uitest=sort_by_selector]", "notes")
    await clerk.page.select_option("select[name=ordering]", label="Ascending")
    await clerk.page.click("[data-uitest=sort_form_button]")
    await expect(rows).to_have_text([re.compile("Maria do Filtro")] * 5)
    await expect(clerk.page.locator("[data-uitest=sort_form_button]")).to_be_hidden()
    await expect(rows.first.locator("td").nth(1)).to_have_text(str((await row(db, "presales", presales[0]))["number"]))


async def test_words_whatever_their_accents_and_filters_stay_when_the_list_is_sorted_and_left(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    for name in ("João Buscado", "Joana Buscada", "Pedro Buscado", "-Joana Outra"):
        await a_customer(db, name=name)
    rows, box = await clerk.list("customers", "?search=joa"), clerk.page.locator(".search_box")
    await expect(box).to_have_value("joa")
    await clerk.page.click("[data-uitest=filter_button]")
    await clerk.fill(name="buscad")
    await clerk.page.click(APPLY)
    await expect(rows).to_have_count(2)
    await clerk.page.get_by_role("link", name="João Buscado", exact=True).click()
    await clerk.sees_form()
    await clerk.page.go_back()
    await expect(box).to_have_value("joa")
    await expect(rows).to_have_count(2)

    heading = clerk.page.get_by_role("columnheader", name="Name")
    await heading.click()
    await expect(heading).to_have_attribute("aria-sort", "ascending")
    await expect(rows.first).to_contain_text("Joana Buscada")
    await heading.press("Enter")
    await expect(rows.first).to_contain_text("João Buscado")
    await expect(heading).to_have_attribute("aria-sort", "descending")
    await expect(heading).to_be_focused()
    await expect(rows).to_have_count(2)
    await box.fill("")
    await expect(rows).to_have_count(3)
    await box.fill("PEDRÔ")
    await box.press("Enter")
    await expect(rows).to_have_text([re.compile("Pedro Buscado")])

    await box.fill("joa")
    await box.press("Enter")
    await expect(rows).to_have_count(2)
    await clerk.page.click("[data-uitest=filter_button]")
    await clerk.fill(name="outra")
    await clerk.page.click(APPLY)
    await expect(rows).to_have_count(1)
    await expect(rows.locator("td").nth(1)).to_have_text("-Joana Outra")  # what it would have before it is for exports
    await expect(box).to_have_value("joa")
    await clerk.page.get_by_role("button", name="Clear filters").click()
    await expect(box).to_have_value("")
    assert "search" not in clerk.page.url
    await clerk.page.locator(".sidebar").get_by_role("link", name="Users").click()
    await expect(clerk.page.locator(".title h1")).to_have_text("Users")
    await expect(clerk.page.locator("#result_count")).to_be_visible()
    await expect(box).to_be_hidden()


async def test_the_panel_shows_the_filters_in_force_and_the_button_how_many(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    customer = await a_customer(db, name="Panel Customer")
    for notes in ("panel one", "panel two"):
        await a_presale(db, customer_id=customer, notes=notes)
    await a_presale(db, notes="panel three")
    since = clerk.page.locator(".filter_wrapper input[type=datetime-local]").first
    time = "created_at=2020-01-02T06:04:00.000Z&created_at__operator=gte"
    rows = await clerk.list("presales", f"?customer_id={customer}&status=draft&{time}")
    button = clerk.page.locator("[data-uitest=filter_button]")
    number = button.locator("span")
    await expect(rows).to_have_count(2)
    await sees_beside(number, '" (3)"')
    await button.click()
    key = clerk.page.locator(".filter_wrapper .key_search > input[type=text]")
    await expect(key).to_have_value("Panel Customer")
    await expect(since).to_have_value("2020-01-02T03:04")
    await clerk.sees_value("status", "draft")
    await clerk.sees_value("created_at__operator", "gte")
    await key.click()
    offered = clerk.page.locator(".results_list:visible li")
    await expect(offered.first).to_have_text("All")
    await expect(offered.nth(1)).to_be_hidden()  # "None": no row lacks it
    await clerk.page.keyboard.press("Escape")
    await clerk.choose(status="pending")
    await clerk.page.click(APPLY)
    await expect(clerk.page.get_by_text("No results found")).to_be_visible()
    assert f"customer_id={customer}" in clerk.page.url
    await clerk.page.get_by_role("button", name="Clear filters").click()
    await expect(rows).not_to_have_count(0)
    await expect(key).to_have_value("")
    await expect(since).to_have_value("")
    await sees_beside(number, "none")
    await since.fill("2020-01-02T03:04")
    await clerk.choose(created_at__operator="lt")
    await clerk.page.click(APPLY)
    await expect(clerk.page.get_by_text("No results found")).to_be_visible()


async def test_no_page_is_one_and_a_half_and_when_the_last_one_is_emptied_the_one_before_is_shown(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    for number in range(6):
        await a_customer(db, name=f"Paged {number}")
    rows = await clerk.list("customers", "?name=Paged")
    await clerk.page.select_option("#page_size select", "5")
    await expect(rows).to_have_count(5)
    await clerk.page.click("#pagination li:last-child a")
    await expect(rows).to_have_count(1)
    await clerk.page.fill("#pagination .current input", "1.5")
    await clerk.page.press("#pagination .current input", "Enter")
    await expect(rows).to_have_count(5)
    await clerk.page.click("#pagination li:last-child a")
    await expect(rows).to_have_count(1)
    await rows.locator("input").check()
    await clerk.delete_picked()
    await expect(rows).to_have_count(5)
    assert clerk.asked == ["Are you sure you want to delete 1 selected row(s)?"]


@as_a("admin", "pt-BR")
async def test_a_number_that_nobody_counted_says_so(clerk: Clerk) -> None:
    await clerk.list("audit_trail", "?happened_at=2021-01-01T00:00:00Z&happened_at__operator=lt")
    number = clerk.page.locator("#result_count")
    await expect(number).to_have_text(re.compile(r"Mostrando 15 de \d{5} registro\(s\)"))
    await sees_beside(number, '" (estimativa)"')
    exported = await clerk.exports()
    assert ";" in exported.splitlines()[0], "as spreadsheets expect it where decimals have a comma"
    assert exported.count("@archive.example") == MAX_COUNTED_ROWS + 1, "all of them, whatever was estimated"
    assert clerk.asked == ["São 10.000 registros ou mais. Baixar todos?"]
    await sees_beside(number, '" (estimativa)"')  # which is what still stands there
    await clerk.settles()
    page = clerk.page.locator(".pages .current input")
    await page.fill(str(MAX_COUNTED_ROWS // 15 + 1))
    await page.press("Enter")
    await expect(number).to_have_text(f"Mostrando {(MAX_COUNTED_ROWS + 1) % 15} de {MAX_COUNTED_ROWS + 1} registro(s)")
    await sees_beside(number, "none")


async def test_a_time_is_looked_for_from_when_on_as_no_row_has_exactly_that_one(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    made_at = datetime(2026, 4, 1, 12, 30, 15, 123_456, tzinfo=UTC)
    customer = await a_customer(db, name="Made At Nine Thirty")
    await a_presale(db, customer_id=customer, created_at=made_at)
    await a_presale(db, customer_id=customer, created_at=made_at - timedelta(days=1))
    rows = await clerk.list("presales", f"?customer_id={customer}")
    await clerk.page.click("[data-uitest=filter_button]")
    way = clerk.field("created_at__operator")
    await expect(way).to_have_value("gte")
    await expect(way.locator("option:not([hidden])")).to_have_text(
        ["Less Than", "Less Than or Equal To", "Greater Than or Equal To", "Greater Than"]
    )
    await expect(clerk.field("total__operator").locator("option:not([hidden])")).to_have_count(6)
    offered = clerk.field("status__operator").locator("option:not([hidden])")
    await expect(offered).to_have_text(["Equals", "Not Equal"])
    since = clerk.page.locator(".filter_wrapper [type=datetime-local]")
    await since.fill("2026-04-01T09:30")
    await clerk.page.click(APPLY)
    await expect(rows).to_have_text([re.compile("04/01/2026, 09:30 AM")])
    await clerk.page.get_by_role("button", name="Clear filters").click()
    await expect(since).to_have_value("")
    await expect(way).to_have_value("gte")
    await clerk.choose(created_at__operator="lte")
    await since.press_sequentially("11252020100000AM")  # not the year 202010
    await clerk.page.click(APPLY)
    await expect(rows).to_have_count(0)
    assert "created_at=2020-11-25" in clerk.page.url


@pytest.mark.parametrize(
    ("said", "shown", "number"),
    [("", "e", 1), ("&created_at__operator=ne", "ne", 2)],
    ids=["nothing", "unequal"],
)
async def test_how_an_address_compares_stays_until_it_is_changed(
    clerk: Clerk, db: asyncpg.Connection, said: str, shown: str, number: int
) -> None:
    customer = await a_customer(db)
    for day in (1, 2, 3):
        await a_presale(db, customer_id=customer, created_at=datetime(2026, 4, day, tzinfo=UTC))
    time, status = f"created_at=2026-04-02T00:00:00.000Z{said}", "status=pending&status__operator=lt"
    rows = await clerk.list("presales", f"?customer_id={customer}&{time}&{status}")
    await expect(rows).to_have_count(number)
    await clerk.page.click("[data-uitest=filter_button]")
    await clerk.sees_value("created_at__operator", shown)
    await clerk.sees_value("status__operator", "lt")
    await clerk.page.click(APPLY)
    await clerk.sees_notice("Successfully applied filter")
    await expect(rows).to_have_count(number)
    await clerk.choose(created_at__operator="lt")
    await clerk.page.click(APPLY)
    await expect(rows).to_have_count(1)


async def test_a_time_that_is_half_typed_stays_whatever_is_drawn_beside_it(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    async with clerk.held_up("**/tables/grouped/", "GET") as go_on:
        rows = await clerk.list("presales", f"?id={await a_presale(db)}")
        await expect(rows).to_have_count(1)
        await clerk.page.click("[data-uitest=filter_button]")
        since = clerk.page.locator(".filter_wrapper [type=datetime-local]")
        await since.press_sequentially("1125")
        go_on.set()
        await expect(clerk.side_bar.get_by_text("Customers")).to_be_visible()
        await clerk.page.keyboard.type("2020100000AM")
        await expect(since).to_have_value(re.compile("^2020-11-25T10:00"))


async def test_an_order_that_was_refused_is_left_by_going_to_the_list_again_which_offers_what_it_takes(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    await clerk.page.goto(f"{clerk.address}/admin/#/audit_trail/?__order=who")
    await clerk.sees_notice("order: There is no such column: who.")
    clerk.expects_refusal(422)
    await clerk.page.locator(".sidebar").get_by_text("Audit trail", exact=True).click()
    await expect(clerk.page.locator("#result_count")).to_be_visible()
    await clerk.page.click("[data-uitest=sort_button]")
    offered = clerk.page.locator("[data-uitest=sort_by_selector] option:not([disabled])")
    await expect(offered).to_have_text(["When"])
    await clerk.page.keyboard.press("Escape")
    await clerk.page.click("[data-uitest=filter_button]")
    await expect(clerk.field("who")).to_have_attribute("placeholder", "The whole text")
