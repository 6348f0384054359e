import { fromEvent, type MonoTypeOperatorFunction, Observable, share } from 'rxjs';
import { ProviderError } from '../core/provider-error.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/**
 * Ends a stream when a signal aborts: unsubscribes from it, be it in a request or in a wait, and raises `cancelled`.
 *
 * Emits what the source emits. A signal that has aborted before means that the source is never subscribed. Without a signal it is no
 * step at all. No listener is left on the signal.
 *
 * @example
 * ```ts
 * const stop = new AbortController();
 * tokens$.pipe(cancelOn(stop.signal));
 * ```
 *
 * @see [marbles/cancel-on.md](../../marbles/cancel-on.md)
 */
export function cancelOn<T>(signal: AbortSignal | undefined): MonoTypeOperatorFunction<T> {
  if (!signal) return (source) => source;
  return (source) =>
    new Observable((subscriber) => {
      const cancel = (): void => {
        upstream.unsubscribe();
        subscriber.error(new ProviderError({ category: 'cancelled', phase: 'local', cause: signal.reason }));
      };
      const upstream = new OperatorSubscriber<T>(subscriber, {});
      if (signal.aborted) {
        cancel();
        return;
      }
      subscriber.add(abortOf(signal).subscribe(cancel));
      source.subscribe(upstream);
    });
}

const aborts = new WeakMap<AbortSignal, Observable<unknown>>();

/** One listener a signal: Node takes a dozen of them, as of streams that share the signal of a shutdown, for a leak, and warns. */
function abortOf(signal: AbortSignal): Observable<unknown> {
  const abort$ = aborts.get(signal) ?? fromEvent(signal, 'abort').pipe(share());
  aborts.set(signal, abort$);
  return abort$;
}
