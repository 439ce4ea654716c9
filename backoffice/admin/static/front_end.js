// The doors of the pinned front end: Vue's application with its router and its texts, and the store (Vuex) in which it keeps
// its state. They open at DOMContentLoaded, before it does so for any other script here; requests come earlier.

export let app, router, store;

export const say = (text) => app._context.provides.i18n.global.t(text);

const PAGE = "#app";
const tasks = [];

// After whatever the front end has drawn, with what has changed (MutationRecords).
export const whenDrawn = (task) => tasks.push(task);

// In a notice. `type` is "error", "neutral" or "success".
export function tell(text, type) {
  store.commit("updateApiResponseMessage", { contents: say(text), type, isOurs: true });
}

// What the style sheet shows beside or in place of something; nothing, if it is empty.
export function write(name, sentence) {
  const words = sentence ? JSON.stringify(sentence).replaceAll("\\n", "\\a ") : "none";
  document.documentElement.style.setProperty(`--${name}`, words);
}

document.addEventListener("DOMContentLoaded", () => {
  app = document.querySelector(PAGE).__vue_app__;
  ({ $router: router, $store: store } = app.config.globalProperties);
  app.config.errorHandler = (error) => error?.isAxiosError || console.error(error); // refusals have been shown
  const observer = new MutationObserver((changes) => tasks.forEach((task) => task(changes)));
  observer.observe(document.querySelector(PAGE), { childList: true, subtree: true, characterData: true });
});
