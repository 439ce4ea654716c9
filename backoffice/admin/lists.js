// A list that could not be had shows no rows, since those of the question before would be taken for the answer: the reason
// stands in their place. Without this the front end would keep them, or, where the list is the first, draw no page at all.
// One in another order begins at its first page.

const SAME_PLACE = ".sidebar a";
const NO_ANSWER = "The server can't be reached - please try later.";
const OF_FILTERS = ["Successfully applied filter", "Successfully cleared filters"]; // said in any case

let asked = 0;
let isFresh = false; // the list on the screen
let order;
let said = ""; // the last refusal
let reason = ""; // why there are no rows

function explain(why) {
  reason = why;
  document.documentElement.classList.toggle("unlisted", why !== "");
  document.documentElement.style.setProperty("--unlisted", JSON.stringify(why).replaceAll("\\n", "\\a "));
}

// In another order the page that one was on holds other rows.
function beginAnew(store, now) {
  if (now !== order) store.commit("updateCurrentPageNumber", 1);
  order = now;
}

// Without a schema there is no page, and going where one is already would not ask again.
document.addEventListener(
  "click",
  ({ target }) => {
    const [place] = location.hash.split("?");
    if (target.closest(SAME_PLACE)?.hash !== place) return;
    if (document.querySelector(".left_column") && !(reason && location.hash === place)) return;
    history.replaceState(history.state, "", place);
    location.reload();
  },
  true,
);

document.addEventListener("DOMContentLoaded", () => {
  const app = document.querySelector("#app").__vue_app__;
  const store = app.config.globalProperties.$store;
  const say = (text) => app._context.provides.i18n.global.t(text);
  const { dispatch } = store;
  store.dispatch = async (type, payload) => {
    if (type !== "fetchRows") return dispatch(type, payload);
    const mine = (asked += 1);
    said = "";
    await dispatch(type, payload).catch((error) => console.assert(error.isAxiosError, error)); // said already
    const isListed = isFresh;
    isFresh = false;
    if (mine === asked) explain(isListed ? "" : said || say(NO_ANSWER));
    if (reason) store.commit("updateRows", []); // an earlier list may have come after the refusal of the last
    isFresh = false;
  };
  store.subscribe(({ type, payload }) => {
    if (type === "updateRows") isFresh = true;
    if (type === "updateOrderBy") beginAnew(store, JSON.stringify(payload));
    if (type !== "updateApiResponseMessage") return;
    if (payload.type === "error") said = payload.contents;
    const isVain = reason && OF_FILTERS.some((text) => say(text) === payload.contents);
    if (isVain) Object.assign(payload, { contents: reason, type: "error" });
  });
});
