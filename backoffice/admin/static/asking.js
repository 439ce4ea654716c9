// Whoever leaves a form in which they changed something that is not saved is asked first: who types a discount, and looks at the
// lines next, would take it for given.

import { CREATE, SAVE, router, whenMounted } from "./front_end.js";
import { on } from "./requests.js";

const FIELD = `form:has(${SAVE}, ${CREATE}) :is(input:not([type=search], [type=hidden]), textarea, select)`;
const LEAVE = "What you changed is not saved. Leave it all the same?";

const before = new Map(); // what was in the fields that somebody has been in

// From now on: what is in the field then, other than now, is not saved.
export const watch = (field) => before.has(field) || before.set(field, field.value);

// It is saved, or given up.
const letGo = () => before.clear();

export const hasChanged = () => [...before].some(([field, value]) => field.isConnected && field.value !== value);

document.addEventListener("focusin", ({ target }) => target.matches(FIELD) && watch(target));

on("answered", ({ form, status }) => form && status < 300 && letGo());

whenMounted(() => {
  router.beforeEach(({ name }) => name === "login" || !hasChanged() || confirm(LEAVE));
  router.afterEach((to, from, failure) => failure || letGo());
});
