import { describe, expect, it } from 'vitest';
import type { BreakerChange, CircuitBreakerConfig } from '../../src/index.ts';
import type { Permit } from '../../src/policies/breaker-permit.ts';
import { CircuitBreakerMachine } from '../../src/policies/circuit-breaker.ts';
import { breakerSchema } from '../../src/policies/circuit-breaker-config.ts';

function rig(config: CircuitBreakerConfig = {}) {
  const clock = { now: 1_000_000 };
  const changes: BreakerChange[] = [];
  const breaker = new CircuitBreakerMachine(breakerSchema.parse(config), {
    now: () => clock.now,
    random: () => 1,
    onChange: (change) => changes.push(change),
  });
  const acquire = (): Permit => {
    const admission = breaker.acquire();
    if (!('permit' in admission)) throw new Error(`refused for ${admission.retryAfterMs} ms`);
    return admission.permit;
  };
  const arrived = (): Permit => {
    const permit = acquire();
    permit.arrive();
    return permit;
  };
  const fail = (times: number) => {
    for (let each = 0; each < times; each++) acquire().fail('failure');
  };
  return { breaker, clock, changes, acquire, arrived, fail };
}

const quick: CircuitBreakerConfig = { consecutiveFailures: 1, openFor: 1_000, maxOpenFor: 30_000 };

describe('a breaker', () => {
  it('that was being probed when its process ended is open, until the time that was set', () => {
    const { breaker, clock } = rig({ initial: { version: 1, state: 'half-open', openUntil: 1_005_000, openings: 2 } });
    expect(breaker.toJSON()).toEqual({ version: 1, state: 'open', openUntil: 1_005_000, openings: 2 });
    expect(breaker.acquire()).toEqual({ retryAfterMs: 5_000 });
    clock.now = 1_005_000;
    expect(breaker.acquire()).toHaveProperty('permit');
    expect(breaker.state).toBe('half-open');
  });

  it('counts outcomes that come from before its last change, but not those that were given back', () => {
    const { breaker, acquire, fail } = rig(quick);
    const [failing, going, neutral, cancelled] = [acquire(), acquire(), acquire(), acquire()];
    fail(1);
    failing?.fail('failure');
    expect(breaker.snapshot().stale).toBe(1);
    going?.arrive();
    expect(breaker.snapshot().stale).toBe(2);
    neutral?.fail('neutral');
    expect(breaker.snapshot().stale).toBe(3);
    cancelled?.release();
    expect(breaker.snapshot()).toMatchObject({ stale: 3, pending: 0 });
  });

  it('in shadow mode counts nothing while it would be open', () => {
    const { breaker, acquire, changes } = rig({ ...quick, shadow: true });
    acquire().fail('failure');
    expect(breaker.state).toBe('open');
    const before = breaker.snapshot();
    acquire().fail('failure');
    acquire().arrive();
    expect(breaker.snapshot()).toMatchObject({ failureRatio: before.failureRatio, state: 'open' });
    expect(changes).toHaveLength(1);
  });

  it('does not open because of a stream that ends well, even where it is the one that makes the ratio speak', () => {
    const { breaker, arrived } = rig();
    for (let each = 0; each < 10; each++) arrived().fail('failure');
    for (let each = 0; each < 10; each++) arrived().finish();
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', deathRatio: 0.5 });
    arrived().fail('failure');
    expect(breaker.state).toBe('open');
  });

  it('gives the place of a probe away at its limit: what it says in that moment is too late', () => {
    const { breaker, clock, acquire, fail } = rig({ ...quick, probeTimeout: 2_000 });
    fail(1);
    clock.now += 1_000;
    const probe = acquire();
    clock.now += 1_999;
    expect(breaker.acquire()).toHaveProperty('retryAfterMs');
    clock.now += 1;
    probe.fail('failure');
    expect(breaker.state).toBe('half-open');
    expect(breaker.acquire()).toHaveProperty('permit');
  });

  it('that was closed by hand hears nothing of the probes from before', () => {
    const { breaker, clock, arrived, fail } = rig({ ...quick, minOutcomes: 1 });
    fail(1);
    clock.now += 1_000;
    const probe = arrived();
    breaker.reset();
    probe.fail('failure');
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', deathRatio: 0 });
  });

  it('remembers the doubling until it has been closed, not half-open, for long enough', () => {
    const { breaker, clock, changes, acquire, arrived, fail } = rig({ ...quick, probeTimeout: 200_000, resetAfter: 60_000 });
    const reopen = (): number | undefined => {
      fail(1);
      return changes.at(-1)?.openForMs;
    };
    const heal = (takes: number): void => {
      clock.now += 30_000;
      const probe = acquire();
      clock.now += takes;
      probe.arrive();
      arrived();
      arrived();
      expect(breaker.state).toBe('closed');
    };
    expect(reopen()).toBe(1_000);
    heal(70_000);
    expect(reopen()).toBe(2_000);
    heal(0);
    clock.now += 59_999;
    expect(reopen()).toBe(4_000);
    heal(0);
    clock.now += 60_000;
    expect(reopen()).toBe(1_000);
  });
});
