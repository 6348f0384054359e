import { afterAll, beforeAll, expect, it } from 'vitest';
import type { StreamStore } from '../../src/index.ts';
import { describeWithRedis, RedisServer } from './redis-server.ts';
import { batch, done, follow, lease, openStore, progress, streamInit } from './support.ts';

describeWithRedis('a stream in Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server?.stop());

  it('is read from its beginning while it grows, and to its end', async () => {
    const [store, other] = [openStore(server.url), openStore(server.url)];
    const init = streamInit();
    const { status, record } = await store.create(init, lease);
    expect([status, record.state, record.epoch, record.last]).toEqual(['created', 'held', 1, 1]);
    const holder = { id: init.id, epoch: 1 };
    expect(await store.append(holder, batch(2, 'a', 'b'))).toBe('ok');
    const reading = follow(other.read(init.id));
    await reading.has(2);
    expect(await store.append(holder, batch(4, 'c'))).toBe('ok');
    await reading.has(3);
    expect(await store.seal(holder, { last: 4, outcome: done })).toBe('ok');
    await reading.ended;
    expect([reading.texts, reading.isComplete]).toEqual(['abc', true]);
    const late = follow(other.read(init.id, { after: reading.events[0]?.cursor }));
    await late.ended;
    expect([late.texts, late.isComplete]).toEqual(['bc', true]);
    const sealed = await other.get(init.id);
    expect([sealed?.state, sealed?.last, sealed?.outcome, sealed?.progress]).toEqual(['sealed', 4, done, progress]);
  });

  it('goes to who takes it, and its first holder is fenced', async () => {
    const [one, two] = [openStore(server.url), openStore(server.url)];
    const init = streamInit();
    await one.create(init, lease);
    const first = { id: init.id, epoch: 1 };
    await one.append(first, batch(2, 'a'));
    const reading = follow(two.read(init.id));
    expect((await two.take(init.id, { owner: 'two', lease: 10_000 })).status).toBe('held');
    expect(await one.release(first)).toBe('ok');
    const taking = await two.take(init.id, { owner: 'two', lease: 10_000 });
    expect(taking.status === 'taken' && [taking.record.epoch, taking.record.last, taking.record.takeovers]).toEqual([2, 3, 1]);
    expect(await one.append(first, batch(3, 'zombie'))).toBe('fenced');
    expect(await one.append(first, batch(4, 'zombie'))).toBe('fenced');
    expect((await one.renew(first, { lease: 1_000 })).reply).toBe('fenced');
    const second = { id: init.id, epoch: 2 };
    expect(await two.append(second, batch(4, 'b'))).toBe('ok');
    expect(await two.append(second, batch(4, 'b'))).toBe('ok');
    expect(await one.seal(first, { last: 4, outcome: done })).toBe('fenced');
    expect(await two.seal(second, { last: 4, outcome: done })).toBe('ok');
    expect(await two.seal(second, { last: 4, outcome: done })).toBe('ok');
    expect(await one.append(first, batch(3, 'zombie'))).toBe('sealed');
    await reading.ended;
    expect(reading.texts).toBe('ab');
  });

  it('gives who is ahead of the log a restart and a snapshot, and who comes after a rotation the snapshot', async () => {
    const store = openStore(server.url);
    const init = streamInit();
    await store.create(init, lease);
    const holder = { id: init.id, epoch: 1 };
    await store.append(holder, batch(2, 'a', 'b', 'c'));
    const [ahead] = [follow(store.read(init.id, { after: '0000010000000009' }))];
    await ahead.has(2);
    expect(ahead.events.map(({ type }) => type)).toEqual(['restart', 'snapshot']);
    expect((ahead.events[1] as unknown as { result: { text: string } }).result.text).toBe('abc');
    const snapshot = JSON.stringify({ type: 'snapshot', result: { text: 'ab' } });
    expect(await store.rotate(holder, { sequence: 3, snapshot })).toBe('ok');
    const late = follow(store.read(init.id));
    await late.has(2);
    expect(late.texts).toBe('<snapshot>c');
    await store.append(holder, batch(5, 'd'));
    await Promise.all([ahead.has(3), late.has(3)]);
    expect([ahead.texts, late.texts]).toEqual(['<restart><snapshot>d', '<snapshot>cd']);
    ahead.stop();
    late.stop();
  });

  it('is cancelled across processes: its holder is told, and one without a holder ends', async () => {
    const [one, two] = [openStore(server.url), openStore(server.url)];
    const init = streamInit();
    await one.create(init, { owner: 'process-1', lease: 10_000 });
    const told: string[] = [];
    one.cancellations('process-1').subscribe((id) => told.push(id));
    await expect.poll(async () => (await two.cancel(init.id))?.isCancelled && told.length > 0).toBe(true);
    expect(told[0]).toBe(init.id);
    expect(await one.renew({ id: init.id, epoch: 1 }, { lease: 1_000 })).toEqual({ reply: 'ok', isCancelled: true });
    await one.release({ id: init.id, epoch: 1 });
    expect((await two.cancel(init.id))?.outcome?.status).toBe('cancelled');
    const reading = follow(one.read(init.id));
    await reading.ended;
    expect(reading.error?.category).toBe('cancelled');
  });

  it('is found again by its idempotency key, until that is forgotten', async () => {
    const store: StreamStore = openStore(server.url);
    const [first, second, third] = [streamInit({ tenant: 'a' }), streamInit({ tenant: 'a' }), streamInit({ tenant: 'a' })];
    const options = { ...lease, idempotencyKey: 'key' };
    expect((await store.create(first, options)).status).toBe('created');
    expect((await store.create(first, options)).status).toBe('created');
    const again = await store.create(second, options);
    expect([again.status, again.record.id]).toEqual(['exists', first.id]);
    expect(await store.seal({ id: first.id, epoch: 1 }, { last: 1, outcome: done, forget: true })).toBe('ok');
    expect((await store.create(third, options)).status).toBe('created');
    expect((await store.list({ tenant: 'a' })).map(({ id }) => id)).toEqual([first.id, third.id]);
    expect(await store.claim(third.id, 'call-1')).toBe(true);
    expect(await store.claim(third.id, 'call-1')).toBe(false);
    expect(await store.delete(third.id)).toBe(true);
    expect(await store.get(third.id)).toBeUndefined();
    expect(await store.claim(third.id, 'call-1')).toBe(false);
  });
});
