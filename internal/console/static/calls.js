// Calls of the service. Each is made once; its time and what is left of the limit are kept for the plots.
import { changed, state } from "./store.js";
import { Limit } from "./limit.js";
import { parse } from "./values.js";

/** The limit of this connection. start sets it. */
export let limit = null;

/** The calls of this tab, the oldest first: at (ms), duration (ms), label, status. */
export const log = [];

const maxLog = 500;

/** start prepares the limit that a service states. */
export function start(service) {
  limit = new Limit(service.limitCalls, service.limitSeconds);
}

/** credential returns the header that signs the user in, as name and value. */
export function credential(service, key) {
  return service.signIn.includes("api-key") ? ["X-Api-Key", key] : ["Authorization", `Bearer ${key}`];
}

/** addressOf returns the path and query of a call. Empty values are left out. */
export function addressOf(operation, values) {
  const query = new URLSearchParams();
  let path = operation.path;
  for (const { name, in: place } of operation.parameters) {
    const value = values[name] ?? "";
    if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(value));
    else if (value !== "") query.set(name, value);
  }
  return query.size ? `${path}?${query}` : path;
}

/** ownAddress returns path and query of a link of the service, or undefined for any other address. */
export function ownAddress(link) {
  const url = URL.parse(link, location.origin);
  return url?.pathname.startsWith("/v1/") ? url.pathname + url.search : undefined;
}

/**
 * call makes a call and returns an answer: address, status, duration (ms), headers, and json or file; for a
 * failure problem, with status, code, message, requestId and retryAfter (s). It throws an AbortError if signal
 * is aborted, and nothing else.
 */
export async function call(address, label, signal) {
  const began = performance.now();
  const answer = { address, status: 0, at: began };
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
    await read(response, answer);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    answer.problem = answer.status ? brokenOff(answer.status) : unreachable;
  }
  answer.duration = performance.now() - began;
  if (answer.headers) limit.observe(answer.headers);
  log.push({ at: began, duration: answer.duration, label, status: answer.status });
  if (log.length > maxLog) log.shift();
  changed();
  return answer;
}

async function read(response, answer) {
  if (response.ok && !response.headers.get("Content-Type")?.startsWith("application/json")) {
    answer.file = await response.blob();
    return;
  }
  const body = parse(await response.text());
  if (response.ok) {
    answer.json = body;
    return;
  }
  answer.problem = {
    status: response.status,
    code: body.error.code,
    message: body.message,
    requestId: body.requestId,
    retryAfter: Number(response.headers.get("Retry-After")) || 0,
    until: performance.now() + (Number(response.headers.get("Retry-After")) || 0) * 1000,
  };
}

const unreachable = {
  status: 0,
  code: "",
  message: "The service did not answer. Check that it is running and that this computer can reach it.",
};

const brokenOff = (status) => ({
  status,
  code: "",
  message: "The answer broke off or is not JSON. Try again, and look for a proxy between this computer and the service.",
});
