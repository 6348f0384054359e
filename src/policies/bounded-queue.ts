import { RingBuffer } from './ring-buffer.ts';

/**
 * What happens to a value for which there is no room.
 *
 * - `pause`: the source is asked to stop; one that cannot is an overflow.
 * - `drop-oldest`, `drop-newest`: values are dropped, but never one that is protected.
 * - `error`: an overflow.
 */
export type Overflow = 'pause' | 'drop-oldest' | 'drop-newest' | 'error';

/** The limits of a {@link BoundedQueue}. */
export interface QueueLimits {
  readonly maxItems: number;
  readonly maxBytes: number;
  readonly overflow: Overflow;
}

/** A value in the queue; once dropped, an empty place. */
interface Entry<T> {
  value: T | undefined;
  readonly bytes: number;
  isDropped: boolean;
}

/**
 * A queue between a source and a slower consumer, bounded in items and in bytes: a plain state machine over a ring buffer.
 *
 * Constant time to offer and to take. Every value that was dropped is counted.
 */
export class BoundedQueue<T> {
  /** Values dropped so far. */
  dropped = 0;
  readonly #limits: QueueLimits;
  readonly #entries = new RingBuffer<Entry<T>>({ maxItems: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY });
  /** The entries that may be dropped, the oldest first. */
  readonly #droppable = new RingBuffer<Entry<T>>({ maxItems: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY });
  #length = 0;
  #bytes = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** Values that wait. */
  get length(): number {
    return this.#length;
  }

  /** Whether the source should pause. */
  get isFull(): boolean {
    return this.#length >= this.#limits.maxItems || this.#bytes >= this.#limits.maxBytes;
  }

  /** Whether so much has been taken that a paused source may go on. */
  get hasRoom(): boolean {
    return this.#length <= this.#limits.maxItems / 2 && this.#bytes <= this.#limits.maxBytes / 2;
  }

  /**
   * Offers a value.
   *
   * @param grace How many values beyond the limit a source that is pausing may still deliver.
   * @returns `false` for an overflow; a value that was dropped is no overflow.
   */
  offer(value: T, bytes: number, isProtected: boolean, grace = 0): boolean {
    const { overflow } = this.#limits;
    if (this.#fits(bytes)) {
      this.#push(value, bytes, isProtected);
      return true;
    }
    if (overflow === 'drop-oldest') {
      while (!this.#fits(bytes) && this.#dropOldest());
      if (this.#fits(bytes)) {
        this.#push(value, bytes, isProtected);
        return true;
      }
    }
    if (isProtected || overflow === 'pause') {
      const mayExceed = overflow === 'pause' ? grace : overflow === 'error' ? 0 : this.#limits.maxItems;
      const isBeyond = this.#length >= this.#limits.maxItems + mayExceed || this.#bytes + bytes > 2 * this.#limits.maxBytes;
      if (mayExceed === 0 || isBeyond) return false;
      this.#push(value, bytes, isProtected);
      return true;
    }
    if (overflow === 'error') return false;
    this.dropped++;
    return true;
  }

  /** Takes the oldest value, if there is one. */
  take(): { readonly value: T } | undefined {
    for (let entry = this.#entries.shift(); entry; entry = this.#entries.shift()) {
      if (entry.isDropped) continue;
      this.#length--;
      this.#bytes -= entry.bytes;
      // Taken, it can no longer be dropped; its place among the droppable is the first, if it has one.
      entry.isDropped = true;
      this.#forgetTaken();
      return { value: entry.value as T };
    }
    return undefined;
  }

  clear(): void {
    this.#entries.clear();
    this.#droppable.clear();
    this.#length = 0;
    this.#bytes = 0;
  }

  #fits(bytes: number): boolean {
    // A value larger than the whole queue is let through alone: nothing would ever come of it otherwise.
    return this.#length === 0 || (this.#length < this.#limits.maxItems && this.#bytes + bytes <= this.#limits.maxBytes);
  }

  #push(value: T, bytes: number, isProtected: boolean): void {
    const entry: Entry<T> = { value, bytes, isDropped: false };
    this.#entries.push(entry);
    if (!isProtected && this.#limits.overflow === 'drop-oldest') this.#droppable.push(entry);
    this.#length++;
    this.#bytes += bytes;
  }

  #dropOldest(): boolean {
    const entry = this.#droppable.shift();
    if (!entry) return false;
    if (entry.isDropped) return true;
    entry.isDropped = true;
    entry.value = undefined;
    this.dropped++;
    this.#length--;
    this.#bytes -= entry.bytes;
    if (this.#entries.length > 2 * this.#length + 16) this.#compact();
    return true;
  }

  #forgetTaken(): void {
    for (const first of this.#droppable) {
      if (!first.isDropped) return;
      this.#droppable.shift();
      return;
    }
  }

  /** Empty places behind a protected value that nobody takes would pile up; clearing them now and then costs constant time a drop. */
  #compact(): void {
    const kept = [...this.#entries].filter((entry) => !entry.isDropped);
    this.#entries.clear();
    for (const entry of kept) this.#entries.push(entry);
  }
}
