import { deepEqual, equal, ok } from 'node:assert/strict';

interface RegisteredTest {
  readonly name: string;
  run(): unknown;
}

/** The tests that blocks have registered, which the runner runs. */
export const registered: RegisteredTest[] = [];

/** What a page calls `test`: it shows tests of the reader's, and belongs to no runner. */
export function test(name: string, run: () => unknown): void {
  registered.push({ name, run });
}

export const it = test;

/** As much of `expect` as pages use. */
export function expect(actual: unknown) {
  return {
    toBe: (expected: unknown): void => equal(actual, expected),
    toEqual: (expected: unknown): void => deepEqual(actual, expected),
    toHaveLength: (length: number): void => equal((actual as { length: number }).length, length),
    toContain: (part: string): void => ok(String(actual).includes(part)),
  };
}
