import fc from 'fast-check';
import { describe, it } from 'vitest';
import { type BudgetKey, RetryBudgetMachine, retryBudgetSchema } from '../../src/policies/retry-budget.ts';
import { holds, numRuns, same, timeout } from './runs.ts';

interface Settings {
  readonly tokens: number;
  readonly share: number;
  readonly credit: number;
  readonly refillEvery: number;
  readonly tenantTokens: number;
  readonly tenantRefillEvery: number;
}

interface Account {
  tokens: number;
  seenAt: number;
}

/** The budget as `policies.md` tells it, over a log of all calls. */
class ReferenceBudget {
  readonly #settings: Settings;
  readonly #accounts = new Map<string, Account>();
  readonly #calls: { readonly provider: string; readonly second: number }[] = [];

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  called(provider: string, now: number): void {
    this.#account('provider', provider, now);
    this.#calls.push({ provider, second: Math.floor(now / 1_000) });
  }

  left(kind: 'provider' | 'tenant', key: string, now: number): number {
    const account = this.#account(kind, key, now);
    const { refillEvery, tenantRefillEvery } = this.#settings;
    const gained = (now - account.seenAt) / (kind === 'provider' ? refillEvery : tenantRefillEvery);
    account.tokens = Math.min(this.capacity(kind, key, now), account.tokens + gained);
    account.seenAt = now;
    return account.tokens;
  }

  add(kind: 'provider' | 'tenant', key: string, tokens: number, now: number): void {
    const left = this.left(kind, key, now);
    this.#account(kind, key, now).tokens = Math.min(this.capacity(kind, key, now), left + tokens);
  }

  capacity(kind: 'provider' | 'tenant', key: string, now: number): number {
    const { tokens, share, tenantTokens } = this.#settings;
    if (kind === 'tenant') return tenantTokens;
    const newest = Math.floor(now / 1_000);
    const calls = this.#calls.filter(({ provider, second }) => provider === key && newest - second < 10).length;
    return Math.max(tokens, share * calls);
  }

  #account(kind: 'provider' | 'tenant', key: string, now: number): Account {
    const name = `${kind} ${key}`;
    const { tokens, tenantTokens } = this.#settings;
    const account = this.#accounts.get(name) ?? { tokens: kind === 'provider' ? tokens : tenantTokens, seenAt: now };
    this.#accounts.set(name, account);
    return account;
  }
}

const settings: fc.Arbitrary<Settings> = fc.record({
  tokens: fc.constantFrom(0, 1, 2, 10),
  share: fc.constantFrom(0, 0.1, 1),
  credit: fc.constantFrom(0, 0.1, 1),
  refillEvery: fc.constantFrom(1_000, 10_000),
  tenantTokens: fc.constantFrom(0, 1, 3),
  tenantRefillEvery: fc.constantFrom(2_000, 30_000),
});

const key: fc.Arbitrary<BudgetKey> = fc.record({
  provider: fc.constantFrom('a', 'b'),
  tenant: fc.constantFrom(undefined, 't', 'u'),
});

type Command =
  | { readonly type: 'call' | 'take' | 'credit' | 'look'; readonly key: BudgetKey }
  | { readonly type: 'burst'; readonly key: BudgetKey; readonly times: number }
  | { readonly type: 'wait'; readonly ms: number };

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constantFrom('call', 'take', 'take', 'credit', 'look'), key }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('burst'), key, times: fc.integer({ min: 2, max: 40 }) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('wait'), ms: fc.constantFrom(0, 1, 250, 1_000, 4_000, 9_999, 60_000) }) },
);

describe('a retry budget', () => {
  it('holds what a reference machine holds, whatever happens in whatever order', { timeout }, () => {
    fc.assert(
      fc.property(settings, fc.array(command, { maxLength: 60, size: 'max' }), (config, commands) => {
        const clock = { now: 1_000_000 };
        const machine = new RetryBudgetMachine(retryBudgetSchema.parse(config), () => clock.now);
        const reference = new ReferenceBudget(config);
        const take = ({ provider, tenant }: BudgetKey): void => {
          const mayTake =
            reference.left('provider', provider, clock.now) >= 1 &&
            (tenant === undefined || reference.left('tenant', tenant, clock.now) >= 1);
          same(machine.take({ provider, tenant }), mayTake, 'take');
          if (!mayTake) return;
          reference.add('provider', provider, -1, clock.now);
          if (tenant !== undefined) reference.add('tenant', tenant, -1, clock.now);
        };
        for (const each of commands) {
          if (each.type === 'wait') {
            clock.now += each.ms;
            continue;
          }
          const { provider, tenant } = each.key;
          if (each.type === 'call') {
            machine.called(each.key);
            reference.called(provider, clock.now);
          } else if (each.type === 'take') take(each.key);
          else if (each.type === 'burst') {
            for (let time = 0; time < each.times; time++) {
              machine.called(each.key);
              reference.called(provider, clock.now);
              take(each.key);
            }
          } else if (each.type === 'credit') {
            machine.credit(each.key);
            reference.add('provider', provider, config.credit, clock.now);
            if (tenant !== undefined) reference.add('tenant', tenant, config.credit, clock.now);
          }
          const left = machine.remaining(each.key);
          const expected = reference.left('provider', provider, clock.now);
          const capacity = reference.capacity('provider', provider, clock.now);
          holds(Math.abs(left.provider - expected) < 1e-9, () => `${left.provider} tokens of the provider, not ${expected}`);
          holds(left.provider >= 0 && left.provider <= capacity, () => `${left.provider} tokens, though it holds ${capacity}`);
          if (tenant === undefined) same(left.tenant, undefined);
          else {
            const { tenant: own = Number.NaN } = left;
            const expectedOwn = reference.left('tenant', tenant, clock.now);
            holds(Math.abs(own - expectedOwn) < 1e-9, () => `${own} tokens of the tenant, not ${expectedOwn}`);
            holds(own >= 0 && own <= config.tenantTokens, () => `${own} tokens of the tenant`);
          }
        }
      }),
      { numRuns },
    );
  });

  it('bounds the amplification, also of a key that is forgotten and comes back', { timeout }, () => {
    const step = fc.record({
      provider: fc.integer({ min: 0, max: 5 }).map(String),
      tenant: fc.constantFrom(undefined, '1', '2', '3', '4'),
      kind: fc.constantFrom('take', 'take', 'take', 'take', 'credit', 'wait'),
      ms: fc.constantFrom(1, 100, 1_000, 20_000),
    });
    fc.assert(
      fc.property(settings, fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 100, size: 'max' }), (config, maxKeys, steps) => {
        const clock = { now: 0 };
        const machine = new RetryBudgetMachine(retryBudgetSchema.parse({ ...config, maxKeys }), () => clock.now);
        const taken = new Map<string, number>();
        const credited = new Map<string, number>();
        const count = (counts: Map<string, number>, name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
        for (const { provider, tenant, kind, ms } of steps) {
          if (kind === 'wait') clock.now += ms;
          const names = [`provider ${provider}`, ...(tenant === undefined ? [] : [`tenant ${tenant}`])];
          if (kind === 'take' && machine.take({ provider, tenant })) for (const name of names) count(taken, name);
          if (kind === 'credit') {
            machine.credit({ provider, tenant });
            for (const name of names) count(credited, name);
          }
        }
        for (const [name, times] of taken) {
          const isTenant = name.startsWith('tenant');
          // What strangers gave back may have gone to an account that this key shared with them.
          const creditsOfAll = [...credited]
            .filter(([other]) => other.startsWith('tenant') === isTenant)
            .reduce((sum, [, each]) => sum + each, 0);
          const full = isTenant ? config.tenantTokens : config.tokens;
          const gained = clock.now / (isTenant ? config.tenantRefillEvery : config.refillEvery);
          // Of its own account, and of the one that it may have shared.
          holds(times <= 2 * (full + gained + creditsOfAll * config.credit) + 1e-6, () => `${times} tokens of ${name}`);
        }
      }),
      { numRuns },
    );
  });
});
