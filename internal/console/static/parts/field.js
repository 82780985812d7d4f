// One field of a form, made from a parameter of the definition.
import { html, nothing } from "../lib/lit-html/lit-html.js";
import { live } from "../lib/lit-html/directives/live.js";
import { addressOf, call } from "../calls.js";
import { state } from "../store.js";
import { at, given } from "../values.js";
import "./picker.js";
import { afterPress } from "./press.js";

/**
 * fieldView returns the field of a parameter. form has values, titles (by parameter and value), errors, rules, and
 * set(name, value, title) and leave(), which are called when a value changes and when the user leaves the field.
 */
export function fieldView(parameter, form) {
  const error = form.errors[parameter.name];
  const [hint, mistake] = [`${parameter.name}-hint`, `${parameter.name}-error`];
  const options = { error, describedBy: error ? `${mistake} ${hint}` : hint };
  return html`
    <div class="field" @focusout=${() => afterPress(form.leave)}>
      <label for=${parameter.name}>${parameter.label}${parameter.required ? html` <em>required</em>` : nothing}</label>
      ${control(parameter, form, options)}
      <small class="error" id=${mistake}>${error ?? nothing}</small>
      <small class="help" id=${hint}>${parameter.description}</small>
    </div>`;
}

function control(parameter, form, options) {
  if (parameter.choices) return selectView(parameter, form, options);
  if (parameter.picker) return pickerView(parameter, form, options);
  return inputView(parameter, form, options);
}

function selectView({ name, choices, required }, form, { error, describedBy }) {
  const value = form.values[name] ?? "";
  return html`
    <select id=${name} aria-describedby=${describedBy} aria-invalid=${error ? "true" : nothing}
      @change=${(event) => form.set(name, event.target.value)}>
      <option value="" ?selected=${!value}>${required ? "Choose one" : "Any"}</option>
      ${choices.map(
        (choice) => html`
        <option value=${choice.value} ?selected=${choice.value === value}>${choice.title}</option>`,
      )}
    </select>`;
}

function inputView({ name, type, default: suggestion }, form, { error, describedBy }) {
  const isDate = form.rules[name]?.isDate;
  return html`
    <input id=${name} type=${isDate ? "date" : "text"} inputmode=${type === "integer" ? "numeric" : nothing}
      autocomplete="off" spellcheck="false" placeholder=${suggestion ?? nothing}
      aria-describedby=${describedBy} aria-invalid=${error ? "true" : nothing}
      .value=${live(form.values[name] ?? "")} @input=${(event) => form.set(name, event.target.value)}>`;
}

function pickerView({ name, picker }, form, { error, describedBy }) {
  const operation = state.definition.operation(picker.operationId);
  const known = Object.entries(picker.parameters ?? {}).map(([own, source]) => [
    own,
    typeof source === "object" ? given(form.values, source.parameter) : source,
  ]);
  const options = {
    name,
    value: form.values[name] ?? "",
    title: form.titles[name]?.[form.values[name]] ?? "",
    invalid: Boolean(error),
    describedBy,
    key: JSON.stringify([state.key, picker.operationId, known]),
    load: (text) => choices(operation, picker, Object.fromEntries(known), text),
  };
  return html`
    <value-picker .options=${options}
      @pick=${({ detail }) => form.set(name, detail.value, detail.title)}></value-picker>`;
}

// Calls the operation of a picker. Where the operation can search, the text in the field narrows the list.
async function choices(operation, picker, known, text) {
  const missing = operation.parameters.find(({ name, required }) => required && !known[name]);
  if (missing) return { choices: [], isWhole: false, message: `Fill in ${missing.label} first, or enter an ID.` };
  const search = operation.parameters.find(({ name }) => !(name in known));
  const values = search && text ? { ...known, [search.name]: text } : known;
  const answer = await call(operation, addressOf(operation, values));
  if (answer.problem) return { choices: [], isWhole: false, message: answer.problem.message };
  const rows = at(answer.json, picker["value-collection"].split("/")).map((row) => ({
    value: String(at(row, picker["value-path"].split("/")) ?? ""),
    title: String(at(row, picker["value-title"].split("/")) ?? ""),
  }));
  const none = search && text ? `No name begins with ${text}.` : "There is none.";
  // A row without a value says that there are more.
  const isWhole = !search || rows.every((row) => row.value);
  return { choices: rows.filter((row) => row.value), isWhole, message: rows.length ? "" : none };
}
