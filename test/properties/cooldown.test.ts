import fc from 'fast-check';
import { describe, it } from 'vitest';
import { cooldown, createCooldowns, ProviderError } from '../../src/index.ts';
import { CooldownMachine } from '../../src/policies/cooldown.ts';
import { ReferenceCooldown } from './reference-cooldown.ts';
import { holds, numRuns, same, timeout } from './runs.ts';
import { Streams } from './streams.ts';
import { inVirtualTime, watch } from './virtual-time.ts';

const retryAfter = fc.constantFrom(undefined, 0, 1, 500, 2_000, 20_000, 120_000, 120_001, 1e9);

describe('a cooldown', () => {
  const { unhandled, expectNoRealTimers } = watch();

  it('holds back as long as a reference machine, whatever happens in whatever order', { timeout }, () => {
    const command = fc.oneof(
      { weight: 4, arbitrary: fc.record({ type: fc.constantFrom('limited', 'limited', 'exhausted'), ms: retryAfter }) },
      {
        weight: 8,
        arbitrary: fc.record({
          type: fc.constantFrom('go', 'go', 'go', 'burst', 'succeeded', 'succeeded', 'released'),
          ms: fc.constant(0),
        }),
      },
      {
        weight: 5,
        arbitrary: fc.record({
          type: fc.constantFrom('wait', 'wait for it'),
          ms: fc.constantFrom(0, 1, 400, 1_000, 5_000, 59_999, 60_000, 130_000),
        }),
      },
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60, size: 'max' }), (commands) => {
        const clock = { now: 1_000_000 };
        const machine = new CooldownMachine(() => clock.now);
        const reference = new ReferenceCooldown();
        let longestWait = Number.NEGATIVE_INFINITY;
        const go = (): void => {
          // Nobody goes before the time that the provider named, up to two minutes.
          holds(clock.now >= longestWait - 1e-6, () => `went ${longestWait - clock.now} ms too early`);
          machine.pass();
          reference.add({ kind: 'pass', at: clock.now });
        };
        for (const { type, ms } of commands) {
          const at = clock.now;
          if (type === 'wait') clock.now += ms ?? 0;
          else if (type === 'wait for it') clock.now += Math.min(machine.due(), 1e7);
          else if (type === 'go') {
            if (machine.due() === 0) go();
          } else if (type === 'burst') {
            for (let each = 0; each < 5; each++) if (machine.due() === 0) go();
          } else if (type === 'exhausted') {
            machine.exhausted(ms ?? 0);
            reference.add({ kind: type, at, ms: ms ?? 0 });
            longestWait = Math.max(longestWait, at + Math.min(ms ?? 0, 20_000));
          } else if (type === 'limited') {
            machine.limited(ms);
            reference.add({ kind: type, at, ms });
            if (ms !== undefined) longestWait = Math.max(longestWait, at + Math.min(ms, 120_000));
          } else if (type === 'succeeded') {
            machine.succeeded();
            reference.add({ kind: type, at });
          } else {
            machine.released();
            reference.add({ kind: 'released', at });
          }
          same(machine.due(), reference.due(clock.now), 'due');
          same(machine.due(), machine.due(), 'due changes nothing');
          for (const ahead of [0, 1, 7]) same(machine.estimate(ahead), reference.estimate(ahead, clock.now), 'estimate');
          holds(machine.due() <= 120_000.001, () => `held back for ${machine.due()} ms`);
          if (machine.isIdle) same(machine.due(), 0, 'due while idle');
        }
        clock.now += 420_001;
        same(machine.isIdle, true, 'idle after a long calm');
        same(machine.due(), 0, 'due after a long calm');
      }),
      { numRuns },
    );
  });

  it('lets streams go first in, first out, when the reference machine would, and keeps nothing', { timeout }, () => {
    const nth = fc.nat(20);
    const command = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          type: fc.constant('subscribe' as const),
          remaining: fc.constantFrom(1, 3_000, 1e9),
          times: fc.constantFrom(1, 1, 1, 6),
        }),
      },
      { weight: 4, arbitrary: fc.record({ type: fc.constant('next' as const), nth, times: fc.constantFrom(1, 1, 5) }) },
      {
        weight: 4,
        arbitrary: fc.record({
          type: fc.constant('error' as const),
          nth,
          ms: retryAfter,
          category: fc.constantFrom('rate-limit', 'overloaded', 'network'),
        }),
      },
      { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('complete' as const, 'unsubscribe' as const), nth }) },
      { weight: 1, arbitrary: fc.record({ type: fc.constant('exhausted' as const), nth, ms: fc.constantFrom(0, 700, 30_000) }) },
      // Never the very moment of a release: who is first then is nobody's promise.
      {
        weight: 4,
        arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.constantFrom(0, 13.7, 399.3, 1_713.1, 20_017.9, 61_003.3) }),
      },
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40, size: 'max' }), (commands) => {
        unhandled.length = 0;
        inVirtualTime((time) => {
          const gate = createCooldowns().get('p', 'm');
          const reference = new ReferenceCooldown();
          const streams = new Streams(() => time.now);
          const arrived = new Set<number>();
          let seen = 0;
          /** What went since, in order, each when the reference lets it. */
          const look = (): void => {
            for (; seen < streams.went.length; seen++) {
              const { wentAt = 0, index } = streams.went[seen] as (typeof streams.went)[number];
              const early = reference.due(wentAt);
              holds(early < 1e-6, () => `${index} went ${early} ms too early`);
              reference.add({ kind: 'pass', at: wentAt });
            }
            same(gate.waiting, streams.of('waiting').length, 'waiting');
            holds(gate.waiting === 0 || reference.due(time.now) > 0, () => 'somebody waits, though nothing holds it back');
          };
          const settle = (index: number, tell: () => void): void => {
            if (!arrived.has(index)) tell();
            arrived.add(index);
          };
          for (const each of commands) {
            const stream = 'nth' in each ? streams.pick(each.nth) : undefined;
            const isRunning = stream?.state === 'running';
            if (each.type === 'wait') time.advance(each.ms);
            else if (each.type === 'subscribe') {
              for (let round = 0; round < each.times; round++) {
                const wait = reference.estimate(gate.waiting, time.now);
                const made = streams.subscribe(cooldown(gate, { remaining: () => each.remaining }));
                same(made.state === 'refused', wait > 0 && wait >= each.remaining, 'refused');
                look();
              }
            } else if (stream && each.type === 'unsubscribe') {
              if (isRunning) settle(stream.index, () => reference.add({ kind: 'released', at: time.now }));
              streams.leave(stream);
            } else if (stream && isRunning && each.type === 'next') {
              settle(stream.index, () => reference.add({ kind: 'succeeded', at: time.now }));
              for (let value = 0; value < each.times; value++) stream.source?.next('content');
              holds(stream.values > 0, () => 'values are passed on');
            } else if (stream && isRunning && each.type === 'exhausted') {
              if (each.ms > 0) reference.add({ kind: 'exhausted', at: time.now, ms: each.ms });
              stream.source?.next({ type: 'rate-limits', limits: [{ kind: 'requests', limit: 1, remaining: 0, resetMs: each.ms }] });
            } else if (stream && isRunning && each.type === 'complete') {
              settle(stream.index, () => reference.add({ kind: 'released', at: time.now }));
              stream.source?.complete();
            } else if (stream && isRunning && each.type === 'error') {
              const isLimit = each.category === 'rate-limit' || (each.category === 'overloaded' && each.ms !== undefined);
              settle(stream.index, () =>
                reference.add(isLimit ? { kind: 'limited', at: time.now, ms: each.ms } : { kind: 'released', at: time.now }),
              );
              stream.source?.error(new ProviderError({ category: each.category as 'network', retryAfterMs: each.ms }));
            }
            look();
          }
          // Who went, went in the order of arrival.
          const order = streams.went.map(({ index }) => index);
          same(order.join(), [...order].sort((a, b) => a - b).join(), 'first in, first out');
          for (const stream of streams.all) if (!stream.isOver) streams.leave(stream);
          same(gate.waiting, 0, 'waiting at the end');
          same(time.pending, 0, 'timers at the end');
          same(unhandled.length, 0, 'unhandled');
        });
      }),
      { numRuns },
    );
    expectNoRealTimers();
  });
});
