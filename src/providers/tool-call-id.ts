/** Nine letters and digits for any text, the same each time: an id as Mistral asks for it, and as fit for all others. */
export function nineLetters(seed: string): string {
  let low = 0x811c9dc5;
  let high = 0x9e3779b9;
  for (let index = 0; index < seed.length; index++) {
    low = Math.imul(low ^ seed.charCodeAt(index), 0x01000193);
    high = Math.imul(high ^ low, 0x85ebca6b);
  }
  return `${(low >>> 0).toString(36)}${(high >>> 0).toString(36)}`.padEnd(9, '0').slice(0, 9);
}
