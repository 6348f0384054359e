import { describe, expect, it } from 'vitest';
import { type RetryBudgetConfig, RetryBudgetMachine, retryBudgetSchema } from '../../src/policies/retry-budget.ts';

function rig(config: RetryBudgetConfig) {
  const clock = { now: 1_000_000 };
  const budget = new RetryBudgetMachine(retryBudgetSchema.parse({ tokens: 2, refillEvery: 10_000, ...config }), () => clock.now);
  const take = (provider: string, times = 1): boolean => {
    let isLast = true;
    for (let each = 0; each < times; each++) isLast = budget.take({ provider });
    return isLast;
  };
  const left = (provider: string) => budget.remaining({ provider }).provider;
  return { budget, clock, take, left };
}

describe('a retry budget of more keys than it remembers', () => {
  it('never refills a key by forgetting it', () => {
    const { take, left } = rig({ maxKeys: 1 });
    take('a');
    left('b');
    left('c');
    expect(left('a')).toBe(1);
  });

  it('has one account for all the rest, until another is whole again', () => {
    const { take, left, clock } = rig({ maxKeys: 2 });
    take('a');
    take('b', 2);
    expect(take('c', 2)).toBe(true);
    expect(take('d')).toBe(false);
    expect(left('d')).toBe(0);
    // `a` is whole again: its place is free.
    clock.now += 10_000;
    expect(take('e')).toBe(true);
    expect(left('e')).toBe(1);
    // `b` and `e` are not.
    expect(left('f')).toBe(1);
    expect(take('f')).toBe(true);
    expect(left('c')).toBe(0);
  });

  it('remembers whose calls still count', () => {
    const { budget, take, left, clock } = rig({ maxKeys: 1, tokens: 1, share: 1 });
    for (let each = 0; each < 5; each++) budget.called({ provider: 'a' });
    clock.now += 20_000;
    expect(left('a')).toBe(1);
    for (let each = 0; each < 5; each++) budget.called({ provider: 'a' });
    clock.now += 9_000;
    // Nine tenths of a token more than its least: but five calls allow for more.
    expect(take('b')).toBe(true);
    expect(take('c')).toBe(false);
    expect(left('a')).toBeCloseTo(1.9);
    clock.now += 10_000;
    expect(left('a')).toBe(1);
    expect(take('b')).toBe(true);
    // The account is its own now: nobody else has taken from it.
    expect(left('c')).toBe(1);
  });

  it('looks at sixteen others for room, and at the next sixteen the next time', () => {
    const fill = (whole: number) => {
      const { take, left } = rig({ maxKeys: 20 });
      for (let key = 0; key < 20; key++) {
        if (key === whole) left(String(key));
        else take(String(key), 2);
      }
      return { take, left };
    };
    const near = fill(15);
    expect(near.take('first', 2)).toBe(true);
    expect(near.left('second')).toBe(2);

    const far = fill(16);
    far.take('first');
    // It had to share; the place of the seventeenth is found now.
    expect(far.left('second')).toBe(2);
    far.take('second');
    expect(far.left('third')).toBe(1);
  });

  it('stops looking once there is room', () => {
    const { take, left, budget } = rig({ maxKeys: 3, share: 1 });
    for (const key of ['a', 'b', 'c']) left(key);
    left('d');
    // Only the oldest has gone.
    budget.called({ provider: 'b' });
    take('b');
    expect(left('b')).toBe(1);
    expect(left('c')).toBe(2);
  });

  it('counts calls by the second, from the beginning of time on', () => {
    const clock = { now: 1_500 };
    const budget = new RetryBudgetMachine(retryBudgetSchema.parse({ tokens: 0, share: 1, refillEvery: 1 }), () => clock.now);
    budget.called({ provider: 'a' });
    clock.now += 1;
    expect(budget.remaining({ provider: 'a' }).provider).toBe(1);
    clock.now = 10_999;
    expect(budget.remaining({ provider: 'a' }).provider).toBe(1);
    clock.now = 11_000;
    expect(budget.remaining({ provider: 'a' }).provider).toBe(0);
  });
});
