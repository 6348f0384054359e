import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fromIoredis } from '../../src/redis/index.ts';
import { streamStoreConformance } from '../../src/testing/store-conformance.ts';
import { RedisProxy } from './proxy.ts';
import { describeWithRedis, RedisServer } from './redis-server.ts';
import { batch, done, follow, lease, openStore, streamInit } from './support.ts';

describeWithRedis('redisStore() over ioredis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server?.stop());

  const open = (port = server.port) => {
    const client = new Redis({ port, host: '127.0.0.1', lazyConnect: true, keyPrefix: 'mine:' });
    return openStore('redis://unused', { client: fromIoredis(client), commandTimeout: 400 });
  };

  const checks = streamStoreConformance(open, { another: () => open() });
  for (const check of checks) it(check.name, () => check.run());

  it('a wire that is cut and a Redis that is frozen lose nothing and repeat nothing', async () => {
    const proxy = await RedisProxy.start(server.port);
    const store = open(proxy.port);
    const init = streamInit();
    await store.create(init, lease);
    const holder = { id: init.id, epoch: 1 };
    const reading = follow(store.read(init.id));
    for (let sequence = 2; sequence < 12; sequence++) {
      if (sequence % 3 === 0) proxy.cut();
      if (sequence === 10) {
        server.freeze();
        await expect(store.append(holder, batch(sequence, '0'))).rejects.toMatchObject({ category: 'timeout' });
        server.thaw();
      }
      const append = () => store.append(holder, batch(sequence, String(sequence % 10))).catch(() => 'away');
      await expect.poll(append, { interval: 5, timeout: 5_000 }).toBe('ok');
    }
    await store.seal(holder, { last: 11, outcome: done });
    await reading.ended;
    expect([reading.texts, reading.isComplete]).toEqual(['2345678901', true]);
    await store.close();
    await proxy.stop();
  });
});
