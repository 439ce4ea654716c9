// A list that could not be had shows no rows, since those of the question before would be taken for the answer: the reason
// stands in their place. Without this the front end would keep them, or, where the list is the first, draw no page at all.

import { TABLE, say, store, whenMounted, write } from "./front_end.js";
import { NO_ANSWER, on } from "./requests.js";

const GONE = 410;
const COUNT = /\/count\/$/;
const SAME_PLACE = ".sidebar a";
const OF_FILTERS = ["Successfully applied filter", "Successfully cleared filters"]; // said in any case

let asked = 0;
let isFresh = false; // the list on the screen
let order;
let said = ""; // the last refusal
let reason = ""; // why there are no rows
let isEstimate = false; // the number of results

export const isUnlisted = () => reason !== "";

function explain(why) {
  reason = why;
  document.documentElement.classList.toggle("unlisted", isUnlisted());
  write("unlisted", why);
}

async function fetchRows(fetch) {
  const mine = (asked += 1);
  const { currentTableName, schema } = store.state;
  if (schema?.extra.table !== currentTableName) return; // asked for once more when its schema has come, with its own order
  said = "";
  await fetch().catch((error) => console.assert(error.isAxiosError, error)); // said already
  const isListed = isFresh;
  isFresh = false;
  if (mine === asked) explain(isListed ? "" : said || say(NO_ANSWER));
  if (isUnlisted()) store.commit("updateRows", []); // an earlier list may have come after the refusal of the last
  isFresh = false;
}

function hear(notice) {
  if (notice.type === "error") said = notice.contents;
  const isVain = isUnlisted() && OF_FILTERS.some((text) => say(text) === notice.contents);
  if (isVain) Object.assign(notice, { contents: reason, type: "error" });
}

// In another order the page that one was on holds other rows.
function beginAnew(now) {
  if (now !== order) store.commit("updateCurrentPageNumber", 1);
  order = now;
}

// When all rows of the last page are gone, there are others before it.
function leaveEmptyPage() {
  const { currentPageNumber, pageSize, rowCount, rows } = store.state;
  if (rows.length || currentPageNumber === 1 || !rowCount || isUnlisted()) return;
  store.commit("updateCurrentPageNumber", Math.ceil(rowCount / pageSize));
  store.dispatch("fetchRows");
}

on("answered", ({ address, method, responseText, status }) => {
  if (method !== "GET" || !COUNT.test(address.pathname)) return;
  isEstimate = status === 200 && JSON.parse(responseText).count_is_estimate;
  sayWhetherCounted();
});

// The page knows better than the count how many there are, where that was estimated.
on("answered", ({ address, method, responseText, status }) => {
  if (method !== "GET" || status !== 200 || !address.pathname.endsWith(`/tables/${store?.state.currentTableName}/`))
    return;
  const { total, total_is_estimate: isEstimated } = JSON.parse(responseText);
  isEstimate = isEstimated;
  store.commit("updateRowCount", total);
  sayWhetherCounted();
});

// Somebody else has deleted it.
on("answered", ({ method, status }) => {
  if (method === "DELETE" && status === GONE && document.querySelector(TABLE)) store.dispatch("fetchRows");
});

const sayWhetherCounted = () => write("estimate", isEstimate && ` (${say("estimated")})`);

// Without a schema there is no page, and the front end asks for nothing where one is already. Where a list was refused it would ask
// for the same again.
document.addEventListener(
  "click",
  ({ target }) => {
    const [place] = location.hash.split("?");
    if (target.closest(SAME_PLACE)?.hash !== place) return;
    if (document.querySelector(".left_column") && !isUnlisted()) return;
    history.replaceState(history.state, "", place);
    location.reload();
  },
  true,
);

whenMounted(() => {
  const { dispatch } = store;
  store.dispatch = (type, payload) => {
    const go = () => dispatch(type, payload);
    return type === "fetchRows" ? fetchRows(go) : go();
  };
  store.subscribe(({ type, payload }) => {
    if (type === "updateRows") {
      isFresh = true;
      leaveEmptyPage();
    }
    if (type === "updateCurrentPageNumber" && payload % 1) store.commit(type, Math.floor(payload));
    if (type === "updateOrderBy") beginAnew(JSON.stringify(payload));
    if (type === "updateApiResponseMessage") hear(payload);
  });
  store.subscribeAction({
    after({ type }) {
      if (type === "loadTranslation") sayWhetherCounted(); // the number may have come before the words did
    },
    error({ type }) {
      if (type === "fetchRows") store.commit("updateLoadingStatus", false);
    },
  });
});
