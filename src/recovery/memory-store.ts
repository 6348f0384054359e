import { Observable } from 'rxjs';
import { parseOptions } from '../core/options.ts';
import { ProviderError } from '../core/provider-error.ts';
import { bytesOf } from './memory-log.ts';
import { MemoryReader } from './memory-reader.ts';
import { type MemoryStoreOptions, memoryStoreSchema } from './memory-store-options.ts';
import { MemoryStream } from './memory-stream.ts';
import { MemoryStreams } from './memory-streams.ts';
import { OwnerCancellations } from './owner-cancellations.ts';
import { StoreClock } from './store-clock.ts';
import { streamNotFound } from './store-errors.ts';
import type { StreamInit, StreamRecord } from './stream-record.ts';
import type {
  HolderReply,
  LeaseOptions,
  StoredEvent,
  StoreStatistics,
  StreamBatch,
  StreamCreation,
  StreamHolder,
  StreamLimits,
  StreamStore,
  StreamTaking,
} from './stream-store.ts';

/**
 * Makes a store of streams in the memory of this process: for one process, and for tests.
 *
 * What it holds is bounded, over all streams, in bytes and in time. Where there is no room, streams that have ended are made smaller, the
 * oldest first: a snapshot and `finish`; then `create`, `append`, `rotate` and `claim` reject with `limit-exceeded`, having written nothing. It
 * has no timer: what is past its time goes with the next call, or with `purge()`.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * const store = memoryStore({ ttl: 60_000, maxStoreBytes: 64 * 1_048_576 });
 * store.read(id, { after: cursor }).subscribe({ next: console.log, error: tell }); // not-found, where there is no such stream
 * ```
 */
export function memoryStore(options: MemoryStoreOptions = {}): StreamStore {
  return new MemoryStore(options);
}

class MemoryStore implements StreamStore {
  readonly kind = 'memory';
  readonly limits: StreamLimits;
  readonly #streams: MemoryStreams;
  readonly #cancellations = new OwnerCancellations();
  readonly #clock = new StoreClock();
  #isClosed = false;

  constructor(options: MemoryStoreOptions) {
    const { maxEvents, maxBytes, ...config } = parseOptions('memoryStore', memoryStoreSchema, options);
    this.limits = { maxEvents, maxBytes };
    this.#streams = new MemoryStreams(config);
  }

  async create(init: StreamInit, options: LeaseOptions & { readonly idempotencyKey?: string | undefined }): Promise<StreamCreation> {
    const now = this.#begin();
    const { idempotencyKey } = options;
    const key = idempotencyKey === undefined ? undefined : JSON.stringify([init.tenant ?? null, idempotencyKey]);
    const known = key === undefined ? undefined : this.#streams.find(key);
    const existing = known ?? this.#streams.get(init.id);
    if (existing?.isMadeBy(init, options.owner)) return { status: 'created', record: existing.record(now) };
    if (known) return { status: 'exists', record: known.record(now) };
    if (existing)
      throw new ProviderError({ category: 'conflict', phase: 'local', retryable: false, reason: 'the id names another stream' });
    const stream = new MemoryStream(init, options, key, now);
    this.#streams.add(stream, now);
    return { status: 'created', record: stream.record(now) };
  }

  async append({ id, epoch }: StreamHolder, batch: StreamBatch): Promise<HolderReply> {
    const now = this.#begin();
    const stream = this.#streams.get(id);
    if (!stream) return 'lost';
    const reply = stream.admits(epoch, batch);
    if (reply !== 'new') return reply;
    this.#streams.makeRoom(batch.events.reduce((bytes, json) => bytes + bytesOf(json), 0));
    this.#streams.touch(stream, now);
    this.#streams.change(stream, now, () => stream.append(batch));
    return 'ok';
  }

  read(id: string, { after }: { readonly after?: string | undefined } = {}): Observable<StoredEvent> {
    return new Observable((subscriber) => {
      this.#begin();
      const stream = this.#streams.get(id);
      if (!stream) throw streamNotFound();
      const reader = new MemoryReader(stream, subscriber);
      subscriber.add(this.#streams.enter(stream, reader));
      reader.begin(after);
    });
  }

  async get(id: string, watch?: { readonly watcher: string; readonly for: number }): Promise<StreamRecord | undefined> {
    const now = this.#begin();
    const stream = this.#streams.get(id);
    if (watch) stream?.watchers.set(watch.watcher, now + watch.for, now);
    return stream?.record(now);
  }

  async renew(holder: StreamHolder, { lease }: { readonly lease: number }): Promise<{ reply: HolderReply; isCancelled: boolean }> {
    const reply = this.#hold(holder, (stream, now) => stream.renew(lease, now));
    return { reply, isCancelled: this.#streams.get(holder.id)?.isCancelled ?? false };
  }

  async rotate(holder: StreamHolder, { sequence, snapshot }: { sequence: number; snapshot: string }): Promise<HolderReply> {
    return this.#hold(holder, (stream, now) => {
      const { log } = stream;
      if (sequence > log.last) return 'lost';
      if (sequence <= log.snapshotAt) return 'ok';
      this.#streams.makeRoom(log.growth(sequence, snapshot));
      this.#streams.change(stream, now, () => log.rotate(sequence, snapshot));
      return 'ok';
    });
  }

  async release(holder: StreamHolder): Promise<HolderReply> {
    return this.#hold(holder, (stream, now) => stream.renew(0, now));
  }

  async take(id: string, options: LeaseOptions): Promise<StreamTaking> {
    const now = this.#begin();
    const stream = this.#streams.get(id);
    if (!stream) return { status: 'absent' };
    const status = this.#streams.change(stream, now, () => stream.take(options, now));
    return { status, record: stream.record(now) };
  }

  async cancel(id: string): Promise<StreamRecord | undefined> {
    const now = this.#begin();
    const stream = this.#streams.get(id);
    if (!stream) return undefined;
    const isHeld = this.#streams.change(stream, now, () => stream.cancel(now));
    const record = stream.record(now);
    if (isHeld) this.#cancellations.next(record.owner, id);
    return record;
  }

  cancellations(owner: string): Observable<string> {
    return this.#cancellations.of(owner);
  }

  async seal({ id, epoch }: StreamHolder, { last, outcome, forget }: Parameters<StreamStore['seal']>[1]): Promise<HolderReply> {
    const now = this.#begin();
    const stream = this.#streams.get(id);
    if (!stream) return 'lost';
    return this.#streams.change(stream, now, () => {
      const reply = stream.seal(epoch, last, outcome);
      if (reply === 'ok' && forget) this.#streams.forgetKey(stream);
      return reply;
    });
  }

  async claim(id: string, toolCallId: string): Promise<boolean> {
    const now = this.#begin();
    const stream = this.#streams.get(id);
    if (!stream || stream.isClaimed(toolCallId)) return false;
    this.#streams.makeRoom(MemoryStream.bytesOfClaim(toolCallId));
    this.#streams.change(stream, now, () => stream.claim(toolCallId));
    return true;
  }

  async delete(id: string): Promise<boolean> {
    this.#begin();
    const stream = this.#streams.get(id);
    if (stream) this.#streams.remove(stream);
    return stream !== undefined;
  }

  async list({ tenant, state, limit = 100 }: Parameters<StreamStore['list']>[0] = {}): Promise<readonly StreamRecord[]> {
    const now = this.#begin();
    const records: StreamRecord[] = [];
    for (const stream of this.#streams.values()) {
      if (records.length >= limit) break;
      if (tenant !== undefined && stream.init.tenant !== tenant) continue;
      const record = stream.record(now);
      if (state === undefined || record.state === state) records.push(record);
    }
    return records;
  }

  async stats(): Promise<StoreStatistics> {
    this.#begin();
    return this.#streams.statistics();
  }

  async purge(): Promise<number> {
    return this.#streams.purge(this.#clock.now());
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const stream of [...this.#streams.values()]) this.#streams.remove(stream, closed());
    this.#cancellations.complete();
  }

  /** What a holder does to its stream, if it is still its own; a sign of life. */
  #hold({ id, epoch }: StreamHolder, act: (stream: MemoryStream, now: number) => HolderReply): HolderReply {
    const now = this.#begin();
    const stream = this.#streams.get(id);
    if (!stream) return 'lost';
    const refused = stream.refusal(epoch);
    if (refused) return refused;
    this.#streams.touch(stream, now);
    return act(stream, now);
  }

  /** The time of a call; what is past its time goes. */
  #begin(): number {
    if (this.#isClosed) throw closed();
    const now = this.#clock.now();
    this.#streams.purge(now);
    return now;
  }
}

function closed(): ProviderError {
  return new ProviderError({ category: 'network', phase: 'local', code: 'store-closed', reason: 'the store is closed' });
}
