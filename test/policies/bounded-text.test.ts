import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedText } from '../../src/policies/bounded-text.ts';
import { propertyTimeout, runs } from '../core/properties.ts';

const batch = 256;

describe('bounded text', () => {
  it('is the end of what was appended, and says whether that is all', { timeout: propertyTimeout }, () => {
    const delta = fc.oneof({ weight: 9, arbitrary: fc.nat(60) }, { weight: 1, arbitrary: fc.integer({ min: 4_000, max: 9_000 }) });
    fc.assert(
      fc.property(fc.array(delta, { maxLength: 900, size: 'max' }), fc.integer({ min: 1, max: 20_000 }), (lengths, limit) => {
        const text = new BoundedText(limit);
        let whole = '';
        let longest = 0;
        lengths.forEach((length, index) => {
          const piece = String.fromCharCode(97 + (index % 26)).repeat(length);
          whole += piece;
          longest = Math.max(longest, length);
          text.append(piece);
        });
        const kept = text.read();
        expect(whole.endsWith(kept)).toBe(true);
        expect(text.truncated).toBe(kept.length < whole.length);
        // A piece is the deltas of one batch; one piece is being filled, and one may stand alone over the limit.
        expect(kept.length).toBeLessThanOrEqual(
          limit + 2 * (batch * 60 + Math.max(longest, 9_000) * lengths.filter((length) => length > 60).length),
        );
      }),
      runs(200),
    );
  });

  it('stays near its limit however much is appended', () => {
    const text = new BoundedText(100_000);
    for (let each = 0; each < 200_000; each++) text.append('token ');
    expect(text.read().length).toBeGreaterThan(90_000);
    expect(text.read().length).toBeLessThanOrEqual(100_000 + batch * 6);
    expect(text.truncated).toBe(true);
  });

  it('is whole below the limit, and empty when cleared', () => {
    const text = new BoundedText(10_000);
    for (let each = 0; each < 1_000; each++) text.append(String(each % 10));
    expect(text.read()).toBe('0123456789'.repeat(100));
    expect(text.truncated).toBe(false);
    text.clear();
    expect(text.read()).toBe('');
    text.append('a');
    expect(text.read()).toBe('a');
  });

  it('forgets at clear that something had to go', () => {
    const text = new BoundedText(10);
    for (let each = 0; each < 3; each++) text.append('x'.repeat(5_000));
    expect(text.truncated).toBe(true);
    text.clear();
    expect(text.truncated).toBe(false);
  });
});
