import { type MonoTypeOperatorFunction, Observable, Subject } from 'rxjs';
import { parseOptions } from '../core/options.ts';
import {
  type BudgetKey,
  type BudgetMove,
  type RetryBudget,
  type RetryBudgetConfig,
  RetryBudgetMachine,
  retryBudgetSchema,
} from '../policies/retry-budget.ts';
import { monotonicClock } from './clock.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/**
 * Makes a retry budget: retries may add a share to the traffic, however many streams fail at once.
 *
 * A retry costs a token of its provider's account, and of its tenant's if it has one; a success gives a tenth back, and time gives a
 * little. A wait that the provider asked for (429) costs none. A budget is of one process; `shareResilience()` charges it with what others
 * spend.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * const budget = createRetryBudget({ tokens: 20 });
 * createClient({ provider, budget });
 * tokens$.pipe(retry(backoff({ budget })), fundRetries(budget, { provider: 'mine' }));
 * ```
 */
export function createRetryBudget(config: RetryBudgetConfig = {}): RetryBudget {
  const moves$ = new Subject<BudgetMove>();
  const settings = parseOptions('createRetryBudget', retryBudgetSchema, config);
  const machine = new RetryBudgetMachine(settings, monotonicClock(), (move) => moves$.next(move));
  return {
    kind: 'budget',
    take: (key) => machine.take(key),
    called: (key) => machine.called(key),
    credit: (key) => machine.credit(key),
    remaining: (key) => machine.remaining(key),
    spend: (key, tokens) => machine.spend(key, tokens),
    moves$: moves$.asObservable(),
  };
}

/**
 * Tells a retry budget of a call that begins, and of its success when the source completes.
 *
 * Emits what the source emits. Without a budget it is no step at all.
 */
export function fundRetries<T>(budget: RetryBudget | undefined, key: BudgetKey): MonoTypeOperatorFunction<T> {
  if (!budget) return (source) => source;
  return (source) =>
    new Observable((subscriber) => {
      budget.called(key);
      source.subscribe(
        new OperatorSubscriber<T>(subscriber, {
          complete: () => {
            budget.credit(key);
            subscriber.complete();
          },
        }),
      );
    });
}
