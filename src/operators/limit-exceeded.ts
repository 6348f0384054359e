import { ProviderError } from '../core/provider-error.ts';

/** The line is full, or its end too far away: refused on this side, without a request. */
export function limitExceeded(reason: string, retryAfterMs?: number): ProviderError {
  return new ProviderError({ category: 'limit-exceeded', phase: 'local', reason, retryAfterMs });
}
