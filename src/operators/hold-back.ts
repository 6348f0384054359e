import { asyncScheduler, from, type MonoTypeOperatorFunction, Observable, type ObservableInput } from 'rxjs';
import * as z from 'zod';
import { defaults } from '../core/defaults.ts';
import { currentFlowGate, FlowGate, withFlowGate } from '../core/flow-gate.ts';
import { callback, count, milliseconds, parseOptions } from '../core/options.ts';
import { isProviderError, ProviderError } from '../core/provider-error.ts';
import { requireSegmenter } from '../policies/graphemes.ts';
import { TextWindows } from '../policies/text-windows.ts';
import { classify } from './classify-errors.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/** What a check is told beside the text. */
export interface CheckContext {
  /** Aborted when nobody waits for the check any more: the consumer has left, another check has failed, or its time is over. */
  readonly signal: AbortSignal;
  /** Which window it is, from 0. */
  readonly index: number;
  /** How many characters at the beginning of the text stood in the windows before and have passed, or are being checked. */
  readonly overlap: number;
}

// biome-ignore lint/suspicious/noConfusingVoidType: a check that says nothing and does not throw lets the text pass.
type Verdict = boolean | void;

/**
 * Looks at a piece of text. `false` declines it; `true` or nothing lets it pass; what it throws ends the stream. Of an Observable the
 * first value counts. Anything else that it says is a `TypeError`: nothing passes by mistake.
 */
export type TextCheck = (text: string, context: CheckContext) => ObservableInput<Verdict> | Verdict;

/** How much text waits for a check, and for how long. */
export interface HoldBackConfig {
  /** Characters that are checked together. 1 to 65,536. Default: 200. */
  readonly window?: number | undefined;
  /** Characters before a window that are shown to its check again, since a word may stand in two. 0 to 65,536. Default: 50. */
  readonly overlap?: number | undefined;
  /** Checks that run at once. From 1. Default: 1. */
  readonly maxConcurrent?: number | undefined;
  /** How long a check may take, in milliseconds. `Infinity` is no limit. Default: 10,000. */
  readonly timeout?: number | undefined;
}

const schema = z.strictObject({
  window: count(1, 65_536).default(defaults.textShaping.window),
  overlap: count(0, 65_536).default(defaults.textShaping.overlap),
  maxConcurrent: count(1).default(1),
  timeout: milliseconds(1).default(defaults.textShaping.checkTimeout),
});

const { pauseAt } = defaults.textShaping;
const maxHeld = defaults.ring.maxBytes / 2;

/**
 * Holds text until a check of yours has let it pass: moderation, a search for secrets.
 *
 * Emits the text in windows of 200 characters, each after its check, in order; what is left at the end is checked too. A check that says
 * `false` raises `content-filter`, one that takes too long `timeout`, one that throws its error, classified; nothing of its window is
 * emitted. Before an error of the source what was held is checked and emitted; on `cancelled` it is dropped. While much waits the
 * source is paused, down to the socket; one that cannot pause raises `buffer-overflow` at 1 MiB. Unsubscribing aborts the checks.
 *
 * @throws TypeError for an option that is unknown or out of range, and where the runtime has no `Intl.Segmenter`.
 *
 * @example
 * ```ts
 * client.stream(request).pipe(
 *   textDeltas(),
 *   holdBack(async (text, { signal }) => !(await moderate(text, { signal })).flagged),
 * );
 * ```
 *
 * @see [marbles/hold-back.md](../../marbles/hold-back.md)
 */
export function holdBack(check: TextCheck, config: HoldBackConfig = {}): MonoTypeOperatorFunction<string> {
  requireSegmenter('holdBack');
  parseOptions('holdBack', z.object({ check: callback<TextCheck>() }), { check });
  const { window, overlap, maxConcurrent, timeout } = parseOptions('holdBack', schema, config);
  return (source) =>
    new Observable((subscriber) => {
      const windows = new TextWindows({ window, overlap });
      /** The windows at their checks, in order. */
      const checked: { readonly text: string; hasPassed: boolean }[] = [];
      const gate = new FlowGate();
      const downstream = currentFlowGate();
      let index = 0;
      let hasEmitted = false;
      let isAdvancing = false;
      let end: { readonly error?: unknown } | undefined;

      /** What fails once something was emitted must not be tried again by a retry above. */
      const phase = () => (hasEmitted ? 'streaming' : 'local');

      const begin = (before: string, text: string): void => {
        const entry = { text, hasPassed: false };
        checked.push(entry);
        const controller = new AbortController();
        const context = { signal: controller.signal, index: index++, overlap: before.length };
        const settle = (verdict: unknown): void => {
          if (entry.hasPassed) return;
          if (verdict === false) {
            running.error(declined(phase()));
            return;
          }
          if (verdict !== true && verdict !== undefined) {
            running.error(new TypeError('a check must say true, false, or nothing'));
            return;
          }
          entry.hasPassed = true;
          running.unsubscribe();
          advance();
        };
        const running = new OperatorSubscriber<unknown>(subscriber, {
          next: settle,
          error: (error) => subscriber.error(classify(error, {}, phase())),
          complete: () => settle(undefined),
        });
        running.add(() => {
          if (!entry.hasPassed) controller.abort();
        });
        try {
          const verdict = check(before + text, context);
          if (typeof verdict !== 'object' && typeof verdict !== 'function') settle(verdict);
          else from(verdict as ObservableInput<unknown>).subscribe(running);
        } catch (error) {
          running.error(error);
          return;
        }
        if (entry.hasPassed || running.closed || timeout === Number.POSITIVE_INFINITY) return;
        running.add(asyncScheduler.schedule(() => running.error(overdue(timeout, phase())), timeout));
      };

      /** @returns Whether there was anything to do. */
      const proceed = (): boolean => {
        if (downstream?.open === false) return false;
        if (checked[0]?.hasPassed) {
          const { text } = checked.shift() as { text: string };
          hasEmitted = true;
          subscriber.next(text);
          return true;
        }
        const next = checked.length < maxConcurrent ? windows.take(end !== undefined) : undefined;
        if (next) {
          begin(next.before, next.text);
          if (windows.held <= pauseAt / 2) gate.reopen();
          return true;
        }
        if (end && checked.length === 0) {
          if ('error' in end) subscriber.error(end.error);
          else subscriber.complete();
        }
        return false;
      };

      // A loop: checks that are synchronous would recurse.
      const advance = (): void => {
        if (isAdvancing) return;
        isAdvancing = true;
        while (!subscriber.closed && proceed());
        isAdvancing = false;
      };

      const upstream = new OperatorSubscriber<string>(subscriber, {
        next: (delta) => {
          // A single value larger than the limit is let in alone: nothing would ever come of it otherwise.
          if (windows.held > window && windows.held + delta.length > (gate.taken ? 2 : 1) * maxHeld) throw overflowed(windows.held);
          windows.add(delta);
          advance();
          if (windows.held >= pauseAt) gate.close();
        },
        error: (error) => {
          // Whoever cancels waits for no check.
          if (isProviderError(error) && error.category === 'cancelled') {
            subscriber.error(error);
            return;
          }
          end = { error };
          advance();
        },
        complete: () => {
          end = {};
          advance();
        },
      });
      if (downstream) {
        downstream.taken = true;
        subscriber.add(downstream.onReopen(advance));
      }
      subscriber.add(() => windows.clear());
      withFlowGate(gate, () => source.subscribe(upstream));
    });
}

type Phase = 'streaming' | 'local';

function declined(phase: Phase): ProviderError {
  return new ProviderError({ category: 'content-filter', code: 'held-back', phase, reason: 'a check declined the text' });
}

function overdue(timeout: number, phase: Phase): ProviderError {
  return new ProviderError({ category: 'timeout', code: 'check-timeout', phase, reason: `a check took longer than ${timeout} ms` });
}

function overflowed(held: number): ProviderError {
  const reason = `the checks are slower than the source, and ${held} characters are waiting`;
  return new ProviderError({ category: 'buffer-overflow', phase: 'local', reason });
}
