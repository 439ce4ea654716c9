// A list that could not be had shows no rows, since those of the question before would be taken for the answer: the reason
// stands in their place. Without this the front end would keep them, or, where the list is the first, draw no page at all.
// One in another order begins at its first page.

const SAME_PLACE = ".sidebar a";

let lists = 0; // that came
let order;
let said = ""; // the last refusal

function explain(reason) {
  document.documentElement.classList.toggle("unlisted", reason !== "");
  document.documentElement.style.setProperty("--unlisted", JSON.stringify(reason).replaceAll("\\n", "\\a "));
}

// In another order the page that one was on holds other rows.
function beginAnew(store, now) {
  if (now !== order) store.commit("updateCurrentPageNumber", 1);
  order = now;
}

// Without a schema there is no page, and going where one is already would not ask for it again.
document.addEventListener(
  "click",
  ({ target }) => {
    const link = target.closest(SAME_PLACE);
    if (link?.href === location.href && !document.querySelector(".left_column")) location.reload();
  },
  true,
);

document.addEventListener("DOMContentLoaded", () => {
  const store = document.querySelector("#app").__vue_app__.config.globalProperties.$store;
  const { dispatch } = store;
  store.dispatch = async (type, payload) => {
    if (type !== "fetchRows") return dispatch(type, payload);
    const before = lists;
    await dispatch(type, payload).catch((error) => console.assert(error.isAxiosError, error)); // said already
    const isListed = lists > before;
    explain(isListed ? "" : said);
    if (isListed) return;
    store.commit("updateRowCount", 0);
    store.commit("updateRows", []);
    lists -= 1; // that was none
  };
  store.subscribe(({ type, payload }) => {
    if (type === "updateRows") lists += 1;
    if (type === "updateOrderBy") beginAnew(store, JSON.stringify(payload));
    if (type === "updateApiResponseMessage" && payload.type === "error") said = payload.contents;
  });
});
