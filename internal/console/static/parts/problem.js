// A failed call, explained.
import { html, nothing } from "../lib/lit-html/lit-html.js";
import { changed, state } from "../store.js";
import { errorPage } from "../docs.js";
import { copyButton } from "./copy.js";

const meanings = {
  0: "No call was answered",
  400: "The request is wrong",
  401: "Not signed in",
  403: "Not allowed",
  404: "Not found",
  429: "Too many calls",
  500: "The service failed",
  502: "Partner Center failed",
  503: "Not available",
  504: "Too slow",
};

/**
 * problemView explains a problem of a call. again makes the call once more; without it there is no such
 * button.
 */
export function problemView(problem, again) {
  const [happened, remedy] = sentences(problem.message);
  return html`
    <article class="problem">
      <div role="alert">
        <header>
          <span class="status">${problem.status || "–"}</span>
          <div>
            <strong>${meanings[problem.status] ?? "The call failed"}</strong>
            ${problem.code ? html`<code class="code">${problem.code}</code>` : nothing}
          </div>
        </header>
        <dl>
          <dt>What happened</dt>
          <dd class="happened">${happened}</dd>
          ${remedy ? html`<dt>What to do</dt><dd class="remedy">${remedy}</dd>` : nothing}
          ${
            problem.requestId
              ? html`
              <dt>Request ID</dt>
              <dd class="request-id">
                <code>${problem.requestId}</code> ${copyButton(problem.requestId, "the request ID")}
                <small>Give this ID to your administrator: the log of the service has the call under it.</small>
              </dd>`
              : nothing
          }
        </dl>
      </div>
      <footer>
        ${again && isTemporary(problem) ? againButton(problem, again) : nothing}
        ${
          problem.status === 401
            ? html`<button type="button" class="secondary" @click=${enterKey}>Enter the key for this console</button>`
            : nothing
        }
        ${
          problem.code === "RateLimitExceeded" && state.page !== "limit"
            ? html`<a href="#/limit">See the limit</a>`
            : nothing
        }
        ${
          problem.code
            ? html`<a href=${errorPage(problem.code)} target="_blank" rel="noreferrer">
                ${problem.code} in the documentation</a>`
            : nothing
        }
      </footer>
    </article>`;
}

const isTemporary = ({ status }) => status === 0 || status === 429 || status >= 500;

function enterKey() {
  document.querySelector(".key input").focus();
}

// Splits a message into its first sentence, which says what happened, and the rest, which says what to do.
function sentences(message) {
  const end = message.search(/\.\s+(?=[A-Z])/);
  return end < 0 ? [message, ""] : [message.slice(0, end + 1), message.slice(end + 1).trim()];
}

// A button that counts down until the call can succeed.
function againButton(problem, again) {
  const seconds = Math.ceil((problem.until - performance.now()) / 1000);
  if (!(seconds > 0)) return html`<button type="button" class="secondary again" @click=${again}>Try again</button>`;
  clearTimeout(againButton.timer);
  againButton.timer = setTimeout(changed, 250);
  return html`<button type="button" class="secondary again" disabled>Try again in ${seconds} s</button>`;
}
