import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import type { StreamEvent } from '../core/event.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

type RetryEvent = Extract<StreamEvent, { type: 'retry' }>;

/** Where `backoff` leaves word of a retry, and `announceRetries` picks it up. */
export interface RetryAnnouncer {
  announce: ((retry: RetryEvent) => void) | undefined;
}

/**
 * Puts a `retry` event into the stream before each wait, so that a view can say "retrying". They may come before `start`.
 *
 * Emits what the source emits, and what `backoff` announces to the context meanwhile.
 */
export function announceRetries<T>(context: RetryAnnouncer): MonoTypeOperatorFunction<T | RetryEvent> {
  return (source) =>
    new Observable((subscriber) => {
      context.announce = (retry) => subscriber.next(retry);
      source.subscribe(new OperatorSubscriber<T | RetryEvent>(subscriber, {}));
    });
}
