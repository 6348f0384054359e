import { from, isObservable, Observable, switchMap } from 'rxjs';
import type { AttemptContext } from './attempt-context.ts';
import type { EventLike } from './core/event.ts';
import type { Provider } from './core/provider.ts';
import { isProviderError, ProviderError } from './core/provider-error.ts';
import type { HttpRequest, ResponseHead, SseMessage, Transport } from './core/transport.ts';
import type { Ask } from './recover-on.ts';

/**
 * One request and its response, as one subscription: what the provider asks for, with its credentials, over the transport.
 *
 * Emits the head and the messages. Unsubscribing ends the request.
 */
export function exchange<E extends EventLike>(
  attempt: AttemptContext,
  ask: Ask,
  provider: Provider<E>,
  transport: Transport,
): Observable<ResponseHead | SseMessage> {
  return new Observable((subscriber) => {
    attempt.begin();
    subscriber.add(() => attempt.end());
    const http = httpRequest(provider, ask, attempt);
    const headers = http.credentials && credentialsOf(http.credentials);
    const open = (credentials: Readonly<Record<string, string>> | undefined) => {
      attempt.http = credentials ? { ...http, headers: { ...http.headers, ...credentials } } : http;
      const messages$: unknown = transport(attempt.http, attempt);
      if (!isObservable(messages$)) throw refused('invalid-request', 'the transport returned no Observable', undefined);
      return messages$ as Observable<ResponseHead | SseMessage>;
    };
    if (!isPromiseLike(headers)) return open(headers).subscribe(subscriber);
    return from(headers).pipe(switchMap(open)).subscribe(subscriber);
  });
}

function httpRequest<E extends EventLike>(provider: Provider<E>, { request, resume }: Ask, attempt: AttemptContext): HttpRequest {
  try {
    return resume && provider.resume ? provider.resume(resume, attempt) : provider.request(request, attempt);
  } catch (cause) {
    if (isProviderError(cause)) throw cause;
    throw refused('invalid-request', 'the provider cannot express this request', cause);
  }
}

type Credentials = ReturnType<NonNullable<HttpRequest['credentials']>>;

function credentialsOf(credentials: NonNullable<HttpRequest['credentials']>): Credentials {
  try {
    const headers = credentials();
    return isPromiseLike(headers) ? headers.then(undefined, refuseCredentials) : headers;
  } catch (cause) {
    return refuseCredentials(cause);
  }
}

function refuseCredentials(cause: unknown): never {
  if (isProviderError(cause)) throw cause;
  throw refused('authentication', 'the API key could not be had', cause);
}

/** The fault is on this side: nobody was asked. */
function refused(category: 'invalid-request' | 'authentication', reason: string, cause: unknown): ProviderError {
  return new ProviderError({ category, phase: 'local', retryable: false, reason, cause });
}

function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | undefined)?.then === 'function';
}
