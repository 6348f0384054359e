import * as z from 'zod';
import { defaults } from '../core/defaults.ts';
import type { BreakerReason, BreakerState } from '../core/lifecycle.ts';
import { callback, count, milliseconds, within } from '../core/options.ts';

/** A change of state, and why. */
export interface BreakerChange {
  readonly from: BreakerState;
  readonly to: BreakerState;
  readonly reason: BreakerReason;
  /** How long the breaker stays open, when it opens. */
  readonly openForMs?: number | undefined;
  /** What the provider asked for with the failure that opened it, if it did: then the trouble is the provider's, and every process has it. */
  readonly retryAfterMs?: number | undefined;
}

/** What a breaker has seen lately. */
export interface BreakerSnapshot {
  readonly state: BreakerState;
  /** Failures before first content, of all that failed or arrived; 0 to 1. */
  readonly failureRatio: number;
  /** Deaths after first content, of all that died or ended; 0 to 1. */
  readonly deathRatio: number;
  /** Half or more of the attempts are given up before first content. The breaker opens for that only with `openOnSlow`. */
  readonly degraded: boolean;
  readonly pending: number;
  /** Outcomes that came from before the last change of state, and moved nothing. */
  readonly stale: number;
  /** Milliseconds until a probe is let through, while open. */
  readonly retryAfterMs: number | undefined;
}

/** What a breaker has to remember when its process ends: for `createCircuitBreaker({ initial })`. */
export interface StoredBreaker {
  readonly version: 1;
  readonly state: BreakerState;
  /** A time in milliseconds since 1970. */
  readonly openUntil: number;
  /** Openings in a row, for the doubling. */
  readonly openings: number;
}

/** When a circuit breaker opens and closes. Times are milliseconds. */
export interface CircuitBreakerConfig {
  /** The share of failures from which it opens; 0 to 1. Default: 0.5. */
  readonly failureRatio?: number | undefined;
  /** Outcomes below which no ratio speaks. Default: 20. */
  readonly minOutcomes?: number | undefined;
  /** Failures in a row that open it while there are fewer outcomes than `minOutcomes`. Default: 5. */
  readonly consecutiveFailures?: number | undefined;
  /** How far back outcomes count. Default: 60,000. */
  readonly window?: number | undefined;
  /** An attempt given up before first content after this long is slow, a younger one is nothing. Default: 15,000. */
  readonly slowAfter?: number | undefined;
  /** Whether slowness opens it; right where a fallback is configured. Default: false. */
  readonly openOnSlow?: boolean | undefined;
  /** How long it is open at first, halved at random at most; doubles with each opening in turn. Default: 5,000. */
  readonly openFor?: number | undefined;
  /** Default: 30,000. */
  readonly maxOpenFor?: number | undefined;
  /** Closed for this long, the doubling is forgotten. Default: 60,000. */
  readonly resetAfter?: number | undefined;
  /** How long a probe may take to show content before its place is given to another. Default: 160,000. */
  readonly probeTimeout?: number | undefined;
  /** A number from 0 up to 1 that spreads the time it is open. Default: seeded anew for each breaker. */
  readonly random?: (() => number) | undefined;
  /** What `toJSON()` gave in an earlier process. A breaker that was being probed is open, and may be probed at once. Default: closed. */
  readonly initial?: StoredBreaker | undefined;
  /** Counts and reports, but lets everything through. Default: false. */
  readonly shadow?: boolean | undefined;
}

const ratio = () => within(0.01, 1).default(defaults.breaker.failureRatio);

/** The options of a breaker, checked; defaults filled in. */
export const breakerSchema = z.strictObject({
  failureRatio: ratio(),
  minOutcomes: count(1).default(defaults.breaker.minOutcomes),
  consecutiveFailures: count(1).default(defaults.breaker.consecutiveFailures),
  window: milliseconds(100).default(defaults.breaker.window),
  slowAfter: milliseconds(1).default(defaults.breaker.slowAfter),
  openOnSlow: z.boolean({ error: 'must be true or false' }).default(false),
  openFor: milliseconds(1).default(defaults.breaker.openFor),
  maxOpenFor: milliseconds(1).default(defaults.breaker.maxOpenFor),
  resetAfter: milliseconds(0).default(defaults.breaker.resetAfter),
  probeTimeout: milliseconds(1).default(defaults.breaker.probeTimeout),
  random: callback<() => number>().optional(),
  initial: z
    .strictObject({
      version: z.literal(1),
      state: z.enum(['closed', 'open', 'half-open', 'isolated']),
      openUntil: z.number(),
      openings: count(0),
    })
    .optional(),
  shadow: z.boolean({ error: 'must be true or false' }).default(false),
});

/** A breaker's options with every default in place. */
export type BreakerSettings = z.output<typeof breakerSchema>;
