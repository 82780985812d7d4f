// The page on which an action is chosen, filled in and called.
import { html, nothing } from "../lib/lit-html/lit-html.js";
import { live } from "../lib/lit-html/directives/live.js";
import { repeat as keyed } from "../lib/lit-html/directives/repeat.js";
import { addressOf, call, ownAddress } from "../calls.js";
import { changed, notify, session, state } from "../store.js";
import { validate } from "../validate.js";
import { given } from "../values.js";
import { fieldView } from "../parts/field.js";
import { release, resultView } from "../parts/result.js";

// Values of drop-downs by parameter, which stay chosen from one action to the next, and the names of values.
const chosen = { values: {}, titles: {} };

/** actionsPage shows the list of actions and the one that the user is on. Each has elements of its own. */
export function actionsPage() {
  return html`
    <div class="with-list">
      ${listView()}
      <div class="content">${keyed([state.action], (action) => action.id, actionView)}</div>
    </div>`;
}

function listView() {
  const groups = state.definition.groups();
  return html`
    <nav class="action-list" aria-label="Actions">
      <label class="narrow">Action
        <select .value=${live(`#/actions/${state.action.id}`)}
          @change=${(event) => (location.hash = event.target.value)}>
          ${groups.map(
            ([group, actions]) => html`
            <optgroup label=${group}>
              ${actions.map(
                (action) => html`
                <option value="#/actions/${action.id}">${action.label}</option>`,
              )}
            </optgroup>`,
          )}
        </select>
      </label>
      <div class="wide">
        ${groups.map(
          ([group, actions]) => html`
          <h2>${group}</h2>
          <ul>
            ${actions.map(
              (action) => html`
              <li><a href="#/actions/${action.id}"
                aria-current=${action === state.action ? "page" : nothing}>${action.label}</a></li>`,
            )}
          </ul>`,
        )}
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
    <p>${action.description} ${
      action.docs
        ? html`<a href=${action.docs} target="_blank" rel="noreferrer">More in the documentation</a>`
        : nothing
    }</p>
    <form novalidate @submit=${(event) => {
      event.preventDefault();
      run(action);
    }}>
      <div class="fields">${first.map((parameter) => fieldView(parameter, form))}</div>
      ${
        rest.length
          ? html`
        <details .open=${own.isMoreOpen || isUsed} @toggle=${(event) => (own.isMoreOpen = event.target.open)}>
          <summary>More filters</summary>
          <div class="fields">${rest.map((parameter) => fieldView(parameter, form))}</div>
        </details>`
          : nothing
      }
      <div class="run">
        <button type="submit" aria-busy=${own.running ? "true" : "false"}
          aria-disabled=${own.running ? "true" : "false"}>Run</button>
        ${
          own.running
            ? html`
          <button type="button" class="secondary" @click=${() => own.running.abort()}>Cancel</button>`
            : nothing
        }
        <code class="address">GET ${addressOf(action, own.values)}</code>
      </div>
    </form>
    ${resultView(action, own, { again: () => repeat(action), turn: (page) => turn(action, page) })}`;
}

const isFirst = (parameter) => parameter.required || !parameter.isAdvanced;

// Returns what the fields of an action share.
function formOf(action, own) {
  for (const parameter of action.parameters.filter(isCarried)) {
    own.values[parameter.name] ??= chosen.values[parameter.name];
  }
  const rules = rulesOf(action);
  // While the user fills in the form, an empty field is not yet wrong, and another one not until it is left.
  const checkSome = (names) => {
    const errors = Object.entries(validate(action, own.values, rules));
    own.errors = Object.fromEntries(errors.filter(([name]) => names.includes(name)));
    changed();
  };
  return {
    values: own.values,
    errors: own.errors,
    titles: chosen.titles,
    rules,
    set: (name, value, title = "") => {
      const parameter = action.parameters.find((one) => one.name === name);
      if (given(own.values, name) !== value.trim()) clearDependents(action, own, name);
      own.values[name] = value;
      if (title) (chosen.titles[name] ??= {})[value] = title;
      if (isCarried(parameter)) chosen.values[name] = value;
      checkSome(Object.keys(own.errors));
    },
    leave: () => {
      const filled = Object.keys(own.values).filter((name) => given(own.values, name));
      checkSome([...Object.keys(own.errors), ...filled]);
    },
  };
}

const rulesOf = (action) => state.service.operations[action.id]?.rules ?? {};

// A value is carried over to other actions if they cannot do without it, and it depends on no other.
const isCarried = ({ picker, required }) => picker && required && !dependsOn(picker).length;

const dependsOn = (picker) =>
  Object.values(picker?.parameters ?? {})
    .map((source) => source.parameter)
    .filter(Boolean);

// Removes the values that were chosen from the list for another value of a parameter.
function clearDependents(action, own, name) {
  for (const other of action.parameters) {
    if (dependsOn(other.picker).includes(name)) delete own.values[other.name];
  }
}

/** open shows an action with some values filled in, and calls it. */
export function open(id, values) {
  const action = state.definition.operation(id);
  session(action).values = { ...values };
  location.hash = `#/actions/${id}`;
  run(action);
}

/** run calls an action from the beginning, unless a value is wrong. */
export async function run(action) {
  const own = session(action);
  own.errors = validate(action, own.values, rulesOf(action));
  const [wrong] = Object.keys(own.errors);
  if (own.running) return;
  release(own.pages);
  Object.assign(own, { pages: [], page: 0, failed: null, picked: null });
  if (wrong) {
    own.isMoreOpen = true;
    changed();
    queueMicrotask(() => document.getElementById(wrong)?.focus());
    return;
  }
  await fetchPage(action, addressOf(action, own.values), 0);
}

// Makes the call that failed once more.
async function repeat(action) {
  const { failed } = session(action);
  await (failed.page === 0 ? run(action) : fetchPage(action, failed.address, failed.page));
}

// Goes to a page: one that was read before is shown again, the next one is fetched.
async function turn(action, page) {
  const own = session(action);
  if (own.running) return;
  if (own.pages[page]) {
    Object.assign(own, { page, picked: null, failed: null });
    changed();
  } else {
    const { json, headers } = own.pages[page - 1];
    const address = ownAddress(json?.[action.nextLink] ?? headers.get("Location"));
    if (address) await fetchPage(action, address, page);
  }
  queueMicrotask(() => document.querySelector(".summary")?.focus({ preventScroll: true }));
}

async function fetchPage(action, address, page) {
  const own = session(action);
  const running = new AbortController();
  Object.assign(own, { running, failed: null });
  changed();
  const values = { ...own.values };
  try {
    const answer = { ...(await call(action, address, running.signal)), values, page };
    if (own.running !== running) return;
    if (answer.problem) {
      own.failed = answer;
      showMistake(action, own, answer.problem);
      queueMicrotask(() => document.querySelector(".problem")?.scrollIntoView({ block: "nearest" }));
    } else {
      own.pages[page] = answer;
      Object.assign(own, { page, picked: null });
    }
  } catch (error) {
    if (error.name !== "AbortError") throw error;
    notify("Canceled");
  } finally {
    if (own.running === running) own.running = null;
    changed();
  }
}

// Shows the error of a parameter at its field too. Such an error begins with the name of the parameter.
function showMistake(action, own, problem) {
  if (problem.status !== 400) return;
  const parameter = action.parameters.find(({ name }) => problem.message.startsWith(`${name} `));
  if (parameter) own.errors = { ...own.errors, [parameter.name]: problem.message };
}
