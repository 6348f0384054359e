import { describe, expect, it, vi } from 'vitest';
import { type ErrorInit, ProviderError } from '../../src/core/provider-error.ts';
import { backoffSchema } from '../../src/policies/backoff.ts';
import { decideRetry, type RetryState } from '../../src/policies/retry-decision.ts';

function decide(error: ErrorInit, state: Partial<RetryState> = {}) {
  return decideRetry(new ProviderError(error), backoffSchema.parse({ initialDelay: 100, jitter: 'none' }), {
    attempt: 1,
    requests: 1,
    maxRequests: 8,
    waited: 0,
    remaining: Number.POSITIVE_INFINITY,
    refusedFor: () => 0,
    takeToken: () => true,
    random: () => 0.5,
    ...state,
  });
}

describe('a retry', () => {
  it('is not made without a token', () => {
    expect(decide({ category: 'server-error' }, { takeToken: () => false })).toEqual({ gaveUp: 'budget' });
  });

  it('after a rate limit costs an attempt, but no token', () => {
    const takeToken = vi.fn(() => false);
    expect(decide({ category: 'rate-limit' }, { takeToken })).toEqual({ delayMs: 100 });
    expect(takeToken).not.toHaveBeenCalled();
  });

  it('asks the breaker before it spends a token on a closed door', () => {
    const takeToken = vi.fn(() => true);
    expect(decide({ category: 'server-error' }, { takeToken, refusedFor: () => 101 })).toEqual({ refusedFor: 101 });
    expect(takeToken).not.toHaveBeenCalled();
    expect(decide({ category: 'server-error' }, { takeToken, refusedFor: () => 100 })).toEqual({ delayMs: 100 });
    expect(takeToken).toHaveBeenCalledOnce();
  });

  it('takes no token where it is not made for another reason', () => {
    const takeToken = vi.fn(() => true);
    decide({ category: 'authentication' }, { takeToken });
    decide({ category: 'network', phase: 'streaming' }, { takeToken });
    decide({ category: 'network' }, { takeToken, attempt: 3 });
    decide({ category: 'network' }, { takeToken, remaining: 100 });
    decide({ category: 'overloaded', retryAfterMs: 1e9 }, { takeToken });
    expect(takeToken).not.toHaveBeenCalled();
  });
});
