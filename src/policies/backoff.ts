import * as z from 'zod';
import { defaults, maxTimerDelay } from '../core/defaults.ts';
import { callback, count, instance, milliseconds, within } from '../core/options.ts';
import type { RetryBudget } from './retry-budget.ts';

/**
 * How the wait is spread, so that streams that failed together do not come back together. With `d` for the exponential delay,
 * already inside the cap, and `r` for a number from 0 to 1:
 *
 * - `none`: `d`
 * - `full`: `r · d`
 * - `equal`: `d/2 + r · d/2`
 * - `proportional`: `d` less or more a quarter
 * - `decorrelated`: between the initial delay and three times the wait before
 */
export type Jitter = 'none' | 'full' | 'equal' | 'proportional' | 'decorrelated';

/** How often and how far apart a failed attempt is tried again. Times are milliseconds. */
export interface BackoffConfig {
  /** Attempts in all, the first included; 1 is no retry. Default: 3. */
  readonly maxAttempts?: number | undefined;
  /** The wait after the first failure, before jitter. Default: 1,000. */
  readonly initialDelay?: number | undefined;
  /** Each wait is this many times the one before. From 1 to 10. Default: 2. */
  readonly factor?: number | undefined;
  /** No wait is longer, but one that the provider asks for. Default: 20,000. */
  readonly maxDelay?: number | undefined;
  /** All waits of a call together. Default: 300,000. */
  readonly maxTotalDelay?: number | undefined;
  /** A provider that asks for a longer wait is not waited for: the error says how long it would be. Default: 120,000. */
  readonly maxRetryAfter?: number | undefined;
  /** Default: `full`. */
  readonly jitter?: Jitter | undefined;
  /** The number from 0 to 1 that the jitter uses. Default: a hash of request id, subscription and attempt, the same on every run. */
  readonly random?: ((requestId: string, attempt: number) => number) | undefined;
  /** What retries may cost, over all the streams that share it. A retry that finds it empty is not made. Default: no limit. */
  readonly budget?: RetryBudget | undefined;
  /** Whether a failure after content is tried again too: the content is then repeated. Default: false. */
  readonly afterContent?: boolean | undefined;
}

/** The options of a {@link BackoffConfig}, checked; defaults filled in. */
export const backoffSchema = z.strictObject({
  maxAttempts: count(1).default(defaults.retry.maxAttempts),
  initialDelay: milliseconds(0).default(defaults.retry.initialDelay),
  factor: within(1, 10).default(defaults.retry.factor),
  maxDelay: milliseconds(0).default(defaults.retry.maxDelay),
  maxTotalDelay: milliseconds(0).default(defaults.retry.maxTotalDelay),
  maxRetryAfter: milliseconds(0).default(defaults.retry.maxRetryAfter),
  jitter: z
    .enum(['none', 'full', 'equal', 'proportional', 'decorrelated'], {
      error: 'must be one of none, full, equal, proportional, decorrelated',
    })
    .default(defaults.retry.jitter),
  random: callback<(requestId: string, attempt: number) => number>().optional(),
  budget: instance<RetryBudget>('take', 'createRetryBudget').optional(),
  afterContent: z.boolean({ error: 'must be true or false' }).default(false),
});

/** A {@link BackoffConfig} with every default in place. */
export type ResolvedBackoff = z.output<typeof backoffSchema>;

/**
 * The wait after attempt `attempt` failed, in milliseconds: a pure function, to be called and printed.
 *
 * @param random A number from 0 up to 1 for an attempt.
 *
 * @example
 * ```ts
 * [1, 2, 3].map((attempt) => backoffDelay({ jitter: 'none' }, attempt)); // [1000, 2000, 4000]
 * ```
 */
export function backoffDelay(policy: BackoffConfig, attempt: number, random: (attempt: number) => number = () => 0.5): number {
  const { initialDelay = defaults.retry.initialDelay, maxDelay = defaults.retry.maxDelay } = policy;
  const { factor = defaults.retry.factor, jitter = defaults.retry.jitter } = policy;
  const cap = Math.min(maxDelay, maxTimerDelay);
  // Math.pow of a large attempt is Infinity, which the cap swallows; 0 times Infinity would be NaN.
  const grown = initialDelay === 0 ? 0 : initialDelay * factor ** (attempt - 1);
  const delay = Math.min(cap, grown);
  const floor = Math.min(defaults.retry.minDelay, delay);
  return Math.max(floor, jittered(jitter, delay, { attempt, cap, initialDelay, random }));
}

/** What the jitter is made of. */
interface Spread {
  readonly attempt: number;
  readonly cap: number;
  readonly initialDelay: number;
  readonly random: (attempt: number) => number;
}

function jittered(jitter: Jitter, delay: number, { attempt, cap, initialDelay, random }: Spread): number {
  // A number from outside its range would make the wait one that the policy does not allow.
  const draw = (each: number): number => Math.min(1, Math.max(0, random(each) || 0));
  switch (jitter) {
    case 'none':
      return delay;
    case 'full':
      return draw(attempt) * delay;
    case 'equal':
      return delay / 2 + (draw(attempt) * delay) / 2;
    case 'proportional':
      // The cap is divided before, so that the spread neither exceeds it nor collapses onto it.
      return Math.min(delay, cap / 1.25) * (0.75 + draw(attempt) / 2);
    case 'decorrelated': {
      let wait = Math.min(initialDelay, cap);
      for (let each = 1; each <= Math.min(attempt, 64); each++) {
        const base = Math.min(initialDelay, cap);
        wait = base + draw(each) * (Math.min(cap, wait * 3) - base);
      }
      return wait;
    }
  }
}
