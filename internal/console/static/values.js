// Values of calls and answers: parsed without losing a digit, found by path, formatted for the user's locale.

/** given returns the value of a parameter as it is sent: without blanks around it. */
export const given = (values, name) => (values[name] ?? "").trim();

/**
 * parse parses JSON. A number is a Number with the property source, its digits as they were sent, where the
 * browser tells them.
 */
export function parse(text) {
  return JSON.parse(text, (_, value, context) => {
    if (typeof value !== "number") return value;
    return Object.assign(new Number(value), { source: context?.source ?? String(value) });
  });
}

const exactDigits = (_, value) => (value instanceof Number && JSON.rawJSON ? JSON.rawJSON(value.source) : value);

/** indent returns JSON with line breaks and the digits as they were sent. */
export const indent = (value) => JSON.stringify(value, exactDigits, 2);

/** at returns the value at a path, or undefined. */
export function at(value, path) {
  return path.reduce((inner, name) => inner?.[name], value);
}

/** raw returns a value as it was sent: text as it is, anything else as JSON. */
export function raw(value) {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value, exactDigits);
}

/** format returns the value of a column of an item for people. */
export function format(item, column) {
  const value = at(item, column.path);
  if (value === undefined) return "";
  if (column.type === "number" && value instanceof Number) return formatAmount(value, currencyOf(item, column.path));
  return formatValue(value);
}

function formatValue(value) {
  if (value instanceof Number) return new Intl.NumberFormat(undefined, allDigits).format(value.source);
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (Array.isArray(value)) return value.map(formatValue).join(", ");
  return formatDate(value) ?? value;
}

const allDigits = { maximumFractionDigits: 20 };

function formatAmount(number, currency) {
  try {
    return new Intl.NumberFormat(undefined, { style: "currency", currency }).format(number.source);
  } catch {
    return formatValue(number); // there is no currency, or none with this code
  }
}

// Returns the currency of an amount: that of the innermost object around it that has one.
function currencyOf(item, path) {
  for (let length = path.length - 1; length >= 0; length--) {
    const { currencyCode, currency } = at(item, path.slice(0, length));
    if (currencyCode || currency) return currencyCode ?? currency;
  }
  return undefined;
}

// A day, or a day with a time, as Partner Center writes them.
const date = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?)?$/;

// Formats a date in UTC, as Partner Center means it: also one without a zone, and a day alone. Returns undefined
// for a text that is no date.
function formatDate(text) {
  const [, day, time, zone = "Z"] = text.match(date) ?? [];
  if (!day || !new Date(`${day}T00:00Z`).toJSON()?.startsWith(day)) return undefined;
  if (day === "0001-01-01") return "none"; // stands for no date
  const instant = new Date(`${day}T${time ?? "00:00"}${zone}`);
  if (Number.isNaN(instant.valueOf())) return undefined;
  const isDay = !time || /^00:00(:00(\.0+)?)?(Z|[+-]00:?00)$/.test(time + zone);
  const style = isDay ? { dateStyle: "medium" } : { dateStyle: "medium", timeStyle: "short" };
  return new Intl.DateTimeFormat(undefined, { ...style, timeZone: "UTC" }).format(instant);
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** compare orders two values of a column. Absent ones come last. */
export function compare(a, b) {
  if (a === undefined || b === undefined) return (a === undefined) - (b === undefined);
  if (a instanceof Number && b instanceof Number) return a - b;
  return collator.compare(raw(a), raw(b));
}
