import type { EventLike } from '../../index.ts';
import { expectEqual } from './expect.ts';
import type { StoreCheck } from './subject.ts';
import { textDelta } from './writer.ts';

/** What is promised of appends. */
export const appendChecks: readonly StoreCheck[] = [
  {
    name: 'what is appended is read as it was, in order',
    run: async (subject) => {
      const writer = await subject.begin();
      const events = [
        { type: 'start', requestId: writer.requestId, attempt: 1, provider: 'made-up', model: 'model-1' },
        textDelta('“Zürich” \u2028 🌍 \u0000 \\ " \n'),
        textDelta(''),
        textDelta('x'.repeat(100_000)),
        { type: 'tool-call', toolCallId: 'call-1', toolName: 'weather', input: { city: 'Zürich', deep: [[[{}]]], n: 1e21, none: null } },
        { type: 'of-somebody-else', constructor: 'x', nested: { type: 'text-delta' } },
      ] as EventLike[];
      await writer.write(events.slice(0, 2));
      await writer.write(events.slice(2));
      await writer.seal();
      const reading = await subject.read(writer.id, undefined, subject.other).completed();
      expectEqual(
        reading.events.map(({ cursor: _, ...event }) => event),
        events,
        'what is read',
      );
    },
  },
  {
    name: 'an append tells how far the log and the producer have come',
    run: async (subject) => {
      const writer = await subject.begin();
      const progress = {
        sequence: 3,
        provider: 'acme',
        model: 'm',
        providerCursor: 'resp_1:7',
        attempts: 2,
        hasToolCall: true,
      };
      await writer.write([textDelta('a'), textDelta('b')], progress);
      const record = await subject.record(writer.id);
      expectEqual([record.last, record.progress], [3, progress], 'last and progress');
    },
  },
  {
    name: 'the same batch again is appended once',
    run: async (subject) => {
      const { store } = subject;
      const writer = await subject.begin();
      await writer.say('a');
      const batch = writer.batch([textDelta('b'), textDelta('c')]);
      await writer.say('b', 'c');
      expectEqual(await store.append(writer.holder, batch), 'ok', 'the reply to the second');
      expectEqual(await store.append(writer.holder, batch), 'ok', 'the reply to the third');
      await writer.say('d');
      const next = writer.batch([textDelta('e')]);
      expectEqual(
        await Promise.all([store.append(writer.holder, next), store.append(writer.holder, next)]),
        ['ok', 'ok'],
        'the replies to two at once',
      );
      expectEqual((await subject.record(writer.id)).last, 6, 'last');
      writer.last++;
      await writer.end();
      expectEqual((await subject.read(writer.id).completed()).text, 'abcde', 'the text');
    },
  },
  {
    name: 'a batch that does not follow the last entry is lost, and nothing of it is written',
    run: async (subject) => {
      const writer = await subject.begin();
      await writer.say('a');
      const { sequence, ...batch } = writer.batch([textDelta('x'), textDelta('y')]);
      expectEqual(await subject.store.append(writer.holder, { ...batch, sequence: sequence + 2 }), 'lost', 'the reply');
      expectEqual((await subject.store.get(writer.id))?.last, 2, 'last');
    },
  },
  {
    name: 'a stream that is not there is lost, and an append does not make it',
    run: async (subject) => {
      const { store } = subject;
      const writer = await subject.begin();
      await writer.say('a');
      await store.delete(writer.id);
      expectEqual(await store.append(writer.holder, writer.batch([textDelta('b')])), 'lost', 'the reply to an append');
      expectEqual((await store.renew(writer.holder, { lease: 1_000 })).reply, 'lost', 'the reply to a renewal');
      expectEqual(await writer.rotate(), 'lost', 'the reply to a rotation');
      expectEqual(await store.release(writer.holder), 'lost', 'the reply to a release');
      expectEqual(await writer.seal(), 'lost', 'the reply to a seal');
      expectEqual(await store.get(writer.id), undefined, 'the record');
      expectEqual((await subject.read(writer.id).failed()).category, 'not-found', 'what a reader is told');
    },
  },
  {
    name: 'a producer whose stream was taken is fenced, whatever it does',
    run: async (subject) => {
      const { store } = subject;
      const zombie = await subject.begin();
      await zombie.say('a');
      await zombie.leave();
      const heir = await subject.takeOver(zombie.id);
      const isFenced = async () => {
        expectEqual(await store.append(zombie.holder, zombie.batch([textDelta('x')])), 'fenced', 'the reply to an append');
        expectEqual((await store.renew(zombie.holder, { lease: 1_000 })).reply, 'fenced', 'the reply to a renewal');
        expectEqual(await zombie.rotate(), 'fenced', 'the reply to a rotation');
        expectEqual(await store.release(zombie.holder), 'fenced', 'the reply to a release');
        expectEqual(await zombie.seal(), 'fenced', 'the reply to a seal');
      };
      await isFenced();
      await heir.say('b');
      await isFenced();
      const { state, epoch, owner } = await subject.record(zombie.id);
      expectEqual([state, epoch, owner], ['held', 2, 'owner-2'], 'state, epoch and owner');
      await heir.end();
      expectEqual((await subject.read(zombie.id).completed()).text, 'ab', 'the text');
    },
  },
  {
    name: 'a sealed stream refuses everything',
    run: async (subject) => {
      const { store } = subject;
      const writer = await subject.begin();
      await writer.say('a');
      await writer.end();
      expectEqual(await store.append(writer.holder, writer.batch([textDelta('x')])), 'sealed', 'the reply to an append');
      expectEqual((await store.renew(writer.holder, { lease: 1_000 })).reply, 'sealed', 'the reply to a renewal');
      expectEqual(await writer.rotate(), 'sealed', 'the reply to a rotation');
      expectEqual(await store.release(writer.holder), 'sealed', 'the reply to a release');
      expectEqual(await writer.seal({ status: 'error' }), 'sealed', 'the reply to another seal');
      const taking = await store.take(writer.id, subject.holding());
      expectEqual(taking.status, 'sealed', 'the status of a take');
      const { state, outcome, last } = await subject.record(writer.id);
      expectEqual([state, outcome, last >= writer.last], ['sealed', { status: 'done' }, true], 'state and outcome');
      expectEqual((await subject.read(writer.id).completed()).text, 'a', 'the text');
    },
  },
];
