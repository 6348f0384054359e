import { afterAll, beforeAll, expect, it } from 'vitest';
import { defaults } from '../../src/index.ts';
import { describeWithRedis, RedisServer } from './redis-server.ts';
import { batch, done, follow, lease, openStore, streamInit } from './support.ts';

describeWithRedis('many streams', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server?.stop());

  const connections = async () =>
    String(await server.ask('CLIENT', 'LIST'))
      .trim()
      .split('\n').length - 1;

  it('a thousand are read over few connections, each whole', async () => {
    const [writer, reader] = [openStore(server.url), openStore(server.url)];
    const streams = Array.from({ length: 1_000 }, () => streamInit());
    await Promise.all(streams.map((init) => writer.create(init, lease)));
    const readings = streams.map(({ id }) => follow(reader.read(id)));
    for (let last = 1; last < 11; last++) {
      await Promise.all(streams.map(({ id }) => writer.append({ id, epoch: 1 }, batch(last + 1, String(last % 10)))));
      if (last === 5) await Promise.all(readings.map((reading) => reading.has(3)));
    }
    expect(await connections()).toBeLessThanOrEqual(2 + 2 + Math.ceil(1_000 / defaults.redis.maxKeys));
    await Promise.all(streams.map(({ id }) => writer.seal({ id, epoch: 1 }, { last: 11, outcome: done })));
    await Promise.all(readings.map((reading) => reading.ended));
    expect(new Set(readings.map(({ texts, isComplete }) => `${texts} ${isComplete}`))).toEqual(new Set(['1234567890 true']));
  });

  it('two hundred readers of one stream cost one read of it', async () => {
    const store = openStore(server.url);
    const init = streamInit();
    await store.create(init, lease);
    const holder = { id: init.id, epoch: 1 };
    const readings = Array.from({ length: 200 }, () => follow(store.read(init.id)));
    await store.append(holder, batch(2, 'a'));
    await Promise.all(readings.map((reading) => reading.has(1)));
    const before = await repliedBytes(server);
    for (let last = 2; last < 22; last++) await store.append(holder, batch(last + 1, 'x'.repeat(1_000)));
    await Promise.all(readings.map((reading) => reading.has(21)));
    expect((await repliedBytes(server)) - before).toBeLessThan(100_000);
    // What one was told is what all were told.
    expect(new Set(readings.map(({ events }) => events[20]))).toHaveProperty('size', 1);
    for (const reading of readings) reading.stop();
  });

  it('a late reader of a long stream gets it in pages, and then what comes', async () => {
    const store = openStore(server.url);
    const init = streamInit();
    await store.create(init, lease);
    const holder = { id: init.id, epoch: 1 };
    const letters = Array.from({ length: 1_500 }, (_, index) => String.fromCharCode(97 + (index % 26)));
    await store.append(holder, batch(2, ...letters.slice(0, 1_000)));
    const live = follow(store.read(init.id));
    const late = follow(store.read(init.id));
    for (let index = 1_000; index < 1_500; index += 10) await store.append(holder, batch(index + 2, ...letters.slice(index, index + 10)));
    const last = follow(store.read(init.id, { after: 'now' }));
    await store.seal(holder, { last: 1_501, outcome: done });
    await Promise.all([live.ended, late.ended, last.ended]);
    expect([live.texts, late.texts, last.texts]).toEqual([letters.join(''), letters.join(''), '']);
  });

  it('nothing is opened before the first use, and close() ends all', async () => {
    await expect.poll(connections).toBe(0);
    const store = openStore(server.url);
    expect(await connections()).toBe(0);
    const init = streamInit();
    await store.create(init, lease);
    const reading = follow(store.read(init.id));
    const cancellations = follow(store.cancellations('one') as never);
    await expect.poll(connections).toBe(3);
    await store.close();
    await reading.ended;
    expect(reading.error).toMatchObject({ category: 'network', code: 'store-closed' });
    expect(cancellations.isComplete).toBe(true);
    await expect.poll(connections).toBe(0);
    await expect(store.get(init.id)).rejects.toMatchObject({ code: 'store-closed' });
  });
});

async function repliedBytes(server: RedisServer): Promise<number> {
  return Number(/total_net_output_bytes:(\d+)/.exec(String(await server.ask('INFO', 'stats')))?.[1]);
}
