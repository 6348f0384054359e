/** Milliseconds in which a bucket fills. */
const minute = 60_000;

/** What a minute allows; `Infinity` is no limit. */
export interface RateLimits {
  readonly requestsPerMinute: number;
  readonly tokensPerMinute: number;
}

/**
 * Two token buckets, for requests and for estimated tokens, that fill evenly over a minute: a plain state machine over a clock.
 *
 * A request goes when both hold enough. A full bucket allows a burst of a minute's worth.
 */
export class RateLimiterMachine {
  readonly #limits: RateLimits;
  readonly #now: () => number;
  #requests: number;
  #tokens: number;
  #filledAt: number;

  constructor(limits: RateLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
    this.#requests = limits.requestsPerMinute;
    this.#tokens = limits.tokensPerMinute;
    this.#filledAt = now();
  }

  /** Whether a request of so many tokens can ever go. */
  canEver(tokens: number): boolean {
    return tokens <= this.#limits.tokensPerMinute;
  }

  /** Milliseconds until a request of so many tokens may go; 0 for now. */
  due(tokens: number): number {
    this.#fill();
    const forRequest = wait(1 - this.#requests, this.#limits.requestsPerMinute);
    const forTokens = wait(tokens - this.#tokens, this.#limits.tokensPerMinute);
    // A rounding error must not make anybody wait for nothing.
    return Math.ceil(Math.max(forRequest, forTokens, 0) - 1e-6);
  }

  /** A request of so many tokens goes. */
  pass(tokens: number): void {
    this.#fill();
    this.#requests -= 1;
    this.#tokens -= tokens;
  }

  #fill(): void {
    const now = this.#now();
    const share = (now - this.#filledAt) / minute;
    const { requestsPerMinute, tokensPerMinute } = this.#limits;
    this.#requests = fill(this.#requests, requestsPerMinute, share);
    this.#tokens = fill(this.#tokens, tokensPerMinute, share);
    this.#filledAt = now;
  }
}

function fill(level: number, perMinute: number, share: number): number {
  return perMinute === Number.POSITIVE_INFINITY ? perMinute : Math.min(perMinute, level + perMinute * share);
}

function wait(missing: number, perMinute: number): number {
  return missing <= 0 ? 0 : (missing / perMinute) * minute;
}
