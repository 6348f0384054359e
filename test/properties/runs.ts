import { expect } from 'vitest';

/** How often each property is tried: as `STEADYSTREAM_PROPERTY_RUNS` says, else 10,000 times in CI and 300 elsewhere. A failure prints its seed. */
export const numRuns: number = asked() ?? (process.env.CI ? 10_000 : 300);

/** Time enough, in milliseconds, for all runs of a property. */
export const timeout: number = 60_000 + numRuns * 20;

/** As `expect(actual).toBe(expected)`, for a comparison that is made a million times. */
export function same(actual: unknown, expected: unknown, what?: string): void {
  if (!Object.is(actual, expected)) expect(actual, what).toBe(expected);
}

/** As `expect(holds).toBe(true)`, for a question that is asked a million times. */
export function holds(condition: boolean, what: () => string): void {
  if (!condition) throw new Error(what());
}

function asked(): number | undefined {
  const runs = Number(process.env.STEADYSTREAM_PROPERTY_RUNS);
  return Number.isSafeInteger(runs) && runs > 0 ? runs : undefined;
}
