import * as z from 'zod';
import { defaults } from '../index.ts';
import { parseRedisOptions } from './parse-redis-options.ts';
import type { RedisClient } from './redis-client.ts';

/** How streams are kept in Redis. */
export interface RedisStoreOptions {
  /** A client of node-redis, or what {@link fromIoredis} makes of one of ioredis. The store opens connections of its own like it. */
  readonly client: RedisClient;
  /** Before the name of every key. Default `'ss:'`. */
  readonly prefix?: string | undefined;
  /** How long a stream is kept after its last sign of life, in milliseconds. Default 15 minutes. */
  readonly ttl?: number | undefined;
  /** How long a stream is kept after its end, in milliseconds. Default 15 minutes. */
  readonly sealedTtl?: number | undefined;
  /** Events of one stream, before its producer makes a snapshot of its beginning. Default 10,000. */
  readonly maxEvents?: number | undefined;
  /** Bytes of one stream, likewise. Default 16 MiB. */
  readonly maxBytes?: number | undefined;
  /** How long one command may take, in milliseconds; then its connection is closed, and another one made. Default 2 seconds. */
  readonly commandTimeout?: number | undefined;
  /** How long a reader waits for a Redis that is away, in milliseconds. Default 30 seconds. */
  readonly patience?: number | undefined;
  /** Told once of a Redis that may lose streams, or is too old. Default: `console.warn`. */
  readonly onWarning?: ((warning: string) => void) | undefined;
}

const maxDelay = 2 ** 31 - 1;

function milliseconds(fallback: number) {
  const rule = { error: `must be a whole number of milliseconds from 1 to ${maxDelay}` };
  return z.int(rule).min(1, rule).max(maxDelay, rule).default(fallback);
}

function limit(fallback: number) {
  return z
    .custom<number>((value) => value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && (value as number) >= 1), {
      error: 'must be a whole number from 1, or Infinity',
    })
    .default(fallback);
}

const isSingleClient = (value: unknown) => {
  const client = value as Partial<Record<'duplicate' | 'slots' | 'masters' | 'totalClients' | 'status', unknown>> | null;
  return typeof client?.duplicate === 'function' && !('slots' in client || 'totalClients' in client || 'status' in client);
};

const schema = z.strictObject({
  client: z.custom<RedisClient>(isSingleClient, {
    error: 'must be one client of node-redis (no pool, no cluster), or fromIoredis() of one of ioredis',
  }),
  prefix: z.string({ error: 'must be a string' }).default('ss:'),
  ttl: milliseconds(defaults.store.ttl),
  sealedTtl: milliseconds(defaults.store.sealedTtl),
  maxEvents: limit(defaults.store.maxEvents),
  maxBytes: limit(defaults.store.maxBytes),
  commandTimeout: milliseconds(defaults.redis.commandTimeout),
  patience: milliseconds(defaults.redis.patience),
  onWarning: z
    .custom<(warning: string) => void>((value) => typeof value === 'function', { error: 'must be a function' })
    .default(() => (warning: string) => console.warn(warning)),
});

/** What the store works with: all options, checked. */
export type RedisStoreConfig = z.output<typeof schema>;

/** @throws TypeError that names the option which is wrong. */
export function parseRedisStoreOptions(options: RedisStoreOptions): RedisStoreConfig {
  return parseRedisOptions('redisStore', schema, options);
}
