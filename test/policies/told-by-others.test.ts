import { describe, expect, it } from 'vitest';
import { CircuitBreakerMachine } from '../../src/policies/circuit-breaker.ts';
import { type BreakerChange, breakerSchema, type CircuitBreakerConfig } from '../../src/policies/circuit-breaker-config.ts';
import { CooldownMachine } from '../../src/policies/cooldown.ts';
import { type BudgetMove, RetryBudgetMachine, retryBudgetSchema } from '../../src/policies/retry-budget.ts';

function breakerOf(config: CircuitBreakerConfig = {}, chance = 0) {
  const clock = { now: 1_000_000 };
  const changes: BreakerChange[] = [];
  const asked: number[] = [];
  const breaker = new CircuitBreakerMachine(breakerSchema.parse(config), {
    now: () => clock.now,
    random: () => chance,
    onChange: (change, retryAfterMs) => {
      changes.push(change);
      asked.push(retryAfterMs);
    },
  });
  const probe = () => {
    const admission = breaker.acquire();
    if (!('permit' in admission)) throw new Error('refused');
    return admission.permit;
  };
  return { clock, changes, asked, breaker, probe };
}

describe('a circuit breaker that is tripped', () => {
  it('is open for as long as it was told, then probed as ever', () => {
    const { clock, changes, breaker, probe } = breakerOf();
    breaker.trip(8_000);
    expect([breaker.state, breaker.retryAfter()]).toEqual(['open', 8_000]);
    expect(changes).toEqual([{ from: 'closed', to: 'open', reason: 'by-hand', openForMs: 8_000 }]);
    clock.now += 8_000;
    for (let each = 0; each < 3; each++) probe().finish();
    expect(breaker.state).toBe('closed');
  });

  it('replaces a shorter wait by a longer one, never the reverse', () => {
    const { breaker, changes } = breakerOf();
    breaker.trip(8_000);
    breaker.trip(3_000);
    expect(breaker.retryAfter()).toBe(8_000);
    breaker.trip(12_000);
    expect(breaker.retryAfter()).toBe(12_000);
    expect(changes, 'it was open already').toHaveLength(1);
  });

  it.each([
    [0, 8_000],
    [0.5, 9_250],
    [0.999999, 10_500],
  ])('re-opens later by chance: %d', (chance, openForMs) => {
    const { breaker } = breakerOf({}, chance);
    breaker.trip(8_000);
    expect(breaker.retryAfter()).toBe(openForMs);
  });

  it('never stays open for longer than its own limit', () => {
    const { breaker } = breakerOf({ maxOpenFor: 10_000 }, 0.9);
    breaker.trip(1e9);
    expect(breaker.retryAfter()).toBe(10_000);
    breaker.trip(Number.POSITIVE_INFINITY);
    expect(breaker.retryAfter()).toBe(10_000);
  });

  it.each([0, -1, Number.NaN])('takes no notice of %d', (openForMs) => {
    const { breaker } = breakerOf();
    breaker.trip(openForMs);
    expect(breaker.state).toBe('closed');
  });

  it('is left alone while its own probe runs, and while it is isolated', () => {
    const { clock, breaker, probe } = breakerOf();
    breaker.trip(5_000);
    clock.now += 5_000;
    probe();
    breaker.trip(5_000);
    expect(breaker.state).toBe('half-open');
    breaker.isolate();
    breaker.trip(5_000);
    expect(breaker.state).toBe('isolated');
  });

  it('does not count towards the doubling of its own openings', () => {
    const { breaker, clock, probe, changes } = breakerOf({}, 1);
    breaker.trip(5_000);
    clock.now += 30_000;
    probe().fail('failure');
    expect(changes.at(-1)).toMatchObject({ to: 'open', reason: 'probe', openForMs: 5_000 });
  });

  it('says what the provider asked for with the failure that opened it', () => {
    const { asked, probe } = breakerOf({ consecutiveFailures: 2 });
    probe().fail('failure');
    probe().fail('failure', 7_000);
    expect(asked).toEqual([7_000]);
  });
});

function cooldownOf() {
  const clock = { now: 1_000_000 };
  const limits: number[] = [];
  const machine = new CooldownMachine(
    () => clock.now,
    (waitMs) => limits.push(waitMs),
  );
  return { clock, limits, machine };
}

describe('a cooldown that is held', () => {
  it('lets nobody go before, and one a second afterwards', () => {
    const { clock, machine, limits } = cooldownOf();
    machine.hold(4_000);
    expect(machine.due()).toBe(4_000);
    clock.now += 4_000;
    expect(machine.due()).toBe(0);
    machine.pass();
    expect(machine.due()).toBe(1_000);
    expect(limits, 'it has not found that out itself').toEqual([]);
  });

  it('replaces a shorter wait by a longer one, never the reverse, and waits two minutes at most', () => {
    const { machine } = cooldownOf();
    machine.limited(6_000);
    machine.hold(4_000);
    expect(machine.due()).toBe(6_000);
    machine.hold(9_000);
    expect(machine.due()).toBe(9_000);
    machine.hold(1e9);
    expect(machine.due()).toBe(120_000);
  });

  it('is told the same again and again, and halves no pace for it', () => {
    const { clock, machine } = cooldownOf();
    machine.limited(1_000);
    clock.now += 1_000;
    machine.pass();
    for (let each = 0; each < 5; each++) machine.hold(2_000);
    clock.now += 2_000;
    machine.pass();
    expect(machine.due()).toBe(1_000);
  });

  it('does not bring back a pace that is forgotten', () => {
    const { clock, machine } = cooldownOf();
    machine.limited(1_000);
    clock.now += 1_000;
    machine.pass();
    machine.limited(1_000);
    clock.now += 1_000_000;
    machine.hold(500);
    clock.now += 500;
    machine.pass();
    expect(machine.due()).toBe(1_000);
  });

  it.each([0, -5, Number.NaN])('takes no notice of %d', (waitMs) => {
    const { machine } = cooldownOf();
    machine.hold(waitMs);
    expect([machine.due(), machine.isIdle]).toEqual([0, true]);
  });

  it('tells of a limit that it ran into, where the provider said for how long', () => {
    const { machine, limits } = cooldownOf();
    machine.limited();
    machine.limited(3_000);
    machine.limited();
    expect(limits).toEqual([3_000]);
  });
});

function budgetOf() {
  const clock = { now: 1_000_000 };
  const moves: BudgetMove[] = [];
  const settings = retryBudgetSchema.parse({ tokens: 4, share: 0, credit: 0.5, refillEvery: 1_000, tenantTokens: 2 });
  const budget = new RetryBudgetMachine(
    settings,
    () => clock.now,
    (move) => moves.push(move),
  );
  return { clock, moves, budget };
}

describe('a retry budget that is charged', () => {
  const key = { provider: 'p', tenant: 't' };

  it('has so much less, of the provider and of the tenant', () => {
    const { budget, moves } = budgetOf();
    budget.spend(key, 1);
    expect(budget.remaining(key)).toEqual({ provider: 3, tenant: 1 });
    budget.spend({ provider: 'p' }, 2.5);
    expect(budget.remaining(key)).toEqual({ provider: 0.5, tenant: 1 });
    expect(budget.take(key)).toBe(false);
    expect(moves, 'it has spent nothing itself').toEqual([]);
  });

  it('owes what is not there, as much as it can hold, and gains it before it gives', () => {
    const { budget, clock } = budgetOf();
    budget.spend({ provider: 'p' }, 1_000);
    expect(budget.remaining({ provider: 'p' }).provider, 'never less than nothing').toBe(0);
    clock.now += 4_500;
    expect(budget.take({ provider: 'p' })).toBe(false);
    clock.now += 500;
    expect(budget.take({ provider: 'p' })).toBe(true);
  });

  it('is given back what others gained, up to what it can hold', () => {
    const { budget } = budgetOf();
    budget.spend({ provider: 'p' }, 3);
    budget.spend({ provider: 'p' }, -1);
    expect(budget.remaining({ provider: 'p' }).provider).toBe(2);
    budget.spend({ provider: 'p' }, -100);
    expect(budget.remaining({ provider: 'p' }).provider).toBe(4);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('takes no notice of %d', (tokens) => {
    const { budget } = budgetOf();
    budget.spend(key, tokens);
    expect(budget.remaining(key)).toEqual({ provider: 4, tenant: 2 });
  });

  it('tells what it spent and what came back', () => {
    const { budget, moves } = budgetOf();
    budget.take(key);
    budget.credit({ provider: 'p' });
    while (budget.take({ provider: 'q' }));
    expect(moves.slice(0, 3)).toEqual([
      { provider: 'p', tenant: 't', tokens: 1 },
      { provider: 'p', tokens: -0.5 },
      { provider: 'q', tokens: 1 },
    ]);
    expect(moves, 'a refusal is no move').toHaveLength(6);
  });
});
