// What the RateLimit headers say about the limit of this connection, kept up to date between calls: a call
// leaves the sliding window when it is as old as the window is long.
// https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/

/** A Limit follows the calls of one connection. Times are milliseconds of performance.now. */
export class Limit {
  #calls = []; // when each known call was admitted, the oldest first
  isKnown = false; // an answer has told what is left

  /** @param {number} quota calls in a window @param {number} window its length in seconds */
  constructor(quota, window) {
    this.quota = quota;
    this.window = window * 1000;
  }

  /** observe takes the headers of an answer that arrived now. */
  observe(headers, now = performance.now()) {
    this.quota = parameter(headers.get("RateLimit-Policy"), "q") ?? this.quota;
    this.window = (parameter(headers.get("RateLimit-Policy"), "w") ?? this.window / 1000) * 1000;
    const remaining = parameter(headers.get("RateLimit"), "r");
    if (remaining === undefined) return;
    this.isKnown = true;
    const seconds = parameter(headers.get("RateLimit"), "t");
    this.#reconcile(this.quota - remaining, seconds === undefined ? now : now + seconds * 1000 - this.window, now);
  }

  // Makes the known calls agree with the number that was used at a time. Calls that this tab did not make
  // are unknown but for the oldest one, whose slot is the next to become free.
  #reconcile(used, oldest, now) {
    this.#calls = this.inWindow(now);
    if (this.#calls.length > used) this.#calls.splice(0, this.#calls.length - used);
    const missing = used - this.#calls.length;
    if (missing > 1 && (this.#calls.length === 0 || oldest < this.#calls[0] - 1000)) {
      this.#calls.unshift(Math.min(oldest, now));
    }
    while (this.#calls.length < used) this.#calls.push(now);
  }

  /** inWindow returns the times of the calls that count at a time. */
  inWindow(now = performance.now()) {
    return this.#calls.filter((at) => at > now - this.window);
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

  /** history returns the number of calls in the window at each of some times. */
  history(times) {
    return times.map((time) => this.#calls.filter((at) => at <= time && at > time - this.window).length);
  }
}

// Returns a parameter of a structured field, a number, or undefined.
function parameter(field, name) {
  const found = field?.match(new RegExp(`;\\s*${name}=(\\d+)`));
  return found ? Number(found[1]) : undefined;
}
