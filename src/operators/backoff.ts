import { type RetryConfig, throwError, timer } from 'rxjs';
import type { RetryContext } from '../core/context.ts';
import { errorCategories } from '../core/error-category.ts';
import { parseOptions } from '../core/options.ts';
import { completeError, ProviderError } from '../core/provider-error.ts';
import { type BackoffConfig, backoffDelay, backoffSchema, type ResolvedBackoff } from '../policies/backoff.ts';
import { seededRandom } from '../policies/jitter.ts';
import { decideRetry, type RetryDecision } from '../policies/retry-decision.ts';
import { classify } from './classify-errors.ts';

/**
 * The configuration of RxJS's own `retry`: which failures are tried again, and after what wait.
 *
 * Waits grow, are spread, and are never shorter than the provider asked for. What is not tried again is raised with `gaveUp`, the
 * reason. A failure after content is raised unless `afterContent`, so that nothing is said twice: put `classifyErrors()` below, for it
 * is what knows whether there was content. Unsubscribing ends a wait at once.
 *
 * Alone it is pure in the error and its number. With the context of a client's request it keeps the ledger and the deadline too.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * tokens$.pipe(classifyErrors(), retry(backoff({ maxAttempts: 5 })));
 * ```
 *
 * @see [marbles/retry.md](../../marbles/retry.md)
 */
export function backoff(policy: BackoffConfig = {}, context?: RetryContext): RetryConfig {
  const resolved = parseOptions('backoff', backoffSchema, policy);
  const { requestId = '', nonce = '', provider = '', model = '', tenant } = context ?? {};
  const draw = resolved.random ?? ((id, attempt) => seededRandom(`${id}:${nonce}:${provider}:${attempt}`));
  const random = (attempt: number): number => draw(requestId, attempt);
  let waited = 0;

  const decide = (error: ProviderError, attempt: number): RetryDecision =>
    decideRetry(error, resolved, {
      attempt,
      requests: context?.requests?.() ?? attempt,
      maxRequests: context?.maxRequests ?? Number.POSITIVE_INFINITY,
      // Alone, nothing is remembered between failures: the waits before are what they would have been.
      waited: context ? waited : sumOfDelays(resolved, attempt - 1, random),
      remaining: context?.remaining?.() ?? Number.POSITIVE_INFINITY,
      refusedFor: () => context?.refusedFor?.() ?? 0,
      takeToken: () => resolved.budget?.take({ provider: error.provider ?? provider, tenant }) ?? true,
      random,
    });

  return {
    // Never `count`: rxjs would raise the last error without asking, and so without its reason.
    delay: (thrown: unknown, count: number) => {
      const error = classify(thrown);
      const decision = decide(error, count);
      const attempt = error.attempt ?? context?.requests?.() ?? count;
      const delayMs = 'delayMs' in decision ? decision.delayMs : 0;
      // What was refused on this side was no attempt.
      if (errorCategories[error.category].side !== 'local') {
        const { provider: from = provider, model: of = model, category } = error;
        context?.failed?.({ attempt, provider: from, model: of, category, delayMs }, error);
      }
      if ('gaveUp' in decision) return throwError(() => completeError(error, { gaveUp: decision.gaveUp }));
      if ('refusedFor' in decision) return throwError(() => refused(error, decision.refusedFor));
      waited += delayMs;
      context?.announce?.({ type: 'retry', requestId, attempt, delayMs, error });
      // A timer even for no wait at all: synchronous failures would recurse.
      return timer(delayMs);
    },
  };
}

function sumOfDelays(policy: ResolvedBackoff, attempts: number, random: (attempt: number) => number): number {
  let sum = 0;
  for (let each = 1; each <= attempts; each++) sum += backoffDelay(policy, each, random);
  return sum;
}

/** The breaker would not let the next attempt through: said at once, before the wait and before a token is spent on it. */
function refused(cause: ProviderError, retryAfterMs: number): ProviderError {
  const { provider, model, requestId } = cause;
  return new ProviderError({ category: 'circuit-open', phase: 'local', provider, model, requestId, retryAfterMs, cause });
}
