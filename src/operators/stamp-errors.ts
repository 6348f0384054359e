import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import { completeError, type ErrorInit, type ProviderError } from '../core/provider-error.ts';
import { classify } from './classify-errors.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/**
 * Tells every error that leaves what only the whole call knows: request id, ledger, partial answer.
 *
 * Emits what the source emits. What is not yet a `ProviderError` becomes one. A failure after the end is none, and completes.
 *
 * @param facts Asked for when an error leaves; `undefined` after the end.
 */
export function stampErrors<T>(facts: (error: ProviderError) => Partial<ErrorInit> | undefined): MonoTypeOperatorFunction<T> {
  return (source) =>
    new Observable((subscriber) => {
      source.subscribe(
        new OperatorSubscriber<T>(subscriber, {
          error: (thrown) => {
            const error = classify(thrown);
            const known = facts(error);
            if (known) subscriber.error(completeError(error, known));
            else subscriber.complete();
          },
        }),
      );
    });
}
