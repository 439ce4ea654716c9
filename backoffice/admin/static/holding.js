// While a change is on its way, or what a new form begins with, the page is out of reach: what comes back would be written over
// what is typed meanwhile, or lead away from it.

import { page, router, say, write } from "./front_end.js";
import { on } from "./requests.js";

const PATIENCE_MS = 60_000; // the server answers within 15 s, if it can be reached
const PATIENCE_READING_MS = 20_000; // nothing is lost by giving up
const SLOW_MS = 3000;
const SLOW = "Waiting for the server";
const BEGINNING = /\/new\/$/;
const MODIFIER = /^(Shift|Control|Alt|AltGraph|Meta|CapsLock|Dead)$/;

let holds = 0;
let progress = "";
let focused;
let typed = "";
const waiting = [];

// While the page was out of reach last: "\n" for Enter, "\t" for every other key that types nothing. It is told once.
export function typedMeanwhile() {
  const told = typed;
  typed = "";
  return told;
}

// Until the function is called that this gives back.
export function hold() {
  if (holds === 0) [focused, typed] = [document.activeElement, ""];
  holds += 1;
  page.inert = true;
  return () => {
    holds -= 1;
    if (holds > 0) return;
    page.inert = false;
    if (focused.isConnected) focused.focus({ preventScroll: true });
    for (const task of waiting.splice(0)) task();
  };
}

// At once, or when the last answer that is waited for is there.
export function whenWithinReach(task) {
  if (page.inert) waiting.push(task);
  else task();
}

// How far it is, above the page; nothing, if it is empty.
export function showProgress(text) {
  progress = text;
  write("held", text);
}

function sayWhenSlow(request) {
  let said;
  const timer = setTimeout(() => progress || showProgress((said = `${say(SLOW)} …`)), SLOW_MS);
  request.addEventListener("loadend", () => {
    clearTimeout(timer);
    if (progress === said) showProgress("");
  });
}

document.addEventListener("keydown", ({ ctrlKey, key, metaKey, repeat }) => {
  if (!page.inert || MODIFIER.test(key)) return;
  if (key === "Enter") typed += repeat ? "" : "\n";
  else typed += key.length > 1 || ctrlKey || metaKey ? "\t" : key;
});

on("sent", (request) => {
  const isReading = request.method === "GET";
  request.timeout = isReading ? PATIENCE_READING_MS : PATIENCE_MS;
  if (isReading && !BEGINNING.test(request.address.pathname)) return;
  request.addEventListener("loadend", hold()); // by then the front end has heard of it
  sayWhenSlow(request);
});

// A new password of one's own ends the session, and after a while the front end goes to the log-in.
on("answered", ({ address, method, status }) => {
  if (method !== "POST" || status >= 300 || !address.pathname.endsWith("/change-password/")) return;
  const release = hold();
  const forget = router.afterEach(() => {
    forget();
    release();
  });
});
