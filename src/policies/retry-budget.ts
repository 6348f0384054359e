import type { Observable } from 'rxjs';
import * as z from 'zod';
import { defaults } from '../core/defaults.ts';
import { count, milliseconds, within } from '../core/options.ts';

/** How many retries a provider, and a tenant, may cost. */
export interface RetryBudgetConfig {
  /** Tokens of a provider at least; a retry costs one. Default: 10. */
  readonly tokens?: number | undefined;
  /** Tokens of a provider as a share of its calls in the last 10 s, if that is more. 0 to 1. Default: 0.1. */
  readonly share?: number | undefined;
  /** What a stream that reached its end gives back. 0 to 1. Default: 0.1. */
  readonly credit?: number | undefined;
  /** A provider gains a token in this many milliseconds, so that one that is seldom called can be retried again. Default: 10,000. */
  readonly refillEvery?: number | undefined;
  /** Tokens of a tenant. Default: 3. */
  readonly tenantTokens?: number | undefined;
  /** A tenant gains a token in this many milliseconds. Default: 30,000. */
  readonly tenantRefillEvery?: number | undefined;
  /** Providers and tenants remembered, each. Beyond it, new ones share one account until others are whole again. Default: 10,000. */
  readonly maxKeys?: number | undefined;
}

/** @internal The options of a budget, checked; defaults filled in. */
export const retryBudgetSchema = z.strictObject({
  tokens: within(0, 1_000_000).default(defaults.budget.tokens),
  share: within(0, 1).default(defaults.budget.share),
  credit: within(0, 1).default(defaults.budget.credit),
  refillEvery: milliseconds(1).default(defaults.budget.refillEvery),
  tenantTokens: within(0, 1_000_000).default(defaults.budget.tenantTokens),
  tenantRefillEvery: milliseconds(1).default(defaults.budget.tenantRefillEvery),
  maxKeys: count(1).default(defaults.budget.maxKeys),
});

/** On whose account a retry goes. */
export interface BudgetKey {
  readonly provider: string;
  /** Without one, only the provider's account is charged. */
  readonly tenant?: string | undefined;
}

/** A retry that was paid for, or a success that gave something back. */
export interface BudgetMove extends BudgetKey {
  /** What it cost; less than 0 for what came back. */
  readonly tokens: number;
}

/** What retries may cost, over all the streams that share it. */
export interface RetryBudget {
  readonly kind: 'budget';
  /** Takes a token for a retry; `false` if there is none. `backoff` does it for a stream. */
  take(key: BudgetKey): boolean;
  /** Tells of a call that begins. */
  called(key: BudgetKey): void;
  /** Tells of a stream that reached its end. */
  credit(key: BudgetKey): void;
  /** The tokens that are left. */
  remaining(key: BudgetKey): { readonly provider: number; readonly tenant: number | undefined };
  /**
   * Charges what was spent elsewhere, whether it is there or not: what is owed, no more than an account holds, has to be gained first. Less
   * than 0 gives back.
   */
  spend(key: BudgetKey, tokens: number): void;
  /** What `take` and `credit` moved; not what `spend` was told. */
  readonly moves$: Observable<BudgetMove>;
}

/** A number of tokens that refills with time, up to its capacity. */
class Account {
  #tokens: number;
  #refilledAt: number;
  readonly #refillEvery: number;
  readonly #calls: CallCount;
  readonly #capacity: (calls: number) => number;

  constructor(capacity: (calls: number) => number, refillEvery: number, now: number) {
    this.#capacity = capacity;
    this.#refillEvery = refillEvery;
    this.#calls = new CallCount();
    this.#tokens = capacity(0);
    this.#refilledAt = now;
  }

  called(now: number): void {
    this.#calls.add(now);
  }

  tokens(now: number): number {
    const gained = (now - this.#refilledAt) / this.#refillEvery;
    this.#refilledAt = now;
    this.#tokens = Math.min(this.#limit(now), this.#tokens + gained);
    return this.#tokens;
  }

  add(tokens: number, now: number): void {
    this.#tokens = Math.min(this.#limit(now), this.tokens(now) + tokens);
  }

  /** Takes more than there is, if need be, but never owes more than it can hold. */
  charge(tokens: number, now: number): void {
    this.#tokens = Math.max(-this.#limit(now), Math.min(this.#limit(now), this.tokens(now) - tokens));
  }

  /** Whether forgetting it would change nothing. */
  isWhole(now: number): boolean {
    return this.tokens(now) >= this.#limit(now) && this.#calls.sum(now) === 0;
  }

  #limit(now: number): number {
    return this.#capacity(this.#calls.sum(now));
  }
}

/** Calls in the last ten seconds, by the second. */
class CallCount {
  readonly #seconds = Array.from({ length: 10 }, () => ({ second: -1, calls: 0 }));

  add(now: number): void {
    const second = Math.floor(now / 1_000);
    const slot = this.#slot(second);
    if (slot.second !== second) Object.assign(slot, { second, calls: 0 });
    slot.calls++;
  }

  sum(now: number): number {
    const newest = Math.floor(now / 1_000);
    let calls = 0;
    for (const slot of this.#seconds) if (slot.second > newest - 10 && slot.second <= newest) calls += slot.calls;
    return calls;
  }

  #slot(second: number): { second: number; calls: number } {
    const { length } = this.#seconds;
    return this.#seconds[((second % length) + length) % length] as { second: number; calls: number };
  }
}

/** Accounts by key, never more than so many; one that is not whole is never forgotten, for forgetting would refill it. */
class Accounts {
  readonly #accounts = new Map<string, Account>();
  readonly #open: (now: number) => Account;
  readonly #maxKeys: number;
  #shared: Account | undefined;

  constructor(open: (now: number) => Account, maxKeys: number) {
    this.#open = open;
    this.#maxKeys = maxKeys;
  }

  get(key: string, now: number): Account {
    const known = this.#accounts.get(key);
    if (known) return known;
    if (this.#accounts.size >= this.#maxKeys) this.#forgetWhole(now);
    if (this.#accounts.size >= this.#maxKeys) {
      this.#shared ??= this.#open(now);
      return this.#shared;
    }
    const account = this.#open(now);
    this.#accounts.set(key, account);
    return account;
  }

  #forgetWhole(now: number): void {
    let looked = 0;
    for (const [key, account] of this.#accounts) {
      if (account.isWhole(now)) this.#accounts.delete(key);
      else {
        // The next search begins with the others.
        this.#accounts.delete(key);
        this.#accounts.set(key, account);
      }
      if (++looked >= 16 || this.#accounts.size < this.#maxKeys) return;
    }
  }
}

/**
 * What retries may cost: a plain state machine over a clock. Each process has its own: fifty of them may retry fifty times as much, unless
 * they tell each other (`spend`).
 */
export class RetryBudgetMachine {
  readonly #settings: z.output<typeof retryBudgetSchema>;
  readonly #now: () => number;
  readonly #onMove: (move: BudgetMove) => void;
  readonly #providers: Accounts;
  readonly #tenants: Accounts;

  /** @param onMove Told what `take` and `credit` moved. */
  constructor(settings: z.output<typeof retryBudgetSchema>, now: () => number, onMove: (move: BudgetMove) => void = () => {}) {
    const { tokens, share, refillEvery, tenantTokens, tenantRefillEvery, maxKeys } = settings;
    this.#settings = settings;
    this.#now = now;
    this.#onMove = onMove;
    this.#providers = new Accounts((at) => new Account((calls) => Math.max(tokens, share * calls), refillEvery, at), maxKeys);
    this.#tenants = new Accounts((at) => new Account(() => tenantTokens, tenantRefillEvery, at), maxKeys);
  }

  /** A call begins. */
  called({ provider }: BudgetKey): void {
    const now = this.#now();
    this.#providers.get(provider, now).called(now);
  }

  /** Takes a token from each account, if each has one; else from none. */
  take(key: BudgetKey): boolean {
    const now = this.#now();
    const accounts = this.#accountsOf(key, now);
    if (accounts.some((account) => account.tokens(now) < 1)) return false;
    for (const account of accounts) account.add(-1, now);
    this.#onMove({ ...key, tokens: 1 });
    return true;
  }

  /** A stream reached its end. */
  credit(key: BudgetKey): void {
    const now = this.#now();
    for (const account of this.#accountsOf(key, now)) account.add(this.#settings.credit, now);
    if (this.#settings.credit > 0) this.#onMove({ ...key, tokens: -this.#settings.credit });
  }

  /** Somebody else spent so much, or gave it back. */
  spend(key: BudgetKey, tokens: number): void {
    if (!Number.isFinite(tokens)) return;
    const now = this.#now();
    for (const account of this.#accountsOf(key, now)) account.charge(tokens, now);
  }

  /** The tokens left. */
  remaining(key: BudgetKey): { readonly provider: number; readonly tenant: number | undefined } {
    const now = this.#now();
    const [provider, tenant] = this.#accountsOf(key, now);
    return { provider: Math.max(0, provider?.tokens(now) ?? 0), tenant: tenant && Math.max(0, tenant.tokens(now)) };
  }

  #accountsOf({ provider, tenant }: BudgetKey, now: number): Account[] {
    const own = this.#providers.get(provider, now);
    return tenant === undefined ? [own] : [own, this.#tenants.get(tenant, now)];
  }
}
