// Above a list, a box that finds rows by words, as `search=` of the API does: accents and case do not matter.

import { PANEL, say, store, whenDrawn, whenFiltered } from "./front_end.js";
import { isUnlisted } from "./lists.js";

const BAR = ".left_column .title_bar";
const box = document.createElement("input");
box.type = "search";
box.className = "search_box";

let isFiltering = false; // by the filters' form, which knows nothing of the box

function look() {
  const { search: before, ...query } = store.state.filterParams;
  const search = box.value.trim();
  if (search === (before ?? "") && !isUnlisted()) return;
  if (search) query.search = search;
  store.commit("updateFilterParams", query);
  store.commit("updateCurrentPageNumber", 1);
  store.dispatch("fetchRows");
}

function show() {
  const bar = document.querySelector(BAR);
  box.hidden = store.state.schema?.extra.searchable !== true;
  if (!bar || box.parentElement === bar) return;
  box.value = store.state.filterParams.search ?? "";
  box.placeholder = say("Search");
  bar.insertBefore(box, bar.querySelector(".buttons"));
}

box.addEventListener("keydown", ({ key }) => key === "Enter" && look());
box.addEventListener("change", look); // once it is left
box.addEventListener("input", () => box.value || look()); // cleared
document.addEventListener("submit", ({ target }) => (isFiltering = target.closest(PANEL) !== null), true);
whenDrawn(show);

whenFiltered((filters) => {
  const search = isFiltering && box.value.trim();
  isFiltering = false;
  if (search) store.commit("updateFilterParams", { ...filters, search });
  else box.value = store.state.filterParams.search ?? "";
});
