// From a row to what refers to it, and back: the lines of a pre-sale are offered on its form at once (the front end has asked for
// them in any case), and their list says whose they are and leads there.

import { app, page, store, whenDrawn, whenMounted } from "./front_end.js";

const HEADING = ".title_bar h1";
const EQUAL = "e";

const link = Object.assign(document.createElement("a"), { className: "whose" });

let asked; // where it leads, or will

// Of the row that this column of the table on the screen refers to, if there is such a row: a new row would begin with it. With
// whether it lets none begin.
export async function fetchOwner(column, id) {
  const { currentTableName } = store.state;
  const answer = await fetch(`api/tables/${currentTableName}/new/?${new URLSearchParams({ [column]: id })}`);
  const row = answer.ok ? await answer.json() : {};
  return { name: row[`${column}_readable`], isClosed: row.closed === true };
}

// Of what the list is filtered by, the columns that refer to a row, each with its id.
export function keysOfList() {
  const { currentTableName, filterParams, schema } = store.state;
  if (schema?.extra.table !== currentTableName) return []; // it is that of the list before
  const isKey = ([name]) => schema?.properties[name]?.extra.foreign_key;
  const isOfOne = ([name, id]) => id && (filterParams[`${name}__operator`] ?? EQUAL) === EQUAL;
  return Object.entries(filterParams).filter((one) => isKey(one) && isOfOne(one));
}

function sayWhose() {
  const heading = page.querySelector(HEADING);
  const [key] = heading ? keysOfList() : [];
  const place = key && placeOf(key);
  if (place !== asked) ask(place, key);
  if (place && link.hash === place && heading.nextSibling !== link) heading.after(link);
}

const placeOf = ([column, id]) => `#/${store.state.schema.properties[column].extra.foreign_key.to}/${id}/`;

async function ask(place, key) {
  asked = place;
  link.remove();
  link.removeAttribute("href");
  document.documentElement.classList.remove("closed");
  if (!place) return;
  const { title } = store.state.schema.properties[key[0]];
  const owner = await fetchOwner(...key).catch(() => (asked = undefined)); // with the next change on the page it is asked again
  if (asked !== place || !owner?.name) return;
  const { isClosed, name } = owner;
  document.documentElement.classList.toggle("closed", isClosed);
  Object.assign(link, { href: place, textContent: `${title}: ${name}` });
  sayWhose();
}

whenDrawn(sayWhose);

whenMounted(() => {
  app.mixin({
    created() {
      if ("showReferencing" in this.$data) this.showReferencing = true;
    },
  });
});
