import { formatCursor } from '../../recovery/store.ts';
import { expectEqual } from './expect.ts';
import type { StoreCheck } from './subject.ts';
import { textDelta } from './writer.ts';

/** What is promised where a snapshot takes the place of the beginning of a log. */
export const rotationChecks: readonly StoreCheck[] = [
  {
    name: 'behind a rotation a reader begins with the snapshot, ahead of it nothing changes',
    run: async (subject) => {
      const writer = await subject.begin();
      await writer.say('a', 'b', 'c');
      const live = await subject.read(writer.id).count(3);
      const [first, , third] = live.events.map(({ cursor }) => cursor);
      expectEqual(await writer.rotate(), 'ok', 'the reply');
      await writer.say('d', 'e');
      await live.count(5);
      const fourth = live.events[3]?.cursor;
      await writer.end();
      await live.completed();
      const rest = live.events.slice(3);
      for (const after of [undefined, '-1', first]) {
        const reading = await subject.read(writer.id, after, subject.other).completed();
        expectEqual(reading.types, ['snapshot', 'text-delta', 'text-delta', 'finish'], `what is read after ${after}`);
        expectEqual(reading.text, 'abcde', `the text after ${after}`);
        expectEqual(reading.events.slice(1), rest, `what follows the snapshot after ${after}`);
        const next = await subject.read(writer.id, reading.events[0]?.cursor).completed();
        expectEqual(next.events, rest, 'what follows the cursor of the snapshot');
      }
      expectEqual((await subject.read(writer.id, third).completed()).events, rest, 'what is read at the place of the snapshot');
      expectEqual((await subject.read(writer.id, fourth).completed()).events, rest.slice(1), 'what is read ahead of the snapshot');
      expectEqual(live.types, ['text-delta', 'text-delta', 'text-delta', 'text-delta', 'text-delta', 'finish'], 'what a live reader has');
    },
  },
  {
    name: 'a rotation leaves what comes after its sequence',
    run: async (subject) => {
      const writer = await subject.begin();
      await writer.say('a', 'b', 'c', 'd');
      expectEqual(await writer.rotate(3, [textDelta('a'), textDelta('b')]), 'ok', 'the reply');
      expectEqual((await subject.record(writer.id)).last, 5, 'last');
      const reading = await subject.read(writer.id).count(3);
      expectEqual([reading.types, reading.text], [['snapshot', 'text-delta', 'text-delta'], 'abcd'], 'what is read');
      reading.subscription.unsubscribe();
    },
  },
  {
    name: 'the same rotation again changes nothing, and a later one takes its place',
    run: async (subject) => {
      const writer = await subject.begin();
      await writer.say('a', 'b');
      const [sequence, said] = [writer.last, [textDelta('a'), textDelta('b')]];
      expectEqual(await writer.rotate(), 'ok', 'the reply to the first');
      await writer.say('c');
      expectEqual(await writer.rotate(sequence, said), 'ok', 'the reply to the same');
      expectEqual((await subject.read(writer.id).count(2)).text, 'abc', 'the text after the same');
      await writer.say('d');
      expectEqual(await writer.rotate(), 'ok', 'the reply to the next');
      expectEqual(await writer.rotate(sequence, said), 'ok', 'the reply to the first, made again too late');
      await writer.say('e');
      await writer.end();
      const reading = await subject.read(writer.id).completed();
      expectEqual([reading.types, reading.text], [['snapshot', 'text-delta', 'finish'], 'abcde'], 'what is read');
    },
  },
  {
    name: 'a rotation beyond the last entry is lost',
    run: async (subject) => {
      const writer = await subject.begin();
      await writer.say('a');
      expectEqual(await writer.rotate(writer.last + 1), 'lost', 'the reply');
    },
  },
  {
    name: 'a stream is rotated through a takeover',
    run: async (subject) => {
      const writer = await subject.begin();
      await writer.say('a', 'b');
      const { cursor } = await subject.read(writer.id).count(2);
      await writer.leave();
      const heir = await subject.takeOver(writer.id);
      await heir.say('c');
      expectEqual(await heir.rotate(3, [textDelta('a'), textDelta('b')]), 'ok', 'the reply to a rotation of what was inherited');
      const first = await subject.read(writer.id).count(2);
      expectEqual([first.types, first.text], [['snapshot', 'text-delta'], 'abc'], 'what is read then');
      expectEqual((await subject.read(writer.id, cursor).count(1)).types, ['text-delta'], 'what follows a cursor at its place');
      expectEqual(await heir.rotate(heir.last, ['a', 'b', 'c'].map(textDelta)), 'ok', 'the reply to a rotation of everything');
      await heir.say('d');
      await heir.end();
      const reading = await subject.read(writer.id, cursor).completed();
      expectEqual([reading.types, reading.text], [['snapshot', 'text-delta', 'finish'], 'abcd'], 'what is read in the end');
      const phantom = await subject.read(writer.id, formatCursor({ epoch: 1, sequence: 4 })).completed();
      expectEqual([phantom.types.slice(0, 2), phantom.text], [['restart', 'snapshot'], 'abcd'], 'what is read by who has what is void');
      first.subscription.unsubscribe();
    },
  },
];
