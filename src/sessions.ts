import type { Observable } from 'rxjs';
import type { Client } from './client.ts';
import { fingerprintOf, type StreamPosition } from './core/checkpoint.ts';
import { defaults } from './core/defaults.ts';
import type { EventLike, StreamEvent } from './core/event.ts';
import { parseOptions } from './core/options.ts';
import { ProviderError } from './core/provider-error.ts';
import { randomId } from './core/random-id.ts';
import type { StreamRequest } from './core/request.ts';
import { invalidRequest } from './core/request-schema.ts';
import { attachTo } from './recovery/attach.ts';
import { memoryStore } from './recovery/memory-store.ts';
import { persist } from './recovery/persist.ts';
import type { EndOfAnswer } from './recovery/producer-config.ts';
import { Producers } from './recovery/producers.ts';
import { streamNotFound } from './recovery/store-errors.ts';
import { needsRequest } from './recovery/take-over.ts';
import { Watches } from './recovery/watches.ts';
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
import { takeOverBy } from './sessions-take-over.ts';

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
  const { client, store = memoryStore(), codec = asJson } = config;
  const { lease, takeover, maxTakeovers, maxSessions, storePatience: patience } = settings;
  const owner = `process_${randomId()}`;
  const producers = new Producers({ ...settings, store, patience, unwatchedFor: settings.cancelUnwatchedAfter }, owner);
  const takeOver = takeOverBy({ client, store, codec, owner, lease, producers, maxSessions });
  const watches = new Watches({ store, watcher: owner, lease, expired: takeOver });
  let isDraining = false;

  async function start(request: StreamRequest, options: StartOptions = {}): Promise<Session> {
    const { reuse, key, ofCall } = parseStartOptions(options, request);
    const invalid = invalidRequest(request);
    if (invalid) throw invalid;
    if (!client) throw refused('not-here', 'this process has no client, and starts nothing');
    if (isDraining) throw refused('draining', 'this process is about to end');
    if (producers.count >= maxSessions) throw refused('max-sessions', `there are ${maxSessions} sessions`);
    // The client checks its own options: here, and not when there is a record already.
    client.stream(request, ofCall);

    const requestHash = fingerprintOf(request);
    const { requestId = `req_${randomId()}`, tenant, timeout } = ofCall;
    const total = timeout?.total ?? defaults.timeout.total;
    const stream = {
      id: `stream_${randomId()}`,
      requestId,
      requestHash,
      tenant,
      takeover,
      maxTakeovers,
      request: needsRequest(takeover) ? await codec.encode(request) : undefined,
      deadline: Number.isFinite(total) ? Date.now() + total : undefined,
    };
    const isWanted = () => true;
    const creation = await persist(() => store.create(stream, { owner, lease, idempotencyKey: key }), { patience: () => lease, isWanted });
    if (!creation) throw streamNotFound();
    const { record, status } = creation;
    if (status === 'exists') {
      if (record.requestHash !== requestHash) throw conflict(requestId);
      return { id: record.id, requestId: record.requestId, isNew: false };
    }
    producers.run({
      record,
      forgets: reuse ? isNoAnswerForOthers : hasSaidNothing,
      cancelled: cancelAt(client),
      generate: (follow) => client.stream(request, { ...ofCall, requestId, follow }),
    });
    return { id: record.id, requestId, isNew: true };
  }

  function attach(id: string, options: AttachOptions = {}): Observable<StreamEvent | E> {
    const { after, snapshot, tenant } = parseOptions('attach', attachSchema, options);
    const watch$ = watches.watch(id);
    const outlivesLog = settings.durability === 'best-effort';
    return attachTo(id, { store, after, snapshot, tenant, watch$, outlivesLog, producer: () => producers.get(id) }) as Observable<
      StreamEvent | E
    >;
  }

  async function cancel(id: string, options: { readonly tenant?: string | undefined } = {}): Promise<void> {
    const { tenant } = parseOptions('cancel', tenantSchema, options);
    const known = await store.get(id);
    if (!known || known.tenant !== tenant) throw streamNotFound();
    await persist(() => store.cancel(id), { patience: () => lease, isWanted: () => true });
    producers.get(id)?.cancel();
  }

  async function sweep(): Promise<number> {
    const expired = (await store.list({ state: 'expired' })).filter(({ id }) => !producers.get(id));
    for (const record of expired) await takeOver(record, 0);
    return expired.length;
  }

  async function drain(options: { readonly deadline?: number | undefined } = {}): Promise<void> {
    const { deadline } = parseOptions('drain', drainSchema, options);
    isDraining = true;
    await producers.drain(deadline);
  }

  return { start, attach, cancel, sweep, drain };
}

/** What comes of it is nobody's to wait for: the stream is cancelled in any case. */
export function cancelAt(client: Partial<Pick<Client, 'cancel'>>): (position: StreamPosition) => void {
  return (position) => {
    client.cancel?.(position).catch(() => undefined);
  };
}

const asJson = {
  encode: (request: StreamRequest): string => JSON.stringify(request),
  decode: (text: string): StreamRequest => JSON.parse(text) as StreamRequest,
};

/** A failure before the first token is not pinned to its key: the next call tries anew. */
export function hasSaidNothing({ outcome, hasContent }: EndOfAnswer): boolean {
  return outcome.status !== 'done' && !hasContent;
}

/** Who asks the same later wants a whole answer. */
export function isNoAnswerForOthers({ outcome, finishReason }: EndOfAnswer): boolean {
  return outcome.status !== 'done' || (finishReason !== 'stop' && finishReason !== 'tool-calls');
}

function refused(code: string, reason: string): ProviderError {
  return new ProviderError({ category: 'limit-exceeded', phase: 'local', code, reason });
}

function conflict(requestId: string): ProviderError {
  const reason = 'the idempotency key was used with a different request';
  return new ProviderError({ category: 'conflict', phase: 'local', retryable: false, requestId, reason });
}
