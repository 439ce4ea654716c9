// What cannot be taken back is asked about before it is saved: among the choices it is one key press away from another. So is what
// somebody chooses for themselves, who may not be there to take it back: who is inactive cannot log in.

import { SAVE, intercept, say, store } from "./front_end.js";
import { wordsOf } from "./rows.js";

const IS_FINAL = "This is final. Save it?";
const IS_OWN = "This is your own account. Save it?";

const about = ({ name }) => store.state.schema.properties[name];

// Of the choices in a form that are not so in the row yet, those that are meant, in words.
function choicesOf(form, row, isMeant) {
  const isNew = (field) => about(field) && field.value !== String(row[field.name]);
  const inWords = (field) => `${about(field).title}: ${field.selectedOptions[0].text}`;
  return [...form.querySelectorAll("select[name]")].filter((one) => isNew(one) && isMeant(one)).map(inWords);
}

export function finalChoices(form, row) {
  return choicesOf(form, row, (field) => about(field).extra.final?.includes(field.value));
}

export const isOwn = (id) => id === store.state.user?.user_id; // which may not be known yet

function isRefused(question, choices, row) {
  return choices.length > 0 && !confirm([say(question), "", wordsOf(row).join(", "), ...choices].join("\n"));
}

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    const row = store.state.selectedRow;
    if (!form.querySelector(SAVE) || !row) return;
    const own = isOwn(row.id) ? choicesOf(form, row, () => true) : [];
    if (isRefused(IS_OWN, own, row) || isRefused(IS_FINAL, finalChoices(form, row), row)) intercept(event);
  },
  true,
);
