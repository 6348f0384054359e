import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { RedisProxy } from './proxy.ts';
import { describeWithRedis, RedisServer, type RedisServerOptions } from './redis-server.ts';
import { batch, done, follow, lease, openStore, streamInit } from './support.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function start(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await RedisServer.start(options);
  stops.unshift(() => server.stop());
  return server;
}

async function startProxy(server: RedisServer): Promise<RedisProxy> {
  const proxy = await RedisProxy.start(server.port);
  stops.unshift(() => proxy.stop());
  return proxy;
}

/** A stream with two events, and somebody who has read them. */
async function begin(url: string, options: Parameters<typeof openStore>[1] = {}, leaseMs = 10_000) {
  const store = openStore(url, options);
  const init = streamInit();
  await store.create(init, { owner: 'one', lease: leaseMs });
  const holder = { id: init.id, epoch: 1 };
  await store.append(holder, batch(2, 'a', 'b'));
  const reading = follow(store.read(init.id));
  await reading.has(2);
  return { store, id: init.id, holder, reading };
}

describeWithRedis('where Redis dies', () => {
  it('and comes back with what it had, the batch that was away is appended once and readers go on', async () => {
    const server = await start({ isPersistent: true });
    const { store, holder, reading } = await begin(server.url);
    await server.kill();
    await expect(store.append(holder, batch(4, 'c'))).rejects.toMatchObject({ category: 'network' });
    await server.begin();
    await expect.poll(() => store.append(holder, batch(4, 'c')).catch(() => 'away'), { timeout: 5_000 }).toBe('ok');
    expect(await store.append(holder, batch(4, 'c'))).toBe('ok');
    expect(await store.append(holder, batch(5, 'd'))).toBe('ok');
    expect(await store.seal(holder, { last: 5, outcome: done })).toBe('ok');
    await reading.ended;
    expect([reading.texts, reading.isComplete]).toEqual(['abcd', true]);
  });

  it('and comes back empty, the producer is told lost and readers stream-lost', async () => {
    const server = await start();
    const { store, id, holder, reading } = await begin(server.url);
    await server.kill();
    await server.begin();
    await expect.poll(() => store.append(holder, batch(4, 'c')).catch(() => 'away'), { timeout: 5_000 }).toBe('lost');
    await reading.ended;
    expect(reading.error).toMatchObject({ category: 'interrupted', code: 'stream-lost' });
    expect(await store.renew(holder, { lease: 1_000 })).toEqual({ reply: 'lost', isCancelled: false });
    const late = follow(store.read(id));
    await late.ended;
    expect(late.error?.category).toBe('not-found');
  });

  it('and does not come back, readers are told after their patience', async () => {
    const server = await start();
    const { store, id, reading } = await begin(server.url, { patience: 700 });
    await server.kill();
    const late = follow(store.read(id));
    await Promise.all([reading.ended, late.ended]);
    expect([reading.error?.category, late.error?.category]).toEqual(['network', 'network']);
    await expect(store.stats()).rejects.toMatchObject({ category: 'network', retryable: true });
  });

  it('and has forgotten its last seconds, the producer is told lost, and readers what is void', async () => {
    const server = await start();
    const { store, id, holder, reading } = await begin(server.url, {}, 300);
    await store.append(holder, batch(4, 'c', 'd'));
    await reading.has(4);
    // As a Redis that was brought back from an older copy: the last two entries were never there, nor were their ids.
    await server.ask('XDEL', `ss:{${id}}:l`, '1-4', '1-5');
    await server.ask('XSETID', `ss:{${id}}:l`, '1-3');
    await server.ask('CLIENT', 'KILL', 'TYPE', 'normal');
    await expect.poll(() => store.append(holder, batch(6, 'e')).catch(() => 'away')).toBe('lost');
    await reading.has(6);
    expect(reading.texts).toBe('abcd<restart><snapshot>');
    reading.stop();
  });
});

describeWithRedis('where Redis is frozen', () => {
  it('calls end with timeout, and what was sent counts once when it goes on', async () => {
    const server = await start();
    const { store, holder, reading } = await begin(server.url, { commandTimeout: 300 });
    server.freeze();
    await expect(store.append(holder, batch(4, 'c'))).rejects.toMatchObject({ category: 'timeout' });
    await expect(store.renew(holder, { lease: 1_000 })).rejects.toMatchObject({ category: 'timeout' });
    server.thaw();
    await expect.poll(() => store.append(holder, batch(4, 'c')).catch(() => 'away'), { timeout: 5_000 }).toBe('ok');
    expect(await store.append(holder, batch(5, 'd'))).toBe('ok');
    await reading.has(4);
    expect(reading.texts).toBe('abcd');
    reading.stop();
  });

  it('readers are told after their patience', async () => {
    const server = await start();
    const { reading } = await begin(server.url, { commandTimeout: 200, patience: 600 });
    server.freeze();
    await reading.ended;
    expect(reading.error?.category).toBe('timeout');
  });
});

describeWithRedis('where the wire is cut', () => {
  it('readers and producers go on over another one', async () => {
    const server = await start();
    const proxy = await startProxy(server);
    const { store, holder, reading } = await begin(proxy.url);
    for (let sequence = 4; sequence < 24; sequence++) {
      if (sequence % 4 === 0) proxy.cut();
      const append = () => store.append(holder, batch(sequence, String(sequence % 10))).catch(() => 'away');
      await expect.poll(append, { interval: 5 }).toBe('ok');
    }
    await store.seal(holder, { last: 23, outcome: done });
    await reading.ended;
    expect([reading.texts, reading.isComplete]).toEqual(['ab45678901234567890123', true]);
  });

  it('a reply that is lost is asked for, and the batch is there once', async () => {
    const server = await start();
    const proxy = await startProxy(server);
    const store = openStore(proxy.url, { commandTimeout: 300 });
    const init = streamInit();
    await store.create(init, lease);
    const holder = { id: init.id, epoch: 1 };
    proxy.isDeaf = true;
    setTimeout(() => {
      proxy.cut();
      proxy.isDeaf = false;
    }, 100);
    expect(await store.append(holder, batch(2, 'a', 'b'))).toBe('ok');
    expect(await server.ask('XLEN', `ss:{${init.id}}:l`)).toBe(3);
    proxy.isDeaf = true;
    setTimeout(() => {
      proxy.cut();
      proxy.isDeaf = false;
    }, 100);
    expect(await store.seal(holder, { last: 3, outcome: done })).toBe('ok');
  });

  it('a lost reply leaves a claim with who made it, and a stream with who took it', async () => {
    const server = await start();
    const proxy = await startProxy(server);
    const store = openStore(proxy.url, { commandTimeout: 300 });
    const init = streamInit();
    await store.create(init, lease);
    await store.release({ id: init.id, epoch: 1 });
    const loseReply = () => {
      proxy.isDeaf = true;
      setTimeout(() => {
        proxy.cut();
        proxy.isDeaf = false;
      }, 100);
    };
    loseReply();
    expect((await store.take(init.id, lease)).status).toBe('taken');
    expect((await store.take(init.id, lease)).status).toBe('held');
    loseReply();
    expect(await store.claim(init.id, 'call')).toBe(true);
    expect(await store.claim(init.id, 'call')).toBe(false);
  });

  it('a slow wire makes nothing fail', async () => {
    const server = await start();
    const proxy = await startProxy(server);
    proxy.delay = 60;
    const { store, holder, reading } = await begin(proxy.url);
    await Promise.all([store.append(holder, batch(4, 'c')), store.renew(holder, { lease: 1_000 })]);
    await store.seal(holder, { last: 4, outcome: done });
    await reading.ended;
    expect(reading.texts).toBe('abc');
  });
});

describeWithRedis('what is gone', () => {
  it('is told to who waits for it within two leases, for a deleted key wakes nobody', async () => {
    const server = await start();
    const { id, reading } = await begin(server.url, {}, 400);
    const other = await begin(server.url, {}, 400);
    await server.ask('DEL', `ss:{${id}}:m`, `ss:{${id}}:l`);
    await server.ask('DEL', `ss:{${other.id}}:l`);
    await Promise.all([reading.ended, other.reading.ended]);
    expect(reading.error).toMatchObject({ category: 'interrupted', code: 'stream-lost' });
    expect(other.reading.error).toMatchObject({ category: 'interrupted', code: 'stream-lost' });
    expect((await other.store.get(other.id))?.state).toBe('lost');
    expect(await other.store.append(other.holder, batch(4, 'c'))).toBe('lost');
    expect(await server.ask('EXISTS', `ss:{${other.id}}:l`)).toBe(0);
  });

  it('a key that is no stream fails its readers alone', async () => {
    const server = await start();
    const good = await begin(server.url);
    const bad = await Promise.all(Array.from({ length: 3 }, () => good.store.create(streamInit(), lease)));
    const readings = bad.map(({ record }) => follow(good.store.read(record.id)));
    await delay(100);
    await server.ask('SET', `ss:{${bad[1]?.record.id}}:l`, 'no stream');
    await good.store.append(good.holder, batch(4, 'c'));
    await readings[1]?.ended;
    expect(readings[1]?.error).toMatchObject({ category: 'network', code: 'WRONGTYPE', retryable: false });
    await good.reading.has(3);
    expect([good.reading.texts, readings[0]?.error]).toEqual(['abc', undefined]);
    for (const reading of [good.reading, ...readings]) reading.stop();
  });
});
