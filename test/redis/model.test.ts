import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isProviderError, type StreamStore } from '../../src/index.ts';
import { checkStoreModel } from '../recovery/store-model.ts';
import { RedisProxy } from './proxy.ts';
import { describeWithRedis, RedisServer } from './redis-server.ts';
import { openStore } from './support.ts';

const { CI, STEADYSTREAM_PROPERTY_SEED: asked } = process.env;
const seed = asked ? Number(asked) : CI ? 20_261_125 : undefined;

/**
 * Each call goes to the next of several processes; one that is rejected is made again, as its caller would.
 *
 * The order of replies is to tell the order of what was done. Over one connection that is the order of the calls, once the replies are put
 * into it; over several nothing tells it, and so calls for one stream wait for each other.
 */
function spread(stores: readonly StreamStore[]): StreamStore {
  let turn = 0;
  const next = () => stores[turn++ % stores.length] as StreamStore;
  const queues = new Map<string, Promise<unknown>>();
  const persist = async (name: 'take', parameters: never[]) => {
    for (;;) {
      try {
        return await (next()[name] as (...parameters: never[]) => Promise<unknown>)(...parameters);
      } catch (error) {
        if (!isProviderError(error) || !error.retryable) throw error;
        await delay(5);
      }
    }
  };
  return new Proxy(next(), {
    get: (store, name: keyof StreamStore) => {
      if (name === 'close') return () => Promise.all(stores.map((each) => each.close()));
      if (name === 'read') return (...parameters: Parameters<StreamStore['read']>) => next().read(...parameters);
      if (typeof store[name] !== 'function') return store[name];
      return (subject: string | { readonly id: string }, ...rest: never[]) => {
        const key = (typeof subject === 'string' ? subject : subject.id).replace(/-p\d$/, '');
        const call = () => persist(name as 'take', [subject as never, ...rest]);
        const earlier = queues.get(key) ?? Promise.resolve();
        const called = stores.length === 1 ? call() : earlier.then(call);
        called.catch(() => {});
        const reply = earlier.then(() => called);
        queues.set(key, Promise.allSettled([reply]));
        return reply;
      };
    },
  });
}

describeWithRedis('redisStore()', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server?.stop());

  it('whatever producers do to each other, the log is one, and everybody reads the same', { timeout: 60_000 }, async () => {
    const counts = await checkStoreModel(() => spread([openStore(server.url)]), { runs: 400, concurrency: 16, seed });
    for (const tried of ['takes taken', 'appends fenced', 'appends sealed', 'rotates ok', 'reader restart', 'reader snapshot']) {
      expect(counts[tried], tried).toBeGreaterThan(0);
    }
  });

  it('nor does it matter that they are in three processes', {
    timeout: 60_000,
  }, async () => {
    const open = () => spread([openStore(server.url), openStore(server.url), openStore(server.url)]);
    const counts = await checkStoreModel(open, { runs: 200, concurrency: 16, seed });
    expect(counts['appends fenced']).toBeGreaterThan(0);
  });

  it('nor does it matter that connections are cut all the time', { timeout: 60_000 }, async () => {
    const proxy = await RedisProxy.start(server.port);
    const cutting = setInterval(() => proxy.cut(), 200);
    try {
      const open = () => spread([openStore(proxy.url), openStore(proxy.url)]);
      const counts = await checkStoreModel(open, { runs: 200, concurrency: 16, seed });
      expect(counts['takes taken']).toBeGreaterThan(0);
      expect(proxy.connections).toBeGreaterThan(20);
    } finally {
      clearInterval(cutting);
      await proxy.stop();
    }
  });
});
