import { describe, expect, it } from 'vitest';
import { defaults, maxTimerDelay } from '../../src/core/defaults.ts';

describe('the defaults', () => {
  it('rty-11 are documented, finite and readable', () => {
    expect(defaults.retry).toEqual({
      maxAttempts: 3,
      initialDelay: 1_000,
      factor: 2,
      maxDelay: 20_000,
      maxTotalDelay: 300_000,
      maxRetryAfter: 120_000,
      jitter: 'full',
      minDelay: 50,
    });
    expect(defaults.maxRequests).toBe(8);
  });

  it('are those of the design: headers 30 s, first content 120 s, idle 60 s, total 10 min', () => {
    expect(defaults.timeout).toEqual({ headers: 30_000, firstContent: 120_000, idle: 60_000, total: 600_000 });
  });

  it('brk-27 are those that the simulations chose for the breaker', () => {
    expect(defaults.breaker).toMatchObject({
      failureRatio: 0.5,
      minOutcomes: 20,
      consecutiveFailures: 5,
      window: 60_000,
      slowAfter: 15_000,
      pendingFor: 10_000,
      openFor: 5_000,
      maxOpenFor: 30_000,
      resetAfter: 60_000,
      probes: 3,
      requiredProbes: 2,
    });
    expect(defaults.breaker.probeTimeout).toBe(defaults.timeout.headers + defaults.timeout.firstContent + 10_000);
  });

  it('hold no wait that a timer cannot', () => {
    const numbers = (value: unknown): number[] => (typeof value === 'number' ? [value] : Object.values(value as object).flatMap(numbers));
    for (const number of numbers({ ...defaults.retry, jitter: 1, ...defaults.timeout, ...defaults.breaker })) {
      expect(number).toBeGreaterThan(0);
      expect(number).toBeLessThanOrEqual(maxTimerDelay);
    }
  });
});
