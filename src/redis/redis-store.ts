import type { Observable } from 'rxjs';
import type {
  HolderReply,
  LeaseOptions,
  StoredEvent,
  StoreStatistics,
  StreamBatch,
  StreamCreation,
  StreamHolder,
  StreamInit,
  StreamLimits,
  StreamOutcome,
  StreamRecord,
  StreamStore,
  StreamTaking,
} from '../index.ts';
import { AppendedStreams } from './appended-streams.ts';
import { releaseScript, renewScript, rotateScript, sealScript } from './holding-scripts.ts';
import { tenantTag } from './keys.ts';
import { claimScript, deleteScript, getScript, watchScript } from './looking-scripts.ts';
import { RedisAccess } from './redis-access.ts';
import { conflict } from './redis-failure.ts';
import { parseRedisStoreOptions, type RedisStoreConfig, type RedisStoreOptions } from './redis-store-options.ts';
import type { Script } from './script.ts';
import { cancelScript, createScript, takeScript } from './starting-scripts.ts';
import { readRecord, writeInit } from './stored-record.ts';
import { countStreams, listStreams, purgeStreams } from './stream-index.ts';
import { StreamReads } from './stream-reads.ts';

/**
 * A store of streams in Redis, 7 or later: every process that uses the same Redis and prefix can read them, cancel them, and take them over.
 *
 * The client is only copied: the store makes connections of its own like it when it is first used (two, and one more for every 256 streams
 * that are being read), and closes them with `close()`. A stream costs two keys; an event one `XADD`, a batch of them one transaction.
 *
 * Redis should be set to keep what it has (`maxmemory-policy noeviction`): otherwise streams may be lost, and their readers are told
 * `interrupted`, code `stream-lost`. Without persistence a restart of Redis loses them all, likewise. Redis Cluster, pools and sentinels are
 * not supported.
 *
 * @throws TypeError that names the option which is wrong.
 *
 * @example
 * ```ts
 * import { createClient } from 'redis';
 * import { redisStore } from 'steadystream/redis';
 *
 * const store = redisStore({ client: createClient({ url: 'redis://localhost:6379' }) });
 * await store.close();
 * ```
 */
export function redisStore(options: RedisStoreOptions): StreamStore {
  return new RedisStore(parseRedisStoreOptions(options));
}

class RedisStore implements StreamStore {
  readonly kind = 'redis';
  readonly limits: StreamLimits;
  readonly #config: RedisStoreConfig;
  readonly #access: RedisAccess;
  readonly #appended: AppendedStreams;
  readonly #reads: StreamReads;

  constructor(config: RedisStoreConfig) {
    this.#config = config;
    this.limits = { maxEvents: config.maxEvents, maxBytes: config.maxBytes };
    this.#access = new RedisAccess(config);
    this.#appended = new AppendedStreams(this.#access);
    this.#reads = new StreamReads(this.#access);
  }

  async create(
    init: StreamInit,
    { owner, lease, idempotencyKey }: LeaseOptions & { readonly idempotencyKey?: string | undefined },
  ): Promise<StreamCreation> {
    const { id, tenant, takeover, maxTakeovers, deadline } = init;
    const mapping = idempotencyKey === undefined ? '' : this.#access.keys.idempotency(tenant, idempotencyKey);
    const values = [owner, lease, this.#config.ttl, writeInit(init), takeover, maxTakeovers, deadline ?? '', tenantTag(tenant), mapping];
    const [status, record] = await this.#hold(createScript, id, values);
    if (!record) throw conflict();
    return { status: status as StreamCreation['status'], record };
  }

  append(holder: StreamHolder, batch: StreamBatch): Promise<HolderReply> {
    return this.#appended.append(holder, batch);
  }

  read(id: string, { after }: { readonly after?: string | undefined } = {}): Observable<StoredEvent> {
    return this.#reads.read(id, after);
  }

  async get(id: string, watch?: { readonly watcher: string; readonly for: number }): Promise<StreamRecord | undefined> {
    const { reading } = this.#access;
    const reply = watch
      ? await this.#run(watchScript, id, [watch.watcher, watch.for], reading)
      : await this.#run(getScript, id, [], reading);
    return reply ? readRecord(reply) : undefined;
  }

  async renew({ id, epoch }: StreamHolder, { lease }: { readonly lease: number }) {
    const { ttl, sealedTtl } = this.#config;
    const [reply, cancelled] = (await this.#write(renewScript, id, [epoch, lease, ttl, sealedTtl])) as [HolderReply, string];
    return { reply, isCancelled: cancelled === '1' };
  }

  async rotate({ id, epoch }: StreamHolder, { sequence, snapshot }: { readonly sequence: number; readonly snapshot: string }) {
    return (await this.#write(rotateScript, id, [epoch, sequence, snapshot])) as HolderReply;
  }

  async release({ id, epoch }: StreamHolder): Promise<HolderReply> {
    return (await this.#write(releaseScript, id, [epoch])) as HolderReply;
  }

  async take(id: string, { owner, lease }: LeaseOptions): Promise<StreamTaking> {
    const { ttl, sealedTtl } = this.#config;
    const values = [owner, lease, ttl, sealedTtl, globalThis.crypto.randomUUID()];
    return asTaking(await this.#hold(takeScript, id, values));
  }

  async cancel(id: string): Promise<StreamRecord | undefined> {
    const { ttl, sealedTtl } = this.#config;
    const reply = await this.#write(cancelScript, id, [ttl, sealedTtl]);
    return reply ? readRecord(reply) : undefined;
  }

  cancellations(owner: string): Observable<string> {
    return this.#reads.cancellations(owner);
  }

  async seal(
    { id, epoch }: StreamHolder,
    { last, outcome, forget }: { readonly last: number; readonly outcome: StreamOutcome; readonly forget?: boolean | undefined },
  ): Promise<HolderReply> {
    const values = [epoch, last, JSON.stringify(outcome), this.#config.sealedTtl, forget ? 1 : 0];
    const reply = (await this.#write(sealScript, id, values)) as HolderReply;
    this.#appended.forget(id);
    return reply;
  }

  async claim(id: string, toolCallId: string): Promise<boolean> {
    return (await this.#write(claimScript, id, [toolCallId, globalThis.crypto.randomUUID()])) === 1;
  }

  async delete(id: string): Promise<boolean> {
    this.#appended.forget(id);
    return (await this.#write(deleteScript, id, [])) === 1;
  }

  list(options: Parameters<StreamStore['list']>[0] = {}): Promise<readonly StreamRecord[]> {
    return listStreams(this.#access, options);
  }

  stats(): Promise<StoreStatistics> {
    return countStreams(this.#access);
  }

  purge(): Promise<number> {
    return purgeStreams(this.#access);
  }

  async close(): Promise<void> {
    this.#reads.close();
    this.#access.close();
  }

  /** What may make this process the holder of a stream, which then knows where the log ends. */
  #hold(script: Script, id: string, values: readonly (string | number)[]): Promise<readonly [string, StreamRecord | undefined]> {
    const { keys, writing } = this.#access;
    return this.#access.attempt(writing, async (open) => {
      const [status, reply] = (await script.run(open, keys.all(id), [id, keys.prefix, ...values])) as [string, unknown];
      const record = reply ? readRecord(reply) : undefined;
      if (record) this.#appended.know(record.id, open, record.last);
      return [status, record] as const;
    });
  }

  #write(script: Script, id: string, values: readonly (string | number)[]): Promise<unknown> {
    return this.#run(script, id, values, this.#access.writing);
  }

  #run(script: Script, id: string, values: readonly (string | number)[], connection = this.#access.writing): Promise<unknown> {
    const { keys } = this.#access;
    return this.#access.attempt(connection, (open) => script.run(open, keys.all(id), [id, keys.prefix, ...values]));
  }
}

function asTaking([status, record]: readonly [string, StreamRecord | undefined]): StreamTaking {
  if (record) return { status: status as 'taken' | 'sealed' | 'held', record };
  return { status: status === 'lost' ? 'lost' : 'absent' };
}
