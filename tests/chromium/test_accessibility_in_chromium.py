"""The admin in a real Chromium, for those who hear it instead of seeing it, or have no mouse."""

import asyncpg
from playwright.async_api import expect

from tests.support.browser import Clerk, as_a
from tests.support.builders import a_customer, a_line, a_presale, a_user

CONTROLS = {"button", "checkbox", "combobox", "dialog", "link", "searchbox", "spinbutton", "table", "textbox"}


async def nameless(clerk: Clerk) -> list[str]:
    """The roles of what somebody who hears the page would know by nothing else."""
    browser = await clerk.page.context.new_cdp_session(clerk.page)
    tree = await browser.send("Accessibility.getFullAXTree")
    await browser.detach()
    roles = [
        (node["role"]["value"], node["name"]["value"].strip())
        for node in tree["nodes"]
        if not node["ignored"] and node["role"]["value"] in CONTROLS
    ]
    assert roles
    return [role for role, name in roles if not name]


@as_a("")
async def test_the_fields_of_the_log_in_have_names_and_whoever_comes_is_not_blamed(clerk: Clerk) -> None:
    await clerk.page.goto(f"{clerk.address}/admin/")
    await expect(clerk.page.get_by_role("textbox", name="E-mail")).to_be_focused()
    assert await nameless(clerk) == []
    for name, known in {"username": "username", "password": "current-password"}.items():
        await expect(clerk.page.locator(f"[name={name}]")).to_have_attribute("autocomplete", known)
    await clerk.settles()
    assert await clerk.page.locator("#message_popup").count() == 0  # now; any would be gone after a while
    clerk.expects_refusal(401)


@as_a("admin", "pt-BR")
async def test_all_of_a_list_and_its_filters_has_names(clerk: Clerk, db: asyncpg.Connection) -> None:
    presale = await a_presale(db, customer_id=await a_customer(db, name="Lida em Voz Alta"))
    rows = await clerk.list("presales", f"?id={presale}")
    number = await rows.locator("td").nth(1).inner_text()
    await expect(rows.get_by_role("checkbox", name=number)).not_to_be_checked()
    await rows.get_by_role("link", name=f"Ações, {number}").click()
    await clerk.page.click("[data-uitest=filter_button]")
    await expect(clerk.page.get_by_label("Criado em, Fuso horário")).to_be_visible()
    assert await nameless(clerk) == []


@as_a("admin", "pt-BR")
async def test_what_is_seen_at_a_glance_is_said_in_words(clerk: Clerk, db: asyncpg.Connection) -> None:
    for name, active in {"Ativa": True, "Inativa": False}.items():
        await a_user(db, email=f"{name.lower()}@example.com", name=f"{name} da Escuta", active=active)
    rows = await clerk.list("users", "?name=Escuta&__order=name")
    for row, said in ((rows.first, "Sim"), (rows.last, "Não")):
        await expect(row.locator(".boolean")).to_have_attribute("aria-label", said)
    assert await clerk.page.title() == "Usuários – Flow CRM"
    await rows.get_by_role("link", name="Inativa da Escuta", exact=True).click()
    await clerk.sees_form()
    assert await clerk.page.title() == "Editar usuário – Flow CRM"


async def test_all_of_a_form_and_its_windows_has_names_and_what_a_field_is_for_is_no_stop(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    await clerk.open("presale_items", await a_line(db, await a_presale(db)))
    hint = "Left empty, the product's sale price at this moment."
    await expect(clerk.page.get_by_text(hint)).to_be_visible()
    await expect(clerk.field("unit_price")).to_have_accessible_description(hint)
    await clerk.field("quantity").press("Tab")
    await expect(clerk.field("unit_price")).to_be_focused()

    await clerk.page.get_by_label("Product", exact=True).click()
    await expect(clerk.page.get_by_role("dialog", name="Select product")).to_be_visible()
    assert await nameless(clerk) == []
    await clerk.page.keyboard.press("Escape")
    await clerk.save()
    await expect(clerk.page.get_by_role("status")).to_have_text("Successfully saved row")
    assert await nameless(clerk) == []


async def test_a_window_keeps_the_focus_and_the_panel_of_filters_has_it_of_whoever_opens_it_by_a_key(
    clerk: Clerk, db: asyncpg.Connection
) -> None:
    await a_customer(db)
    await clerk.list("customers")
    await clerk.page.click("[data-uitest=sort_button]")
    window = clerk.page.locator(".modal:visible")
    stops = window.locator("select:visible, button, a")
    await expect(stops.nth(1)).to_be_focused()
    around = await stops.count()
    for press, first in (("Tab", 2), ("Shift+Tab", 0)):
        seen = []
        for _ in range(around):
            await clerk.page.keyboard.press(press)
            seen.append(await stops.evaluate_all("all => all.indexOf(document.activeElement)"))
        assert seen[0] == first
        assert sorted(seen) == list(range(around))

    await clerk.page.keyboard.press("Escape")
    button, panel = clerk.page.locator("[data-uitest=filter_button]"), clerk.page.locator(".filter_wrapper")
    await button.press("Enter")
    await expect(panel.locator("input, select").first).to_be_focused()
    await clerk.page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
    await expect(button).to_be_focused()
