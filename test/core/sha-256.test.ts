import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/core/sha-256.ts';

const expected = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('sha256', () => {
  it('is what the platform makes of the same bytes, whatever their length', () => {
    for (let length = 0; length < 200; length++) {
      const bytes = Uint8Array.from({ length }, (_each, index) => (index * 31 + length) % 256);
      expect(sha256(bytes)).toBe(expected(bytes));
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => sha256(bytes) === expected(bytes)));
  });

  it('reads the part of a buffer that it was given', () => {
    const bytes = new Uint8Array(300).fill(7).subarray(13, 214);
    expect(sha256(bytes)).toBe(expected(bytes));
  });
});
