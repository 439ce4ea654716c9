// Many rows changed or deleted at once. Those that are refused do not keep the others from being done: the front end, which
// would stop there, is told that all is well, and what it says at the end gives way to which were refused, and why. In the
// window for a new value only "set null" empties them, and what was typed for one column is not meant for the next.

import { store, tell } from "./front_end.js";
import { sayWithNumber } from "./language.js";
import { answerWith } from "./requests.js";

const ROW = /\/([^/]+)\/$/;
const OF_ONE_ROW = [409, 410]; // refusals that say nothing about the next
const MOST_NAMED = 8; // rows that were refused, in one notice

const COLUMN = "select[name=property]";
const WINDOW = `.modal:has(${COLUMN})`;
const FIELD = ":is(input:not([type=checkbox]), textarea)";
const VALUE = "Type the new value.";
const VALUE_OR_NONE = "Type the new value, or tick that there is to be none.";

let done = 0;
let refused = []; // each with why
let broken = ""; // what is said of those that were broken off, until the server is at hand again

// What to say of this refusal, if it was one: nothing yet, where it is one of many.
export function refusalAmongMany(request, refusal) {
  if (request.status < 400) broken = "";
  const box = boxOf(request);
  if (box && request.status < 300) done += 1;
  if (box && OF_ONE_ROW.includes(request.status)) {
    refused.push(`${box.closest("tr").cells[1].innerText}: ${broken || refusal}`); // by what stands first in its line
    answerWith(request, "", 200);
    return "";
  }
  if (box && refusal && isUnderWay()) {
    if (request.status < 500 && request.status !== 401) store.dispatch("fetchRows");
    return breakOff(refusal);
  }
  return refusal && (broken || refusal);
}

// Its box, where it was picked in a list.
function boxOf({ address, method }) {
  if (!["DELETE", "PATCH"].includes(method)) return null;
  const [, id] = address.pathname.match(ROW);
  return document.querySelector(`.table_wrapper td input[value="${CSS.escape(id)}"]`);
}

export const isUnderWay = () => done > 0 || refused.length > 0;

export function breakOff(why) {
  broken = outcome(why);
  return broken;
}

// At the end, instead of what the front end says.
export function summarise(notice) {
  if (notice.type === "success" && refused.length) Object.assign(notice, { contents: outcome(), type: "error" });
  [done, refused] = [0, []];
}

function outcome(...more) {
  const lines = [...refused.slice(0, MOST_NAMED), ...more];
  if (refused.length > MOST_NAMED) lines.push(sayWithNumber(`${refused.length - MOST_NAMED} more refused.`));
  if (done) lines.push(sayWithNumber(`${done} done.`));
  return lines.join("\n");
}

function empty(form) {
  for (const field of form?.querySelectorAll(FIELD) ?? []) {
    field.value = "";
    field.dispatchEvent(new Event("input"));
  }
}

document.addEventListener(
  "change",
  ({ target }) => {
    if (!target.matches(COLUMN)) return;
    const form = () => target.closest(WINDOW).querySelector("form"); // another one, or none so far
    form()?.querySelector(".set_null input:checked")?.click();
    requestAnimationFrame(() => empty(form()));
  },
  true,
);

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (!form.closest(WINDOW) || form.querySelector(".set_null input:checked")) return;
    if (form.querySelector(`${FIELD}[name]`)?.value !== "") return;
    event.preventDefault();
    event.stopPropagation(); // it never comes to the front end
    tell(form.querySelector(".set_null") ? VALUE_OR_NONE : VALUE, "error");
  },
  true,
);
