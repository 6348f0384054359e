import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import * as z from 'zod';
import { defaults } from '../core/defaults.ts';
import type { EventLike } from '../core/event.ts';
import { callback, count, parseOptions } from '../core/options.ts';
import { completeError, type ErrorInit, isProviderError } from '../core/provider-error.ts';
import { type ContentConfig, contentTest } from './content.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/** What `holdUntilContent` holds, and how much of it. */
export interface HoldConfig<T> extends ContentConfig<T> {
  /** How many values are held at most; one more is let through like content. Default: 64. */
  readonly maxItems?: number | undefined;
  /** What is known of the attempt, for errors that do not say it. */
  readonly facts?: Pick<ErrorInit, 'requestId' | 'attempt' | 'provider' | 'model'> | undefined;
}

const schema = z.strictObject({
  maxItems: count(0).default(defaults.preamble.maxItems),
  isContent: callback<(value: unknown) => boolean>().optional(),
  facts: z.custom<HoldConfig<unknown>['facts']>().optional(),
});

/**
 * The commit point: holds what comes before the first content back, so that an attempt that fails without content leaves no trace.
 *
 * Emits everything that was held at the first content, or at completion, and passes through from then on; `retry` events, which are of other
 * attempts, at once. On an error before content the held values are dropped. An error that does not say its phase, provider, model or request id is told.
 *
 * @example
 * ```ts
 * attempt$.pipe(holdUntilContent(), retry(backoff())); // 'start' comes once, whatever was retried
 * ```
 *
 * @see [marbles/hold-until-content.md](../../marbles/hold-until-content.md)
 */
export function holdUntilContent<T>(config: HoldConfig<T> = {}): MonoTypeOperatorFunction<T> {
  const { maxItems } = parseOptions('holdUntilContent', schema, config);
  const isContent = contentTest(config);
  return (source) =>
    new Observable((subscriber) => {
      const held: T[] = [];
      let isFlushing = false;
      let hasFlushed = false;

      // What comes while the held values are delivered waits behind them.
      const flush = (): void => {
        isFlushing = true;
        for (const value of held) subscriber.next(value);
        hasFlushed = true;
        held.length = 0;
        upstream.passThrough();
      };

      const upstream = new OperatorSubscriber<T>(subscriber, {
        next: (value) => {
          // The attempts behind a relay leave no trace either, and whoever looks at a wait wants to know of it now.
          if (!isFlushing && (value as Partial<EventLike> | undefined)?.type === 'retry') {
            subscriber.next(value);
            return;
          }
          held.push(value);
          if (isFlushing || (!isContent(value) && held.length <= maxItems)) return;
          flush();
        },
        error: (error) => {
          // What was let through cannot be taken back, be it content or not.
          const phase = hasFlushed ? ('streaming' as const) : undefined;
          // Asked for now: the number of an attempt is known once it has begun.
          const { requestId, attempt, provider, model } = config.facts ?? {};
          const facts = { requestId, attempt: attempt || undefined, provider, model, phase };
          subscriber.error(isProviderError(error) ? completeError(error, facts) : error);
        },
        complete: () => {
          if (!isFlushing) flush();
          subscriber.complete();
        },
      });
      source.subscribe(upstream);
    });
}
