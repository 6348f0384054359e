import { defaults } from '../core/defaults.ts';

/** How much of a pace that failed is allowed again. */
const ceilingShare = 0.9;

/** How soon after its place came one goes that had waited for it, in milliseconds. */
const punctual = 50;

/**
 * Holds the requests of one key back while the provider asks for it, and lets them go one by one afterwards: a plain state machine
 * over a clock, and a turnstile for a line of waiters.
 *
 * The pace after the wait begins at one a second, gains by each success, is halved when the provider limits again, and then stays
 * below the pace that failed. Without trouble for a while it is forgotten. A wait that was cut short, because the provider asked for
 * too long a one, ends with a single probe.
 */
export class CooldownMachine {
  readonly #now: () => number;
  readonly #onLimited: (waitMs: number) => void;
  /** Nobody goes before. */
  #notBefore = Number.NEGATIVE_INFINITY;
  /** Requests a second; `undefined` while nothing holds them back. */
  #rate: number | undefined;
  /** The pace that failed last. */
  #ceiling = Number.POSITIVE_INFINITY;
  #lastPass = Number.NEGATIVE_INFINITY;
  #troubleAt = Number.NEGATIVE_INFINITY;
  /** Whether the wait is shorter than the provider asked for: then the first that goes is a probe. */
  #isCutShort = false;
  /** Since when the probe is out. */
  #probeSince: number | undefined;
  /** When one last went just as its place came: it had waited for it, and so may others. */
  #heldAt = Number.NEGATIVE_INFINITY;

  /** @param onLimited Told for how long, when the provider has said so. */
  constructor(now: () => number, onLimited: (waitMs: number) => void = () => {}) {
    this.#now = now;
    this.#onLimited = onLimited;
  }

  /** Milliseconds until the next one may go. Changes nothing. */
  due(): number {
    const now = this.#now();
    const rate = this.#paceAt(now);
    if (rate === undefined) return Math.max(0, this.#notBefore - now);
    const nextPlace = this.#probeSince === undefined ? this.#lastPass + 1_000 / rate : this.#probeSince + defaults.cooldown.maxWait;
    // Nor for longer than the pace is remembered.
    return Math.max(0, this.#notBefore - now, Math.min(nextPlace, this.#calmAt()) - now);
  }

  /** Milliseconds until the place behind `ahead` others comes, at the pace of now. */
  estimate(ahead: number): number {
    const now = this.#now();
    const rate = this.#paceAt(now);
    if (rate === undefined) return Math.max(0, this.#notBefore - now);
    return Math.max(this.#notBefore - now, this.#lastPass + 1_000 / rate - now, 0) + (ahead * 1_000) / rate;
  }

  /** One goes. */
  pass(): void {
    const now = this.#now();
    const rate = this.#paceAt(now);
    if (rate === undefined) {
      this.#forget();
      return;
    }
    if (now - (this.#lastPass + 1_000 / rate) < punctual) this.#heldAt = now;
    if (this.#isCutShort) this.#probeSince = now;
    this.#lastPass = now;
  }

  /** A request came to its first content. */
  succeeded(): void {
    this.#probeSince = undefined;
    this.#isCutShort = false;
    if (this.#rate === undefined) return;
    // Half of one more each second: more for each success would double the pace each second, and overshoot by as much.
    this.#rate = Math.min(this.#rate + defaults.cooldown.rateGain / Math.max(1, this.#rate), this.#ceiling);
  }

  /** The provider says, with an answer, that its limit is used up for this long. Nobody has been refused, so no pace is set. */
  exhausted(resetMs: number): void {
    this.#notBefore = Math.max(this.#notBefore, this.#now() + Math.min(resetMs, defaults.cooldown.maxHold));
  }

  /** The provider limits, for this long if it says so; without a word on how long, it only slows a pace that is set. A longer wait replaces a shorter one, never the reverse. */
  limited(retryAfterMs?: number): void {
    if (retryAfterMs === undefined && this.#rate === undefined) return;
    const now = this.#now();
    const { maxWait, rate, minRate } = defaults.cooldown;
    const hadPassed = this.#rate !== undefined && this.#lastPass >= this.#notBefore && this.#lastPass > this.#troubleAt;
    if (this.#rate === undefined) this.#rate = rate;
    else if (hadPassed) {
      this.#ceiling = Math.max(minRate, this.#rate * ceilingShare);
      this.#rate = Math.max(minRate, this.#rate / 2);
    }
    this.#probeSince = undefined;
    this.#troubleAt = now;
    const wait = retryAfterMs ?? 0;
    this.#isCutShort ||= wait > maxWait;
    this.#notBefore = Math.max(this.#notBefore, now + Math.min(wait, maxWait));
    if (wait > 0) this.#onLimited(wait);
  }

  /**
   * Somebody else was limited, for this long: the line leaves at a pace afterwards, as after a limit of its own, but none that is set has
   * failed. A longer wait replaces a shorter one, never the reverse; to be told again changes nothing.
   */
  hold(waitMs: number): void {
    const now = this.#now();
    const until = now + Math.min(waitMs, defaults.cooldown.maxWait);
    if (!(until > Math.max(now, this.#notBefore))) return;
    if (this.#paceAt(now) === undefined) {
      this.#forget();
      this.#rate = defaults.cooldown.rate;
    }
    this.#notBefore = until;
  }

  /** A request ended otherwise: it says nothing, but the next may try. */
  released(): void {
    this.#probeSince = undefined;
  }

  /** Whether forgetting it would change nothing. */
  get isIdle(): boolean {
    const now = this.#now();
    return this.#paceAt(now) === undefined && now >= this.#notBefore;
  }

  #paceAt(now: number): number | undefined {
    if (this.#rate === undefined) return undefined;
    return now >= this.#calmAt() ? undefined : this.#rate;
  }

  /** When the pace is forgotten: long after the last trouble. While a probe is out, or a line leaves at the pace, it is not over. */
  #calmAt(): number {
    const { maxWait, forgetAfter } = defaults.cooldown;
    const probeLostAt = (this.#probeSince ?? Number.NEGATIVE_INFINITY) + maxWait;
    return Math.max(this.#troubleAt, this.#notBefore, this.#heldAt, probeLostAt) + forgetAfter;
  }

  #forget(): void {
    this.#rate = undefined;
    this.#ceiling = Number.POSITIVE_INFINITY;
    this.#lastPass = Number.NEGATIVE_INFINITY;
    this.#heldAt = Number.NEGATIVE_INFINITY;
    this.#probeSince = undefined;
    this.#isCutShort = false;
  }
}
