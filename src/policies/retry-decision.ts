import { defaults, maxTimerDelay } from '../core/defaults.ts';
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
  /** Milliseconds for which the breaker would refuse the next attempt. */
  readonly refusedFor: () => number;
  /** Takes a token of the retry budget; `false` if there is none. Asked last, so that none is spent for nothing. */
  readonly takeToken: () => boolean;
  /** A number from 0 up to 1 for an attempt. */
  readonly random: (attempt: number) => number;
}

/** Either a wait and another attempt, or the reason for none: one of ours, or the breaker's. */
export type RetryDecision = { readonly delayMs: number } | { readonly gaveUp: GaveUp | undefined } | { readonly refusedFor: number };

/** How far beyond the provider's own delay a retry may be spread, as a share and at most. */
const retryAfterSpread = { share: 0.1, max: 10_000 };

/** Whether a failed attempt is followed by another, and after what wait. */
export function decideRetry(error: ProviderError, policy: ResolvedBackoff, state: RetryState): RetryDecision {
  const { retryAfterMs } = error;
  if (error.phase === 'streaming' && !policy.afterContent) return { gaveUp: 'content-delivered' };
  if (!error.retryable) return { gaveUp: 'not-retryable' };
  // What was refused on this side is not refused less by waiting here; nothing was tried that could be given up.
  if (errorCategories[error.category].side === 'local') return { gaveUp: undefined };
  if (state.attempt >= policy.maxAttempts || state.requests >= state.maxRequests) return { gaveUp: 'attempts' };
  if (retryAfterMs !== undefined && retryAfterMs > policy.maxRetryAfter) return { gaveUp: 'retry-after' };
  // A provider that asks for no wait at all is taken at its word.
  const backoff = retryAfterMs === 0 ? defaults.retry.minDelay : backoffDelay(policy, state.attempt, state.random);
  const wait = Math.max(backoff, spread(retryAfterMs, policy, state));
  const delayMs = Math.min(Math.ceil(wait), maxTimerDelay);
  // A wait cut short would be an attempt that comes too early, with no time to succeed.
  if (delayMs >= state.remaining || state.waited + delayMs > policy.maxTotalDelay) return { gaveUp: 'deadline' };
  const refusedFor = state.refusedFor();
  if (refusedFor > delayMs) return { refusedFor };
  // Who waits as long as the provider asked for adds nothing to its load.
  if (error.category !== 'rate-limit' && !state.takeToken()) return { gaveUp: 'budget' };
  return { delayMs };
}

/** The provider's delay is a floor: everybody who was told the same is spread upward. */
function spread(retryAfterMs: number | undefined, { jitter }: ResolvedBackoff, { attempt, random }: RetryState): number {
  if (!retryAfterMs || jitter === 'none') return retryAfterMs ?? 0;
  const chance = Math.min(1, Math.max(0, random(attempt) || 0));
  return retryAfterMs + chance * Math.min(retryAfterMs * retryAfterSpread.share, retryAfterSpread.max);
}
