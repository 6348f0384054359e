import { asyncScheduler, type MonoTypeOperatorFunction, Observable, type Subscription } from 'rxjs';
import * as z from 'zod';
import { maxTimerDelay } from '../core/defaults.ts';
import { afterDelivery } from '../core/delivery.ts';
import type { EventLike } from '../core/event.ts';
import { currentFlowGate, type FlowGate } from '../core/flow-gate.ts';
import { callback, milliseconds, parseOptions } from '../core/options.ts';
import { ProviderError } from '../core/provider-error.ts';
import { StreamDeadlines } from '../policies/stream-deadlines.ts';
import { monotonicClock } from './clock.ts';
import { type ContentConfig, contentTest } from './content.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/** The deadlines of a stream, in milliseconds; one that is left out, or `Infinity`, is not kept. */
export interface StreamTimeoutConfig {
  /** Until anything comes: for a response, its head. */
  readonly headers?: number | undefined;
  /** From the beginning until the first content. */
  readonly firstContent?: number | undefined;
  /** Between content and content. Heartbeats are no content, and a consumer's pause does not count. */
  readonly idle?: number | undefined;
  /** From the beginning to the end. */
  readonly total?: number | undefined;
}

/** @internal The schema of the deadlines, for the client's options too. */
export const streamTimeoutSchema = z.strictObject({
  headers: milliseconds(1).optional(),
  firstContent: milliseconds(1).optional(),
  idle: milliseconds(1).optional(),
  total: milliseconds(1).optional(),
});

const schema = streamTimeoutSchema.extend({
  isContent: callback<(value: unknown) => boolean>().optional(),
  flow: z.custom<FlowGate>().optional(),
});

/**
 * Ends a stream that is overdue: unsubscribes from it, which aborts its request, and raises a `timeout` that names its deadline.
 *
 * Emits what the source emits. One timer a stream, set anew only when it fires or when the next deadline comes earlier; a synchronous
 * source sets none. A value that comes in the very moment of its deadline wins.
 *
 * @example
 * ```ts
 * tokens$.pipe(streamTimeout({ firstContent: 10_000, idle: 5_000 }));
 * ```
 *
 * @see [marbles/stream-timeout.md](../../marbles/stream-timeout.md)
 */
export function streamTimeout<T>(
  config: StreamTimeoutConfig & ContentConfig<T> & { readonly flow?: FlowGate | undefined },
): MonoTypeOperatorFunction<T> {
  const given = parseOptions('streamTimeout', schema, config);
  const deadlines = {
    headers: given.headers ?? Number.POSITIVE_INFINITY,
    firstContent: given.firstContent ?? Number.POSITIVE_INFINITY,
    idle: given.idle ?? Number.POSITIVE_INFINITY,
    total: given.total ?? Number.POSITIVE_INFINITY,
  };
  // Nothing asked for costs nothing.
  if (Math.min(...Object.values(deadlines)) === Number.POSITIVE_INFINITY) return (source) => source;
  const watchesValues = Math.min(deadlines.headers, deadlines.firstContent, deadlines.idle) !== Number.POSITIVE_INFINITY;
  const isContent = contentTest(config);

  return (source) =>
    new Observable((subscriber) => {
      const now = monotonicClock();
      const watch = new StreamDeadlines(deadlines, now());
      const flow = config.flow ?? currentFlowGate();
      let timer: Subscription | undefined;
      let armedFor = Number.POSITIVE_INFINITY;
      let isArmed = false;
      let isStampDue = false;

      const arm = (): void => {
        const due = watch.due().at;
        // Later deadlines are found out when the timer fires; only an earlier one needs a new timer.
        if (due >= armedFor) return;
        timer?.unsubscribe();
        armedFor = due;
        timer = asyncScheduler.schedule(check, Math.min(due - now(), maxTimerDelay));
      };

      /** After the end nothing is due any more. */
      const rest = (): void => {
        timer?.unsubscribe();
        armedFor = Number.NEGATIVE_INFINITY;
      };

      const check = (): void => {
        armedFor = Number.POSITIVE_INFINITY;
        const { at, name } = watch.due();
        const isPaused = name === 'idle' && flow?.open === false;
        if (isPaused) watch.alive(now());
        else if (now() >= at) {
          upstream.unsubscribe();
          subscriber.error(new ProviderError({ category: 'timeout', timeout: name }));
          return;
        }
        arm();
      };

      const stamp = (): void => {
        isStampDue = false;
        watch.alive(now());
      };

      const upstream = new OperatorSubscriber<T>(subscriber, {
        next: watchesValues
          ? (value) => {
              const isLife = isContent(value);
              if (!isLife) {
                watch.headersCame();
                if ((value as Partial<EventLike> | null | undefined)?.type === 'finish') rest();
              }
              subscriber.next(value);
              if (!isLife || subscriber.closed) return;
              // What came at once is one sign of life.
              if (isStampDue) return;
              const isFirst = !watch.hasContent;
              // After the delivery: the time that a consumer takes is not the provider's.
              if (!isFirst && afterDelivery(stamp)) isStampDue = true;
              else watch.alive(now());
              if (isFirst && isArmed) arm();
            }
          : undefined,
      });
      source.subscribe(upstream);
      if (subscriber.closed) return;
      isArmed = true;
      arm();
      subscriber.add(() => timer?.unsubscribe());
      if (flow) subscriber.add(flow.onReopen(() => watch.hasContent && watch.alive(now())));
    });
}
