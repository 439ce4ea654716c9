// What the front end would make the wrong thing of is told to it otherwise: an answer to an earlier question that comes after
// the last one's, a refusal from before the log-in, a row that is gone, an id that is none, what a proxy says in place of the
// server.

import { say, store } from "./front_end.js";
import { NO_ANSWER, UNKNOWN, answerWith, isLogIn, on } from "./requests.js";

// About a table, one of its rows, or its schema, count, ids …; and not, for the side bar, which tables there are.
const QUESTION = /\/tables\/(?!grouped\/)\w+\/(?:([^/]+)\/)?$/;
const PARTS = ["count", "ids", "new", "references", "schema"];
const OF_A_PAGE = ["__order", "__page", "__page_size", "__readable"]; // parameters beside what is looked for
const DELETED = "This no longer exists: somebody has deleted it.";
const OURS = /^(text\/plain|application\/json)/;
const REFUSED = 403; // which, unlike 401, leads nowhere

const asked = {}; // the last question of each kind

let logIns = 0; // on this page

function kindOf({ address: { pathname } }) {
  const [isQuestion, part] = pathname.match(QUESTION) ?? [];
  if (!isQuestion || part === "ids") return pathname; // a form has several keys
  return part && !PARTS.includes(part) ? "row" : (part ?? "list");
}

// The front end counts a list before it asks for it, and may have been told of another one meanwhile.
function isOfAnEarlierList(request) {
  if (kindOf(request) !== "list" || !store) return false;
  const { currentTableName, filterParams } = store.state;
  const asText = (pairs) => JSON.stringify(pairs.filter(([name, value]) => !OF_A_PAGE.includes(name) && value).sort());
  const isSame = asText([...request.address.searchParams]) === asText(Object.entries(filterParams));
  return !isSame || !request.address.pathname.endsWith(`/${currentTableName}/`);
}

function isOutOfDate(request) {
  const last = asked[kindOf(request)];
  const isAnswered = last?.readyState === XMLHttpRequest.DONE && last.status === 200;
  return last !== request && isAnswered && request.status === 200;
}

on("sent", (request) => {
  request.logIns = logIns;
  if (request.method === "GET" && !isOfAnEarlierList(request)) asked[kindOf(request)] = request;
});

on("answered", (request) => {
  const { method, status, responseText } = request;
  if (status >= 400 && !OURS.test(request.getResponseHeader("Content-Type"))) {
    answerWith(request, say(method === "GET" ? NO_ANSWER : UNKNOWN)); // a proxy's page, or nothing
  }
  if (status === 200 && isLogIn(request)) logIns += 1;
  if (status === 401 && request.logIns < logIns) answerWith(request, "", REFUSED);
  if (method === "GET" && isOutOfDate(request)) answerWith(request, asked[kindOf(request)].responseText);
  if (["DELETE", "PATCH"].includes(method) && status === 404) {
    answerWith(request, say(DELETED), 410); // or it would leave for its first page, without what was typed
  }
  if (method === "GET" && status === 422 && kindOf(request) === "row") {
    answerWith(request, responseText, 404); // and no empty form is shown for it
  }
});
