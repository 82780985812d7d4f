// Values of answers: parsed without losing a digit, found by path, and formatted for the user's locale.

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

/** indent returns JSON with line breaks and the digits as they were sent. */
export function indent(value) {
  const exact = (_, v) => (v instanceof Number && JSON.rawJSON ? JSON.rawJSON(v.source) : v);
  return JSON.stringify(value, exact, 2);
}

/** at returns the value at a path, or undefined. */
export function at(value, path) {
  return path.reduce((inner, name) => inner?.[name], value);
}

/** raw returns a value as it was sent: text as it is, anything else as JSON. */
export function raw(value) {
  if (value === undefined) return "";
  if (value instanceof Number) return value.source;
  return typeof value === "string" ? value : JSON.stringify(value);
}

// A day, or a day with a time, as Partner Center writes them.
const date = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

/** format returns a value for people. item is the object that has it, in which an amount has its currency. */
export function format(value, item) {
  if (value === undefined) return "";
  if (value instanceof Number) return formatNumber(value, item);
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (Array.isArray(value)) return value.map((one) => format(one, item)).join(", ");
  return date.test(value) ? formatDate(value) : String(value);
}

function formatNumber(number, item) {
  const isAmount = /[.eE]/.test(number.source) || currencyOf(item);
  if (!isAmount) return new Intl.NumberFormat().format(number);
  try {
    return new Intl.NumberFormat(undefined, { style: "currency", currency: currencyOf(item) }).format(number);
  } catch {
    return new Intl.NumberFormat(undefined, { maximumFractionDigits: 20 }).format(number); // no such currency
  }
}

function currencyOf(item) {
  return item?.currencyCode;
}

// Formats a date in UTC, as Partner Center means it: also one without a zone, and a day alone.
function formatDate(text) {
  const [day, time = ""] = text.split("T");
  if (day === "0001-01-01") return "none"; // stands for no date
  const hasZone = /(Z|[+-]\d{2}:?\d{2})$/.test(time);
  const instant = new Date(time ? `${day}T${time}${hasZone ? "" : "Z"}` : `${day}T00:00:00Z`);
  if (Number.isNaN(instant.valueOf())) return text;
  const isMidnight = !time || /^00:00(:00(\.0+)?)?(Z|\+00:?00)?$/.test(time);
  const style = isMidnight ? { dateStyle: "medium" } : { dateStyle: "medium", timeStyle: "short" };
  return new Intl.DateTimeFormat(undefined, { ...style, timeZone: "UTC" }).format(instant);
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** compare orders two values of a column. Absent ones come last. */
export function compare(a, b) {
  if (a === undefined || b === undefined) return (a === undefined) - (b === undefined);
  if (a instanceof Number && b instanceof Number) return a - b;
  return collator.compare(raw(a), raw(b));
}
