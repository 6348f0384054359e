import { formatCursor } from '../../recovery/store.ts';
import { expectEqual } from './expect.ts';
import type { StoreCheck, StoreSubject } from './subject.ts';
import type { Writer } from './writer.ts';

/** `ab` by one, `cd` by its heir: the entries 2 and 3, and 5 and 6. */
async function inherited(subject: StoreSubject): Promise<Writer> {
  const writer = await subject.begin();
  await writer.say('a', 'b');
  await writer.leave();
  const heir = await subject.takeOver(writer.id);
  expectEqual(heir.last, 4, 'the sequence of the first entry of the next epoch');
  await heir.say('c', 'd');
  return heir;
}

/** What is promised to readers whose cursor is not of this log. */
export const cursorChecks: readonly StoreCheck[] = [
  {
    name: 'a cursor before a takeover’s beginning goes on',
    run: async (subject) => {
      const heir = await inherited(subject);
      await heir.end();
      const { id } = heir;
      for (const [sequence, text] of [
        [0, 'abcd'],
        [1, 'abcd'],
        [2, 'bcd'],
        [3, 'cd'],
      ] as const) {
        const reading = await subject.read(id, formatCursor({ epoch: 1, sequence })).completed();
        expectEqual([reading.types.includes('restart'), reading.text], [false, text], `what is read after 1-${sequence}`);
      }
      expectEqual((await subject.read(id, formatCursor({ epoch: 2, sequence: 5 })).completed()).text, 'd', 'what is read after 2-5');
    },
  },
  ...[
    { name: 'beyond a takeover’s beginning', epoch: 1, sequence: 5 },
    { name: 'at a takeover’s first entry, of the epoch before', epoch: 1, sequence: 4 },
    { name: 'beyond the last entry', epoch: 2, sequence: 7 },
    { name: 'of an epoch that is yet to come', epoch: 3, sequence: 6 },
  ].map(
    ({ name, ...position }): StoreCheck => ({
      name: `a cursor ${name} gets a restart, a snapshot and then what comes`,
      run: async (subject) => {
        const heir = await inherited(subject);
        const live = await subject.read(heir.id, formatCursor(position)).count(2);
        expectEqual([live.types, live.text], [['restart', 'snapshot'], 'abcd'], 'what is read at once');
        await heir.say('e');
        await live.count(3);
        await heir.end();
        await live.completed();
        expectEqual([live.types, live.text], [['restart', 'snapshot', 'text-delta', 'finish'], 'abcde'], 'what is read');
        const next = await subject.read(heir.id, live.events[1]?.cursor).completed();
        expectEqual(next.events, live.events.slice(2), 'what follows the cursor of the snapshot');
        const again = await subject.read(heir.id, live.events[0]?.cursor).completed();
        expectEqual(again.text, 'abcde', 'the text after the cursor of the restart');
      },
    }),
  ),
  {
    name: 'an end is told also to who has what is void',
    run: async (subject) => {
      const heir = await inherited(subject);
      await heir.end();
      const reading = await subject.read(heir.id, formatCursor({ epoch: 1, sequence: 9 })).completed();
      expectEqual([reading.types, reading.text], [['restart', 'snapshot', 'finish'], 'abcd'], 'what is read');
    },
  },
];
