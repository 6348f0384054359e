import * as z from 'zod';
import { defaults } from '../core/defaults.ts';
import type { EventLike, StreamEvent } from '../core/event.ts';
import { callback, limit } from '../core/options.ts';
import { ProviderError } from '../core/provider-error.ts';
import { BoundedQueue, type Overflow } from '../policies/bounded-queue.ts';

/** How much is held for a consumer that is slower than its source, and what becomes of more. */
export interface BufferingConfig<T> {
  /** Values held. Default: 256. */
  readonly maxItems?: number | undefined;
  /** Their sizes together, in bytes. Default: 1,048,576. */
  readonly maxBytes?: number | undefined;
  /** Default: `pause`. */
  readonly overflow?: Overflow | undefined;
  /** The size of a value in bytes. Default: that of its text, or its bytes; 64 for what has neither. */
  readonly sizeOf?: ((value: T) => number) | undefined;
  /** Told of each drop: how many values have been dropped so far. */
  readonly onDrop?: ((dropped: number) => void) | undefined;
}

/** @internal The options of every buffering operator, checked; defaults filled in. */
export const bufferingSchema = z.strictObject({
  maxItems: limit(1).default(defaults.ring.maxItems),
  maxBytes: limit(1).default(defaults.ring.maxBytes),
  overflow: z
    .enum(['pause', 'drop-oldest', 'drop-newest', 'error'], { error: 'must be one of pause, drop-oldest, drop-newest, error' })
    .default('pause'),
  sizeOf: callback<(value: unknown) => number>().default(() => sizeOf),
  onDrop: callback<(dropped: number) => void>().optional(),
});

/** What a source that pauses may still deliver: the messages of one read. */
const grace = 1_024;

/** A bounded queue of values whose size and importance are known. */
export class Buffering<T> {
  readonly #queue: BoundedQueue<T>;
  readonly #settings: z.output<typeof bufferingSchema>;

  constructor(settings: z.output<typeof bufferingSchema>) {
    this.#settings = settings;
    this.#queue = new BoundedQueue(settings);
  }

  /** Whether the source should pause. */
  get wantsPause(): boolean {
    return this.#settings.overflow === 'pause' && this.#queue.isFull;
  }

  get hasRoom(): boolean {
    return this.#queue.hasRoom;
  }

  /** @returns The error of an overflow, if it is one. @param pauses Whether the source obeys the gate. */
  offer(value: T, pauses: boolean): ProviderError | undefined {
    const queue = this.#queue;
    const { dropped } = queue;
    if (!queue.offer(value, this.#settings.sizeOf(value), isProtected(value), pauses ? grace : 0)) return overflowed(queue.length);
    if (queue.dropped > dropped) this.#settings.onDrop?.(queue.dropped);
    return undefined;
  }

  take(): { readonly value: T } | undefined {
    return this.#queue.take();
  }

  clear(): void {
    this.#queue.clear();
  }
}

function overflowed(length: number): ProviderError {
  const reason = `the consumer is slower than the source, and ${length} values are waiting`;
  return new ProviderError({ category: 'buffer-overflow', phase: 'local', reason });
}

/** The end, the bill, and what tools do are never dropped; deltas of text may be, and so may any value of a foreign stream. */
function isProtected(value: unknown): boolean {
  switch ((value as Partial<EventLike> | null | undefined)?.type) {
    case 'retry':
    case 'start':
    case 'tool-input-delta':
    case 'tool-call':
    case 'tool-result':
    case 'usage':
    case 'restart':
    case 'seam':
    case 'snapshot':
    case 'finish':
      return true;
    default:
      return false;
  }
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length * 2;
  if (value instanceof Uint8Array) return value.byteLength;
  const { text, delta } = (value ?? {}) as Partial<Record<'text' | 'delta', unknown>> & Partial<StreamEvent>;
  const words = typeof text === 'string' ? text : delta;
  return typeof words === 'string' ? 64 + words.length * 2 : 64;
}
