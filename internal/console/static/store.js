// The state of the console. It is in the memory of this tab alone: nothing is stored.
import { render } from "./lib/lit-html/lit-html.js";

/** What the pages show. Change it and call changed. */
export const state = {
  service: null, // the description of the service
  definition: null, // a Definition
  failure: "", // why the console could not start
  key: "", // the API key, or the access token
  page: "", // name of the page
  action: null, // the chosen action
  notice: "", // the latest short message
  copyAs: "flow", // what a click on a cell copies: flow, fx or value
  loop: "Apply_to_each", // name of the loop in the maker's flow
};

const sessions = new Map();

/** session returns what the user entered for an action and what came of it. */
export function session(action) {
  if (!sessions.has(action.id)) sessions.set(action.id, newSession());
  return sessions.get(action.id);
}

const newSession = () => ({
  values: {}, // by parameter, as they were typed
  errors: {}, // of values, by parameter
  isMoreOpen: false, // the further filters are shown
  running: null, // the AbortController of a call
  pages: [], // answers
  page: 0, // which of them is shown
  failed: null, // the answer of the last call if it failed, with the place of the page that it was for
  view: "table",
  columns: null, // keys of the columns that the user chose
  picked: null, // the cell that the user is on
});

/** forget removes all answers, such as those that were read with another key. */
export function forget() {
  for (const own of sessions.values()) {
    own.running?.abort();
    Object.assign(own, { running: null, pages: [], page: 0, failed: null, picked: null });
  }
}

let template, root;
let isScheduled = false;

/** mount renders a template into an element now and after each change. */
export function mount(element, view) {
  [root, template] = [element, view];
  root.replaceChildren();
  changed();
}

/** changed renders the page again, once for all changes of the same task. */
export function changed() {
  if (isScheduled || !root) return;
  isScheduled = true;
  queueMicrotask(() => {
    isScheduled = false;
    render(template(), root);
  });
}

const maxNotice = 200; // characters

/** notify shows a short message, which screen readers read out. */
export function notify(text) {
  state.notice = text.length > maxNotice ? `${text.slice(0, maxNotice)} …` : text;
  changed();
  clearTimeout(notify.timer);
  notify.timer = setTimeout(() => {
    state.notice = "";
    changed();
  }, 6000);
}
