// A table of values whose cells can be reached with the arrow keys and copied with a click or Enter.
import { html, nothing, render } from "../lib/lit-html/lit-html.js";
import { at, compare, format, raw } from "../values.js";
import { nested } from "../expressions.js";

/**
 * ResultGrid is the element result-grid. Its property content has columns, scope (of a row, for expressions)
 * and either rows, for a list with one column for each field, or item, for one thing with one row for each
 * field. It sends an event "cell" with {column, item, scope, value, copies} when the user selects a cell; copies
 * is true if the cell is to be copied too.
 */
class ResultGrid extends HTMLElement {
  #content = { columns: [], rows: [] };
  #sorted = { key: "", direction: 1 };
  #open = new Map(); // by item, the columns whose rows are shown
  #active = [0, 0];

  set content(content) {
    if (content.rows !== this.#content.rows || content.item !== this.#content.item) {
      this.#open.clear();
      this.#active = [0, 0];
    }
    this.#content = content;
    const [lastRow, last] = this.#last();
    this.#active = [Math.min(this.#active[0], lastRow), Math.min(this.#active[1], last)];
    this.#render();
  }

  // Returns the last row and the last position in it.
  #last() {
    const { columns, rows, item } = this.#content;
    return item ? [columns.length - 1, 0] : [rows.length - 1, columns.length - 1];
  }

  #rows() {
    const { rows, columns } = this.#content;
    const column = columns.find(({ key }) => key === this.#sorted.key);
    if (!column) return rows;
    const absentLast = (a, b) => (a === undefined || b === undefined ? 1 : this.#sorted.direction);
    return rows.toSorted((one, other) => {
      const [a, b] = [at(one, column.path), at(other, column.path)];
      return compare(a, b) * absentLast(a, b);
    });
  }

  #sort(key) {
    const isAgain = key === this.#sorted.key;
    this.#sorted = { key, direction: isAgain ? -this.#sorted.direction : 1 };
    this.#render();
  }

  // Handles a selected cell: one with rows opens or closes, any other is copied.
  #select(row, position, copies) {
    this.#active = [row, position];
    const { column, item } = this.#cell(row, position);
    const value = at(item, column.path);
    if (copies && column.columns && value?.length) this.#toggle(item, column);
    this.#render();
    const detail = { column, item, scope: this.#content.scope, value, copies: copies && !column.columns };
    this.dispatchEvent(new CustomEvent("cell", { detail, bubbles: true }));
  }

  #toggle(item, { key }) {
    if (!this.#open.has(item)) this.#open.set(item, new Set());
    const keys = this.#open.get(item);
    if (!keys.delete(key)) keys.add(key);
  }

  #isOpen(item, { key }) {
    return Boolean(this.#open.get(item)?.has(key));
  }

  #cell(row, position) {
    const { columns, item } = this.#content;
    return item ? { column: columns[row], item } : { column: columns[position], item: this.#rows()[row] };
  }

  #keydown(event) {
    const [row, position] = event.target.dataset?.cell?.split(" ").map(Number) ?? [];
    if (row === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    const [lastRow, last] = this.#last();
    const moves = {
      ArrowUp: [row - 1, position],
      ArrowDown: [row + 1, position],
      ArrowLeft: [row, position - 1],
      ArrowRight: [row, position + 1],
      Home: [row, 0],
      End: [row, last],
      PageUp: [Math.max(0, row - 10), position],
      PageDown: [Math.min(lastRow, row + 10), position],
    };
    if (event.key === "Enter" || event.key === " ") this.#select(row, position, true);
    else if (moves[event.key]) this.#move(moves[event.key], lastRow, last);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #move([row, position], lastRow, last) {
    if (row < 0 || row > lastRow || position < 0 || position > last) return;
    this.#select(row, position, false);
    this.querySelector(`:scope > .scroll > table > tbody > tr > [data-cell="${row} ${position}"]`).focus();
  }

  #render() {
    const { item, columns, rows, label } = this.#content;
    render(
      html`
      <div class="scroll">
        <table role="grid" aria-label=${label} aria-rowcount=${item ? columns.length : rows.length + 1}
          class=${item ? "record" : "list"} @keydown=${(event) => this.#keydown(event)}>
          ${item ? this.#record(item, columns) : this.#list(columns)}
        </table>
      </div>`,
      this,
    );
  }

  #list(columns) {
    return html`
      <thead><tr>${columns.map((column) => this.#header(column))}</tr></thead>
      <tbody>
        ${this.#rows().map(
          (item, row) => html`
          <tr>${columns.map((column, position) => this.#value(item, column, row, position))}</tr>
          ${columns.map((column) => this.#opened(item, column, columns.length))}`,
        )}
      </tbody>`;
  }

  #header(column) {
    const isSorted = column.key === this.#sorted.key;
    const direction = this.#sorted.direction > 0 ? "ascending" : "descending";
    return html`
      <th scope="col" class=${/number|integer/.test(column.type) ? "number" : nothing} title=${column.description}
        aria-sort=${isSorted ? direction : nothing}>
        <button type="button" class="sort" @click=${() => this.#sort(column.key)}>
          ${column.around ? html`<small>${column.around}</small>` : nothing}
          <span>${column.label}<span class="arrow" aria-hidden="true"></span></span>
        </button>
      </th>`;
  }

  #record(item, columns) {
    return html`
      <tbody>
        ${columns.map(
          (column, row) => html`
          <tr>
            <th scope="row" title=${column.description}>
              ${column.around ? html`<small>${column.around}</small>` : nothing} ${column.label}
            </th>
            ${this.#value(item, column, row, 0)}
          </tr>
          ${this.#opened(item, column, 2)}`,
        )}
      </tbody>`;
  }

  #value(item, column, row, position) {
    const value = at(item, column.path);
    const isActive = row === this.#active[0] && position === this.#active[1];
    const isOpen = this.#isOpen(item, column);
    const hasRows = column.columns && value?.length;
    return html`
      <td data-cell="${row} ${position}" data-field=${column.key} tabindex=${isActive ? 0 : -1}
        class=${value instanceof Number ? "number" : nothing} title=${column.columns ? nothing : raw(value)}
        aria-expanded=${hasRows ? isOpen : nothing}
        @click=${() => this.#clicked(row, position)}>${hasRows ? rowCount(value, isOpen) : format(item, column)}</td>`;
  }

  // A click that ends the selection of a part of a text selects no cell.
  #clicked(row, position) {
    if (getSelection().isCollapsed) this.#select(row, position, true);
  }

  // The rows of an array of objects, below the row that has it.
  #opened(item, column, width) {
    if (!this.#isOpen(item, column)) return nothing;
    const content = {
      label: column.label,
      columns: withValues(column.columns, at(item, column.path)),
      rows: at(item, column.path),
      scope: nested(this.#content.scope),
    };
    return html`
      <tr class="opened"><td colspan=${width}>
        <strong>${column.label}</strong> <result-grid .content=${content}></result-grid>
      </td></tr>`;
  }
}

const rowCount = (rows, isOpen) => html`
  <span class="rows"><span aria-hidden="true">${isOpen ? "▾" : "▸"}</span>
    ${rows.length} ${rows.length === 1 ? "row" : "rows"}</span>`;

/** withValues returns the columns for which some item has a value. */
export function withValues(columns, items) {
  return columns.filter(({ path }) => items.some((item) => at(item, path) !== undefined));
}

customElements.define("result-grid", ResultGrid);
