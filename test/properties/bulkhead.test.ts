import fc from 'fast-check';
import { describe, it } from 'vitest';
import { bulkhead, createBulkhead, ProviderError } from '../../src/index.ts';
import { holds, numRuns, same, timeout } from './runs.ts';
import { Streams } from './streams.ts';
import { inVirtualTime, watch } from './virtual-time.ts';

const nth = fc.nat(20);
const command = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant('subscribe' as const), times: fc.constantFrom(1, 1, 1, 8), nth }) },
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constantFrom('next', 'error', 'complete', 'unsubscribe'), times: fc.constantFrom(1, 1, 5), nth }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('wait' as const), times: fc.constant(1_000), nth }) },
);

describe('a bulkhead', () => {
  const { unhandled, expectNoRealTimers } = watch();

  it('is a fair line before so many places, whatever happens in whatever order', { timeout }, () => {
    const limits = fc.record({
      maxConcurrent: fc.integer({ min: 1, max: 4 }),
      maxQueue: fc.oneof(fc.nat(4), fc.constant(Number.POSITIVE_INFINITY)),
    });
    fc.assert(
      fc.property(limits, fc.array(command, { maxLength: 50, size: 'max' }), (config, commands) => {
        unhandled.length = 0;
        inVirtualTime((time) => {
          const places = createBulkhead(config);
          const streams = new Streams(() => time.now);
          // The reference: who runs, and who waits, as two lists.
          let running: number[] = [];
          let waiting: number[] = [];
          const advance = (): void => {
            while (running.length < config.maxConcurrent && waiting.length > 0) running.push(waiting.shift() as number);
          };
          const remove = (index: number): void => {
            running = running.filter((each) => each !== index);
            waiting = waiting.filter((each) => each !== index);
            advance();
          };
          const check = (): void => {
            same(places.active, running.length, 'active');
            same(places.waiting, waiting.length, 'waiting');
            same(
              streams
                .of('running')
                .map(({ index }) => index)
                .join(),
              [...running].sort((a, b) => a - b).join(),
              'who runs',
            );
            same(
              streams
                .of('waiting')
                .map(({ index }) => index)
                .join(),
              waiting.join(),
              'who waits',
            );
            holds(running.length <= config.maxConcurrent && waiting.length <= config.maxQueue, () => 'the limits are kept');
          };
          for (const { type, times, nth: n } of commands) {
            const stream = streams.pick(n);
            if (type === 'wait') time.advance(times);
            else if (type === 'subscribe') {
              for (let each = 0; each < times; each++) {
                const isRefused = running.length >= config.maxConcurrent && waiting.length >= config.maxQueue;
                const { index } = streams.subscribe(bulkhead(places));
                if (!isRefused) waiting.push(index);
                advance();
                same(streams.all[index]?.state === 'refused', isRefused, 'refused');
                check();
              }
            } else if (stream && type === 'unsubscribe') {
              streams.leave(stream);
              remove(stream.index);
            } else if (stream?.state === 'running') {
              if (type === 'next') for (let each = 0; each < times; each++) stream.source?.next(each);
              else {
                if (type === 'complete') stream.source?.complete();
                else stream.source?.error(new ProviderError({ category: 'limit-exceeded' }));
                same(stream.ends, 1, 'ends');
                remove(stream.index);
              }
            }
            check();
          }
          for (const stream of streams.all) if (!stream.isOver) streams.leave(stream);
          same(places.active, 0, 'active at the end');
          same(places.waiting, 0, 'waiting at the end');
          same(time.pending, 0, 'timers at the end');
          same(unhandled.length, 0, 'unhandled');
        });
      }),
      { numRuns },
    );
    expectNoRealTimers();
  });
});
