"""The admin in a real Chromium, on a real server: what a clerk does all day, and what a clerk gets wrong."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest
from playwright.async_api import Browser, Dialog, Page, async_playwright

from backoffice.api.totals import LARGE_ROWS, MAX_COUNTED_ROWS
from tests.support.browser import CHROMIUM, FLAGS, PATIENCE_MS, STILL, Clerk
from tests.support.builders import a_user
from tests.support.clients import a_token
from tests.support.databases import clone
from tests.support.real_server import real_server

ROLES = ("admin", "manager", "employee")
# One entry more of 2020 than are counted. As the statistics have it, there are more, but none of that year.
ARCHIVE = f"""
    ALTER TABLE audit_trail SET (autovacuum_enabled = false);
    SET session_replication_role = replica;
    ANALYZE audit_trail;
    INSERT INTO audit_trail (happened_at, who, database_role, table_name, action, row_id)
    SELECT '2020-01-01', 'clerk' || n || '@archive.example', 'archive', 'products', 'created', gen_random_uuid()
    FROM generate_series(0, {MAX_COUNTED_ROWS}) AS n;
    RESET session_replication_role;
    UPDATE pg_class SET reltuples = {LARGE_ROWS + 1}, relpages = pg_relation_size(oid) / 8192
    WHERE oid = 'audit_trail'::regclass;
"""


@pytest.fixture(scope="session", autouse=True)
def chromium() -> None:
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium at {CHROMIUM}")


@pytest.fixture(scope="session")
async def dsn(server: str, steward: asyncpg.Connection, template: str) -> AsyncIterator[str]:
    """One database for all of these tests, each of which makes its own rows."""
    async with clone(server, steward, template) as dsn:
        yield dsn


@pytest.fixture(scope="session")
async def db(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn)
    for role in ROLES:
        await a_user(connection, email=f"{role}@flowcrm.example", name=role.title(), role=role)
    await connection.execute(ARCHIVE)
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def address(
    dsn: str, db: asyncpg.Connection, as_served: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[str]:
    with real_server(as_served(dsn), tmp_path_factory.mktemp("served") / "log.txt") as address:
        yield address


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


Desktop = Callable[[str], Awaitable[Page]]


@pytest.fixture(scope="session")
async def desktop(browser: Browser, address: str) -> Desktop:
    """The page, for people of a language. All use it one after the other: to compile the admin's script anew takes as
    long as most of these tests. So they do the connection to the browser's tools: each more slows the page down."""
    context = await browser.new_context(timezone_id="America/Sao_Paulo")
    context.set_default_timeout(PATIENCE_MS)
    await context.add_init_script(STILL)
    page = await context.new_page()
    tools = await context.new_cdp_session(page)
    name = await page.evaluate("navigator.userAgent")

    async def leave(asked: Dialog) -> None:
        """Whatever the last one left unsaved."""
        await asked.accept()

    async def desktop(locale: str) -> Page:
        page.on("dialog", leave)
        await page.goto("about:blank")
        page.remove_listener("dialog", leave)
        await tools.send("Storage.clearDataForOrigin", {"origin": address, "storageTypes": "all"})
        await tools.send("Emulation.setLocaleOverride", {"locale": locale})
        await tools.send("Emulation.setUserAgentOverride", {"userAgent": name, "acceptLanguage": locale})
        return page

    return desktop


@pytest.fixture
async def clerk(
    request: pytest.FixtureRequest, desktop: Desktop, address: str, db: asyncpg.Connection
) -> AsyncIterator[Clerk]:
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
    await page.unroute_all()  # while there is a route, the browser keeps nothing
    assert clerk.troubles == []
