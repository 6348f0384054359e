import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beginningCursor, comparePositions, formatCursor, nowCursor, parseCursor } from '../../src/recovery/cursor.ts';
import { numRuns } from '../properties/runs.ts';

const maxEpoch = 36 ** 6 - 1;
const maxSequence = 10 ** 15 - 1;
const position = fc.record({ epoch: fc.nat({ max: maxEpoch }), sequence: fc.maxSafeNat().map((value) => value % (maxSequence + 1)) });

describe('a cursor', () => {
  it('is the position that it was made of', () => {
    fc.assert(
      fc.property(position, (each) => {
        expect(parseCursor(formatCursor(each))).toEqual(each);
      }),
      { numRuns },
    );
  });

  it('is always as wide, and holds nothing that means something in an address, a header or an event', () => {
    fc.assert(
      fc.property(position, (each) => {
        expect(formatCursor(each)).toMatch(/^[0-9a-z]{16}$/);
      }),
      { numRuns },
    );
  });

  it('sorts as its position does', () => {
    fc.assert(
      fc.property(position, position, (one, other) => {
        const [first, second] = [formatCursor(one), formatCursor(other)];
        expect(Math.sign(comparePositions(one, other))).toBe(first < second ? -1 : first > second ? 1 : 0);
      }),
      { numRuns },
    );
  });

  it('reaches to the last epoch and the last sequence, and no further', () => {
    const last = { epoch: maxEpoch, sequence: maxSequence };
    expect(formatCursor({ epoch: 1, sequence: 37 })).toBe('0000010000000011');
    expect(parseCursor(formatCursor(last))).toEqual(last);
    for (const [epoch, sequence] of [
      [maxEpoch + 1, 1],
      [1, maxSequence + 1],
      [-1, 1],
      [1, -1],
      [1.5, 1],
      [1, Number.NaN],
      [Number.POSITIVE_INFINITY, 1],
    ] as const) {
      expect(() => formatCursor({ epoch, sequence }), `${epoch}-${sequence}`).toThrow(RangeError);
    }
  });

  it('is none where it was never written', () => {
    const never = [
      beginningCursor,
      nowCursor,
      '',
      '0',
      '1-1',
      '000001000000001',
      '00000100000000011',
      '00000100000000A1',
      '000001000000001\n',
    ];
    for (const text of [...never, ' 000001000000001', '000001zzzzzzzzzz', '000001-000000001', '０000010000000011']) {
      expect(parseCursor(text), JSON.stringify(text)).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.string(), (text) => {
        const parsed = parseCursor(text);
        expect(parsed === undefined || formatCursor(parsed) === text).toBe(true);
      }),
      { numRuns },
    );
  });

  it('that is reserved is no cursor of an event, and stands before all of them', () => {
    expect(beginningCursor < formatCursor({ epoch: 0, sequence: 0 })).toBe(true);
    expect(parseCursor(nowCursor)).toBeUndefined();
  });
});
