import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Lane, Lanes, LifecycleRecord } from '../../src/inspector/index.ts';
import { noLanes, reduceLanes } from '../../src/inspector/index.ts';
import { fromSnapshot, toSnapshot } from '../../src/inspector/lanes-snapshot.ts';
import { beginning, recorded, Story } from './records.ts';

function laneOf(records: readonly LifecycleRecord[]): Lane {
  const { lanes } = reduceLanes(noLanes(), records);
  expect(lanes.size).toBe(1);
  return [...lanes.values()][0] as Lane;
}

const at = (milliseconds: number) => beginning + milliseconds;

describe('a lane', () => {
  it('shows an attempt, its headers, its first content and its end', () => {
    const lane = laneOf(new Story('a').attempt(1).headers(50).content(80).finish(400).records);
    expect(lane).toMatchObject({
      requestId: 'a',
      outcome: 'ok',
      startedAt: at(0),
      endedAt: at(400),
      firstContentAt: at(80),
      finishReason: 'stop',
    });
    expect(lane.attempts).toMatchObject([
      { number: 1, startedAt: at(1), headersAt: at(50), contentAt: at(80), endedAt: at(400), end: 'finish' },
    ]);
  });

  it('shows the wait before a retry, first as planned, then as it was', () => {
    const story = new Story('a').attempt(0).retry(100, 500);
    const waiting = laneOf(story.records);
    expect(waiting.outcome).toBe('running');
    expect(waiting.waits).toEqual([{ kind: 'retry', from: at(100), until: at(600), category: 'overloaded' }]);
    expect(waiting.attempts).toMatchObject([{ end: 'error', endedAt: at(100), error: { category: 'overloaded', status: 503 } }]);
    const lane = laneOf(story.attempt(604).content(700).finish(900).records);
    expect(lane.waits).toMatchObject([{ until: at(600), endedAt: at(604) }]);
    expect(lane).toMatchObject({ retries: 1, outcome: 'ok' });
  });

  it('shows a refusal without an attempt, and the provider that takes over', () => {
    const error = recorded('circuit-open');
    const to = { provider: 'spare', model: 'm-2' };
    const lane = laneOf(
      new Story('a')
        .tell(1, { type: 'refusal', error })
        .tell(1, { type: 'fallback', to, error })
        .tell(2, { type: 'attempt', attempt: 1, ...to })
        .tell(9, {
          type: 'finish',
          attempt: 1,
          finishReason: 'stop',
          usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2, estimated: false },
        }).records,
    );
    expect(lane.marks).toMatchObject([
      { type: 'refused', label: 'circuit-open' },
      { type: 'fallback', label: 'spare m-2' },
    ]);
    expect(lane).toMatchObject({ provider: 'spare', model: 'm-2', outcome: 'ok', attempts: [{ provider: 'spare' }] });
  });

  it('shows where an answer broke and went on, and what it waited for', () => {
    const error = recorded('network');
    const lane = laneOf(
      new Story('a')
        .tell(0, { type: 'cooldown', waitMs: 40 })
        .attempt(42)
        .content(60)
        .tell(90, { type: 'attempt-end', outcome: 'error', error })
        .tell(90, { type: 'recovery', verb: 'continue', delayMs: 30, error })
        .attempt(120)
        .content(150)
        .tell(150, { type: 'seam' })
        .finish(200).records,
    );
    expect(lane.waits.map(({ kind, endedAt }) => [kind, endedAt])).toEqual([
      ['cooldown', at(42)],
      ['recovery', at(120)],
    ]);
    expect(lane.marks.map(({ type }) => type)).toEqual(['recovery', 'seam']);
    expect(lane.firstContentAt).toBe(at(60));
  });

  it('tells apart a failure, a consumer who left, and one who had it cancelled', () => {
    const open = () => new Story('a').attempt(0).content(10);
    expect(laneOf(open().fail(50).records)).toMatchObject({
      outcome: 'failed',
      error: { category: 'server-error' },
      attempts: [{ end: 'error' }],
    });
    expect(laneOf(open().cancel(50).records)).toMatchObject({ outcome: 'cancelled', attempts: [{ end: 'cancel' }] });
    expect(laneOf(open().fail(50, 'cancelled').records)).toMatchObject({ outcome: 'cancelled', attempts: [{ end: 'cancel' }] });
  });

  it('takes the usage that is told after its end, and nothing else', () => {
    const usage = { inputTokens: 1, outputTokens: 7, totalTokens: 8, estimated: false };
    const lane = laneOf(new Story('a').attempt(0).cancel(50).tell(80, { type: 'usage', usage }).fail(90).records);
    expect(lane).toMatchObject({ outcome: 'cancelled', endedAt: at(50), usage });
    expect(lane.error).toBeUndefined();
  });

  it('is one of its own for each subscription, though they share a request id', () => {
    const once = new Story('a').attempt(0).finish(10).records;
    const again = once.map((record) => ({ ...record, callId: 'call-2' }) as LifecycleRecord);
    const { lanes, totals } = reduceLanes(noLanes(), [...once, ...again]);
    expect([...lanes.values()].map(({ requestId }) => requestId)).toEqual(['a', 'a']);
    expect(totals).toMatchObject({ started: 2, ok: 2 });
  });
});

describe('what is shared', () => {
  const breaker = { type: 'breaker', provider: 'acme', model: 'm-1', reason: 'consecutive-failures' } as const;

  it('is a breaker with its state, since when, and until when', () => {
    const opened = { at: at(0), ...breaker, from: 'closed', to: 'open', openForMs: 5_000 } as const;
    const model = reduceLanes(noLanes(), [opened, opened]);
    const views = [...model.breakers.values()];
    expect(views).toMatchObject([{ state: 'open', since: at(0), openUntil: at(5_000), openings: 1 }]);
    const probed = reduceLanes(model, [{ at: at(5_200), ...breaker, from: 'open', to: 'half-open', reason: 'wait-over' }]);
    expect([...probed.breakers.values()]).toMatchObject([{ state: 'half-open', since: at(5_200), openUntil: undefined, openings: 1 }]);
  });

  it('is a budget with its level, and the most it had', () => {
    const gauges = (tokens: number): LifecycleRecord => ({
      ...{ at: at(0), type: 'gauges', breakers: [], cooldowns: [] },
      budgets: [{ provider: 'acme', tokens }],
    });
    expect(reduceLanes(noLanes(), [gauges(8), gauges(3)]).budgets).toEqual([{ provider: 'acme', tokens: 3, most: 8 }]);
  });

  it('is how fast answers came', () => {
    const { samples } = reduceLanes(noLanes(), new Story('a').attempt(0).content(250).finish(1_250).records);
    expect(samples).toEqual([
      { at: at(250), firstContentMs: 250 },
      { at: at(1_250), tokensPerSecond: 40 },
    ]);
  });
});

describe('a model of lanes', () => {
  it('lets go of what ended first, and never counts wrong', () => {
    const streams = Array.from({ length: 30 }, (_, index) => new Story(`s${index}`, index).attempt(index).finish(index + 5).records);
    const running = new Story('running').attempt(0).records;
    const { lanes, totals } = reduceLanes(noLanes({ maxLanes: 10 }), [...running, ...streams.flat()]);
    expect(lanes.size).toBe(10);
    expect([...lanes.values()][0]?.requestId).toBe('running');
    expect(totals).toMatchObject({ started: 31, ok: 30, running: 1, forgotten: 0 });
  });

  it('stays as it was when it is reduced', () => {
    const before = reduceLanes(noLanes(), new Story('a').attempt(0).records);
    const copy = JSON.stringify(toSnapshot(before));
    reduceLanes(before, new Story('a').attempt(0).retry(5, 10).attempt(20).finish(30).records);
    expect(JSON.stringify(toSnapshot(before))).toBe(copy);
  });

  const step = fc.record({
    at: fc.integer({ min: 0, max: 1_000 }),
    requestId: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
    attempt: fc.integer({ min: 0, max: 4 }),
    client: fc.constantFrom(undefined, 'one', 'two'),
    what: fc.oneof(
      fc.constantFrom<object>(
        { type: 'begin' },
        { type: 'attempt' },
        { type: 'headers', status: 200 },
        { type: 'first-content' },
        { type: 'attempt-end', outcome: 'error', error: recorded('network') },
        { type: 'refusal', error: recorded('circuit-open') },
        { type: 'retry', delayMs: 20, category: 'network', error: recorded('network') },
        { type: 'recovery', verb: 'continue', delayMs: 5, error: recorded('network') },
        { type: 'cooldown', waitMs: 70 },
        { type: 'seam' },
        { type: 'fallback', to: { provider: 'spare', model: 'm-2' }, error: recorded('timeout') },
        { type: 'finish', finishReason: 'stop', usage: { inputTokens: 1, outputTokens: 9, totalTokens: 10, estimated: false } },
        { type: 'error', error: recorded('server-error') },
        { type: 'cancel' },
        { type: 'usage', usage: { inputTokens: 1, outputTokens: 9, totalTokens: 10, estimated: false } },
        { type: 'something-of-a-later-version' },
        { type: 'breaker', from: 'closed', to: 'open', reason: 'probe', openForMs: 50 },
        { type: 'gauges', breakers: [], cooldowns: [], budgets: [{ provider: 'acme', tokens: 1 }] },
        { type: 'dropped', records: 3 },
      ),
    ),
  });
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
  const recordsOf = (steps: readonly Step[]): LifecycleRecord[] =>
    steps.map(({ what, requestId, ...rest }) => {
      const call = 'type' in what && ['breaker', 'gauges', 'dropped'].includes(String(what.type)) ? {} : { requestId, callId: requestId };
      return {
        provider: 'acme',
        model: 'm-1',
        elapsedMs: rest.at,
        ...rest,
        ...call,
        ...what,
        at: beginning + rest.at,
      } as unknown as LifecycleRecord;
    });

  function expectConsistent({ lanes, totals, limits, samples, breakers }: Lanes): void {
    expect(lanes.size).toBeLessThanOrEqual(limits.maxLanes);
    expect(samples.length).toBeLessThanOrEqual(limits.maxSamples);
    expect(breakers.size).toBeLessThanOrEqual(limits.maxSamples);
    const running = [...lanes.values()].filter(({ outcome }) => outcome === 'running');
    expect(totals.running).toBe(running.length);
    expect(totals.running + totals.ok + totals.failed + totals.cancelled + totals.forgotten).toBe(totals.started);
    for (const [key, lane] of lanes) {
      expect(lane.key).toBe(key);
      for (const list of [lane.attempts, lane.waits, lane.marks]) expect(list.length).toBeLessThanOrEqual(limits.maxMarks);
      const hasEnded = lane.outcome !== 'running';
      expect(lane.endedAt !== undefined).toBe(hasEnded);
      if (!hasEnded) continue;
      expect(lane.attempts.every(({ endedAt }) => endedAt !== undefined)).toBe(true);
      expect(lane.waits.every(({ endedAt }) => endedAt !== undefined)).toBe(true);
    }
  }

  it('stays within its limits and consistent, whatever it is told in whatever order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 5 }), (steps, maxLanes) => {
        expectConsistent(reduceLanes(noLanes({ maxLanes, maxMarks: 3, maxSamples: 4 }), recordsOf(steps)));
      }),
    );
  });

  it('is the same however the records are cut into batches, and whether or not it was JSON in between', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.nat(80), (steps, cut) => {
        const records = recordsOf(steps);
        const limits = { maxLanes: 4, maxMarks: 5 };
        const whole = reduceLanes(noLanes(limits), records);
        const first = reduceLanes(noLanes(limits), records.slice(0, cut));
        const revived = fromSnapshot(JSON.parse(JSON.stringify(toSnapshot(first))));
        const plain = (model: Lanes) => JSON.parse(JSON.stringify(toSnapshot(model)));
        expect(plain(reduceLanes(first, records.slice(cut)))).toEqual(plain(whole));
        expect(plain(reduceLanes(revived, records.slice(cut)))).toEqual(plain(whole));
      }),
    );
  });
});
