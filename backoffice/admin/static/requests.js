// Every request of the front end (axios sends them by XMLHttpRequest) passes by here. It is "opened", when its address may
// still change, "sent", when its body may, and "answered" or "unanswered", of which the front end hears later.

export const NO_ANSWER = "The server can't be reached - please try later.";
export const UNKNOWN = "The server does not answer. Look whether this was carried out before you try again.";

export const isLogIn = ({ address, method }) => method === "POST" && address.pathname.endsWith("/public/login/");

const { open, send } = XMLHttpRequest.prototype;
const events = new EventTarget();

export const on = (name, listen) => events.addEventListener(name, ({ detail }) => listen(detail));
const announce = (name, request) => events.dispatchEvent(new CustomEvent(name, { detail: request }));

XMLHttpRequest.prototype.open = function (method, address, ...rest) {
  this.method = method.toUpperCase();
  this.address = new URL(address, document.baseURI);
  // The front end listens by "onerror" and "ontimeout", which it sets later.
  for (const name of ["error", "timeout"]) this.addEventListener(name, () => announce("unanswered", this));
  announce("opened", this);
  open.call(this, method, this.address, ...rest);
};

XMLHttpRequest.prototype.send = function (body) {
  this.body = body;
  this.addEventListener("load", () => announce("answered", this)); // the front end waits for "loadend"
  announce("sent", this);
  if (!this.isGivenUp) send.call(this, this.body);
};

// What the front end is to take for the answer.
export function answerWith(request, text, status = request.status) {
  for (const name of ["response", "responseText"])
    Object.defineProperty(request, name, { value: text, configurable: true });
  Object.defineProperty(request, "status", { value: status, configurable: true });
}
