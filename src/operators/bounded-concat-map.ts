import { from, Observable, type ObservableInput, type ObservedValueOf, type OperatorFunction } from 'rxjs';
import { currentFlowGate, FlowGate, withFlowGate } from '../core/flow-gate.ts';
import { parseOptions } from '../core/options.ts';
import { isProviderError } from '../core/provider-error.ts';
import { Buffering, type BufferingConfig, bufferingSchema } from './buffering.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/**
 * RxJS's `concatMap` with a bounded buffer: for asynchronous work on each value, at the consumer's pace.
 *
 * Emits what the inner Observables emit, one after the other. While `maxItems` or `maxBytes` wait, the source is paused, down to the
 * socket; a source that cannot pause raises `buffer-overflow`. With another `overflow`, values are dropped instead, but never the end,
 * usage or tool events. What waits is still delivered before an error of the source, but dropped on `cancelled`.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * client.stream(request).pipe(textDeltas(), boundedConcatMap((text) => speak(text)));
 * ```
 *
 * @see [marbles/bounded-concat-map.md](../../marbles/bounded-concat-map.md)
 */
export function boundedConcatMap<T, O extends ObservableInput<unknown>>(
  project: (value: T, index: number) => O,
  config: BufferingConfig<T> = {},
): OperatorFunction<T, ObservedValueOf<O>> {
  const settings = parseOptions('boundedConcatMap', bufferingSchema, config);
  return (source) =>
    new Observable((subscriber) => {
      const buffer = new Buffering<T>(settings);
      const gate = new FlowGate();
      const downstream = currentFlowGate();
      let index = 0;
      let isBusy = false;
      let end: { readonly error?: unknown } | undefined;

      const finish = (): void => {
        if (!end) return;
        if ('error' in end) subscriber.error(end.error);
        else subscriber.complete();
      };

      const work = (value: T): void => {
        isBusy = true;
        from(project(value, index++)).subscribe(
          new OperatorSubscriber<unknown>(subscriber, {
            next: (inner) => subscriber.next(inner as ObservedValueOf<O>),
            complete: () => {
              isBusy = false;
              advance();
            },
          }),
        );
      };

      // A loop: inner Observables that complete synchronously would recurse.
      let isAdvancing = false;
      const advance = (): void => {
        if (isAdvancing) return;
        isAdvancing = true;
        while (!isBusy && !subscriber.closed && downstream?.open !== false) {
          const next = buffer.take();
          if (!next) {
            finish();
            break;
          }
          if (buffer.hasRoom) gate.reopen();
          try {
            work(next.value);
          } catch (error) {
            subscriber.error(error);
          }
        }
        isAdvancing = false;
      };

      const upstream = new OperatorSubscriber<T>(subscriber, {
        next: (value) => {
          const overflow = buffer.offer(value, gate.taken);
          if (overflow) throw overflow;
          advance();
          if (buffer.wantsPause) gate.close();
        },
        error: (error) => {
          if (isProviderError(error) && error.category === 'cancelled') {
            // Whoever cancels waits neither for what is queued nor for the work in hand.
            subscriber.error(error);
            return;
          }
          end = { error };
          if (!isBusy) advance();
        },
        complete: () => {
          end = {};
          if (!isBusy) advance();
        },
      });
      if (downstream) {
        downstream.taken = true;
        subscriber.add(downstream.onReopen(advance));
      }
      subscriber.add(() => buffer.clear());
      withFlowGate(gate, () => source.subscribe(upstream));
    });
}
