// The page with what is left of the limit, and how long calls took.
import { html } from "../lib/lit-html/lit-html.js";
import { limit, log } from "../calls.js";
import { base } from "../docs.js";
import { state } from "../store.js";
import { problemView } from "../parts/problem.js";
import { whileShown } from "../parts/plot.js";
import { limitTrial } from "./sandbox.js";

/** limitPage shows the sliding window, an answer of the limit, and the latencies of this tab. */
export function limitPage() {
  whileShown(() => state.page === "limit");
  return html`
    <h1 tabindex="-1">Limit</h1>
    <p>Each connection may make ${limit.quota} calls in any ${limit.window / 1000} seconds. A connection is the name of
      an API key, or a maker's connection. Only calls that reach Partner Center count.</p>
    ${
      limit.isKnown
        ? windowView()
        : html`<p class="none">No call was made in this tab yet. <a href="#/actions">Make one</a>
      to see what is left.</p>`
    }
    <h2>When the limit is reached</h2>
    ${
      state.service.sandbox
        ? limitTrial()
        : html`
      <p>A call too many is refused with status 429 and looks like this. A flow waits and tries again by itself.</p>
      ${problemView(example())}`
    }
    <h2>Latencies of this tab</h2>
    ${log.length ? latencyView() : html`<p class="none">No call was made in this tab yet.</p>`}`;
}

const example = () => ({
  status: 429,
  code: "RateLimitExceeded",
  message: "Rate limit is exceeded. Try again in 17 seconds.",
});

function windowView() {
  const [now, seconds] = [performance.now(), limit.window / 1000];
  const [used, next] = [limit.quota - limit.remaining(now), limit.nextSlot(now)];
  const samples = Array.from({ length: 241 }, (_, i) => ((i - 240) / 240) * seconds);
  const counts = limit.history(samples.map((sample) => now + sample * 1000));
  const plot = {
    label: `Calls in the last ${seconds} seconds: ${used} of ${limit.quota}`,
    data: [samples, counts, samples.map(() => limit.quota)],
    ranges: { x: [-seconds, 0], y: [0, Math.ceil(limit.quota * 1.1)] },
    axes: [
      { label: "seconds ago", values: (_, values) => values.map((value) => -value) },
      { label: "calls", size: 60 },
    ],
    series: [
      {},
      { color: "--pico-primary", isFilled: true, width: 2 },
      { color: "--plot-limit", width: 2, dash: [6, 4] },
    ],
  };
  return html`
    <dl class="figures">
      <div><dt>Calls left</dt><dd id="calls-left">${limit.remaining(now)}</dd></div>
      <div><dt>Calls in the last ${seconds} s</dt><dd id="calls-made">${used}</dd></div>
      <div>
        <dt>Next slot becomes free</dt><dd id="next-slot">${next ? `in ${Math.ceil(next)} s` : "all are free"}</dd>
      </div>
    </dl>
    <line-plot .plot=${plot}></line-plot>
    <p><small>From the <code>RateLimit</code> headers of the latest answer. Calls of the same connection from elsewhere
      show when this tab makes its next call.
      <a href="${base}actions.md" target="_blank" rel="noreferrer">Actions in the documentation</a></small></p>`;
}

function latencyView() {
  const now = performance.now();
  const sorted = log.map(({ duration }) => duration).sort((a, b) => a - b);
  const quantile = (q) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]);
  const failed = (call) => call.status === 0 || call.status >= 400;
  const plot = {
    label: `Latencies of ${log.length} calls, ${quantile(0.5)} ms in the median`,
    data: [
      log.map((_, i) => i + 1),
      log.map((call) => (failed(call) ? null : call.duration)),
      log.map((call) => (failed(call) ? call.duration : null)),
    ],
    ranges: { x: [0, log.length + 1], y: [0, sorted.at(-1) * 1.1] },
    axes: [
      { label: "calls of this tab", incrs: [1, 2, 5, 10, 20, 50, 100] },
      { label: "ms", size: 60 },
    ],
    series: [
      {},
      { color: "--pico-primary", hasPoints: true, width: 0 },
      { color: "--plot-limit", hasPoints: true, width: 0 },
    ],
  };
  return html`
    <dl class="figures">
      <div><dt>Median</dt><dd>${quantile(0.5)} ms</dd></div>
      <div><dt>95 of 100 within</dt><dd>${quantile(0.95)} ms</dd></div>
      <div><dt>Longest</dt><dd>${Math.round(sorted.at(-1))} ms</dd></div>
    </dl>
    <line-plot .plot=${plot}></line-plot>
    <p><small>A dot is a call; those in red failed.</small></p>
    <details>
      <summary>Latest calls</summary>
      <table>
        <thead>
          <tr><th scope="col">Action</th><th scope="col">Status</th><th scope="col">ms</th><th scope="col">Ago</th></tr>
        </thead>
        <tbody>
          ${log
            .slice(-20)
            .reverse()
            .map(
              (call) => html`
            <tr>
              <td>${call.label}</td><td>${call.status || "no answer"}</td>
              <td class="number">${Math.round(call.duration)}</td>
              <td class="number">${Math.round((now - call.at) / 1000)} s</td>
            </tr>`,
            )}
        </tbody>
      </table>
    </details>`;
}
