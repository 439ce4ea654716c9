// What the server says is shown, in its own words, whatever the front end makes of it; and what the front end says, in the
// language of the screen. A notice stays for as long as it takes to read.

import "./answers.js"; // which has its say about an answer first
import { say, store, tell, whenMounted, write } from "./front_end.js";
import { NO_ANSWER, UNKNOWN, isLogIn, on } from "./requests.js";

const SCHEMA = /\/schema\/$/;
const BESIDE_REFUSAL = "The form has errors."; // said where the refusal itself stands above the form
const BEFORE_REFUSAL = /^Error - /; // of a new password: the rest are our words
const NOTICE_MS = 5000; // for each line

let refusal = ""; // of the last request, if it was refused
let isBesideForm = false; // whether that stands above the form, too
let isNewPassword = false; // one's own, which ends the session
let isQuiet = false; // somebody else tells of refusals
let insisted = ""; // said in place of what is refused next
let fading;

export function beQuiet(quiet) {
  isQuiet = quiet;
}

// Until it is called with nothing.
export function insist(text) {
  insisted = text;
  if (text) tell(text, "error");
}

on("answered", (request) => {
  const { address, form, method, status } = request;
  if (method === "POST" && status < 300) isNewPassword = address.pathname.endsWith("/change-password/");
  refusal = refusalOf(request);
  if (refusal && insisted) refusal = insisted;
  isBesideForm = status !== 401 && form?.isConnected; // or the form is gone
  if (refusal && status !== 404) showRefusal();
  if (status === 200 && isLogIn(request)) close(); // that one must log in
  if (method === "GET" && SCHEMA.test(address.pathname)) showInPlace();
});

on("sent", ({ address }) => {
  if (SCHEMA.test(address.pathname)) document.documentElement.style.removeProperty("--refusal");
});

on("unanswered", ({ address, method }) => {
  const isWriting = method !== "GET" && address.pathname.includes("/tables/");
  refusal = insisted || say(isWriting ? UNKNOWN : NO_ANSWER);
  isBesideForm = false;
  if (SCHEMA.test(address.pathname)) showInPlace();
  showRefusal();
});

function refusalOf(request) {
  const { method, responseText, status } = request;
  const isSentence = !request.getResponseHeader("Content-Type")?.startsWith("application/json");
  const isKnock = status === 401 && method === "GET" && (!store?.state.user || isNewPassword); // who is logged in?
  return status >= 400 && isSentence && !isKnock ? responseText : "";
}

function showRefusal() {
  if (!isQuiet) store?.commit("updateApiResponseMessage", { contents: refusal, type: "error" });
}

// Without a schema the front end draws no page at all: the sentence, which would fade, stands there instead.
const showInPlace = () => write("refusal", refusal);

function reword(notice) {
  if (notice.isOurs) return;
  const isRefused = notice.type === "error" && refusal && !(notice.contents === BESIDE_REFUSAL && isBesideForm);
  notice.contents = isRefused ? refusal : say(notice.contents.replace(BEFORE_REFUSAL, "").replace(/\s+/g, " "));
}

const close = () => document.querySelector("#message_popup a")?.click();

function letFade({ contents }) {
  clearTimeout(fading);
  fading = setTimeout(close, NOTICE_MS * contents.split("\n").length);
}

// The front end's own timer closes the notice after the one that it was set for, or misses by a millisecond.
const { setTimeout: later } = window;

window.setTimeout = (task, ...rest) => (String(task).includes("timeLastAppeared") ? 0 : later(task, ...rest));

whenMounted(() => {
  store.subscribe(({ type, payload }) => {
    if (type !== "updateApiResponseMessage") return;
    reword(payload);
    letFade(payload);
  });
  store.subscribeAction({ after: ({ type }) => type === "loadTranslation" && write("loading", `${say("Loading")} …`) });
});
