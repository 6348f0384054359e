import * as z from 'zod';
import type { Client } from './client.ts';
import type { StreamOptions } from './client-options.ts';
import { fingerprintOf } from './core/checkpoint.ts';
import { defaults } from './core/defaults.ts';
import type { EventLike } from './core/event.ts';
import { callback, count, instance, limit, milliseconds, parseOptions } from './core/options.ts';
import type { StreamRequest } from './core/request.ts';
import type { Durability } from './recovery/producer-config.ts';
import type { TakeoverPolicy } from './recovery/stream-record.ts';
import type { StreamStore } from './recovery/stream-store.ts';

/** Writes a request so that another process can go on with it, and reads it again: the place to encrypt or to redact. */
export interface RequestCodec {
  /** The request as it is kept. */
  readonly encode: (request: StreamRequest) => string | PromiseLike<string>;
  /** The request again; what it throws fails the takeover. */
  readonly decode: (text: string) => StreamRequest | PromiseLike<StreamRequest>;
}

/** Options of {@link createSessions}. */
export interface SessionsConfig<E extends EventLike = never> {
  /** Who generates answers. Default: nobody; then this process can attach and cancel, and start nothing. */
  readonly client?: Client<E> | undefined;
  /** Where streams are kept. Default: {@link memoryStore} with its defaults. */
  readonly store?: StreamStore | undefined;
  /** What becomes of a stream whose process died. Default: `fail`. */
  readonly takeover?: TakeoverPolicy | undefined;
  /** How often one stream may be taken over: a poisonous request shall not walk through all processes. Default: 1. */
  readonly maxTakeovers?: number | undefined;
  /** How a request is kept, where a takeover needs it. Default: as JSON. */
  readonly codec?: RequestCodec | undefined;
  /** What a subscriber is promised while the store is away. Default: `required`. */
  readonly durability?: Durability | undefined;
  /** Milliseconds after which a process that says nothing has lost its streams, from 100. Default: 10,000. */
  readonly lease?: number | undefined;
  /** How long a store may be away before a stream that needs it fails, in milliseconds. Default: 30,000. */
  readonly storePatience?: number | undefined;
  /** Of one stream, what the store has not acknowledged; beyond it the provider is slowed down. Default: 1 MiB. */
  readonly maxUnloggedBytes?: number | undefined;
  /** Milliseconds after which an answer is cancelled that nobody watches in any process. Default: Infinity. */
  readonly cancelUnwatchedAfter?: number | undefined;
  /** Streams that are generated here at once. Default: 10,000. */
  readonly maxSessions?: number | undefined;
}

/** Options of {@link Sessions.start}: those of `client.stream` that mean something for everybody who reads. */
export interface StartOptions extends Omit<StreamOptions, 'signal' | 'follow' | 'from'> {
  /**
   * Whether a complete answer to the same request of the same tenant, or one that is on its way, is good enough. One that failed, or stopped at
   * its length, never is. Excludes `idempotencyKey`. Default: false.
   */
  readonly reuse?: boolean | undefined;
}

/** Options of {@link Sessions.attach}. */
export interface AttachOptions {
  /** The cursor of the last event that the reader has; `now` for what comes. Default: the beginning. */
  readonly after?: string | undefined;
  /** Whether what was said before comes as one `snapshot`; without `after` only. Default: false. */
  readonly snapshot?: boolean | undefined;
  /** Whose stream it must be; another's is not found. Default: nobody's. */
  readonly tenant?: string | undefined;
}

export const sessionsSchema = z.strictObject({
  client: instance<Client>('stream', 'createClient').optional(),
  store: instance<StreamStore>('append', 'memoryStore').optional(),
  takeover: z.enum(['fail', 'resume', 'continue', 'restart'], { error: 'must be fail, resume, continue or restart' }).default('fail'),
  maxTakeovers: count(0, 100).default(defaults.sessions.maxTakeovers),
  codec: z
    .strictObject(
      { encode: callback<RequestCodec['encode']>(), decode: callback<RequestCodec['decode']>() },
      { error: 'must be { encode, decode }' },
    )
    .optional(),
  durability: z.enum(['required', 'best-effort'], { error: 'must be required or best-effort' }).default('required'),
  lease: count(100, 86_400_000).default(defaults.sessions.lease),
  storePatience: milliseconds(0).default(defaults.sessions.storePatience),
  maxUnloggedBytes: count(1_024).default(defaults.sessions.maxUnloggedBytes),
  cancelUnwatchedAfter: milliseconds(100).default(Number.POSITIVE_INFINITY),
  maxSessions: limit(1).default(defaults.sessions.maxSessions),
});

/** Those of the caller that are the session's own; the client checks the rest. */
export const startSchema = z.object({
  reuse: z.boolean({ error: 'must be true or false' }).default(false),
});

export const attachSchema = z.strictObject({
  after: z.string({ error: 'must be a cursor' }).optional(),
  snapshot: z.boolean({ error: 'must be true or false' }).default(false),
  tenant: z.string({ error: 'must be a string' }).optional(),
});

export const tenantSchema = attachSchema.pick({ tenant: true });

export const drainSchema = z.strictObject({ deadline: milliseconds(0).default(defaults.sessions.drainDeadline) });

/** What a session keeps to itself of what {@link Sessions.start} is given, and what its client gets. */
export function parseStartOptions(options: StartOptions, request: StreamRequest) {
  const { reuse } = parseOptions('start', startSchema, options);
  const { reuse: _, ...ofCall } = options;
  const { idempotencyKey, tenant } = ofCall;
  if (reuse && idempotencyKey !== undefined) throw new TypeError('start: reuse excludes idempotencyKey: the request itself is the key');
  if (tenant !== undefined && typeof tenant !== 'string') throw new TypeError('start: tenant must be a string');
  for (const name of ['signal', 'follow', 'from'] as const) {
    if (name in ofCall) throw new TypeError(`start: ${name} is not an option: an answer that is kept is ended by cancel()`);
  }
  const key = reuse ? `answer:${fingerprintOf(request)}` : idempotencyKey === undefined ? undefined : `key:${idempotencyKey}`;
  return { reuse, key, ofCall };
}
