import { expectEqual, pause } from './expect.ts';
import type { StoreCheck } from './subject.ts';

/** What is promised of everything that is no event. */
export const recordChecks: readonly StoreCheck[] = [
  {
    name: 'a store names its kind and its limits',
    run: async ({ store }) => {
      const { kind, limits } = store;
      if (typeof kind !== 'string' || kind === '') throw new Error('kind is no name');
      if (!(limits.maxEvents >= 1 && limits.maxBytes >= 1)) throw new Error('the limits are none');
    },
  },
  {
    name: 'who watches is counted, once, for as long as the mark is fresh',
    run: async (subject) => {
      const { store, other, lease } = subject;
      const { id } = await subject.begin();
      expectEqual((await store.get(id, { watcher: 'a', for: 600_000 }))?.watchers, 1, 'the watchers, the one that asks included');
      expectEqual((await other.get(id, { watcher: 'b', for: 600_000 }))?.watchers, 2, 'the watchers with another');
      expectEqual((await store.get(id, { watcher: 'a', for: lease }))?.watchers, 2, 'the watchers after a second sign');
      await subject.until('a mark runs out', async () => (await store.get(id))?.watchers === 1);
      expectEqual(await store.get(subject.init().id, { watcher: 'a', for: 1_000 }), undefined, 'what is not there');
    },
  },
  {
    name: 'a tool call is claimed once',
    run: async (subject) => {
      const { store, other } = subject;
      const { id } = await subject.begin();
      const claims = Array.from({ length: 8 }, (_, index) => (index % 2 ? store : other).claim(id, 'call-1'));
      expectEqual((await Promise.all(claims)).filter(Boolean).length, 1, 'how many of many at once succeed');
      expectEqual(await other.claim(id, 'call-1'), false, 'whether a later one succeeds');
      expectEqual(await store.claim(id, 'call-2'), true, 'whether another call is free');
      const second = await subject.begin();
      expectEqual(await store.claim(second.id, 'call-1'), true, 'whether it is free in another stream');
      expectEqual(await store.claim(subject.init().id, 'call-1'), false, 'whether it is where there is no stream');
    },
  },
  {
    name: 'records are listed, the oldest first, by tenant and state',
    run: async (subject) => {
      const { store, tenant } = subject;
      const ids: string[] = [];
      for (let count = 0; count < 4; count++) {
        ids.push((await subject.begin({ tenant })).id);
        await pause(3);
      }
      await subject.begin({ tenant: `${tenant}-2` });
      const listed = async (options: object) => (await store.list({ tenant, ...options })).map(({ id }) => id);
      expectEqual(await listed({}), ids, 'the ids');
      expectEqual(await listed({ limit: 2 }), ids.slice(0, 2), 'the ids within a limit');
      const [first, second] = ids as [string, string];
      const ending = await subject.begin({ tenant });
      await ending.end();
      await store.release({ id: second, epoch: 1 });
      await store.delete(first);
      expectEqual(await listed({}), [...ids.slice(1), ending.id], 'the ids after one was deleted');
      expectEqual(await listed({ state: 'held' }), ids.slice(2), 'those that are held');
      expectEqual(await listed({ state: 'expired' }), [second], 'those whose lease has run out');
      expectEqual(await listed({ state: 'sealed' }), [ending.id], 'those that have ended');
      expectEqual(await store.list({ tenant: `${tenant}-3` }), [], 'the records of somebody who has none');
      const [record] = await store.list({ tenant, state: 'sealed' });
      expectEqual(record, await store.get(ending.id), 'a record that is listed');
    },
  },
  {
    name: 'what is deleted is gone, for everybody',
    run: async (subject) => {
      const { store, other } = subject;
      const writer = await subject.begin();
      await writer.say('a');
      await writer.end();
      await store.claim(writer.id, 'call-1');
      expectEqual(await other.delete(writer.id), true, 'the answer of the first');
      expectEqual(await store.delete(writer.id), false, 'the answer of the second');
      expectEqual(await store.get(writer.id), undefined, 'the record');
      expectEqual((await subject.read(writer.id).failed()).category, 'not-found', 'what a reader is told');
      expectEqual((await store.take(writer.id, subject.holding())).status, 'absent', 'the status of a take');
      expectEqual(await store.cancel(writer.id), undefined, 'the answer of cancel');
      expectEqual(await store.claim(writer.id, 'call-1'), false, 'the answer of claim');
    },
  },
  {
    name: 'what a store holds is counted',
    run: async (subject) => {
      const { store } = subject;
      const before = await store.stats();
      const writer = await subject.begin();
      await writer.say('a', 'b');
      const during = await store.stats();
      expectEqual([during.streams - before.streams, during.open - before.open], [1, 1], 'streams and open');
      if (!(during.events > before.events && during.bytes > before.bytes)) throw new Error('events and bytes do not grow');
      await writer.end();
      const after = await store.stats();
      expectEqual([after.streams - before.streams, after.open - before.open], [1, 0], 'streams and open after the end');
      await store.delete(writer.id);
      const left = await store.stats();
      expectEqual([left.streams, left.open], [before.streams, before.open], 'streams and open after the deletion');
      if (left.events > before.events) throw new Error('events are still counted after the deletion');
    },
  },
  {
    name: 'a purge takes nothing that is in its time',
    run: async (subject) => {
      const writer = await subject.begin();
      await writer.say('a');
      const count = await subject.store.purge();
      if (!Number.isInteger(count) || count < 0) throw new Error(`the number is ${count}`);
      await writer.end();
      await subject.store.purge();
      expectEqual((await subject.read(writer.id).completed()).text, 'a', 'the text');
    },
  },
];
