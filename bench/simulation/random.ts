/** Numbers from 0 up to 1, the same for the same seed. */
export type Random = () => number;

/** Mulberry32, after a mix of the seed: streams of neighbouring seeds have nothing in common. */
export function randomOf(seed: number): Random {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A waiting time without memory. */
export function exponential(random: Random, mean: number): number {
  return -Math.log(1 - random()) * mean;
}
