import { afterAll, beforeAll, it } from 'vitest';
import { streamStoreConformance } from '../../src/testing/store-conformance.ts';
import { describeWithRedis, RedisServer } from './redis-server.ts';
import { openStore } from './support.ts';

describeWithRedis('redisStore()', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server?.stop());

  const checks = streamStoreConformance(() => openStore(server.url), { another: () => openStore(server.url) });
  for (const check of checks) it(check.name, () => check.run());
});
