import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import { type EventLike, isContentEvent } from '../core/event.ts';
import type { Moment, MomentOfCall } from '../core/lifecycle.ts';
import type { Provider } from '../core/provider.ts';
import { sanitize } from '../core/sanitize.ts';
import type { ResponseHead } from '../core/transport.ts';
import { classify } from './classify-errors.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/** What is told of an attempt beside its events. */
interface ReportedAttempt extends Pick<MomentOfCall, 'provider' | 'model' | 'attempt'> {
  /** Of the response, once it is there. */
  readonly head?: ResponseHead | undefined;
  /** What must not be told, wherever the provider repeats it. */
  secrets(): readonly string[];
}

/**
 * Tells of an attempt as it goes: its `headers`, its `first-content`, its end; or that it was refused before any request was made.
 *
 * Emits what the source emits. Without somebody to tell it is no step at all.
 */
export function reportAttempt<T extends EventLike>(
  report: ((moment: Moment, of?: ReportedAttempt) => void) | undefined,
  attempt: ReportedAttempt,
  describeError: Provider['describeError'],
): MonoTypeOperatorFunction<T> {
  if (!report) return (source) => source;
  return (source) =>
    new Observable((subscriber) => {
      let hasContent = false;
      let hasEnded = false;

      const end = (moment: Omit<Extract<Moment, { type: 'attempt-end' }>, 'type'>): void => {
        if (hasEnded) return;
        hasEnded = true;
        if (attempt.attempt > 0) report({ type: 'attempt-end', ...moment }, attempt);
        else if (moment.error) report({ type: 'refusal', error: moment.error });
      };

      source.subscribe(
        new OperatorSubscriber<T>(subscriber, {
          next: (event) => {
            if (!hasContent) {
              if (event.type === 'start') report({ type: 'headers', ...factsOf(attempt, describeError) }, attempt);
              hasContent = isContentEvent(event);
              if (hasContent) report({ type: 'first-content' }, attempt);
            }
            if (event.type === 'finish') end({ outcome: 'finish' });
            subscriber.next(event);
          },
          error: (error) => {
            end({ outcome: 'error', error: classify(error) });
            subscriber.error(error);
          },
        }),
      );
      subscriber.add(() => end({ outcome: 'cancel' }));
    });
}

/** Whoever reads a provider's errors also knows in which header it says the request's id. */
function factsOf(
  attempt: Pick<ReportedAttempt, 'head' | 'secrets'>,
  describeError: Provider['describeError'],
): { readonly status: number; readonly providerRequestId?: string } {
  const { status = 200, headers } = attempt.head ?? {};
  try {
    const id = describeError?.({ status, body: undefined, headers })?.providerRequestId;
    return id === undefined ? { status } : { status, providerRequestId: sanitize(id, attempt.secrets(), 200) };
  } catch {
    return { status };
  }
}
