// What the browser itself is told of a page: the title of its tab, and which fields are for the e-mail and the passwords that it
// keeps.

import { page, whenDrawn } from "./front_end.js";

const SITE = document.title;
const AUTOCOMPLETE = {
  "#login [name=username]": ["username"],
  "#login [name=password]": ["current-password"],
  "#change_password [name=password]": ["current-password", "new-password", "new-password"],
};

function nameTab() {
  const heading = page.querySelector("h1:not(#nav h1, .modal h1)")?.textContent.trim() ?? "";
  const title = heading.endsWith(SITE) ? heading : [heading, SITE].filter(Boolean).join(" – ");
  if (document.title !== title) document.title = title;
}

function markFields() {
  for (const [selector, meanings] of Object.entries(AUTOCOMPLETE))
    page.querySelectorAll(selector).forEach((field, index) => (field.autocomplete = meanings[index]));
}

whenDrawn(nameTab);
whenDrawn(markFields);
