// The page about the service itself.
import { html } from "../lib/lit-html/lit-html.js";
import { base } from "../docs.js";
import { changed, state } from "../store.js";

const clouds = {
  global: "Microsoft's global cloud",
  usgov: "Microsoft cloud for US Government",
  china: "Microsoft Azure operated by 21Vianet",
};

const callers = { "api-key": "API key", entra: "Microsoft Entra ID", caller: "their own token for Partner Center" };

const partners = { app: "as its app", user: "as a signed-in user (App+User)", caller: "with the token of each caller" };

const health = { alive: "…", ready: "…" };

/** aboutPage shows version, cloud, sign-in and health. */
export function aboutPage() {
  const { service, definition } = state;
  return html`
    <h1 tabindex="-1">About</h1>
    <dl class="facts">
      <dt>Version</dt><dd><code>${service.version}</code></dd>
      <dt>Connector</dt><dd>${definition.title}, ${definition.actions.length} actions</dd>
      <dt>Address</dt><dd><code>${service.baseUrl}</code></dd>
      <dt>Partner Center</dt>
      <dd>${service.sandbox ? "the embedded sandbox" : (clouds[service.cloud] ?? service.cloud)}</dd>
      <dt>Callers sign in with</dt><dd>${service.signIn.map((way) => callers[way] ?? way).join(", or ")}</dd>
      <dt>The service signs in</dt><dd>${service.partner.map((way) => partners[way] ?? way).join(", and ")}</dd>
      <dt>Limit</dt><dd>${service.limitCalls} calls per connection in ${service.limitSeconds} seconds</dd>
      <dt>Tools for agents</dt><dd>${service.tools || "none"}</dd>
      <dt>Health</dt>
      <dd><span role="status"><span class="health">${health.alive}</span> (<code>/healthz</code>),
        <span class="ready">${health.ready}</span> (<code>/readyz</code>)</span>
        <button type="button" class="outline small" @click=${checkHealth}>Check again</button></dd>
    </dl>
    <h2>This console</h2>
    <p>The pages come from the service and load nothing from elsewhere. Your API key stays in the memory of this tab: it
      is gone when you close it. Nothing is stored.</p>
    <p>Libraries:
      ${libraries.map(
        ([name, license, file]) => html`<a href=${file} target="_blank">${name}</a> (${license})
      `,
      )}</p>
    <p><a href="${base}settings.md" target="_blank" rel="noreferrer">Settings</a> ·
      <a href="${base}operations.md" target="_blank" rel="noreferrer">Operations</a> ·
      <a href="${base}troubleshooting.md" target="_blank" rel="noreferrer">Troubleshooting</a></p>`;
}

const libraries = [
  ["lit-html", "BSD-3-Clause", "lib/lit-html/LICENSE"],
  ["uPlot", "MIT", "lib/uplot/LICENSE"],
  ["Pico CSS", "MIT", "lib/pico/LICENSE"],
  ["combobox-nav", "MIT", "lib/combobox-nav/LICENSE"],
];

/** checkHealth asks the service whether it is alive and takes calls. */
export async function checkHealth() {
  health.alive = await ask("/healthz", "alive", "not alive");
  health.ready = await ask("/readyz", "ready", "not ready");
  changed();
}

async function ask(path, yes, no) {
  try {
    return (await fetch(path, { cache: "no-store" })).ok ? yes : no;
  } catch {
    return "no answer";
  }
}
