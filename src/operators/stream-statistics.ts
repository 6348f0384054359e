import { Observable, type OperatorFunction } from 'rxjs';
import { type EventLike, isContentEvent, type StreamEvent } from '../core/event.ts';
import { monotonicClock } from './clock.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/** How fast an answer came. */
export interface StreamStatistics {
  /** Deltas of text, reasoning and refusals. */
  readonly deltas: number;
  /** UTF-16 code units in them. */
  readonly characters: number;
  /** Milliseconds from the subscription to the first content, retries and waits included; `undefined` if there was none. */
  readonly firstContentMs: number | undefined;
  /** Milliseconds from the subscription to the end. */
  readonly durationMs: number;
  /** Between first content and the end; 0 where no time passed. */
  readonly deltasPerSecond: number;
  readonly charactersPerSecond: number;
}

/**
 * How fast an answer came, once it has ended.
 *
 * Emits one value when the source completes, and completes. Fails with the source. Content that a `restart` makes void counts no longer.
 *
 * @example
 * ```ts
 * const events$ = client.stream(request).pipe(share());
 * events$.pipe(streamStatistics()).subscribe(({ firstContentMs, charactersPerSecond }) => log({ firstContentMs, charactersPerSecond }));
 * events$.pipe(textDeltas()).subscribe(show);
 * ```
 */
export function streamStatistics(): OperatorFunction<EventLike, StreamStatistics> {
  return (source) =>
    new Observable((subscriber) => {
      const now = monotonicClock();
      const begunAt = now();
      let firstContentMs: number | undefined;
      let deltas = 0;
      let characters = 0;
      source.subscribe(
        new OperatorSubscriber<EventLike>(subscriber, {
          next: (value) => {
            if (firstContentMs === undefined && isContentEvent(value)) firstContentMs = now() - begunAt;
            const event = value as StreamEvent;
            if (event.type === 'text-delta' || event.type === 'reasoning-delta' || event.type === 'refusal-delta') {
              deltas++;
              characters += event.text.length;
            } else if (event.type === 'restart') {
              deltas = 0;
              characters = 0;
            }
          },
          complete: () => {
            const durationMs = now() - begunAt;
            const seconds = (durationMs - (firstContentMs ?? 0)) / 1_000;
            const perSecond = (count: number): number => (seconds > 0 ? count / seconds : 0);
            const rates = { deltasPerSecond: perSecond(deltas), charactersPerSecond: perSecond(characters) };
            subscriber.next({ deltas, characters, firstContentMs, durationMs, ...rates });
            subscriber.complete();
          },
        }),
      );
    });
}
