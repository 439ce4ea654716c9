// What is typed in the window of a key is searched for at once. Enter takes the row whose whole code was typed, or the only one
// that is found, also where it comes before the answer does, as after a bar code. Whoever goes on by Tab, then or at once, is in
// the next field, and what is sent before the row is there waits for it.

import { keyBefore } from "./blindly.js";
import { app, intercept, say, setValue, store, tell, whenMounted } from "./front_end.js";
import { hold } from "./holding.js";
import { LIST, keyOf, keysOf, open, showFound } from "./keys.js";

const WINDOW = ".key_search .modal"; // one for each field, most of them hidden
const SEARCH = `${WINDOW} input[type=search]`;
const SHOWN = 5; // rows at once, by the front end
const NOTHING = "No results found";
const LEFT = "Nothing was saved: you left the form before its row was found.";
const A_CODE = /^\n*([^\n\t]*)(\n*)$/; // after Enter for the line before, pressed once more; and Enter, or not yet

let isFormWaiting = false; // one that was sent, for its rows

// No rows of an earlier search are shown where the last one was refused or not answered, and Enter searches anew. More rows
// are asked for one time after the other: none is left out.
function follow(list) {
  const { loadMore } = list;
  list.$parent.list = list;
  list.loadMore = () => list.isWaiting || loadMore();
  list.fetchData = async () => {
    const shown = list.$el.querySelector(LIST);
    const { offset, searchTerm: search, tableName } = list;
    const asked = { search, offset, answer: ask({ tableName, search, offset, limit: SHOWN + 1 }) };
    list.asked = asked;
    list.isWaiting = true;
    shown.dataset.nothing = "";
    const { isRefused, meant, rows } = await asked.answer;
    asked.isInVain = !meant;
    if (list.asked !== asked) return new Promise(() => {}); // something else is searched for by now
    list.isWaiting = false;
    if (isRefused) list.asked = undefined;
    if (isRefused && offset) list.offset -= SHOWN; // the same can be asked for once more
    else list.limitReached = rows.length <= SHOWN;
    if (!isRefused && !offset && !rows.length) shown.dataset.nothing = say(NOTHING);
    return rows.slice(0, SHOWN);
  };
}

async function ask(query) {
  try {
    const { data, headers } = await store.dispatch("fetchIds", query);
    const rows = Object.entries(data);
    return { rows, meant: rows.length === 1 ? rows[0] : rows.find(([id]) => id === headers["exact-match"]) };
  } catch (error) {
    console.assert(error.isAxiosError, error); // said already
    return { rows: [], isRefused: true };
  }
}

async function askAnew(list) {
  clearTimeout(list.debounceTimer); // it would ask once more
  list.offset = 0;
  list.ids = await list.fetchData();
}

function take(key) {
  const { list } = key;
  key.isTyped = false;
  if (!list.searchTerm.trim()) return;
  if (list.asked?.search !== list.searchTerm || list.asked.offset) askAnew(list);
  if (key.awaited === list.asked) return;
  key.isInVain = false;
  key.awaited = list.asked;
  key.awaited.isTaken = pick(key, list.asked);
}

// Gives back whether it did.
async function pick(key, asked) {
  const { meant } = await asked.answer;
  if (key.awaited !== asked) return false; // given up
  key.awaited = undefined;
  key.isInVain = !meant;
  if (meant) key.handleUpdate({ id: meant[0], readable: meant[1] });
  else if (!key.showModal && !isFormWaiting) showFound(key);
  return meant !== undefined;
}

// With what was typed for it while the page was out of reach. Gives back whether that was a code, and no more.
export async function openWith(key, typed) {
  const [isCode, code, enter] = typed.match(A_CODE) ?? [];
  if (isCode === undefined) await showFound(key);
  else setValue(await open(key), code);
  key.isTyped = Boolean(code);
  if (enter) take(key);
  return isCode !== undefined;
}

const giveUp = (element, isTyped) => Object.assign(keyOf(element), { awaited: undefined, isInVain: false, isTyped });

document.addEventListener("input", ({ target }) => target.matches(SEARCH) && giveUp(target, true));

document.addEventListener("click", ({ target }) => target.closest(`${WINDOW} a`) && giveUp(target, false));

document.addEventListener(
  "keydown",
  (event) => {
    if (!event.target.matches(SEARCH)) return;
    const key = keyOf(event.target);
    const isTab = event.key === "Tab";
    if (isTab && !event.shiftKey && key.isTyped) take(key); // whether Enter was pressed or not
    if (isTab && !event.shiftKey && (key.isInVain || key.awaited?.isInVain)) {
      intercept(event); // or Enter after the quantity would take no row, and nobody know that the line is missing
      return showFound(key);
    }
    if (isTab && key.awaited) key.showModal = false; // the focus is in the field again, from where Tab goes on
    // Nothing is typed behind what is waited for: it would be searched for, and the next Enter would take another row.
    else if (event.key === "Enter" || (key.awaited && event.key !== "Escape")) event.preventDefault();
    if (event.key !== "Enter" || event.repeat) return;
    if (!key.awaited || keyBefore() === "Enter") return take(key);
    giveUp(event.target, false); // it is for a quantity for which Tab was forgotten, or for the next code
    showFound(key);
  },
  true,
);

document.addEventListener(
  "submit",
  async (event) => {
    const form = event.target;
    const awaited = keysOf(form).flatMap((key) => key.awaited ?? []);
    if (!awaited.length) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // others hear of it when it comes again
    if (isFormWaiting) return; // Enter was pressed twice: what is out of reach keeps the focus until the page is drawn
    isFormWaiting = true;
    const release = hold();
    const areTaken = await Promise.all(awaited.map(({ isTaken }) => isTaken));
    isFormWaiting = false;
    if (!form.isConnected) tell(LEFT, "error");
    if (!form.isConnected || !areTaken.every(Boolean)) {
      release();
      const inVain = keysOf(form).find((key) => key.isInVain);
      return inVain && showFound(inVain); // at once: Enter would send the form as it was before
    }
    form.requestSubmit();
    setTimeout(release); // by then it is on its way
  },
  true,
);

whenMounted(() => {
  app.mixin({
    created() {
      if (this.selectResult) follow(this);
    },
  });
});
