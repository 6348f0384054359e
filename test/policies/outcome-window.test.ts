import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Outcome, type Outcomes, OutcomeWindow } from '../../src/policies/outcome-window.ts';
import { propertyTimeout, runs } from '../core/properties.ts';

const kinds = ['contents', 'errors', 'terminals', 'deaths', 'slow'] as const;
const none: Outcomes = { contents: 0, errors: 0, terminals: 0, deaths: 0, slow: 0 };

interface Logged {
  readonly outcome: Outcome;
  readonly at: number;
}

/** As policies.md says it: the newest buckets, two at least, and as many more within the window as give enough. */
function recount(log: readonly Logged[], now: number, width: number, buckets: number, enough: number): Outcomes {
  const age = ({ at }: Logged) => Math.floor(now / width) - Math.floor(at / width);
  const over = (depth: number, kind: Outcome) => log.filter((each) => each.outcome === kind && age(each) < depth).length;
  const depth = (...pair: readonly Outcome[]) => {
    let reach = Math.min(2, buckets);
    while (reach < buckets && pair.reduce((sum, kind) => sum + over(reach, kind), 0) < enough) reach++;
    return reach;
  };
  const starts = depth('contents', 'errors');
  const ends = depth('terminals', 'deaths');
  return {
    contents: over(starts, 'contents'),
    errors: over(starts, 'errors'),
    slow: over(starts, 'slow'),
    terminals: over(ends, 'terminals'),
    deaths: over(ends, 'deaths'),
  };
}

describe('the window', () => {
  it('sums what a recount of the log says', { timeout: propertyTimeout }, () => {
    const gap = fc.oneof(
      { weight: 6, arbitrary: fc.nat(500) },
      { weight: 3, arbitrary: fc.nat(8_000) },
      { weight: 1, arbitrary: fc.integer({ min: 30_000, max: 10_000_000 }) },
    );
    const step = fc.oneof(
      { weight: 12, arbitrary: fc.tuple(fc.constantFrom(...kinds), gap) },
      { weight: 1, arbitrary: fc.constant('clear' as const) },
    );
    const shape = fc.record({
      start: fc.nat(1_000_000),
      buckets: fc.integer({ min: 1, max: 12 }),
      width: fc.integer({ min: 10, max: 6_000 }),
      enough: fc.integer({ min: 1, max: 25 }),
    });
    fc.assert(
      fc.property(shape, fc.array(step, { maxLength: 120, size: 'max' }), ({ start, buckets, width, enough }, steps) => {
        const window = new OutcomeWindow(width * buckets, buckets, enough);
        let log: Logged[] = [];
        let now = start;
        for (const each of steps) {
          if (each === 'clear') {
            window.clear();
            log = [];
          } else {
            const [outcome, wait] = each;
            now += wait;
            expect(window.sum(now)).toEqual(recount(log, now, width, buckets, enough));
            window.add(outcome, now);
            log.push({ outcome, at: now });
          }
          expect(window.sum(now)).toEqual(recount(log, now, width, buckets, enough));
        }
      }),
      runs(),
    );
  });

  it('keeps nothing of before an idle gap, however long: an hour, and exactly one window', () => {
    for (const gap of [60_000, 66_000, 3_600_000, 7 * 86_400_000]) {
      const window = new OutcomeWindow(60_000, 10, 20);
      for (let each = 0; each < 9; each++) window.add('errors', 1_000);
      window.add('errors', 1_000 + gap);
      expect(window.sum(1_000 + gap).errors, String(gap)).toBe(1);
    }
  });

  it('forgets old trouble the sooner, the more is going on', () => {
    const window = new OutcomeWindow(60_000, 10, 20);
    for (let each = 0; each < 10; each++) window.add('errors', 0);
    window.add('contents', 12_000);
    expect(window.sum(12_000)).toEqual({ ...none, errors: 10, contents: 1 });
    for (let each = 0; each < 19; each++) window.add('contents', 12_000);
    expect(window.sum(12_000)).toEqual({ ...none, contents: 20 });
  });

  it('counts deaths over a stretch of their own', () => {
    const window = new OutcomeWindow(60_000, 10, 20);
    window.add('deaths', 0);
    for (let each = 0; each < 50; each++) window.add('contents', 18_000);
    expect(window.sum(18_000)).toEqual({ ...none, contents: 50, deaths: 1 });
  });

  it('without an end never forgets', () => {
    const window = new OutcomeWindow(Number.POSITIVE_INFINITY, 10, 20);
    window.add('errors', 0);
    window.add('errors', 1e12);
    expect(window.sum(2e12)).toEqual({ ...none, errors: 2 });
    window.clear();
    expect(window.sum(2e12)).toEqual(none);
  });
});
