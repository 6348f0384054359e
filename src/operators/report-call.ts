import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import type { EventLike, StreamEvent } from '../core/event.ts';
import type { Moment } from '../core/lifecycle.ts';
import type { ProviderError } from '../core/provider-error.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/**
 * Tells of a call: each `retry`, and how it ended: `finish`, `error`, or `cancel` when the consumer left before.
 *
 * Emits what the source emits. Without somebody to tell it is no step at all.
 */
export function reportCall<T extends EventLike>(report: ((moment: Moment) => void) | undefined): MonoTypeOperatorFunction<T> {
  if (!report) return (source) => source;
  return (source) =>
    new Observable((subscriber) => {
      let hasEnded = false;
      subscriber.add(() => {
        if (!hasEnded) report({ type: 'cancel' });
      });
      source.subscribe(
        new OperatorSubscriber<T>(subscriber, {
          next: (value) => {
            const event = value as StreamEvent | T;
            if (event.type === 'retry') {
              const { delayMs, error } = event as Extract<StreamEvent, { type: 'retry' }>;
              report({ type: 'retry', delayMs, category: error.category, error });
            } else if (event.type === 'finish') {
              const { finishReason, usage } = event as Extract<StreamEvent, { type: 'finish' }>;
              hasEnded = true;
              report({ type: 'finish', finishReason, usage });
            }
            subscriber.next(value);
          },
          error: (error) => {
            hasEnded = true;
            report({ type: 'error', error: error as ProviderError });
            subscriber.error(error);
          },
        }),
      );
    });
}
