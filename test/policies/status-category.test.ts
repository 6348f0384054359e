import { describe, expect, it, test } from 'vitest';
import type { ErrorCategory } from '../../src/core/error-category.ts';
import { statusCategory, statusRetryable } from '../../src/policies/status-category.ts';

describe('a status', () => {
  test.each<[number, ErrorCategory]>([
    [301, 'protocol'],
    [400, 'invalid-request'],
    [401, 'authentication'],
    [402, 'quota-exhausted'],
    [403, 'permission-denied'],
    [404, 'not-found'],
    [405, 'invalid-request'],
    [408, 'timeout'],
    [409, 'conflict'],
    [410, 'not-found'],
    [413, 'invalid-request'],
    [418, 'invalid-request'],
    [422, 'invalid-request'],
    [425, 'server-error'],
    [429, 'rate-limit'],
    [451, 'invalid-request'],
    [498, 'overloaded'],
    [499, 'timeout'],
    [500, 'server-error'],
    [502, 'server-error'],
    [503, 'server-error'],
    [504, 'server-error'],
    [520, 'server-error'],
    [524, 'server-error'],
    [529, 'overloaded'],
    [530, 'server-error'],
  ])('%i is %s', (status, category) => {
    expect(statusCategory(status)).toBe(category);
  });

  it('of success says nothing', () => {
    for (const status of [undefined, 0, 100, 200, 204, 299]) expect(statusCategory(status)).toBeUndefined();
  });

  it('means something from 300 on', () => {
    for (let status = 300; status < 600; status++) expect(statusCategory(status)).toBeDefined();
  });

  it('overrules its category where asking again changes nothing', () => {
    for (const status of [300, 301, 302, 304, 308, 399, 501, 505]) expect(statusRetryable(status), String(status)).toBe(false);
    for (const status of [undefined, 200, 299, 400, 429, 500, 502, 503, 529])
      expect(statusRetryable(status), String(status)).toBeUndefined();
  });
});
