// Exports a list by cursor instead of the front end's page numbers, so that rows that are added or deleted meanwhile neither
// repeat nor hide others.

import { intercept, say, setValue, store, tell, whenDrawn, whenMounted } from "./front_end.js";
import { isPortuguese, timezoneNow } from "./language.js";
import { isTime } from "./rows.js";

const WINDOW = "[data-uitest=csv_modal]";
const PAGE_ROWS = 1000; // as many as the server gives at once
const MANY_ROWS = 10_000; // from here on people are asked first

// Those of the list first, in its order.
function chosenColumns(modal) {
  const boxes = modal.querySelectorAll(".column_list tbody tr:not([hidden]) input:checked");
  const chosen = [...boxes].map((box) => box.id.replace("csv_", ""));
  const inOrder = new Set([...store.state.schema.extra.visible_column_names, ...chosen]);
  return [...inOrder].filter((name) => chosen.includes(name));
}

const isSentence = (answer) => answer.headers.get("Content-Type")?.startsWith("text/plain");

async function* pagesOf(table, query) {
  for (let cursor = ""; cursor !== null;) {
    const address = `api/tables/${table}/?${new URLSearchParams({ ...query, cursor })}`;
    const headers = { "Accept-Language": document.documentElement.lang, Prefer: "export" };
    const answer = await fetch(address, { headers });
    if (!answer.ok) throw isSentence(answer) ? await answer.text() : answer.status;
    const page = await answer.json();
    yield page;
    cursor = page.next_cursor;
  }
}

// Times as 2025-06-14 22:48:00, which spreadsheets take for a time, and sort: so it is written in Sweden.
function asLines(rows, delimiter) {
  const { properties } = store.state.schema;
  const clock = new Intl.DateTimeFormat("sv", { dateStyle: "short", timeStyle: "medium", timeZone: timezoneNow() });
  const written = ([name, value]) =>
    value && isTime(properties[name]) ? clock.format(new Date(value)) : String(value);
  const quoted = (cell) => `"${written(cell).replaceAll('"', '""')}"`;
  return rows.map((row) => `\n${Object.entries(row).map(quoted).join(delimiter)}`).join("");
}

// Without a mark at the beginning spreadsheets take it for another encoding, and break every accent.
function download(table, parts) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(["\ufeff", ...parts], { type: "text/csv;charset=utf-8" }));
  link.download = `${table}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}

async function exportList(modal, columns) {
  const { currentTableName: table, filterParams, orderBy } = store.state;
  const query = { ...filterParams, __page_size: PAGE_ROWS, __readable: true, __visible_fields: columns.join() };
  if (orderBy?.length)
    query.__order = orderBy.map(({ column, ascending }) => (ascending ? column : `-${column}`)).join();
  const delimiter = modal.querySelector("#delimiter").value;
  const parts = [];
  let done = 0;
  for await (const { rows, total } of pagesOf(table, query)) {
    if (!modal.isConnected) return; // somebody has closed it
    if (parts.length === 0) {
      if (rows.length === 0) return tell("There is nothing to export.", "neutral");
      if (total >= MANY_ROWS && !confirm(largeQuestion())) return;
      parts.push(Object.keys(rows[0]).join(delimiter));
    }
    parts.push(asLines(rows, delimiter));
    done += rows.length;
    showExported(modal, `${done} / ${Math.max(done, total)}`);
  }
  download(table, parts);
  tell("Download successful", "success");
}

function largeQuestion() {
  const number = MANY_ROWS.toLocaleString(document.documentElement.lang);
  return say("There are # rows or more. Download all of them?").replace("#", number);
}

function showExported(modal, progress) {
  modal.style.setProperty("--progress", progress ? JSON.stringify(` ${progress}`) : "none");
}

// Where decimals have a comma, spreadsheets expect a semicolon between fields.
function suggestDelimiter() {
  const select = document.querySelector("#delimiter:not([data-suggested])");
  if (!select || !isPortuguese()) return;
  select.dataset.suggested = "";
  setValue(select, ";");
}

// The front end adds the columns chosen for the export to this very list, and so to the table on the screen.
function giveCopies(extra, name) {
  const original = extra[name];
  Object.defineProperty(extra, name, { get: () => [...original] });
}

document.addEventListener(
  "submit",
  async (event) => {
    const modal = event.target.closest(WINDOW);
    if (!modal) return;
    intercept(event);
    const columns = chosenColumns(modal);
    if (columns.length === 0) return alert("Please select at least one column.");
    const button = modal.querySelector("[data-uitest=download_csv_button]");
    button.disabled = true;
    const tellWhy = (reason) => tell(typeof reason === "string" ? reason : "Download failed", "error");
    await exportList(modal, columns).catch(tellWhy);
    button.disabled = false;
    showExported(modal, "");
    if (modal.isConnected) modal.querySelector(".close a").click();
  },
  true,
);

whenDrawn(suggestDelimiter);

whenMounted(() => {
  store.subscribe(({ type, payload }) => {
    if (type === "updateSchema") giveCopies(payload.extra, "visible_column_names");
  });
});
