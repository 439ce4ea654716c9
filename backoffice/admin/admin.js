// What piccolo-admin's front end leaves out, added from outside: it keeps its state in a Vuex store, which can be
// watched. The columns' `readOnly` and the field `version` come from crud.py, the translations from
// words.py. tests/chromium/ shows that each of these works with the pinned version.

const LANGUAGE = "piccoloAdminDefaultLanguage"; // where the front end keeps the language chosen last
const TIMEZONE = "defaultTimezone"; // and the time zone
const NEW_ROW = /\/api\/tables\/(\w+)\/$/;
const SCHEMA = /\/schema\/$/;
const COUNT = /\/count\/(\?|$)/;
const ROW = /\/([^/]+)\/$/;
// About a table, one of its rows, or its schema, count, ids …; and not, for the side bar, which tables there are.
const QUESTION = /\/tables\/(?!grouped\/)\w+\/(?:([^/]+)\/)?$/;
const PARTS = ["count", "ids", "new", "references", "schema"];
const OF_A_PAGE = ["__order", "__page", "__page_size", "__readable"]; // parameters beside what is looked for
const FORM = /#\/\w+\/([^/?]+)\/?$/; // of the row with this id, or an empty one: "add"
// Rows come after "All", in filters, and "None", and before "Load more".
const PICKED = ".results_list li:not(:first-child, .filter_wrapper li:nth-child(2), :has(svg))";
const DATA = `table:not(.column_list) td, ${PICKED}`; // the table in the export's window has names of columns
const BESIDE_REFUSAL = "The form has errors."; // said where the refusal itself stands above the form
const GONE = "This no longer exists: somebody has deleted it.";
const NO_ANSWER = "The server can't be reached - please try later.";
const UNKNOWN = "The server does not answer. Look whether this was carried out before you try again.";
const NOTICE_MS = 5000; // for each line
const THE_SELECTED = "the selected rows";
const OF_ONE_ROW = [409, 410]; // refusals that say nothing about the next
const MOST_NAMED = 8; // rows that were refused, in one notice

let store, say, fading;
let isEstimate = false; // the number of results on the screen
let refusal = ""; // what the server said, if it refused the last request
let isBesideForm = false; // whether that stands above the form, too
let done = 0; // of many rows to change or delete
let refused = []; // of the same, each with why
let isNewPassword = false; // one's own, which ends the session
let broken = ""; // what is said of those that were broken off, until the server is at hand again
const asked = {}; // the last question of each kind

localStorage[TIMEZONE] ??= Intl.DateTimeFormat().resolvedOptions().timeZone;

// The front end's own timer closes the notice after the one that it was set for, or misses by a millisecond: see `watch`.

const { setTimeout: later } = window;

window.setTimeout = (task, ...rest) => (String(task).includes("timeLastAppeared") ? 0 : later(task, ...rest));

// The server speaks the language of the screen, and what it says is shown, whatever the front end makes of it.

const { open, send } = XMLHttpRequest.prototype;

XMLHttpRequest.prototype.open = function (method, address, ...rest) {
  this.method = method.toUpperCase();
  this.path = new URL(address, location).pathname;
  this.query = new URL(address, location).searchParams;
  this.addEventListener("error", () => unanswered(this)); // before the front end, which hears of it from "onerror"
  if (this.path.endsWith(`/${store?.state.currentTableName}/new/`)) address += whose();
  open.call(this, method, address, ...rest);
};

XMLHttpRequest.prototype.send = function (body) {
  if (localStorage[LANGUAGE]) this.setRequestHeader("Accept-Language", localStorage[LANGUAGE]);
  if (this.method === "DELETE" && formOf(location.hash)) {
    this.setRequestHeader("If-Match", store.state.selectedRow?.version ?? ""); // what is on the screen
  }
  this.addEventListener("load", () => answered(this)); // the front end hears of it later, at "loadend"
  if (this.method === "GET" && !isOfAnEarlierList(this)) asked[kindOf(this)] = this;
  send.call(this, this.method === "GET" ? body : withWordNull(body));
};

// What is added to a list of somebody's is theirs: a line that of the pre-sale whose lines are shown.

function whose() {
  const { filterParams, schema } = store.state;
  const isKey = ([name]) => schema?.properties[name]?.extra.foreign_key;
  return `?${new URLSearchParams(Object.entries(filterParams).filter(isKey))}`;
}

// Where the same is asked twice, the later question counts: an earlier one whose answer comes last gets that of the later.

function kindOf({ path }) {
  const [isQuestion, part] = path.match(QUESTION) ?? [];
  if (!isQuestion || part === "ids") return path; // a form has several keys
  return part && !PARTS.includes(part) ? "row" : (part ?? "list");
}

// The front end counts a list before it asks for it, and may have been told of another one meanwhile.
function isOfAnEarlierList(request) {
  if (kindOf(request) !== "list" || !store) return false;
  const { currentTableName, filterParams } = store.state;
  const asText = (pairs) => JSON.stringify(pairs.filter(([name, value]) => !OF_A_PAGE.includes(name) && value).sort());
  const isSame = asText([...request.query]) === asText(Object.entries(filterParams));
  return !isSame || !request.path.endsWith(`/${currentTableName}/`);
}

function isOutOfDate(request) {
  const last = asked[kindOf(request)];
  const isAnswered = last?.readyState === XMLHttpRequest.DONE && last.status === 200;
  return last !== request && isAnswered && request.status === 200;
}

function answerWith(request, text, status = request.status) {
  for (const name of ["response", "responseText"]) Object.defineProperty(request, name, { value: text, configurable: true });
  Object.defineProperty(request, "status", { value: status, configurable: true });
}

// The front end takes the word "null" for nothing.

function withWordNull(body) {
  const form = document.querySelector("[data-uitest=save_button], [data-uitest=create_button]")?.form;
  if (!form || !String(body).startsWith("{")) return body;
  const row = JSON.parse(body);
  for (const name of Object.keys(row).filter((name) => row[name] === null)) {
    const input = form.querySelector(`:is(input, textarea)[name="${CSS.escape(name)}"]`);
    if (input?.value === "null") row[name] = "null";
  }
  return JSON.stringify(row);
}

function answered(request) {
  if (request.method === "GET" && isOutOfDate(request)) {
    answerWith(request, asked[kindOf(request)].responseText);
  }
  if (request.status === 404 && ["DELETE", "PATCH"].includes(request.method)) {
    answerWith(request, say(GONE), 410); // or the front end would leave for its first page, without what was typed
  }
  if (request.status === 422 && request.method === "GET" && kindOf(request) === "row") {
    answerWith(request, request.responseText, 404); // there is none with such an id, and no empty form to show for it
  }
  const { method, status, responseText, responseURL } = request;
  const isSentence = request.getResponseHeader("Content-Type")?.startsWith("text/plain");
  if (method === "POST" && status < 300) isNewPassword = request.path.endsWith("/change-password/");
  const isKnock = status === 401 && method === "GET" && (!store?.state.user || isNewPassword); // who is logged in?
  refusal = status >= 400 && isSentence && !isKnock ? responseText : "";
  broken = status < 400 ? "" : broken;
  refusal &&= broken || refusal;
  isBesideForm = status !== 401; // then the form is gone
  if (["DELETE", "PATCH"].includes(method)) noteInList(request);
  if (refusal && status !== 404) store?.commit("updateApiResponseMessage", { contents: refusal, type: "error" });
  if (method === "GET" && SCHEMA.test(responseURL)) showInPlace(refusal);
  if (method === "GET" && COUNT.test(responseURL)) showWhetherCounted(status === 200 && JSON.parse(responseText));
  if (method === "PATCH" && status === 200) showSaved(JSON.parse(responseText));
  if (method === "POST" && status === 201) showNew(responseURL.match(NEW_ROW)[1], JSON.parse(responseText));
}

function unanswered({ method, path }) {
  const isWriting = method !== "GET" && path.includes("/tables/");
  refusal = say(isWriting ? UNKNOWN : NO_ANSWER);
  if (done || refused.length) refusal = broken = outcome(refusal);
  isBesideForm = false;
  if (SCHEMA.test(path)) showInPlace(refusal);
  store?.commit("updateApiResponseMessage", { contents: refusal, type: "error" });
}

// Of many rows to change or delete, those that are refused do not keep the others from being done: the front end, which
// would stop there, is told that all is well. What it says at the end gives way to which were refused, and why.

function noteInList(request) {
  const [, id] = request.responseURL.match(ROW);
  const box = document.querySelector(`.table_wrapper td input[value="${CSS.escape(id)}"]`);
  if (!box) return;
  if (request.status < 300) done += 1;
  else if (OF_ONE_ROW.includes(request.status)) {
    refused.push(`${box.closest("tr").cells[1].innerText}: ${refusal}`); // by what stands first in its line
    refusal = "";
    answerWith(request, "", 200);
  } else if (refusal && (done || refused.length)) {
    refusal = broken = outcome(refusal);
    if (request.status < 500 && request.status !== 401) store.dispatch("fetchRows");
  }
}

function outcome(...more) {
  const lines = [...refused.slice(0, MOST_NAMED), ...more];
  if (refused.length > MOST_NAMED) lines.push(sayWithNumber(`${refused.length - MOST_NAMED} more refused.`));
  if (done) lines.push(sayWithNumber(`${done} done.`));
  return lines.join("\n");
}

// Without a schema the front end draws no page at all: the sentence, which would fade, stands there instead.

function showInPlace(sentence) {
  document.documentElement.style.setProperty("--refusal", sentence ? JSON.stringify(sentence) : "none");
}

// Beside the number of results, where it is an estimate.

function showWhetherCounted({ count_is_estimate }) {
  isEstimate = count_is_estimate;
  sayWhetherCounted();
}

function sayWhetherCounted() {
  const words = isEstimate ? JSON.stringify(` (${say("estimated")})`) : "none";
  document.documentElement.style.setProperty("--estimate", words);
}

// A form shows what the database made of it: the total, the CPF without dots, the version for the next time.

function showSaved(row) {
  if (store.state.selectedRow?.id !== row.id) return;
  store.commit("updateSelectedRow", row);
  const form = document.querySelector("[data-uitest=save_button]")?.form;
  for (const field of form?.querySelectorAll(":is(input:not([type=hidden], .masked), textarea)[name]") ?? []) {
    const shown = String(row[field.name] ?? "");
    if (!(field.name in row) || field.value === shown) continue;
    field.value = shown; // what is as it was before, whatever was typed, is not drawn anew
    field.dispatchEvent(new Event("input"));
  }
  for (const input of document.querySelectorAll("form input.masked")) {
    input.value = ""; // or the next change would set the same password again, and log its owner out
    input.dispatchEvent(new Event("input"));
  }
}

function showNew(table, row) {
  if (formOf(location.hash) === "add") location.replace(`#/${table}/${row.id}/`);
}

// Whoever goes from one form to another by its address would see what the first one holds.

function formOf(address) {
  return address.match(FORM)?.[1];
}

window.addEventListener("hashchange", ({ oldURL, newURL }) => {
  const [before, now] = [formOf(oldURL), formOf(newURL)];
  if (before && now && (before === "add") === (now === "add")) location.reload();
});

// The front end's own messages give way to the server's. Times become readable.

function watch(store) {
  store.subscribe(({ type, payload }) => {
    if (type === "updateRows") {
      payload.forEach(writeTimes);
      leaveEmptyPage();
    }
    if (type === "updateSchema") {
      giveCopies(payload.extra, "visible_column_names");
      for (const name of ["read_only", "kept"]) {
        document.documentElement.classList.toggle(name, payload.extra[name]);
      }
    }
    if (type === "updateApiResponseMessage") {
      const isSaid = payload.isOurs || (payload.contents === BESIDE_REFUSAL && isBesideForm);
      const isRefused = payload.type === "error" && !isSaid && refusal;
      payload.contents = isRefused ? refusal : say(payload.contents.replace(/\s+/g, " "));
      if (payload.type === "success" && refused.length) Object.assign(payload, { contents: outcome(), type: "error" });
      [done, refused] = [0, []];
      const duration = NOTICE_MS * payload.contents.split("\n").length;
      clearTimeout(fading);
      fading = setTimeout(() => document.querySelector("#message_popup a")?.click(), duration);
    }
  });
  store.subscribeAction({
    before({ type }) {
      if (type === "fetchSingleRow") store.commit("updateSelectedRow", undefined); // never show the row before
    },
    after({ type, payload }) {
      if (type !== "loadTranslation") return;
      localStorage[LANGUAGE] = payload.toLowerCase(); // as "pt-BR" the front end would not find it again
      if (document.documentElement.dataset.language) location.reload(); // what is on the screen is in the old one
      document.documentElement.dataset.language = document.documentElement.lang = payload;
      translate(document.body);
      sayWhetherCounted(); // the number may have come before the words did
    },
    error({ type }) {
      if (type === "fetchRows") store.commit("updateLoadingStatus", false);
    },
  });
}

// When all rows of the last page are gone, there are others before it.

function leaveEmptyPage() {
  const { currentPageNumber, pageSize, rowCount, rows } = store.state;
  if (rows.length || currentPageNumber === 1 || !rowCount) return;
  if (document.documentElement.classList.contains("unlisted")) return; // nor are there rows on any other
  store.commit("updateCurrentPageNumber", Math.ceil(rowCount / pageSize));
  store.dispatch("fetchRows");
}

// The export adds the columns chosen for it to this very list, and so to the table on the screen.
function giveCopies(extra, name) {
  const original = extra[name];
  Object.defineProperty(extra, name, { get: () => [...original] });
}

function writeTimes(row) {
  const { properties } = store.state.schema;
  for (const name of Object.keys(row)) {
    if (properties[name]?.extra.widget !== "timestamptz" || !row[name]) continue;
    row[name] = new Date(row[name]).toLocaleString(localStorage[LANGUAGE], {
      timeZone: localStorage[TIMEZONE],
      ...{ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" },
    });
  }
}

// Fixed texts that the front end forgot to translate, but never what is in a row, which may be called like one of them.

function translate(root) {
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let text = root.nodeType === Node.TEXT_NODE ? root : texts.nextNode(); text; text = texts.nextNode()) {
    const said = text.nodeValue.trim();
    const meant = said && !text.parentElement?.closest(DATA) ? sayWithNumber(said) : said;
    if (meant !== said) text.nodeValue = text.nodeValue.replace(said, () => meant);
  }
}

// The words have # for the number.
function sayWithNumber(text) {
  const [number] = text.match(/\d+/) ?? [];
  const words = text.replace(number, "#");
  return number && say(words) !== words ? say(words).replace("#", number) : say(text);
}

function numberOfSelected() {
  return `${document.querySelectorAll(".table_wrapper td input:checked").length} selected row(s)`;
}

function translateAttributes() {
  for (const input of document.querySelectorAll("[placeholder]")) input.placeholder = say(input.placeholder);
  for (const option of document.querySelectorAll("#page_size option")) option.label = sayWithNumber(option.label);
}

// Columns that cannot be exported, compared in parts, or sorted by in an order that means something to anybody.

function tidyChoices(properties) {
  const isSecret = (name) => name === "version" || properties[name]?.extra.secret === true;
  const isId = (name) => name === "id" || properties[name]?.extra.foreign_key !== undefined;
  for (const option of document.querySelectorAll("[data-uitest=sort_by_selector] option")) {
    option.hidden = isSecret(option.value) || isId(option.value) || !properties[option.value]?.extra.sortable;
  }
  for (const match of document.querySelectorAll("select[name$=__match]")) {
    match.hidden = properties[match.name.replace("__match", "")]?.extra.parts === false;
  }
  for (const box of document.querySelectorAll(".column_list tbody input")) {
    box.closest("tr").hidden = isSecret(box.id.replace("csv_", ""));
  }
}

// Where decimals have a comma, spreadsheets expect a semicolon between fields.

function suggestDelimiter() {
  const select = document.querySelector("#delimiter:not([data-suggested])");
  if (!select || !document.documentElement.lang.startsWith("pt")) return;
  select.dataset.suggested = "";
  select.value = ";";
  select.dispatchEvent(new Event("change"));
}

// Fields of a form that are not for filling in, and rows that are not for adding, where a field points at one.

function tidyForm(properties) {
  for (const button of document.querySelectorAll("[data-uitest=save_button], [data-uitest=create_button]")) {
    for (const input of button.form.querySelectorAll("[name]")) {
      const about = properties[input.name];
      const field = input.closest("form > div > div");
      if (!about || !field) continue;
      field.lastElementChild.inert = about.readOnly;
      field.hidden = input.name === "version" || (about.readOnly && button.matches("[data-uitest=create_button]"));
      input.classList.toggle("masked", about.extra.secret === true);
      if (about.extra.secret) input.autocomplete = "new-password";
      field.classList.toggle("needed", about.extra.secret && button.matches("[data-uitest=create_button]"));
      const add = field.querySelector("label a[href$='/add/']");
      if (add) add.hidden = !about.extra.addable;
    }
  }
}

// In a number's field the wheel that scrolls the page changes the number, and a comma is lost: 2,5 becomes 25.

function takeNumbersAsTyped() {
  for (const input of document.querySelectorAll("input[type=number][name]")) {
    Object.assign(input, { type: "text", inputMode: "numeric" });
  }
}

document.addEventListener("DOMContentLoaded", () => {
  const app = document.querySelector("#app").__vue_app__;
  store = app.config.globalProperties.$store;
  say = (text) => app._context.provides.i18n.global.t(text);
  app.config.errorHandler = (error) => error?.isAxiosError || console.error(error); // refusals have been shown
  watch(store);
  for (const ask of ["alert", "confirm"]) {
    const native = window[ask];
    const meant = (text) => text.replace(/row [0-9a-f-]{36}/, "this row").replace(THE_SELECTED, numberOfSelected);
    window[ask] = (text) => native(sayWithNumber(meant(text)));
  }
  new MutationObserver((changes) => {
    changes.forEach(({ target }) => translate(target));
    translateAttributes();
    const properties = store.state.schema?.properties ?? {};
    tidyChoices(properties);
    tidyForm(properties);
    takeNumbersAsTyped();
    suggestDelimiter();
  }).observe(document.querySelector("#app"), { childList: true, subtree: true, characterData: true });
});
