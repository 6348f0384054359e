import { asyncScheduler, type Observable } from 'rxjs';
import { fingerprintOf } from './core/checkpoint.ts';
import { defaults } from './core/defaults.ts';
import type { EventLike, StreamEvent } from './core/event.ts';
import { parseOptions } from './core/options.ts';
import { randomId } from './core/random-id.ts';
import type { StreamRequest } from './core/request.ts';
import { invalidRequest } from './core/request-schema.ts';
import { attachTo } from './recovery/attach.ts';
import { createStream, giveUp, hasSaidNothing, isNoAnswerForOthers } from './recovery/create-stream.ts';
import { memoryStore } from './recovery/memory-store.ts';
import { bounded, persist } from './recovery/persist.ts';
import { Producers } from './recovery/producers.ts';
import { refused, SessionPlaces } from './recovery/session-places.ts';
import { streamNotFound } from './recovery/store-errors.ts';
import type { StreamInit, StreamRecord } from './recovery/stream-record.ts';
import { needsRequest } from './recovery/take-over.ts';
import { Watches } from './recovery/watches.ts';
import { encoded, jsonCodec } from './sessions-codec.ts';
import {
  type AttachOptions,
  attachSchema,
  drainSchema,
  parseStartOptions,
  type SessionsConfig,
  type StartOptions,
  sessionsSchema,
  tenantSchema,
} from './sessions-options.ts';
import { cancelAt, takeOverBy } from './sessions-take-over.ts';

/** A stream that was started, or joined. */
export interface Session {
  /** Names the stream, in every process that shares the store. */
  readonly id: string;
  readonly requestId: string;
  /** Whether this call has started it; false where its idempotency key, or `reuse`, found another. */
  readonly isNew: boolean;
}

/** Answers that outlive who asked for them. */
export interface Sessions<E extends EventLike = never> {
  /**
   * Starts an answer that is kept, and generated whether anybody reads it or not. Resolves once its record exists, before the first token.
   *
   * Rejects with a {@link ProviderError}: `invalid-request`; `conflict` where the idempotency key was used with another request; `limit-exceeded`
   * where there are too many, or this process drains; what the store says where it cannot be reached.
   */
  start(request: StreamRequest, options?: StartOptions): Promise<Session>;
  /**
   * A stored stream, from its beginning or after a cursor: cold; any number of subscribers, in any process, late, twice, or after the end, each
   * with every event once. Unsubscribing cancels nothing.
   *
   * Events carry a `cursor`. Completes after `finish`; raises what the stream ended with; `not-found`; `interrupted` where its producer is
   * lost and nobody takes over; `replay-gap` where events are gone.
   */
  attach(id: string, options?: AttachOptions): Observable<StreamEvent | E>;
  /** What is known of a stream beside its events, whether it still runs among it; `undefined` where there is none, or it is another tenant's. */
  find(id: string, options?: { readonly tenant?: string | undefined }): Promise<StreamRecord | undefined>;
  /** Ends a stream, for good, whichever process produces it; one that has ended stays as it ended. Rejects with `not-found`. */
  cancel(id: string, options?: { readonly tenant?: string | undefined }): Promise<void>;
  /** Takes over, or seals, what other processes have left behind; at most 100 streams. How many it looked after. Without it, readers do. */
  sweep(): Promise<number>;
  /**
   * For the end of the process: starts nothing more, lets what runs come to its end until the deadline (default: 10,000 milliseconds), then gives
   * it back where `takeover` allows another process to go on, and seals the rest as interrupted.
   */
  drain(options?: { readonly deadline?: number | undefined }): Promise<void>;
}

/**
 * Makes sessions over a client and a store.
 *
 * @throws TypeError for an option that is unknown or out of range; the message names it.
 *
 * @example
 * ```ts
 * const sessions = createSessions({ client, store: memoryStore() });
 * const { id } = await sessions.start(request);
 * sessions.attach(id).pipe(textDeltas()).subscribe((text) => process.stdout.write(text));
 * ```
 */
export function createSessions<E extends EventLike = never>(config: SessionsConfig<E>): Sessions<E> {
  const settings = parseOptions('createSessions', sessionsSchema, config);
  const { client, store = memoryStore(), codec = jsonCodec } = config;
  const { lease, takeover, maxTakeovers, maxSessions, storePatience: patience } = settings;
  const owner = `process_${randomId()}`;
  const producers = new Producers({ ...settings, store, patience, unwatchedFor: settings.cancelUnwatchedAfter }, owner);
  const places = new SessionPlaces(() => producers.count, maxSessions);
  const takeOver = takeOverBy({ client, store, codec, owner, lease, producers, places });
  const watches = new Watches({ store, watcher: owner, lease, expired: takeOver });

  async function start(request: StreamRequest, options: StartOptions = {}): Promise<Session> {
    const invalid = invalidRequest(request);
    if (invalid) throw invalid;
    const { reuse, key, ofCall } = parseStartOptions(options, request);
    if (!client) throw refused('not-here', 'this process has no client, and starts nothing');
    // The client checks its own options: here, and not when there is a record already.
    client.stream(request, ofCall);
    const place = places.take();
    try {
      const { record, isNew } = await createStream(store, await initOf(request, ofCall), { owner, lease, key, reuse });
      if (isNew && places.isClosed) {
        await giveUp(store, record);
        throw refused('draining', 'this process is about to end');
      }
      if (isNew) {
        producers.run({
          record,
          forgets: reuse ? isNoAnswerForOthers : hasSaidNothing,
          cancelled: cancelAt(client),
          // The key that joins readers to a stream is a tenant's own; at the provider two tenants with the same key would share an answer.
          generate: (follow) => client.stream(request, { ...ofCall, requestId: record.requestId, idempotencyKey: record.id, follow }),
        });
      }
      return { id: record.id, requestId: record.requestId, isNew };
    } finally {
      place.giveBack();
    }
  }

  async function initOf(request: StreamRequest, { requestId = `req_${randomId()}`, tenant, timeout }: StartOptions): Promise<StreamInit> {
    const total = timeout?.total ?? defaults.timeout.total;
    return {
      id: `stream_${randomId()}`,
      requestId,
      requestHash: fingerprintOf(request),
      tenant,
      takeover,
      maxTakeovers,
      request: needsRequest(takeover) ? await encoded(request, codec) : undefined,
      deadline: Number.isFinite(total) ? asyncScheduler.now() + total : undefined,
    };
  }

  function attach(id: string, options: AttachOptions = {}): Observable<StreamEvent | E> {
    const { after, snapshot, tenant } = parseOptions('attach', attachSchema, options);
    const outlivesLog = settings.durability === 'best-effort';
    const here = { watch: () => watches.watch(id), producer: () => producers.get(id) };
    return attachTo(id, { store, after, snapshot, tenant, outlivesLog, ...here }) as Observable<StreamEvent | E>;
  }

  async function find(id: string, options: { readonly tenant?: string | undefined } = {}): Promise<StreamRecord | undefined> {
    const { tenant } = parseOptions('find', tenantSchema, options);
    const record = await bounded(() => store.get(id));
    return record?.tenant === tenant ? record : undefined;
  }

  async function cancel(id: string, options: { readonly tenant?: string | undefined } = {}): Promise<void> {
    const { tenant } = parseOptions('cancel', tenantSchema, options);
    // What is produced here ends though the store be away.
    const known = producers.record(id) ?? (await bounded(() => store.get(id)));
    if (!known || known.tenant !== tenant) throw streamNotFound();
    producers.get(id)?.cancel();
    await persist(() => store.cancel(id), { patience: () => lease, isWanted: () => true });
  }

  async function sweep(): Promise<number> {
    if (places.isClosed) return 0;
    const expired = (await bounded(() => store.list({ state: 'expired' }))).filter(({ id }) => !producers.get(id));
    for (const record of expired) await takeOver(record, 0);
    return expired.length;
  }

  async function drain(options: { readonly deadline?: number | undefined } = {}): Promise<void> {
    const { deadline } = parseOptions('drain', drainSchema, options);
    const begun = asyncScheduler.now();
    places.close();
    await places.settled(deadline);
    await producers.drain(Math.max(deadline - (asyncScheduler.now() - begun), 0));
  }

  return { start, attach, find, cancel, sweep, drain };
}
