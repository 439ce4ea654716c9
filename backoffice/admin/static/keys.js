// The field of a foreign key, and the window in which the row is picked that it points at. A click opens the window, or a key, but
// not the focus, which comes back to the field when the window closes. The field has its component at hand, since nothing can be
// put into it from outside.

import { keyBefore, stopAt } from "./blindly.js";
import { app, whenDrawn, whenMounted } from "./front_end.js";

const KEY = ".key_search";
export const FIELD = `${KEY} > input[type=text]`;
const SEARCH = ".modal input[type=search]";
const OPENING = ["Enter", "ArrowDown"];

export const LIST = ".results_list";

export const keyOf = (element) => element.closest(KEY).component;

export const keysOf = (place) => [...place.querySelectorAll(KEY)].map(keyOf);

async function show(key, place) {
  key.showModal = true;
  await key.$nextTick(); // by then it can be seen
  return key.$el.querySelector(place);
}

// What is typed next goes into the search, and what was waited for is given up.
export async function open(key) {
  Object.assign(key, { awaited: undefined, isTyped: false });
  const search = await show(key, SEARCH);
  search.focus();
  search.select();
  return search;
}

// What is typed next is not for it.
export const showFound = async (key) => stopAt(await show(key, LIST));

export const focus = (key) => key.$el.querySelector(FIELD).focus();

// Whoever has gone on to another field is not called back.
const comeBack = (key) => key.$el.contains(document.activeElement) && focus(key);

document.addEventListener("focus", (event) => event.target.matches?.(FIELD) && event.stopPropagation(), true);

document.addEventListener("click", ({ target }) => target.matches(FIELD) && open(keyOf(target)));

// A row that is there stays for whoever types blindly: Enter after Enter is that which took it, pressed once more, and behind
// text it is for a quantity for which Tab was forgotten, or for the next code.
document.addEventListener("keydown", ({ altKey, ctrlKey, key, metaKey, repeat, target }) => {
  if (altKey || ctrlKey || metaKey || repeat || !target.matches(FIELD)) return;
  const isEmpty = !keyOf(target).hiddenSelectedValue;
  const before = key === "Enter" && !isEmpty ? keyBefore() : undefined;
  if (before === "Enter") return;
  if (before?.length === 1) showFound(keyOf(target));
  else if (OPENING.includes(key) || (isEmpty && key.length === 1)) open(keyOf(target));
});

// "None" is not offered where there must be a row.
function hideNone() {
  for (const { $el, isFilter, isNullable } of keysOf(document)) {
    const none = $el.querySelector(`${LIST} li:nth-child(${isFilter ? 2 : 1})`); // after "All"
    if (none) none.hidden = !isNullable;
  }
}

whenDrawn(hideNone);

whenMounted(() => {
  app.mixin({
    mounted() {
      if (!this.handleUpdate) return;
      this.$el.component = this;
      Object.assign(this.$el.querySelector(FIELD), { readOnly: true, ariaHasPopup: "dialog" });
      this.$watch("showModal", (isOpen) => isOpen || comeBack(this));
    },
  });
});
