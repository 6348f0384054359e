import { expectEqual, pause } from './expect.ts';
import type { Reading } from './reading.ts';
import type { StoreCheck } from './subject.ts';

/** What is promised of readers of a stream that runs. */
export const liveChecks: readonly StoreCheck[] = [
  {
    name: 'many readers, early, late and twice, get every event once',
    run: async (subject) => {
      const { store, other } = subject;
      const writer = await subject.begin();
      const readings: Reading[] = [];
      const join = (cursor?: string) => {
        for (const from of [store, other, store]) readings.push(subject.read(writer.id, cursor, from));
      };
      join();
      for (let round = 0; round < 20; round++) {
        await writer.say(...Array.from({ length: 1 + (round % 4) }, (_, index) => `${round}.${index} `));
        if (round % 5 === 4) join();
      }
      await writer.end();
      join();
      for (const reading of readings) await reading.completed();
      const [first] = readings as [Reading];
      expectEqual(first.events.length, 51, 'the number of events');
      for (const [index, { events }] of readings.entries()) expectEqual(events, first.events, `what reader ${index + 1} has`);
    },
  },
  {
    name: 'who comes and goes gets every event once, all in all',
    run: async (subject) => {
      const writer = await subject.begin();
      const seen: unknown[] = [];
      let isWritten = false;
      const write = async () => {
        for (let round = 0; round < 60; round++) {
          await writer.say(`${round} `);
          if (round % 7 === 0) await pause(2);
        }
        await writer.end();
        isWritten = true;
      };
      const comeAndGo = async () => {
        let cursor: string | undefined;
        for (let isOver = false; !isOver; ) {
          const reading = subject.read(writer.id, cursor);
          const enough = isWritten ? Number.POSITIVE_INFINITY : 3;
          await reading.until(
            'a reader gets on',
            () => reading.isComplete || reading.error !== undefined || reading.events.length >= enough,
          );
          if (reading.error) throw new Error(`a reader gets an error: ${reading.error.message}`);
          isOver = reading.isComplete;
          reading.subscription.unsubscribe();
          seen.push(...reading.events);
          if (reading.events.length > 0) cursor = reading.cursor;
        }
      };
      await Promise.all([write(), comeAndGo()]);
      expectEqual(seen, (await subject.read(writer.id).completed()).events, 'what was read');
    },
  },
  {
    name: 'a reader waits for what comes, and for the end',
    run: async (subject) => {
      const writer = await subject.begin();
      const reading = subject.read(writer.id);
      for (let count = 1; count <= 3; count++) {
        await pause(10);
        await writer.say('a');
        await reading.count(count);
      }
      expectEqual([reading.isComplete, reading.error], [false, undefined], 'the end of an open stream');
      await writer.end();
      expectEqual((await reading.completed()).types.at(-1), 'finish', 'the last event');
    },
  },
  {
    name: 'readers go on through a takeover',
    run: async (subject) => {
      const writer = await subject.begin();
      await writer.say('a', 'b');
      const reading = await subject.read(writer.id).count(2);
      const { cursor } = reading;
      await writer.leave();
      const heir = await subject.takeOver(writer.id);
      await heir.say('c');
      await heir.end();
      expectEqual((await reading.completed()).text, 'abc', 'the text');
      const late = await subject.read(writer.id).completed();
      expectEqual(late.events, reading.events, 'what a late reader has');
      expectEqual((await subject.read(writer.id, cursor).completed()).events, late.events.slice(2), 'what follows a cursor of before');
    },
  },
  {
    name: 'a stream that is deleted under a reader tells it',
    run: async (subject) => {
      const writer = await subject.begin({}, { lease: subject.lease });
      await writer.say('a');
      const reading = await subject.read(writer.id).count(1);
      expectEqual(await subject.store.delete(writer.id), true, 'the answer of delete');
      const { category, code } = await reading.failed();
      if (category !== 'not-found') expectEqual([category, code], ['interrupted', 'stream-lost'], 'category and code');
    },
  },
  {
    name: 'a store that is closed tells who reads',
    run: async (subject) => {
      const writer = await subject.begin();
      await writer.say('a');
      const reading = await subject.read(writer.id).count(1);
      await subject.store.close();
      expectEqual((await reading.failed()).category, 'network', 'the category');
    },
  },
];
