// Lines are added to their pre-sale one after the other: where a new row begins with a key that its list is filtered by, and has
// another to be picked, its form begins at that one, and begins anew when the row is created.

import { stopAt } from "./blindly.js";
import { app, say, tell, whenMounted } from "./front_end.js";
import { hold, typedMeanwhile, whenWithinReach } from "./holding.js";
import { focus, keysOf } from "./keys.js";
import { openWith } from "./picker.js";
import { on } from "./requests.js";

const ADDED = "Successfully added row";
const LOST = "What you typed while this was being saved is lost: type it again.";
const LOST_BEFORE = "What you typed before the form was there is lost: type it again.";

let form; // the component of a new row's form

function firstToPick() {
  const isGiven = ({ fieldName }) => form.defaults[fieldName];
  const keys = keysOf(form.$el);
  return keys.some(isGiven) ? keys.find((key) => !isGiven(key)) : undefined;
}

// Gives back whether it does. A row that was given to somebody else is none of the list.
export function goesOn(row) {
  const { defaults } = form;
  const isAsGiven = ({ fieldName }) => !defaults[fieldName] || defaults[fieldName] === row[fieldName];
  if (!firstToPick() || !keysOf(form.$el).every(isAsGiven)) return false;
  beginAnew(row, hold());
  return true;
}

async function beginAnew({ said = say(ADDED) }, release) {
  await new Promise(setTimeout); // by then the front end has had its say
  const { defaults } = form;
  form.defaults = null;
  await form.$nextTick();
  form.defaults = defaults;
  await form.$nextTick(); // all fields are new
  release();
  if (await openWith(firstToPick(), typedMeanwhile())) tell(said, "success");
  else tell(`${said}\n${say(LOST)}`, "error");
}

// A code that was typed before the form was there begins it: its end alone would find another product.
async function begin() {
  const key = form.defaults && firstToPick();
  if (!key || key.showModal) return;
  const typed = typedMeanwhile();
  if (!typed.trim()) focus(key);
  else if (!(await openWith(key, typed))) tell(LOST_BEFORE, "error");
}

// What is typed as the next code would go on in the quantity, which is the next stop.
function stopWhereRefused(request) {
  const { form: sent, method, status } = request;
  const isCreated = status >= 200 && status < 300;
  if (method !== "POST" || isCreated || !sent || !form?.$el.contains(sent) || !firstToPick()) return;
  const focused = () => document.activeElement.closest("form > div > div") ?? form.$el.querySelector("h1");
  request.addEventListener("loadend", () => stopAt(focused())); // within reach by then
}

on("answered", stopWhereRefused);
on("unanswered", stopWhereRefused);

whenMounted(() => {
  app.mixin({
    created() {
      if (!("defaults" in this.$data)) return;
      form = this;
      this.$watch("defaults", () => setTimeout(() => whenWithinReach(begin))); // by then they are in the form
    },
  });
});
