import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Permit } from '../../src/policies/breaker-permit.ts';
import { CircuitBreakerMachine } from '../../src/policies/circuit-breaker.ts';
import { type BreakerChange, breakerSchema, type CircuitBreakerConfig } from '../../src/policies/circuit-breaker-config.ts';
import { propertyTimeout, runs } from '../core/properties.ts';
import { ReferenceBreaker, type ReferencePermit, type ReferenceSettings } from './reference-breaker.ts';

type Rig = ReturnType<typeof rig>;

/** A machine, its clock, and what it told. */
function rig(config: CircuitBreakerConfig = {}, chance = 1) {
  const clock = { now: 1_000_000 };
  const changes: BreakerChange[] = [];
  const settings = breakerSchema.parse(config);
  const breaker = new CircuitBreakerMachine(settings, {
    now: () => clock.now,
    random: () => chance,
    onChange: (change) => changes.push(change),
  });
  const acquire = (): Permit => {
    const admission = breaker.acquire();
    if (!('permit' in admission)) throw new Error(`refused for ${admission.retryAfterMs} ms`);
    return admission.permit;
  };
  const isRefused = () => !('permit' in breaker.acquire());
  const wait = (ms: number) => {
    clock.now += ms;
  };
  const fail = (times: number, retryAfterMs?: number) => {
    for (let each = 0; each < times; each++) acquire().fail('failure', retryAfterMs);
  };
  const succeed = (times: number) => {
    for (let each = 0; each < times; each++) acquire().finish();
  };
  return { breaker, clock, changes, settings, acquire, isRefused, wait, fail, succeed };
}

/** As the behaviours of the Python layer have it: opens at 3 failures, 500 ms. */
const python: CircuitBreakerConfig = { consecutiveFailures: 3, openFor: 500, maxOpenFor: 500, window: 60_000 };

function opened(config: CircuitBreakerConfig = python): Rig {
  const it = rig(config);
  it.fail(it.settings.consecutiveFailures);
  expect(it.breaker.state).toBe('open');
  return it;
}

function halfOpen(config: CircuitBreakerConfig = python): Rig & { probe: Permit } {
  const it = opened(config);
  it.wait(it.settings.maxOpenFor);
  return { ...it, probe: it.acquire() };
}

describe('closed', () => {
  it('brk-01 is how it begins', () => {
    const { breaker, changes } = rig(python);
    expect(breaker.state).toBe('closed');
    expect(breaker.snapshot()).toEqual({
      state: 'closed',
      failureRatio: 0,
      deathRatio: 0,
      degraded: false,
      pending: 0,
      stale: 0,
      retryAfterMs: undefined,
    });
    expect(changes).toEqual([]);
  });

  it('brk-02 stays through successes', () => {
    const it = rig(python);
    it.succeed(5);
    expect(it.breaker.snapshot()).toMatchObject({ state: 'closed', failureRatio: 0, pending: 0 });
  });

  it('brk-03 opens at the third failure in a row, not before', () => {
    const it = rig(python);
    it.fail(1);
    expect(it.breaker.state).toBe('closed');
    it.fail(1);
    expect(it.breaker.state).toBe('closed');
    it.fail(1);
    expect(it.breaker.state).toBe('open');
    expect(it.changes).toEqual([{ from: 'closed', to: 'open', reason: 'consecutive-failures', openForMs: 500 }]);
  });

  it('rty-26 counts attempts, not calls: the fifth failure opens it', () => {
    const it = rig();
    it.fail(4);
    expect(it.breaker.state).toBe('closed');
    it.fail(1);
    expect(it.breaker.state).toBe('open');
  });

  it('brk-09 does not count failures that left the window', () => {
    const it = rig(python);
    it.fail(2);
    it.wait(120_000);
    it.fail(2);
    expect(it.breaker.state).toBe('closed');
    it.fail(1);
    expect(it.breaker.state).toBe('open');
  });

  it('nine failures, an hour idle and one failure do not open it', () => {
    const it = rig({ minOutcomes: 10, consecutiveFailures: 10 });
    it.fail(9);
    it.wait(3_600_000);
    it.fail(1);
    expect(it.breaker.state).toBe('closed');
  });

  it('brk-11 the ratio is 0 of nothing, and 0.3 of three in ten', () => {
    const it = rig({ consecutiveFailures: 9 });
    expect(it.breaker.snapshot().failureRatio).toBe(0);
    it.fail(3);
    it.succeed(7);
    expect(it.breaker.snapshot().failureRatio).toBe(0.3);
  });

  it('99 long successes and one failure within the window do not open it', () => {
    const it = rig();
    const permits = Array.from({ length: 100 }, () => it.acquire());
    it.wait(1_000);
    for (const permit of permits.slice(1)) permit.arrive();
    it.wait(61_000);
    for (const permit of permits.slice(1)) permit.finish();
    permits[0]?.fail('failure');
    expect(it.breaker.state).toBe('closed');
    expect(it.breaker.snapshot().failureRatio).toBe(1);
  });

  it('opens at half of twenty', () => {
    const it = rig({ consecutiveFailures: 100 });
    it.succeed(10);
    for (let each = 0; each < 9; each++) {
      it.fail(1);
      expect(it.breaker.state).toBe('closed');
    }
    it.fail(1);
    expect(it.changes[0]).toMatchObject({ to: 'open', reason: 'failure-ratio' });
  });

  it('a run says nothing among many that were begun together: failures answer before successes', () => {
    const it = rig();
    const permits = Array.from({ length: 500 }, () => it.acquire());
    for (const permit of permits.slice(0, 25)) permit.fail('failure');
    expect(it.breaker.state).toBe('closed');
    for (const permit of permits.slice(25)) permit.arrive();
    expect(it.breaker.state).toBe('closed');
  });

  it('a success ends the run', () => {
    const it = rig(python);
    it.fail(2);
    it.succeed(1);
    it.fail(2);
    expect(it.breaker.state).toBe('closed');
  });

  it.each(['neutral', 'success'] as const)('brk-23 failures of the caller do not open it, nor end a run: %s', (outcome) => {
    const it = rig(python);
    for (let each = 0; each < 50; each++) it.acquire().fail(outcome);
    expect(it.breaker.state).toBe('closed');
    expect(it.breaker.snapshot().failureRatio).toBe(0);
  });

  it('cancels are nothing', () => {
    const it = rig(python);
    for (let each = 0; each < 50; each++) it.acquire().release();
    it.fail(3);
    expect(it.breaker.state).toBe('open');
    expect(it.breaker.snapshot()).toMatchObject({ degraded: false, pending: 0 });
  });
});

describe('deaths after content', () => {
  const stream = (it: Rig, dies: boolean) => {
    const permit = it.acquire();
    permit.arrive();
    if (dies) permit.fail('failure');
    else permit.finish();
  };

  it('brk-24 count once, and apart: half of twenty opens it though every start was good', () => {
    const it = rig();
    for (let each = 0; each < 10; each++) stream(it, false);
    for (let each = 0; each < 9; each++) stream(it, true);
    expect(it.breaker.snapshot()).toMatchObject({ state: 'closed', failureRatio: 0, deathRatio: 9 / 19 });
    stream(it, true);
    expect(it.changes).toEqual([{ from: 'closed', to: 'open', reason: 'death-ratio', openForMs: 5_000 }]);
  });

  it('are no part of a run', () => {
    const it = rig();
    for (let each = 0; each < 19; each++) stream(it, true);
    expect(it.breaker.state).toBe('closed');
  });

  it('cancelled or neutral after content are neither death nor end', () => {
    const it = rig();
    for (let each = 0; each < 30; each++) {
      const permit = it.acquire();
      permit.arrive();
      if (each % 2) permit.release();
      else permit.fail('neutral');
    }
    expect(it.breaker.snapshot()).toMatchObject({ deathRatio: 0, failureRatio: 0, pending: 0 });
  });
});

describe('slowness', () => {
  const hang = (it: Rig, times: number, ms: number) => {
    const permits = Array.from({ length: times }, () => it.acquire());
    it.wait(ms);
    for (const permit of permits) permit.release();
  };

  it('brk-26 opens it where asked: permits given up before content after 15 s', () => {
    const it = rig({ openOnSlow: true });
    hang(it, 40, 15_000);
    expect(it.changes[0]).toMatchObject({ to: 'open', reason: 'slow-ratio' });
  });

  it('is only reported otherwise', () => {
    const it = rig();
    hang(it, 40, 15_000);
    expect(it.breaker.snapshot()).toMatchObject({ state: 'closed', degraded: true });
  });

  it('is not what was given up young', () => {
    const it = rig({ openOnSlow: true });
    hang(it, 40, 14_999);
    expect(it.breaker.snapshot()).toMatchObject({ state: 'closed', degraded: false });
  });
});

describe('open', () => {
  it('brk-04 refuses, and says for how long', () => {
    const it = opened();
    it.wait(100);
    expect(it.breaker.acquire()).toEqual({ retryAfterMs: 400 });
    expect(it.breaker.retryAfter()).toBe(400);
    expect(it.breaker.snapshot().retryAfterMs).toBe(400);
  });

  it('lasts 5 s, doubling to 30 s, from half of that up', () => {
    for (const [chance, lengths] of [
      [0, [2_500, 5_000, 10_000, 15_000, 15_000]],
      [1, [5_000, 10_000, 20_000, 30_000, 30_000]],
    ] as const) {
      const it = rig({}, chance);
      it.fail(5);
      for (let each = 0; each < 4; each++) {
        it.wait(30_000);
        it.acquire().fail('failure');
      }
      expect(it.changes.filter(({ to }) => to === 'open').map(({ openForMs }) => openForMs)).toEqual(lengths);
    }
  });

  it('forgets the doubling after 60 s closed, and not before', () => {
    for (const [closedFor, length] of [
      [59_999, 10_000],
      [60_000, 5_000],
    ] as const) {
      const it = rig();
      it.fail(5);
      it.wait(5_000);
      it.succeed(3);
      expect(it.breaker.state).toBe('closed');
      it.wait(closedFor);
      it.fail(5);
      expect(it.changes.at(-1)).toMatchObject({ to: 'open', openForMs: length });
    }
  });

  it('is raised by a Retry-After, to 30 s at most', () => {
    for (const [retryAfterMs, length] of [
      [12_000, 12_000],
      [120_000, 30_000],
      [Number.POSITIVE_INFINITY, 30_000],
      [1, 5_000],
    ] as const) {
      const it = rig();
      it.fail(5, retryAfterMs);
      expect(it.changes[0]?.openForMs).toBe(length);
    }
  });

  it('without an end stays open, and refuses', () => {
    for (const chance of [0, 0.5]) {
      const it = rig({ openFor: Number.POSITIVE_INFINITY, maxOpenFor: Number.POSITIVE_INFINITY }, chance);
      it.fail(5);
      it.wait(1e9);
      expect(it.isRefused()).toBe(true);
      expect(it.breaker.retryAfter()).toBe(Number.POSITIVE_INFINITY);
    }
  });

  it.each([Number.NaN, -3, 50])('lasts a time within its bounds whatever number the user’s own random gives: %d', (chance) => {
    const it = rig({}, chance);
    it.fail(5);
    expect(it.isRefused()).toBe(true);
    expect(it.changes[0]?.openForMs).toBeGreaterThanOrEqual(2_500);
    expect(it.changes[0]?.openForMs).toBeLessThanOrEqual(5_000);
  });

  it('brk-25 lets the first stream through as a probe when its time is over, whatever asks', () => {
    const it = opened();
    it.wait(498);
    expect(it.isRefused()).toBe(true);
    it.wait(2);
    expect(it.breaker.retryAfter()).toBe(0);
    expect(it.breaker.state).toBe('open');
    it.acquire();
    expect(it.breaker.state).toBe('half-open');
  });

  it('a success from before it opened does not close it, nor does one from before count when it is half-open', () => {
    const it = rig(python);
    const old = Array.from({ length: 6 }, () => it.acquire());
    it.wait(11_000);
    it.fail(3);
    old[0]?.finish();
    expect(it.breaker.state).toBe('open');
    it.wait(500);
    it.acquire();
    for (const permit of old.slice(1)) permit.finish();
    expect(it.breaker.state).toBe('half-open');
  });

  it('a failure from before it opened does not open it again when it is half-open', () => {
    const it = rig(python);
    const old = Array.from({ length: 6 }, () => it.acquire());
    it.wait(11_000);
    it.fail(3);
    it.wait(500);
    it.acquire();
    for (const permit of old) permit.fail('failure');
    expect(it.breaker.state).toBe('half-open');
  });
});

describe('half-open', () => {
  it('brk-05 brk-06 begins with one probe, goes on with three, and closes at two successes of those', () => {
    const it = halfOpen();
    expect(it.isRefused()).toBe(true);
    it.probe.arrive();
    expect(it.breaker.state).toBe('half-open');
    const further = [it.acquire(), it.acquire(), it.acquire()];
    expect(it.isRefused()).toBe(true);
    further[0]?.arrive();
    expect(it.breaker.state).toBe('half-open');
    further[1]?.arrive();
    expect(it.breaker.state).toBe('closed');
    expect(it.changes.at(-1)).toEqual({ from: 'half-open', to: 'closed', reason: 'probe', openForMs: undefined });
  });

  it('brk-07 opens again at once when the first probe fails, for a fresh period', () => {
    const it = halfOpen();
    it.probe.fail('failure');
    expect(it.breaker.state).toBe('open');
    expect(it.breaker.retryAfter()).toBe(500);
  });

  it('forgives one of three, and opens at the second failure', () => {
    const it = halfOpen();
    it.probe.arrive();
    const [a, b, c] = [it.acquire(), it.acquire(), it.acquire()];
    a.fail('failure');
    b.arrive();
    expect(it.breaker.state).toBe('half-open');
    c.fail('failure');
    expect(it.breaker.state).toBe('open');
  });

  it('the verdict is at first content, however long the stream', () => {
    const it = halfOpen();
    it.probe.arrive();
    it.acquire().arrive();
    it.acquire().arrive();
    expect(it.breaker.state).toBe('closed');
  });

  it.each(['release', 'neutral'] as const)('brk-21 a probe that is cancelled gives its place back, and is no verdict: %s', (end) => {
    const it = halfOpen();
    if (end === 'release') it.probe.release();
    else it.probe.fail('neutral');
    expect(it.breaker.state).toBe('half-open');
    expect(it.breaker.retryAfter()).toBe(0);
    it.acquire();
    expect(it.isRefused()).toBe(true);
  });

  it('a probe that hangs loses its place after its time, and without a probe nothing expires', () => {
    const it = halfOpen();
    it.wait(159_999);
    expect(it.isRefused()).toBe(true);
    it.wait(1);
    expect(it.breaker.retryAfter()).toBe(0);
    it.acquire().release();
    it.wait(10_000_000);
    expect(it.breaker.state).toBe('half-open');
    expect(it.breaker.retryAfter()).toBe(0);
  });

  it.each(['arrive', 'fail'] as const)('a probe that hung too long has no say, whether or not somebody asked meanwhile: %s', (end) => {
    const states = [false, true].map((asks) => {
      const it = halfOpen();
      it.wait(200_000);
      if (asks) it.breaker.retryAfter();
      if (end === 'arrive') it.probe.arrive();
      else it.probe.fail('failure');
      return [it.breaker.state, it.breaker.retryAfter(), it.isRefused(), it.isRefused()];
    });
    expect(states[0]).toEqual(states[1]);
    expect(states[0]).toEqual(['half-open', 0, false, true]);
  });

  it('a permit from before, cancelled in half-open, does not mint a place', () => {
    const it = rig(python);
    const old = Array.from({ length: 5 }, () => it.acquire());
    it.wait(11_000);
    it.fail(3);
    it.wait(500);
    it.acquire();
    for (const permit of old) permit.release();
    expect(it.isRefused()).toBe(true);
  });

  it('brk-08 brk-20 is no dead end: places come back, and it ends closed', () => {
    const it = rig({ consecutiveFailures: 1, openFor: 50, maxOpenFor: 50 });
    it.fail(1);
    it.wait(50);
    for (let each = 0; each < 10; each++) {
      const admission = it.breaker.acquire();
      if ('permit' in admission) admission.permit.finish();
    }
    expect(it.breaker.state).toBe('closed');
  });

  it('brk-30 lets one of a hundred through at first, and three of a hundred then', () => {
    const it = opened();
    it.wait(500);
    const crowd = () =>
      Array.from({ length: 100 }, () => it.breaker.acquire()).flatMap((admission) => ('permit' in admission ? [admission.permit] : []));
    const first = crowd();
    expect(first).toHaveLength(1);
    first[0]?.arrive();
    expect(crowd()).toHaveLength(3);
  });

  it('brk-22 starts afresh when it closes: one failure right after does nothing', () => {
    const it = halfOpen();
    it.probe.finish();
    it.succeed(2);
    expect(it.breaker.state).toBe('closed');
    it.fail(2);
    expect(it.breaker.state).toBe('closed');
    expect(it.breaker.snapshot().failureRatio).toBe(1);
  });

  it('the late death of a stream that closed it counts, that of any older one does not', () => {
    const late = halfOpen({ ...python, minOutcomes: 3 });
    late.probe.arrive();
    const further = [late.acquire(), late.acquire()];
    for (const permit of further) permit.arrive();
    expect(late.breaker.state).toBe('closed');
    for (const permit of [late.probe, ...further]) permit.fail('failure');
    expect(late.changes.at(-1)).toMatchObject({ to: 'open', reason: 'death-ratio' });

    const old = rig({ ...python, minOutcomes: 2, consecutiveFailures: 3, failureRatio: 1 });
    const ancient = [old.acquire(), old.acquire(), old.acquire()];
    for (const permit of ancient) permit.arrive();
    old.breaker.isolate();
    old.breaker.reset();
    for (const permit of ancient) permit.fail('failure');
    expect(old.breaker.snapshot()).toMatchObject({ state: 'closed', deathRatio: 0 });
  });
});

describe('by hand', () => {
  it('brk-10 reset closes it and forgets', () => {
    const it = opened();
    it.breaker.reset();
    expect(it.breaker.snapshot()).toMatchObject({ state: 'closed', failureRatio: 0 });
    expect(it.changes.at(-1)).toMatchObject({ from: 'open', to: 'closed', reason: 'by-hand' });
    it.fail(2);
    expect(it.breaker.state).toBe('closed');
  });

  it('isolated refuses until reset, however long', () => {
    const it = rig();
    it.breaker.isolate();
    it.breaker.isolate();
    it.wait(1e9);
    expect(it.isRefused()).toBe(true);
    expect(it.breaker.retryAfter()).toBeGreaterThan(0);
    expect(it.changes).toHaveLength(1);
    it.breaker.reset();
    it.succeed(1);
    expect(it.breaker.state).toBe('closed');
  });
});

describe('a permit', () => {
  it('is spent once, however often and in whatever order it is ended', () => {
    const it = rig({ consecutiveFailures: 2 });
    const permit = it.acquire();
    permit.fail('failure');
    permit.fail('failure');
    permit.arrive();
    permit.finish();
    permit.release();
    expect(it.breaker.snapshot()).toMatchObject({ state: 'closed', pending: 0, failureRatio: 1 });
    const other = it.acquire();
    other.arrive();
    other.arrive();
    other.finish();
    other.finish();
    other.fail('failure');
    expect(it.breaker.snapshot()).toMatchObject({ state: 'closed', pending: 0, failureRatio: 0.5, deathRatio: 0 });
  });
});

describe('in the shadow', () => {
  it('lets everything through, and tells what it would have done', () => {
    const it = rig({ ...python, shadow: true });
    it.fail(3);
    expect(it.breaker.state).toBe('open');
    it.succeed(5);
    expect(it.changes).toHaveLength(1);
  });

  it('“may I call?” says what the next acquire does', () => {
    const it = rig({ ...python, shadow: true });
    it.fail(3);
    expect(it.breaker.retryAfter()).toBe(0);
    it.acquire();
    it.breaker.isolate();
    expect(it.breaker.retryAfter()).toBe(0);
    it.acquire();
  });
});

describe('options', () => {
  test.each<[string, object]>([
    ['a ratio of 0', { failureRatio: 0 }],
    ['a ratio above 1', { failureRatio: 1.1 }],
    ['no outcomes', { minOutcomes: 0 }],
    ['a window of nothing', { window: 0 }],
    ['a time that is none', { openFor: Number.NaN }],
    ['a typo', { openfor: 1 }],
  ])('refuse %s', (_name, options) => {
    expect(breakerSchema.safeParse(options).success).toBe(false);
  });
});

// A machine and its reference, driven by the same commands.

interface Model {
  readonly reference: ReferenceBreaker;
  readonly clock: { now: number };
}

interface Real {
  readonly machine: CircuitBreakerMachine;
  readonly changes: BreakerChange[];
  readonly permits: Permit[];
  readonly acquired: { count: number };
}

type Outcome = 'failure' | 'neutral' | 'success';

function check({ reference, clock }: Model, { machine, changes, acquired }: Real): void {
  const { now } = clock;
  expect(changes).toEqual(reference.changes);
  for (const { from, to, reason } of changes) {
    if (from === 'open') expect(to === 'closed' ? reason : to).toMatch(/^(by-hand|half-open|isolated)$/);
    expect(from).not.toBe(to);
  }
  const probes = reference.probes(now).length;
  expect(probes).toBeLessThanOrEqual(3);
  const stages = reference.permits.map(({ stage }) => stage);
  expect(acquired.count).toBe(stages.length);
  expect(machine.snapshot()).toEqual({
    state: reference.state,
    failureRatio: reference.ratio('error', 'content', now),
    deathRatio: reference.ratio('death', 'terminal', now),
    degraded: reference.degraded(now),
    pending: stages.filter((stage) => stage === 'pending').length,
    stale: expect.any(Number),
    retryAfterMs: reference.state === 'open' ? reference.openLeft(now) : undefined,
  });
  expect(machine.retryAfter()).toBe(reference.retryAfter(now));
}

class Step implements fc.Command<Model, Real> {
  readonly #name: string;
  readonly #act: (model: Model, real: Real) => void;

  constructor(name: string, act: (model: Model, real: Real) => void) {
    this.#name = name;
    this.#act = act;
  }

  check(): boolean {
    return true;
  }

  run(model: Model, real: Real): void {
    this.#act(model, real);
    check(model, real);
  }

  toString(): string {
    return this.#name;
  }
}

function onPermit(name: string, act: (model: Model, permit: ReferencePermit, real: Permit) => void) {
  return fc.nat().map(
    (choice) =>
      new Step(`${name}(#${choice})`, (model, real) => {
        // The newest are the likeliest to matter.
        const index = real.permits.length - 1 - (choice % Math.max(1, real.permits.length));
        const permit = real.permits[index];
        if (permit) act(model, model.reference.permits[index] as ReferencePermit, permit);
      }),
  );
}

const acquire = fc.constant(
  new Step('acquire', ({ reference, clock }, real) => {
    const mayCall = real.machine.retryAfter() === 0;
    const admission = real.machine.acquire();
    const expected = reference.acquire(clock.now);
    expect('permit' in admission).toBe(mayCall);
    if ('permit' in admission) {
      expect(expected).toBeTypeOf('object');
      real.permits.push(admission.permit);
      real.acquired.count++;
    } else expect(admission.retryAfterMs).toBe(expected);
  }),
);

const failWith = (outcome: Outcome) =>
  fc.constantFrom(0, 0, 7_000, 100_000).chain((retryAfterMs) =>
    onPermit(`fail(${outcome}, ${retryAfterMs})`, ({ reference, clock }, model, permit) => {
      permit.fail(outcome, retryAfterMs);
      reference.fail(model, outcome, retryAfterMs, clock.now);
    }),
  );

const commands = [
  acquire,
  acquire,
  acquire,
  onPermit('arrive', ({ reference, clock }, model, permit) => {
    permit.arrive();
    reference.arrive(model, clock.now);
  }),
  onPermit('finish', ({ reference, clock }, model, permit) => {
    permit.finish();
    reference.finish(model, clock.now);
  }),
  failWith('failure'),
  failWith('failure'),
  failWith('neutral'),
  failWith('success'),
  onPermit('release', ({ reference, clock }, model, permit) => {
    permit.release();
    reference.release(model, clock.now);
  }),
  // Whole seconds, so that what the machine counts by the second is exact.
  fc.constantFrom(0, 1, 1, 2, 5, 6, 10, 15, 30, 61, 170, 4_000).map(
    (seconds) =>
      new Step(`wait(${seconds} s)`, ({ clock }) => {
        clock.now += seconds * 1_000;
      }),
  ),
  fc.constantFrom(
    new Step('isolate', ({ reference, clock }, { machine }) => {
      machine.isolate();
      reference.isolate(clock.now);
    }),
    new Step('reset', ({ reference, clock }, { machine }) => {
      machine.reset();
      reference.reset(clock.now);
    }),
    ...Array.from({ length: 8 }, () => new Step('look', () => undefined)),
  ),
];

describe('against a reference machine', () => {
  const settings: fc.Arbitrary<ReferenceSettings> = fc.record({
    failureRatio: fc.constantFrom(0.3, 0.5, 1),
    minOutcomes: fc.constantFrom(1, 3, 6, 10),
    consecutiveFailures: fc.constantFrom(1, 2, 3, 20),
    window: fc.constantFrom(10_000, 60_000),
    slowAfter: fc.constantFrom(1_000, 15_000),
    openOnSlow: fc.boolean(),
    openFor: fc.constantFrom(2_000, 5_000),
    maxOpenFor: fc.constantFrom(5_000, 30_000),
    resetAfter: fc.constantFrom(0, 60_000),
    probeTimeout: fc.constantFrom(10_000, 160_000),
  });

  it(
    'does the same, whatever happens in whatever order',
    () => {
      const reached = new Set<string>();
      fc.assert(
        fc.property(
          settings,
          fc.constantFrom(0, 0.25, 0.999),
          fc.commands(commands, { maxCommands: 150, size: 'max' }),
          (config, chance, steps) => {
            const clock = { now: 5_000_000 };
            const changes: BreakerChange[] = [];
            const machine = new CircuitBreakerMachine(breakerSchema.parse(config), {
              now: () => clock.now,
              random: () => chance,
              onChange: (change) => changes.push(change),
            });
            const real: Real = { machine, changes, permits: [], acquired: { count: 0 } };
            const reference = new ReferenceBreaker(config, chance);
            fc.modelRun(() => ({ model: { reference, clock }, real }), steps);
            for (const { from, to, reason } of changes) reached.add(`${from} ${to} ${reason}`);

            // Every permit that is given back is back, each once.
            for (const permit of real.permits) permit.release();
            expect(machine.snapshot().pending).toBe(0);
            for (const permit of real.permits) permit.fail('failure');
            expect(machine.snapshot().pending).toBe(0);
          },
        ),
        runs(600),
      );
      // The commands are worth nothing if they never come this far.
      expect([...reached].sort()).toEqual(
        expect.arrayContaining([
          'closed open consecutive-failures',
          'closed open death-ratio',
          'closed open failure-ratio',
          'closed open slow-ratio',
          'half-open closed probe',
          'half-open open probe',
          'open half-open wait-over',
        ]),
      );
    },
    propertyTimeout,
  );
});
