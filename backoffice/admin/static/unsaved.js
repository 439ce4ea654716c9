// What was typed into a form when the session ended stands there again for whoever typed it, once they have logged in
// again, and rows that were picked are picked again; and for whoever chose another language, or loads a form anew that was out
// of date. It is given up when the log-in, or whoever typed it, leads elsewhere, or when the log-in is somebody else's.

import "./answers.js"; // which has its say about an answer first
import { hasChanged, watch } from "./asking.js";
import { CREATE, SAVE, router, say, setValue, store, tell, whenMounted } from "./front_end.js";
import { FIELD } from "./keys.js";
import { isLogIn, on } from "./requests.js";

const KEPT = "unsaved";
const FORM = /\/tables\/\w+\/(?!(?:count|ids|references|schema)\/)[^/]+\/$/; // of a row, or "new"
const ROW = `form:has(${SAVE}, ${CREATE})`;
// The front end draws each long text twice, once hidden.
const FIELDS = `${ROW} :is(input:not([type=hidden], .masked), textarea:not(#editor), select)[name]:not([name=version])`;
const KEYS = `${ROW} .key_search`; // whose elements keys.js gave their components
const OUT_OF_DATE = 412;
const VERSION = `${ROW} [name=version]`;
const THERE_AGAIN = "What you had typed is in the form again.";
const CHANGED =
  "What you had typed is in the form again. Others have changed the same meanwhile: note it, and reload the page.";
const FITS_NO_MORE = "Others have changed this meanwhile. What you had typed does not fit any more:";

let basis; // the row before others changed what is typed here
let hasLoggedIn = false; // since it was kept, on this page

const who = () => store?.state.user?.user_id;

on("answered", (request) => {
  const { address, method, responseText, status } = request;
  if ([401, OUT_OF_DATE].includes(status) && who()) keep();
  if (status === 200 && isLogIn(request)) hasLoggedIn = true;
  if (status !== 200 || !FORM.test(address.pathname)) return;
  basis = undefined;
  if (method === "GET") putBack(JSON.parse(responseText));
});

// Loaded anew, a form is as it was where this was kept already, as when it was out of date. Else the browser asks, in its own words.
window.addEventListener("beforeunload", (event) => {
  if (KEPT in sessionStorage) keep();
  else if (hasChanged()) event.preventDefault();
});

// Only what was typed: the rest may have been changed by others until then.
export function keep() {
  const row = location.hash.endsWith("/add/") ? {} : (store.state.selectedRow ?? {});
  const fields = [...document.querySelectorAll(FIELDS)]
    .filter((field) => !isLocked(field) && field.value !== String(row[field.name] ?? ""))
    .map(({ name, value }) => [name, value]);
  const keys = [...document.querySelectorAll(KEYS)]
    .map(({ component }) => [
      component.fieldName,
      { id: component.hiddenSelectedValue, readable: component.selectedValue },
    ])
    .filter(([name, { id }]) => id && id !== row[name]);
  if (!fields.length && !keys.length) return;
  hasLoggedIn = false;
  sessionStorage[KEPT] = JSON.stringify({ who: who(), address: location.hash, row: basis ?? row, fields, keys });
}

function putBack(row) {
  const kept = JSON.parse(sessionStorage[KEPT] ?? "{}");
  if (kept.address !== location.hash) return;
  if (!who() || !document.querySelector(FIELDS)) return requestAnimationFrame(() => putBack(row)); // not there yet
  if (who() === kept.who) requestAnimationFrame(() => fill(kept, row)); // by then the row is in the form
  if (who() === kept.who || hasLoggedIn) delete sessionStorage[KEPT];
}

// Over what others have saved meanwhile nothing is: with the version that was seen it is refused as out of date.
function fill({ fields, keys, row: seen }, row) {
  const lost = [...fields.filter((one) => !type(one)), ...keys.filter((one) => !pick(one))];
  const isChanged = seen.version !== row.version && [...fields, ...keys].some(([name]) => seen[name] !== row[name]);
  if (isChanged) {
    basis = seen;
    setValue(document.querySelector(VERSION), seen.version);
  }
  if (lost.length) tell([say(FITS_NO_MORE), ...lost.map(inWords)].join("\n"), "error");
  else tell(isChanged ? CHANGED : THERE_AGAIN, isChanged ? "error" : "neutral");
}

function inWords([name, value]) {
  const chosen = [...(fieldOf(name)?.options ?? [])].find((option) => option.value === value);
  return `${store.state.schema.properties[name].title}: ${chosen?.text ?? value.readable ?? value}`;
}

const fieldOf = (name) => [...document.querySelectorAll(FIELDS)].find((field) => field.name === name);

const isLocked = (element) => element.closest(".locked") !== null;

// Both give back whether they could.
function pick([name, row]) {
  const key = [...document.querySelectorAll(KEYS)].find(({ component }) => component.fieldName === name);
  if (!key || isLocked(key)) return false;
  watch(key.querySelector(FIELD));
  key.component.handleUpdate(row);
  return true;
}

function type([name, value]) {
  const field = fieldOf(name);
  const isOffered = [...(field?.options ?? [])].every((option) => option.value !== value || !option.disabled);
  if (!field || isLocked(field) || !isOffered) return false;
  watch(field);
  if (field.value !== value) setValue(field, value);
  return true;
}

whenMounted(() => {
  router.afterEach((to, from) => {
    if (to.name === "login" || (from.name === "login" && !hasLoggedIn)) return;
    const kept = JSON.parse(sessionStorage[KEPT] ?? "{}");
    if (kept.address !== `#${to.fullPath}`) delete sessionStorage[KEPT];
  });
});
