import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/policies/jitter.ts';

const count = 20_000;

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  a.forEach((value, index) => {
    const [left, right] = [value - meanA, (b[index] as number) - meanB];
    ab += left * right;
    aa += left * left;
    bb += right * right;
  });
  return ab / Math.sqrt(aa * bb);
}

/** Pearson's statistic over `slots` equal slots; about `slots` where the numbers are uniform. */
function chiSquared(values: readonly number[], slots: number): number {
  const seen = new Array<number>(slots).fill(0);
  for (const value of values) seen[Math.floor(value * slots)] = (seen[Math.floor(value * slots)] as number) + 1;
  const expected = values.length / slots;
  return seen.reduce((sum, each) => sum + (each - expected) ** 2 / expected, 0);
}

const draws = (seed: (index: number) => string) => Array.from({ length: count }, (_, index) => seededRandom(seed(index)));
// What the seeds look like: request id, nonce, provider, attempt.
const random = (attempt: number) => draws((index) => `req_${(index * 2_654_435_761).toString(16)}:n${index}:openai:${attempt}`);
const sequential = (attempt: number) => draws((index) => `req_${index}:nonce:openai:${attempt}`);

describe('a seeded number', () => {
  it('is the same for the same seed, from 0 up to 1', () => {
    for (const value of [...random(1), seededRandom(''), seededRandom('\u0000'), seededRandom('日本')]) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThan(1);
    }
    expect(seededRandom('a:b:c:1')).toBe(seededRandom('a:b:c:1'));
    expect(seededRandom('a:b:c:1')).not.toBe(seededRandom('a:b:c:2'));
  });

  it('is uniform over requests, also those with sequential ids', () => {
    // 99.99 % of uniform samples stay below 169 with 100 slots.
    for (const values of [random(1), random(2), sequential(1), sequential(2)]) expect(chiSquared(values, 100)).toBeLessThan(180);
  });

  it('is unrelated between attempts of one request', () => {
    for (const each of [random, sequential]) {
      for (const [a, b] of [
        [1, 2],
        [2, 3],
        [1, 3],
        [9, 10],
      ] as const) {
        expect(Math.abs(correlation(each(a), each(b)))).toBeLessThan(0.03);
      }
    }
  });

  it('is unrelated between requests with sequential ids', () => {
    const values = sequential(1);
    for (const lag of [1, 2, 10]) expect(Math.abs(correlation(values.slice(lag), values.slice(0, -lag)))).toBeLessThan(0.03);
  });

  it('spreads 200 sequential ids over the slots of a second', () => {
    const slots = new Set(Array.from({ length: 200 }, (_, index) => Math.floor(seededRandom(`req-${1_000 + index}:n:p:1`) * 100)));
    // 100 slots and 200 draws: 86 or 87 slots are hit.
    expect(slots.size).toBeGreaterThan(75);
  });

  it('is unrelated between two subscriptions with one request id', () => {
    const [a, b] = ['n1', 'n2'].map((nonce) => draws((index) => `req_${index}:${nonce}:openai:1`)) as [number[], number[]];
    expect(Math.abs(correlation(a, b))).toBeLessThan(0.03);
  });
});
