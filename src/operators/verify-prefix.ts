import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import type { EventLike, StreamEvent } from '../core/event.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/**
 * Passes over what a new generation says again of a text that was delivered; where it says something else, tells of it first.
 *
 * Emits nothing while the text is the same, then what goes beyond it. At the first difference (another text, a tool call, an end before
 * the text's own) it emits what `diverged` makes, and all that the new generation said. Fails with the source.
 *
 * @param prefix The text that was delivered.
 * @param diverged Makes the event that says that it is void.
 */
export function verifyPrefix<T extends EventLike>(prefix: string, diverged: () => T): MonoTypeOperatorFunction<T> {
  return (source) =>
    new Observable((subscriber) => {
      let matched = 0;
      let isOver = prefix === '';
      /** What was said, in case that it is needed: deltas of one part are kept as one. */
      let held: T[] = [];

      const hold = (value: T): void => {
        const event = value as EventLike as StreamEvent;
        const last = held.at(-1) as StreamEvent | undefined;
        const isDelta = event.type === 'text-delta' || event.type === 'reasoning-delta';
        if (isDelta && last?.type === event.type && last.id === event.id && !event.providerMetadata && !last.providerMetadata) {
          held[held.length - 1] = { ...last, text: last.text + event.text } as unknown as T;
        } else {
          held.push(value);
        }
      };
      const release = (): void => {
        isOver = true;
        const said = held;
        held = [];
        for (const event of [diverged(), ...said]) if (!subscriber.closed) subscriber.next(event);
      };

      const take = (value: T): void => {
        const event = value as EventLike as StreamEvent;
        if (isOver) {
          subscriber.next(value);
          return;
        }
        hold(value);
        if (event.type === 'tool-call' || event.type === 'refusal-delta' || event.type === 'finish') {
          release();
        } else if (event.type === 'text-delta') {
          const { text } = event;
          const same = Math.min(text.length, prefix.length - matched);
          if (!prefix.startsWith(text.slice(0, same), matched)) {
            release();
            return;
          }
          matched += same;
          if (matched < prefix.length) return;
          // An end exactly here is the same text, whole.
          isOver = true;
          held = [];
          if (same < text.length) subscriber.next({ ...event, text: text.slice(same) } as unknown as T);
        }
      };

      source.subscribe(new OperatorSubscriber<T>(subscriber, { next: take }));
    });
}
