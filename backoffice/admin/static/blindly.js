// Whoever types or scans without looking is stopped where something went wrong: what comes next was meant for other
// fields, and would make another line of it.

import { intercept } from "./front_end.js";

let stop;
let before; // the key
let current;

export const keyBefore = () => before;

// What is typed there goes nowhere. Tab is part of it, unless it is pressed twice in a row.
export function stopAt(element) {
  stop = element;
  stop.tabIndex = -1;
  stop.focus();
}

document.addEventListener(
  "keydown",
  (event) => {
    const { key, shiftKey, target } = event;
    [before, current] = [current, key];
    if (key === "Tab" && !shiftKey && target === stop && before !== key) intercept(event);
  },
  true,
);

document.addEventListener("pointerdown", () => (current = undefined));
