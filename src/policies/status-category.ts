import type { ErrorCategory } from '../core/error-category.ts';

const named: Readonly<Record<number, ErrorCategory>> = {
  401: 'authentication',
  402: 'quota-exhausted',
  403: 'permission-denied',
  404: 'not-found',
  407: 'authentication',
  408: 'timeout',
  409: 'conflict',
  410: 'not-found',
  425: 'server-error',
  429: 'rate-limit',
  // In no standard, but in use: no capacity, the client left, too much to do.
  498: 'overloaded',
  499: 'timeout',
  529: 'overloaded',
};

/** The category that an HTTP status alone says, or `undefined` for one that says nothing. */
export function statusCategory(status: number | undefined): ErrorCategory | undefined {
  if (status === undefined || status < 300) return undefined;
  const category = named[status];
  if (category) return category;
  if (status < 400) return 'protocol';
  return status < 500 ? 'invalid-request' : 'server-error';
}

/** Whether a status overrules its category's default: 501 will not be implemented by asking again, nor will a redirect go elsewhere. */
export function statusRetryable(status: number | undefined): boolean | undefined {
  if (status === 501 || status === 505) return false;
  return status !== undefined && status >= 300 && status < 400 ? false : undefined;
}
