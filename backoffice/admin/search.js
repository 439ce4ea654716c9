// Above a list, a box that finds rows by words, as `search=` of the API does: accents and case do not matter. What is
// looked for stands in the address, beside the filters, so that it is there again for whoever comes back.

const BAR = ".left_column .title_bar";
const box = document.createElement("input");
box.type = "search";
box.className = "search_box";

document.addEventListener("DOMContentLoaded", () => {
  const app = document.querySelector("#app").__vue_app__;
  const { $store: store, $router: router } = app.config.globalProperties;

  function look() {
    const { search: before, ...query } = store.state.filterParams;
    const search = box.value.trim();
    if (search === (before ?? "")) return;
    if (search) query.search = search;
    store.commit("updateCurrentPageNumber", 1);
    router.replace({ name: "rowListing", params: { tableName: store.state.currentTableName }, query });
  }

  function show() {
    const bar = document.querySelector(BAR);
    const isSearchable = store.state.schema?.extra.searchable === true;
    box.hidden = !isSearchable;
    if (!bar || box.parentElement === bar) return;
    box.placeholder = app._context.provides.i18n.global.t("Search");
    bar.insertBefore(box, bar.querySelector(".buttons"));
  }

  box.addEventListener("change", look); // with Enter, or once it is left
  box.addEventListener("input", () => box.value || look()); // cleared
  store.subscribe(({ type }) => {
    if (type === "updateFilterParams" || type === "reset") box.value = store.state.filterParams.search ?? "";
  });
  new MutationObserver(show).observe(document.querySelector("#app"), { childList: true, subtree: true });
});
