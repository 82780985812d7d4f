// A text field with a list of choices, which come from an operation of the definition. The user sees the
// names and the call gets the values. Any text can be entered too: a list has not all values.
import Combobox from "../lib/combobox-nav/index.js";
import { html, nothing, render } from "../lib/lit-html/lit-html.js";
import { afterPress } from "./press.js";

const maxShown = 100;
const pause = 400; // ms without a key before the service is asked, which takes a call of the limit

let count = 0;

/**
 * ValuePicker is the element value-picker. Its property options has name, value, title (of the value, if known),
 * invalid, describedBy, key, and load, an async function from the text in the field to {choices: [{value, title}],
 * isWhole, message}. With another key, other choices are loaded. It sends an event "pick" with {value, title}
 * when the value changes.
 */
class ValuePicker extends HTMLElement {
  #options = {};
  #list = `choices-${++count}`;
  #choices = [];
  #whole; // the text for which the choices are all there are
  #message = "";
  #filter = ""; // what the user typed since the list was opened
  #isOpen = false;
  #combobox;
  #turn = 0;
  #timer;

  set options(options) {
    if (options.key !== this.#options.key) this.#forget();
    this.#options = options;
    this.#render();
  }

  get #input() {
    return this.querySelector("input");
  }

  get #listbox() {
    return this.querySelector("[role=listbox]");
  }

  connectedCallback() {
    this.#render();
    this.#combobox = new Combobox(this.#input, this.#listbox, { firstOptionSelectionMode: "none" });
    this.#listbox.addEventListener("combobox-commit", (event) => this.#choose(event.target.dataset.value));
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#combobox?.destroy();
  }

  #forget() {
    clearTimeout(this.#timer);
    this.#choices = [];
    this.#whole = undefined;
    this.#message = "";
    this.#turn++;
  }

  #choose(value) {
    const { title } = this.#choices.find((choice) => choice.value === value);
    this.#set(value, title);
    this.#input.value = title;
    this.#close();
  }

  #set(value, title) {
    if (value === this.#options.value && title === this.#options.title) return;
    Object.assign(this.#options, { value, title });
    this.dispatchEvent(new CustomEvent("pick", { detail: { value, title }, bubbles: true }));
  }

  async #open() {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#update();
    if (!this.#choices.length) await this.#load("");
  }

  #close() {
    clearTimeout(this.#timer);
    this.#filter = "";
    this.#isOpen = false;
    this.#combobox.stop();
    this.#render();
  }

  // Closes the list once the focus is elsewhere on the page, but not if only the window has lost it.
  #left() {
    if (document.activeElement !== this.#input) this.#close();
  }

  // Renders, and lets the combobox begin anew with the options, on the one that the user was on.
  #update() {
    const active = this.querySelector("[aria-selected=true]")?.dataset.value;
    this.#combobox.stop();
    this.#render();
    if (!this.#isOpen) return;
    this.#combobox.start();
    const position = this.#shown().findIndex(({ value }) => value === active);
    for (let i = 0; i <= position; i++) this.#combobox.navigate(1);
  }

  async #load(text) {
    const turn = ++this.#turn;
    this.#message = "Loading …";
    this.#update();
    const { choices, isWhole, message } = await this.#options.load(text);
    if (turn !== this.#turn) return;
    [this.#choices, this.#message] = [choices, message];
    if (isWhole) this.#whole = text.toLowerCase();
    this.#resolve(this.#input.value);
    this.#update();
  }

  #typed(text) {
    clearTimeout(this.#timer);
    this.#filter = text.trim().toLowerCase();
    this.#resolve(text);
    this.#isOpen = true;
    this.#update();
    if (!this.#isComplete(text) && !this.#options.title) this.#timer = setTimeout(() => this.#load(text.trim()), pause);
  }

  // Reports whether the choices are all that there are for a text.
  #isComplete(text) {
    return this.#whole !== undefined && text.trim().toLowerCase().startsWith(this.#whole);
  }

  // Takes the text of the field: as a choice if it is the name of just one, else as it is.
  #resolve(text) {
    const named = this.#choices.filter(({ title }) => title.toLowerCase() === text.trim().toLowerCase());
    const isSame = named.some(({ value }) => value === this.#options.value);
    if (isSame || this.#options.title === text) return;
    if (named.length === 1) this.#set(named[0].value, named[0].title);
    else this.#set(text.trim(), "");
  }

  // Returns the choices that have what was typed in their name or value.
  #matching() {
    return this.#choices.filter(
      ({ value, title }) => title.toLowerCase().includes(this.#filter) || value.toLowerCase().includes(this.#filter),
    );
  }

  #shown() {
    return this.#matching().slice(0, maxShown);
  }

  #render() {
    const { name, value, title, invalid, describedBy } = this.#options;
    const shown = this.#shown();
    render(
      html`
      <input id=${name} type="text" role="combobox" autocomplete="off" spellcheck="false" aria-autocomplete="list"
        aria-controls=${this.#list} aria-expanded=${this.#isOpen && shown.length ? "true" : "false"}
        aria-invalid=${invalid ? "true" : nothing} aria-describedby=${describedBy} .value=${title || value || ""}
        placeholder="Choose, or enter an ID"
        @click=${() => this.#open()} @blur=${() => afterPress(() => this.#left())}
        @input=${(event) => this.#typed(event.target.value)}
        @keydown=${(event) => this.#pressed(event.key)}>
      <div class="popup" ?hidden=${!this.#isOpen} @mousedown=${(event) => event.preventDefault()}>
        <ul id=${this.#list} role="listbox" aria-label="Choices" ?hidden=${!shown.length}>
          ${shown.map(
            (choice, i) => html`
            <li role="option" id="${this.#list}-${i}" data-value=${choice.value}>
              ${choice.title} <small>${choice.value === choice.title ? nothing : choice.value}</small>
            </li>`,
          )}
        </ul>
        <small role="status">${this.#isOpen ? this.#hint() : nothing}</small>
      </div>`,
      this,
    );
  }

  #pressed(key) {
    if (key === "Escape") this.#close();
    if (key === "ArrowDown") this.#open();
  }

  #hint() {
    const matching = this.#matching().length;
    if (this.#message) return this.#message;
    if (matching > maxShown) return `${maxShown} of ${matching} are shown. Type to see others.`;
    if (this.#choices.length && !matching) return "None in the list. The text is taken as an ID.";
    return this.#isComplete(this.#filter) ? nothing : "Type to see others.";
  }
}

customElements.define("value-picker", ValuePicker);
