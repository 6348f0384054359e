import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { defaults, maxTimerDelay } from '../../src/core/defaults.ts';
import { type BackoffConfig, backoffDelay, backoffSchema, type Jitter } from '../../src/policies/backoff.ts';
import { propertyTimeout, runs } from '../core/properties.ts';

const jitters: readonly Jitter[] = ['none', 'full', 'equal', 'proportional', 'decorrelated'];
const wait = fc.oneof(
  fc.integer({ min: 0, max: 60_000 }),
  fc.double({ min: 0.001, max: maxTimerDelay, noNaN: true }),
  fc.constant(Number.POSITIVE_INFINITY),
);
const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const policy = fc.record({
  initialDelay: wait,
  maxDelay: wait,
  factor: fc.double({ min: 1, max: 10, noNaN: true }),
  jitter: fc.constantFrom(...jitters),
});
const attempts = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 13, max: 2_000 }), fc.constant(1_000_000));

/** The delay before jitter, as the documentation says. */
function planned(
  { initialDelay, maxDelay, factor }: Required<Pick<BackoffConfig, 'initialDelay' | 'maxDelay' | 'factor'>> & BackoffConfig,
  attempt: number,
): number {
  const cap = Math.min(maxDelay as number, maxTimerDelay);
  if (initialDelay === 0) return 0;
  return Math.min(cap, (initialDelay as number) * (factor as number) ** (attempt - 1));
}

describe('the wait', () => {
  it('doubles from the first to the cap', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7].map((attempt) => backoffDelay({ jitter: 'none' }, attempt));
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000]);
  });

  it('rty-05 is 100 ms, then 200 ms, for a first delay of 100 ms without jitter', () => {
    const python = { initialDelay: 100, maxDelay: 1_000, factor: 2, jitter: 'none' } as const;
    expect([1, 2].map((attempt) => backoffDelay(python, attempt))).toEqual([100, 200]);
  });

  it('rty-23 is always the first delay where it does not grow', () => {
    expect([1, 2, 3, 50].map((attempt) => backoffDelay({ initialDelay: 300, factor: 1, jitter: 'none' }, attempt))).toEqual([
      300, 300, 300, 300,
    ]);
  });

  it('is halved at random 0.5 by default, and needs no options', () => {
    expect(backoffDelay({}, 1)).toBe(500);
    expect(backoffDelay({ initialDelay: undefined, jitter: undefined }, 2)).toBe(1_000);
  });

  it('is within the bounds of its jitter, a number, never beyond the cap nor a timer', { timeout: propertyTimeout }, () => {
    fc.assert(
      fc.property(policy, attempts, fc.array(unit, { minLength: 64, maxLength: 64 }), (config, attempt, numbers) => {
        const delay = backoffDelay(config, attempt, (each) => numbers[(each - 1) % 64] as number);
        const whole = planned(config, attempt);
        const cap = Math.min(config.maxDelay, maxTimerDelay);
        const floor = Math.min(defaults.retry.minDelay, whole);
        const base = Math.min(config.initialDelay, cap);
        const bounds: Record<Jitter, [number, number]> = {
          none: [whole, whole],
          full: [floor, whole],
          equal: [whole / 2, whole],
          proportional: [Math.min(whole, cap / 1.25) * 0.75, Math.min(whole * 1.25, cap)],
          decorrelated: [base, cap],
        };
        const [low, high] = bounds[config.jitter];
        expect(delay).toBeGreaterThanOrEqual(Math.max(floor, low * (1 - 1e-12)));
        expect(delay).toBeLessThanOrEqual(Math.max(floor, high * (1 + 1e-12)));
        expect(delay).toBeLessThanOrEqual(maxTimerDelay);
      }),
      runs(1_000),
    );
  });

  it('reaches down to the lower bound and up to the upper', () => {
    const at = (jitter: Jitter, number: number) => backoffDelay({ initialDelay: 1_000, jitter }, 2, () => number);
    expect([at('full', 0), at('full', 1)]).toEqual([50, 2_000]);
    expect([at('equal', 0), at('equal', 1)]).toEqual([1_000, 2_000]);
    expect([at('proportional', 0), at('proportional', 1)]).toEqual([1_500, 2_500]);
    expect([at('decorrelated', 0), at('decorrelated', 1)]).toEqual([1_000, 9_000]);
  });

  test.each(jitters.filter((jitter) => jitter !== 'none'))('does not collapse onto the cap: %s', (jitter) => {
    // 89 % of another library's 11th delays are exactly its cap.
    const delays = Array.from({ length: 2_000 }, (_, index) =>
      backoffDelay({ jitter }, 11, (each) => ((index + each * 773) % 2_000) / 2_000),
    );
    const atCap = delays.filter((delay) => delay >= defaults.retry.maxDelay * 0.999);
    expect(atCap.length).toBeLessThan(60);
    expect(new Set(delays.map((delay) => Math.floor(delay / 100))).size).toBeGreaterThan(70);
    expect(Math.max(...delays)).toBeLessThanOrEqual(defaults.retry.maxDelay);
  });

  test.each(jitters)('is a number at attempt 1,000,000: %s', (jitter) => {
    for (const number of [0, 0.5, 0.999]) {
      for (const initialDelay of [0, 1, 1_000, Number.POSITIVE_INFINITY]) {
        const delay = backoffDelay({ jitter, initialDelay, factor: 10 }, 1_000_000, () => number);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(20_000);
      }
    }
  });

  it('is no longer than a timer can hold, even without a cap', () => {
    expect(backoffDelay({ maxDelay: Number.POSITIVE_INFINITY, jitter: 'none' }, 500)).toBe(maxTimerDelay);
  });

  it('rty-21 is not under 50 ms, unless all of it is shorter', () => {
    expect(backoffDelay({ initialDelay: 1_000 }, 1, () => 0)).toBe(50);
    expect(backoffDelay({ initialDelay: 3 }, 1, () => 0)).toBe(3);
    expect(backoffDelay({ initialDelay: 0 }, 9, () => 0)).toBe(0);
  });
});

describe('the options', () => {
  it('have the defaults of the design', () => {
    expect(backoffSchema.parse({})).toEqual({
      maxAttempts: 3,
      initialDelay: 1_000,
      factor: 2,
      maxDelay: 20_000,
      maxTotalDelay: 300_000,
      maxRetryAfter: 120_000,
      jitter: 'full',
      random: undefined,
      afterContent: false,
    });
  });

  test.each<[string, object]>([
    ['rty-16 no attempt at all', { maxAttempts: 0 }],
    ['half an attempt', { maxAttempts: 1.5 }],
    ['attempts without end', { maxAttempts: Number.POSITIVE_INFINITY }],
    ['a negative wait', { initialDelay: -1 }],
    ['a wait beyond a timer', { maxDelay: 2 ** 31 }],
    ['a shrinking wait', { factor: 0.5 }],
    ['a jitter that is none', { jitter: 'some' }],
    ['a typo', { maxAttempt: 3 }],
  ])('refuse %s', (_name, options) => {
    expect(backoffSchema.safeParse(options).success).toBe(false);
  });
});
