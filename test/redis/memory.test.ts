import { afterEach, expect, it } from 'vitest';
import { describeWithRedis, RedisServer, type RedisServerOptions } from './redis-server.ts';
import { batch, done, follow, lease, openStore, streamInit } from './support.ts';

const servers: RedisServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function start(options: RedisServerOptions): Promise<RedisServer> {
  const server = await RedisServer.start(options);
  servers.push(server);
  return server;
}

const large = 'x'.repeat(65_536);

describeWithRedis('a Redis without memory', () => {
  it('that evicts nothing takes no event, and yet lets streams end, be cancelled and go', async () => {
    const server = await start({ maxmemory: '8mb' });
    const store = openStore(server.url);
    const [init, other, free] = [streamInit(), streamInit(), streamInit({ takeover: 'fail' })];
    for (const each of [init, other, free]) await store.create(each, lease);
    const holder = { id: init.id, epoch: 1 };
    const reading = follow(store.read(init.id));
    let last = 1;
    const fill = async () => {
      for (;;) {
        await store.append(holder, batch(last + 1, large));
        last++;
      }
    };
    await expect(fill()).rejects.toMatchObject({ category: 'limit-exceeded', code: 'store-full' });
    expect((await store.get(init.id))?.last).toBe(last);
    // Buffers of clients come and go: now there is no doubt.
    await server.ask('CONFIG', 'SET', 'maxmemory', '1mb');
    await expect(store.append(holder, batch(last + 1, 'a'))).rejects.toMatchObject({ category: 'limit-exceeded' });
    await expect(store.create(streamInit(), lease)).rejects.toMatchObject({ category: 'limit-exceeded' });
    expect(await store.renew(holder, { lease: 10_000 })).toEqual({ reply: 'ok', isCancelled: false });
    expect((await store.cancel(other.id))?.isCancelled).toBe(true);
    expect((await store.get(other.id, { watcher: 'me', for: 1_000 }))?.watchers).toBe(1);
    await store.release({ id: free.id, epoch: 1 });
    expect((await store.take(free.id, lease)).status).toBe('sealed');
    expect(await store.claim(other.id, 'call')).toBe(true);
    expect((await store.list()).length).toBe(3);
    expect(await store.seal(holder, { last, outcome: done })).toBe('ok');
    await reading.ended;
    expect([reading.isComplete, reading.events.length]).toEqual([true, last - 1]);
    expect(await store.delete(init.id)).toBe(true);
    await server.ask('CONFIG', 'SET', 'maxmemory', '8mb');
    expect((await store.create(streamInit(), lease)).status).toBe('created');
  });

  it('that evicts tells producers and readers of what was lost, and says so beforehand', async () => {
    const server = await start({ maxmemory: '8mb', policy: 'allkeys-lru' });
    const warnings: string[] = [];
    const store = openStore(server.url, { onWarning: (warning) => warnings.push(warning) });
    const streams = Array.from({ length: 12 }, () => streamInit());
    const readings = [];
    for (const init of streams) {
      await store.create(init, { owner: 'one', lease: 500 });
      readings.push(follow(store.read(init.id)));
    }
    const replies = new Set<string>();
    const lost = new Set<string>();
    for (let last = 1; last < 40; last++) {
      for (const { id } of streams) {
        if (lost.has(id)) continue;
        const reply = await store.append({ id, epoch: 1 }, batch(last + 1, large));
        replies.add(reply);
        if (reply !== 'ok') lost.add(id);
      }
    }
    expect([...replies].sort()).toEqual(['lost', 'ok']);
    expect(warnings).toEqual([expect.stringContaining('allkeys-lru')]);
    for (const [index, { id }] of streams.entries()) {
      if (lost.has(id)) await readings[index]?.ended;
      if (lost.has(id)) expect(readings[index]?.error?.category).toBe('interrupted');
    }
    for (const reading of readings) reading.stop();
  });

  it('is warned of once, and a host that throws at that harms nobody', async () => {
    const server = await start({ policy: 'volatile-ttl' });
    let warnings = 0;
    const onWarning = () => {
      warnings++;
      throw new Error('no logger');
    };
    const store = openStore(server.url, { onWarning });
    const init = streamInit();
    await store.create(init, lease);
    await server.ask('CLIENT', 'KILL', 'TYPE', 'normal');
    await expect.poll(() => store.renew({ id: init.id, epoch: 1 }, { lease: 10_000 })).toMatchObject({ reply: 'ok' });
    await expect.poll(() => warnings).toBe(1);
  });
});
