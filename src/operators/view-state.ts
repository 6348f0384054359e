import { asyncScheduler, Observable, type OperatorFunction, type Subscription } from 'rxjs';
import * as z from 'zod';
import { defaults } from '../core/defaults.ts';
import { type EventLike, isContentEvent, type StreamEvent } from '../core/event.ts';
import { milliseconds, parseOptions } from '../core/options.ts';
import type { ProviderError } from '../core/provider-error.ts';
import { ResultBuilder } from '../core/result-builder.ts';
import type { StreamResult } from '../core/stream-result.ts';
import { classify } from './classify-errors.ts';
import { wallClock } from './clock.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/** What a view shows of a stream. */
export type ViewState = {
  readonly text: string;
  readonly reasoning: string;
  readonly toolCalls: StreamResult['toolCalls'];
  /** The attempt that runs or is waited for, from 1. */
  readonly attempt: number;
} & (
  | { readonly status: 'connecting' | 'streaming' | 'stopped'; readonly error?: undefined }
  /** `retryAt` is a time in milliseconds since 1970, to count down to. */
  | { readonly status: 'retrying'; readonly retryAt: number; readonly error: ProviderError }
  | { readonly status: 'done'; readonly result: StreamResult; readonly error?: undefined }
  | { readonly status: 'failed'; readonly error: ProviderError }
);

/** How often `viewState` emits. */
export interface ViewStateConfig {
  /** At most one state in this many milliseconds; 0 emits each change. Default: 16, a frame. */
  readonly every?: number | undefined;
}

const schema = z.strictObject({ every: milliseconds(0).default(defaults.viewState.every) });

/** The part of a state that is not the result. */
type Status =
  | { readonly status: 'connecting' | 'streaming' | 'stopped' | 'done' }
  | { readonly status: 'retrying'; readonly retryAt: number; readonly error: ProviderError }
  | { readonly status: 'failed'; readonly error: ProviderError };

/**
 * A stream as states of a view. It never errors, so that the text so far outlives a failure: Angular's `toSignal` and `rxResource`
 * throw the last value away when their source fails.
 *
 * Emits a first state synchronously on subscribe, later ones at most one a frame, the last at once; then completes. A source that
 * completes without `finish` has `stopped`.
 *
 * @example
 * ```ts
 * client.stream(request).pipe(viewState()).subscribe(({ status, text, error }) => {
 *   show(status, text, error?.toPublic().message);
 * });
 * ```
 *
 * @see [marbles/view-state.md](../../marbles/view-state.md)
 */
export function viewState(config: ViewStateConfig = {}): OperatorFunction<EventLike, ViewState> {
  const { every } = parseOptions('viewState', schema, config);
  return (source) =>
    new Observable((subscriber) => {
      const builder = new ResultBuilder();
      let status: Status = { status: 'connecting' };
      let attempt = 1;
      let frame: Subscription | undefined;

      const emit = (): void => {
        frame?.unsubscribe();
        frame = undefined;
        subscriber.next(stateOf(status, attempt, builder));
      };
      const emitSoon = (): void => {
        if (every === 0) emit();
        else if (every !== Number.POSITIVE_INFINITY) frame ??= asyncScheduler.schedule(emit, every);
      };
      const end = (last: Status): void => {
        status = last;
        emit();
        subscriber.complete();
      };

      /** @returns Whether there is anything new to show. */
      const apply = (event: StreamEvent): boolean => {
        const isNews = builder.add(event);
        if (event.type === 'retry') {
          attempt = event.attempt + 1;
          status = { status: 'retrying', retryAt: wallClock() + event.delayMs, error: event.error };
          return true;
        }
        if (event.type === 'start' || event.type === 'restart' || event.type === 'seam') {
          const isKnown = status.status === 'connecting' && attempt === event.attempt;
          attempt = event.attempt;
          status = { status: 'connecting' };
          return !isKnown;
        }
        if (event.type === 'finish') {
          status = { status: 'done' };
          emit();
          return false;
        }
        if (!isContentEvent(event) && event.type !== 'snapshot') return false;
        const isFirst = status.status !== 'streaming';
        if (isFirst) status = { status: 'streaming' };
        return isNews || isFirst;
      };

      subscriber.add(() => frame?.unsubscribe());
      emit();
      // The first state may have been all that was wanted.
      if (subscriber.closed) return;
      const upstream = new OperatorSubscriber<EventLike>(subscriber, {
        next: (value) => {
          try {
            if (status.status !== 'done' && apply(value as StreamEvent)) emitSoon();
          } catch (error) {
            upstream.unsubscribe();
            end({ status: 'failed', error: classify(error) });
          }
        },
        error: (error) => (status.status === 'done' ? subscriber.complete() : end({ status: 'failed', error: classify(error) })),
        complete: () => (status.status === 'done' ? subscriber.complete() : end({ status: 'stopped' })),
      });
      source.subscribe(upstream);
    });
}

function stateOf(status: Status, attempt: number, builder: ResultBuilder): ViewState {
  const result = builder.snapshot();
  const { text, reasoning, toolCalls } = result;
  const shown = { text, reasoning, toolCalls, attempt };
  return status.status === 'done' ? { ...shown, status: 'done', result } : ({ ...shown, ...status } as ViewState);
}
