import type { Observable } from 'rxjs';
import type { EventLike } from '../core/event.ts';
import type { StreamInit, StreamOutcome, StreamProgress, StreamRecord } from './stream-record.ts';

/** An event of a stored stream: after this cursor, the next one follows. */
export type StoredEvent = EventLike & { readonly cursor: string };

/** Who may write to a stream: the process whose epoch it is. */
export interface StreamHolder {
  readonly id: string;
  readonly epoch: number;
}

/**
 * How a store answers the holder of a stream.
 *
 * - `ok`: done.
 * - `fenced`: somebody has taken the stream over; nothing was written.
 * - `sealed`: the stream has ended; nothing was written.
 * - `lost`: the stream or what was appended to it is gone; nothing was written, and nothing can be.
 */
export type HolderReply = 'ok' | 'fenced' | 'sealed' | 'lost';

/** Events to be appended; once sent, sent again only as it was. */
export interface StreamBatch {
  /** The sequence of the first event: one more than that of the last entry. */
  readonly sequence: number;
  /** The events, as `serializeEvent` wrote them; at least one. */
  readonly events: readonly string[];
  readonly progress: StreamProgress;
}

/** What became of {@link StreamStore.create}. */
export type StreamCreation =
  /** The stream is there, held by its owner in epoch 1. */
  | { readonly status: 'created'; readonly record: StreamRecord }
  /** The tenant has used the key before, for this stream. Whether it was the same request is told by its `requestHash`. */
  | { readonly status: 'exists'; readonly record: StreamRecord };

/** What became of {@link StreamStore.take}. */
export type StreamTaking =
  /** The stream is held by who took it, in the record's epoch, whose first entry it is. */
  | { readonly status: 'taken'; readonly record: StreamRecord }
  /** It has ended, before or by this. */
  | { readonly status: 'sealed'; readonly record: StreamRecord }
  /** Its producer lives. */
  | { readonly status: 'held'; readonly record: StreamRecord }
  | { readonly status: 'lost' | 'absent' };

/** Who will produce a stream that is created or taken. */
export interface LeaseOptions {
  /** The name of the process, see {@link StreamStore.cancellations}. */
  readonly owner: string;
  /** Milliseconds that the lease runs. */
  readonly lease: number;
}

/** What a store holds. */
export interface StoreStatistics {
  readonly streams: number;
  /** Streams that have not ended. */
  readonly open: number;
  readonly events: number;
  readonly bytes: number;
}

/** Limits of a stream; past one of them its producer has the store {@link StreamStore.rotate} it. */
export interface StreamLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/**
 * Where streams are kept while they run and for a while thereafter, so that anybody can read them: late, twice, in another process.
 *
 * A log of events for each stream, and a record. Every entry of the log has an epoch and a sequence; the sequence never restarts, the epoch
 * is one more with each takeover, and an entry of an older epoch than the last is refused. Events are numbered by their producer.
 *
 * A promise that rejects says that the fate of the call is unknown; the same call may be made again, and has then the effect of one. It
 * rejects with a `ProviderError`: `limit-exceeded` where there is no more room (nothing was written), else `network` or `timeout`.
 *
 * `streamStoreConformance` of `steadystream/testing` shows of any store that it keeps this.
 */
export interface StreamStore {
  /** What kind of store this is, for people who read logs. */
  readonly kind: string;
  readonly limits: StreamLimits;

  /**
   * Makes a record, held by the owner in epoch 1, and the log with its first entry, 1-1, which is no event.
   *
   * With an idempotency key, tenant and key name one stream until it is gone or forgotten ({@link StreamStore.seal}); a second call finds the
   * first one's.
   */
  create(init: StreamInit, options: LeaseOptions & { readonly idempotencyKey?: string | undefined }): Promise<StreamCreation>;

  /** Appends all events or none. The same batch again is `ok`, and appended once. */
  append(holder: StreamHolder, batch: StreamBatch): Promise<HolderReply>;

  /**
   * The events after a cursor, then those that come, until the stream has ended.
   *
   * - Without `after`, or after `-1`: from the beginning of what is kept. After `now`: those that come.
   * - Where the events after the cursor are no longer kept, and where the cursor is beyond a takeover's beginning or beyond the last entry, the
   *   first event is a `snapshot` of all that it missed (in the second case preceded by a `restart`).
   *
   * Completes once a stream that is `done` was read to its end; raises the outcome's error where it ended otherwise. Raises `not-found` where
   * there is no such stream, `invalid-request` for what is no cursor, `replay-gap` where events are gone and no snapshot stands for them,
   * `interrupted` (code `stream-lost`) where the events of an open stream are gone, `network` or `timeout` where the store cannot be
   * reached for longer than it is patient.
   *
   * A producer that dies is not told here: that is the business of who looks at the record.
   */
  read(id: string, options?: { readonly after?: string | undefined }): Observable<StoredEvent>;

  /** The record; with a watcher's name, its mark is made fresh for so many milliseconds. */
  get(id: string, watch?: { readonly watcher: string; readonly for: number } | undefined): Promise<StreamRecord | undefined>;

  /** Has the lease run anew; `isCancelled` tells whether somebody has asked for the end. */
  renew(holder: StreamHolder, options: { readonly lease: number }): Promise<{ readonly reply: HolderReply; readonly isCancelled: boolean }>;

  /** Puts a `snapshot` event (as `serializeEvent` wrote it) in the place of all entries up to a sequence, itself included. */
  rotate(holder: StreamHolder, options: { readonly sequence: number; readonly snapshot: string }): Promise<HolderReply>;

  /** Gives the lease back: the stream is `expired` at once. */
  release(holder: StreamHolder): Promise<HolderReply>;

  /**
   * Takes a stream whose lease has run out: seals it where it was cancelled, where its policy is `fail`, where it was taken too often, where
   * its deadline is over, and where a tool was called and the policy is not `resume`; else makes the caller its holder, in the next epoch,
   * whose first entry is no event and follows the last.
   */
  take(id: string, options: LeaseOptions): Promise<StreamTaking>;

  /**
   * Asks for the end of a stream, for good. A stream that nobody holds is sealed at once; the holder of another is told by
   * {@link StreamStore.cancellations} and by its next renewal.
   */
  cancel(id: string): Promise<StreamRecord | undefined>;

  /** The ids of streams of this owner that somebody cancels from now on. Hints: one may come twice, or never. */
  cancellations(owner: string): Observable<string>;

  /**
   * Ends a stream, for good. `last` is the sequence of the holder's last entry; where the log's is another, the reply is `lost` and nothing is
   * sealed. `forget` frees its idempotency key.
   */
  seal(
    holder: StreamHolder,
    options: { readonly last: number; readonly outcome: StreamOutcome; readonly forget?: boolean | undefined },
  ): Promise<HolderReply>;

  /** Whether this caller is the first to claim the tool call of a stream; `false` too where there is no such stream. */
  claim(id: string, toolCallId: string): Promise<boolean>;

  /** Forgets a stream and its events; whether there was one. */
  delete(id: string): Promise<boolean>;
  /** Records, the oldest first, at most 100 unless told; of one tenant, or in one state. */
  list(options?: {
    readonly tenant?: string | undefined;
    readonly state?: StreamRecord['state'] | undefined;
    readonly limit?: number | undefined;
  }): Promise<readonly StreamRecord[]>;
  /** How much it holds. */
  stats(): Promise<StoreStatistics>;
  /** Lets go of what is past its time, which otherwise happens by the way; the number of streams. */
  purge(): Promise<number>;
  /** Closes connections, if any; reads end with `network`. */
  close(): Promise<void>;
}
