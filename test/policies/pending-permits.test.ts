import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PendingPermits } from '../../src/policies/pending-permits.ts';
import { propertyTimeout, runs } from '../core/properties.ts';

describe('pending permits', () => {
  it('are counted as a list would be: all, and those of the newest slots', { timeout: propertyTimeout }, () => {
    const step = fc.oneof(fc.record({ add: fc.nat(3_000) }), fc.record({ remove: fc.nat() }), fc.record({ wait: fc.nat(30_000) }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), fc.nat(100_000), (steps, start) => {
        const pending = new PendingPermits(10_000);
        const model: number[] = [];
        let now = start;
        for (const each of steps) {
          if ('add' in each) {
            now += each.add;
            pending.add(now);
            model.push(now);
          } else if ('wait' in each) now += each.wait;
          else if (model.length > 0) pending.remove(model.splice(each.remove % model.length, 1)[0] as number);
          const slot = (at: number) => Math.floor(at / 1_000);
          expect(pending.total).toBe(model.length);
          expect(pending.young(now)).toBe(model.filter((at) => slot(now) - slot(at) < 10).length);
          // To within one slot of what is asked for.
          expect(pending.young(now)).toBeGreaterThanOrEqual(model.filter((at) => now - at < 9_000).length);
          expect(pending.young(now)).toBeLessThanOrEqual(model.filter((at) => now - at < 10_000).length);
        }
      }),
      runs(),
    );
  });

  it('that are old do not take a young one with them when they leave', () => {
    const pending = new PendingPermits(10_000);
    pending.add(500);
    pending.add(10_500);
    pending.remove(500);
    expect([pending.total, pending.young(10_500)]).toEqual([1, 1]);
  });
});
