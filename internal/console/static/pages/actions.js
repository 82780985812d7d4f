// The page on which an action is chosen, filled in and called.
import { html, nothing } from "../lib/lit-html/lit-html.js";
import { repeat } from "../lib/lit-html/directives/repeat.js";
import { addressOf, call, ownAddress } from "../calls.js";
import { changed, session, state } from "../store.js";
import { validate } from "../validate.js";
import { fieldView } from "../parts/field.js";
import { release, resultView } from "../parts/result.js";

// Values of drop-downs by parameter. They stay chosen from one action to the next.
const chosen = { values: {}, titles: {} };

/** actionsPage shows the list of actions and the one that the user is on. Each has elements of its own. */
export function actionsPage() {
  return html`
    <div class="with-list">
      ${listView()}
      <div class="content">${repeat([state.action], (action) => action.id, actionView)}</div>
    </div>`;
}

function listView() {
  const groups = state.definition.groups();
  return html`
    <nav class="action-list" aria-label="Actions">
      <label class="narrow">Action
        <select @change=${(event) => (location.hash = event.target.value)}>
          ${groups.map(([group, actions]) => html`
            <optgroup label=${group}>
              ${actions.map((action) => html`
                <option value="#/actions/${action.id}" ?selected=${action === state.action}>${action.label}</option>`)}
            </optgroup>`)}
        </select>
      </label>
      <div class="wide">
        ${groups.map(([group, actions]) => html`
          <h2>${group}</h2>
          <ul>
            ${actions.map((action) => html`
              <li><a href="#/actions/${action.id}"
                aria-current=${action === state.action ? "page" : nothing}>${action.label}</a></li>`)}
          </ul>`)}
      </div>
    </nav>`;
}

function actionView(action) {
  const own = session(action);
  const form = formOf(action, own);
  const fields = action.parameters.filter((parameter) => !parameter.isInternal);
  const [first, rest] = [fields.filter(isFirst), fields.filter((parameter) => !isFirst(parameter))];
  const isUsed = rest.some(({ name }) => own.values[name] || own.errors[name]);
  return html`
    <h1 tabindex="-1">${action.label}</h1>
    <p>${action.description}
      ${action.docs ? html`<a href=${action.docs} target="_blank" rel="noreferrer">More in the documentation</a>` : nothing}</p>
    <form novalidate @submit=${(event) => { event.preventDefault(); run(action); }}>
      <div class="fields">${first.map((parameter) => fieldView(parameter, form))}</div>
      ${rest.length ? html`
        <details ?open=${isUsed}>
          <summary>More filters</summary>
          <div class="fields">${rest.map((parameter) => fieldView(parameter, form))}</div>
        </details>` : nothing}
      <div class="run">
        <button type="submit" aria-busy=${own.running ? "true" : "false"} ?disabled=${Boolean(own.running)}>Run</button>
        ${own.running ? html`
          <button type="button" class="secondary" @click=${() => own.running.abort()}>Cancel</button>` : nothing}
        <code class="address">GET ${addressOf(action, own.values)}</code>
      </div>
    </form>
    ${resultView(action, own, { again: () => run(action), turn: (page) => turn(action, page) })}`;
}

const isFirst = (parameter) => parameter.required || !parameter.isAdvanced;

// Returns what the fields of an action share.
function formOf(action, own) {
  for (const { name, picker } of action.parameters) {
    if (picker && own.values[name] === undefined && chosen.values[name]) own.values[name] = chosen.values[name];
  }
  const rules = state.service.operations[action.id]?.rules ?? {};
  // While the user fills in the form, an empty field is not yet wrong, and a wrong one is not until it is left.
  const checkSome = (names) => {
    const errors = Object.entries(validate(action, own.values, rules));
    return Object.fromEntries(errors.filter(([name]) => names.includes(name)));
  };
  return {
    values: own.values,
    errors: own.errors,
    titles: chosen.titles,
    rules,
    set: (name, value, title = "") => {
      own.values[name] = value;
      if (action.parameters.find((one) => one.name === name).picker) {
        [chosen.values[name], chosen.titles[name]] = [value, title];
      }
      own.errors = checkSome(Object.keys(own.errors));
      changed();
    },
    leave: () => {
      own.errors = checkSome(Object.keys(own.values).filter((name) => own.values[name]));
      changed();
    },
  };
}

/** open shows an action with some values filled in, and calls it. */
export function open(id, values) {
  const action = state.definition.operation(id);
  const own = session(action);
  own.values = { ...values };
  for (const name of Object.keys(values)) delete chosen.titles[name];
  location.hash = `#/actions/${id}`;
  run(action);
}

/** run calls an action from the beginning, unless a value is wrong. */
export async function run(action) {
  const own = session(action);
  own.errors = validate(action, own.values, state.service.operations[action.id]?.rules ?? {});
  const [wrong] = Object.keys(own.errors);
  if (wrong) {
    changed();
    queueMicrotask(() => document.getElementById(wrong)?.focus());
    return;
  }
  release(own.pages);
  own.pages = [];
  own.page = 0;
  own.picked = undefined;
  await fetchPage(action, addressOf(action, own.values));
}

// Goes to a page: one that was read before is shown again, the next one is fetched.
async function turn(action, page) {
  const own = session(action);
  own.picked = undefined;
  if (own.pages[page]) {
    own.page = page;
    changed();
    return;
  }
  const last = own.pages[own.pages.length - 1];
  const address = ownAddress(last.json?.[action.nextLink] ?? last.headers.get("Location"));
  if (address) await fetchPage(action, address);
}

async function fetchPage(action, address) {
  const own = session(action);
  own.running?.abort();
  const running = new AbortController();
  own.running = running;
  changed();
  try {
    const answer = await call(address, action.label, running.signal);
    own.pages.push(answer);
    own.page = own.pages.length - 1;
    showMistake(action, own, answer.problem);
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
  if (own.running === running) own.running = null;
  changed();
}

// Shows the error of a parameter at its field too. Such an error begins with the name of the parameter.
function showMistake(action, own, problem) {
  if (problem?.status !== 400) return;
  const parameter = action.parameters.find(({ name }) => problem.message.startsWith(`${name} `));
  if (parameter) own.errors = { ...own.errors, [parameter.name]: problem.message };
}
