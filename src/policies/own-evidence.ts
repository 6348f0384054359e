import { defaults } from '../core/defaults.ts';
import type { EvidenceSpending, EvidenceVerdict, ResilienceEvidence } from './resilience-evidence.ts';
import type { BudgetMove } from './retry-budget.ts';

/** What one process has found out itself: its verdicts as long as they hold, what it spent for a few rounds. */
export class OwnEvidence {
  readonly #now: () => number;
  readonly #spendingsFor: number;
  /** By kind, scope, provider and model. */
  readonly #verdicts = new Map<string, { readonly verdict: EvidenceVerdict; readonly until: number }>();
  /** Since the last round, by provider and tenant. */
  #moves = new Map<string, BudgetMove>();
  #spendings: { readonly at: number; readonly spending: EvidenceSpending }[] = [];
  #round = 0;

  /** @param spendingsFor How long what was spent is told, so that rounds may be lost. */
  constructor(now: () => number, spendingsFor: number) {
    this.#now = now;
    this.#spendingsFor = spendingsFor;
  }

  /**
   * Takes down a verdict; the longer of two holds.
   *
   * @returns Until when it has held before; the past, if not.
   */
  note(verdict: EvidenceVerdict): number {
    const key = keyOf(verdict);
    const before = this.#verdicts.get(key)?.until ?? Number.NEGATIVE_INFINITY;
    const until = this.#now() + verdict.forMs;
    if (!(until > before)) return before;
    if (before === Number.NEGATIVE_INFINITY && this.#verdicts.size >= defaults.sharing.maxEvidence) this.#forgetLapsed();
    if (before !== Number.NEGATIVE_INFINITY || this.#verdicts.size < defaults.sharing.maxEvidence) {
      this.#verdicts.set(key, { verdict, until });
    }
    return before;
  }

  /** The failure is over. */
  withdraw(provider: string, model: string): void {
    for (const scope of ['provider', 'node'] as const) this.#verdicts.delete(keyOf({ kind: 'failure', scope, provider, model }));
  }

  /** Until when a failure holds that others believe only if there are more of them; the past, if none does. */
  failsUntil(provider: string, model: string): number {
    return this.#verdicts.get(keyOf({ kind: 'failure', scope: 'node', provider, model }))?.until ?? Number.NEGATIVE_INFINITY;
  }

  spend(move: BudgetMove): void {
    const key = JSON.stringify([move.provider, move.tenant]);
    const before = this.#moves.get(key);
    if (!before && this.#moves.size >= defaults.sharing.maxEvidence) return;
    this.#moves.set(key, { ...move, tokens: move.tokens + (before?.tokens ?? 0) });
  }

  /** Begins a round: all there is to tell. */
  tell(): ResilienceEvidence[] {
    const now = this.#now();
    this.#forgetLapsed();
    this.#round++;
    this.#spendings = this.#spendings.filter(({ at }) => now - at < this.#spendingsFor);
    for (const { provider, tenant, tokens } of this.#moves.values()) {
      // A tenth ten times is not quite one.
      if (Math.abs(tokens) < 1e-9 || this.#spendings.length >= defaults.sharing.maxEvidence) continue;
      const spending = { kind: 'spent' as const, provider, ...(tenant !== undefined && { tenant }), tokens, round: this.#round };
      this.#spendings.push({ at: now, spending });
    }
    this.#moves = new Map();
    const verdicts = [...this.#verdicts.values()].map(({ verdict, until }) => ({ ...verdict, forMs: until - now }));
    return [...verdicts, ...this.#spendings.map(({ spending }) => spending)];
  }

  #forgetLapsed(): void {
    const now = this.#now();
    for (const [key, { until }] of this.#verdicts) if (until <= now) this.#verdicts.delete(key);
  }
}

function keyOf({ kind, scope, provider, model }: Omit<EvidenceVerdict, 'forMs'>): string {
  return JSON.stringify([kind, scope, provider, model]);
}
