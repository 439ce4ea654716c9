// What cannot be taken back is asked about before it is saved: among the choices it is one key press away from another.

import { intercept, say, store } from "./front_end.js";
import { wordsOf } from "./rows.js";

const SAVE = "[data-uitest=save_button]";
const QUESTION = "This is final. Save it?";

// What in the form is final, and not so in the row yet.
export function finalChoices(form, row) {
  const about = ({ name }) => store.state.schema.properties[name];
  const isFinal = (field) => about(field)?.extra.final?.includes(field.value) && field.value !== row[field.name];
  const inWords = (field) => `${about(field).title}: ${field.selectedOptions[0].text}`;
  return [...form.querySelectorAll("select[name]")].filter(isFinal).map(inWords);
}

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    const row = store.state.selectedRow;
    const choices = form.querySelector(SAVE) ? finalChoices(form, row) : [];
    if (!choices.length) return;
    if (!confirm([say(QUESTION), "", wordsOf(row).join(", "), ...choices].join("\n"))) intercept(event);
  },
  true,
);
