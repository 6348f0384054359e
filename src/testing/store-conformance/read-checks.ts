import { take } from 'rxjs';
import type { StoredEvent, StreamOutcome } from '../../index.ts';
import { expectEqual } from './expect.ts';
import { textsOf } from './reading.ts';
import type { StoreCheck } from './subject.ts';

const outcomes: Readonly<Record<string, StreamOutcome>> = {
  'an error': {
    status: 'error',
    code: 'slow_down',
    error: { message: 'Busy.', category: 'rate-limit', requestId: 'request-7', retryable: true, retryAfterMs: 3_000 },
  },
  'a cancellation': {
    status: 'cancelled',
    error: { message: 'Cancelled.', category: 'cancelled', requestId: 'request-7', retryable: false },
  },
  'an interruption': {
    status: 'interrupted',
    code: 'producer-lost',
    error: { message: 'Interrupted.', category: 'interrupted', requestId: 'request-7', retryable: true },
  },
};

/** What is promised of reading. */
export const readChecks: readonly StoreCheck[] = [
  {
    name: 'a stream that has ended is read from its beginning, and again',
    run: async (subject) => {
      const writer = await subject.begin();
      await writer.say('a', 'b');
      await writer.say('c');
      await writer.end();
      const first = await subject.read(writer.id).completed();
      expectEqual(first.types, ['text-delta', 'text-delta', 'text-delta', 'finish'], 'what is read');
      expectEqual((await subject.read(writer.id, '-1', subject.other).completed()).events, first.events, 'what is read after -1');
    },
  },
  {
    name: 'after each cursor comes exactly what follows',
    run: async (subject) => {
      const writer = await subject.begin();
      for (const text of ['a', 'b', 'c', 'd']) await writer.say(text, text);
      const open = await subject.read(writer.id).count(8);
      open.subscription.unsubscribe();
      await writer.end();
      const all = (await subject.read(writer.id).completed()).events;
      expectEqual(all.slice(0, 8), open.events, 'what was read while it ran');
      for (const [index, { cursor }] of all.entries()) {
        expectEqual((await subject.read(writer.id, cursor).completed()).events, all.slice(index + 1), `what follows event ${index + 1}`);
      }
    },
  },
  {
    name: 'after now come the events that come',
    run: async (subject) => {
      const writer = await subject.begin();
      await writer.say('a');
      // One that reads from the beginning tells when the other has had its turn.
      const [now, all] = [subject.read(writer.id, 'now'), subject.read(writer.id)];
      let said = 0;
      await subject.until('a reader after now gets an event', async () => {
        if (now.events.length === 0) await writer.say(`b${said++}`);
        return now.events.length > 0;
      });
      await writer.say('c');
      await writer.end();
      await Promise.all([now.completed(), all.completed()]);
      expectEqual(now.events, all.events.slice(-now.events.length), 'what is read');
      if (textsOf(now.events).includes('a')) throw new Error('what was there before is read');
      const late = await subject.read(writer.id, 'now').completed();
      expectEqual(late.events, [], 'what is read after the end');
    },
  },
  {
    name: 'what is no cursor is refused',
    run: async (subject) => {
      const writer = await subject.begin();
      await writer.say('a');
      for (const after of [
        '',
        '0',
        '-2',
        '1-2',
        '$',
        '*',
        'NOW',
        '0000010000000002 ',
        '00000100000000\n2',
        '../../etc',
        'z'.repeat(1_000),
      ]) {
        const { category } = await subject.read(writer.id, after).failed();
        expectEqual(category, 'invalid-request', `the category after ${JSON.stringify(after)}`);
      }
    },
  },
  {
    name: 'a stream that is not there is not found',
    run: async (subject) => {
      const { category, retryable } = await subject.read(subject.init().id).failed();
      expectEqual([category, retryable], ['not-found', false], 'category and retryable');
    },
  },
  {
    name: 'nothing is read before somebody subscribes',
    run: async (subject) => {
      const init = subject.init();
      const events$ = subject.store.read(init.id);
      await (await subject.begin(init)).say('a');
      const seen: StoredEvent[] = [];
      const subscription = events$.subscribe((event) => seen.push(event));
      await subject.until('it is read', () => seen.length === 1);
      subscription.unsubscribe();
    },
  },
  {
    name: 'who unsubscribes in mid-read gets nothing more',
    run: async (subject) => {
      const writer = await subject.begin();
      await writer.say(...'abcdefgh');
      const taken: StoredEvent[] = [];
      await new Promise<void>((resolve, reject) => {
        subject.store
          .read(writer.id)
          .pipe(take(3))
          .subscribe({ next: (event) => taken.push(event), error: reject, complete: resolve });
      });
      const left = await subject.read(writer.id).count(8);
      left.subscription.unsubscribe();
      await writer.say('i');
      await writer.end();
      const all = await subject.read(writer.id).completed();
      expectEqual(taken, all.events.slice(0, 3), 'what was taken');
      expectEqual(left.events, all.events.slice(0, 8), 'what the one who left has');
      expectEqual([left.isComplete, left.error], [false, undefined], 'the end of the one who left');
    },
  },
  ...Object.entries(outcomes).map(
    ([name, outcome]): StoreCheck => ({
      name: `${name} is raised after the last event`,
      run: async (subject) => {
        const writer = await subject.begin();
        await writer.say('a', 'b');
        const live = await subject.read(writer.id).count(2);
        expectEqual(await writer.seal(outcome), 'ok', 'the reply to the seal');
        for (const reading of [live, subject.read(writer.id), subject.read(writer.id, 'now'), subject.read(writer.id, live.cursor)]) {
          const { category, requestId, retryable, retryAfterMs, code } = await reading.failed();
          const { error } = outcome;
          const expected = [error?.category, error?.requestId, error?.retryable, error?.retryAfterMs, outcome.code];
          expectEqual(
            [category, requestId, retryable, retryAfterMs, code],
            expected,
            'category, requestId, retryable, retryAfterMs and code',
          );
        }
        expectEqual(live.text, 'ab', 'the text');
        expectEqual((await subject.record(writer.id)).outcome, outcome, 'the outcome');
      },
    }),
  ),
];
