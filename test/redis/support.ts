import { randomUUID } from 'node:crypto';
import { createClient } from 'redis';
import type { Observable } from 'rxjs';
import { afterEach, expect } from 'vitest';
import type { EventLike, ProviderError, StoredEvent, StreamBatch, StreamInit, StreamStore } from '../../src/index.ts';
import { serializeEvent } from '../../src/recovery/store.ts';
import { type RedisStoreOptions, redisStore } from '../../src/redis/index.ts';

const open = new Set<StreamStore>();
const rejections: unknown[] = [];
process.on('unhandledRejection', (reason) => rejections.push(reason));

afterEach(async () => {
  await Promise.all([...open].map((store) => store.close()));
  open.clear();
  expect(rejections.splice(0)).toEqual([]);
});

/** A store of a process of its own, closed after the test. */
export function openStore(url: string, options: Partial<RedisStoreOptions> = {}): StreamStore {
  const client = createClient({ url });
  client.on('error', () => {});
  const store = redisStore({ client, commandTimeout: 1_000, onWarning: () => {}, ...options });
  open.add(store);
  return store;
}

export function streamInit(init: Partial<StreamInit> = {}): StreamInit {
  return { id: randomUUID(), requestId: 'req_1', requestHash: 'hash', takeover: 'restart', maxTakeovers: 1, ...init };
}

export const lease = { owner: 'one', lease: 10_000 };

export const progress = { provider: 'fake', model: 'small', attempts: 1, hasToolCall: false };

export function text(words: string): EventLike {
  return { type: 'text-delta', id: '0', text: words } as EventLike;
}

/** A batch of texts. */
export function batch(sequence: number, ...texts: string[]): StreamBatch {
  return { sequence, events: texts.map((each) => serializeEvent(text(each))), progress };
}

export const done = { status: 'done' } as const;

/** What somebody was told, and how it ended. */
export interface Reading {
  readonly events: StoredEvent[];
  readonly texts: string;
  readonly error: ProviderError | undefined;
  readonly isComplete: boolean;
  readonly ended: Promise<void>;
  /** Resolves once so many events have come. */
  has(count: number): Promise<void>;
  stop(): void;
}

export function follow(stream$: Observable<StoredEvent>): Reading {
  const events: StoredEvent[] = [];
  let error: ProviderError | undefined;
  let isComplete = false;
  const waiting = new Set<() => void>();
  const changed = () => {
    for (const each of [...waiting]) each();
  };
  const until = (condition: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!condition()) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  const subscription = stream$.subscribe({
    next: (event) => {
      events.push(event);
      changed();
    },
    error: (failure) => {
      error = failure;
      changed();
    },
    complete: () => {
      isComplete = true;
      changed();
    },
  });
  return {
    events,
    get texts() {
      return events.map((event) => (event as { text?: string }).text ?? `<${event.type}>`).join('');
    },
    get error() {
      return error;
    },
    get isComplete() {
      return isComplete;
    },
    ended: until(() => isComplete || error !== undefined),
    has: (count) => until(() => events.length >= count || error !== undefined),
    stop: () => subscription.unsubscribe(),
  };
}
