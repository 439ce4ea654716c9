// The window in which one picks the row that a foreign key points at, by the keyboard: what is typed is searched for at
// once, Enter takes the only row that is found, also where it comes before the answer does, as after a bar code, and does not
// send the form behind. The field itself has its component at hand for filters.js and unsaved.js, since nothing can be put
// into it from outside.

import { app, setValue, whenDrawn, whenMounted } from "./front_end.js";
import { on } from "./requests.js";

const FIELD = ".key_search > input[type=text]";
const WINDOW = ".key_search .modal"; // one for each field, most of them hidden
const SEARCH = `${WINDOW} input[type=search]`;

let last; // the last search, which an earlier one may be answered after
let typed, names; // what it was for, and the rows that it found, once it was answered
let waiting; // the field in which Enter was pressed

const isSearch = ({ address }) => address.pathname.endsWith("/ids/");

on("sent", (request) => {
  if (isSearch(request)) last = request;
});

on("unanswered", (request) => {
  if (request === last) waiting = undefined;
});

on("answered", (request) => {
  const { address, responseText, status } = request;
  if (request !== last) return;
  if (status !== 200) return (waiting = undefined);
  typed = address.searchParams.get("search");
  names = Object.values(JSON.parse(responseText));
  setTimeout(takeTheOnlyOne); // where the same row was shown before, nothing is drawn
});

function takeTheOnlyOne() {
  if (!waiting || waiting.value !== typed) return; // nobody waits, or for another answer
  const found = waiting.closest(WINDOW)?.querySelector(".results_list li:last-child a");
  if (names.length === 1 && found?.textContent !== names[0]) return; // it is not shown yet
  waiting = undefined;
  if (names.length === 1) found.click();
}

document.addEventListener("focusin", ({ target }) => {
  if (!target.matches(FIELD)) return;
  requestAnimationFrame(() => target.parentElement.querySelector(SEARCH)?.select()); // by then it can be seen
});

document.addEventListener(
  "keydown",
  (event) => {
    const { key, target } = event;
    if (!target.matches(SEARCH)) return;
    // Until the answer is there nothing is typed: it would be searched for, and the next Enter would take another row.
    if (key === "Enter" || (waiting && key !== "Escape")) event.preventDefault();
    if (key !== "Enter" || waiting || !target.value.trim()) return;
    waiting = target;
    if (target.value !== typed) searchAnew(target);
    takeTheOnlyOne();
  },
  true,
);

// The search may have failed, or have been another field's.
function searchAnew(field) {
  const { value } = field;
  setValue(field, ""); // the front end does not search for the same
  setTimeout(() => setValue(field, value)); // by then it has noticed
}

document.addEventListener("input", ({ isTrusted, target }) => {
  if (isTrusted && target.matches(SEARCH)) typed = waiting = undefined; // it is searched for anew
});

document.addEventListener("keydown", ({ key }) => key === "Escape" && (waiting = undefined), true);

whenDrawn(takeTheOnlyOne);

whenMounted(() => {
  app.mixin({
    mounted() {
      if (this.handleUpdate) this.$el.component = this;
    },
  });
});
