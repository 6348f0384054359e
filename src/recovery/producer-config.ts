import type { StreamPosition } from '../core/checkpoint.ts';
import type { EventLike } from '../core/event.ts';
import type { StreamOutcome } from './stream-record.ts';
import type { StreamHolder, StreamStore } from './stream-store.ts';

/**
 * What becomes of a stream while its store is away.
 *
 * - `required`: nothing is told that is not logged; where the store is away for too long, the stream fails.
 * - `best-effort`: subscribers in the producer's process are told what is not logged, without a cursor.
 */
export type Durability = 'required' | 'best-effort';

/** How all producers of a process work. */
export interface ProducerSettings {
  readonly store: StreamStore;
  readonly durability: Durability;
  /** Milliseconds that a lease runs. */
  readonly lease: number;
  /** How long the store may be away, in milliseconds. */
  readonly patience: number;
  readonly maxUnloggedBytes: number;
  /** Milliseconds after which an answer is cancelled that nobody watches. */
  readonly unwatchedFor: number;
}

/** What one producer goes on from, and how it ends. */
export interface ProducerConfig extends ProducerSettings {
  readonly holder: StreamHolder;
  readonly requestId: string;
  /** The sequence of the last entry in the log. */
  readonly last: number;
  /** The sequence of the last event in the log; 0 where there is none. */
  readonly lastEvent: number;
  /** What the log holds, where another process wrote it. */
  readonly events: readonly EventLike[];
  /** Whether the answer's idempotency key is freed. */
  readonly forgets: (end: EndOfAnswer) => boolean;
  readonly position: () => StreamPosition | undefined;
  /** Told of where an answer is that somebody has cancelled: its provider may go on with it. */
  readonly cancelled: (position: StreamPosition) => void;
}

/** How an answer ended. */
export interface EndOfAnswer {
  readonly outcome: StreamOutcome;
  readonly finishReason: string | undefined;
  readonly hasContent: boolean;
}

/** How a producer's work ended: as it should, or because another process has the stream, or the store lost it or is away. */
export type ProducerEnd = 'sealed' | 'released' | 'fenced' | 'lost' | 'unavailable';
