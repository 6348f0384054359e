import { concat, defer, EMPTY, mergeMap, NEVER, type ObservableInput, of, Subject, throwError, timer } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { cooldown, createCircuitBreakers, createCooldowns, createRetryBudget } from '../../src/index.ts';
import type { CircuitBreaker } from '../../src/operators/create-circuit-breaker.ts';
import type { EvidenceExchange, SharingEvent } from '../../src/operators/evidence-rounds.ts';
import { type ShareResilienceConfig, shareResilience } from '../../src/operators/share-resilience.ts';
import type { EvidenceVerdict, NodeEvidence } from '../../src/policies/resilience-evidence.ts';
import { failure } from '../../src/testing/index.ts';
import { listen, watchTimersAndErrors } from './helpers.ts';

const { timers, unhandled } = watchTimersAndErrors();

/** One board for many processes, in memory, that answers at once. */
function board() {
  const reports = new Map<string, { at: number; until: number; evidence: NodeEvidence['evidence'] }>();
  const rounds: string[] = [];
  const exchange: EvidenceExchange = {
    exchange: (evidence, node, keepFor) =>
      defer(() => {
        const at = Date.now();
        rounds.push(node);
        reports.set(node, { at, until: at + keepFor, evidence: JSON.parse(JSON.stringify(evidence)) });
        const others = [...reports].filter(([other, { until }]) => other !== node && until > at);
        return of(others.map(([other, report]) => ({ node: other, ageMs: at - report.at, evidence: report.evidence })));
      }),
    close: async () => {},
  };
  return { exchange, rounds, reports };
}

/** A process: its own breakers, cooldowns and budget. */
function process(exchange: EvidenceExchange, config: Partial<ShareResilienceConfig> = {}) {
  const breakers = createCircuitBreakers({ random: () => 0, openFor: 10_000 });
  const cooldowns = createCooldowns();
  const budget = createRetryBudget({ refillEvery: Number.POSITIVE_INFINITY, tenantRefillEvery: Number.POSITIVE_INFINITY });
  const told = listen(shareResilience({ exchange, breakers, cooldowns, budget, ...config }));
  const types = () => told.values.map(({ type }) => type);
  return { breakers, cooldowns, budget, told, types, breaker: breakers.get('p', 'm'), gate: cooldowns.get('p', 'm') };
}

function fail(breaker: CircuitBreaker, retryAfterMs?: number): void {
  for (let each = 0; each < 5; each++) {
    const admission = breaker.acquire();
    if ('permit' in admission) admission.permit.fail('failure', retryAfterMs);
  }
}

const limit = (gate: ReturnType<typeof process>['gate'], retryAfterMs: number) =>
  listen(throwError(() => failure('rate-limit', { retryAfterMs })).pipe(cooldown(gate)));

describe('shareResilience', () => {
  it.each([
    [{}, 'exchange'],
    [{ exchange: board().exchange, breakers: {} }, 'breakers'],
    [{ exchange: board().exchange, cooldowns: {} }, 'cooldowns'],
    [{ exchange: board().exchange, budget: {} }, 'budget'],
    [{ exchange: board().exchange, evidence$: 5 }, 'evidence$'],
    [{ exchange: board().exchange, every: 5 }, 'every'],
    [{ exchange: board().exchange, redis: true }, 'redis'],
  ])('throws a TypeError for what is wrong: %j', (config, field) => {
    expect(() => shareResilience(config as never)).toThrow(TypeError);
    expect(() => shareResilience(config as never)).toThrow(`shareResilience: ${field}`);
  });

  it('does nothing before it is subscribed to, and leaves no timer and no listener behind', () => {
    const { exchange, rounds } = board();
    const breakers = createCircuitBreakers();
    const sharing = shareResilience({ exchange, breakers });
    vi.advanceTimersByTime(10_000);
    expect([rounds.length, timers()]).toEqual([0, 0]);
    const told = listen(sharing);
    expect(rounds, 'not even while it is subscribed to').toHaveLength(0);
    vi.advanceTimersByTime(10_000);
    expect(rounds.length).toBeGreaterThan(7);
    told.subscription.unsubscribe();
    const { length } = rounds;
    fail(breakers.get('p', 'm'));
    vi.advanceTimersByTime(10_000);
    expect([rounds.length, timers(), told.ends]).toEqual([length, 0, 0]);
  });

  it('makes a round about once a second, none of two in step with the other', () => {
    const { exchange, rounds } = board();
    process(exchange);
    process(exchange);
    const times = new Map<string, number[]>();
    for (let ms = 0; ms < 60_000; ms++) {
      vi.advanceTimersByTime(1);
      for (const node of rounds.splice(0)) times.set(node, [...(times.get(node) ?? []), ms]);
    }
    const gaps = [...times.values()].map((each) => each.slice(1).map((time, index) => time - (each[index] ?? 0)));
    for (const each of gaps) {
      expect(Math.min(...each)).toBeGreaterThanOrEqual(750);
      expect(Math.max(...each)).toBeLessThanOrEqual(1_251);
      expect(Math.max(...each) - Math.min(...each), 'spread').toBeGreaterThan(200);
    }
    expect(gaps[0]).not.toEqual(gaps[1]);
  });

  it('holds back every process for as long as a provider asked one of them to wait', () => {
    const { exchange } = board();
    const [one, two] = [process(exchange), process(exchange)];
    vi.advanceTimersByTime(2_000);
    limit(one.gate, 20_000);
    expect(two.gate.waitFor()).toBe(0);
    vi.advanceTimersByTime(1_300);
    expect(two.gate.waitFor()).toBe(20_000 - 1_300);
    expect(two.told.values).toEqual([
      { type: 'shared', nodes: 2 },
      expect.objectContaining({ type: 'learned', kind: 'cooldown', scope: 'provider', provider: 'p', model: 'm', nodes: 1 }),
    ]);
    expect(two.cooldowns.get('p', 'other').waitFor()).toBe(0);
    expect(one.types(), 'it knows that itself').toEqual(['shared', 'shared']);
  });

  it('tells of news at once, but makes no more than a round each 50 ms', () => {
    const { exchange, rounds } = board();
    const one = process(exchange);
    vi.advanceTimersByTime(100);
    rounds.length = 0;
    limit(one.gate, 20_000);
    vi.advanceTimersByTime(0);
    expect(rounds).toHaveLength(1);
    for (let each = 0; each < 100; each++) limit(one.cooldowns.get('p', String(each)), 20_000);
    vi.advanceTimersByTime(49);
    expect(rounds).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(rounds).toHaveLength(2);
    for (let each = 0; each < 100; each++) limit(one.gate, 20_000);
    vi.advanceTimersByTime(500);
    expect(rounds, 'the same again is no news').toHaveLength(2);
  });

  it('tells of what happened during a round as soon as that is over', () => {
    const { exchange, rounds } = board();
    const slow: EvidenceExchange = { ...exchange, exchange: (...round) => timer(200).pipe(mergeMap(() => exchange.exchange(...round))) };
    const one = process(slow);
    vi.advanceTimersByTime(100);
    limit(one.gate, 20_000);
    vi.advanceTimersByTime(100);
    expect(rounds, 'one at a time').toHaveLength(1);
    vi.advanceTimersByTime(201);
    expect(rounds).toHaveLength(2);
  });

  it('opens no other breaker for what may be the trouble of one process, and all when half of them have it', () => {
    const { exchange } = board();
    const [one, two, three] = [process(exchange), process(exchange), process(exchange)];
    vi.advanceTimersByTime(1_500);
    fail(one.breaker);
    vi.advanceTimersByTime(1_500);
    expect([one, two, three].map(({ breaker }) => breaker.state)).toEqual(['open', 'closed', 'closed']);
    fail(two.breaker);
    vi.advanceTimersByTime(1_250);
    expect([one, two, three].map(({ breaker }) => breaker.state)).toEqual(['open', 'open', 'open']);
    expect(three.told.values.at(-1)).toMatchObject({ type: 'learned', kind: 'failure', scope: 'node', nodes: 2 });
  });

  it('opens every breaker for a failure with which the provider named a time', () => {
    const { exchange, reports } = board();
    const [one, two] = [process(exchange), process(exchange)];
    vi.advanceTimersByTime(1_500);
    fail(one.breaker, 9_000);
    vi.advanceTimersByTime(1_300);
    expect(two.breaker.state).toBe('open');
    expect(two.breaker.retryAfter()).toBe(9_000 - 1_300);
    vi.advanceTimersByTime(2_000);
    const told = [...reports.values()].map(({ evidence }) => evidence.length);
    expect(told, 'the second passes nothing on').toEqual([1, 0]);
  });

  it('passes on nothing that it has from others: what is over for who found it is over for all', () => {
    const { exchange } = board();
    const all = [1, 2, 3].map(() => process(exchange));
    vi.advanceTimersByTime(1_500);
    for (const { breaker } of all.slice(0, 2)) fail(breaker);
    vi.advanceTimersByTime(1_250);
    for (const { breaker } of all) expect(breaker.state).toBe('open');
    vi.advanceTimersByTime(5_000);
    const [, , third] = all;
    for (let each = 0; each < 3; each++) {
      const admission = third?.breaker.acquire();
      if (admission && 'permit' in admission) admission.permit.finish();
    }
    vi.advanceTimersByTime(60_000);
    expect(third?.breaker.state, 'closed by its own probes').toBe('closed');
    expect(third?.types().filter((type) => type === 'learned')).toHaveLength(1);
  });

  it('charges every process with the retries of all, and gives back what their successes do', () => {
    const { exchange } = board();
    const [one, two] = [process(exchange), process(exchange)];
    const key = { provider: 'p', tenant: 't' };
    vi.advanceTimersByTime(100);
    for (let each = 0; each < 3; each++) one.budget.take(key);
    vi.advanceTimersByTime(2_500);
    expect(two.budget.remaining(key)).toEqual({ provider: 7, tenant: 0 });
    expect(two.budget.take(key)).toBe(false);
    for (let each = 0; each < 10; each++) two.budget.credit(key);
    vi.advanceTimersByTime(10_000);
    expect(one.budget.remaining(key).provider).toBeCloseTo(8);
    expect(one.budget.remaining(key).tenant).toBeCloseTo(1);
    expect(two.budget.remaining(key).provider).toBeCloseTo(8);
  });

  it('shares a verdict of the host’s, and acts upon it here too; what is none is left out', () => {
    const { exchange } = board();
    const verdicts$ = new Subject<EvidenceVerdict>();
    const [one, two] = [process(exchange, { evidence$: concat(verdicts$, EMPTY) }), process(exchange)];
    vi.advanceTimersByTime(1_500);
    verdicts$.next({ kind: 'failure', scope: 'provider', provider: 'p', model: 'm', forMs: 10_000 });
    verdicts$.next({ kind: 'failure' } as never);
    verdicts$.error(new Error('gone'));
    expect(one.breaker.state).toBe('open');
    vi.advanceTimersByTime(1_300);
    expect(two.breaker.state).toBe('open');
  });

  it('shares only what it was given', () => {
    const { exchange } = board();
    const one = process(exchange);
    const two = process(exchange, { breakers: undefined, cooldowns: undefined, budget: undefined });
    limit(one.gate, 20_000);
    one.budget.take({ provider: 'p' });
    vi.advanceTimersByTime(3_000);
    expect([two.gate.waitFor(), two.budget.remaining({ provider: 'p' }).provider]).toEqual([0, 10]);
    expect(two.types()).not.toContain('learned');
  });
});

describe('an exchange that fails', () => {
  const sharedBy = (answer: () => ObservableInput<readonly NodeEvidence[]>) => process({ exchange: answer, close: async () => {} });

  const answers: [string, () => ObservableInput<readonly NodeEvidence[]>][] = [
    ['rejects', () => throwError(() => new Error('away'))],
    [
      'throws',
      () => {
        throw new Error('away');
      },
    ],
    ['says nothing', () => EMPTY],
    ['gives what is no list', () => of<readonly NodeEvidence[]>({} as NodeEvidence[])],
    ['gives a report that is none', () => of<readonly NodeEvidence[]>([{ node: 'a' } as NodeEvidence])],
    ['never answers', () => NEVER],
  ];

  it.each(answers)('%s: that is told once, and every process decides alone', (_, answer) => {
    const one = sharedBy(answer);
    vi.advanceTimersByTime(20_000);
    expect(one.told.values).toEqual([{ type: 'degraded', error: expect.objectContaining({ name: 'ProviderError' }) }]);
    fail(one.breaker);
    limit(one.gate, 5_000);
    expect([one.breaker.state, one.gate.waitFor()]).toEqual(['open', 5_000]);
    one.told.subscription.unsubscribe();
    expect([timers(), unhandled]).toEqual([0, []]);
  });

  it('is asked on, once a second, and told of when it works again', () => {
    const { exchange } = board();
    let isAway = true;
    let rounds = 0;
    const one = process({
      ...exchange,
      exchange: (...round) => {
        rounds++;
        if (isAway) throw new Error('away');
        return exchange.exchange(...round);
      },
    });
    const two = process(exchange);
    vi.advanceTimersByTime(5_000);
    for (let each = 0; each < 50; each++) {
      limit(one.cooldowns.get('p', String(each)), 60_000);
      vi.advanceTimersByTime(100);
    }
    expect(rounds, 'news makes it no worse').toBeLessThan(15);
    isAway = false;
    vi.advanceTimersByTime(2_600);
    expect(one.types()).toEqual(['degraded', 'shared']);
    expect(two.cooldowns.get('p', '0').waitFor(), 'what was found out meanwhile').toBe(60_000 - 5_000 - 2_600);
  });

  it('may be unsubscribed from in the middle of anything', () => {
    const { exchange, rounds } = board();
    const seen: SharingEvent[] = [];
    const subscription = shareResilience({ exchange }).subscribe((event) => {
      seen.push(event);
      subscription.unsubscribe();
    });
    vi.advanceTimersByTime(10_000);
    expect([seen.length, rounds.length, timers()]).toEqual([1, 1, 0]);
  });
});
