import { asyncScheduler, type MonoTypeOperatorFunction, Observable, Subscriber } from 'rxjs';
import { type EventLike, isContentEvent, type StreamEvent } from '../core/event.ts';
import type { Usage } from '../core/stream-result.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/** For how long an answer that nobody wants any more is read on, and who hears what it cost. */
export interface UsageAfterStopConfig {
  /** Milliseconds. */
  readonly for: number;
  /** Whether it was the consumer who left: what is ended for another reason is not read on. */
  readonly isStopped: () => boolean;
  readonly report: (usage: Usage) => void;
}

/**
 * Reads an answer on after its consumer has stopped it, to hear the exact usage: providers tell it at the end.
 *
 * Emits what the source emits. When the consumer leaves after content, the source stays subscribed until it has told its usage, or so many
 * milliseconds have passed; nothing is emitted any more. Without a configuration it is no step at all.
 */
export function usageAfterStop<T extends EventLike>(config: UsageAfterStopConfig | undefined): MonoTypeOperatorFunction<T> {
  if (config === undefined) return (source) => source;
  return (source) =>
    new Observable((subscriber) => {
      let hasContent = false;
      let hasEnded = false;
      // Lives on when the subscriber does not.
      const reading = new Subscriber<unknown>();
      subscriber.add(() => {
        if (hasEnded || !hasContent || !config.isStopped()) reading.unsubscribe();
        else reading.add(asyncScheduler.schedule(() => reading.unsubscribe(), config.for));
      });
      source.subscribe(
        new OperatorSubscriber<T>(reading, {
          next: (event) => {
            hasContent ||= isContentEvent(event);
            if (!subscriber.closed) {
              subscriber.next(event);
            } else if (event.type === 'finish') {
              reading.unsubscribe();
              config.report((event as unknown as Extract<StreamEvent, { type: 'finish' }>).usage);
            }
          },
          error: (error) => {
            hasEnded = true;
            if (subscriber.closed) reading.unsubscribe();
            else subscriber.error(error);
          },
          complete: () => {
            hasEnded = true;
            subscriber.complete();
          },
        }),
      );
    });
}
