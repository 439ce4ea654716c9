// Whoever types or scans without looking is stopped where something went wrong: what comes next was meant for other
// fields, and would make another line of it.

import { intercept } from "./front_end.js";

let stop;
let before; // the key
let current;
let isTyping = false; // since Enter

export const keyBefore = () => before;

// What is typed there goes nowhere. Tab is part of it, unless it is pressed twice in a row and nothing was typed since Enter:
// from a quantity it is pressed twice on the way to a discount.
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
    isTyping = key !== "Enter" && (isTyping || key.length === 1);
    if (key === "Tab" && !shiftKey && target === stop && (isTyping || before !== key)) intercept(event);
  },
  true,
);

document.addEventListener("pointerdown", () => {
  current = undefined;
  isTyping = false;
});
