// The screen speaks one language, and the server the same. Fixed texts that the front end forgot to translate are translated
// here, but never what is in a row, which may be called like one of them.

import { PANEL, say, store, whenDrawn, whenMounted } from "./front_end.js";
import { on } from "./requests.js";
import { keep } from "./unsaved.js";

const CHOSEN = "piccoloAdminDefaultLanguage"; // where the front end keeps the language chosen last
const TIMEZONE = "defaultTimezone"; // and the time zone
const TO_THE_MINUTE = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" };
const ONE = /\b1 (registro|row)s\b/; // which the front end puts together
// Rows come after "All", in filters, and "None", and before "Load more".
const PICKED = `.results_list li:not(:first-child, ${PANEL} li:nth-child(2), :has(svg))`;
const DATA = `table:not(.column_list) td, ${PICKED}`; // the table in the export's window has names of columns

// The front end knows Portuguese browsers by "pt-BR" alone.
if (/^pt\b/i.test(navigator.language)) localStorage[CHOSEN] ??= "pt-br";

localStorage[TIMEZONE] ??= Intl.DateTimeFormat().resolvedOptions().timeZone;

export const isPortuguese = () => document.documentElement.lang.startsWith("pt");

// That of this page, whatever is chosen in another one meanwhile.
let language = localStorage[CHOSEN];

export const timezoneNow = () => localStorage[TIMEZONE];

// A time for people, as the clock on their wall shows it, to the minute.
export function asTime(text, more = {}) {
  return new Date(text).toLocaleString(language, { timeZone: timezoneNow(), ...TO_THE_MINUTE, ...more });
}

// The words have # for the number.
export function sayWithNumber(text) {
  const [number] = text.match(/\d+/) ?? [];
  const words = text.replace(number, "#");
  return number && say(words) !== words ? say(words).replace("#", number) : say(text);
}

on("sent", (request) => {
  if (language) request.setRequestHeader("Accept-Language", language);
});

function translate(root) {
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let text = root.nodeType === Node.TEXT_NODE ? root : texts.nextNode(); text; text = texts.nextNode()) {
    const said = text.nodeValue.trim();
    const meant = said && !text.parentElement?.closest(DATA) ? sayWithNumber(said).replace(ONE, "1 $1") : said;
    if (meant !== said) text.nodeValue = text.nodeValue.replace(said, () => meant);
  }
}

function translateAttributes() {
  for (const input of document.querySelectorAll("[placeholder]")) input.placeholder = say(input.placeholder);
  for (const one of document.querySelectorAll("[title]")) one.title = say(one.title);
  for (const option of document.querySelectorAll("#page_size option")) option.label = sayWithNumber(option.label);
}

function settle(chosen) {
  const before = document.documentElement.dataset.language;
  language = localStorage[CHOSEN] = chosen.toLowerCase(); // as "pt-BR" the front end would not find it again
  document.documentElement.dataset.language = document.documentElement.lang = chosen;
  translate(document.body);
  if (!before || before === chosen) return;
  keep();
  location.reload(); // what is on the screen is in the old one
}

whenDrawn((changes) => {
  new Set(changes.map(({ target }) => target)).forEach(translate);
  translateAttributes();
});

whenMounted(() => {
  store.subscribeAction({ after: ({ type, payload }) => type === "loadTranslation" && settle(payload) });
});
