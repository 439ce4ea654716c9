"""Somebody in front of the admin, in a real browser."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from playwright.async_api import ConsoleMessage, Dialog, Error, Locator, Page, Request, Response, Route, expect

from accounts.passwords import DEMO_PASSWORD

# Debian's. The one that has no windows to draw takes a quarter less of the processors, but may be missing.
CHROMIUMS = [Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium")]
CHROMIUM = next((path for path in CHROMIUMS if path.exists()), CHROMIUMS[-1])
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=en-US",
    "--enable-features=NetworkServiceInProcess2",  # one process less that each request goes through
    "--js-flags=--no-maglev --no-opt",  # no page lives so long that compiling its scripts once more would pay
]
# Nothing fades, moves or changes its colour little by little: each step of that would be drawn.
STILL = """
const sheet = new CSSStyleSheet();
sheet.replaceSync("*, ::before, ::after { transition: none !important; animation: none !important; }");
document.adoptedStyleSheets = [sheet];
"""
SAVE = "[data-uitest=save_button]"
CREATE = "[data-uitest=create_button]"
# For a page to lose its patience with all that it is waiting for then, as if a minute had gone by.
REMEMBER_PATIENCE = """() => {
    const { set } = Object.getOwnPropertyDescriptor(XMLHttpRequest.prototype, "timeout");
    const asked = [];
    Object.defineProperty(XMLHttpRequest.prototype, "timeout", {
        set(ms) {
            set.call(this, ms);
            asked.push([this, ms]);
        },
    });
    globalThis.losePatience = () => asked.forEach(([request, ms]) => set.call(request, Math.ceil(ms / 60_000)));
}"""
LOSE_PATIENCE = "() => losePatience()"
OFFLINE, LOGGED_OFFLINE = "internetdisconnected", "net::ERR_INTERNET_DISCONNECTED"
APPLY = "[data-uitest=submit_filter_button]"
PATIENCE_MS = 30_000  # on a busy machine a page that loads much may take more than the 5 s that are usual
expect.set_options(timeout=PATIENCE_MS)


class Clerk:
    """One page of the browser, and all that went wrong on it: errors, refusals, requests to anywhere else."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.troubles: list[str] = []
        self.asked: list[str] = []
        self.agrees = True  # with what the page asks
        self._under_way: set[Request] = set()
        self._ears: dict[Any, Any] = {
            "console": self._hear,
            "pageerror": self._hear_error,
            "request": self._watch,
            "requestfinished": self._see_end,
            "requestfailed": self._see_end,
            "response": self._read,
            "dialog": self._agree,
        }
        for event, ear in self._ears.items():
            page.on(event, ear)

    def go_home(self) -> None:
        """Hears no more of what the next one does on this page."""
        for event, ear in self._ears.items():
            self.page.remove_listener(event, ear)

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.troubles.append(said.text)

    def _hear_error(self, error: Error) -> None:
        self.troubles.append(str(error))

    def _watch(self, request: Request) -> None:
        self._under_way.add(request)
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.troubles.append(f"asked elsewhere: {request.url}")

    def _see_end(self, request: Request) -> None:
        self._under_way.discard(request)

    def _read(self, response: Response) -> None:
        if response.status >= 400:
            self.troubles.append(f"{response.status} {response.url}")

    async def _agree(self, dialog: Dialog) -> None:
        self.asked.append(dialog.message or dialog.type)  # the browser has words of its own
        await (dialog.accept() if self.agrees else dialog.dismiss())

    def expects_refusal(self, status: int) -> None:
        """Refusals of this status, and what the browser logs of them, were no trouble; anything else is."""
        logged = f"Failed to load resource: the server responded with a status of {status}"
        assert any(trouble.startswith(str(status)) for trouble in self.troubles), self.troubles
        self.troubles = [one for one in self.troubles if not one.startswith((f"{status} ", logged))]

    # Where to

    async def log_in(self, who: str, password: str = DEMO_PASSWORD) -> None:
        await self.page.goto(f"{self.address}/admin/")
        await self.log_in_again(who, password)

    async def log_in_again(self, who: str = "admin", password: str = DEMO_PASSWORD) -> None:
        """Where the page asks for it, as soon as one of its requests is refused; the others are by then as well."""
        await expect(self.page.locator("[name=username]")).to_be_visible()
        await self.settles()
        await self.log_in_at_once(who, password)

    async def log_in_at_once(self, who: str = "admin", password: str = DEMO_PASSWORD) -> None:
        """Whatever the page is still waiting for."""
        await self.page.fill("[name=username]", f"{who}@flowcrm.example")
        await self.page.fill("[name=password]", password)
        await self.page.click("[data-uitest=login_button]")

    async def loses_session(self, db: asyncpg.Connection) -> None:
        """As everybody does; not before the page has all that it shows, or it would ask for a log-in by itself."""
        await self.settles()
        await db.execute("DELETE FROM sessions")

    async def list(self, table: str, query: str = "") -> Locator:
        """The rows of this table's list."""
        await self._go(f"{table}/{query}")
        await expect(self.page.locator("#result_count")).to_be_visible()
        return self.page.locator(".table_wrapper tbody tr")

    async def open(self, table: str, row: object) -> None:
        """The form of this row."""
        await self._go(f"{table}/{row}/")
        await self.sees_form()

    async def add(self, table: str, **values: str) -> None:
        """The form for a new row, filled in but not sent."""
        await self._go(f"{table}/add/")
        await self.settles()  # the defaults have been filled in
        await self.fill(**values)

    async def _go(self, path: str) -> None:
        """From one part of the page to another it is not loaded anew, unless both are lists of one table, or forms."""
        place = f"{self.address}/admin/#/{path}"
        before = _part(self.page.url)
        if before == _part(place):
            await self.page.goto("about:blank")
        await self.page.goto(place)
        if before not in ("", _part(place)):
            await self.settles()  # of the old part nothing is left then

    async def settles(self) -> None:
        """Until the page has all that it asks for by itself. Playwright's "networkidle" is true for good once it was,
        and so says nothing of what the same page asks for later."""
        async with asyncio.timeout(PATIENCE_MS / 1000):
            quiet = 0
            while quiet < 3:
                await self.page.evaluate("() => new Promise((done) => setTimeout(done, 20))")  # in which it goes on
                quiet = 0 if self._under_way else quiet + 1

    @asynccontextmanager
    async def cut_off(self) -> AsyncIterator[None]:
        """From the network. Not as `set_offline` does it, which the next key press may be ahead of."""

        async def cut(route: Route) -> None:
            await route.abort(OFFLINE)

        async with self._routed("**/*", cut):
            yield
        self._forgive(LOGGED_OFFLINE)

    @asynccontextmanager
    async def cut_off_after(self, method: str) -> AsyncIterator[None]:
        """From the network, once one such request is on its way."""
        is_cut = False

        async def cut(route: Route) -> None:
            nonlocal is_cut
            await (route.abort(OFFLINE) if is_cut else route.continue_())
            is_cut = is_cut or route.request.method == method

        async with self._routed("**/*", cut):
            yield
        self._forgive(LOGGED_OFFLINE)

    @asynccontextmanager
    async def held_up(self, path: str, method: str) -> AsyncIterator[asyncio.Event]:
        """Such requests reach the server when the event is set, and at the end in any case."""
        go_on = asyncio.Event()

        async def wait(route: Route) -> None:
            if route.request.method == method:
                await go_on.wait()
            await route.continue_()

        async with self._routed(path, wait):
            try:
                yield go_on
            finally:
                go_on.set()

    @asynccontextmanager
    async def answers_lost(self, path: str, method: str) -> AsyncIterator[None]:
        """Such requests reach the server, and nobody hears of it."""

        async def lose(route: Route) -> None:
            if route.request.method == method:
                await route.fetch()
                await route.abort()
            else:
                await route.continue_()

        async with self._routed(path, lose):
            yield
        self._forgive("net::ERR_FAILED")

    async def route(self, path: str, handle: Callable[[Route], Awaitable[None]]) -> None:
        """Until the end of the test. The browser says that it does so before the page has heard of it, and the page may
        go on with key presses first; what it evaluates, it does in turn."""
        await self.page.route(path, handle)
        await self.page.evaluate("0")

    @asynccontextmanager
    async def _routed(self, path: str, handle: Callable[[Route], Awaitable[None]]) -> AsyncIterator[None]:
        await self.route(path, handle)
        try:
            yield
        finally:
            await self.page.unroute_all(behavior="wait")

    def _forgive(self, logged: str) -> None:
        """What the browser logs of what was caused here is no trouble."""
        self.troubles = [one for one in self.troubles if not one.endswith(logged)]

    @property
    def out_of_reach(self) -> Locator:
        """The whole page, while something is on its way."""
        return self.page.locator("#app[inert]")

    # What to do there

    def field(self, name: str) -> Locator:
        return self.page.locator(f"form [name={name}]:not(#editor):visible")

    async def fill(self, **values: str) -> None:
        for name, value in values.items():
            await self.field(name).fill(value)

    async def choose(self, **values: str) -> None:
        for name, value in values.items():
            await self.field(name).select_option(value)

    async def pick(self, name: str, typed: str, shown: str) -> None:
        """Finds the row that a foreign key is to point at by words."""
        await self.page.locator(f".key_search:has([name={name}]) input[type=text]").click()
        await self.page.locator(".input_wrapper input:visible").fill(typed)
        await self.page.locator(".results_list:visible a", has_text=shown).click()

    async def speak(self, language: str) -> None:
        """From now on; the page is loaded anew."""
        await self.page.click("[data-icon=language]")
        async with self.page.expect_event("load"):
            await self.page.get_by_text(language).click()

    async def live_by(self, timezone: str) -> None:
        """From now on."""
        await self.page.click("[data-uitest=nav_dropdown_button]")
        await self.page.get_by_text("timezone").click()
        await self.page.locator(".modal:visible select").select_option(timezone)
        await self.page.locator(".modal:visible button").click()

    async def save(self) -> None:
        await self.page.click(SAVE)

    async def create(self) -> None:
        await self.page.click(CREATE)

    async def pick_all(self) -> None:
        """The rows of the list, on this page of it."""
        await self.page.locator("thead input").check()

    async def delete_picked(self) -> None:
        await self.page.click(".button:has([data-icon=trash-can])")

    async def delete(self) -> None:
        await self.page.click("[data-uitest=drop_down_button]")
        await self.page.click("[data-uitest=delete_row_button]")

    async def exports(self) -> str:
        """The file that the list becomes."""
        await self.page.click("[data-uitest=csv_button]")
        async with self.page.expect_download() as download:
            await self.page.click("[data-uitest=download_csv_button]")
        return Path(await (await download.value).path()).read_text("utf-8")

    # What there is to see

    async def sees_form(self) -> None:
        """Of a row that exists, loaded."""
        await expect(self.version).to_have_value(re.compile("."))

    async def sees_notice(self, text: str | re.Pattern[str]) -> None:
        await expect(self.page.locator("#message_popup .message")).to_have_text(text)

    async def sees_refusal(self, text: str) -> None:
        await expect(self.page.locator(".errors li")).to_have_text(text)
        await expect(self.page.locator(f"{SAVE}, {CREATE}")).to_be_enabled()

    async def sees_value(self, name: str, value: str) -> None:
        await expect(self.field(name)).to_have_value(value)

    @property
    def side_bar(self) -> Locator:
        """Its tables, below their headings."""
        return self.page.locator(".table_list").first.locator("li")

    @property
    def version(self) -> Locator:
        """What tells a form that is out of date."""
        return self.page.locator("form [name=version]")

    @property
    def row_id(self) -> str:
        """Of the row whose form is open."""
        return self.page.url.rstrip("/").rpartition("/")[2]


def _part(url: str) -> str:
    """Which part of the page an address leads to; none outside of it."""
    table, _, row = re.sub(r"\?.*", "", url.partition("/admin/#/")[2]).strip("/").partition("/")
    return "form" if row not in ("", "add") else row or table


def as_a(role: str, locale: str = "en-US") -> pytest.MarkDecorator:
    return pytest.mark.parametrize("clerk", [(role, locale)], indirect=True, ids=[role or "stranger"])


async def sees_beside(element: Locator, words: str | re.Pattern[str]) -> None:
    """What the style sheet writes after an element, with its quotation marks; "none", where it is nothing."""
    await expect(element).to_have_css("content", words, pseudo="after")
