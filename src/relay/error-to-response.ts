import type { ErrorCategory } from '../core/error-category.ts';
import { isProviderError, type ProviderError } from '../core/provider-error.ts';
import { publicError } from './public-json.ts';

/** The statuses of what a relay itself refuses. What became of a stream is told inside it. */
const statuses: { readonly [category in ErrorCategory]?: number } = {
  'invalid-request': 400,
  'context-length': 400,
  authentication: 401,
  'permission-denied': 403,
  'not-found': 404,
  conflict: 409,
  'replay-gap': 410,
  'rate-limit': 429,
  'limit-exceeded': 503,
  network: 503,
  timeout: 503,
};

/** Milliseconds after which a relay that cannot answer may be asked again, where the failure does not say. */
const defaultRetryAfter = 2_000;

/** The status of a failure that kept a stream from being read at all; `undefined` where it is the stream's own. */
export function statusOf(error: unknown): number | undefined {
  if (!isProviderError(error)) return 500;
  return error.phase === 'local' ? statuses[error.category] : undefined;
}

/** A refusal: what an end user may read of it, as `{ error }`. */
export function errorToResponse(error: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  const status = isProviderError(error) ? (statuses[error.category] ?? 500) : 500;
  return refuse(status, publicError(error), {
    ...(status >= 429 && status !== 500 && { 'retry-after': String(Math.ceil(waitOf(error) / 1_000)) }),
    ...headers,
  });
}

/** A response that is no stream. */
export function refuse(status: number, error: object, headers: Readonly<Record<string, string>> = {}): Response {
  const own = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  return new Response(JSON.stringify({ error }), { status, headers: { ...own, ...headers } });
}

function waitOf(error: unknown): number {
  return (error as Partial<ProviderError>).retryAfterMs ?? defaultRetryAfter;
}
