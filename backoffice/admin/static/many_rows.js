// Many rows changed or deleted at once: those that were picked when it began, whatever is shown meanwhile. Those that are
// refused do not keep the others from being done, and are named at the end, with the reason. In the window for a new value
// only "set null" empties them, and what was typed for one column is not meant for the next.

import { finalChoices, isOwn } from "./final.js";
import { app, intercept, say, setValue, store, tell, whenMounted } from "./front_end.js";
import { hold, showProgress } from "./holding.js";
import { sayWithNumber } from "./language.js";
import { beQuiet, insist } from "./notices.js";
import { UNKNOWN } from "./requests.js";
import { wordsOf } from "./rows.js";

const UNPROCESSABLE = 422;
const OF_ONE_ROW = [409, 410, UNPROCESSABLE]; // refusals that say nothing about the next
const MAX_NAMED = 8; // rows that were refused, in one notice

const COLUMN = "select[name=property]";
const WINDOW = `.modal:has(${COLUMN})`;
const FIELD = ":is(input:not([type=checkbox]), textarea)";
const VALUE = "Type the new value.";
const VALUE_OR_NONE = "Type the new value, or tick that there is to be none.";

let listed; // the component of the list

async function deleteMany(list) {
  const { selectedRows, tableName } = list;
  const question = sayWithNumber(`Are you sure you want to delete ${selectedRows.length} selected row(s)?`);
  if (!confirm([question, ...warningOf(selectedRows)].join("\n"))) return;
  const outcome = await forEachPicked(list, (rowID) => store.dispatch("deleteRow", { tableName, rowID }));
  await finish(outcome, "Successfully deleted rows");
}

async function updateMany(modal, form) {
  const { tableName, selectedPropertyName: column } = modal;
  if (!column) return;
  if (!confirm(questionOf(modal, form))) return;
  const data = { [column]: modal.nullCheckboxState ? null : new FormData(form).get(column) };
  const outcome = await forEachPicked(modal, (rowID) => store.dispatch("updateRow", { tableName, rowID, data }));
  if (outcome.done) modal.$emit("close");
  await finish(outcome, "Successfully updated rows");
}

function questionOf({ selectedRows }, form) {
  const question = sayWithNumber(`Are you sure you want to change ${selectedRows.length} selected row(s)?`);
  const choices = finalChoices(form, {});
  const final = choices.length ? ["", say("This is final."), ...choices] : [];
  return [question, ...warningOf(selectedRows), ...final].join("\n");
}

const warningOf = (ids) => (ids.some(isOwn) ? ["", say("Your own account is among them.")] : []);

// One after the other, until one cannot be done for a reason that holds for all.
async function forEachPicked({ selectedRows }, change) {
  const rows = named(selectedRows);
  const outcome = { done: 0, refused: [], isBroken: false };
  const release = hold();
  beQuiet(true); // refusals are told at the end
  try {
    for (const { id, name } of rows) {
      showProgress(`${outcome.done + outcome.refused.length} / ${rows.length}`);
      const refusal = await change(id).then(() => null, refusalOf);
      if (!refusal) outcome.done += 1;
      else if (OF_ONE_ROW.includes(refusal.status)) outcome.refused.push({ id, name, ...refusal });
      else return { ...outcome, isBroken: true, reason: refusal.reason };
    }
    return outcome;
  } finally {
    beQuiet(false);
    showProgress("");
    release();
  }
}

// Named by the first column, and the second if that is ambiguous.
function named(ids) {
  const picked = ids.map((id) => ({ id, words: wordsOf(store.state.rows.find((row) => row.id === id)) }));
  const isAlone = ({ words: [first] }) => picked.filter(({ words }) => words[0] === first).length === 1;
  return picked.map((row) => ({ id: row.id, name: isAlone(row) ? row.words[0] : row.words.join(", ") }));
}

function refusalOf(error) {
  if (!error.isAxiosError) throw error;
  return { status: error.response?.status, reason: error.response?.data ?? say(UNKNOWN) };
}

async function finish(outcome, success) {
  const { done, isBroken, refused } = outcome;
  if (isBroken) insist(inWords(outcome));
  else if (refused.length) tell(inWords(outcome), "error");
  else tell(success, "success");
  if (done) await store.dispatch("fetchRows");
  insist("");
  if (done) await pickAgain(refused);
}

// For those that were not named, too. The list that was read anew may be another one, or without some of them.
async function pickAgain(refused) {
  await listed.$nextTick(); // by then none is picked
  const ids = refused.map(({ id }) => id);
  listed.selectedRows = store.state.rows.map(({ id }) => id).filter((id) => ids.includes(id));
}

function inWords({ done, isBroken, reason, refused }) {
  const [first] = refused;
  const isOfTheValue = ({ status, reason }) => status === UNPROCESSABLE && reason === first.reason;
  if (!done && !isBroken && refused.every(isOfTheValue)) return first.reason; // whichever row it is given to
  const lines = refused.slice(0, MAX_NAMED).map(({ name, reason }) => `${name}: ${reason}`);
  if (isBroken) lines.push(reason);
  if (refused.length > MAX_NAMED) lines.push(sayWithNumber(`${refused.length - MAX_NAMED} more refused.`));
  if (done) lines.push(sayWithNumber(`${done} done.`));
  return lines.join("\n");
}

function empty(form) {
  for (const field of form?.querySelectorAll(FIELD) ?? []) setValue(field, "");
}

document.addEventListener(
  "change",
  ({ target }) => {
    if (!target.matches(COLUMN)) return;
    const form = () => target.closest(WINDOW).querySelector("form"); // another one, or none so far
    form()?.querySelector(".set_null input:checked")?.click();
    setTimeout(() => empty(form())); // by then it is there
  },
  true,
);

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (!form.closest(WINDOW) || form.querySelector(".set_null input:checked")) return;
    if (form.querySelector(`${FIELD}[name]`)?.value !== "") return;
    intercept(event);
    tell(form.querySelector(".set_null") ? VALUE_OR_NONE : VALUE, "error");
  },
  true,
);

whenMounted(() => {
  app.mixin({
    created() {
      const { deleteRows, updateRows } = this.$options.methods ?? {};
      if (deleteRows) {
        listed = this;
        this.deleteRows = () => deleteMany(this);
      }
      if (!updateRows) return;
      this.updateRows = ({ target }) => updateMany(this, target);
      this.$watch("selectedRows", ({ length }) => length || this.$emit("close")); // another list has come
    },
  });
});
