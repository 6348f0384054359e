import { from, Observable, type ObservableInput, type ObservedValueOf, type OperatorFunction } from 'rxjs';
import * as z from 'zod';
import { type ErrorCategory, errorCategories } from '../core/error-category.ts';
import { callback, parseOptions } from '../core/options.ts';
import type { ProviderError } from '../core/provider-error.ts';
import { classify } from './classify-errors.ts';
import { type ContentConfig, contentTest } from './content.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/** When another source takes over. */
export interface FallbackConfig<T> extends ContentConfig<T> {
  /** The categories that another source may help with. Default: {@link fallbackCategories}. */
  readonly on?: readonly ErrorCategory[] | undefined;
  /** Whether it may take over after content too: its content then follows what was emitted. Default: false. */
  readonly afterContent?: boolean | undefined;
}

/** What another provider or model may help with, unless told otherwise: everything but the caller's own mistakes and wishes. */
export const fallbackCategories: readonly ErrorCategory[] = [
  'overloaded',
  'server-error',
  'network',
  'interrupted',
  'timeout',
  'protocol',
  'rate-limit',
  'quota-exhausted',
  'circuit-open',
  'limit-exceeded',
];

/** @internal The schema of the categories, for the client's options too. */
export const categoriesSchema = z.array(z.enum(Object.keys(errorCategories) as [ErrorCategory], { error: 'must be an error category' }), {
  error: 'must be an array of error categories',
});

const schema = z.strictObject({
  on: categoriesSchema.default([...fallbackCategories]),
  afterContent: z.boolean({ error: 'must be true or false' }).default(false),
  isContent: callback<(value: unknown) => boolean>().optional(),
});

/**
 * Goes on with another source when this one cannot.
 *
 * Emits what the source emits; when it fails before content, in one of the categories, what `next(error)` emits. Any other error
 * passes, and so does the other source's own.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * primary$.pipe(fallbackTo(() => secondary$, { on: ['overloaded', 'circuit-open'] }));
 * ```
 *
 * @see [marbles/fallback-to.md](../../marbles/fallback-to.md)
 */
export function fallbackTo<T, O extends ObservableInput<unknown>>(
  next: (error: ProviderError) => O,
  config: FallbackConfig<T> = {},
): OperatorFunction<T, T | ObservedValueOf<O>> {
  if (typeof next !== 'function') throw new TypeError('fallbackTo: next must be a function that gives the other source');
  const { on, afterContent } = parseOptions('fallbackTo', schema, config);
  const isContent = contentTest(config);
  return (source) =>
    new Observable((subscriber) => {
      let hasContent = false;
      const first = new OperatorSubscriber<T>(subscriber, {
        next: (value) => {
          hasContent ||= isContent(value);
          subscriber.next(value);
        },
        error: (thrown) => {
          const error = classify(thrown);
          const isCommitted = (hasContent || error.phase === 'streaming') && !afterContent;
          if (isCommitted || !on.includes(error.category)) {
            subscriber.error(error);
            return;
          }
          // What the first held (a place, a permit) may be what the other needs.
          first.unsubscribe();
          from(next(error)).subscribe(
            new OperatorSubscriber<unknown>(subscriber, { next: (value) => subscriber.next(value as ObservedValueOf<O>) }),
          );
        },
      });
      source.subscribe(first);
    });
}
