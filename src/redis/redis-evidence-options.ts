import * as z from 'zod';
import { defaults } from '../index.ts';
import { parseRedisOptions } from './parse-redis-options.ts';
import type { RedisClient } from './redis-client.ts';

/** How evidence is exchanged through Redis. */
export interface RedisEvidenceOptions {
  /** A client of node-redis, or what {@link fromIoredis} makes of one of ioredis. One connection like it is opened. */
  readonly client: RedisClient;
  /** Before the name of every key; processes that have the same share. Default `'ss:'`. */
  readonly prefix?: string | undefined;
  /** How long a round may take, in milliseconds; then its connection is closed, and another one made. Default 1 second. */
  readonly commandTimeout?: number | undefined;
}

const maxDelay = 2 ** 31 - 1;
const delay = { error: `must be a whole number of milliseconds from 1 to ${maxDelay}` };

const schema = z.strictObject({
  client: z.custom<RedisClient>((value) => typeof (value as Partial<RedisClient> | null)?.duplicate === 'function', {
    error: 'must be a client of node-redis, or fromIoredis() of one of ioredis',
  }),
  prefix: z.string({ error: 'must be a string' }).default('ss:'),
  commandTimeout: z.int(delay).min(1, delay).max(maxDelay, delay).default(defaults.sharing.commandTimeout),
});

/** @throws TypeError that names the option which is wrong. */
export function parseRedisEvidenceOptions(options: RedisEvidenceOptions): z.output<typeof schema> {
  return parseRedisOptions('redisEvidence', schema, options);
}
