import { asyncScheduler, type MonoTypeOperatorFunction, Observable, type Subscription } from 'rxjs';
import * as z from 'zod';
import { defaults, maxTimerDelay } from '../core/defaults.ts';
import { currentFlowGate, FlowGate, withFlowGate } from '../core/flow-gate.ts';
import { milliseconds, parseOptions, within } from '../core/options.ts';
import { isProviderError } from '../core/provider-error.ts';
import { maxCluster, requireSegmenter } from '../policies/graphemes.ts';
import { Pace } from '../policies/pace.ts';
import { monotonicClock } from './clock.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/** How fast text is shown. */
export interface SmoothConfig {
  /** Characters a second, as a reader counts them: a flag is one. 1 to 100,000. Default: 200. */
  readonly charactersPerSecond?: number | undefined;
  /** How long text may wait, in milliseconds; where the pace is too slow for that, it rises. `Infinity` lets it wait. Default: 2,000. */
  readonly maxLag?: number | undefined;
}

const schema = z.strictObject({
  charactersPerSecond: within(1, 100_000).default(defaults.textShaping.charactersPerSecond),
  maxLag: milliseconds(0).default(defaults.textShaping.maxLag),
});

const every = defaults.viewState.every;
const maxHeld = defaults.ring.maxBytes / 2;

/**
 * Shows text at a steady pace, however it came: in bursts, in long pieces, one character at a time.
 *
 * Emits whole characters, as a reader counts them, once a frame (16 ms) at most. The last waits for what comes after it, since it may still
 * grow, for `maxLag` at most. A source that is faster is paused, down to the socket; one that cannot pause raises the pace, so that nothing waits
 * longer than `maxLag` and no more than 1 MiB is held. After the completion the rest keeps its pace; an error comes after all of the rest, at once;
 * on `cancelled` the rest is dropped. One timer at most, and none while nothing waits.
 *
 * @throws TypeError for an option that is unknown or out of range, and where the runtime has no `Intl.Segmenter`.
 *
 * @example
 * ```ts
 * client.stream(request).pipe(textDeltas(), smooth({ charactersPerSecond: 120 })).subscribe((text) => bubble.append(text));
 * ```
 *
 * @see [marbles/smooth.md](../../marbles/smooth.md)
 */
export function smooth(config: SmoothConfig = {}): MonoTypeOperatorFunction<string> {
  requireSegmenter('smooth');
  const { charactersPerSecond, maxLag } = parseOptions('smooth', schema, config);
  // What the pace can show in half of the lag: with more, it would soon have to rise.
  const inTime = Math.ceil((charactersPerSecond * maxLag) / 2_000);
  const pauseAt = Math.max(2 * maxCluster, Math.min(inTime, defaults.textShaping.pauseAt));
  return (source) =>
    new Observable((subscriber) => {
      const now = monotonicClock();
      const pace = new Pace({ charactersPerSecond, maxLag, maxHeld, every });
      const gate = new FlowGate();
      const downstream = currentFlowGate();
      let timer: Subscription | undefined;
      let armedFor = Number.POSITIVE_INFINITY;
      let isEnded = false;

      const emit = (text: string): void => {
        if (text !== '') subscriber.next(text);
      };

      const step = (): void => {
        timer?.unsubscribe();
        armedFor = Number.POSITIVE_INFINITY;
        const isPaused = downstream?.open === false;
        // For a consumer that pauses all waits, but not more than is allowed.
        if (!isPaused) emit(pace.take(now()));
        else if (pace.held > maxHeld) emit(pace.takeRest());
        if (subscriber.closed) return;
        if (pace.held <= pauseAt / 2) gate.reopen();
        if (isEnded && pace.held === 0) subscriber.complete();
        else if (!isPaused) arm();
      };

      const arm = (): void => {
        const due = pace.dueAt;
        // A little earlier is not worth another timer.
        if (due === Number.POSITIVE_INFINITY || due > armedFor - every) return;
        timer?.unsubscribe();
        armedFor = due;
        timer = asyncScheduler.schedule(step, Math.min(Math.max(0, due - now()), maxTimerDelay));
      };

      const upstream = new OperatorSubscriber<string>(subscriber, {
        next: (delta) => {
          pace.add(delta, now());
          if (armedFor === Number.POSITIVE_INFINITY || pace.held > maxHeld) step();
          else arm();
          if (pace.held >= pauseAt) gate.close();
        },
        error: (error) => {
          timer?.unsubscribe();
          if (!isProviderError(error) || error.category !== 'cancelled') emit(pace.takeRest());
          subscriber.error(error);
        },
        complete: () => {
          isEnded = true;
          pace.end(now());
          step();
        },
      });
      subscriber.add(() => timer?.unsubscribe());
      if (downstream) {
        downstream.taken = true;
        subscriber.add(downstream.onReopen(step));
      }
      withFlowGate(gate, () => source.subscribe(upstream));
    });
}
