// Above a list, a box that finds rows by words, as `search=` of the API does: accents and case do not matter. What is
// looked for and filtered by stands in the address, so that it is there again for whoever comes back, and stays when the
// list is sorted.

import { router, say, store, whenDrawn } from "./front_end.js";
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

// Without the router, which would have the list read once more.
function remember() {
  const { currentTableName, filterParams } = store.state;
  const list = `/${currentTableName}/`;
  if (!location.hash.startsWith(`#${list}`) || /^#\/\w+\/[^?]/.test(location.hash)) return;
  const query = new URLSearchParams(filterParams).toString();
  const current = query ? `${list}?${query}` : list;
  history.replaceState({ ...history.state, current }, "", `#${current}`);
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
document.addEventListener("submit", ({ target }) => (isFiltering = target.closest(".filter_wrapper") !== null), true);
whenDrawn(show);

document.addEventListener("DOMContentLoaded", () => {
  store.subscribe(({ type, payload }) => {
    if (type !== "updateFilterParams" && type !== "reset") return;
    const search = isFiltering && box.value.trim();
    isFiltering = false;
    if (search) return store.commit("updateFilterParams", { ...payload, search });
    box.value = store.state.filterParams.search ?? "";
    remember();
  });
  router.beforeEach((to) => {
    const isSorted = to.name === "rowListing" && Object.keys(to.query).join() === "__order";
    if (!isSorted || to.params.tableName !== store.state.currentTableName) return true;
    const { __order, ...kept } = store.state.filterParams;
    return Object.keys(kept).length === 0 || { ...to, query: { ...kept, ...to.query }, replace: true };
  });
});
