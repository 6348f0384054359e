import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import { errorCategories } from '../core/error-category.ts';
import type { EventLike } from '../core/event.ts';
import { instance, parseOptions } from '../core/options.ts';
import { isProviderError, ProviderError } from '../core/provider-error.ts';
import { classify } from './classify-errors.ts';
import { type ContentConfig, contentTest } from './content.ts';
import type { CircuitBreaker } from './create-circuit-breaker.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

const breakerSchema = instance<CircuitBreaker>('acquire', 'createCircuitBreaker');

/**
 * Guards a stream with a circuit breaker that is shared with others: a permit on subscribe, the verdict at first content, the permit
 * back on unsubscribe.
 *
 * Emits what the source emits. While the breaker refuses, it raises `circuit-open` without subscribing, with `retryAfterMs`. A death
 * after content counts apart from failures to start; what was cancelled counts as nothing.
 *
 * @example
 * ```ts
 * const breaker = createCircuitBreaker();
 * attempt$.pipe(classifyErrors(), circuitBreaker(breaker), retry(backoff()));
 * ```
 *
 * @see [marbles/circuit-breaker.md](../../marbles/circuit-breaker.md)
 */
export function circuitBreaker<T>(breaker: CircuitBreaker, config: ContentConfig<T> = {}): MonoTypeOperatorFunction<T> {
  parseOptions('circuitBreaker', breakerSchema, breaker);
  const isContent = contentTest(config);
  return (source) =>
    new Observable((subscriber) => {
      const admission = breaker.acquire();
      if (!('permit' in admission)) {
        subscriber.error(new ProviderError({ category: 'circuit-open', phase: 'local', retryAfterMs: admission.retryAfterMs }));
        return;
      }
      const { permit } = admission;
      let hasContent = false;
      source.subscribe(
        new OperatorSubscriber<T>(subscriber, {
          next: (value) => {
            if (!hasContent && isContent(value)) {
              hasContent = true;
              permit.arrive();
            }
            // A consumer may leave at the end, before the completion.
            if ((value as Partial<EventLike> | null | undefined)?.type === 'finish') permit.finish();
            subscriber.next(value);
          },
          error: (error) => {
            const { category, retryAfterMs } = isProviderError(error) ? error : classify(error);
            // Busy and saying until when is not broken: that is the cooldown's business.
            const isBusy = category === 'overloaded' && retryAfterMs !== undefined;
            permit.fail(isBusy ? 'neutral' : errorCategories[category].outcome, retryAfterMs);
            subscriber.error(error);
          },
          complete: () => {
            permit.finish();
            subscriber.complete();
          },
        }),
      );
      // After an outcome this does nothing.
      subscriber.add(() => permit.release());
    });
}
