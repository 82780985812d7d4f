// What is copied from a cell: an expression for a flow or an app, or its value.
import { html, nothing } from "../lib/lit-html/lit-html.js";
import { flow, flowName, fx } from "../expressions.js";
import { changed, state } from "../store.js";
import { format, raw } from "../values.js";
import { copy, copyButton } from "./copy.js";
import { switchView } from "./switch.js";

const kinds = { flow: "Power Automate expression", fx: "Power Fx path", value: "Value" };

/**
 * copyChoice lets the user choose what a click on a cell copies. list is the expression of the array that a loop
 * goes over, for a list.
 */
export function copyChoice(list) {
  return html`
    <div class="bar copying">
      <span>A click on a cell copies its</span>
      ${switchView("A click copies", "copy-as", kinds, state.copyAs, (kind) => (state.copyAs = kind))}
      ${
        list && state.copyAs === "flow"
          ? html`
        <label class="loop">in the loop <input type="text" .value=${state.loop} spellcheck="false" autocomplete="off"
          @change=${(event) => renameLoop(event.target.value)}></label>
        <span>over <code>${list}</code></span> ${copyButton(list, "the expression for the list")}`
          : nothing
      }
    </div>`;
}

function renameLoop(name) {
  state.loop = flowName(name.trim()) || "Apply_to_each";
  changed();
}

const expressions = {
  flow: ({ scope, column }) => flow(scope, column.path),
  fx: ({ scope, column }) => fx(scope, column.path),
  value: ({ value }) => raw(value),
};

/** pick makes a cell the one that the user is on, and copies it if it is to be copied. */
export function pick(session, cell) {
  session.picked = cell;
  if (cell.copies) copy(expressions[state.copyAs](cell));
  changed();
}

/** inspector shows everything about the cell that the user is on. */
export function inspector(session) {
  const cell = session.picked;
  if (!cell) return nothing;
  return html`
    <aside class="inspector" aria-label="Selected field">
      <p><strong>${cell.column.label}</strong> ${cell.column.description}</p>
      <dl>
        ${Object.entries(kinds).map(([kind, label]) => {
          const text = expressions[kind](cell);
          if (!text) return nothing;
          return html`<dt>${label}</dt><dd><code>${text}</code> ${copyButton(text, label)}</dd>`;
        })}
        ${
          cell.column.columns || cell.value === undefined
            ? nothing
            : html`<dt>Shown as</dt><dd>${format(cell.item, cell.column)}</dd>`
        }
      </dl>
    </aside>`;
}
