import { isProviderError } from '../../index.ts';
import { expectEqual } from './expect.ts';
import type { StoreCheck } from './subject.ts';

/** What is promised of new streams, and of idempotency keys. */
export const createChecks: readonly StoreCheck[] = [
  {
    name: 'a new stream is held by its owner, in epoch 1, and has one entry',
    run: async (subject) => {
      const { store, tenant, owner } = subject;
      const init = subject.init({ tenant, request: '{"model":"m"}', takeover: 'resume', maxTakeovers: 3, deadline: 9_999_999_999_999 });
      const { status, record } = await store.create(init, subject.holding());
      expectEqual(status, 'created', 'the status');
      const { leaseMs, createdAt, ...rest } = record;
      const expected = { state: 'held', owner, epoch: 1, last: 1, takeovers: 0, isCancelled: false, watchers: 0 };
      expectEqual(rest, { ...init, ...expected }, 'the record');
      if (!(leaseMs > 0 && leaseMs <= subject.holding().lease)) throw new Error(`leaseMs is ${leaseMs}`);
      if (!(createdAt > 0)) throw new Error(`createdAt is ${createdAt}`);
      const { leaseMs: _, ...seen } = (await subject.other.get(init.id)) ?? { leaseMs: 0 };
      expectEqual(seen, { ...rest, createdAt }, 'the record that get answers');
    },
  },
  {
    name: 'a new stream has no events',
    run: async (subject) => {
      const writer = await subject.begin();
      const reading = subject.read(writer.id);
      await writer.say('Hello');
      await reading.count(1);
      expectEqual(reading.types, ['text-delta'], 'what is read');
      reading.subscription.unsubscribe();
    },
  },
  {
    name: 'the same creation again is the effect of one',
    run: async (subject) => {
      const init = subject.init();
      const options = { ...subject.holding(), idempotencyKey: `key-${subject.tenant}` };
      const first = await subject.store.create(init, options);
      const second = await subject.store.create(init, options);
      expectEqual([first.status, second.status], ['created', 'created'], 'the status of both');
      expectEqual({ ...second.record, leaseMs: 0 }, { ...first.record, leaseMs: 0 }, 'the second record');
    },
  },
  {
    name: 'an idempotency key names one stream of a tenant',
    run: async (subject) => {
      const { store, tenant } = subject;
      const options = { ...subject.holding(), idempotencyKey: 'key-1' };
      const first = await store.create(subject.init({ tenant }), options);
      const again = subject.init({ tenant, requestHash: 'hash-2' });
      const second = await subject.other.create(again, options);
      expectEqual(second.status, 'exists', 'the status of the second');
      expectEqual(second.record.id, first.record.id, 'the id of the second');
      expectEqual(second.record.requestHash, 'hash-1', 'the request hash of the second');
      expectEqual(await store.get(again.id), undefined, 'the record of what was not created');
      const foreign = await store.create(subject.init({ tenant: `${tenant}-2` }), options);
      expectEqual(foreign.status, 'created', 'the status of another tenant');
      const other = await store.create(subject.init({ tenant }), { ...options, idempotencyKey: 'key-2' });
      expectEqual(other.status, 'created', 'the status of another key');
    },
  },
  {
    name: 'tenants and keys are told apart, whatever characters are in them',
    run: async (subject) => {
      const { store, tenant } = subject;
      for (const [name, key] of [
        [`${tenant}:a`, 'b'],
        [tenant, 'a:b'],
        [`${tenant}:a:b`, ''],
        [`${tenant}","a`, 'b'],
        [`${tenant}{a}`, 'b'],
        [tenant, `a b\n"é🌍`],
      ] as const) {
        const { status } = await store.create(subject.init({ tenant: name }), { ...subject.holding(), idempotencyKey: key });
        expectEqual(status, 'created', `the status of tenant ${JSON.stringify(name)} and key ${JSON.stringify(key)}`);
      }
    },
  },
  {
    name: 'of many who create with one key at once, one does',
    run: async (subject) => {
      const { store, other, tenant } = subject;
      const options = { ...subject.holding(), idempotencyKey: 'key-1' };
      const calls = Array.from({ length: 8 }, (_, index) => (index % 2 ? store : other).create(subject.init({ tenant }), options));
      const creations = await Promise.all(calls);
      expectEqual(creations.filter(({ status }) => status === 'created').length, 1, 'how many created');
      expectEqual(new Set(creations.map(({ record }) => record.id)).size, 1, 'how many streams there are');
    },
  },
  {
    name: 'the id of another stream is not used again',
    run: async (subject) => {
      const { store, tenant } = subject;
      const writer = await subject.begin({ tenant });
      await writer.say('mine');
      const before = await subject.record(writer.id);
      const theirs = subject.init({ id: writer.id, requestId: 'request-2', requestHash: 'hash-2', tenant: `${tenant}-2` });
      await store.create(theirs, subject.holding({ owner: 'owner-2' })).then(
        ({ status }) => expectEqual(status, 'exists', 'the status of the second'),
        (error: unknown) => {
          if (!isProviderError(error)) throw error;
        },
      );
      expectEqual({ ...(await subject.record(writer.id)), leaseMs: 0 }, { ...before, leaseMs: 0 }, 'the record of the first');
      await writer.say(' still');
      await writer.end();
      expectEqual((await subject.read(writer.id).completed()).text, 'mine still', 'the text of the first');
    },
  },
  {
    name: 'a key is free again once its stream is gone, or forgotten',
    run: async (subject) => {
      const { tenant } = subject;
      const first = await subject.begin({ tenant }, { idempotencyKey: 'key-1' });
      await subject.store.delete(first.id);
      const second = await subject.begin({ tenant }, { idempotencyKey: 'key-1' });
      expectEqual(await second.seal({ status: 'error' }, true), 'ok', 'the reply to a seal');
      expectEqual((await subject.record(second.id)).state, 'sealed', 'the state of the forgotten');
      const third = await subject.begin({ tenant }, { idempotencyKey: 'key-1' });
      await third.end();
      const fourth = await subject.store.create(subject.init({ tenant }), { ...subject.holding(), idempotencyKey: 'key-1' });
      expectEqual([fourth.status, fourth.record.id], ['exists', third.id], 'the answer after a seal that forgets nothing');
      // What was forgotten takes nothing with it when it goes.
      await subject.store.delete(second.id);
      const fifth = await subject.store.create(subject.init({ tenant }), { ...subject.holding(), idempotencyKey: 'key-1' });
      expectEqual([fifth.status, fifth.record.id], ['exists', third.id], 'the answer after the forgotten one is deleted');
    },
  },
];
