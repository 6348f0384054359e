import { Observable, type OperatorFunction } from 'rxjs';
import * as z from 'zod';
import { defaults } from '../core/defaults.ts';
import type { EventLike, StreamEvent } from '../core/event.ts';
import { parseOptions } from '../core/options.ts';
import { ProviderError } from '../core/provider-error.ts';
import { BoundedText } from '../policies/bounded-text.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/** What the reader of `textDeltas` has already, and what becomes of text that turns out to be void. */
export interface TextDeltasConfig {
  /** When a `restart` makes text void that was emitted: raise the restart's error, or go on. Default: `error`. */
  readonly onRestart?: 'error' | 'ignore' | undefined;
  /**
   * The text that the reader has already, as one who comes back to a stored stream with `after` has: a `snapshot` extends it, and what it holds is
   * not told again. Default: none.
   */
  readonly from?: string | undefined;
}

const schema = z.strictObject({
  onRestart: z.enum(['error', 'ignore'], { error: 'must be error or ignore' }).default('error'),
  from: z.string({ error: 'must be a string' }).default(''),
});

/**
 * The text of a stream, as it comes.
 *
 * Emits strings that, joined, are the text: that behind `from`, where the reader has its beginning. Completes and fails with the source. A
 * `snapshot` that extends what the reader has adds what is missing; one that contradicts it is raised as `replay-gap`.
 *
 * @example
 * ```ts
 * client.stream(request).pipe(textDeltas()).subscribe((text) => process.stdout.write(text));
 * sessions.attach(id, { after: last.cursor }).pipe(textDeltas({ from: shown })).subscribe((text) => show(text));
 * ```
 */
export function textDeltas(config: TextDeltasConfig = {}): OperatorFunction<EventLike, string> {
  const { onRestart, from } = parseOptions('textDeltas', schema, config);
  return (source) =>
    new Observable((subscriber) => {
      // For comparing with a snapshot; of a very long text only the end is kept.
      const kept = new BoundedText(defaults.partial.maxCharacters);
      kept.append(from);
      let length = from.length;
      const emit = (text: string): void => {
        kept.append(text);
        length += text.length;
        subscriber.next(text);
      };
      const extend = (text: string): void => {
        const tail = kept.read();
        if (text.length < length || !text.startsWith(tail, length - tail.length)) {
          throw new ProviderError({ category: 'replay-gap', reason: 'a snapshot contradicts the text so far' });
        }
        if (text.length > length) emit(text.slice(length));
      };
      source.subscribe(
        new OperatorSubscriber<EventLike>(subscriber, {
          next: (value) => {
            const event = value as StreamEvent;
            if (event.type === 'text-delta') {
              // One that carries metadata alone says nothing.
              if (event.text !== '') emit(event.text);
            } else if (event.type === 'snapshot') extend(event.result.text);
            else if (event.type === 'restart' && length > 0) {
              if (onRestart === 'error') throw event.error;
              kept.clear();
              length = 0;
            }
          },
        }),
      );
    });
}
