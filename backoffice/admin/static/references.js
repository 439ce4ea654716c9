// From a row to what refers to it, and back: the lines of a pre-sale are offered on its form at once (the front end has asked for
// them in any case), and their list says whose they are and leads there.

import { app, page, store, whenDrawn, whenMounted } from "./front_end.js";

const HEADING = ".title_bar h1";
const EQUAL = "e";

const link = Object.assign(document.createElement("a"), { className: "whose" });

let shown; // where it leads, or will

// Of the row that this column of the table on the screen refers to, if there is such a row: a new row would begin with it.
export async function fetchName(column, id) {
  const { currentTableName } = store.state;
  const answer = await fetch(`api/tables/${currentTableName}/new/?${new URLSearchParams({ [column]: id })}`);
  return answer.ok ? (await answer.json())[`${column}_readable`] : undefined;
}

// The column that a list is filtered by, if it is one that refers to a row.
function keyOf({ filterParams, schema }) {
  const isKey = (name) => schema?.properties[name]?.extra.foreign_key && filterParams[name];
  const isOfOne = (name) => (filterParams[`${name}__operator`] ?? EQUAL) === EQUAL;
  return Object.keys(filterParams).find((name) => isKey(name) && isOfOne(name));
}

function sayWhose() {
  const heading = page.querySelector(HEADING);
  const column = heading && keyOf(store.state);
  if (!column) {
    link.remove();
    shown = undefined;
    return;
  }
  if (heading.nextSibling !== link) heading.after(link);
  const { filterParams, schema } = store.state;
  const { extra, title } = schema.properties[column];
  const place = `#/${extra.foreign_key.to}/${filterParams[column]}/`;
  if (place !== shown) lead(place, title, fetchName(column, filterParams[column]));
}

async function lead(place, title, named) {
  shown = place;
  link.textContent = "";
  const name = await named;
  if (shown !== place || !name) return;
  link.href = place;
  link.textContent = `${title}: ${name}`;
}

whenDrawn(sayWhose);

whenMounted(() => {
  app.mixin({
    created() {
      if ("showReferencing" in this.$data) this.showReferencing = true;
    },
  });
});
