import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import * as z from 'zod';
import { parseOptions } from '../core/options.ts';
import { requireSegmenter } from '../policies/graphemes.ts';
import { RingBuffer } from '../policies/ring-buffer.ts';
import { TextSegments, type TextSegmentsConfig } from '../policies/text-segments.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/** Whose rules say where a segment ends. */
export interface SegmentConfig {
  /** A language tag (BCP 47), such as `th` or `pt-BR`. Default: the runtime's. */
  readonly locale?: string | undefined;
}

const schema = z.strictObject({ locale: z.custom<string>(isLocale, { error: 'must be a language tag' }).optional() });

/** @internal Text, regrouped by a {@link TextSegments} of each subscription. */
export function regroup(
  name: string,
  config: SegmentConfig,
  segments: Omit<TextSegmentsConfig, 'locale'>,
): MonoTypeOperatorFunction<string> {
  requireSegmenter(name);
  const { locale } = parseOptions(name, schema, config);
  return (source) =>
    new Observable((subscriber) => {
      const machine = new TextSegments({ ...segments, locale });
      const ready = new RingBuffer<string>({ maxItems: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY });
      let isEmitting = false;

      // A queue: what a subscriber brings about while it takes a segment comes after those before it.
      const emit = (complete: readonly string[]): void => {
        for (const segment of complete) ready.push(segment);
        if (isEmitting) return;
        isEmitting = true;
        while (ready.length > 0 && !subscriber.closed) subscriber.next(ready.shift() ?? '');
        isEmitting = false;
      };
      /** At the end nothing waits for an outer call any more. */
      const flush = (): void => {
        isEmitting = false;
        emit(machine.end());
      };

      source.subscribe(
        new OperatorSubscriber<string>(subscriber, {
          next: (delta) => emit(machine.add(delta)),
          error: (error) => {
            flush();
            subscriber.error(error);
          },
          complete: () => {
            flush();
            subscriber.complete();
          },
        }),
      );
    });
}

function isLocale(value: unknown): boolean {
  try {
    return typeof value === 'string' && Intl.getCanonicalLocales(value).length === 1;
  } catch {
    return false;
  }
}
