// What came of a call: a table, JSON, the command for curl, a file, or a problem.
import { html, nothing } from "../lib/lit-html/lit-html.js";
import { shapeOf } from "../definition.js";
import { flow, flowName, resultOf, rowsOf } from "../expressions.js";
import { state } from "../store.js";
import { at, format, indent } from "../values.js";
import { credential } from "../calls.js";
import { columnChoice, columnsFor } from "./columns.js";
import { codeBlock, copyButton } from "./copy.js";
import { withValues } from "./grid.js";
import { copyChoice, inspector, pick } from "./inspector.js";
import { problemView } from "./problem.js";
import { switchView } from "./switch.js";

/**
 * resultView shows the failure of the last call, and the page of an action that the user is on. again repeats the
 * failed call, and turn goes to another page.
 */
export function resultView(action, session, { again, turn }) {
  return html`
    ${session.failed ? failureView(session.failed, again) : nothing}
    ${session.pages.length ? answerView(action, session, session.pages[session.page], turn) : nothing}`;
}

const failureView = (failed, again) => html`
  ${problemView(failed.problem, again)}
  <details class="command"><summary>The call as a command</summary>${curlView(failed)}</details>`;

const answerView = (action, session, answer, turn) => html`
  <section class="result" aria-label="Answer">
    <header class="bar">
      ${summary(action, session, answer)} ${columnChoice(action, session, answer)}
      ${switchView("View", "view", viewsOf(answer), session.view, (view) => (session.view = view))}
    </header>
    ${body(action, session, answer)} ${pager(action, session, answer, turn)}
  </section>`;

const viewsOf = ({ file }) => (file ? { table: "File", curl: "curl" } : { table: "Table", json: "JSON", curl: "curl" });

function summary(action, session, answer) {
  const { list, others } = shapeOf(action.schema);
  const rows = list && answer.json?.[list];
  const count = rows ? html`<strong>${rows.length} ${rows.length === 1 ? "row" : "rows"}</strong>` : nothing;
  return html`
    <p class="summary" role="status" tabindex="-1">
      <span class="status ok">${answer.status}</span> ${count}
      ${rows ? others.map((column) => otherValue(column, answer.json, rows.length)) : nothing}
      <span>${Math.round(answer.duration)} ms</span>
      ${answer.calls > 1 ? html`<span>${answer.calls} calls</span>` : nothing}
      ${session.pages.length > 1 ? html`<span>page ${session.page + 1}</span>` : nothing}
    </p>`;
}

// A number that an answer has besides its rows, unless it is just that of the rows.
function otherValue(column, json, rows) {
  const value = at(json, column.path);
  if (!(value instanceof Number) || Number(value) === rows) return nothing;
  return html`<span title=${column.description}>${column.label}: ${format(json, column)}</span>`;
}

function body(action, session, answer) {
  if (session.view === "curl") return curlView(answer);
  if (answer.file) return fileView(action, answer);
  if (session.view === "json") return codeBlock(indent(answer.json), "the answer as JSON");
  return tableView(action, session, answer);
}

// The command has no key, but that of the sandbox, which everybody knows.
function curlView(answer) {
  const isPublic = state.key === state.service.sandbox?.apiKey;
  const [name, value] = credential(state.service, isPublic ? state.key : "$CONNECTOR_KEY");
  const address = (state.service.baseUrl + answer.address).replaceAll("'", "%27");
  const command = `curl -s -H "${name}: ${value}" '${address}'`;
  const shell = `curl.exe -s -H "${name}: ${value.replace("$", "$env:")}" '${address}'`;
  return html`
    <h2>Bash</h2>${codeBlock(command, "the command for Bash")}
    <h2>PowerShell</h2>${codeBlock(shell, "the command for PowerShell")}`;
}

const urls = new Map(); // of files that are shown

function urlOf(file) {
  if (!urls.has(file)) urls.set(file, URL.createObjectURL(file));
  return urls.get(file);
}

/** release frees the memory of the files of answers that are not shown any more. */
export function release(answers) {
  for (const { file } of answers) {
    if (urls.has(file)) URL.revokeObjectURL(urls.get(file));
    urls.delete(file);
  }
}

// A file is opened only if it is a PDF: anything else could be a page, with the rights of this one.
function fileView(action, answer) {
  const url = urlOf(answer.file);
  const named = answer.headers.get("Content-Disposition")?.match(/filename="?([\w.-]+)/)?.[1];
  const size = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 }).format(answer.file.size / 1000);
  return html`
    <p class="file">
      <strong>${named ?? "File"}</strong> ${answer.file.type}, ${size} kB
      ${
        answer.file.type === "application/pdf"
          ? html`<a href=${url} target="_blank" role="button" class="open-file">Open</a>`
          : nothing
      }
      <a href=${url} download=${named ?? `${action.id}.pdf`} role="button" class="outline">Download</a>
    </p>
    <p>In a flow: <code>${`body('${flowName(action.label)}')`}</code>
      ${copyButton(`body('${flowName(action.label)}')`, "the expression for the file")}</p>`;
}

function tableView(action, session, answer) {
  const { list, others, columns } = shapeOf(action.schema);
  const scope = resultOf(action, state.definition.title, answer.values, state.loop);
  const picked = (event) => pick(session, event.detail);
  if (!list) {
    const content = { label: action.label, columns: withValues(columns, [answer.json]), item: answer.json, scope };
    return html`${copyChoice()}<result-grid .content=${content} @cell=${picked}></result-grid>${inspector(session)}`;
  }
  const rows = answer.json[list];
  const content = { label: action.label, ...columnsFor(action, session, answer), rows, scope: rowsOf(state.loop) };
  return html`
    ${copyChoice(flow(scope, [list]))}
    ${
      rows.length
        ? html`<result-grid .content=${content} @cell=${picked}></result-grid>`
        : html`<p class="none">${answer.status === 202 ? nothingNew(answer) : "The list is empty."}</p>`
    }
    ${others.map((column) => otherView(column, answer.json, scope, picked))}
    ${inspector(session)}`;
}

const nothingNew = (answer) =>
  `Nothing is new. A flow asks again after ${answer.headers.get("Retry-After")} seconds; Poll again does so now.`;

// An array that an answer has besides its rows.
function otherView(column, json, scope, picked) {
  const value = at(json, column.path);
  if (column.columns && value?.length) {
    const content = {
      label: column.label,
      columns: withValues(column.columns, value),
      rows: value,
      scope: rowsOf(scope.loop),
    };
    return html`<h2>${column.label}</h2><result-grid .content=${content} @cell=${picked}></result-grid>`;
  }
  return nothing;
}

function pager(action, session, answer, turn) {
  const next = answer.json?.[action.nextLink] ?? (action.isTrigger && answer.headers.get("Location"));
  if (!next && session.page === 0) return nothing;
  const isBusy = session.running ? "true" : "false";
  return html`
    ${
      next && answer.calls > 1 && answer.left === 0
        ? html`<p class="warning">This page ended early, because no call was left. The next page goes on.</p>`
        : nothing
    }
    <nav class="pager" aria-label="Pages of the answer">
      ${
        session.page > 0
          ? html`
        <button type="button" class="secondary" aria-disabled=${isBusy} @click=${() => turn(session.page - 1)}>
          Previous page</button>`
          : nothing
      }
      ${
        next
          ? html`
        <button type="button" aria-busy=${isBusy} aria-disabled=${isBusy} @click=${() => turn(session.page + 1)}>
          ${action.isTrigger ? "Poll again" : "Next page"}</button>`
          : html`<span>This is the last page.</span>`
      }
    </nav>`;
}
