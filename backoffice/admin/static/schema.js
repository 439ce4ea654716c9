// What the front end does not heed of what a table's schema says: which tables nobody may change, or delete from, and which
// columns cannot be exported, compared in parts, or sorted by in an order that means something to anybody.

import { store, whenDrawn, whenMounted } from "./front_end.js";

const LIMITS = ["read_only", "undeletable"]; // of the table; the style sheet hides the buttons

function tidyChoices() {
  const properties = store.state.schema?.properties ?? {};
  const isSecret = (name) => name === "version" || properties[name]?.extra.secret === true;
  const isId = (name) => name === "id" || properties[name]?.extra.foreign_key !== undefined;
  for (const option of document.querySelectorAll("[data-uitest=sort_by_selector] option")) {
    const isNoOrder = isSecret(option.value) || isId(option.value) || !properties[option.value]?.extra.sortable;
    option.hidden = option.disabled = isNoOrder;
  }
  for (const match of document.querySelectorAll("select[name$=__match]")) {
    match.hidden = properties[match.name.replace("__match", "")]?.extra.parts === false;
  }
  for (const box of document.querySelectorAll(".column_list tbody input")) {
    box.closest("tr").hidden = isSecret(box.id.replace("csv_", ""));
  }
}

whenDrawn(tidyChoices);

whenMounted(() => {
  store.subscribe(({ type, payload }) => {
    if (type !== "updateSchema") return;
    for (const name of LIMITS) document.documentElement.classList.toggle(name, payload.extra[name] === true);
  });
});
