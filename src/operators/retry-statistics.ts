import { Observable, type OperatorFunction } from 'rxjs';
import type { LifecycleEvent } from '../core/lifecycle.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/** What retries came to since somebody began to count. */
export interface RetryStatistics {
  /** Retries by provider and category: `openai:rate-limit`. */
  readonly retries: Readonly<Record<string, number>>;
  /** Failures by category: those that were tried again, and those that were not. */
  readonly errors: Readonly<Record<string, number>>;
  /** Calls by provider that ended well, or badly, after at least one retry. */
  readonly successes: Readonly<Record<string, number>>;
  readonly failures: Readonly<Record<string, number>>;
  /** All waits together, in milliseconds. */
  readonly totalDelayMs: number;
}

const nothing: RetryStatistics = { retries: {}, errors: {}, successes: {}, failures: {}, totalDelayMs: 0 };

/**
 * Counts what retries came to, from a client's lifecycle.
 *
 * Emits the counts at once, all zero, and anew with each event that changes them. Subscribing again begins again. A call that fails
 * without a retry is an error, and no failure of a retry.
 *
 * @example
 * ```ts
 * client.lifecycle$.pipe(retryStatistics()).subscribe(({ retries, totalDelayMs }) => report(retries, totalDelayMs));
 * ```
 */
export function retryStatistics(): OperatorFunction<LifecycleEvent, RetryStatistics> {
  return (source) =>
    new Observable((subscriber) => {
      // Calls that run and have been retried; each leaves when it ends.
      const retried = new Set<string>();
      let counts = nothing;
      subscriber.next(counts);
      source.subscribe(
        new OperatorSubscriber<LifecycleEvent>(subscriber, {
          next: (event) => {
            const before = counts;
            counts = count(counts, event, retried);
            if (counts !== before) subscriber.next(counts);
          },
        }),
      );
    });
}

function count(counts: RetryStatistics, event: LifecycleEvent, retried: Set<string>): RetryStatistics {
  if (event.type === 'retry') {
    const { provider, category, delayMs, requestId } = event;
    retried.add(requestId);
    return {
      ...counts,
      retries: oneMore(counts.retries, `${provider}:${category}`),
      errors: oneMore(counts.errors, category),
      totalDelayMs: counts.totalDelayMs + delayMs,
    };
  }
  if (event.type !== 'finish' && event.type !== 'error' && event.type !== 'cancel') return counts;
  const wasRetried = retried.delete(event.requestId);
  if (event.type === 'finish') return wasRetried ? { ...counts, successes: oneMore(counts.successes, event.provider) } : counts;
  if (event.type === 'cancel') return counts;
  const errors = oneMore(counts.errors, event.error.category);
  return { ...counts, errors, ...(wasRetried && { failures: oneMore(counts.failures, event.provider) }) };
}

function oneMore(counts: Readonly<Record<string, number>>, key: string): Record<string, number> {
  return { ...counts, [key]: (counts[key] ?? 0) + 1 };
}

/** The share of retried calls of a provider that ended well; 0 where there was none. */
export function retrySuccessRate({ successes, failures }: RetryStatistics, provider: string): number {
  const well = successes[provider] ?? 0;
  return well === 0 ? 0 : well / (well + (failures[provider] ?? 0));
}
