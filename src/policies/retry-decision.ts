import { errorCategories } from '../core/error-category.ts';
import type { GaveUp, ProviderError } from '../core/provider-error.ts';
import { backoffDelay, type ResolvedBackoff } from './backoff.ts';

/** What a call has spent and what it has left when an attempt fails. */
export interface RetryState {
  /** The attempt that failed, from 1. */
  readonly attempt: number;
  /** Requests made so far, and how many may be. */
  readonly requests: number;
  readonly maxRequests: number;
  /** Milliseconds waited before, in all. */
  readonly waited: number;
  /** Milliseconds until the total deadline. */
  readonly remaining: number;
  /** A number from 0 up to 1 for an attempt. */
  readonly random: (attempt: number) => number;
}

/** Either a wait and another attempt, or the reason for none. */
export type RetryDecision = { readonly delayMs: number } | { readonly gaveUp: GaveUp };

/** How far beyond the provider's own delay a retry may be spread, as a share and at most. */
const retryAfterSpread = { share: 0.1, max: 10_000 };

/** Whether a failed attempt is followed by another, and after what wait. */
export function decideRetry(error: ProviderError, policy: ResolvedBackoff, state: RetryState): RetryDecision {
  const { retryAfterMs } = error;
  if (error.phase === 'streaming' && !policy.afterContent) return { gaveUp: 'content-delivered' };
  // What was refused on this side is not refused less by waiting here.
  if (!error.retryable || errorCategories[error.category].side === 'local') return { gaveUp: 'not-retryable' };
  if (state.attempt >= policy.maxAttempts || state.requests >= state.maxRequests) return { gaveUp: 'attempts' };
  if (retryAfterMs !== undefined && retryAfterMs > policy.maxRetryAfter) return { gaveUp: 'retry-after' };
  const delayMs = Math.ceil(Math.max(backoffDelay(policy, state.attempt, state.random), spread(retryAfterMs, state)));
  // A wait cut short would be an attempt that comes too early, with no time to succeed.
  if (delayMs >= state.remaining || state.waited + delayMs > policy.maxTotalDelay) return { gaveUp: 'deadline' };
  return { delayMs };
}

/** The provider's delay is a floor: everybody who was told the same is spread upward. */
function spread(retryAfterMs: number | undefined, { attempt, random }: RetryState): number {
  if (!retryAfterMs) return 0;
  return retryAfterMs + random(attempt) * Math.min(retryAfterMs * retryAfterSpread.share, retryAfterSpread.max);
}
