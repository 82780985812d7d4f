// Starts the console after the first paint, so that its modules do not delay that. They are requested at the
// same time: main.js alone would request them one level after the other.

const modules = [
  "app.js",
  "calls.js",
  "definition.js",
  "docs.js",
  "expressions.js",
  "limit.js",
  "pages/about.js",
  "pages/actions.js",
  "pages/agents.js",
  "pages/limit.js",
  "pages/register.js",
  "pages/sandbox.js",
  "parts/columns.js",
  "parts/copy.js",
  "parts/field.js",
  "parts/grid.js",
  "parts/host.js",
  "parts/inspector.js",
  "parts/picker.js",
  "parts/plot.js",
  "parts/press.js",
  "parts/problem.js",
  "parts/result.js",
  "parts/switch.js",
  "store.js",
  "validate.js",
  "values.js",
  "lib/combobox-nav/index.js",
  "lib/lit-html/directive-helpers.js",
  "lib/lit-html/directive.js",
  "lib/lit-html/directives/live.js",
  "lib/lit-html/directives/repeat.js",
  "lib/lit-html/lit-html.js",
];

function begin() {
  const loaded = [...modules, "main.js"].map((name) => import(`./${name}`));
  Promise.all(loaded).catch(() => {
    document.querySelector("main").textContent = "The console could not be loaded. Load the page again.";
  });
}

requestAnimationFrame(() => setTimeout(begin));
