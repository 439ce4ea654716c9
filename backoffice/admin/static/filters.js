// The panel of filters shows what the list is filtered by, whether it was opened, left or loaded anew meanwhile, and the
// button that opens it how many columns that is: what is done to all rows on the screen is done to these alone.

import { PANEL, app, say, setValue, store, whenDrawn, whenFiltered, whenMounted, write } from "./front_end.js";
import { fetchOwner } from "./references.js";

const BESIDE = /^(search|__\w+)$/; // parameters of a list that no field of the panel is for
const NULL = "is_null";
const EQUAL = "e"; // how a column is compared for which nothing else is said
const EXACTLY = [EQUAL, "ne"];
const SINCE = "gte";

let list; // the component that shows and hides the panel
let isSubmitted = false;
let isCleared = false;
let shown; // the filters that stand in the panel

const filters = () => Object.entries(store.state.filterParams).filter(([name]) => !BESIDE.test(name));
const asText = () => JSON.stringify(filters().sort());

const nameOf = ([name, value]) =>
  name.endsWith("__operator") && value === NULL ? name.replace("__operator", "") : name;
const columns = () =>
  new Set(
    filters()
      .map(nameOf)
      .filter((name) => !/__(match|operator)$/.test(name)),
  );

function showHowMany() {
  const count = columns().size;
  write("filters", count && ` (${count})`);
}

function fill(panel) {
  shown = asText();
  const given = Object.fromEntries(filters().map((one) => [nameOf(one), one[1] === NULL ? "null" : one[1]]));
  for (const name of columns()) given[`${name}__operator`] ??= EQUAL;
  for (const field of panel.querySelectorAll("form [name]")) {
    const value = given[field.name];
    const key = field.closest(".key_search");
    if (value === undefined) continue;
    if (key) nameRow(key.component, value);
    else if (field.tagName !== "SELECT" || [...field.options].some((option) => option.value === value)) {
      setValue(field, value);
      for (const option of field.selectedOptions ?? []) option.disabled = false; // or it would not be sent
    }
  }
}

async function nameRow(component, id) {
  const { fieldName } = component;
  component.hiddenSelectedValue = id; // at once: the answer may come after the next "Apply"
  const { name } = await fetchOwner(fieldName, id);
  if (component.hiddenSelectedValue === id) component.selectedValue = name ?? id;
}

// Emptied fields of the front end keep their dates: fresh ones do not.
async function renew() {
  list.showFilter = false;
  await list.$nextTick();
  list.showFilter = true;
}

// Texts that are compared as a whole alone.
function sayWhatIsWhole() {
  const properties = store.state.schema?.properties ?? {};
  for (const field of document.querySelectorAll(`${PANEL} input[type=text][name]`)) {
    if (properties[field.name]?.extra.whole) field.placeholder = say("The whole text");
  }
}

// A year with more digits would be no date to the front end, and the filter left out. Limits that are set once more, even
// the same, have the browser forget what is half typed.
function limitTimes() {
  for (const field of document.querySelectorAll(`${PANEL} [type=datetime-local]:not([max])`)) {
    Object.assign(field, { min: "1000-01-01T00:00", max: "9999-12-31T23:59:59" });
    compareTimes(field.parentElement.previousElementSibling);
  }
}

// No row has exactly the time that one reads or types: there are fractions of a second behind it.
function compareTimes(select) {
  for (const option of select.options) option.hidden = option.disabled = EXACTLY.includes(option.value);
  select.value = SINCE;
}

// No choice is more or less than another; but what an address says stays until it is changed.
function compareChoices() {
  const properties = store.state.schema?.properties ?? {};
  for (const select of document.querySelectorAll(`${PANEL} select[name$=__operator]`)) {
    if (!properties[select.name.replace("__operator", "")]?.extra.choices) continue;
    for (const option of select.options)
      option.hidden = option.disabled = !EXACTLY.includes(option.value) && !option.selected;
  }
}

document.addEventListener("submit", ({ target }) => (isSubmitted = target.closest(PANEL) !== null), true);
document.addEventListener("click", ({ target }) => (isCleared = target.matches(`${PANEL} > button`)), true);

function follow() {
  showHowMany();
  if (isSubmitted) shown = asText();
  else if (document.querySelector(PANEL) && (isCleared || shown !== asText())) renew();
  isSubmitted = isCleared = false;
}

whenDrawn(limitTimes);
whenDrawn(compareChoices);
whenDrawn(sayWhatIsWhole);
whenFiltered(follow);

whenMounted(() => {
  app.mixin({
    mounted() {
      if (!this.$el.matches?.(PANEL)) return;
      list = this;
      while (!("showFilter" in list.$data)) list = list.$parent;
      limitTimes();
      fill(this.$el);
    },
  });
  showHowMany();
});
