import { EMPTY, Observable } from 'rxjs';
import * as z from 'zod';
import { defaults } from '../core/defaults.ts';
import { instance, milliseconds, parseOptions } from '../core/options.ts';
import type { EvidenceVerdict } from '../policies/resilience-evidence.ts';
import type { RetryBudget } from '../policies/retry-budget.ts';
import type { Cooldowns } from './cooldown.ts';
import type { CircuitBreakers } from './create-circuit-breaker.ts';
import { type EvidenceExchange, EvidenceRounds, type SharingEvent } from './evidence-rounds.ts';

/** What is shared with other processes, and by what. */
export interface ShareResilienceConfig {
  /** Where the processes meet: `redisEvidence()`, or one of yours. It is not closed with the subscription. */
  readonly exchange: EvidenceExchange;
  /** Default: breakers are not shared. */
  readonly breakers?: CircuitBreakers | undefined;
  /** Default: cooldowns are not shared. */
  readonly cooldowns?: Cooldowns | undefined;
  /** Default: what retries cost is not shared. */
  readonly budget?: RetryBudget | undefined;
  /**
   * Verdicts of yours, which hold here too: that a key was revoked, say. It may complete or fail; what it said before still holds.
   * Default: none.
   */
  readonly evidence$?: Observable<EvidenceVerdict> | undefined;
  /** Milliseconds between two rounds, give or take a quarter; from 100. Default: 1,000. */
  readonly every?: number | undefined;
}

const observable = z.custom<Observable<EvidenceVerdict>>(
  (value) => typeof (value as Partial<Observable<unknown>> | null)?.subscribe === 'function',
  {
    error: 'must be an Observable',
  },
);

const schema = z.strictObject({
  exchange: instance<EvidenceExchange>('exchange', 'redisEvidence'),
  breakers: instance<CircuitBreakers>('changes$', 'createCircuitBreakers').optional(),
  cooldowns: instance<Cooldowns>('limits$', 'createCooldowns').optional(),
  budget: instance<RetryBudget>('moves$', 'createRetryBudget').optional(),
  evidence$: observable.default(EMPTY),
  every: milliseconds(100).default(defaults.sharing.every),
});

/**
 * Shares what processes find out about providers, as long as it is subscribed to: evidence, never state. Breakers, cooldowns and budgets decide
 * by what they hold in memory; a round in the background tells the others what this process has found out, and this process what the others
 * have. No decision waits for it, no call fails because of it.
 *
 * A wait that a provider asked for holds back every process. A breaker that opened for a failure with a Retry-After opens the others; one that
 * opened for failures without a word of the provider's opens them only where half of the processes agree, and two at least, for it may be the
 * trouble of one machine. Retries are charged to all. Each process probes for itself, by chance a little later than the others.
 *
 * Emits a {@link SharingEvent} when sharing begins, fails or works again, and for each verdict of others that is acted upon. Never completes and
 * raises nothing: an exchange that fails is `degraded`, and decisions rest on what this process knows. Unsubscribing ends it at once, with its
 * timer; until then the timer keeps a process alive, so unsubscribe when it shuts down. Each subscription is a process of its own to the others.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * import { createClient as createRedisClient } from 'redis';
 * import { redisEvidence } from 'steadystream/redis';
 *
 * const breakers = createCircuitBreakers();
 * const cooldowns = createCooldowns();
 * const budget = createRetryBudget();
 * const exchange = redisEvidence({ client: createRedisClient({ url: 'redis://localhost:6379' }) });
 * const sharing = shareResilience({ exchange, breakers, cooldowns, budget }).subscribe((event) => console.log(event.type));
 * const client = createClient({ provider, breakers, cooldowns, budget });
 * sharing.unsubscribe();
 * await exchange.close();
 * ```
 */
export function shareResilience(config: ShareResilienceConfig): Observable<SharingEvent> {
  const settings = parseOptions('shareResilience', schema, config);
  return new Observable((subscriber) => {
    const rounds = new EvidenceRounds(settings, (event) => subscriber.next(event));
    subscriber.add(() => rounds.end());
    rounds.begin();
  });
}
