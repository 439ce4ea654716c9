// For those who hear the page instead of seeing it: names of icons, of fields that only stand near their labels, of the boxes
// and menus of rows, and of windows. A notice is read out.

import { TABLE, page, say, whenDrawn } from "./front_end.js";

const ICONS = {
  "angle-left": "Previous page",
  "angle-right": "Next page",
  bars: "Menu",
  "caret-down": "Descending",
  "caret-up": "Ascending",
  "ellipsis-vertical": "Actions",
  "pen-to-square": "Edit",
  plus: "Add",
  xmark: "Close",
};
const FIELD = "input:not([type=hidden]), select, textarea";
const FIELDS = {
  [`${TABLE} th input`]: "Toggle all",
  ".pages .current input": "page",
  "#page_size select": "rows",
  "select[name=column]": "Columns",
  "select[name=ordering]": "Sort",
  ".search_box": "Search",
};

const name = (element, ...parts) => element.setAttribute("aria-label", parts.filter(Boolean).join(", "));

const textOf = (element) => element?.textContent.trim() ?? "";

function nameIcons() {
  for (const icon of page.querySelectorAll("a > svg[data-icon]")) {
    const link = icon.parentElement;
    const meaning = ICONS[icon.dataset.icon];
    if (meaning && !textOf(link)) name(link, say(meaning), nameOfPlace(link));
  }
}

// Of the row, field or column that it belongs to.
function nameOfPlace(link) {
  const row = link.closest(`${TABLE} tbody tr`);
  return row ? textOf(row.cells[1]) : ownWords(link.closest("label"));
}

// Without those of the hint beside them.
const ownWords = (label) => label?.firstChild?.textContent.trim() ?? "";

function nameFields() {
  for (const label of page.querySelectorAll("label:not([for])")) {
    const beside = label.nextElementSibling;
    const fields = beside?.matches(FIELD) ? [beside] : (beside?.querySelectorAll(FIELD) ?? []);
    const hint = textOf(label.querySelector(".tooltip:not([hidden]) .popup"));
    for (const field of fields) {
      if (field.closest(".modal") !== label.closest(".modal")) continue; // its window has words of its own
      name(field, ownWords(label), meaningOf(field));
      field.ariaDescription = hint;
      field.ariaRequired = String(label.querySelector(".required") !== null);
    }
  }
  for (const [selector, text] of Object.entries(FIELDS))
    page.querySelectorAll(selector).forEach((one) => name(one, say(text)));
}

function meaningOf(field) {
  if (field.matches("[name$=__operator], [name$=__match]")) return say("Filter");
  return field.matches("[type=datetime-local] ~ select") && say("Timezone");
}

function nameRows() {
  const table = page.querySelector(`${TABLE} table`);
  if (!table) return;
  name(table, textOf(page.querySelector(".title h1")));
  for (const row of table.tBodies[0].rows) {
    const box = row.querySelector("input[type=checkbox]");
    if (box) name(box, nameOfPlace(box));
  }
}

function nameTicks() {
  for (const tick of page.querySelectorAll(`${TABLE} .boolean`)) {
    tick.role = "img";
    name(tick, say(tick.querySelector("[data-icon=check]") ? "True" : "False"));
  }
}

function nameWindows() {
  for (const one of page.querySelectorAll(".modal")) {
    Object.assign(one, { role: "dialog", ariaModal: "true" });
    name(one, textOf(one.querySelector("h1")) || textOf(one.querySelector(".heading ~ p")));
  }
}

function readOut() {
  const notice = page.querySelector("#message_popup");
  if (notice) notice.role = notice.classList.contains("error") ? "alert" : "status";
}

whenDrawn(() => {
  nameIcons();
  nameFields();
  nameRows();
  nameTicks();
  nameWindows();
  readOut();
});
