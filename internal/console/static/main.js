// Starts the console: reads the description of the service and its definition, then shows the pages.
import { app, route } from "./app.js";
import { start } from "./calls.js";
import { Definition } from "./definition.js";
import { changed, mount, state } from "./store.js";
import { run } from "./pages/actions.js";

const problems = {
  service: "The service did not describe itself. Check that it is running, then load this page again.",
  definition: "The service did not give its definition. Load this page again.",
};

async function load(path, problem) {
  try {
    const response = await fetch(path);
    if (response.ok) return await response.json();
  } catch {
    // No answer is as good as a wrong one.
  }
  throw new Error(problem);
}

async function begin() {
  const service = await load("service.json", problems.service);
  const definition = new Definition(await load("definition.json", problems.definition));
  start(service);
  Object.assign(state, { service, definition, key: service.sandbox?.apiKey ?? "" });
  route();
  if (service.sandbox && !location.hash) run(state.action);
}

mount(document.getElementById("app"), app);
addEventListener("hashchange", () => {
  route();
  if (document.activeElement?.matches(".action-list select")) return; // the user may go on choosing
  queueMicrotask(() => document.querySelector("h1")?.focus({ preventScroll: true }));
  scrollTo(0, 0);
});
setInterval(changed, 5000); // what is left of the limit grows by itself
begin().catch((error) => {
  state.failure = error.message;
  changed();
});
