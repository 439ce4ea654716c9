// The window in which many rows get another value: only "set null" empties them, and what was typed for one column is not
// meant for the next.

const COLUMN = "select[name=property]";
const WINDOW = `.modal:has(${COLUMN})`;
const FIELD = ":is(input:not([type=checkbox]), textarea)";
const VALUE = "Type the new value.";
const VALUE_OR_NONE = "Type the new value, or tick that there is to be none.";

let store, say;

function empty(form) {
  for (const field of form?.querySelectorAll(FIELD) ?? []) {
    field.value = "";
    field.dispatchEvent(new Event("input"));
  }
}

document.addEventListener(
  "change",
  ({ target }) => {
    if (!target.matches(COLUMN)) return;
    const form = () => target.closest(WINDOW).querySelector("form"); // another one, or none so far
    form()?.querySelector(".set_null input:checked")?.click();
    requestAnimationFrame(() => empty(form()));
  },
  true,
);

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (!form.closest(WINDOW) || form.querySelector(".set_null input:checked")) return;
    if (form.querySelector(`${FIELD}[name]`)?.value !== "") return;
    event.preventDefault();
    event.stopPropagation(); // it never comes to the front end
    const contents = say(form.querySelector(".set_null") ? VALUE_OR_NONE : VALUE);
    store.commit("updateApiResponseMessage", { contents, type: "error", isOurs: true });
  },
  true,
);

document.addEventListener("DOMContentLoaded", () => {
  const app = document.querySelector("#app").__vue_app__;
  store = app.config.globalProperties.$store;
  say = (text) => app._context.provides.i18n.global.t(text);
});
