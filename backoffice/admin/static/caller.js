// A page is one person's. Where somebody else has logged in meanwhile, in another tab, it would go on in their name: it is
// loaded anew when one comes back to it, and sends no change before. Each log-in gives the browser another CSRF token.

import { store, tell, whenMounted } from "./front_end.js";
import { isLogIn, on } from "./requests.js";
import { keep } from "./unsaved.js";

const USER = /\/api\/user\/$/;
const TOKEN = /(?:^|; )csrftoken=([^;]*)/;
const RELOADED = "reloaded"; // where it is kept that the page was loaded anew for this reason
const OTHER = "Somebody has logged in anew in another tab. Look at what is on the screen before you go on.";

let token; // that of the log-in by which the person was found who is named on the screen

const tokenNow = () => document.cookie.match(TOKEN)?.[1];
const isForUser = ({ address, method }) => method === "GET" && USER.test(address.pathname);

function loadAnew() {
  keep();
  if (tokenNow()) sessionStorage[RELOADED] = ""; // or nobody has: the cookies are gone
  location.reload();
}

on("sent", (request) => {
  if (isForUser(request)) request.token = tokenNow();
  if (request.method === "GET" || isLogIn(request) || !token || token === tokenNow()) return;
  request.isGivenUp = true;
  loadAnew();
});

on("answered", (request) => {
  if (isForUser(request) && request.status === 200) token = request.token;
});

window.addEventListener("focus", async () => {
  const before = store?.state.user?.user_id;
  if (!before) return;
  const now = tokenNow();
  const answer = await fetch("api/user/");
  if (!answer.ok) return;
  if ((await answer.json()).user_id !== before) loadAnew();
  else token = now; // the same person has logged in again
});

whenMounted(() => {
  if (!(RELOADED in sessionStorage)) return;
  delete sessionStorage[RELOADED];
  tell(OTHER, "neutral");
});
