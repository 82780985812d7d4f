// The frame of all pages: header, navigation, and the page that the address names.
import { html, nothing } from "./lib/lit-html/lit-html.js";
import { limit, start } from "./calls.js";
import { changed, forget, state } from "./store.js";
import { aboutPage, checkHealth } from "./pages/about.js";
import { actionsPage } from "./pages/actions.js";
import { agentsPage } from "./pages/agents.js";
import { limitPage } from "./pages/limit.js";
import { registerPage } from "./pages/register.js";
import { sandboxPage } from "./pages/sandbox.js";

const pages = {
  actions: ["Actions", actionsPage],
  limit: ["Limit", limitPage],
  register: ["Register", registerPage],
  agents: ["Agents", agentsPage],
  sandbox: ["Sandbox", sandboxPage],
  about: ["About", aboutPage],
};

/** route makes the page current that the address names: #/PAGE, or #/actions/OPERATIONID. */
export function route() {
  const [, page, id] = location.hash.split("/");
  state.page = Object.hasOwn(pages, page) ? page : "actions";
  const action = state.definition?.actions.find((one) => one.id === id);
  state.action = action ?? state.action ?? state.definition?.actions[0];
  const isUnknown = location.hash && (!Object.hasOwn(pages, page) || (id && !action));
  if (isUnknown && state.definition) history.replaceState(null, "", `#/${state.page}`);
  state.notice = "";
  if (state.page === "about") checkHealth();
  const [label] = pages[state.page];
  document.title = `${state.page === "actions" ? (state.action?.label ?? label) : label} – Partner Center Connector`;
  changed();
}

/** app is the template of everything. */
export function app() {
  return html`
    <a class="skip" href="#main" @click=${skip}>Skip to the content</a>
    <header class="top">
      <a class="brand" href="#/actions"><img src="icon.png" alt="" width="28" height="28"> Partner Center Connector</a>
      <nav aria-label="Pages">
        <ul>
          ${Object.entries(pages).map(
            ([name, [label]]) => html`
            <li><a href="#/${name}" aria-current=${name === state.page ? "page" : nothing}>${label}</a></li>`,
          )}
        </ul>
      </nav>
      ${state.definition ? html`${keyField()}${limitChip()}` : nothing}
    </header>
    ${
      state.service?.sandbox
        ? html`
      <aside class="banner" aria-label="Sandbox">
        Sandbox: everything here is made up. The API key is <code>${state.service.sandbox.apiKey}</code>.
      </aside>`
        : nothing
    }
    <main id="main" tabindex="-1">${content()}</main>
    <div class="notice" role="status" aria-live="polite">${state.notice || nothing}</div>`;
}

function skip(event) {
  event.preventDefault();
  document.querySelector("h1")?.focus();
}

function content() {
  if (state.failure) return html`<article class="problem" role="alert"><p>${state.failure}</p></article>`;
  if (!state.definition) return html`<p aria-busy="true">Loading …</p>`;
  return pages[state.page][1]();
}

// The field is no password field, so that no browser offers to store the key.
const hidden = CSS.supports("-webkit-text-security", "disc") ? "text" : "password";

function keyField() {
  const label = state.service.signIn.includes("api-key") ? "API key" : "Access token";
  return html`
    <label class="key ${state.key ? "" : "is-empty"}">${label}
      <input type=${hidden} autocomplete="off" spellcheck="false" autocapitalize="off" .value=${state.key}
        placeholder=${`Enter your ${label}`} @input=${(event) => setKey(event.target.value.trim())}>
    </label>`;
}

// Another key can be that of another connection, so nothing of the one before stays.
function setKey(key) {
  state.key = key;
  start(state.service);
  forget();
  changed();
}

// What is left of the limit, on every page.
function limitChip() {
  const text = limit.isKnown
    ? `${limit.remaining()} of ${limit.quota} calls left`
    : `${limit.quota} calls in ${limit.window / 1000} s`;
  return html`
    <a class="chip ${limit.isKnown && limit.remaining() === 0 ? "is-empty" : ""}" href="#/limit">
      <meter min="0" max=${limit.quota} low=${limit.quota / 5} .value=${limit.remaining()}
        aria-label="Calls left"></meter>
      <span>${text}</span>
    </a>`;
}
