/**
 * A number from 0 up to 1 that depends on nothing but its seed: the same call prints the same waits, two calls print unrelated ones.
 *
 * The finalizer of MurmurHash3 over FNV-1a: FNV-1a alone gives consecutive attempts and sequential ids nearly the same number.
 */
export function seededRandom(seed: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < seed.length; index++) hash = Math.imul(hash ^ seed.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
