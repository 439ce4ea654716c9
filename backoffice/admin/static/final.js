// What cannot be taken back is asked about before it is saved: among the choices it is one key press away from another.

import { intercept, say, store } from "./front_end.js";
import { wordsOf } from "./rows.js";

const SAVE = "[data-uitest=save_button]";
const QUESTION = "This is final. Save it?";

function finalChoices(form) {
  const { schema, selectedRow } = store.state;
  const about = ({ name }) => schema.properties[name];
  const isFinal = (field) => about(field).extra.final?.includes(field.value) && field.value !== selectedRow[field.name];
  const inWords = (field) => `${about(field).title}: ${field.selectedOptions[0].text}`;
  return [...form.querySelectorAll("select[name]")].filter(isFinal).map(inWords);
}

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    const choices = form.querySelector(SAVE) ? finalChoices(form) : [];
    if (!choices.length) return;
    const row = wordsOf(store.state.selectedRow).join(", ");
    if (!confirm([say(QUESTION), "", row, ...choices].join("\n"))) intercept(event);
  },
  true,
);
