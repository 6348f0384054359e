import * as z from 'zod';
import { type Checkpoint, checkpointSchema, type StreamPosition } from './core/checkpoint.ts';
import { defaults, maxTimerDelay } from './core/defaults.ts';
import type { ErrorCategory } from './core/error-category.ts';
import type { EventLike } from './core/event.ts';
import { callback, count, instance, milliseconds, parseOptions } from './core/options.ts';
import type { Provider } from './core/provider.ts';
import type { Transport } from './core/transport.ts';
import { type ClassifyConfig, classifySchema } from './operators/classify-errors.ts';
import { type Cooldowns, createCooldowns } from './operators/cooldown.ts';
import { type CircuitBreakers, createCircuitBreakers } from './operators/create-circuit-breaker.ts';
import { categoriesSchema } from './operators/fallback-to.ts';
import type { RateLimiter } from './operators/rate-limit.ts';
import { type RepetitionGuardConfig, repetitionSchema } from './operators/repetition-guard.ts';
import { createRetryBudget } from './operators/retry-budget.ts';
import { type StreamTimeoutConfig, streamTimeoutSchema } from './operators/stream-timeout.ts';
import { type BackoffConfig, backoffSchema } from './policies/backoff.ts';
import type { Recovery } from './policies/recovery.ts';
import type { RetryBudget } from './policies/retry-budget.ts';
import { fetchTransport } from './transport/fetch-transport.ts';

/** Another provider, or another model of the same, that answers when those before it cannot. */
export interface Target<E extends EventLike = never> {
  readonly provider: Provider<E>;
  readonly model: string;
  /** On which failures of those before. Default: the provider's troubles, limits and refusals; not the caller's mistakes. */
  readonly on?: readonly ErrorCategory[] | undefined;
  /** Whether it may answer also after content: a `restart` event says that all content so far is void. Default: false. */
  readonly afterContent?: boolean | undefined;
}

/** When a call starts another attempt beside a slow one. */
export interface ClientHedge {
  /** Milliseconds without first content. */
  readonly after: number;
  /** Whether also for requests with tools, which could then run twice. Default: false. */
  readonly allowTools?: boolean | undefined;
}

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
  /** Who answers when the provider cannot, in order. One whose breaker is open, or that cools down for too long, is skipped. Default: nobody. */
  readonly fallback?: readonly Target<E>[] | undefined;
  /** What retries may cost over all calls. Default: a budget of the client's own. */
  readonly budget?: RetryBudget | undefined;
  /** What one call learns of a provider's limits, the others obey. Default: a registry of the client's own. */
  readonly cooldowns?: Cooldowns | undefined;
  /** A limit of yours on requests and tokens. Default: none. */
  readonly rateLimit?: RateLimiter | undefined;
  /** A second attempt when first content is late; it costs a token of the budget. Default: none. */
  readonly hedge?: ClientHedge | undefined;
  /** Ends answers that repeat themselves. Default: off. */
  readonly repetitionGuard?: RepetitionGuardConfig | undefined;
  /** How an answer goes on that breaks after content, the first that is possible. Default: `['resume']`; else it is an error with its partial. */
  readonly recovery?: readonly Recovery[] | undefined;
  /** Requests of one call, whatever they are for. Default: 8. */
  readonly maxRequests?: number | undefined;
  /**
   * A tokenizer, as that of `gpt-tokenizer`, for the usage of answers that were cut or whose provider reports none. Default: a rule of
   * thumb, 4 characters a token for most providers.
   */
  readonly countTokens?: ((text: string) => number) | undefined;
  /**
   * For how many milliseconds an answer is read on after its consumer has stopped it, to hear its exact usage: a `usage` event of
   * `lifecycle$`, if somebody listens. The provider goes on writing, and charging, meanwhile. Default: 0, the request is aborted at once.
   */
  readonly usageAfterStop?: number | undefined;
}

/** What can be said of one call. */
export interface StreamOptions {
  /** The id on headers, events and errors: 1 to 128 visible ASCII characters. Default: made anew for each subscription. */
  readonly requestId?: string | undefined;
  /** Sent with every attempt of the call. Default: request id and subscription. */
  readonly idempotencyKey?: string | undefined;
  /** On whose account of the retry budget the call goes, beside the provider's. Default: nobody's. */
  readonly tenant?: string | undefined;
  /** Ends the stream with `cancelled` when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Overrides the client's deadlines, one by one. */
  readonly timeout?: StreamTimeoutConfig | undefined;
  /** Overrides the client's retry options, one by one. */
  readonly retry?: BackoffConfig | undefined;
  /** Overrides the client's. */
  readonly recovery?: readonly Recovery[] | undefined;
  /** Where to go on: the `checkpoint` of an error of the same request. What it holds comes first, as a `snapshot`. Default: at the beginning. */
  readonly from?: Checkpoint | undefined;
  /**
   * Given, when somebody subscribes, a function that tells how far the stream has come, at no cost until it is called: for those who keep
   * checkpoints while a stream runs. It must not throw.
   */
  readonly follow?: ((position: () => StreamPosition) => void) | undefined;
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

const providerSchema = z.custom<Provider>((value) => isCallable(value, ['request', 'decoder']), {
  error: 'must be a provider, as openai() or anthropic() make one',
});

const recoverySchema = z.array(
  z.union([z.enum(['resume', 'continue', 'restart']), z.strictObject({ restart: z.strictObject({ verify: z.boolean() }) })], {
    error: 'must be resume, continue, restart or { restart: { verify } }',
  }),
  { error: 'must be an array of resume, continue and restart' },
);

const flag = () => z.boolean({ error: 'must be true or false' });

const targetSchema = z.strictObject({
  provider: providerSchema,
  model: z.string({ error: 'must be a string' }).min(1, { error: 'must be a text that is not empty' }),
  on: categoriesSchema.optional(),
  afterContent: flag().optional(),
});

/** The schema of a client's configuration, for a fetch that takes a part of it. */
export const clientSchema = z.strictObject({
  provider: providerSchema,
  fallback: z.array(targetSchema, { error: 'must be an array of { provider, model }' }).optional(),
  budget: instance<RetryBudget>('take', 'createRetryBudget').optional(),
  cooldowns: instance<Cooldowns>('get', 'createCooldowns').optional(),
  rateLimit: instance<RateLimiter>('enter', 'createRateLimiter').optional(),
  hedge: z.strictObject({ after: milliseconds(0), allowTools: flag().optional() }).optional(),
  repetitionGuard: repetitionSchema.partial().optional(),
  retry: retrySchema.optional(),
  timeout: streamTimeoutSchema.optional(),
  breakers: instance<CircuitBreakers>('changes$', 'createCircuitBreakers').optional(),
  classify: classifySchema.pick({ rules: true, unknownRetryable: true }).optional(),
  transport: z
    .custom<Transport>((value) => typeof value === 'function', { error: 'must be a transport, as fetchTransport() makes one' })
    .optional(),
  recovery: recoverySchema.optional(),
  maxRequests: count(1).optional(),
  countTokens: callback<(text: string) => number>().optional(),
  usageAfterStop: milliseconds(0).default(0),
});

const streamSchema = z.strictObject({
  requestId: headerSafe.optional(),
  idempotencyKey: headerSafe.optional(),
  tenant: z.string({ error: 'must be a string' }).optional(),
  signal: z
    .custom<AbortSignal>((value) => typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value, {
      error: 'must be an AbortSignal',
    })
    .optional(),
  timeout: streamTimeoutSchema.optional(),
  retry: retrySchema.optional(),
  recovery: recoverySchema.optional(),
  from: checkpointSchema.optional(),
  follow: callback<NonNullable<StreamOptions['follow']>>().optional(),
  raw: z.boolean({ error: 'must be true or false' }).default(false),
});

/** A client's configuration with every default in place. */
export interface ClientSettings<E extends EventLike> {
  readonly provider: Provider<E>;
  /** Of the client, for providers that have none of their own. */
  readonly transportOf: (provider: Provider<E>) => Transport;
  readonly retry: BackoffConfig;
  readonly timeout: StreamTimeoutConfig;
  readonly breakers: CircuitBreakers;
  readonly classify: Pick<ClassifyConfig<unknown>, 'rules' | 'unknownRetryable'>;
  readonly fallback: readonly Target<E>[];
  readonly budget: RetryBudget;
  readonly cooldowns: Cooldowns;
  readonly rateLimit: RateLimiter | undefined;
  readonly hedge: ClientHedge | undefined;
  readonly repetitionGuard: RepetitionGuardConfig | undefined;
  readonly maxRequests: number;
  readonly recovery: readonly Recovery[];
  readonly countTokens: ((text: string) => number) | undefined;
  readonly usageAfterStop: number;
}

/** The settings of one call. */
export interface CallSettings {
  readonly requestId: string | undefined;
  readonly idempotencyKey: string | undefined;
  readonly tenant: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly timeout: StreamTimeoutConfig;
  readonly retry: BackoffConfig;
  readonly maxRequests: number;
  readonly usageAfterStop: number;
  readonly recovery: readonly Recovery[];
  readonly from: Checkpoint | undefined;
  readonly follow: StreamOptions['follow'];
  readonly raw: boolean;
}

/** @throws TypeError that names the option. */
export function parseClientConfig<E extends EventLike>(config: ClientConfig<E>): ClientSettings<E> {
  const { maxRequests: asked, usageAfterStop } = parseOptions('createClient', clientSchema, config);
  const { provider, fallback = [], transport, rateLimit, hedge, repetitionGuard, countTokens } = config;
  const own = provider.defaults ?? {};
  const timeout = override(override<StreamTimeoutConfig>(defaults.timeout, own.timeout), config.timeout);
  const fetching = fetchTransport();
  const isFree = own.breaks === false && fallback.length === 0;
  return {
    provider,
    fallback,
    maxRequests: asked ?? own.maxRequests ?? defaults.maxRequests,
    rateLimit,
    hedge,
    repetitionGuard,
    recovery: config.recovery ?? ['resume'],
    countTokens,
    usageAfterStop,
    transportOf: (one) => transport ?? one.transport ?? fetching,
    // Whoever asks a relay again costs nobody anything; what bounds it is the number of attempts.
    budget: config.budget ?? createRetryBudget(isFree ? { tokens: 1_000_000 } : {}),
    cooldowns: config.cooldowns ?? createCooldowns(),
    retry: override<BackoffConfig>(own.retry ?? {}, config.retry),
    timeout,
    // Slowness is worth a refusal where somebody else can answer.
    breakers:
      config.breakers ??
      createCircuitBreakers({
        openOnSlow: fallback.length > 0,
        probeTimeout: probeTimeoutOf(timeout),
        shadow: isFree,
      }),
    classify: config.classify ?? {},
  };
}

/** @throws TypeError that names the option. */
export function parseStreamOptions<E extends EventLike>(options: StreamOptions, settings: ClientSettings<E>): CallSettings {
  const { requestId, idempotencyKey, tenant, signal, raw } = parseOptions('stream', streamSchema, options);
  const timeout = override(settings.timeout, options.timeout);
  const { maxRequests, usageAfterStop } = settings;
  return {
    requestId,
    idempotencyKey,
    tenant,
    signal,
    raw,
    timeout,
    maxRequests,
    usageAfterStop,
    recovery: options.recovery ?? settings.recovery,
    from: options.from,
    follow: options.follow,
    retry: override({ budget: settings.budget, ...settings.retry }, options.retry),
  };
}

/** `undefined` overrides nothing. */
function override<T extends object>(base: T, over: { readonly [K in keyof T]?: T[K] | undefined } | undefined): T {
  const given = Object.entries(over ?? {}).filter(([, value]) => value !== undefined);
  return { ...base, ...Object.fromEntries(given) };
}

/** A probe gets the time that an attempt has, and a little more, so that its own deadline speaks first. */
function probeTimeoutOf({ headers = 0, firstContent = 0 }: StreamTimeoutConfig): number {
  return Math.min(headers + firstContent + 10_000, maxTimerDelay);
}
