// For those who work without a mouse: a log-in begins at its first field, buttons without an address can be reached, a window
// or a panel that opens has the focus, and Escape closes it and leads back. A window keeps the focus while it is open, and is
// closed when its page is left.

import { PANEL, page, router, whenDrawn, whenMounted } from "./front_end.js";

const BUTTONS = "a.button:not([href])";
const WINDOW = ".modal"; // those of keys are there all the time, most of them hidden
const FIELD = "select, input, textarea, button";
const STOP = `${FIELD}, a[href]`;
const LOG_IN = "#login [name=username]";
const FILTERS = "[data-uitest=filter_button]";

let entered; // the window that was open at the last click
let opener;

function makeReachable() {
  for (const button of document.querySelectorAll(BUTTONS)) Object.assign(button, { tabIndex: 0, role: "button" });
}

const visibleWindows = () => [...document.querySelectorAll(WINDOW)].filter((one) => one.getClientRects().length);

function enter(clicked) {
  const last = visibleWindows().at(-1);
  if (last && last !== entered) {
    opener = clicked;
    if (!last.contains(document.activeElement)) last.querySelector(FIELD)?.focus();
  }
  entered = last;
}

function close() {
  if (page.inert) return;
  const last = visibleWindows().at(-1);
  if (last) {
    closeWindow(last);
    if (last === entered) opener?.focus();
  } else if (document.activeElement.closest(PANEL)) {
    const button = page.querySelector(FILTERS);
    button.click();
    button.focus();
  }
}

const closeWindow = (one) => one.querySelector(".close a").click();

const closeAll = () => visibleWindows().reverse().forEach(closeWindow);

// Tab goes round in a window, since what lies below it is covered.
function goRound(event) {
  const last = visibleWindows().at(-1);
  const stops = [...(last?.querySelectorAll(STOP) ?? [])].filter((one) => one.getClientRects().length);
  const [ahead, first] = event.shiftKey
    ? [Node.DOCUMENT_POSITION_PRECEDING, stops.at(-1)]
    : [Node.DOCUMENT_POSITION_FOLLOWING, stops[0]];
  const here = document.activeElement; // which may be no stop, as a list in which nothing was found
  const goesOn = last?.contains(here) && stops.some((stop) => here.compareDocumentPosition(stop) & ahead);
  if (goesOn || !stops.length) return;
  event.preventDefault();
  first.focus();
}

// What a click opens is there by then. One of the keyboard has no detail; the panel stands behind all rows of the list.
document.addEventListener("click", ({ target, detail }) => {
  const clicked = target.closest("a, button, input");
  requestAnimationFrame(() => {
    enter(clicked);
    if (!detail && clicked?.matches(FILTERS)) page.querySelector(`${PANEL} :is(${FIELD})`)?.focus();
  });
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") close();
  if (event.key === "Tab") goRound(event);
  if (!["Enter", " "].includes(event.key) || !event.target.matches(BUTTONS)) return;
  event.preventDefault();
  event.target.click();
});

function beginLogIn() {
  if (document.activeElement === document.body) page.querySelector(LOG_IN)?.focus();
}

whenDrawn(makeReachable);
whenDrawn(beginLogIn);
whenMounted(() => router.afterEach(closeAll));
