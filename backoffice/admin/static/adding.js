// A row that is added for a key, in the tab that the plus beside it opens, is in its field when one comes back. The button above
// a list opens a tab, too, for whoever asks the browser for one.

import { keyOf } from "./keys.js";
import { fetchOwner } from "./references.js";
import { on } from "./requests.js";

const ADD = ".title_bar a[href$='/add/']";
const MODIFIERS = ["altKey", "ctrlKey", "metaKey", "shiftKey"];
const PLUS = "form label a[href$='/add/']";
const NEW_ROW = /\/tables\/(\w+)\/$/;

const tabs = new BroadcastChannel("added"); // of this browser

let waiting; // the key, and what it had

document.addEventListener("click", ({ target }) => {
  const field = target.closest(PLUS)?.closest("form > div > div").querySelector(".key_search > input");
  if (!field) return;
  const key = keyOf(field);
  waiting = { key, before: key.hiddenSelectedValue };
});

// The front end would open a window over the list, from which a log-in does not lead back.
document.addEventListener(
  "click",
  (event) => MODIFIERS.some((key) => event[key]) && event.target.closest(ADD) && event.stopPropagation(),
  true,
);

on("answered", ({ address, form, method, responseText, status }) => {
  if (!form || method !== "POST" || status !== 201) return;
  tabs.postMessage({ table: address.pathname.match(NEW_ROW)[1], id: JSON.parse(responseText).id });
});

// The first one; and whoever has picked another one meanwhile keeps that.
tabs.addEventListener("message", async ({ data: { table, id } }) => {
  const { key, before } = waiting ?? {};
  if (key?.tableName !== table) return;
  waiting = undefined;
  if (!key.$el.isConnected) return;
  const { name } = await fetchOwner(key.fieldName, id);
  if (name && key.$el.isConnected && key.hiddenSelectedValue === before) key.handleUpdate({ id, readable: name });
});
