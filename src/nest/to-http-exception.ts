import { HttpException } from '@nestjs/common';
import { type ErrorCategory, isProviderError, ProviderError, type PublicError } from '../index.ts';

/** What was refused on this side, without a provider: as a relay says it. */
const ofThisSide: { readonly [category in ErrorCategory]?: number } = {
  authentication: 401,
  'permission-denied': 403,
  'not-found': 404,
  conflict: 409,
  'invalid-request': 400,
  'replay-gap': 410,
  network: 503,
  timeout: 503,
};

/** What a provider said. That it does not know our key, our model or our request is no fault of the user: 502. */
const ofProvider: { readonly [category in ErrorCategory]?: number } = {
  'context-length': 400,
  'content-filter': 422,
  'rate-limit': 429,
  'quota-exhausted': 503,
  overloaded: 503,
  'circuit-open': 503,
  'limit-exceeded': 503,
  timeout: 504,
  'replay-gap': 410,
  'buffer-overflow': 500,
  cancelled: 503,
};

/** Seconds after which to ask again, where nobody has said. */
const defaultRetryAfter = 2;

/** The body of a refusal. */
export interface RefusalBody {
  readonly error: PublicError;
}

/**
 * An error as Nest's exception filters understand it: a status, and what an end user may read, as `{ error }`. The error itself is the `cause`,
 * for logs.
 *
 * | status | of |
 * |---|---|
 * | 400, 401, 403, 404, 409, 410 | what was refused on this side: no such stream, an invalid request, a key that was used for another request |
 * | 400, 422 | a conversation that is too long; what a content filter declines |
 * | 429, 503 | the provider is busy, the breaker is open, a limit is reached, the process drains; with `Retry-After`: see {@link retryAfterOf} |
 * | 504, 502 | the provider took too long; anything else of the provider, a 401 for our key too |
 * | 500 | what is no error of this library |
 *
 * A `HttpException` stays what it is.
 *
 * @example
 * ```ts
 * const { text } = await lastValueFrom(client.stream({ model, messages }).pipe(result())).catch((error) => {
 *   throw toHttpException(error);
 * });
 * ```
 */
export function toHttpException(error: unknown): HttpException {
  if (error instanceof HttpException) return error;
  const known = isProviderError(error) ? error : new ProviderError({ category: 'unknown', phase: 'local' });
  const body: RefusalBody = { error: known.toPublic() };
  return new HttpException(body, statusOf(known), { cause: error });
}

function statusOf({ category, phase }: ProviderError): number {
  if (category === 'unknown') return phase === 'local' ? 500 : 502;
  return (phase === 'local' ? ofThisSide[category] : undefined) ?? ofProvider[category] ?? (phase === 'local' ? 500 : 502);
}

/**
 * The value of `Retry-After` that belongs to an exception, in seconds; `undefined` for a status that has none. {@link ProviderErrorFilter}
 * sends it; a filter of your own can.
 *
 * @example
 * ```ts
 * const headersOf = (error: unknown) => ({ 'retry-after': retryAfterOf(toHttpException(error)) });
 * ```
 */
export function retryAfterOf(exception: HttpException): string | undefined {
  const status = exception.getStatus();
  if (status !== 429 && status !== 503) return undefined;
  const { error } = exception.getResponse() as Partial<RefusalBody>;
  return String(error?.retryAfterMs === undefined ? defaultRetryAfter : Math.ceil(error.retryAfterMs / 1_000));
}
