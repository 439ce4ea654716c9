// A click on the heading of a column sorts the list by it, and another one the other way round.

import { TABLE, intercept, page, router, store, whenDrawn } from "./front_end.js";

const HEADING = `${TABLE} th`;
const KEYS = ["Enter", " "];

// None for the boxes, nor for what has no order that means something to anybody.
function columnOf({ cellIndex }) {
  const { extra, properties } = store.state.schema;
  const name = extra.visible_column_names[cellIndex - 1];
  const about = properties[name]?.extra;
  return about?.sortable && !about.foreign_key ? name : undefined;
}

let sorted; // by a key, which goes on where it was when the list is drawn anew

const directionOf = (column) => store.state.orderBy.find((one) => one.column === column)?.ascending;

function sortBy(column) {
  const { currentTableName: tableName } = store.state;
  const ascending = directionOf(column) !== true;
  store.commit("updateOrderBy", [{ column, ascending }]);
  const query = { __order: ascending ? column : `-${column}` };
  router.replace({ name: "rowListing", params: { tableName }, query });
  store.dispatch("fetchRows");
}

function sort(event) {
  const heading = event.target.closest(HEADING);
  const column = heading && columnOf(heading);
  if (!column) return;
  intercept(event); // its arrow leads to the window of several columns
  sorted = event.type === "keydown" ? column : undefined;
  sortBy(column);
}

function sayOrder() {
  for (const heading of page.querySelectorAll(HEADING)) {
    const column = columnOf(heading);
    if (!column) continue;
    const ascending = directionOf(column);
    heading.tabIndex = 0;
    if (column === sorted && document.activeElement === document.body) {
      heading.focus();
      sorted = undefined;
    }
    heading.ariaSort = ascending === undefined ? "none" : ascending ? "ascending" : "descending";
  }
}

document.addEventListener("click", sort, true);
document.addEventListener(
  "keydown",
  (event) => KEYS.includes(event.key) && event.target.matches(HEADING) && sort(event),
);

whenDrawn(sayOrder);
