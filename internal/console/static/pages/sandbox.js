// The page for trying out what goes wrong, in the sandbox.
import { html, nothing } from "../lib/lit-html/lit-html.js";
import { addressOf, call } from "../calls.js";
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
      <p>This service calls the real Partner Center. <code>connector serve --sandbox</code> starts one with made-up
        data, in which you can try every action and every error. ${more}</p>`;
  }
  return html`
    <h1 tabindex="-1">Sandbox</h1>
    <p>Everything here is made up. Something changes every ${period(sandbox.activitySeconds)}. ${more}</p>
    <h2>Customers that fail</h2>
    <p>Every call for one of these customers fails in its own way. Use their IDs to build the error handling of a
      flow.</p>
    <div class="scroll">
      <table>
        <thead>
          <tr><th scope="col">Partner Center answers</th><th scope="col">Customer</th><th scope="col">Try it</th></tr>
        </thead>
        <tbody>
          ${sandbox.failures.map(
            ({ id, meaning }) => html`
            <tr>
              <td>${meaning}</td><td><code>${id}</code></td>
              <td><button type="button" class="small" aria-label="Call the customer ${id}"
                @click=${() => callCustomer(id)}>Call</button></td>
            </tr>`,
          )}
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

// The calls that use up the limit: how many were made, how they ended, and what stops them.
const trial = { running: null, made: 0, problem: null, end: "" };

/** limitTrial shows a button that makes calls until one is refused. */
export function limitTrial() {
  const { running, made, problem, end } = trial;
  return html`
    <p>Make calls until the limit refuses one, and see the error and the recovery.</p>
    <p class="trial">
      ${
        running
          ? html`
            <button type="button" class="secondary" @click=${() => running.abort()}>Stop</button> ${made} calls made`
          : html`<button type="button" id="reach-limit" @click=${reachLimit}>Use up the limit</button>`
      }
      <span role="status">${end}</span>
    </p>
    ${problem ? problemView(problem, repeat) : nothing}`;
}

// The cheapest call: the first action that needs no value, with pages of one row where it has a size.
function cheapest() {
  const action = state.definition.actions.find(({ parameters }) => !parameters.some(({ required }) => required));
  const size = action.parameters.find(({ name }) => name === "Size");
  return [action, addressOf(action, size ? { Size: "1" } : {})];
}

async function reachLimit() {
  const running = new AbortController();
  Object.assign(trial, { running, made: 0, problem: null, end: "" });
  changed();
  try {
    while (!trial.problem && !running.signal.aborted) {
      const answer = await call(...cheapest(), running.signal);
      if (answer.problem) trial.problem = answer.problem;
      else trial.made++;
    }
    trial.end = `The limit refused a call after ${trial.made} calls.`;
  } catch {
    trial.end = `Stopped after ${trial.made} calls.`; // call throws for nothing else
  }
  trial.running = null;
  changed();
}

async function repeat() {
  const { problem } = await call(...cheapest());
  Object.assign(trial, { problem: problem ?? null, end: problem ? trial.end : "The call was accepted." });
  changed();
}
