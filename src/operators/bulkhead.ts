import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import * as z from 'zod';
import { count, instance, limit, parseOptions } from '../core/options.ts';
import { BulkheadMachine } from '../policies/bulkhead.ts';
import { limitExceeded } from './limit-exceeded.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';
import { TurnQueue } from './turn-queue.ts';

/** How many streams may run at once, and wait. */
export interface BulkheadConfig {
  readonly maxConcurrent: number;
  /** Streams that wait for a place, first in, first out; one more is refused. `Infinity` is no limit. Default: 0. */
  readonly maxQueue?: number | undefined;
}

/** Places for streams, shared by all that it is given to. */
export interface Bulkhead {
  /** Streams that run. */
  readonly active: number;
  /** Streams that wait. */
  readonly waiting: number;
  /** @internal Takes a place, or a place in the line; `false` if there is neither. */
  readonly enter: (go: (release: () => void) => void) => (() => void) | false;
}

const placesSchema = instance<Bulkhead>('enter', 'createBulkhead');

const schema = z.strictObject({ maxConcurrent: count(1), maxQueue: limit(0).default(0) });

/**
 * Makes a bulkhead: so many streams at once, the others wait in a fair line.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * const places = createBulkhead({ maxConcurrent: 4, maxQueue: 100 });
 * prompts$.pipe(mergeMap((prompt) => answer(prompt).pipe(bulkhead(places))));
 * ```
 */
export function createBulkhead(config: BulkheadConfig): Bulkhead {
  const { maxConcurrent, maxQueue } = parseOptions('createBulkhead', schema, config);
  const machine = new BulkheadMachine(maxConcurrent);
  const queue = new TurnQueue();

  return {
    get active() {
      return machine.active;
    },
    get waiting() {
      return queue.length;
    },
    enter(go) {
      const isFull = machine.due() > 0 || queue.length > 0;
      if (isFull && queue.length >= maxQueue) return false;
      return queue.join({
        due: () => machine.due(),
        go: () => {
          let isHeld = true;
          machine.pass();
          go(() => {
            if (!isHeld) return;
            isHeld = false;
            machine.release();
            queue.advance();
          });
        },
      });
    },
  };
}

/**
 * Waits for a free place before the source is subscribed, and gives it back when the stream ends, however it ends.
 *
 * Emits what the source emits. With no place and a full line it raises `limit-exceeded`. A waiter that is unsubscribed leaves at once.
 *
 * @see [marbles/bulkhead.md](../../marbles/bulkhead.md)
 */
export function bulkhead<T>(places: Bulkhead): MonoTypeOperatorFunction<T> {
  parseOptions('bulkhead', placesSchema, places);
  return (source) =>
    new Observable((subscriber) => {
      const leave = places.enter((release) => {
        subscriber.add(release);
        source.subscribe(new OperatorSubscriber<T>(subscriber, {}));
      });
      if (leave) subscriber.add(leave);
      else subscriber.error(limitExceeded('every place of the bulkhead is taken, and so is its line'));
    });
}
