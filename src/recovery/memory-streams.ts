import { LinkedSet } from './linked-set.ts';
import type { MemoryReader } from './memory-reader.ts';
import type { MemoryStream } from './memory-stream.ts';
import { storeFull, streamLost, streamNotFound } from './store-errors.ts';
import type { StoreStatistics } from './stream-store.ts';

/** How long streams are kept, and how many. */
export interface MemoryStreamsConfig {
  readonly ttl: number;
  readonly sealedTtl: number;
  readonly maxStreams: number;
  readonly maxStoreBytes: number;
}

/**
 * The streams of a store in memory, within one budget of bytes and each for its time.
 *
 * No timer: what is past its time goes when something else is done. Where room is wanted, streams that have ended are made smaller, the
 * oldest first; then there is none.
 */
export class MemoryStreams {
  readonly #config: MemoryStreamsConfig;
  readonly #streams = new Map<string, MemoryStream>();
  readonly #idsByKey = new Map<string, string>();
  readonly #readers = new Map<MemoryStream, Set<MemoryReader>>();
  /** Both by the time of their end: all in one have the same time left after their last sign of life. */
  readonly #open = new LinkedSet<MemoryStream>();
  readonly #sealed = new LinkedSet<MemoryStream>();
  /** Those of the sealed that are as they were written. */
  readonly #whole = new LinkedSet<MemoryStream>();
  #bytes = 0;
  #events = 0;

  constructor(config: MemoryStreamsConfig) {
    this.#config = config;
  }

  get(id: string): MemoryStream | undefined {
    return this.#streams.get(id);
  }

  find(key: string): MemoryStream | undefined {
    return this.#streams.get(this.#idsByKey.get(key) ?? '');
  }

  values(): Iterable<MemoryStream> {
    return this.#streams.values();
  }

  statistics(): StoreStatistics {
    return { streams: this.#streams.size, open: this.#open.size, events: this.#events, bytes: this.#bytes };
  }

  /** @throws ProviderError `limit-exceeded`, having changed nothing, where there are as many streams as may be. */
  add(stream: MemoryStream, now: number): void {
    const { maxStreams } = this.#config;
    if (this.#streams.size >= maxStreams) throw storeFull(`the store is full: maxStreams is ${maxStreams}`);
    this.makeRoom(stream.bytes);
    this.#streams.set(stream.init.id, stream);
    if (stream.key !== undefined) this.#idsByKey.set(stream.key, stream.init.id);
    this.#bytes += stream.bytes;
    this.touch(stream, now);
  }

  /** A sign of life. */
  touch(stream: MemoryStream, now: number): void {
    stream.expiresAt = now + this.#config.ttl;
    this.#open.push(stream);
  }

  /** Changes a stream, counts what that costs, and then tells who reads it. */
  change<T>(stream: MemoryStream, now: number, change: () => T): T {
    const { epoch, outcome } = stream;
    const changed = this.#counted(stream, change);
    if (stream.epoch !== epoch) this.touch(stream, now);
    if (!outcome && stream.outcome) {
      this.#open.delete(stream);
      stream.expiresAt = now + this.#config.sealedTtl;
      this.#sealed.push(stream);
      this.#whole.push(stream);
    }
    for (const reader of this.#readers.get(stream) ?? []) reader.read();
    return changed;
  }

  /** @throws ProviderError `limit-exceeded`, having changed nothing but the size of streams that have ended, where there is no room. */
  makeRoom(bytes: number): void {
    const { maxStoreBytes } = this.#config;
    while (this.#bytes + bytes > maxStoreBytes) {
      const oldest = this.#whole.first;
      if (!oldest) throw storeFull(`the store is full: maxStoreBytes is ${maxStoreBytes}`);
      this.#whole.delete(oldest);
      this.#counted(oldest, () => oldest.log.compact());
    }
  }

  forgetKey(stream: MemoryStream): void {
    if (stream.key !== undefined && this.#idsByKey.get(stream.key) === stream.init.id) this.#idsByKey.delete(stream.key);
  }

  /** Has a reader told of every change, until the returned function is called. */
  enter(stream: MemoryStream, reader: MemoryReader): () => void {
    const readers = this.#readers.get(stream) ?? new Set();
    this.#readers.set(stream, readers.add(reader));
    return () => {
      readers.delete(reader);
      if (readers.size === 0) this.#readers.delete(stream);
    };
  }

  /** Lets go of what is past its time. */
  purge(now: number): number {
    let count = 0;
    for (const streams of [this.#open, this.#sealed]) {
      for (let first = streams.first; first && first.expiresAt <= now; first = streams.first) {
        this.remove(first);
        count++;
      }
    }
    return count;
  }

  remove(stream: MemoryStream, error = stream.outcome ? streamNotFound() : streamLost()): void {
    this.#streams.delete(stream.init.id);
    this.forgetKey(stream);
    for (const streams of [this.#open, this.#sealed, this.#whole]) streams.delete(stream);
    this.#bytes -= stream.bytes;
    this.#events -= stream.log.events;
    for (const reader of this.#readers.get(stream) ?? []) reader.fail(error);
  }

  #counted<T>(stream: MemoryStream, change: () => T): T {
    const [bytes, events] = [stream.bytes, stream.log.events];
    const changed = change();
    this.#bytes += stream.bytes - bytes;
    this.#events += stream.log.events - events;
    return changed;
  }
}
