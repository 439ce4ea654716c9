// A menu that is open closes with Escape, and with a click on anything else, which may open that of another row.

const OPENER = "a:has(+ #drop_down_menu)"; // that of the user's menu holds it

const openElsewhere = (target) =>
  [...document.querySelectorAll(OPENER)].filter((opener) => !opener.contains(target) && !opener.nextElementSibling.contains(target));

const close = (openers) => openers.forEach((opener) => opener.click());

function hear({ isTrusted, target }) {
  if (!isTrusted) return;
  const openers = openElsewhere(target);
  // The front end opens one only if no other is; but a row that is drawn anew before a tick in it was heard of loses that.
  if (target.closest("a")) close(openers);
  else setTimeout(() => close(openers));
}

document.addEventListener("click", hear, true);
document.addEventListener("keydown", ({ key }) => key === "Escape" && close(openElsewhere(null)));
