// The rows of a list, written for people: times as they read them, numbers below each other, and what a row is called.

import { TABLE, store, whenDrawn, whenMounted } from "./front_end.js";
import { asTime, timezoneNow } from "./language.js";
import { on } from "./requests.js";

let timezone = timezoneNow(); // of the times on the screen

export const isTime = (about) => about?.extra.widget === "timestamptz";

// What stands first in its line of the list, and next.
export function wordsOf(row) {
  const columns = store.state.schema.extra.visible_column_names.slice(0, 2);
  return columns.map((name) => row[`${name}_readable`] ?? row[name]);
}

function writeForPeople(row) {
  const { properties } = store.state.schema;
  for (const [name, about] of Object.entries(properties)) {
    if (row[name] && isTime(about)) row[name] = asTime(row[name]);
  }
}

// As the server writes decimals, CPF and telephone, in forms as well.
on("sent", (request) => request.setRequestHeader("Prefer", "screen"));

// Numbers below each other, so that they can be compared; and what has no words in one line.
function alignColumns() {
  const { extra, properties } = store.state.schema ?? {};
  const isName = (name) => name === extra.link_column_name && isOf(properties[name], "integer");
  const isNumber = (name) => ["integer", "number"].some((type) => isOf(properties[name], type)) && !isName(name);
  for (const [index, name] of extra?.visible_column_names.entries() ?? []) {
    const cells = document.querySelectorAll(`${TABLE} tr > :nth-child(${index + 2})`); // beside that of the box
    const isUnbroken = isTime(properties[name]) || properties[name].extra.written;
    for (const cell of cells) {
      cell.classList.toggle("number", isNumber(name));
      cell.classList.toggle("unbroken", isUnbroken);
    }
  }
}

const isOf = (about, type) => [about, ...(about?.anyOf ?? [])].some((one) => one?.type === type);

// Whoever has chosen another time zone, here or in another tab, would look at the times of the one before.
function renewTimes() {
  if (timezone === timezoneNow()) return;
  timezone = timezoneNow();
  if (document.querySelector(TABLE)) store.dispatch("fetchRows");
}

document.addEventListener("submit", renewTimes);
window.addEventListener("storage", renewTimes);

whenDrawn(alignColumns);

whenMounted(() => {
  store.subscribe(({ type, payload }) => type === "updateRows" && payload.forEach(writeForPeople));
});
