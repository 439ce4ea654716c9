// A menu that is open closes with Escape, and with a click on anything else, which may open that of another row. That of the last
// row in sight opens below the window, which is moved.

const MENU = "#drop_down_menu"; // within what opens it, or beside it

const openerOf = (menu) => menu.closest("a") ?? menu.previousElementSibling;

const openMenus = () => [...document.querySelectorAll(MENU)].filter((menu) => menu.getClientRects().length);

const showWhole = () => openMenus().forEach((menu) => menu.scrollIntoView({ block: "nearest" }));

function openElsewhere(target) {
  return openMenus()
    .filter((menu) => !menu.contains(target) && !openerOf(menu).contains(target))
    .map(openerOf);
}

const close = (openers) => openers.forEach((opener) => opener.click());

function hear({ isTrusted, target }) {
  if (!isTrusted) return;
  setTimeout(showWhole);
  const openers = openElsewhere(target);
  // The front end opens one of a row only if no other is; but a row that is drawn anew before a tick in it was heard of loses it.
  if (target.closest("a")) close(openers);
  else setTimeout(() => close(openers));
}

document.addEventListener("click", hear, true);
document.addEventListener("keydown", ({ key }) => key === "Escape" && close(openElsewhere(null)));
