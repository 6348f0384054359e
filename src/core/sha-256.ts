/** The first 32 bits behind the point of a root of each of the first primes: the constants of SHA-256. */
const primes = firstPrimes(64);
const rounds = Int32Array.from(primes, (prime) => ((Math.cbrt(prime) % 1) * 2 ** 32) | 0);
const beginning = Int32Array.from(primes.slice(0, 8), (prime) => ((Math.sqrt(prime) % 1) * 2 ** 32) | 0);

/** The SHA-256 of bytes, in hexadecimal: what the platforms offer is either asynchronous or not everywhere. */
export function sha256(bytes: Uint8Array): string {
  const state = beginning.slice();
  // Signed: V8 adds these as they are, where the unsigned would be floating-point numbers.
  const schedule = new Int32Array(64);
  const whole = bytes.length - (bytes.length % 64);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let offset = 0; offset < whole; offset += 64) mix(state, schedule, view, offset);
  const rest = bytes.length - whole;
  const last = new DataView(new ArrayBuffer(rest < 56 ? 64 : 128));
  for (let index = 0; index < rest; index++) last.setUint8(index, view.getUint8(whole + index));
  last.setUint8(rest, 0x80);
  last.setUint32(last.byteLength - 8, Math.floor(bytes.length / 2 ** 29));
  last.setUint32(last.byteLength - 4, bytes.length * 8);
  for (let offset = 0; offset < last.byteLength; offset += 64) mix(state, schedule, last, offset);
  return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

function mix(state: Int32Array, schedule: Int32Array, block: DataView, offset: number): void {
  const at = (index: number): number => schedule[index] as number;
  for (let index = 0; index < 64; index++) {
    if (index < 16) {
      schedule[index] = block.getInt32(offset + index * 4);
      continue;
    }
    const early = at(index - 15);
    const late = at(index - 2);
    const fromEarly = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3);
    const fromLate = turn(late, 17) ^ turn(late, 19) ^ (late >>> 10);
    schedule[index] = (at(index - 16) + fromEarly + at(index - 7) + fromLate) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let index = 0; index < 64; index++) {
    const choice = (e & f) ^ (~e & g);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const first = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + choice + (rounds[index] as number) + at(index)) | 0;
    const second = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + majority) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  for (const [index, word] of [a, b, c, d, e, f, g, h].entries()) state[index] = ((state[index] as number) + word) | 0;
}

function turn(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}

function firstPrimes(wanted: number): number[] {
  const found: number[] = [];
  for (let candidate = 2; found.length < wanted; candidate++) if (found.every((prime) => candidate % prime !== 0)) found.push(candidate);
  return found;
}
