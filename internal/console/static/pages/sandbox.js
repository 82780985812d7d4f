// The page for trying out what goes wrong, in the sandbox.
import { html, nothing } from "../lib/lit-html/lit-html.js";
import { addressOf, call, limit } from "../calls.js";
import { base } from "../docs.js";
import { changed, state } from "../store.js";
import { problemView } from "../parts/problem.js";
import { open } from "./actions.js";

/** sandboxPage shows the customers that fail, each with a button that calls it, and a way to the limit. */
export function sandboxPage() {
  const { sandbox } = state.service;
  if (!sandbox) {
    return html`
      <h1 tabindex="-1">Sandbox</h1>
      <p>This service calls the real Partner Center. <code>connector serve --sandbox</code> starts one with made-up data,
        in which you can try every action and every error. ${more}</p>`;
  }
  return html`
    <h1 tabindex="-1">Sandbox</h1>
    <p>Everything here is made up. Something changes every ${period(sandbox.activitySeconds)}. ${more}</p>
    <h2>Customers that fail</h2>
    <p>Every call for one of these customers fails in its own way. Use their IDs to build the error handling of a flow.</p>
    <div class="scroll">
      <table>
        <thead><tr><th scope="col">Partner Center answers</th><th scope="col">Customer</th><th scope="col">Try it</th></tr></thead>
        <tbody>
          ${sandbox.failures.map(({ id, meaning }) => html`
            <tr>
              <td>${meaning}</td><td><code>${id}</code></td>
              <td><button type="button" class="small" aria-label="Call the customer ${id}"
                @click=${() => callCustomer(id)}>Call</button></td>
            </tr>`)}
        </tbody>
      </table>
    </div>
    <h2>The limit</h2>
    ${limitTrial()}`;
}

const more = html`<a href="${base}sandbox.md" target="_blank" rel="noreferrer">The sandbox in the documentation</a>`;

function period(seconds) {
  if (seconds % 60) return `${seconds} seconds`;
  return seconds === 60 ? "minute" : `${seconds / 60} minutes`;
}

// The parameter that has the ID of a customer, and the only one of the action that reads a customer.
const customer = "CustomerTenantID";

function callCustomer(id) {
  const isAbout = ({ parameters }) => parameters.length === 1 && parameters[0].name === customer;
  open(state.definition.actions.find(isAbout).id, { [customer]: id });
}

const trial = { isRunning: false, made: 0, problem: null };

/** limitTrial shows a button that makes calls until one is refused. */
export function limitTrial() {
  return html`
    <p>Make calls until the limit refuses one, and see how that looks in a flow.</p>
    <p><button type="button" id="reach-limit" aria-busy=${trial.isRunning ? "true" : "false"} ?disabled=${trial.isRunning}
      @click=${reachLimit}>Use up the limit</button>
      ${trial.made ? html`<span role="status">${trial.made} calls made</span>` : nothing}</p>
    ${trial.problem ? problemView(trial.problem, repeat) : nothing}`;
}

// The cheapest call: the first action that needs no value.
function cheapest() {
  return state.definition.actions.find(({ parameters }) => !parameters.some(({ required }) => required));
}

async function reachLimit() {
  Object.assign(trial, { isRunning: true, made: 0, problem: null });
  changed();
  const action = cheapest();
  const size = action.parameters.find(({ name }) => name === "Size");
  const address = addressOf(action, size ? { Size: "1" } : {});
  while (!trial.problem && trial.made <= limit.quota) {
    const answer = await call(address, action.label);
    trial.problem = answer.problem ?? null;
    if (!answer.problem) trial.made++;
    changed();
  }
  trial.isRunning = false;
  changed();
}

async function repeat() {
  const action = cheapest();
  const answer = await call(addressOf(action, {}), action.label);
  trial.problem = answer.problem ?? null;
  changed();
}
