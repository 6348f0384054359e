import fc from 'fast-check';
import { describe, it } from 'vitest';
import { createRateLimiter, rateLimit } from '../../src/index.ts';
import { holds, numRuns, same, timeout } from './runs.ts';
import { Streams } from './streams.ts';
import { inVirtualTime, watch } from './virtual-time.ts';

const minute = 60_000;

/** A bucket in whole numbers: sixty-thousandths of a token, a minute's worth at most. */
class ReferenceBucket {
  readonly #perMinute: number;
  #level: number;
  #at = 0;

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
    this.#level = perMinute * minute;
  }

  /** The first whole millisecond at which it holds so much. */
  holdsAt(amount: number): number {
    if (this.#perMinute === Number.POSITIVE_INFINITY) return this.#at;
    return this.#at + Math.max(0, Math.ceil((amount * minute - this.#level) / this.#perMinute));
  }

  take(amount: number, now: number): void {
    if (this.#perMinute === Number.POSITIVE_INFINITY) return;
    this.#level = Math.min(this.#perMinute * minute, this.#level + this.#perMinute * (now - this.#at)) - amount * minute;
    this.#at = now;
    holds(this.#level >= 0, () => `${-this.#level} more than there was`);
  }
}

const nth = fc.nat(20);
const command = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('subscribe' as const),
      times: fc.constantFrom(1, 1, 6),
      tokens: fc.constantFrom(0, 1, 3, 10, 50),
      nth,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constantFrom('next', 'error', 'complete', 'unsubscribe'),
      times: fc.constant(1),
      tokens: fc.constant(0),
      nth,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('wait' as const),
      times: fc.constantFrom(0, 1, 999, 1_000, 7_777, 60_000, 200_000),
      tokens: fc.constant(0),
      nth,
    }),
  },
);

describe('a rate limiter', () => {
  const { unhandled, expectNoRealTimers } = watch();

  it('lets streams go first in, first out, each at the first moment that the limits allow', { timeout }, () => {
    const limits = fc.record({
      requestsPerMinute: fc.constantFrom(1, 3, 7, 60, Number.POSITIVE_INFINITY),
      tokensPerMinute: fc.constantFrom(10, 30, 77, Number.POSITIVE_INFINITY),
      maxQueue: fc.constantFrom(0, 1, 3, Number.POSITIVE_INFINITY),
    });
    fc.assert(
      fc.property(limits, fc.array(command, { maxLength: 40, size: 'max' }), (config, commands) => {
        unhandled.length = 0;
        const { maxQueue, tokensPerMinute } = config;
        // Left out is no limit.
        const options = Object.fromEntries(
          Object.entries(config).filter(([name, value]) => name === 'maxQueue' || value !== Number.POSITIVE_INFINITY),
        );
        inVirtualTime((time) => {
          const limiter = createRateLimiter(options);
          const streams = new Streams(() => time.now);
          const requests = new ReferenceBucket(config.requestsPerMinute);
          const tokens = new ReferenceBucket(tokensPerMinute);
          const costs: number[] = [];
          const arrivals: number[] = [];
          let seen = 0;
          let wentLast = 0;
          /** Since when the first in line has been the first. */
          let firstSince = 0;
          const dueAt = (cost: number): number => Math.max(requests.holdsAt(1), tokens.holdsAt(cost));
          const look = (): void => {
            for (; seen < streams.went.length; seen++) {
              const { index, wentAt = 0 } = streams.went[seen] as (typeof streams.went)[number];
              const cost = costs[index] ?? 0;
              const due = Math.max(dueAt(cost), arrivals[index] ?? 0, wentLast, firstSince);
              // A timer is rounded up to a millisecond, and a sum of fractions may be one too many.
              holds(wentAt >= due && wentAt <= due + 1, () => `${index} went at ${wentAt}, but was due at ${due}`);
              requests.take(1, wentAt);
              tokens.take(cost, wentAt);
              wentLast = wentAt;
            }
            same(limiter.waiting, streams.of('waiting').length, 'waiting');
            const first = streams.of('waiting')[0];
            holds(!first || dueAt(costs[first.index] ?? 0) + 1 >= time.now, () => `${first?.index} waits, though nothing holds it back`);
            holds(streams.of('waiting').length <= maxQueue, () => 'the line is longer than it may be');
          };
          for (const { type, times, tokens: cost, nth: n } of commands) {
            const stream = streams.pick(n);
            if (type === 'wait') time.advance(times);
            else if (type === 'subscribe') {
              for (let each = 0; each < times; each++) {
                costs.push(cost);
                arrivals.push(time.now);
                const isImpossible = cost > tokensPerMinute;
                const line = streams.of('waiting').length;
                const made = streams.subscribe(rateLimit(limiter, { tokens: cost }));
                if (isImpossible) same(made.state, 'refused', 'more than a minute allows');
                else if (line < maxQueue) holds(made.state !== 'refused', () => 'refused, though there is room in the line');
                else if (line > 0) same(made.state, 'refused', 'beyond the line');
                look();
              }
            } else if (stream && type === 'unsubscribe') {
              if (stream === streams.of('waiting')[0]) firstSince = time.now;
              streams.leave(stream);
            } else if (stream?.state === 'running') {
              if (type === 'next') stream.source?.next(1);
              else if (type === 'complete') stream.source?.complete();
              else stream.source?.error(new Error('its own'));
            }
            look();
          }
          const order = streams.went.map(({ index }) => index);
          same(order.join(), [...order].sort((a, b) => a - b).join(), 'first in, first out');
          for (const stream of streams.all) if (!stream.isOver) streams.leave(stream);
          same(limiter.waiting, 0, 'waiting at the end');
          same(time.pending, 0, 'timers at the end');
          same(unhandled.length, 0, 'unhandled');
        });
      }),
      { numRuns },
    );
    expectNoRealTimers();
  });
});
