// A row's form: which of its fields are for filling in, what is sent of them, and what the database made of it.

import { hasChanged } from "./asking.js";
import { CREATE, SAVE, TABLE, intercept, say, setValue, store, whenDrawn, whenMounted } from "./front_end.js";
import { FIELD } from "./keys.js";
import { asTime } from "./language.js";
import { hasEnded, isDeletable, isOpen, offerMoves } from "./life.js";
import { keysOfList } from "./references.js";
import { on } from "./requests.js";
import { goesOn } from "./series.js";

const MENU = "[data-uitest=drop_down_button]";
const FORM = /#\/\w+\/([^/?]+)\/?$/; // of the row with this id, or an empty one: "add"
const NEW_ROW = /\/api\/tables\/(\w+)\/$/;
const TIME = "[type=datetime-local]";
const AGAIN = "This may have been carried out already. Send it again?";

const formOf = (address) => address.match(FORM)?.[1];

on("opened", ({ address }) => {
  if (address.pathname.endsWith(`/${store?.state.currentTableName}/new/`)) address.search = whose();
});

// What is added to a list of somebody's is theirs: a line that of the pre-sale whose lines are shown. A form that one comes back
// to, or that is loaded anew, is for the same as before.
function whose() {
  const keys = history.state?.keys ?? new URLSearchParams(keysOfList()).toString();
  history.replaceState({ ...history.state, keys }, "");
  return keys;
}

on("sent", (request) => {
  if (request.method === "GET") return;
  request.form = document.querySelector(`${SAVE}, ${CREATE}`)?.form; // of a row, and not for many of a list
  if (request.method === "DELETE" && formOf(location.hash)) {
    request.setRequestHeader("If-Match", store.state.selectedRow?.version ?? ""); // what is on the screen
  }
  if (request.form) request.body = withWordNull(request);
});

// The front end takes the word "null" for nothing.
function withWordNull({ body, form }) {
  if (!String(body).startsWith("{")) return body;
  const row = JSON.parse(body);
  for (const name of Object.keys(row).filter((name) => row[name] === null)) {
    const input = form.querySelector(`:is(input, textarea)[name="${CSS.escape(name)}"]`);
    if (input?.value === "null") row[name] = "null";
  }
  return JSON.stringify(row);
}

on("answered", ({ address, form, method, responseText, status }) => {
  if (!form) return;
  const isThere = form.isConnected; // or somebody went back meanwhile
  if (!isThere && status < 300 && document.querySelector(TABLE)) store.dispatch("fetchRows");
  if (!isThere) return;
  if (method === "PATCH" && status === 200) showSaved(JSON.parse(responseText));
  if (method === "POST" && status === 201) showNew(address.pathname.match(NEW_ROW)[1], JSON.parse(responseText));
});

// What was sent without an answer may be there already, and a pre-sale or a line looks like no other.
on("unanswered", ({ form, method }) => {
  if (form && method === "POST") form.dataset.unanswered = "";
});

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (isLocked(form)) return intercept(event);
    if (!("unanswered" in form.dataset)) return;
    if (confirm(AGAIN)) return delete form.dataset.unanswered;
    intercept(event);
  },
  true,
);

// The total, the CPF without dots, the version for the next time.
function showSaved(row) {
  if (store.state.selectedRow?.id !== row.id) return;
  store.commit("updateSelectedRow", row);
  const form = document.querySelector(SAVE)?.form;
  for (const field of form?.querySelectorAll(":is(input:not([type=hidden], .masked), textarea)[name]") ?? []) {
    const shown = String(row[field.name] ?? "");
    if (!(field.name in row) || field.value === shown) continue;
    setValue(field, shown); // what is as it was before, whatever was typed, is not drawn anew
  }
  // Or the next change would set the same password again, and log its owner out.
  for (const input of document.querySelectorAll("form input.masked")) setValue(input, "");
}

function showNew(table, row) {
  if (!goesOn(row)) location.replace(`#/${table}/${row.id}/`);
}

// Whoever goes from one form to another by its address, and does not stay, would see what the first one holds.
window.addEventListener("hashchange", ({ oldURL, newURL }) => {
  const [before, now] = [formOf(oldURL), formOf(newURL)];
  if (before && now && (before === "add") === (now === "add") && !hasChanged()) location.reload();
});

function isLocked(form) {
  const isOfOthers = store.state.schema?.extra.read_only && form.querySelector(`${SAVE}, ${CREATE}`);
  return isOfOthers || (form.querySelector(SAVE) && hasEnded());
}

function tidyFields() {
  const properties = store.state.schema?.properties ?? {};
  const row = store.state.selectedRow;
  document.documentElement.classList.toggle("unsavable", !row || hasEnded());
  for (const menu of document.querySelectorAll(MENU)) menu.hidden = !row || !isDeletable(); // or it would delete no row
  for (const button of document.querySelectorAll(`${SAVE}, ${CREATE}`)) {
    if (isLocked(button.form)) nameForReading(button.form);
    for (const input of button.form.querySelectorAll("[name]")) {
      const field = input.closest("form > div > div");
      const about = properties[input.name];
      if (about && field) tidyField(input, field, about, button.matches(CREATE));
    }
  }
}

// Where nothing can be saved nothing is added or edited.
function nameForReading(form) {
  const heading = form.parentElement.querySelector("h1");
  const name = say(`one of ${store.state.currentTableName}`).replace(/^./, (first) => first.toUpperCase());
  if (heading.textContent !== name) heading.textContent = name;
}

// What the database fills, or others, is there to be read; rows that nobody may add are not offered for adding.
function tidyField(input, field, { extra, readOnly }, isNew) {
  if (readOnly || store.state.schema.extra.read_only || !(isNew || isOpen(input.name))) lock(field, input.name);
  else if (field.matches(".locked")) unlock(field);
  field.hidden = input.name === "version" || (isNew && (readOnly || extra.moves !== undefined));
  offerMoves(input);
  field.classList.toggle("needed", extra.secret === true && isNew);
  input.classList.toggle("masked", extra.secret === true);
  if (extra.secret) input.autocomplete = "new-password";
  const add = field.querySelector("label a[href$='/add/']");
  if (add) add.hidden = !extra.addable;
  const hint = field.querySelector("label .tooltip");
  if (hint) hint.hidden = !readOnly && field.matches(".locked"); // how it would be filled in
}

// What is in it can be copied.
function lock(field, name) {
  field.classList.add("locked");
  if (field.querySelector(TIME)) showTime(field, store.state.selectedRow?.[name]);
  for (const control of field.querySelectorAll("input, select, textarea")) {
    Object.assign(control, { readOnly: true, disabled: control.matches("select"), tabIndex: -1 });
  }
}

// A pre-sale was reopened.
function unlock(field) {
  field.classList.remove("locked");
  for (const control of field.querySelectorAll("input, select, textarea")) {
    Object.assign(control, { readOnly: control.matches(FIELD), disabled: false });
    control.removeAttribute("tabindex");
  }
}

// As in lists, in the zone that is chosen now: the front end's own field keeps the one in which it was drawn.
function showTime(field, time) {
  const shown = field.querySelector(".time") ?? document.createElement("input");
  shown.className = "time";
  shown.value = time ? asTime(time, { second: "2-digit" }) : "";
  if (!shown.isConnected) field.lastElementChild.append(shown);
}

// In a number's field the wheel that scrolls the page changes the number, and a comma is lost: 2,5 becomes 25.
function takeNumbersAsTyped() {
  for (const input of document.querySelectorAll("input[type=number][name]")) {
    Object.assign(input, { type: "text", inputMode: "numeric" });
  }
}

window.addEventListener("storage", tidyFields);
whenDrawn(tidyFields);
whenDrawn(takeNumbersAsTyped);

whenMounted(() => {
  store.subscribeAction(({ type }) => {
    if (type === "fetchSingleRow") store.commit("updateSelectedRow", undefined); // never show the row before
  });
});
