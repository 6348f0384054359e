import { TestScheduler } from 'rxjs/testing';
import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest';
import { type CircuitBreaker, createCircuitBreaker, createCircuitBreakers } from '../../src/operators/create-circuit-breaker.ts';

type BreakerState = CircuitBreaker['state'];

function fail(breaker: CircuitBreaker, times = 1): void {
  for (let each = 0; each < times; each++) {
    const admission = breaker.acquire();
    if ('permit' in admission) admission.permit.fail('failure');
  }
}

function succeed(breaker: CircuitBreaker, times = 1): void {
  for (let each = 0; each < times; each++) {
    const admission = breaker.acquire();
    if ('permit' in admission) admission.permit.finish();
  }
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a registry of breakers', () => {
  it('brk-12 gives the same breaker for the same key, and makes each as it was told', () => {
    const breakers = createCircuitBreakers({ consecutiveFailures: 2 });
    expect(breakers.get('a', 'm')).toBe(breakers.get('a', 'm'));
    fail(breakers.get('a', 'm'), 2);
    expect(breakers.get('a', 'm').state).toBe('open');
  });

  it('brk-28 keeps providers apart, and models of one provider', () => {
    const breakers = createCircuitBreakers();
    fail(breakers.get('a', 'm'), 5);
    expect([breakers.get('a', 'm').state, breakers.get('b', 'm').state, breakers.get('a', 'n').state]).toEqual([
      'open',
      'closed',
      'closed',
    ]);
    expect(breakers.get('a","b', 'c')).not.toBe(breakers.get('a', 'b","c'));
  });

  it('tells every change of every breaker, with its key', () => {
    const breakers = createCircuitBreakers();
    const seen: unknown[] = [];
    breakers.changes$.subscribe((change) => seen.push(change));
    fail(breakers.get('a', 'm'), 5);
    breakers.get('b', 'n').isolate();
    expect(seen).toMatchObject([
      { provider: 'a', model: 'm', from: 'closed', to: 'open', reason: 'consecutive-failures' },
      { provider: 'b', model: 'n', from: 'closed', to: 'isolated', reason: 'by-hand' },
    ]);
  });

  it('forgets the closed one used least lately, and none that is open', () => {
    const breakers = createCircuitBreakers({ maxKeys: 3 });
    const [a, b, c] = ['a', 'b', 'c'].map((provider) => breakers.get(provider, 'm'));
    fail(a as CircuitBreaker, 5);
    expect(breakers.get('b', 'm')).toBe(b);
    breakers.get('d', 'm');
    expect(breakers.get('a', 'm')).toBe(a);
    expect(breakers.get('b', 'm')).toBe(b);
    expect(breakers.get('c', 'm')).not.toBe(c);
  });

  it('stays within its size through a million keys that all fail once their breakers’ time is over', () => {
    const breakers = createCircuitBreakers({ maxKeys: 10 });
    const first = breakers.get('p', 'model-0');
    for (let each = 0; each < 50; each++) fail(breakers.get('p', `model-${each}`), 5);
    vi.setSystemTime(Date.now() + 86_400_000);
    for (let each = 0; each < 50; each++) breakers.get('q', `model-${each}`);
    // An open breaker whose time was over a day ago says nothing any more.
    expect(breakers.get('p', 'model-0')).not.toBe(first);
  });

  test.each<[object, RegExp]>([
    [{ maxKeys: 0 }, /^createCircuitBreakers: maxKeys must be a whole number from 1, got 0$/],
    [{ failureRatio: 2 }, /^createCircuitBreakers: failureRatio must be/],
    [{ max: 1 }, /^createCircuitBreakers: max is not an option$/],
  ])('refuses %j', (config, message) => {
    expect(() => createCircuitBreakers(config)).toThrow(message);
    expect(() => createCircuitBreakers(config)).toThrow(TypeError);
  });
});

describe('the events of a breaker', () => {
  it('brk-16 brk-17 are its state now, and every change', () => {
    const breaker = createCircuitBreaker({ consecutiveFailures: 1, openFor: 100 });
    const states: BreakerState[] = [];
    breaker.state$.subscribe((state) => states.push(state));
    fail(breaker);
    vi.setSystemTime(Date.now() + 100);
    succeed(breaker, 3);
    expect(states).toEqual(['closed', 'open', 'half-open', 'closed']);
  });

  it('brk-18 a listener that throws changes nothing for the breaker, nor for other listeners', () => {
    const breaker = createCircuitBreaker({ consecutiveFailures: 1 });
    const seen: BreakerState[] = [];
    breaker.changes$.subscribe(() => {
      throw new Error('listener');
    });
    breaker.changes$.subscribe(({ to }) => seen.push(to));
    expect(() => fail(breaker)).not.toThrow();
    expect([breaker.state, ...seen]).toEqual(['open', 'open']);
    // RxJS reports it later, from a timer of its own; that it stays there is the operators' business.
    vi.clearAllTimers();
  });

  it('brk-19 a listener may reset the breaker: no deadlock, and the state is right', () => {
    const breaker = createCircuitBreaker({ consecutiveFailures: 1 });
    breaker.state$.subscribe((state) => {
      if (state === 'open') breaker.reset();
    });
    fail(breaker);
    expect(breaker.state).toBe('closed');
  });

  it('brk-19 every listener hears changes in their order, also those that a listener made', () => {
    const breaker = createCircuitBreaker({ consecutiveFailures: 1 });
    const states: BreakerState[] = [];
    const changes: BreakerState[] = [];
    breaker.state$.subscribe((state) => {
      if (state === 'open') breaker.reset();
    });
    breaker.state$.subscribe((state) => states.push(state));
    breaker.changes$.subscribe(({ to }) => changes.push(to));
    fail(breaker);
    expect(states).toEqual(['closed', 'open', 'closed']);
    expect(changes).toEqual(['open', 'closed']);
  });

  it('brk-31 a clock that is set back an hour does not prolong the wait', () => {
    const breaker = createCircuitBreaker({ consecutiveFailures: 1, openFor: 1_000 });
    fail(breaker);
    const wait = breaker.retryAfter();
    expect(wait).toBeGreaterThan(0);
    vi.setSystemTime(Date.now() - 3_600_000);
    expect(breaker.retryAfter()).toBe(wait);
    vi.setSystemTime(Date.now() + Math.ceil(wait));
    expect(breaker.retryAfter()).toBe(0);
  });

  it('need no timer: ten idle breakers leave none behind', () => {
    for (let each = 0; each < 10; each++) fail(createCircuitBreaker({ consecutiveFailures: 1 }));
    expect(vi.getTimerCount()).toBe(0);
  });

  it('run in virtual time', () => {
    vi.useRealTimers();
    new TestScheduler(() => undefined).run(({ cold, flush }) => {
      const breaker = createCircuitBreaker({ consecutiveFailures: 1, openFor: 1_000 });
      fail(breaker);
      const waits: number[] = [];
      cold('a 999ms b').subscribe(() => waits.push(breaker.retryAfter()));
      flush();
      expect(waits[0]).toBeGreaterThan(0);
      expect(waits[1]).toBe(0);
    });
  });

  test.each<[object, RegExp]>([
    [{ openFor: 0 }, /^createCircuitBreaker: openFor must be a number of milliseconds from 1/],
    [{ maxKeys: 1 }, /^createCircuitBreaker: maxKeys is not an option$/],
  ])('a breaker is not made with %j', (config, message) => {
    expect(() => createCircuitBreaker(config)).toThrow(message);
  });
});

describe('a registry', () => {
  it('brk-13 looks a breaker up without making it', () => {
    const breakers = createCircuitBreakers();
    expect(breakers.find('p', 'm')).toBeUndefined();
    const made = breakers.get('p', 'm');
    expect(breakers.find('p', 'm')).toBe(made);
  });

  it('brk-14 shows what every breaker has seen', () => {
    const breakers = createCircuitBreakers({ minOutcomes: 200 });
    for (let call = 0; call < 100; call++) {
      const admission = breakers.get('a', 'm').acquire();
      if (!('permit' in admission)) throw new Error('refused');
      if (call % 10 === 0) admission.permit.fail('failure');
      else admission.permit.finish();
    }
    breakers.get('b', 'm').isolate();
    expect(breakers.snapshots()).toMatchObject([
      { provider: 'a', model: 'm', state: 'closed', failureRatio: 0.1 },
      { provider: 'b', model: 'm', state: 'isolated' },
    ]);
  });

  it('brk-15 closes every breaker at once', () => {
    const breakers = createCircuitBreakers();
    breakers.get('a', 'm').isolate();
    breakers.get('b', 'm').isolate();
    breakers.reset();
    expect(breakers.snapshots().map(({ state }) => state)).toEqual(['closed', 'closed']);
  });
});

describe('a breaker that is kept for the next process', () => {
  it('is open for as long as it was, and begins again where it was', () => {
    const breaker = createCircuitBreaker({ consecutiveFailures: 1, random: () => 1 });
    const admission = breaker.acquire();
    if ('permit' in admission) admission.permit.fail('failure');
    const kept = JSON.parse(JSON.stringify(breaker)) as ReturnType<typeof breaker.toJSON>;
    const next = createCircuitBreaker({ initial: kept });
    expect(next.state).toBe('open');
    expect(next.acquire()).toEqual({ retryAfterMs: expect.any(Number) });
    expect(createCircuitBreaker({ initial: { ...kept, openUntil: 0 } }).acquire()).toHaveProperty('permit');
    expect(() => createCircuitBreaker({ initial: { ...kept, version: 2 as 1 } })).toThrow(/initial\.version/);
  });
});
