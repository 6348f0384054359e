import { Buffer } from 'node:buffer';
import type { Split } from './answer.ts';

/** Cuts what is pushed into the pieces that shall be written one by one. */
export class Splitter {
  readonly #split: Split;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #position = 0;

  constructor(split: Split) {
    if (typeof split === 'number' && !(split >= 1)) throw new RangeError(`split: ${split} is not a number of bytes`);
    this.#split = split;
  }

  push(bytes: Uint8Array): Uint8Array[] {
    if (bytes.length === 0) return [];
    if (this.#split === 'message') return [bytes];
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    const pieces: Uint8Array[] = [];
    if (this.#heldBytes < this.#size()) return pieces;
    let whole: Uint8Array = Buffer.concat(this.#held);
    for (let size = this.#size(); whole.length >= size; size = this.#size()) {
      pieces.push(whole.subarray(0, size));
      whole = whole.subarray(size);
      this.#position += size;
    }
    this.#held = whole.length > 0 ? [whole] : [];
    this.#heldBytes = whole.length;
    return pieces;
  }

  /** What is held back for a piece that is not full yet. */
  rest(): Uint8Array | undefined {
    if (this.#heldBytes === 0) return undefined;
    const whole = Buffer.concat(this.#held);
    this.#position += whole.length;
    this.#held = [];
    this.#heldBytes = 0;
    return whole;
  }

  #size(): number {
    const split = this.#split;
    if (split === 'byte') return 1;
    if (typeof split === 'number') return Math.floor(split);
    if (split === 'message') return 0;
    const next = split.find((offset) => offset > this.#position);
    return next === undefined ? Number.POSITIVE_INFINITY : next - this.#position;
  }
}
