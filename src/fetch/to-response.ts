import type { Observable } from 'rxjs';
import { Subscription } from 'rxjs';
import type { StreamEvent } from '../core/event.ts';
import { withFlowGate } from '../core/flow-gate.ts';
import { ProviderError } from '../core/provider-error.ts';
import type { ErrorAnswer, FetchAttempt } from './fetch-attempt.ts';
import { ResponseBody } from './response-body.ts';
import { responseLike } from './response-head.ts';

/**
 * Turns the events of an answer back into a `Response`, at `start`: its body is read at the reader's pace, and to cancel it unsubscribes.
 *
 * What the provider itself refused resolves too, as it came. Rejects with the error of anything else; with the reason of the signal, if that has
 * aborted.
 *
 * @param latest The attempt that the events are of.
 */
export function toResponse(
  answer$: Observable<StreamEvent>,
  latest: () => FetchAttempt | undefined,
  signal: AbortSignal | undefined,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const subscription = new Subscription();
    const body = new ResponseBody(() => subscription.unsubscribe());
    let hasHead = false;
    /** A head that no `Response` can be made with, as of a status beyond 599, must not throw in the middle of a stream. */
    const settle = (make: () => Response, otherwise: (cause: unknown) => unknown): void => {
      try {
        resolve(make());
      } catch (cause) {
        reject(otherwise(cause));
        subscription.unsubscribe();
      }
    };
    const fail = (error: ProviderError): void => {
      if (error.category === 'cancelled' && signal?.aborted) {
        reject(signal.reason);
        body.abort(signal.reason);
        return;
      }
      const answer = hasHead ? undefined : latest()?.answerTo(error);
      if (answer)
        settle(
          () => errorResponse(answer, error),
          () => error,
        );
      else reject(error);
      body.end({ error });
    };
    withFlowGate(body.flow, () => {
      subscription.add(
        answer$.subscribe({
          next: (event) => {
            if (event.type === 'raw') {
              body.push(event.data as Uint8Array);
            } else if (event.type === 'start') {
              hasHead = true;
              settle(() => responseLike(latest()?.response as Response, body.stream), unspeakable);
            }
          },
          error: fail,
          complete: () => body.end(),
        }),
      );
    });
  });
}

/** What was refused after every attempt is not to be asked for again by whoever reads it. */
function errorResponse({ response, bytes, isWhole }: ErrorAnswer, error: ProviderError): Response {
  const body = new ResponseBody(() => undefined);
  for (const each of bytes) body.push(each);
  body.end(response.ok ? { error } : {});
  return responseLike(response, body.stream, { 'x-should-retry': 'false', ...(isWhole ? {} : { 'content-length': undefined }) });
}

function unspeakable(cause: unknown): ProviderError {
  return new ProviderError({ category: 'protocol', reason: 'the head of the answer is none', cause });
}
