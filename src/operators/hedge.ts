import { asyncScheduler, type MonoTypeOperatorFunction, Observable, type Subscription } from 'rxjs';
import * as z from 'zod';
import { defaults } from '../core/defaults.ts';
import { callback, count, milliseconds, parseOptions } from '../core/options.ts';
import type { ProviderError } from '../core/provider-error.ts';
import { classify } from './classify-errors.ts';
import { type ContentConfig, contentTest } from './content.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/** When another attempt is started beside a slow one. */
export interface HedgeConfig<T> extends ContentConfig<T> {
  /** Milliseconds without first content after which one more attempt begins. */
  readonly after: number;
  /** Attempts at once, the first included. 2 to 5. Default: 2. */
  readonly maxAttempts?: number | undefined;
  /** Asked before each further attempt; `false` means that it is not made. Default: always. */
  readonly mayStart?: (() => boolean) | undefined;
  /** Told of an attempt that fails while another goes on. */
  readonly onFailure?: ((error: ProviderError) => void) | undefined;
}

const schema = z.strictObject({
  after: milliseconds(0),
  maxAttempts: count(2, 5).default(2),
  mayStart: callback<() => boolean>().default(() => () => true),
  onFailure: callback<(error: ProviderError) => void>().optional(),
  isContent: callback<(value: unknown) => boolean>().optional(),
});

/**
 * Starts a second attempt when first content is late; the first of them to show content wins, and the others are unsubscribed.
 *
 * Subscribes to the source once more for each further attempt, so it must be cold. Emits what the winner emits, from its beginning.
 * Fails when every attempt that was started has failed, with the last error. Not for requests whose tools could run twice.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * attempt$.pipe(hedge({ after: 2_000 }));
 * ```
 *
 * @see [marbles/hedge.md](../../marbles/hedge.md)
 */
export function hedge<T>(config: HedgeConfig<T>): MonoTypeOperatorFunction<T> {
  const { after, maxAttempts, mayStart, onFailure } = parseOptions('hedge', schema, config);
  const isContent = contentTest(config);
  return (source) =>
    new Observable((subscriber) => {
      const running = new Set<OperatorSubscriber<T>>();
      let started = 0;
      let timer: Subscription | undefined;

      const start = (): void => {
        started++;
        let held: T[] | undefined = [];
        let isFlushing = false;

        const win = (preamble: readonly T[]): void => {
          timer?.unsubscribe();
          for (const other of running) if (other !== attempt) other.unsubscribe();
          running.clear();
          running.add(attempt);
          // What a consumer brings about meanwhile waits behind it.
          isFlushing = true;
          for (const value of preamble) subscriber.next(value);
          held = undefined;
        };

        const attempt = new OperatorSubscriber<T>(subscriber, {
          next: (value) => {
            if (!held) {
              subscriber.next(value);
              return;
            }
            held.push(value);
            if (!isFlushing && (isContent(value) || held.length > defaults.preamble.maxItems)) win(held);
          },
          error: (error) => {
            running.delete(attempt);
            if (held && running.size > 0) {
              onFailure?.(classify(error));
              return;
            }
            timer?.unsubscribe();
            subscriber.error(error);
          },
          complete: () => {
            if (held && !isFlushing) win(held);
            subscriber.complete();
          },
        });

        running.add(attempt);
        source.subscribe(attempt);
        const isUndecided = !subscriber.closed && held !== undefined && running.has(attempt);
        if (isUndecided && started < maxAttempts && after !== Number.POSITIVE_INFINITY)
          timer = asyncScheduler.schedule(startAnother, after);
      };

      const startAnother = (): void => {
        try {
          if (mayStart()) start();
        } catch (error) {
          for (const each of running) each.unsubscribe();
          subscriber.error(error);
        }
      };

      subscriber.add(() => timer?.unsubscribe());
      start();
    });
}
