import type { CircuitBreakers, Cooldowns, RetryBudget } from '../index.ts';
import type { Gauges } from './lifecycle-record.ts';
import { redacted } from './redacted.ts';

/** What clients share, as far as somebody has told. */
export interface SharedParts {
  readonly breakers?: CircuitBreakers | undefined;
  readonly cooldowns?: Cooldowns | undefined;
  readonly budget?: RetryBudget | undefined;
}

const maxTargets = 64;

/** Reads off what clients share, for the providers and models that were asked lately. */
export class GaugeReader {
  readonly #parts: SharedParts;
  /** By key, the latest last. */
  readonly #targets = new Map<string, { readonly provider: string; readonly model: string }>();

  constructor(parts: SharedParts) {
    this.#parts = parts;
  }

  get isEmpty(): boolean {
    const { breakers, cooldowns, budget } = this.#parts;
    return !breakers && !cooldowns && !budget;
  }

  saw(provider: string, model: string): void {
    const key = `${provider}\n${model}`;
    if (model === '' || (this.#targets.has(key) && this.#targets.size < maxTargets)) return;
    this.#targets.delete(key);
    this.#targets.set(key, { provider, model });
    const [oldest] = this.#targets.keys();
    if (this.#targets.size > maxTargets && oldest !== undefined) this.#targets.delete(oldest);
  }

  read(): Gauges {
    const { breakers, cooldowns, budget } = this.#parts;
    const targets = [...this.#targets.values()];
    const named = ({ provider, model }: { readonly provider: string; readonly model: string }) => ({
      provider: redacted(provider),
      model: redacted(model),
    });
    const readBreakers = targets.flatMap((target) => {
      const breaker = breakers?.find(target.provider, target.model);
      if (!breaker) return [];
      const { state, failureRatio, pending, retryAfterMs } = breaker.snapshot();
      return [{ ...named(target), state, failureRatio, pending, ...(retryAfterMs !== undefined && { retryAfterMs }) }];
    });
    const readCooldowns = targets.flatMap((target) => {
      const gate = cooldowns?.get(target.provider, target.model);
      return gate ? [{ ...named(target), waitMs: Math.ceil(gate.waitFor()), waiting: gate.waiting }] : [];
    });
    const providers = [...new Set(targets.map(({ provider }) => provider))];
    const readBudgets = providers.flatMap((provider) =>
      budget ? [{ provider: redacted(provider), tokens: budget.remaining({ provider }).provider }] : [],
    );
    return { type: 'gauges', breakers: readBreakers, cooldowns: readCooldowns, budgets: readBudgets };
  }
}
