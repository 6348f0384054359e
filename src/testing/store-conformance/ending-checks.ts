import { expectEqual, expectOneOf, pause } from './expect.ts';
import type { StoreCheck } from './subject.ts';

/** What is promised of cancelling and sealing. */
export const endingChecks: readonly StoreCheck[] = [
  {
    name: 'the holder of a stream that is cancelled is told by its renewal',
    run: async (subject) => {
      const { store, other } = subject;
      const writer = await subject.begin();
      await writer.say('a');
      const record = await other.cancel(writer.id);
      expectEqual([record?.state, record?.isCancelled, record?.outcome], ['held', true, undefined], 'state, isCancelled and outcome');
      expectEqual((await other.cancel(writer.id))?.state, 'held', 'the state after the second');
      await writer.say('b');
      expectEqual(await store.renew(writer.holder, { lease: 60_000 }), { reply: 'ok', isCancelled: true }, 'the answer of renew');
      expectEqual(await writer.seal({ status: 'cancelled' }), 'ok', 'the reply to the seal');
      expectEqual((await subject.read(writer.id).failed()).category, 'cancelled', 'what a reader is told');
    },
  },
  {
    name: 'the process whose stream is cancelled is told, and no other',
    run: async (subject) => {
      const { store, other, owner } = subject;
      const [mine, theirs] = [new Set<string>(), new Set<string>()];
      const failed = (error: unknown) => {
        throw error;
      };
      const subscriptions = [
        store.cancellations(owner).subscribe({ next: (id) => mine.add(id), error: failed }),
        store.cancellations(`${owner}-2`).subscribe({ next: (id) => theirs.add(id), error: failed }),
      ];
      const cancelled: string[] = [];
      await subject.until('a cancellation is told', async () => {
        const { id } = await subject.begin();
        await other.cancel(id);
        cancelled.push(id);
        for (let waits = 0; waits < 10 && mine.size === 0; waits++) await pause(5);
        return mine.size > 0;
      });
      for (const id of mine) expectOneOf(id, cancelled, 'the id');
      expectEqual([...theirs], [], 'what another process is told');
      for (const subscription of subscriptions) subscription.unsubscribe();
    },
  },
  {
    name: 'a stream that nobody holds is sealed by its cancellation',
    run: async (subject) => {
      const writer = await subject.begin();
      await writer.say('a');
      const reading = await subject.read(writer.id).count(1);
      await writer.leave();
      const record = await subject.other.cancel(writer.id);
      expectEqual([record?.state, record?.outcome?.status], ['sealed', 'cancelled'], 'state and status');
      const { category, requestId } = await reading.failed();
      expectEqual([category, requestId], ['cancelled', writer.requestId], 'what a reader is told');
      expectEqual((await subject.store.renew(writer.holder, { lease: 60_000 })).reply, 'sealed', 'the reply to its producer');
    },
  },
  {
    name: 'to cancel what has ended answers how it ended',
    run: async (subject) => {
      const writer = await subject.begin();
      await writer.end();
      const record = await subject.store.cancel(writer.id);
      expectEqual([record?.state, record?.outcome], ['sealed', { status: 'done' }], 'state and outcome');
      await subject.read(writer.id).completed();
      expectEqual(await subject.store.cancel(subject.init().id), undefined, 'the answer for what is not there');
    },
  },
  {
    name: 'a seal that does not know the last entry is lost, and seals nothing',
    run: async (subject) => {
      const { store } = subject;
      const writer = await subject.begin();
      await writer.say('a', 'b');
      for (const last of [writer.last - 1, writer.last + 1]) {
        expectEqual(await store.seal(writer.holder, { last, outcome: { status: 'done' } }), 'lost', `the reply where last is ${last}`);
      }
      const { state } = await subject.record(writer.id);
      expectEqual(state === 'sealed', false, 'whether it is sealed');
    },
  },
  {
    name: 'the same seal again changes nothing, nor does another',
    run: async (subject) => {
      const outcome = { status: 'done', usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3, estimated: false } } as const;
      const writer = await subject.begin();
      await writer.say('a');
      const { progress } = await subject.record(writer.id);
      expectEqual(await writer.seal(outcome), 'ok', 'the reply to the first');
      expectOneOf(await writer.seal(outcome), ['ok', 'sealed'], 'the reply to the same');
      expectEqual(await writer.seal({ status: 'cancelled' }), 'sealed', 'the reply to another');
      const record = await subject.record(writer.id);
      expectEqual([record.state, record.leaseMs, record.outcome, record.progress], ['sealed', 0, outcome, progress], 'the record');
    },
  },
  {
    name: 'of a seal and a cancellation at once, the stream has one outcome',
    run: async (subject) => {
      for (let round = 0; round < 8; round++) {
        const writer = await subject.begin();
        await writer.say('a');
        await writer.leave();
        const [reply] = await Promise.all([writer.seal(), subject.other.cancel(writer.id)]);
        const { outcome } = await subject.record(writer.id);
        expectEqual(outcome?.status, reply === 'ok' ? 'done' : 'cancelled', `the status, where the reply to the seal is ${reply}`);
      }
    },
  },
];
