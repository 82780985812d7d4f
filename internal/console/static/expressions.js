// The expressions with which flows and apps read a field.
import { given } from "./values.js";

/** flowName returns the name that Power Automate gives to an action with a label. */
export const flowName = (label) => label.replaceAll(" ", "_");

/**
 * rowsOf returns the scope of the rows of a list: what stands for one of them in a flow and in an app. Loops
 * within loops have numbers, as in the designer.
 */
export function rowsOf(loop, depth = 1) {
  return { flow: `items('${quoted(depth > 1 ? `${loop}_${depth}` : loop)}')`, fx: "ThisItem", loop, depth };
}

/** resultOf returns the scope of the whole answer of an action, called with the given values. */
export function resultOf(action, title, values, loop) {
  return {
    flow: action.isTrigger ? "triggerBody()" : `body('${quoted(flowName(action.label))}')`,
    fx: `${title.replaceAll(/\W/g, "")}.${action.id}(${fxArguments(action, values)})`,
    loop,
    depth: 0,
  };
}

/** nested returns the scope of the rows of an array in a scope. */
export const nested = (scope) => rowsOf(scope.loop, scope.depth + 1);

/** flow returns the expression of Power Automate and Logic Apps for a field of a scope. */
export const flow = (scope, path) => scope.flow + path.map((name) => `?['${quoted(name)}']`).join("");

/** fx returns the formula of Power Apps for a field of a scope. */
export const fx = (scope, path) => [scope.fx, ...path.map(fxName)].join(".");

// Arguments of a formula: the required ones in order, then a record of the others.
function fxArguments(action, values) {
  const sent = action.parameters.filter(({ name }) => given(values, name));
  const literal = ({ name, type }) => {
    const value = given(values, name);
    return type === "integer" ? value : `"${value.replaceAll('"', '""')}"`;
  };
  const required = sent.filter((parameter) => parameter.required).map(literal);
  const optional = sent.filter((parameter) => !parameter.required).map((p) => `${fxName(p.name)}: ${literal(p)}`);
  return [...required, ...(optional.length ? [`{ ${optional.join(", ")} }`] : [])].join(", ");
}

const fxName = (name) => (/^[A-Za-z_]\w*$/.test(name) ? name : `'${quoted(name)}'`);

const quoted = (text) => text.replaceAll("'", "''");
