// What the RateLimit headers say about the limit of this connection, kept up to date between calls: a call
// leaves the sliding window when it is as old as the window is long.
// https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/

/** A Limit follows the calls of one connection. Times are milliseconds of performance.now. */
export class Limit {
  #calls = []; // when each known call of the last two windows was admitted, the oldest first
  #latest = 0; // when the call began whose answer was taken last
  isKnown = false; // an answer has told what is left

  /** @param {number} quota calls in a window @param {number} seconds length of the window */
  constructor(quota, seconds) {
    this.quota = quota;
    this.window = seconds * 1000;
  }

  /** observe takes the headers of an answer that arrived now, to a call that began at a time. */
  observe(headers, began, now = performance.now()) {
    const policy = headers.get("RateLimit-Policy");
    this.quota = parameter(policy, "q") ?? this.quota;
    this.window = (parameter(policy, "w") ?? this.window / 1000) * 1000;
    const remaining = parameter(headers.get("RateLimit"), "r");
    if (remaining === undefined) return;
    const used = this.quota - remaining;
    // An answer that was overtaken knows less: of what is left, the lower number is right.
    if (began < this.#latest && used < this.inWindow(now).length) return;
    this.isKnown = true;
    this.#latest = Math.max(this.#latest, began);
    const seconds = parameter(headers.get("RateLimit"), "t");
    this.#reconcile(used, seconds === undefined ? now : now + seconds * 1000 - this.window, now);
  }

  // Makes the known calls agree with the number that was used at a time. Calls that this tab did not make
  // are unknown but for the oldest one, whose slot is the next to become free.
  #reconcile(used, oldest, now) {
    const past = this.#calls.filter((at) => at > now - 2 * this.window && at <= now - this.window);
    const calls = this.inWindow(now);
    if (calls.length > used) past.push(...calls.splice(0, calls.length - used).map(() => now - this.window));
    const missing = used - calls.length;
    if (missing > 1 && (calls.length === 0 || oldest < calls[0] - 1000)) calls.unshift(Math.min(oldest, now));
    while (calls.length < used) calls.push(now);
    this.#calls = [...past, ...calls];
  }

  /** inWindow returns the times of the calls that count at a time. */
  inWindow(now = performance.now()) {
    return this.#calls.filter((at) => at <= now && at > now - this.window);
  }

  /** remaining returns how many calls are left. */
  remaining(now = performance.now()) {
    return Math.max(0, this.quota - this.inWindow(now).length);
  }

  /** nextSlot returns the seconds until the next slot becomes free, or 0 if all are free. */
  nextSlot(now = performance.now()) {
    const [oldest] = this.inWindow(now);
    return oldest === undefined ? 0 : Math.max(0, (oldest + this.window - now) / 1000);
  }

  /** history returns the number of calls in the window at each of some times of the last window. */
  history(times) {
    return times.map((time) => this.inWindow(time).length);
  }
}

// Returns a parameter of a structured field, a number, or undefined.
function parameter(field, name) {
  const found = field?.match(new RegExp(`;\\s*${name}=(\\d+)`));
  return found ? Number(found[1]) : undefined;
}
