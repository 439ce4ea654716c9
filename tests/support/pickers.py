"""The field of a foreign key and its window in the admin, and what is picked there for the lines of a pre-sale."""

import re
import uuid

import asyncpg
from playwright.async_api import Locator, expect

from tests.support.browser import Clerk
from tests.support.builders import a_line, a_presale, a_product

SEARCHES = "**/products/ids/?*search=*"
UNKNOWN = "The server does not answer. Look whether this was carried out before you try again."
SCANNED = "Scanned · 10.00 · 100 un in stock"
NOBODY_ANSWERS = "The server can't be reached - please try later."


class Picker:
    """The field of a foreign key, and its window."""

    def __init__(self, clerk: Clerk, name: str = "product_id") -> None:
        self.keyboard = clerk.page.keyboard
        self.field = clerk.page.locator(f".key_search:has([name={name}]) > input[type=text]")
        self.search = clerk.page.locator(".input_wrapper input:visible")
        self.close = clerk.page.locator(".modal:visible .close a")
        self.list = clerk.page.locator(".results_list:visible")
        self.offered = self.list.locator("a:visible")

    async def open(self) -> None:
        await self.field.click()
        await expect(self.search).to_be_focused()

    async def type(self, text: str, *keys: str) -> None:
        await self.keyboard.type(text)
        for key in keys:
            await self.keyboard.press(key)

    async def has_taken(self, name: str) -> None:
        """:param name: without what is said of a product beside it."""
        await expect(self.search).to_have_count(0)
        await expect(self.field).to_have_value(re.compile(f"^{re.escape(name)}( · .*)?$"))


async def some_products(db: asyncpg.Connection, *codes: str) -> None:
    for code in codes:
        await a_product(db, code=code, name="Scanned")


async def lists_lines(clerk: Clerk, db: asyncpg.Connection, *codes: str) -> tuple[uuid.UUID, Locator]:
    """A pre-sale with one line, in its list, and what adds the next; there are products with these codes."""
    presale = await a_presale(db)
    await a_line(db, presale, product_id=await a_product(db, code=f"FIRST-{codes[0]}"))
    await some_products(db, *codes)
    await clerk.list("presale_items", f"?presale_id={presale}")
    return presale, clerk.page.locator("[href$='/presale_items/add/']")


async def begins(clerk: Clerk, db: asyncpg.Connection, *codes: str) -> tuple[uuid.UUID, Picker]:
    """The same, and the form for the next line."""
    presale, add = await lists_lines(clerk, db, *codes)
    await add.click()
    await clerk.settles()
    picker = Picker(clerk)
    await expect(picker.field).to_be_focused()
    return presale, picker


async def lines_of(db: asyncpg.Connection, presale: uuid.UUID) -> list[tuple[str, str]]:
    """The code and the quantity of each."""
    return [
        (line["code"], str(line["quantity"].normalize()))
        for line in await db.fetch(
            "SELECT code, quantity FROM presale_items AS i JOIN products AS p ON p.id = product_id "
            "WHERE presale_id = $1 ORDER BY i.quantity",
            presale,
        )
    ]


async def begins_anew(clerk: Clerk, picker: Picker, **values: str) -> None:
    await expect(picker.search).to_be_focused()
    await expect(picker.field).to_have_value("")
    for name, value in ({"quantity": "", "unit_price": "", "discount": "0.00"} | values).items():
        await clerk.sees_value(name, value)
