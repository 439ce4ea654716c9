// A row that is added for a key, in the tab that the plus beside it opens, is in its field when one comes back.

import { keyOf } from "./keys.js";
import { fetchOwner } from "./references.js";
import { on } from "./requests.js";

const PLUS = "form label a[href$='/add/']";
const NEW_ROW = /\/tables\/(\w+)\/$/;

const tabs = new BroadcastChannel("added"); // of this browser

let waiting; // the key

document.addEventListener("click", ({ target }) => {
  const field = target.closest(PLUS)?.closest("form > div > div").querySelector(".key_search > input");
  if (field) waiting = keyOf(field);
});

on("answered", ({ address, form, method, responseText, status }) => {
  if (!form || method !== "POST" || status !== 201) return;
  tabs.postMessage({ table: address.pathname.match(NEW_ROW)[1], id: JSON.parse(responseText).id });
});

// Whoever has picked another one meanwhile keeps it.
tabs.addEventListener("message", async ({ data: { table, id } }) => {
  const key = waiting;
  if (!key?.$el.isConnected || key.tableName !== table) return;
  const before = key.hiddenSelectedValue;
  const { name } = await fetchOwner(key.fieldName, id);
  if (name && key.$el.isConnected && key.hiddenSelectedValue === before) key.handleUpdate({ id, readable: name });
});
