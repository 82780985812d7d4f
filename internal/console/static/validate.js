// Checks the values of a form by the definition, and says what is wrong in the service's own sentences.
import { given } from "./values.js";

/** validate returns the text of the error for each parameter whose value the service would reject. */
export function validate(action, values, rules) {
  const errors = {};
  for (const parameter of action.parameters) {
    const text = check(parameter, values, rules[parameter.name] ?? {});
    if (text) errors[parameter.name] = text;
  }
  return errors;
}

// Returns the text of the error for the value of a parameter, or "".
function check(parameter, values, rule) {
  const value = given(values, parameter.name);
  const other = (relation) => given(values, relation.parameter);
  if (value === "") return parameter.required ? rule.missing || `${parameter.label} is required.` : "";
  if (!fits(parameter, value) || (rule.isDate && !isDay(value)))
    return rule.invalid || `${parameter.label} is not valid.`;
  if (rule.excludes && other(rule.excludes)) return rule.excludes.violated;
  if (rule.requires && !other(rule.requires)) return rule.requires.violated;
  if (rule.ends && other(rule.ends) && value < other(rule.ends)) return rule.ends.violated;
  return "";
}

function fits(parameter, value) {
  if (parameter.type === "integer") {
    const number = Number(value);
    const isCanonical = /^(0|-?[1-9]\d*)$/.test(value);
    return isCanonical && number >= (parameter.minimum ?? -Infinity) && number <= (parameter.maximum ?? Infinity);
  }
  const isLong = [...value].length > (parameter.maxLength ?? Infinity);
  const isOther = parameter.enum && !parameter.enum.includes(value);
  return !isLong && !isOther && (!parameter.pattern || new RegExp(parameter.pattern, "u").test(value));
}

// Reports whether a text is a day of the calendar, YYYY-MM-DD.
function isDay(text) {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.valueOf()) && day.toISOString().startsWith(text);
}
