import { z } from 'zod';
import { defaults } from './core/defaults.ts';
import type { EventLike } from './core/event.ts';
import { count, instance, parseOptions } from './core/options.ts';
import type { Provider } from './core/provider.ts';
import type { Transport } from './core/transport.ts';
import { type ClassifyConfig, classifySchema } from './operators/classify-errors.ts';
import { type CircuitBreakers, createCircuitBreakers } from './operators/create-circuit-breaker.ts';
import { type StreamTimeoutConfig, streamTimeoutSchema } from './operators/stream-timeout.ts';
import { type BackoffConfig, backoffSchema } from './policies/backoff.ts';
import { fetchTransport } from './transport/fetch-transport.ts';

/** What a client is made of. Only the provider is needed. */
export interface ClientConfig<E extends EventLike = never> {
  readonly provider: Provider<E>;
  /** Attempts and waits. Default: 3 attempts, waits of 1 s doubling to 20 s with full jitter. */
  readonly retry?: BackoffConfig | undefined;
  /** Deadlines in milliseconds; `Infinity` is none. Default: headers 30 s, first content 120 s, idle 60 s, total 10 min. */
  readonly timeout?: StreamTimeoutConfig | undefined;
  /** Default: a registry of the client's own. Pass one to share it between clients. */
  readonly breakers?: CircuitBreakers | undefined;
  /** Rules of your own for telling failures apart. Default: none. */
  readonly classify?: Pick<ClassifyConfig<unknown>, 'rules' | 'unknownRetryable'> | undefined;
  /** Default: the provider's own, else `fetchTransport()`. */
  readonly transport?: Transport | undefined;
  /** Requests of one call, whatever they are for. Default: 8. */
  readonly maxRequests?: number | undefined;
}

/** What can be said of one call. */
export interface StreamOptions {
  /** The id on headers, events and errors: 1 to 128 visible ASCII characters. Default: made anew for each subscription. */
  readonly requestId?: string | undefined;
  /** Sent with every attempt of the call. Default: request id and subscription. */
  readonly idempotencyKey?: string | undefined;
  /** Ends the stream with `cancelled` when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Overrides the client's deadlines, one by one. */
  readonly timeout?: StreamTimeoutConfig | undefined;
  /** Overrides the client's retry options, one by one. */
  readonly retry?: BackoffConfig | undefined;
  /** Whether each message of the provider is emitted as a `raw` event too. Default: false. */
  readonly raw?: boolean | undefined;
}

const isCallable = (value: unknown, members: readonly string[]): boolean =>
  typeof value === 'object' && value !== null && members.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');

const headerSafe = z.custom<string>((value) => typeof value === 'string' && /^[\x21-\x7e]{1,128}$/.test(value), {
  error: 'must be 1 to 128 visible ASCII characters',
});

// Checked here, and filled in where they are used, so that a call can override one option of the client's and keep the rest.
const retrySchema = z.strictObject({
  ...Object.fromEntries(Object.entries(backoffSchema.shape).map(([name, field]) => [name, z.optional(field)])),
});

const clientSchema = z.strictObject({
  provider: z.custom<Provider>((value) => isCallable(value, ['request', 'decoder']), {
    error: 'must be a provider, as openai() or anthropic() make one',
  }),
  retry: retrySchema.optional(),
  timeout: streamTimeoutSchema.optional(),
  breakers: instance<CircuitBreakers>('changes$', 'createCircuitBreakers').optional(),
  classify: classifySchema.pick({ rules: true, unknownRetryable: true }).optional(),
  transport: z
    .custom<Transport>((value) => typeof value === 'function', { error: 'must be a transport, as fetchTransport() makes one' })
    .optional(),
  maxRequests: count(1).default(defaults.maxRequests),
});

const streamSchema = z.strictObject({
  requestId: headerSafe.optional(),
  idempotencyKey: headerSafe.optional(),
  signal: z
    .custom<AbortSignal>((value) => typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value, {
      error: 'must be an AbortSignal',
    })
    .optional(),
  timeout: streamTimeoutSchema.optional(),
  retry: retrySchema.optional(),
  raw: z.boolean({ error: 'must be true or false' }).default(false),
});

/** A client's configuration with every default in place. */
export interface ClientSettings<E extends EventLike> {
  readonly provider: Provider<E>;
  readonly transport: Transport;
  readonly retry: BackoffConfig;
  readonly timeout: StreamTimeoutConfig;
  readonly breakers: CircuitBreakers;
  readonly classify: Pick<ClassifyConfig<unknown>, 'rules' | 'unknownRetryable'>;
  readonly maxRequests: number;
}

/** The settings of one call. */
export interface CallSettings {
  readonly requestId: string | undefined;
  readonly idempotencyKey: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly timeout: StreamTimeoutConfig;
  readonly retry: BackoffConfig;
  readonly raw: boolean;
}

/** @throws TypeError that names the option. */
export function parseClientConfig<E extends EventLike>(config: ClientConfig<E>): ClientSettings<E> {
  const { maxRequests } = parseOptions('createClient', clientSchema, config);
  const { provider } = config;
  return {
    provider,
    maxRequests,
    transport: config.transport ?? provider.transport ?? fetchTransport(),
    retry: config.retry ?? {},
    timeout: override<StreamTimeoutConfig>(defaults.timeout, config.timeout),
    breakers: config.breakers ?? createCircuitBreakers(),
    classify: config.classify ?? {},
  };
}

/** @throws TypeError that names the option. */
export function parseStreamOptions<E extends EventLike>(options: StreamOptions, settings: ClientSettings<E>): CallSettings {
  const { requestId, idempotencyKey, signal, raw } = parseOptions('stream', streamSchema, options);
  const timeout = override(settings.timeout, options.timeout);
  return { requestId, idempotencyKey, signal, raw, timeout, retry: override(settings.retry, options.retry) };
}

/** `undefined` overrides nothing. */
function override<T extends object>(base: T, over: { readonly [K in keyof T]?: T[K] | undefined } | undefined): T {
  const given = Object.entries(over ?? {}).filter(([, value]) => value !== undefined);
  return { ...base, ...Object.fromEntries(given) };
}
