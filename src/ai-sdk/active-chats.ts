import { asyncScheduler } from 'rxjs';
import * as z from 'zod';
import { count, parseOptions } from '../endpoint.ts';

/**
 * Where it is kept which answer a chat is on: the id of its stream under a key, which names the tenant as well.
 *
 * Processes that share their sessions must share it, too.
 *
 * @example
 * ```ts
 * const activeChats: ActiveChats = {
 *   get: async (key) => (await redis.get(`chat:${key}`)) ?? undefined,
 *   set: async (key, value) => void (await redis.set(`chat:${key}`, value, { expiration: { type: 'EX', value: 3_600 } })),
 * };
 * ```
 */
export interface ActiveChats {
  /** What is kept under a key. */
  get(key: string): string | undefined | PromiseLike<string | undefined>;
  /** Keeps it, in place of what was there; what it gives is awaited. */
  set(key: string, value: string): unknown;
}

/** Options of {@link memoryActiveChats}. */
export interface MemoryActiveChatsOptions {
  /** Chats beyond which those that were asked for longest ago are forgotten; their answers go on. Default: 10,000. */
  readonly maxChats?: number | undefined;
  /** How long a chat is known after it was last asked for, in milliseconds. Default: 3,600,000. */
  readonly ttl?: number | undefined;
}

const schema = z.strictObject({ maxChats: count(1).default(10_000), ttl: count(1).default(3_600_000) });

/**
 * Keeps in the memory of one process which answer a chat is on.
 *
 * @throws TypeError for an option that is unknown or out of range.
 */
export function memoryActiveChats(options: MemoryActiveChatsOptions = {}): ActiveChats {
  const { maxChats, ttl } = parseOptions('memoryActiveChats', schema, options);
  const entries = new Map<string, { readonly value: string; readonly at: number }>();
  const put = (key: string, value: string): void => {
    // What was put last stands last.
    entries.delete(key);
    entries.set(key, { value, at: asyncScheduler.now() });
  };
  const purge = (): void => {
    for (const [key, { at }] of entries) {
      if (entries.size <= maxChats && asyncScheduler.now() - at < ttl) return;
      entries.delete(key);
    }
  };
  return {
    get(key) {
      purge();
      const value = entries.get(key)?.value;
      if (value !== undefined) put(key, value);
      return value;
    },
    set(key, value) {
      put(key, value);
      purge();
    },
  };
}
