// Calls of the service. Each is made once; its time and what is left of the limit are kept for the plots.
import { shapeOf } from "./definition.js";
import { Limit } from "./limit.js";
import { changed, state } from "./store.js";
import { given, parse } from "./values.js";

/** The limit of this connection. start sets it. */
export let limit = null;

/** The calls of this tab, the oldest first: at (ms), duration (ms), label, status. */
export const log = [];

const maxLog = 500;

/** start begins anew with the limit that a service states, for a connection of which nothing is known yet. */
export function start(service) {
  limit = new Limit(service.limitCalls, service.limitSeconds);
}

/** credential returns the header that signs the user in, as name and value. */
export function credential(service, key) {
  return service.signIn.includes("api-key") ? ["X-Api-Key", key] : ["Authorization", `Bearer ${key}`];
}

/** addressOf returns the path and query of a call. Empty values are left out; in the path, their names stay. */
export function addressOf(operation, values) {
  const query = new URLSearchParams();
  let path = operation.path;
  for (const { name, in: place } of operation.parameters) {
    const value = given(values, name);
    if (place === "path" && value) path = path.replace(`{${name}}`, encodeURIComponent(value));
    else if (place === "query" && value) query.set(name, value);
  }
  return query.size ? `${path}?${query}` : path;
}

/** ownAddress returns path and query of a link of the service, or undefined for any other address. */
export function ownAddress(link) {
  const url = URL.parse(link, location.origin);
  return url?.pathname.startsWith("/v1/") ? url.pathname + url.search : undefined;
}

/**
 * call makes a call of an operation and returns an answer: address, status, duration (ms), headers, calls (of
 * Partner Center that it took), left (calls of the limit), and json or file; for a failure problem, with status,
 * code, message, requestId and until, when the call can succeed (ms). It throws an AbortError if signal is
 * aborted, and nothing else.
 */
export async function call(operation, address, signal) {
  const began = performance.now();
  const answer = { address, status: 0 };
  if (/[^\x21-\x7E]/.test(state.key)) return { ...answer, duration: 0, problem: oddKey };
  try {
    const response = await fetch(address, {
      headers: [credential(state.service, state.key)],
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal,
    });
    answer.status = response.status;
    answer.headers = response.headers;
    await read(operation, response, answer);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    answer.problem = answer.status ? unusable(answer.status) : unreachable;
  }
  answer.duration = performance.now() - began;
  if (answer.headers) limit.observe(answer.headers, began);
  answer.calls = Number(answer.headers?.get("X-Connector-Calls") ?? 1);
  answer.left = limit.remaining();
  log.push({ at: began, duration: answer.duration, label: operation.label, status: answer.status });
  if (log.length > maxLog) log.shift();
  changed();
  return answer;
}

// Reads a response into an answer. It throws if the response is not what the definition says.
async function read(operation, response, answer) {
  if (response.ok && operation.isFile) {
    answer.file = await response.blob();
    if (!/^application\/(pdf|octet-stream)/.test(answer.file.type)) throw new TypeError("no file");
    return;
  }
  const body = parse(await response.text());
  if (!response.ok) {
    answer.problem = problemOf(response, body);
    return;
  }
  const { list } = shapeOf(operation.schema);
  if (list && !Array.isArray(body[list])) throw new TypeError("no list");
  answer.json = body;
}

function problemOf(response, body) {
  if (typeof body?.error?.code !== "string" || typeof body.message !== "string") throw new TypeError("no error");
  const seconds = Number(response.headers.get("Retry-After")) || 0;
  return {
    status: response.status,
    code: body.error.code,
    message: body.message,
    requestId: body.requestId,
    until: performance.now() + seconds * 1000,
  };
}

const unreachable = {
  status: 0,
  code: "",
  message: "The service did not answer. Check that it is running and that this computer can reach it.",
};

const oddKey = {
  status: 0,
  code: "",
  message: "The key has a character that no key has. Copy it again, without quotation marks or dashes around it.",
};

const unusable = (status) => ({
  status,
  code: "",
  message:
    "The answer broke off, or is not one of the service. Try again, and look for a proxy between this computer and " +
    "the service.",
});
