// What a list is searched and filtered by stands in its address, so that it is there again for whoever comes back, and stays
// when the list is sorted, and when one has to log in again.

import { router, store, whenFiltered, whenMounted } from "./front_end.js";
import { on } from "./requests.js";

const LIST = /^#(\/(?!login\b)\w+)\/?(?:\?|$)/;

const lists = {}; // the address of each table's list, without "#", when it was seen last

let left; // the list's address, without "#", when the session ended

export const listOf = (table) => lists[table] ?? `/${table}/`;

// Without the router, which would have the list read once more.
function remember() {
  const table = store.state.currentTableName;
  if (location.hash.match(LIST)?.[1] !== `/${table}`) return;
  const query = new URLSearchParams(store.state.filterParams).toString();
  const current = (lists[table] = query ? `/${table}/?${query}` : `/${table}/`);
  history.replaceState({ ...history.state, current }, "", `#${current}`);
}

function keepWhenSorted(to) {
  const isSorted = to.name === "rowListing" && Object.keys(to.query).join() === "__order";
  if (!isSorted || to.params.tableName !== store.state.currentTableName) return true;
  const { __order, ...filters } = store.state.filterParams;
  return Object.keys(filters).length === 0 || { ...to, query: { ...filters, ...to.query }, replace: true };
}

// The front end comes back to the place alone.
function comeBack(to, from) {
  if (from.name !== "login" || !left) return true;
  const address = left;
  left = undefined;
  return to.path !== address.split("?")[0] || address;
}

on("answered", ({ status }) => {
  if (status === 401 && LIST.test(location.hash)) left = location.hash.slice(1);
});

whenFiltered(remember);

whenMounted(() => {
  router.beforeEach(keepWhenSorted);
  router.beforeEach(comeBack);
});
