// Which columns of a list are shown.
import { html, nothing } from "../lib/lit-html/lit-html.js";
import { shapeOf } from "../definition.js";
import { changed, state } from "../store.js";
import { withValues } from "./grid.js";
import { afterPress } from "./press.js";

/**
 * columnsFor returns the columns of a list that have a value, as present, and those of them that are shown, as
 * columns: those that the user chose, or else those that the service calls usual.
 */
export function columnsFor(action, session, answer) {
  const { list, columns } = shapeOf(action.schema);
  const present = withValues(columns, answer.json[list]);
  const keys = session.columns ?? state.service.operations[action.id]?.columns ?? [];
  const chosen = keys.map((key) => present.find((column) => column.key === key)).filter(Boolean);
  const others = present.filter((column) => !column.isAdvanced).slice(0, 12);
  return { present, columns: chosen.length ? chosen : others };
}

/** columnChoice shows which columns of an answer there are, and lets the user choose. */
export function columnChoice(action, session, answer) {
  const { list } = shapeOf(action.schema);
  if (session.view !== "table" || !answer.json?.[list]?.length) return nothing;
  const { present, columns } = columnsFor(action, session, answer);
  const toggle = (column) => {
    const keys = session.columns ?? columns.map(({ key }) => key);
    session.columns = keys.includes(column.key) ? keys.filter((key) => key !== column.key) : [...keys, column.key];
    changed();
  };
  return html`
    <details class="columns" @keydown=${closeByKey} @focusout=${closeByFocus}>
      <summary role="button" class="outline small">Columns: ${columns.length} of ${present.length}</summary>
      <div class="choices" tabindex="-1">
        ${present.map(
          (column) => html`
          <label title=${column.description}><input type="checkbox" .checked=${columns.includes(column)}
            ?disabled=${columns.length === 1 && columns.includes(column)} @change=${() => toggle(column)}>
            ${column.around ? `${column.around}: ` : nothing}${column.label}</label>`,
        )}
      </div>
    </details>`;
}

function closeByKey(event) {
  if (event.key !== "Escape") return;
  event.currentTarget.open = false;
  event.currentTarget.querySelector("summary").focus();
}

// Closes once the pointer is released, if the focus went elsewhere.
function closeByFocus(event) {
  const details = event.currentTarget;
  const isInside = !event.relatedTarget || details.contains(event.relatedTarget);
  if (!isInside) afterPress(() => (details.open = false));
}
