import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { maxTimerDelay } from '../../src/core/defaults.ts';
import { type ErrorCategory, errorCategories } from '../../src/core/error-category.ts';
import { type ErrorInit, ProviderError } from '../../src/core/provider-error.ts';
import { type BackoffConfig, backoffSchema } from '../../src/policies/backoff.ts';
import { decideRetry, type RetryState } from '../../src/policies/retry-decision.ts';
import { propertyTimeout, runs } from '../core/properties.ts';

const plain: BackoffConfig = { maxAttempts: 3, initialDelay: 100, maxDelay: 1_000, factor: 2, jitter: 'none' };

function decide(error: ErrorInit, policy: BackoffConfig = plain, state: Partial<RetryState> = {}) {
  const attempt = state.attempt ?? 1;
  return decideRetry(new ProviderError(error), backoffSchema.parse(policy), {
    attempt,
    requests: attempt,
    maxRequests: 8,
    waited: 0,
    refusedFor: () => 0,
    takeToken: () => true,
    remaining: Number.POSITIVE_INFINITY,
    random: () => 0.5,
    ...state,
  });
}

describe('a failed attempt', () => {
  it('rty-04 rty-05 is followed by another after 100 ms, then 200 ms, then none: attempts count the first', () => {
    const all = [1, 2, 3].map((attempt) => decide({ category: 'server-error' }, plain, { attempt }));
    expect(all).toEqual([{ delayMs: 100 }, { delayMs: 200 }, { gaveUp: 'attempts' }]);
  });

  it('rty-25 has one more try where two are allowed', () => {
    const policy = { maxAttempts: 2, initialDelay: 250, jitter: 'none' } as const;
    expect(decide({ category: 'network' }, policy)).toEqual({ delayMs: 250 });
    expect(decide({ category: 'network' }, policy, { attempt: 2 })).toEqual({ gaveUp: 'attempts' });
  });

  it('is not followed by another beyond the requests of the call', () => {
    expect(decide({ category: 'network' }, { ...plain, maxAttempts: 99 }, { attempt: 8 })).toEqual({ gaveUp: 'attempts' });
    expect(decide({ category: 'network' }, { ...plain, maxAttempts: 99 }, { attempt: 2, requests: 8 })).toEqual({ gaveUp: 'attempts' });
  });

  test.each<[ErrorCategory]>(
    (Object.keys(errorCategories) as ErrorCategory[]).filter((name) => !errorCategories[name].retryable).map((name) => [name]),
  )('rty-03 rty-12 is not retried: %s', (category) => {
    expect(decide({ category })).toEqual({ gaveUp: 'not-retryable' });
  });

  it('rty-07 rty-12 is judged by the flag on the error, whatever the category', () => {
    expect(decide({ category: 'server-error', retryable: false })).toEqual({ gaveUp: 'not-retryable' });
    expect(decide({ category: 'authentication', retryable: true })).toEqual({ delayMs: 100 });
  });

  it('rty-27 is not waited for where this side refused it: no backoff against one’s own breaker', () => {
    // Nothing was tried that could be given up.
    expect(decide({ category: 'circuit-open', retryAfterMs: 5 })).toEqual({ gaveUp: undefined });
    expect(decide({ category: 'limit-exceeded' })).toEqual({ gaveUp: undefined });
  });

  it('is not repeated after content, unless asked for', () => {
    expect(decide({ category: 'network', phase: 'streaming' })).toEqual({ gaveUp: 'content-delivered' });
    expect(decide({ category: 'network', phase: 'streaming' }, { ...plain, afterContent: true })).toEqual({ delayMs: 100 });
    expect(decide({ category: 'network', phase: 'first-content' })).toEqual({ delayMs: 100 });
  });
});

describe('the total', () => {
  it('rty-09 allows one call where the first wait is longer than all waits may be', () => {
    expect(decide({ category: 'server-error' }, { maxAttempts: 10, initialDelay: 1_000, maxTotalDelay: 500, jitter: 'none' })).toEqual({
      gaveUp: 'deadline',
    });
  });

  it('counts what was waited before', () => {
    const policy = { ...plain, maxTotalDelay: 300 };
    expect(decide({ category: 'server-error' }, policy, { waited: 200 })).toEqual({ delayMs: 100 });
    expect(decide({ category: 'server-error' }, policy, { waited: 201 })).toEqual({ gaveUp: 'deadline' });
  });

  it('is not truncated to the time that remains: an attempt that comes too early helps nobody', () => {
    expect(decide({ category: 'network' }, plain, { remaining: 101 })).toEqual({ delayMs: 100 });
    expect(decide({ category: 'network' }, plain, { remaining: 100 })).toEqual({ gaveUp: 'deadline' });
    expect(decide({ category: 'network' }, plain, { remaining: -5 })).toEqual({ gaveUp: 'deadline' });
  });
});

describe('what the provider asks for', () => {
  it('rty-06 is a floor', () => {
    expect(decide({ category: 'rate-limit', retryAfterMs: 200 }, plain, { random: () => 0 })).toEqual({ delayMs: 200 });
    expect(decide({ category: 'rate-limit', retryAfterMs: 50 }, plain)).toEqual({ delayMs: 100 });
  });

  it('rty-13 is never undercut, and spread upward by a tenth at most', { timeout: propertyTimeout }, () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 120_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (retryAfterMs, number) => {
          const decision = decide({ category: 'rate-limit', retryAfterMs }, { initialDelay: 0, maxDelay: 0 }, { random: () => number });
          const { delayMs } = decision as { delayMs: number };
          expect(delayMs).toBeGreaterThanOrEqual(retryAfterMs);
          expect(delayMs).toBeLessThanOrEqual(Math.ceil(retryAfterMs + Math.min(retryAfterMs / 10, 10_000)));
        },
      ),
      runs(),
    );
  });

  it('spreads those who were told the same, unless no jitter is wanted', () => {
    const delays = (jitter: 'full' | 'none') =>
      Array.from({ length: 20 }, (_, index) =>
        JSON.stringify(decide({ category: 'rate-limit', retryAfterMs: 60_000 }, { ...plain, jitter }, { random: () => index / 20 })),
      );
    expect(new Set(delays('full')).size).toBe(20);
    expect(new Set(delays('none'))).toEqual(new Set(['{"delayMs":60000}']));
  });

  it.each([Number.NaN, -1, 7, Number.POSITIVE_INFINITY])(
    'is within its bounds also where the number of the user’s own random is none: %d',
    (number) => {
      const decision = decide(
        { category: 'rate-limit', retryAfterMs: 1_000 },
        { initialDelay: 10, jitter: 'full' },
        { random: () => number },
      );
      const { delayMs } = decision as { delayMs: number };
      expect(delayMs).toBeGreaterThanOrEqual(1_000);
      expect(delayMs).toBeLessThanOrEqual(1_100);
    },
  );

  it('rty-14 is waited for in full or not at all: 120 s with a cap of 60 s', () => {
    const error: ErrorInit = { category: 'rate-limit', retryAfterMs: 120_000 };
    expect(decide(error, { ...plain, maxDelay: 60_000 }, { random: () => 0 })).toEqual({ delayMs: 120_000 });
    expect(decide(error, { ...plain, maxRetryAfter: 60_000 })).toEqual({ gaveUp: 'retry-after' });
    expect(decide({ ...error, retryAfterMs: 120_001 })).toEqual({ gaveUp: 'retry-after' });
    expect(decide({ ...error, retryAfterMs: Number.POSITIVE_INFINITY })).toEqual({ gaveUp: 'retry-after' });
  });

  it('is not waited for past the deadline', () => {
    expect(decide({ category: 'rate-limit', retryAfterMs: 5_000 }, plain, { remaining: 4_000 })).toEqual({ gaveUp: 'deadline' });
  });

  it('rty-15 is at once where it is 0', () => {
    const decision = decide({ category: 'rate-limit', retryAfterMs: 0 }, { initialDelay: 10_000, jitter: 'none' }) as { delayMs: number };
    expect(decision.delayMs).toBeLessThanOrEqual(50);
  });

  it('rty-24 cls-17 is the ordinary backoff where nothing is said', () => {
    for (const category of ['rate-limit', 'timeout', 'server-error', 'overloaded'] as const)
      expect(decide({ category })).toEqual({ delayMs: 100 });
  });

  it('never sets a timer that fires at once because it is too long', () => {
    const unlimited = { ...plain, maxRetryAfter: Number.POSITIVE_INFINITY, maxTotalDelay: Number.POSITIVE_INFINITY };
    for (const retryAfterMs of [2 ** 31, 1e12, Number.MAX_VALUE, maxTimerDelay]) {
      const decision = decide({ category: 'rate-limit', retryAfterMs }, unlimited);
      if ('delayMs' in decision) expect(decision.delayMs).toBeLessThanOrEqual(maxTimerDelay);
      else expect(decision).toMatchObject({ gaveUp: expect.stringMatching(/retry-after|deadline/) });
    }
  });
});

describe('any decision', () => {
  const state = fc.record({
    attempt: fc.integer({ min: 1, max: 2_000_000 }),
    waited: fc.nat(400_000),
    refusedFor: fc.constant(() => 0),
    takeToken: fc.constant(() => true),
    remaining: fc.oneof(fc.integer({ min: -1_000, max: 700_000 }), fc.constant(Number.POSITIVE_INFINITY)),
  });
  const wait = fc.option(fc.oneof(fc.integer({ min: 0, max: 200_000 }), fc.double({ min: 0, noNaN: true })), { nil: undefined });

  it('is a whole wait within every limit, or a reason', { timeout: propertyTimeout }, () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(errorCategories) as ErrorCategory[])),
        wait,
        state,
        fc.integer({ min: 1, max: 3_000_000 }),
        (category, retryAfterMs, given, maxAttempts) => {
          const decision = decide({ category, retryAfterMs }, { maxAttempts }, { ...given, requests: 1 });
          if ('gaveUp' in decision) {
            if (errorCategories[category].side === 'local' && errorCategories[category].retryable) expect(decision.gaveUp).toBeUndefined();
            else expect(['not-retryable', 'attempts', 'retry-after', 'deadline']).toContain(decision.gaveUp);
            return;
          }
          if ('refusedFor' in decision) throw new Error('no breaker refuses here');
          expect(Number.isInteger(decision.delayMs)).toBe(true);
          expect(decision.delayMs).toBeGreaterThanOrEqual(retryAfterMs ?? 0);
          expect(decision.delayMs + given.waited).toBeLessThanOrEqual(300_000);
          expect(decision.delayMs).toBeLessThan(given.remaining);
          expect(given.attempt).toBeLessThan(maxAttempts);
          expect(errorCategories[category]).toMatchObject({ retryable: true, side: expect.not.stringMatching('local') });
        },
      ),
      runs(1_000),
    );
  });
});
