import { concatMap, defer, from, Observable, type ObservableInput, of, throwError } from 'rxjs';
import {
  type EventLike,
  isProviderError,
  type Provider,
  ProviderError,
  type ProviderEvent,
  type ResponseHead,
  type SseMessage,
  type StreamRequest,
} from '../index.ts';

/** What one attempt does: events as they come, or a failure. A failure among the events fails the attempt there. */
export type FakeAttempt<E extends EventLike = never> = ObservableInput<ProviderEvent | E | ProviderError> | ProviderError;

/** A provider for tests: it makes no request, and answers as it was told. */
export interface FakeProvider<E extends EventLike = never> extends Provider<E> {
  /** What it was asked, one for each attempt. */
  readonly requests: readonly StreamRequest[];
  /** @throws Error if an answer was left unused. */
  verify(): void;
}

/** A message of the fake transport: it carries the event itself. */
interface FakeMessage extends SseMessage {
  readonly value: unknown;
}

/**
 * A provider whose n-th attempt is the n-th argument, through the whole pipeline of a client and in virtual time.
 *
 * The response's head comes with the first event; use `start()` to let it come before. An attempt without `finish()` is
 * `interrupted`, as with a real provider. More attempts than answers are an error.
 *
 * @example
 * ```ts
 * const provider = fakeProvider(failure('overloaded'), [text('Hel'), text('lo'), finish()]);
 * const answer = await lastValueFrom(createClient({ provider }).stream(request).pipe(result())); // waits; answer.text is 'Hello'
 * provider.verify(); // both answers were used
 * ```
 */
export function fakeProvider<E extends EventLike = never>(...attempts: readonly FakeAttempt<E>[]): FakeProvider<E> {
  const requests: StreamRequest[] = [];
  return {
    name: 'fake',
    requests,
    request(request) {
      requests.push(request);
      return { url: 'fake:', headers: {} };
    },
    transport: () =>
      defer(() => {
        const answer = attempts[requests.length - 1];
        return answer === undefined ? throwError(() => unexpected(requests.length, attempts.length)) : withHead(events(answer));
      }),
    decoder: () => ({
      decode: (message) => [(message as FakeMessage).value as ProviderEvent | E],
    }),
    verify() {
      if (requests.length < attempts.length) {
        throw new Error(`fakeProvider: ${attempts.length} answers were given, but only ${requests.length} attempts were made.`);
      }
    },
  };
}

function events<E extends EventLike>(answer: FakeAttempt<E>): Observable<unknown> {
  if (isProviderError(answer)) return throwError(() => answer);
  return from(answer).pipe(concatMap((value) => (isProviderError(value) ? throwError(() => value) : of(value))));
}

/** The head comes with the first event, or with a body that ends without one. */
function withHead(values: Observable<unknown>): Observable<ResponseHead | SseMessage> {
  return new Observable((subscriber) => {
    let hasHead = false;
    const head = (): void => {
      if (hasHead) return;
      hasHead = true;
      subscriber.next({ type: 'head', status: 200, headers: new Headers() });
    };
    const subscription = values.subscribe({
      next: (value) => {
        head();
        const message: FakeMessage = { type: 'message', event: '', data: '', id: '', value };
        subscriber.next(message);
      },
      error: (error) => subscriber.error(error),
      complete: () => {
        head();
        subscriber.complete();
      },
    });
    return subscription;
  });
}

function unexpected(attempt: number, answers: number): ProviderError {
  return new ProviderError({
    category: 'invalid-request',
    phase: 'local',
    reason: `fakeProvider was asked for attempt ${attempt}, but given ${answers} answers`,
  });
}
