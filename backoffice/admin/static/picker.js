// The window in which one picks the row that a foreign key points at, by the keyboard: what is typed is searched for at
// once, Enter takes the only row that was found, and does not send the form behind. The field itself has its
// component at hand for filters.js and unsaved.js, since nothing can be put into it from outside.

import { app, whenMounted } from "./front_end.js";
import { on } from "./requests.js";

const FIELD = ".key_search > input[type=text]";
const WINDOW = ".key_search .modal"; // one for each field, most of them hidden
const SEARCH = `${WINDOW} input[type=search]`;

let typed, names; // the last search that was answered, and the rows that it found

on("answered", ({ address, responseText, status }) => {
  if (!address.pathname.endsWith("/ids/") || status !== 200) return;
  typed = address.searchParams.get("search");
  names = Object.values(JSON.parse(responseText));
});

function takeTheOnlyOne(modal) {
  const last = modal.querySelector(".results_list li:last-child a");
  if (last.textContent === names[0]) last.click(); // or it is not shown yet
}

document.addEventListener("focusin", ({ target }) => {
  if (!target.matches(FIELD)) return;
  requestAnimationFrame(() => target.parentElement.querySelector(SEARCH)?.select()); // by then it can be seen
});

document.addEventListener(
  "keydown",
  (event) => {
    if (event.key !== "Enter" || !event.target.matches(SEARCH)) return;
    event.preventDefault();
    if (event.target.value === typed && names.length === 1) takeTheOnlyOne(event.target.closest(WINDOW));
  },
  true,
);

whenMounted(() => {
  app.mixin({
    mounted() {
      if (this.handleUpdate) this.$el.component = this;
    },
  });
});
