// A list that could not be had shows no rows, since those of the question before would be taken for the answer: the reason
// stands in their place. Without this the front end would keep them, or, where the list is the first, draw no page at all.

import { say, store, whenDrawn, whenMounted, write } from "./front_end.js";
import { asTime, timezoneNow } from "./language.js";
import { NO_ANSWER, on } from "./requests.js";

const GONE = 410;
const COUNT = /\/count\/$/;
const TABLE = ".table_wrapper";
const SAME_PLACE = ".sidebar a";
const OF_FILTERS = ["Successfully applied filter", "Successfully cleared filters"]; // said in any case

let asked = 0;
let isFresh = false; // the list on the screen
let order;
let said = ""; // the last refusal
let reason = ""; // why there are no rows
let isEstimate = false; // the number of results
let timezone = timezoneNow(); // of the times on the screen

export const isUnlisted = () => reason !== "";

function explain(why) {
  reason = why;
  document.documentElement.classList.toggle("unlisted", isUnlisted());
  write("unlisted", why);
}

async function fetchRows(fetch) {
  const mine = (asked += 1);
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

function writeForPeople(row) {
  const { properties } = store.state.schema;
  for (const [name, about] of Object.entries(properties)) {
    if (!row[name]) continue;
    if (about.extra.widget === "timestamptz") row[name] = asTime(row[name]);
    if (isOf(about, "number")) row[name] = partThousands(row[name]);
  }
}

// Below each other, so that they can be compared.
function alignNumbers() {
  const { extra, properties } = store.state.schema ?? {};
  const isName = (name) => name === extra.link_column_name && isOf(properties[name], "integer");
  for (const [index, name] of extra?.visible_column_names.entries() ?? []) {
    if (isName(name) || !["integer", "number"].some((type) => isOf(properties[name], type))) continue;
    const cells = document.querySelectorAll(`${TABLE} tr > :nth-child(${index + 2})`); // beside that of the box
    for (const cell of cells) cell.classList.add("number");
  }
}

const isOf = (about, type) => [about, ...(about?.anyOf ?? [])].some((one) => one?.type === type);

// 1.942,80 in Portuguese, 1,942.80 in English.
function partThousands(decimal) {
  return decimal.replace(/\B(?=(\d{3})+[.,])/g, decimal.includes(",") ? "." : ",");
}

on("answered", ({ address, method, responseText, status }) => {
  if (method !== "GET" || !COUNT.test(address.pathname)) return;
  isEstimate = status === 200 && JSON.parse(responseText).count_is_estimate;
  sayWhetherCounted();
});

// Somebody else has deleted it.
on("answered", ({ method, status }) => {
  if (method === "DELETE" && status === GONE && document.querySelector(TABLE)) store.dispatch("fetchRows");
});

const sayWhetherCounted = () => write("estimate", isEstimate && ` (${say("estimated")})`);

// Whoever has chosen another time zone, here or in another tab, would look at the times of the one before.
function renewTimes() {
  if (timezone === timezoneNow()) return;
  timezone = timezoneNow();
  if (document.querySelector(TABLE)) store.dispatch("fetchRows");
}

document.addEventListener("submit", renewTimes);
window.addEventListener("storage", renewTimes);

// Without a schema there is no page, and going where one is already would not ask again.
document.addEventListener(
  "click",
  ({ target }) => {
    const [place] = location.hash.split("?");
    if (target.closest(SAME_PLACE)?.hash !== place) return;
    if (document.querySelector(".left_column") && !(isUnlisted() && location.hash === place)) return;
    history.replaceState(history.state, "", place);
    location.reload();
  },
  true,
);

whenDrawn(alignNumbers);

whenMounted(() => {
  const { dispatch } = store;
  store.dispatch = (type, payload) => {
    const go = () => dispatch(type, payload);
    return type === "fetchRows" ? fetchRows(go) : go();
  };
  store.subscribe(({ type, payload }) => {
    if (type === "updateRows") {
      isFresh = true;
      payload.forEach(writeForPeople);
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
