// For those who work without a mouse: buttons without an address can be reached, a window that opens has the focus, and
// Escape closes it.

import { whenDrawn } from "./front_end.js";

const BUTTONS = "a.button:not([href])";
const WINDOW = ".modal"; // those of keys are there all the time, most of them hidden
const FIELD = "select, input, textarea, button";

let entered; // the window that was open at the last click

function makeReachable() {
  for (const button of document.querySelectorAll(BUTTONS)) Object.assign(button, { tabIndex: 0, role: "button" });
}

function visibleWindow() {
  return [...document.querySelectorAll(WINDOW)].findLast((one) => one.getClientRects().length);
}

function enter() {
  const last = visibleWindow();
  if (last && last !== entered && !last.contains(document.activeElement)) last.querySelector(FIELD)?.focus();
  entered = last;
}

// What a click opens is there by then.
document.addEventListener("click", () => requestAnimationFrame(enter));

document.addEventListener("keydown", ({ key, target }) => {
  if (key === "Escape") visibleWindow()?.querySelector(".close a").click();
  if (key === "Enter" && target.matches(BUTTONS)) target.click();
});

whenDrawn(makeReachable);
