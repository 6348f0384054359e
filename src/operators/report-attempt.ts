import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import { type EventLike, isContentEvent } from '../core/event.ts';
import type { Moment } from '../core/lifecycle.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/**
 * Tells of an attempt as it goes: its `headers`, its `first-content`.
 *
 * Emits what the source emits. Without somebody to tell it is no step at all.
 */
export function reportAttempt<T extends EventLike>(report: ((moment: Moment) => void) | undefined): MonoTypeOperatorFunction<T> {
  if (!report) return (source) => source;
  return (source) =>
    new Observable((subscriber) => {
      let hasContent = false;
      source.subscribe(
        new OperatorSubscriber<T>(subscriber, {
          next: (event) => {
            if (event.type === 'start') report({ type: 'headers' });
            if (!hasContent && isContentEvent(event)) {
              hasContent = true;
              report({ type: 'first-content' });
            }
            subscriber.next(event);
          },
        }),
      );
    });
}
