import { asyncScheduler, Observable, type OperatorFunction, type Subscription } from 'rxjs';
import { z } from 'zod';
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
 * readonly answer = toSignal(client.stream(request).pipe(viewState()), { requireSync: true });
 * ```
 *
 * @see marbles/view-state.md
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
      const changed = (): void => {
        if (every === 0) emit();
        else frame ??= asyncScheduler.schedule(emit, every);
      };
      const end = (last: Status): void => {
        status = last;
        emit();
        subscriber.complete();
      };

      subscriber.add(() => frame?.unsubscribe());
      emit();
      source.subscribe(
        new OperatorSubscriber<EventLike>(subscriber, {
          next: (value) => {
            const event = value as StreamEvent;
            builder.add(event);
            if (event.type === 'retry') {
              attempt = event.attempt + 1;
              status = { status: 'retrying', retryAt: wallClock() + event.delayMs, error: event.error };
            } else if (event.type === 'start' || event.type === 'restart' || event.type === 'seam') {
              attempt = event.attempt;
              status = { status: 'connecting' };
            } else if (event.type === 'finish') {
              status = { status: 'done' };
            } else if (isContentEvent(event) || event.type === 'snapshot') {
              if (status.status !== 'streaming') status = { status: 'streaming' };
            } else return;
            changed();
          },
          error: (error) => end({ status: 'failed', error: classify(error) }),
          complete: () => end(status.status === 'done' ? status : { status: 'stopped' }),
        }),
      );
    });
}

function stateOf(status: Status, attempt: number, builder: ResultBuilder): ViewState {
  const result = builder.snapshot();
  const { text, reasoning, toolCalls } = result;
  const shown = { text, reasoning, toolCalls, attempt };
  return status.status === 'done' ? { ...shown, status: 'done', result } : ({ ...shown, ...status } as ViewState);
}
