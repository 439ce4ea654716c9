// The doors of the pinned front end: Vue's application with its router and its texts, and the store (Vuex) in which it keeps
// its state. They open when it is mounted: before it draws anything, but after its first requests.

export let app, router, store;

// Places on the screen that several of us look for.
export const TABLE = ".table_wrapper"; // the rows of a list
export const PANEL = ".filter_wrapper"; // its filters
export const SAVE = "[data-uitest=save_button]"; // of a row's form
export const CREATE = "[data-uitest=create_button]"; // of a new row's

export const say = (text) => app._context.provides.i18n.global.t(text);

// Modules run once the page has been read, and those of the front end after these.
export const page = document.querySelector("#app");

const onceMounted = [];
const afterDrawing = [];

export const whenMounted = (task) => onceMounted.push(task);

// After whatever the front end has drawn, with what has changed (MutationRecords).
export const whenDrawn = (task) => afterDrawing.push(task);

// In a notice. `type` is "error", "neutral" or "success".
export function tell(text, type) {
  store.commit("updateApiResponseMessage", { contents: say(text), type, isOurs: true });
}

// What the style sheet shows beside or in place of something; nothing, if it is empty.
export function write(name, sentence) {
  const words = sentence ? JSON.stringify(sentence).replaceAll("\\n", "\\a ") : "none";
  document.documentElement.style.setProperty(`--${name}`, words);
}

// A list is filtered by something else, or a list of another table by nothing.
export const whenFiltered = (task) =>
  whenMounted(() =>
    store.subscribe(({ type, payload }) => ["updateFilterParams", "reset"].includes(type) && task(payload)),
  );

// As if somebody had typed or chosen it.
export function setValue(field, value) {
  field.value = value;
  for (const event of ["input", "change"]) field.dispatchEvent(new Event(event));
}

// It never comes to the front end.
export function intercept(event) {
  event.preventDefault();
  event.stopPropagation();
}

// Refusals have been shown.
window.addEventListener("unhandledrejection", (event) => event.reason?.isAxiosError && event.preventDefault());

function open(mounted) {
  app = mounted;
  ({ $router: router, $store: store } = app.config.globalProperties);
  app.config.errorHandler = (error) => error?.isAxiosError || console.error(error);
  onceMounted.forEach((task) => task());
  const observer = new MutationObserver((changes) => afterDrawing.forEach((task) => task(changes)));
  observer.observe(page, { childList: true, subtree: true, characterData: true });
}

Object.defineProperty(page, "__vue_app__", { set: open }); // Vue's last step of mounting
