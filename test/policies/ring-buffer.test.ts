import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RingBuffer } from '../../src/policies/ring-buffer.ts';
import { propertyTimeout, runs } from '../core/properties.ts';

interface Entry {
  readonly item: number;
  readonly bytes: number;
}

type Step = { readonly push: Entry } | 'shift' | 'clear';

const steps = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.record({ push: fc.record({ item: fc.integer(), bytes: fc.nat(40) }) }) },
    { weight: 8, arbitrary: fc.constant('shift' as const) },
    { weight: 1, arbitrary: fc.constant('clear' as const) },
  ),
  { maxLength: 200, size: 'max' },
);

describe('a ring buffer', () => {
  it('is a queue within its limits, as an array would be', { timeout: propertyTimeout }, () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 80 }), fc.integer({ min: 0, max: 1_000 }), (all: Step[], maxItems, maxBytes) => {
        const ring = new RingBuffer<number>({ maxItems, maxBytes });
        let model: Entry[] = [];
        const bytesOf = () => model.reduce((sum, { bytes }) => sum + bytes, 0);
        for (const step of all) {
          if (step === 'shift') expect(ring.shift()).toBe(model.shift()?.item);
          else if (step === 'clear') {
            ring.clear();
            model = [];
          } else {
            const { item, bytes } = step.push;
            const fits = model.length < maxItems && bytesOf() + bytes <= maxBytes;
            expect(ring.fits(bytes)).toBe(fits);
            if (fits) {
              ring.push(item, bytes);
              model.push(step.push);
            }
          }
          expect(ring.length).toBe(model.length);
          expect(ring.bytes).toBe(bytesOf());
          expect([...ring]).toEqual(model.map(({ item }) => item));
        }
      }),
      runs(),
    );
  });

  it('holds undefined and null like any other item', () => {
    const ring = new RingBuffer<unknown>({ maxItems: 3, maxBytes: 0 });
    ring.push(undefined);
    ring.push(null);
    expect([...ring]).toEqual([undefined, null]);
    expect(ring.shift()).toBeUndefined();
    expect(ring.length).toBe(1);
  });

  it('keeps what was pushed against its advice, and counts it', () => {
    const ring = new RingBuffer<string>({ maxItems: 1, maxBytes: 5 });
    ring.push('a', 9);
    expect(ring.fits()).toBe(false);
    ring.push('b', 1);
    expect([...ring, ring.bytes]).toEqual(['a', 'b', 10]);
  });

  it('keeps order over many turns of the ring', () => {
    const ring = new RingBuffer<number>({ maxItems: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY });
    const out: number[] = [];
    for (let each = 0; each < 10_000; each++) {
      ring.push(each);
      if (each % 3 !== 0) out.push(ring.shift() as number);
    }
    while (ring.length > 0) out.push(ring.shift() as number);
    expect(out).toEqual(Array.from({ length: 10_000 }, (_, index) => index));
  });
});
