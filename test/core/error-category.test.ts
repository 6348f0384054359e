import { describe, expect, it } from 'vitest';
import { type ErrorCategory, errorCategories } from '../../src/core/error-category.ts';

const all = Object.keys(errorCategories) as ErrorCategory[];
const where = (test: (category: (typeof errorCategories)[ErrorCategory]) => boolean) =>
  all.filter((name) => test(errorCategories[name])).sort();

describe('the table of categories', () => {
  it('has a row for each word of the vocabulary', () => {
    const words =
      'authentication permission-denied invalid-request context-length not-found conflict rate-limit quota-exhausted overloaded server-error network interrupted timeout content-filter protocol invalid-output circuit-open limit-exceeded buffer-overflow replay-gap cancelled unknown';
    expect(all.sort()).toEqual(words.split(' ').sort());
  });

  it('retries nothing that waiting cannot mend', () => {
    expect(where(({ retryable }) => !retryable)).toEqual([
      'authentication',
      'buffer-overflow',
      'cancelled',
      'conflict',
      'content-filter',
      'context-length',
      'invalid-output',
      'invalid-request',
      'not-found',
      'permission-denied',
      'quota-exhausted',
      'replay-gap',
      'unknown',
    ]);
  });

  it('brk-23 holds only the provider’s failures against the provider', () => {
    expect(where(({ outcome }) => outcome === 'failure')).toEqual([
      'interrupted',
      'network',
      'overloaded',
      'protocol',
      'server-error',
      'timeout',
      'unknown',
    ]);
    expect(where(({ outcome }) => outcome === 'success')).toEqual(['invalid-output']);
  });

  it('feeds the cooldown with what has a limit', () => {
    expect(where(({ cooldown }) => cooldown)).toEqual(['overloaded', 'rate-limit']);
  });

  it('tells an end user something, and nothing technical', () => {
    for (const name of all) expect(errorCategories[name].publicMessage).toMatch(/^[A-Z][A-Za-z ,.]+\.$/);
  });
});
