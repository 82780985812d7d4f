// A text field with a list of choices, which come from an operation of the definition. The user sees the
// names and the call gets the values. Any text can be entered too: a list has not all values.
import Combobox from "../lib/combobox-nav/index.js";
import { html, nothing, render } from "../lib/lit-html/lit-html.js";

const maxShown = 100;
const pause = 250; // ms without a key before the service is asked

let count = 0;

/**
 * ValuePicker is the element value-picker. Properties: value, title (of the value, if known), name, invalid,
 * describedBy, and load, an async function from the text in the field to {choices: [{value, title}], isWhole,
 * message}. It sends an event "pick" with {value, title} when the value changes.
 */
class ValuePicker extends HTMLElement {
  #list = `choices-${++count}`;
  #choices = [];
  #isWhole = false; // the choices are all there are
  #message = "";
  #isOpen = false;
  #combobox;
  #latest = 0;

  set options({ name, value, title, invalid, describedBy, load, key }) {
    if (key !== this.key) this.#forget();
    Object.assign(this, { name, value, label: title, invalid, describedBy, load, key });
    this.#render();
  }

  #forget() {
    this.#choices = [];
    this.#message = "";
    this.#isWhole = false;
    this.#latest++;
  }

  connectedCallback() {
    this.#render();
    const [input, list] = [this.querySelector("input"), this.querySelector("[role=listbox]")];
    this.#combobox = new Combobox(input, list, { firstOptionSelectionMode: "none" });
    list.addEventListener("combobox-commit", (event) => this.#choose(event.target.dataset.value));
  }

  disconnectedCallback() {
    this.#combobox?.destroy();
  }

  #choose(value) {
    const { title } = this.#choices.find((choice) => choice.value === value);
    this.#set(value, title);
    this.querySelector("input").value = title;
    this.#close();
  }

  #set(value, title) {
    if (value === this.value) return;
    [this.value, this.label] = [value, title];
    this.dispatchEvent(new CustomEvent("pick", { detail: { value, title }, bubbles: true }));
  }

  async #open() {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#render();
    if (!this.#choices.length) await this.#load("");
    this.#restart();
  }

  #close() {
    this.#isOpen = false;
    this.#combobox.stop();
    this.#render();
  }

  // Tells the combobox that its options are others.
  #restart() {
    if (!this.#isOpen) return;
    this.#combobox.stop();
    this.#combobox.start();
  }

  async #load(text) {
    const turn = ++this.#latest;
    this.#message = "Loading …";
    this.#render();
    const { choices, isWhole, message } = await this.load(text);
    if (turn !== this.#latest) return;
    [this.#choices, this.#message] = [choices, message];
    if (!text) this.#isWhole = isWhole;
    this.#render();
    this.#restart();
  }

  #typed(text) {
    const known = this.#choices.find((choice) => choice.title.toLowerCase() === text.trim().toLowerCase());
    this.#set(known ? known.value : text.trim(), known?.title ?? "");
    this.#isOpen = true;
    this.#render();
    this.#restart();
    clearTimeout(this.timer);
    if (!this.#isWhole) this.timer = setTimeout(() => this.#load(text.trim()), pause);
  }

  #pressed(key) {
    if (key === "Escape") this.#close();
    if (key === "ArrowDown") this.#open();
  }

  // Returns the choices that have the text of the field in their name or value.
  #matching() {
    const text = this.label || !this.value ? "" : this.value.toLowerCase();
    return this.#choices.filter(({ value, title }) =>
      title.toLowerCase().includes(text) || value.toLowerCase().includes(text));
  }

  #render() {
    const matching = this.#matching();
    const shown = matching.slice(0, maxShown);
    render(html`
      <input id=${this.name} type="text" role="combobox" autocomplete="off" spellcheck="false" aria-autocomplete="list"
        aria-controls=${this.#list} aria-expanded=${this.#isOpen} aria-invalid=${this.invalid ? "true" : nothing}
        aria-describedby=${this.describedBy} .value=${this.label || this.value || ""}
        placeholder="Choose, or enter an ID"
        @focus=${() => this.#open()} @click=${() => this.#open()} @blur=${() => this.#close()}
        @input=${(event) => this.#typed(event.target.value)}
        @keydown=${(event) => this.#pressed(event.key)}>
      <ul id=${this.#list} role="listbox" aria-label="Choices" ?hidden=${!this.#isOpen || !shown.length}
        @mousedown=${(event) => event.preventDefault()}>
        ${shown.map((choice, i) => html`
          <li role="option" id="${this.#list}-${i}" data-value=${choice.value}>
            ${choice.title} <small>${choice.value === choice.title ? nothing : choice.value}</small>
          </li>`)}
      </ul>
      <small class="hint" role="status">${this.#isOpen ? this.#hint(matching, shown) : nothing}</small>`, this);
  }

  #hint(matching, shown) {
    if (this.#message) return this.#message;
    if (matching.length > shown.length) return `${shown.length} of ${matching.length} shown. Type to see others.`;
    if (this.#choices.length && !matching.length) return "None in the list. It is taken as an ID.";
    return this.#isWhole ? nothing : "Type to see others.";
  }
}

customElements.define("value-picker", ValuePicker);
