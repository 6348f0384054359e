import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import * as z from 'zod';
import { defaults } from '../core/defaults.ts';
import type { EventLike, StreamEvent } from '../core/event.ts';
import { count, parseOptions } from '../core/options.ts';
import { ProviderError } from '../core/provider-error.ts';
import { RepetitionMachine } from '../policies/repetition.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/** When a model counts as stuck. */
export interface RepetitionGuardConfig {
  /** How much of the end of the text is looked at, in characters; what repeats itself must fill half of it. 64 to 65,536. Default: 2,048. */
  readonly window?: number | undefined;
  /** How often a block may stand in a row. From 2. Default: 8. */
  readonly maxRepeats?: number | undefined;
}

/** @internal The options of the guard, checked; defaults filled in. */
export const repetitionSchema = z.strictObject({
  window: count(64, 65_536).default(defaults.repetition.window),
  maxRepeats: count(2, 1_000).default(defaults.repetition.maxRepeats),
});

/**
 * Ends a stream whose model repeats itself: the same block over and over, in the text or in the reasoning. It would keep every idle
 * timer happy, and cost money for minutes.
 *
 * Emits what the source emits, and raises `invalid-output` with the code `repetition`. Constant memory.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * client.stream(request).pipe(repetitionGuard({ maxRepeats: 5 }));
 * ```
 */
export function repetitionGuard<T extends EventLike>(config: RepetitionGuardConfig = {}): MonoTypeOperatorFunction<T> {
  const limits = parseOptions('repetitionGuard', repetitionSchema, config);
  return (source) =>
    new Observable((subscriber) => {
      const said = new RepetitionMachine(limits);
      const thought = new RepetitionMachine(limits);
      source.subscribe(
        new OperatorSubscriber<T>(subscriber, {
          next: (value) => {
            subscriber.next(value);
            const event = value as EventLike as StreamEvent;
            const machine = event.type === 'text-delta' ? said : event.type === 'reasoning-delta' ? thought : undefined;
            const { text } = event as { readonly text?: unknown };
            if (typeof text === 'string' && machine?.add(text)) throw stuck(limits.maxRepeats);
          },
        }),
      );
    });
}

function stuck(repeats: number): ProviderError {
  const reason = `the model said the same ${repeats} times in a row`;
  return new ProviderError({ category: 'invalid-output', code: 'repetition', phase: 'streaming', reason });
}
