import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import type { Checkpoint } from '../core/checkpoint.ts';
import type { EventLike, StreamEvent } from '../core/event.ts';
import type { Moment } from '../core/lifecycle.ts';
import type { ProviderError } from '../core/provider-error.ts';
import type { StreamRequest } from '../core/request.ts';
import type { Delivered } from './checkpoint.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/** What is told of a call beside its events. */
interface CallReport {
  /** Tells whoever listens; `undefined` if nobody does. */
  readonly report: ((moment: Moment) => void) | undefined;
  readonly delivered: Pick<Delivered, 'snapshot' | 'partial'>;
}

/**
 * Tells of a call: that it begins, each `retry`, `seam` and `restart`, and how it ended: `finish`, `error`, or `cancel` when the consumer left before.
 *
 * Emits what the source emits. Without somebody to tell it is no step at all.
 */
export function reportCall<T extends EventLike>(
  { report, delivered }: CallReport,
  request: StreamRequest,
  from: Checkpoint | undefined,
): MonoTypeOperatorFunction<T> {
  if (!report) return (source) => source;

  const tell = (event: StreamEvent): void => {
    if (event.type === 'retry') {
      const { delayMs, error } = event;
      report({ type: 'retry', delayMs, category: error.category, error });
    } else if (event.type === 'seam') {
      report({ type: 'seam' });
    } else if (event.type === 'restart') {
      report({ type: 'restart', error: event.error });
    } else if (event.type === 'finish') {
      const { finishReason, rawFinishReason, usage, usageOverAllAttempts } = event;
      const result = () => delivered.snapshot();
      report({ type: 'finish', finishReason, rawFinishReason, usage, ...(usageOverAllAttempts && { usageOverAllAttempts }), result });
    }
  };

  return (source) =>
    new Observable((subscriber) => {
      let hasEnded = false;
      report({ type: 'begin', request, ...(from && { from }) });
      subscriber.add(() => {
        if (!hasEnded) report({ type: 'cancel', partial: () => delivered.partial?.() });
      });
      source.subscribe(
        new OperatorSubscriber<T>(subscriber, {
          next: (event) => {
            // Of many events hardly any is a step.
            if (event.type !== 'text-delta') {
              tell(event as StreamEvent | T as StreamEvent);
              hasEnded ||= event.type === 'finish';
            }
            subscriber.next(event);
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
