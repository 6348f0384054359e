import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import { ProviderError } from '../core/provider-error.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/**
 * Makes a stream's end honest: one that completes without a value that says so was `interrupted`.
 *
 * Emits what the source emits.
 *
 * @example
 * ```ts
 * fromAsyncIterable(openGemini).pipe(throwIfUnfinished((chunk) => chunk.candidates?.[0]?.finishReason !== undefined));
 * ```
 *
 * @see [marbles/throw-if-unfinished.md](../../marbles/throw-if-unfinished.md)
 */
export function throwIfUnfinished<T>(isFinish: (value: T) => boolean): MonoTypeOperatorFunction<T> {
  if (typeof isFinish !== 'function') throw new TypeError('throwIfUnfinished: isFinish must be a function');
  return (source) =>
    new Observable((subscriber) => {
      let hasFinished = false;
      source.subscribe(
        new OperatorSubscriber<T>(subscriber, {
          next: (value) => {
            hasFinished ||= isFinish(value);
            subscriber.next(value);
          },
          complete: () => {
            if (hasFinished) subscriber.complete();
            else subscriber.error(new ProviderError({ category: 'interrupted', reason: 'the stream ended before the answer did' }));
          },
        }),
      );
    });
}
