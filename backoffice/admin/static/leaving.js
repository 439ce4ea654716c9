// A form leads back to the list that one came from, as it was: also where there is no page before it, when its row was deleted
// from it, and when there is none.

import { app, router, store, tell, whenMounted } from "./front_end.js";
import { listOf } from "./address.js";
import { on } from "./requests.js";

const ROW = /\/tables\/(\w+)\/([^/]+)\/$/;
const DELETED = "Successfully deleted row";
const NOT_FOUND = "Page not found"; // said before it goes to its first page
const NO_ROW = "There is no such row, or no longer.";

let left; // the table of a form that is being left
let missing; // of a row that there is none of

// Back to the list, without a duplicate history entry. One's own password belongs to no table.
function leadBack(table) {
  const before = history.state?.back?.split("?")[0];
  if (before === `/${table}/`) router.go(-1);
  else return { ...router.resolve(table ? listOf(table) : "/"), replace: true };
}

function leave(table, sentence, type) {
  left = table;
  tell(sentence, type);
}

on("answered", ({ address, method, status }) => {
  const [, table, id] = address.pathname.match(ROW) ?? [];
  const isOfTheForm = id && location.hash.startsWith(`#/${table}/${id}`);
  missing = method === "GET" && status === 404 && isOfTheForm ? table : undefined;
});

whenMounted(() => {
  const { alert } = window;
  window.alert = (text) => {
    if (text === DELETED) leave(store.state.currentTableName, DELETED, "success");
    else if (text === NOT_FOUND && missing) leave(missing, NO_ROW, "error");
    else alert(text);
  };
  router.beforeEach(() => {
    if (!left) return true;
    const table = left;
    left = undefined;
    return leadBack(table) ?? false;
  });

  const { go } = router;
  let isGoing = false; // a second click would go back twice
  router.go = (steps) => {
    if (isGoing) return;
    const before = history.state?.back;
    isGoing = true;
    if (before && !before.startsWith("/login/")) go(steps);
    else router.push(leadBack(store.state.currentTableName));
  };
  router.afterEach(() => (isGoing = false));

  app.mixin({
    beforeCreate() {
      const { computed } = this.$options;
      if (computed?.showBackButton) computed.showBackButton = () => true;
    },
  });
});
