"""The admin in a real Chromium, on a real server: what a clerk does all day, and what a clerk gets wrong."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import httpx
import pytest
from playwright.async_api import Browser, Page, Request, Route, async_playwright, expect

from accounts.passwords import DEMO_PASSWORD
from backoffice.api.totals import LARGE_ROWS, MOST_COUNTED_ROWS
from tests.browser import APPLY, CHROMIUM, CREATE, FLAGS, PATIENCE_MS, SAVE, Clerk
from tests.builders import a_customer, a_line, a_presale, a_presale_that_is, a_product, a_user, nth_cpf, row
from tests.clients import a_token, bearer, until_waiting
from tests.conftest import clone
from tests.real_server import real_server

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no Chromium at {CHROMIUM}")

ROLES = ("admin", "manager", "employee")
FOR_ALL = ["Sales", "Customers", "Pre-sales", "Pre-sale items", "Catalogue", "Products"]
BESIDE = "element => getComputedStyle(element, '::after').content"
FOR_MANAGERS = ["Oversight", "Audit trail"]
# One entry more about products than are counted. As the statistics have it, there are more, but none about products.
ARCHIVE = f"""
    ALTER TABLE audit_trail SET (autovacuum_enabled = false);
    SET session_replication_role = replica;
    ANALYZE audit_trail;
    INSERT INTO audit_trail (happened_at, who, database_role, table_name, action, row_id)
    SELECT '2020-01-01', 'clerk' || n || '@archive.example', 'archive', 'products', 'created', gen_random_uuid()
    FROM generate_series(0, {MOST_COUNTED_ROWS}) AS n;
    RESET session_replication_role;
    UPDATE pg_class SET reltuples = {LARGE_ROWS + 1}, relpages = pg_relation_size(oid) / 8192
    WHERE oid = 'audit_trail'::regclass;
"""


@pytest.fixture(scope="module")
async def dsn(server: str, steward: asyncpg.Connection, template: str) -> AsyncIterator[str]:
    """One database for all of these tests, each of which makes its own rows."""
    async with clone(server, steward, template) as dsn:
        yield dsn


@pytest.fixture(scope="module")
async def db(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn)
    for role in ROLES:
        await a_user(connection, email=f"{role}@flowcrm.example", name=role.title(), role=role)
    await connection.execute(ARCHIVE)
    yield connection
    await connection.close()


@pytest.fixture(scope="module")
async def address(
    dsn: str, db: asyncpg.Connection, as_served: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[str]:
    with real_server(as_served(dsn), tmp_path_factory.mktemp("served") / "log.txt") as address:
        yield address


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


Desktop = Callable[[str], Awaitable[Page]]


@pytest.fixture(scope="module")
def desktop(browser: Browser, address: str) -> Desktop:
    """The page for people of a language. They use one after the other: to compile the admin's script anew takes as
    long as most of these tests."""
    pages: dict[str, Page] = {}

    async def desktop(locale: str) -> Page:
        if locale not in pages:
            context = await browser.new_context(locale=locale, timezone_id="America/Sao_Paulo")
            context.set_default_timeout(PATIENCE_MS)
            pages[locale] = await context.new_page()
        page = pages[locale]
        await page.goto("about:blank")
        forget = await page.context.new_cdp_session(page)
        await forget.send("Storage.clearDataForOrigin", {"origin": address, "storageTypes": "all"})
        return page

    return desktop


@pytest.fixture
async def clerk(request: pytest.FixtureRequest, desktop: Desktop, address: str, db: Any) -> AsyncIterator[Clerk]:
    """Already logged in, unless the role is ''. Whatever a test did not say it expects is an error at its end."""
    role, locale = getattr(request, "param", ("admin", "en-US"))
    page = await desktop(locale)
    if role:
        token = await a_token(db, f"{role}@flowcrm.example")
        cookies = {"id": token, "csrftoken": uuid.uuid4().hex}
        await page.context.add_cookies(
            [{"name": name, "value": text, "url": address} for name, text in cookies.items()]
        )
    clerk = Clerk(page, address)
    yield clerk
    clerk.go_home()
    assert clerk.troubles == []


def as_a(role: str, locale: str = "en-US") -> pytest.MarkDecorator:
    return pytest.mark.parametrize("clerk", [(role, locale)], indirect=True, ids=[role or "stranger"])


async def test_a_sale_from_the_first_log_in_to_the_stock(clerk: Clerk, db: asyncpg.Connection) -> None:
    product = await a_product(db, code="CAFE", name="Café torrado", stock=10, sale_price="32.50")
    assert await (await clerk.list("products")).count() >= 1

    await clerk.add("customers", name="Zé da Silva Primeiro", email="ze@example.com", phone="(11) 98765-4321")
    await clerk.fill(cpf="529.982.247-26")
    await clerk.create()
    await clerk.sees_refusal("CPF: This is not a valid CPF. Please check its digits.")
    clerk.expects_refusal(422)
    await clerk.fill(cpf="529.982.247-25")
    await clerk.create()
    await clerk.sees_form()
    await clerk.sees_value("cpf", "52998224725")

    await clerk.add("presales")
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
    after = await row(db, "presales", uuid.UUID(presale))
    assert (after["status"], after["total"]) == ("converted", Decimal("81.25"))
    assert (await row(db, "products", product))["stock"] == 7


@as_a("")
async def test_whoever_comes_is_not_blamed_for_not_being_logged_in_yet(clerk: Clerk) -> None:
    await clerk.page.goto(f"{clerk.address}/admin/")
    await expect(clerk.page.locator("[data-uitest=login_button]")).to_be_visible()
    await clerk.page.wait_for_load_state("networkidle")
    clerk.expects_refusal(401)
    assert await clerk.page.locator("#message_popup").count() == 0  # now; any would be gone after a while


@as_a("")
async def test_a_log_in_says_what_is_wrong_and_leads_to_all_there_is(clerk: Clerk, db: asyncpg.Connection) -> None:
    await clerk.log_in("admin", "wrong")
    await clerk.sees_notice("The e-mail or the password is wrong.")
    assert await clerk.page.evaluate("JSON.stringify(sessionStorage)") == "{}", "what was typed here is not kept"
    await clerk.log_in("admin")
    await expect(clerk.page.locator(".welcome")).to_contain_text("Welcome to Flow CRM")
    clerk.expects_refusal(401)
    await expect(clerk.side_bar).to_have_text([*FOR_ALL, "Team", "Users", *FOR_MANAGERS])
    await clerk.page.click("#user")
    await clerk.page.click("[data-uitest=logout_button]")
    await expect(clerk.page.locator("[data-uitest=login_button]")).to_be_visible()
    await clerk.page.wait_for_load_state("networkidle")
    clerk.expects_refusal(401)
    assert clerk.asked == ["Are you sure you want to logout?"]


@as_a("")
async def test_who_guesses_is_told_to_wait(clerk: Clerk, db: asyncpg.Connection) -> None:
    failure = "INSERT INTO login_failures (account, address) VALUES ('admin@flowcrm.example', '192.0.2.1')"
    await db.executemany(failure, [()] * 5)
    await clerk.log_in("admin")
    await clerk.sees_notice("Too many failed log-ins. Please wait a minute and try again.")
    await db.execute("DELETE FROM login_failures")
    clerk.expects_refusal(429)
    clerk.expects_refusal(401)


async def test_the_links_lead_somewhere_without_asking_elsewhere(clerk: Clerk) -> None:
    await clerk.list("users")
    health = await clerk.page.get_by_role("link", name="Health").get_attribute("href")
    assert (await clerk.page.request.get(f"{clerk.address}{health}")).ok
    await clerk.page.get_by_role("link", name="API documentation").click()
    await expect(clerk.page.locator(".swagger-ui .title")).to_contain_text("Flow CRM")


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
    await expect(rows.first.locator("td").nth(1)).to_have_text(str((await row(db, "presales", presales[0]))["number"]))


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
    await clerk.page.route("**/tables/audit_trail/?*__page_size=1000*", meanwhile)
    exported = await clerk.exports()
    await clerk.page.unroute_all()
    await db.execute("RESET session_replication_role")
    assert sorted(re.findall("old[0-9]+", exported)) == sorted(f"old{n}" for n in range(1, 2002))
    assert (pages, "new" in exported) == (3, False)


@pytest.mark.parametrize(
    ("clerk", "said"),
    [(("admin", "en-US"), "There is nothing to export."), (("admin", "pt-BR"), "Não há nada a exportar.")],
    indirect=["clerk"],
    ids=["English", "Portuguese"],
)
async def test_an_empty_list_is_no_failure_to_export(clerk: Clerk, said: str) -> None:
    await clerk.page.goto(f"{clerk.address}/admin/#/customers/?name=Nobody+is+called+so")
    await clerk.page.click("[data-uitest=csv_button]")
    await clerk.page.click("[data-uitest=download_csv_button]")
    await clerk.sees_notice(said)


async def test_an_export_that_is_refused_says_why(clerk: Clerk, db: asyncpg.Connection) -> None:
    await clerk.list("users")
    await clerk.page.click("[data-uitest=csv_button]")
    await db.execute("DELETE FROM sessions")
    await clerk.page.click("[data-uitest=download_csv_button]")
    await clerk.sees_notice("Please log in.")
    await expect(clerk.page.locator("[data-uitest=csv_modal]")).to_be_hidden()
    clerk.expects_refusal(401)


async def test_a_list_is_searched_by_words_whatever_their_accents(clerk: Clerk, db: asyncpg.Connection) -> None:
    for name in ("João Buscado", "Joana Buscada", "Pedro Buscado"):
        await a_customer(db, name=name)
    rows, box = await clerk.list("customers"), clerk.page.locator(".search_box")
    await box.fill("buscad joa")
    await box.press("Enter")
    await expect(rows).to_have_count(2)
    await clerk.page.get_by_role("link", name="João Buscado").click()
    await clerk.sees_form()
    await clerk.page.go_back()
    await expect(box).to_have_value("buscad joa")
    await expect(rows).to_have_count(2)
    await box.fill("buscad PEDRÔ")
    await box.press("Enter")
    await expect(rows).to_have_count(1)
    await box.fill("")
    await expect(rows.get_by_text("Joana Buscada")).to_be_visible()
    await box.fill("buscad PEDRÔ")
    await box.press("Enter")
    await expect(rows).to_have_count(1)


async def test_filters_stay_when_the_list_is_sorted_left_and_searched(clerk: Clerk, db: asyncpg.Connection) -> None:
    for name in ("Zé Filtrado", "Ana Filtrada", "Ana Outra"):
        await a_customer(db, name=name)
    rows = await clerk.list("customers")
    await clerk.page.click("[data-uitest=filter_button]")
    await clerk.fill(name="filtrad")
    await clerk.page.click(APPLY)
    await expect(rows).to_have_count(2)
    await clerk.page.get_by_role("link", name="Zé Filtrado").click()
    await clerk.sees_form()
    await clerk.page.go_back()
    await expect(rows).to_have_count(2)
    await clerk.page.click("[data-uitest=sort_button]")
    await clerk.page.select_option("[data-uitest=sort_by_selector]", "name")
    await clerk.page.select_option("select[name=ordering]", label="Ascending")
    await clerk.page.click("[data-uitest=sort_form_button]")
    await expect(rows.first).to_contain_text("Ana Filtrada")
    await expect(rows).to_have_count(2)
    await expect(clerk.page.locator("[data-uitest=sort_form_button]")).to_be_hidden()
    box = clerk.page.locator(".search_box")
    await box.fill("ze")
    await box.press("Enter")
    await expect(rows).to_have_text([re.compile("Zé Filtrado")])
    await clerk.page.reload()
    await expect(box).to_have_value("ze")
    await expect(rows).to_have_text([re.compile("Zé Filtrado")])
    await box.fill("")
    await expect(rows).to_have_count(2)
    await box.fill("ana")
    await box.press("Enter")
    await expect(rows).to_have_text([re.compile("Ana Filtrada")])
    await clerk.page.click("[data-uitest=filter_button]")
    await clerk.fill(name="outra")
    await clerk.page.click(APPLY)
    await expect(rows).to_have_text([re.compile("Ana Outra")])
    await expect(box).to_have_value("ana")
    await clerk.page.get_by_role("button", name="Clear filters").click()
    await expect(box).to_have_value("")
    assert "search" not in clerk.page.url


async def test_the_panel_shows_the_filters_in_force_and_the_button_how_many(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    customer = await a_customer(db, name="Panel Customer")
    for notes in ("panel one", "panel two"):
        await a_presale(db, customer_id=customer, notes=notes)
    await a_presale(db, notes="panel three")
    rows = await clerk.list("presales")
    button = clerk.page.locator("[data-uitest=filter_button]")
    number = button.locator("span")
    assert await number.evaluate(BESIDE) == "none"
    await button.click()
    await clerk.pick("customer_id", "Panel", "Panel Customer")
    await clerk.choose(status="draft")
    since = clerk.page.locator(".filter_wrapper input[type=datetime-local]").first
    await since.fill("2020-01-02T03:04")
    await clerk.choose(created_at__operator="gte")
    await clerk.page.click(APPLY)
    await expect(rows).to_have_count(2)
    assert await number.evaluate(BESIDE) == '" (3)"'
    await button.click()
    await clerk.page.reload()
    await expect(rows).to_have_count(2)
    assert await number.evaluate(BESIDE) == '" (3)"'
    await button.click()
    key = clerk.page.locator(".filter_wrapper .key_search > input[type=text]")
    await expect(key).to_have_value("Panel Customer")
    await expect(since).to_have_value("2020-01-02T03:04")
    await clerk.sees_value("status", "draft")
    await clerk.sees_value("created_at__operator", "gte")
    await clerk.choose(status="pending")
    await clerk.page.click(APPLY)
    await expect(clerk.page.get_by_text("No results found")).to_be_visible()
    assert f"customer_id={customer}" in clerk.page.url
    await clerk.page.get_by_role("button", name="Clear filters").click()
    await expect(rows).not_to_have_count(0)
    await expect(key).to_have_value("")
    await expect(since).to_have_value("")
    assert await number.evaluate(BESIDE) == "none"
    await since.fill("2020-01-02T03:04")
    await clerk.choose(created_at__operator="lt")
    await clerk.page.click(APPLY)
    await expect(clerk.page.get_by_text("No results found")).to_be_visible()


async def test_when_all_rows_of_the_last_page_are_deleted_the_one_before_is_shown(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    for number in range(6):
        await a_customer(db, name=f"Paged {number}")
    rows = await clerk.list("customers", "?name=Paged")
    await clerk.page.select_option("#page_size select", "5")
    await expect(rows).to_have_count(5)
    await clerk.page.click("#pagination li:last-child a")
    await expect(rows).to_have_count(1)
    await rows.locator("input").check()
    await clerk.page.click("[title='Delete selected Rows']")
    await expect(rows).to_have_count(5)
    assert clerk.asked == ["Are you sure you want to delete 1 selected row(s)?"]


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


async def test_a_list_without_a_search_has_no_box_for_one(clerk: Clerk) -> None:
    await clerk.list("customers")
    box = clerk.page.locator(".search_box")
    await expect(box).to_be_visible()
    await clerk.list("users")
    await expect(box).to_be_hidden()


async def test_a_filtered_list_shows_names_as_they_are(clerk: Clerk, db: asyncpg.Connection) -> None:
    """What a spreadsheet would take for a formula has an apostrophe before it, but only in exports."""
    await a_customer(db, name="-Loja do Zé")
    rows = await clerk.list("customers")
    await clerk.page.click("[data-uitest=filter_button]")
    await clerk.fill(name="Loja do Z")
    await clerk.page.click(APPLY)
    await expect(rows).to_have_count(1)
    await expect(rows.locator("td").nth(1)).to_have_text("-Loja do Zé")


@as_a("admin", "pt-BR")
async def test_a_number_that_nobody_counted_says_so(clerk: Clerk) -> None:
    await clerk.list("audit_trail", "?table_name=products")
    number = clerk.page.locator("#result_count")
    await expect(number).to_have_text(re.compile(r"Mostrando 15 de \d{5} registro\(s\)"))
    await clerk.page.wait_for_function(f"({BESIDE})(document.querySelector('#result_count')) === '\" (estimativa)\"'")
    exported = await clerk.exports()
    assert ";" in exported.splitlines()[0], "as spreadsheets expect it where decimals have a comma"
    assert exported.count("@archive.example") == MOST_COUNTED_ROWS + 1, "all of them, whatever was estimated"
    assert clerk.asked == ["São 10.000 registros ou mais. Baixar todos?"]
    assert await number.evaluate(BESIDE) == '" (estimativa)"', "which is what still stands there"
    await clerk.list("audit_trail", "?who=clerk7@archive.example")
    await expect(number).to_have_text("Mostrando 1 de 1 registro(s)")
    assert await number.evaluate(BESIDE) == "none"


async def test_a_filter_that_makes_no_sense_is_explained(clerk: Clerk, db: asyncpg.Connection) -> None:
    await a_product(db)
    await clerk.list("products")
    await clerk.page.click("[data-uitest=filter_button]")
    await clerk.fill(sale_price="cheap")
    await clerk.page.click(APPLY)
    await clerk.sees_notice("Sale price: This must be a number, such as 12.50.")
    await expect(clerk.page.locator("#loading_indicator")).to_be_hidden()
    clerk.expects_refusal(422)


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


async def test_whoever_was_logged_out_meanwhile_is_told_so(clerk: Clerk, db: asyncpg.Connection) -> None:
    customer = await a_customer(db)
    await clerk.open("customers", customer)
    await clerk.page.wait_for_load_state("networkidle")  # it has looked who is logged in
    await db.execute("DELETE FROM sessions")
    await clerk.fill(name="Maria")
    await clerk.save()
    await clerk.sees_notice("Please log in.")
    clerk.expects_refusal(401)


async def test_what_was_typed_when_the_session_ended_is_there_again(clerk: Clerk, db: asyncpg.Connection) -> None:
    presale = await a_presale(db)
    await clerk.open("presales", presale)
    await clerk.page.wait_for_load_state("networkidle")
    await clerk.fill(notes="A long text", discount="1.50")
    await clerk.choose(status="cancelled")
    await db.execute("DELETE FROM sessions")
    await clerk.save()
    await clerk.sees_notice("Please log in.")
    clerk.expects_refusal(401)
    other = await a_customer(db)
    await db.execute("UPDATE presales SET customer_id = $1 WHERE id = $2", other, presale)
    await clerk.page.fill("[name=username]", "admin@flowcrm.example")
    await clerk.page.fill("[name=password]", DEMO_PASSWORD)
    await clerk.page.click("[data-uitest=login_button]")
    await clerk.sees_form()
    await clerk.sees_value("notes", "A long text")
    await clerk.save()
    await clerk.sees_notice("Successfully saved row")
    kept = await row(db, "presales", presale)
    assert (kept["notes"], kept["status"], kept["discount"]) == ("A long text", "cancelled", Decimal("1.50"))
    assert kept["customer_id"] == other, "and what others changed meanwhile stays"


async def test_a_row_that_was_picked_when_the_session_ended_is_picked_again(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    customer = await a_customer(db, name="Picked Again")
    await clerk.add("presales", notes="Picked by hand")
    await clerk.pick("customer_id", "Picked", "Picked Again")
    await db.execute("DELETE FROM sessions")
    await clerk.create()
    await clerk.sees_notice("Please log in.")
    clerk.expects_refusal(401)
    await clerk.page.fill("[name=username]", "admin@flowcrm.example")
    await clerk.page.fill("[name=password]", DEMO_PASSWORD)
    await clerk.page.click("[data-uitest=login_button]")
    await clerk.sees_value("notes", "Picked by hand")
    await expect(clerk.page.locator(".key_search > input[type=text]")).to_have_value("Picked Again")
    await clerk.create()
    await clerk.sees_notice("Successfully added row")
    assert await db.fetchval("SELECT customer_id FROM presales WHERE notes = 'Picked by hand'") == customer


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
    assert await label.evaluate(BESIDE) == '" *"'
    await expect(clerk.field("password")).to_have_attribute("autocomplete", "new-password")
    await clerk.open("users", await a_user(db))
    assert await label.evaluate(BESIDE) == "none"


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
    await clerk.sees_notice(f"Kept Customer: {in_use}")

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


@pytest.mark.parametrize("slow", ["count/?*listed*", "?*listed*"])
async def test_a_list_that_is_asked_for_again_before_it_came_is_shown(
    clerk: Clerk, db: asyncpg.Connection, slow: str
) -> None:
    word = f"slowly{len(slow)}"
    for name in (f"{word} listed", f"{word} shown"):
        await a_customer(db, name=name)
    asked_again, came = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        came.set()
        await asked_again.wait()
        await route.continue_()

    def is_list(answer: Any, *, first: bool) -> bool:
        return "__page=1" in answer.url and ("listed" in answer.url) is first

    await clerk.page.route(f"**/tables/customers/{slow}", late)
    await clerk.page.goto("about:blank")
    await clerk.page.goto(f"{clerk.address}/admin/#/customers/?search={word}+listed")
    await came.wait()
    async with clerk.page.expect_response(lambda answer: is_list(answer, first=False)):
        await clerk.page.evaluate(f"location.hash = '#/customers/?search={word}'")
    async with clerk.page.expect_response(lambda answer: is_list(answer, first=True)):
        asked_again.set()
    await clerk.page.wait_for_load_state("networkidle")
    await expect(clerk.page.locator(".table_wrapper tbody tr")).to_have_count(2)
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


async def test_many_rows_are_changed_at_once_or_the_reason_is_given(clerk: Clerk, db: asyncpg.Connection) -> None:
    customers = [await a_customer(db, name=f"Bulk {number}") for number in range(3)]
    rows = await clerk.list("customers", "?name=Bulk")
    await clerk.page.locator("thead input").check()
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


async def test_of_many_rows_those_that_are_refused_are_named_and_the_others_are_changed(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    customer = await a_customer(db, name="Bulk of Sales")
    presales = [await a_presale(db, customer_id=customer) for _ in range(3)]  # the newest is shown, and changed, first
    await a_line(db, presales[1])
    numbers = [(await row(db, "presales", presale))["number"] for presale in presales]
    rows = await clerk.list("presales", f"?customer_id={customer}")
    await expect(rows).to_have_text([re.compile(str(number)) for number in reversed(numbers)])
    await clerk.page.locator("thead input").check()
    await clerk.page.get_by_text("Update 3 rows").click()
    await clerk.page.select_option("select[name=property]", "status")
    await clerk.page.locator("form [name=status]:visible").select_option("pending")
    await clerk.page.get_by_role("button", name="Update").click()
    why = "A pre-sale without items cannot be submitted."
    await clerk.sees_notice(f"{numbers[2]}: {why}\n{numbers[0]}: {why}\n1 done.")
    clerk.expects_refusal(409)
    await expect(rows).to_have_text([re.compile(status) for status in ("Draft", "Pending", "Draft")])


@as_a("admin", "pt-BR")
async def test_of_many_rows_those_that_are_in_use_are_named_and_the_others_are_deleted(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    customers = [await a_customer(db, name=f"Zeca {number:02}") for number in range(12)]
    for customer in customers[:10]:
        await a_presale(db, customer_id=customer)
    rows = await clerk.list("customers", "?name=Zeca&__order=name")
    await expect(rows).to_have_count(12)
    await clerk.page.locator("thead input").check()
    await clerk.page.click("[title='Delete selected Rows']")
    why = "Este cliente tem pré-vendas e não pode ser excluído."
    named = "".join(f"Zeca {number:02}: {why}\n" for number in range(8))
    await clerk.sees_notice(f"{named}2 outro(s) recusado(s).\n2 feito(s).")
    await expect(rows).to_have_count(10)
    clerk.expects_refusal(409)


@as_a("manager")
async def test_of_many_rows_it_is_said_how_many_were_done_before_the_session_ended(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    for number in range(4):
        await a_customer(db, name=f"Yuri {number}")
    rows = await clerk.list("customers", "?name=Yuri&__order=name")
    await expect(rows).to_have_count(4)
    await clerk.page.locator("thead input").check()
    counted = clerk.page.expect_response(re.compile("/count/"))  # is asked for in the end, and refused as well
    async with counted, db.transaction():
        await db.execute("SELECT FROM customers WHERE name = 'Yuri 1' FOR UPDATE")
        await clerk.page.click("[title='Delete selected Rows']")
        await until_waiting(db, 1)
        await db.execute("DELETE FROM sessions")
    await clerk.sees_notice("Please log in.\n2 done.")
    clerk.expects_refusal(401)
    assert await db.fetchval("SELECT count(*) FROM customers WHERE name LIKE 'Yuri%'") == 2


async def test_a_user_gets_a_password_that_nobody_sees(clerk: Clerk, db: asyncpg.Connection) -> None:
    await clerk.add("users", email="nova@flowcrm.example", name="Nova", password="her-password")
    await expect(clerk.field("password")).to_have_css("-webkit-text-security", "disc")
    await clerk.choose(role="employee")
    await clerk.create()
    await clerk.sees_form()
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
        ("not-this-one", "Error - Current password: This is not your current password."),
        (DEMO_PASSWORD, "Changed password successfully. You will be redirected to log in with your new credentials."),
    ):
        await old.fill(typed)
        await new.fill("a-new-password")
        await again.fill("a-new-password")
        await clerk.page.get_by_role("button", name="Change Password").click()
        await clerk.sees_notice(notice)
    clerk.expects_refusal(422)
    await expect(clerk.page.locator("[data-uitest=login_button]")).to_be_visible()
    await clerk.sees_notice(notice)
    clerk.expects_refusal(401)


@as_a("manager")
async def test_a_manager_reads_the_audit_trail_and_finds_nothing_to_write_with(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    customer = await a_customer(db, name="Audited", address=None)
    await clerk.open("customers", customer)
    await clerk.fill(name="Renamed", address="Rua Nova, 1")
    await clerk.save()
    await clerk.sees_notice("Successfully saved row")

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

    entry = await db.fetchval("SELECT id FROM audit_trail WHERE row_id = $1 AND action = 'changed'", customer)
    await clerk.open("audit_trail", entry)
    await expect(clerk.field("changes")).to_have_value("Name: Audited → Renamed\nAddress: – → Rua Nova, 1")
    await expect(clerk.page.locator("h1", has_text="entry")).to_be_visible()
    await expect(writing.locator("visible=true")).to_have_count(0)


@as_a("employee")
async def test_an_employee_is_told_what_is_for_others(clerk: Clerk, db: asyncpg.Connection) -> None:
    not_allowed = "Your role does not allow this."
    presale = await a_presale_that_is(db, "pending")
    await clerk.add("products", code="X", name="X", unit="un", purchase_price="1", sale_price="2", sale_type="retail")
    await clerk.create()
    await clerk.sees_refusal(not_allowed)
    await clerk.open("presales", presale)
    await clerk.choose(status="approved")
    await clerk.save()
    await clerk.sees_refusal(not_allowed)
    await clerk.list("customers")
    await expect(clerk.side_bar).to_have_text(FOR_ALL)
    await clerk.page.goto(f"{clerk.address}/admin/#/users/")
    await clerk.sees_notice(not_allowed)
    in_place = "getComputedStyle(document.querySelector('.wrapper'), '::after').content"
    # The notice may come of another request, before the page is gone that was there.
    await clerk.page.wait_for_function(f"{in_place} === '\"{not_allowed}\"'")
    await clerk.page.goto(f"{clerk.address}/admin/#/customers/")
    await expect(clerk.page.locator("#result_count")).to_be_visible()
    assert await clerk.page.evaluate(in_place) == "none"
    clerk.expects_refusal(403)


async def test_the_side_bar_has_its_tables_however_late_they_come(clerk: Clerk, db: asyncpg.Connection) -> None:
    """The answer about them is not taken for an earlier list's, which would give way to that of the last."""
    await a_customer(db)
    listed = asyncio.Event()

    def hear(request: Request) -> None:
        if "/customers/?" in request.url:
            listed.set()

    async def late(route: Route) -> None:
        async with asyncio.timeout(10):
            await listed.wait()
        await route.continue_()

    clerk.page.on("requestfinished", hear)
    await clerk.page.route("**/tables/grouped/", late)
    await clerk.list("customers")
    await expect(clerk.side_bar.get_by_text("Customers")).to_be_visible()
    await clerk.page.unroute("**/tables/grouped/")
    clerk.page.remove_listener("requestfinished", hear)


@as_a("manager", "pt-BR")
async def test_portuguese_browsers_are_spoken_to_in_portuguese(clerk: Clerk, db: asyncpg.Connection) -> None:
    customer = await a_customer(db, name="Filtro", cpf=nth_cpf(90_000_001))
    rows = await clerk.list("customers", "?name=Filtro&name__match=exact")
    await expect(clerk.side_bar).to_have_text(
        [
            *("Vendas", "Clientes", "Pré-vendas", "Itens de pré-venda", "Catálogo", "Produtos"),
            *("Controle", "Trilha de auditoria"),
        ]
    )
    await expect(clerk.page.locator("thead th")).to_have_text(
        ["", "Nome", "CPF", "Telefone", "E-mail", "Criado em", ""]
    )
    await expect(rows.first).to_contain_text("Filtro")
    await expect(clerk.side_bar.get_by_text("Itens")).to_have_text("Itens de pré-venda", use_inner_text=True)
    await expect(clerk.page.locator("#pagination .count")).to_have_text("de 1")
    await expect(clerk.page.locator("#page_size option").first).to_have_attribute("label", "5 por pág.")
    await clerk.open("customers", customer)
    await expect(clerk.page.locator("h1", has_text="cliente")).to_have_text("Editar cliente")
    await clerk.fill(cpf="1")
    await clerk.save()
    await clerk.sees_refusal("CPF: Este CPF não é válido. Confira os dígitos.")
    await clerk.sees_notice("Há erros no formulário.")
    clerk.expects_refusal(422)

    for language, title in (("English", "Edit customer"), ("Português (Brasil)", "Editar cliente")):
        await clerk.page.click("[title=Translations]")
        await clerk.page.get_by_text(language).click()
        await expect(clerk.page.locator("div.header h1")).to_have_text(title)
        await clerk.page.wait_for_load_state("networkidle")  # or the reload may be broken off
        await clerk.page.reload()
        await expect(clerk.page.locator("div.header h1")).to_have_text(title)


@as_a("manager")
async def test_refusals_speak_the_language_that_was_chosen(clerk: Clerk, db: asyncpg.Connection) -> None:
    await clerk.open("customers", await a_customer(db))
    await clerk.page.click("[title=Translations]")
    await clerk.page.get_by_text("Português (Brasil)").click()
    await expect(clerk.page.locator("div.header h1")).to_have_text("Editar cliente")
    await clerk.sees_form()
    await clerk.fill(cpf="1")
    await clerk.save()
    await clerk.sees_refusal("CPF: Este CPF não é válido. Confira os dígitos.")
    clerk.expects_refusal(422)


@as_a("")
async def test_the_api_is_described_by_a_page_that_asks_nobody_else(clerk: Clerk) -> None:
    await clerk.page.goto(f"{clerk.address}/docs")
    await expect(clerk.page.locator(".opblock").first).to_be_visible()


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


@as_a("employee")
async def test_whoever_may_not_change_products_is_not_offered_to(clerk: Clerk, db: asyncpg.Connection) -> None:
    customer, product = await a_customer(db), await a_product(db)
    add = clerk.page.locator("a[href$='/add/']")
    await clerk.list("products")
    await expect(add).to_be_hidden()
    await clerk.open("products", product)
    await expect(clerk.page.locator(SAVE)).to_be_hidden()
    await clerk.list("customers")
    await expect(add).to_be_visible()
    await clerk.open("customers", customer)
    await expect(clerk.page.locator(SAVE)).to_be_visible()
    await clerk.add("presale_items")
    await expect(clerk.page.locator("form label a[href$='/presales/add/']")).to_be_visible()
    await expect(clerk.page.locator("form label a[href$='/products/add/']")).to_be_hidden()


@as_a("employee")
async def test_whoever_may_not_delete_customers_is_not_offered_to(clerk: Clerk, db: asyncpg.Connection) -> None:
    customer, item = await a_customer(db, name="Not Yours"), await a_line(db, await a_presale(db))
    in_form = clerk.page.locator("[data-uitest=drop_down_button]")
    rows = await clerk.list("customers", "?name=Not+Yours")
    await rows.locator("td:last-child a").first.click()
    await expect(rows.locator("[title='Edit Row']")).to_be_visible()
    await expect(rows.locator(".delete")).to_be_hidden()
    await rows.locator("input").check()
    await expect(clerk.page.get_by_text("Update 1 rows")).to_be_visible()
    await expect(clerk.page.locator("[title='Delete selected Rows']")).to_be_hidden()
    await clerk.open("customers", customer)
    await expect(in_form).to_be_hidden()
    await clerk.open("presale_items", item)
    await expect(in_form).to_be_visible()


async def test_many_rows_are_not_emptied_by_a_field_that_nobody_filled_in(clerk: Clerk, db: asyncpg.Connection) -> None:
    customers = [await a_customer(db, name=f"Emptied {n}", address="Rua Um") for n in range(2)]
    rows = await clerk.list("customers", "?name=Emptied")
    await rows.first.locator("input").check()
    await clerk.page.get_by_text("Update 1 rows").click()
    await clerk.page.select_option("select[name=property]", "address")
    update = clerk.page.get_by_role("button", name="Update")
    await update.click()
    await clerk.sees_notice("Type the new value, or tick that there is to be none.")
    assert [(await row(db, "customers", customer))["address"] for customer in customers] == ["Rua Um"] * 2
    await clerk.page.locator(".set_null input").check()
    await update.click()
    await clerk.sees_notice("Successfully updated rows")
    assert {(await row(db, "customers", customer))["address"] for customer in customers} == {"Rua Um", None}


async def test_what_was_typed_for_one_column_of_many_rows_is_not_meant_for_another(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    await a_product(db, code="MANY-1")
    rows = await clerk.list("products", "?code=MANY-1")
    await rows.first.locator("input").check()
    await clerk.page.get_by_text("Update 1 rows").click()
    await clerk.page.select_option("select[name=property]", "sale_price")
    await clerk.fill(sale_price="99.00")
    await clerk.page.select_option("select[name=property]", "purchase_price")
    await clerk.sees_value("purchase_price", "")


async def test_a_list_that_is_refused_shows_why_instead_of_other_rows(clerk: Clerk, db: asyncpg.Connection) -> None:
    why = re.compile("^Total: ")
    await a_presale(db)
    rows = await clerk.list("presales")
    await clerk.page.click("[data-uitest=filter_button]")
    await clerk.fill(total="R$ 500")
    await clerk.page.click(APPLY)
    await clerk.sees_notice(why)
    wrapper = clerk.page.locator(".table_wrapper")
    await expect(rows).to_have_count(0)
    assert "Total: " in await wrapper.evaluate(BESIDE)
    await clerk.page.reload()
    await clerk.sees_notice(why)
    await expect(clerk.page.locator(".title h1")).to_be_visible()
    assert "Total: " in await wrapper.evaluate(BESIDE)
    await clerk.page.click("[data-uitest=filter_button]")
    await clerk.sees_value("total", "R$ 500")
    await clerk.page.get_by_role("button", name="Clear filters").click()
    await expect(rows).not_to_have_count(0)
    assert await wrapper.evaluate(BESIDE) == "none"
    clerk.expects_refusal(422)


async def test_a_list_that_gets_no_answer_can_be_asked_for_again(clerk: Clerk, db: asyncpg.Connection) -> None:
    await a_customer(db, name="Unanswered")
    rows = await clerk.list("customers")
    await expect(rows).not_to_have_count(0)
    box = clerk.page.locator(".search_box")
    async with clerk.cut_off():
        await box.fill("unanswered")
        await box.press("Enter")
        await clerk.sees_notice("The server can't be reached - please try later.")
        await expect(rows).to_have_count(0)
    await box.press("Enter")
    await expect(rows).to_have_text([re.compile("Unanswered")])


async def test_a_page_that_gets_no_answer_can_be_gone_to_again(clerk: Clerk, db: asyncpg.Connection) -> None:
    await a_customer(db)
    await clerk.list("customers")
    products = clerk.page.locator(".sidebar").get_by_role("link", name="Products")
    async with clerk.cut_off():
        await products.click()
        await clerk.sees_notice("The server can't be reached - please try later.")
        await expect(clerk.page.locator(".left_column")).to_have_count(0)
    await products.click()
    await expect(clerk.page.locator(".title h1")).to_have_text("Products")


async def test_nobody_types_into_a_form_that_is_on_its_way(clerk: Clerk, db: asyncpg.Connection) -> None:
    customer = await a_customer(db, name="On Its Way")
    await clerk.open("customers", customer)
    form = clerk.page.locator("form:has([data-uitest=save_button])")
    answer = asyncio.Event()

    async def wait(route: Route) -> None:
        await answer.wait()
        await route.continue_()

    await clerk.page.route(f"**/customers/{customer}/", wait)
    await clerk.fill(address="Rua Dois")
    await clerk.field("address").press("Tab")
    await clerk.save()
    await expect(form).to_have_js_property("inert", True)
    answer.set()
    await clerk.sees_notice("Successfully saved row")
    await expect(form).to_have_js_property("inert", False)
    await clerk.page.unroute(f"**/customers/{customer}/")


async def test_what_is_as_it_was_after_saving_is_shown_again(clerk: Clerk, db: asyncpg.Connection) -> None:
    product = await a_product(db, sale_price="7.80")
    line = await a_line(db, await a_presale(db), product_id=product)
    await clerk.open("presale_items", line)
    await clerk.fill(unit_price="")
    await clerk.save()
    await clerk.sees_notice("Successfully saved row")
    await clerk.sees_value("unit_price", "7.80")


async def test_whoever_logs_in_in_another_tab_is_noticed(clerk: Clerk, db: asyncpg.Connection) -> None:
    customer = await a_customer(db, name="Two Tabs")
    await clerk.open("customers", customer)
    await expect(clerk.page.get_by_text("admin@flowcrm.ex")).to_be_visible()
    await clerk.fill(address="Half a street")
    token = await a_token(db, "employee@flowcrm.example")
    await clerk.page.context.add_cookies([{"name": "id", "value": token, "url": clerk.address}])
    await clerk.page.evaluate("window.dispatchEvent(new Event('focus'))")
    await expect(clerk.page.get_by_text("employee@flowcrm")).to_be_visible()
    await clerk.sees_form()
    await clerk.sees_value("address", "")
