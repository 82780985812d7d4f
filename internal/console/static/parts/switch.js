// A row of options of which one is selected.
import { html } from "../lib/lit-html/lit-html.js";
import { changed } from "../store.js";

/** switchView shows options, labels by value. select is called with the value that the user selects. */
export function switchView(legend, name, options, selected, select) {
  return html`
    <fieldset class="switch">
      <legend class="off-screen">${legend}</legend>
      ${Object.entries(options).map(
        ([value, label]) => html`
        <label><input type="radio" name=${name} value=${value} .checked=${value === selected}
          @change=${() => {
            select(value);
            changed();
          }}>${label}</label>`,
      )}
    </fieldset>`;
}
