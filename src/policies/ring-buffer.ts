/** The limits of a {@link RingBuffer}. */
export interface RingBufferLimits {
  readonly maxItems: number;
  readonly maxBytes: number;
}

/**
 * A queue in a ring: push and shift take constant time at any length, and it is never longer than its limits, in items and in bytes.
 *
 * What does not fit is the caller's decision: ask {@link RingBuffer.fits} and make room first.
 */
export class RingBuffer<T> {
  readonly #maxItems: number;
  readonly #maxBytes: number;
  #items: (T | undefined)[] = new Array(16);
  #sizes: number[] = new Array(16).fill(0);
  #first = 0;
  #length = 0;
  #bytes = 0;

  constructor({ maxItems, maxBytes }: RingBufferLimits) {
    this.#maxItems = maxItems;
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#length;
  }

  /** The sizes of all items together, as they were given to `push`. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether an item of this size can be pushed. */
  fits(bytes = 0): boolean {
    return this.#length < this.#maxItems && this.#bytes + bytes <= this.#maxBytes;
  }

  push(item: T, bytes = 0): void {
    if (this.#length === this.#items.length) this.#grow();
    const index = (this.#first + this.#length) & (this.#items.length - 1);
    this.#items[index] = item;
    this.#sizes[index] = bytes;
    this.#bytes += bytes;
    this.#length++;
  }

  /** Takes the oldest item. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const index = this.#first;
    const item = this.#items[index];
    this.#items[index] = undefined;
    this.#bytes -= this.#sizes[index] ?? 0;
    this.#first = (index + 1) & (this.#items.length - 1);
    this.#length--;
    return item;
  }

  clear(): void {
    this.#items = new Array(16);
    this.#sizes = new Array(16).fill(0);
    this.#first = 0;
    this.#length = 0;
    this.#bytes = 0;
  }

  /** From the oldest to the newest. */
  *[Symbol.iterator](): Iterator<T> {
    for (let offset = 0; offset < this.#length; offset++) {
      yield this.#items[(this.#first + offset) & (this.#items.length - 1)] as T;
    }
  }

  /** The capacity is a power of two, so that an index wraps by a mask; it doubles, so that growing costs constant time a push. */
  #grow(): void {
    const items = [...this];
    const { length } = this.#items;
    const sizes = items.map((_, offset) => this.#sizes[(this.#first + offset) & (length - 1)] ?? 0);
    items.length = length * 2;
    sizes.length = length * 2;
    this.#items = items;
    this.#sizes = sizes;
    this.#first = 0;
  }
}
