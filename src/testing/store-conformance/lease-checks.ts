import { expectEqual, expectOneOf } from './expect.ts';
import type { StoreCheck } from './subject.ts';
import { textDelta } from './writer.ts';

/** What is promised of leases and takeovers. */
export const leaseChecks: readonly StoreCheck[] = [
  {
    name: 'a lease runs out, unless it is renewed',
    run: async (subject) => {
      const { store, lease } = subject;
      const writer = await subject.begin({}, { lease });
      await subject.until('the lease runs out', async () => (await subject.record(writer.id)).state === 'expired');
      expectEqual((await subject.record(writer.id)).leaseMs, 0, 'leaseMs');
      await writer.say('its holder may go on while nobody takes it');
      expectEqual((await subject.record(writer.id)).state, 'expired', 'the state after an append');
      expectEqual(await store.renew(writer.holder, { lease: 600_000 }), { reply: 'ok', isCancelled: false }, 'the answer of renew');
      const { state, leaseMs, epoch } = await subject.record(writer.id);
      expectEqual([state, leaseMs > 500_000, epoch], ['held', true, 1], 'state, whether leaseMs is long, and epoch');
      expectEqual((await store.take(writer.id, subject.holding())).status, 'held', 'the status of a take');
    },
  },
  {
    name: 'a lease that is given back is expired at once',
    run: async (subject) => {
      const writer = await subject.begin();
      await writer.leave();
      const { state, leaseMs } = await subject.record(writer.id);
      expectEqual([state, leaseMs], ['expired', 0], 'state and leaseMs');
      await writer.leave();
    },
  },
  {
    name: 'who takes a stream holds it, in the next epoch, whose first entry follows the last',
    run: async (subject) => {
      const writer = await subject.begin({ maxTakeovers: 2 });
      await writer.say('a');
      const before = await subject.record(writer.id);
      await writer.leave();
      const taking = await subject.other.take(writer.id, { owner: 'owner-2', lease: 60_000 });
      if (taking.status !== 'taken') throw new Error(`the status is ${taking.status}, and should be taken`);
      const { leaseMs, ...record } = taking.record;
      if (!(leaseMs > 0 && leaseMs <= 60_000)) throw new Error(`leaseMs is ${leaseMs}`);
      const { leaseMs: _, ...old } = before;
      expectEqual(record, { ...old, owner: 'owner-2', epoch: 2, takeovers: 1, last: 3 }, 'the record');
      expectEqual((await subject.store.take(writer.id, subject.holding())).status, 'held', 'the status for the next');
    },
  },
  {
    name: 'of many who take a stream at once, one gets it',
    run: async (subject) => {
      const { store, other } = subject;
      const writer = await subject.begin({ maxTakeovers: 8 });
      await writer.leave();
      const takes = Array.from({ length: 8 }, (_, index) =>
        (index % 2 ? store : other).take(writer.id, subject.holding({ owner: `owner-${index}` })),
      );
      const statuses = (await Promise.all(takes)).map(({ status }) => status).sort();
      expectEqual(statuses, [...new Array(7).fill('held'), 'taken'], 'the statuses');
      const { epoch, takeovers, last } = await subject.record(writer.id);
      expectEqual([epoch, takeovers, last], [2, 1, 2], 'epoch, takeovers and last');
    },
  },
  {
    name: 'a stream that is not there is not taken',
    run: async (subject) => {
      expectEqual(await subject.store.take(subject.init().id, subject.holding()), { status: 'absent' }, 'the answer');
    },
  },
  ...(
    [
      { name: 'whose policy is fail', init: { takeover: 'fail', maxTakeovers: 3 } },
      { name: 'that may not be taken over', init: { maxTakeovers: 0 } },
      { name: 'whose deadline is over', init: { deadline: 1_000, maxTakeovers: 3 } },
      { name: 'that called a tool, and would be continued', init: { takeover: 'continue' }, hasToolCall: true },
      { name: 'that called a tool, and would be begun anew', init: { takeover: 'restart' }, hasToolCall: true },
      { name: 'that was cancelled', init: { maxTakeovers: 3 }, isCancelled: true },
      { name: 'that was cancelled, and would be failed', init: { takeover: 'fail' }, isCancelled: true },
    ] as const
  ).map(
    ({ name, init, ...facts }): StoreCheck => ({
      name: `a stream ${name} is sealed by who would take it`,
      run: async (subject) => {
        const isCancelled = 'isCancelled' in facts;
        const writer = await subject.begin(init);
        await writer.write([textDelta('a')], { hasToolCall: 'hasToolCall' in facts });
        const reading = await subject.read(writer.id).count(1);
        if (isCancelled) await subject.store.cancel(writer.id);
        await writer.leave();
        const taking = await subject.other.take(writer.id, subject.holding());
        if (taking.status !== 'sealed') throw new Error(`the status is ${taking.status}, and should be sealed`);
        const { state, outcome, epoch } = taking.record;
        const ending = isCancelled ? 'cancelled' : 'interrupted';
        expectEqual([state, outcome?.status, epoch], ['sealed', ending, 1], 'state, status and epoch');
        if (!isCancelled) expectEqual(outcome?.code, 'producer-lost', 'the code');
        expectEqual(
          [outcome?.error?.category, outcome?.error?.requestId],
          [ending, writer.requestId],
          'category and requestId of the outcome',
        );
        expectEqual((await reading.failed()).category, ending, 'what a reader is told');
        expectEqual(await subject.store.append(writer.holder, writer.batch([textDelta('x')])), 'sealed', 'the reply to its producer');
      },
    }),
  ),
  ...(
    [
      { name: 'that called a tool and is resumed', init: { takeover: 'resume' }, hasToolCall: true },
      { name: 'that is to be begun anew', init: { takeover: 'restart' }, hasToolCall: false },
      { name: 'whose deadline is to come', init: { deadline: 9_999_999_999_999 }, hasToolCall: false },
    ] as const
  ).map(
    ({ name, init, hasToolCall }): StoreCheck => ({
      name: `a stream ${name} is taken`,
      run: async (subject) => {
        const writer = await subject.begin(init);
        await writer.write([textDelta('a')], { hasToolCall });
        await writer.leave();
        await (await subject.takeOver(writer.id)).end();
        expectEqual((await subject.read(writer.id).completed()).text, 'a', 'the text');
      },
    }),
  ),
  {
    name: 'a stream is taken as often as it may be, and then sealed',
    run: async (subject) => {
      const writer = await subject.begin({ maxTakeovers: 2 });
      await writer.say('a');
      await writer.leave();
      for (const text of ['b', 'c']) {
        const heir = await subject.takeOver(writer.id);
        await heir.say(text);
        await heir.leave();
      }
      const taking = await subject.store.take(writer.id, subject.holding());
      expectOneOf(taking.status, ['sealed'], 'the status');
      const { epoch, takeovers, last } = await subject.record(writer.id);
      expectEqual([epoch, takeovers, last >= 6], [3, 2, true], 'epoch, takeovers and last');
      const reading = subject.read(writer.id);
      await reading.failed();
      expectEqual(reading.text, 'abc', 'the text');
    },
  },
];
