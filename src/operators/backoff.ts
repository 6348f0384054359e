import { type RetryConfig, throwError, timer } from 'rxjs';
import type { RequestContext } from '../core/context.ts';
import { defaults } from '../core/defaults.ts';
import { parseOptions } from '../core/options.ts';
import { completeError } from '../core/provider-error.ts';
import { type BackoffConfig, backoffDelay, backoffSchema } from '../policies/backoff.ts';
import { seededRandom } from '../policies/jitter.ts';
import { decideRetry } from '../policies/retry-decision.ts';
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
 * @see marbles/retry.md
 */
export function backoff(policy: BackoffConfig = {}, context?: RequestContext): RetryConfig {
  const resolved = parseOptions('backoff', backoffSchema, policy);
  const { requestId = '', nonce = '', provider = '' } = context ?? {};
  const draw = resolved.random ?? ((id, attempt) => seededRandom(`${id}:${nonce}:${provider}:${attempt}`));
  const random = (attempt: number): number => draw(requestId, attempt);
  let waited = 0;
  // Alone, nothing is remembered between failures: the waits before are what they would have been.
  const sumOfDelays = (attempts: number): number => {
    let sum = 0;
    for (let each = 1; each <= attempts; each++) sum += backoffDelay(resolved, each, random);
    return sum;
  };

  return {
    // Never `count`: rxjs would raise the last error without asking, and so without its reason.
    delay: (thrown: unknown, attempt: number) => {
      const error = classify(thrown);
      const decision = decideRetry(error, resolved, {
        attempt,
        requests: attempt,
        maxRequests: context?.maxRequests ?? defaults.maxRequests,
        waited: context ? waited : sumOfDelays(attempt - 1),
        remaining: context?.remaining?.() ?? Number.POSITIVE_INFINITY,
        random,
      });
      if (context) {
        const { attempts } = context;
        const delayMs = 'delayMs' in decision ? decision.delayMs : 0;
        // What was refused on this side was no attempt.
        if (error.category !== 'circuit-open') {
          attempts?.push({ attempt, provider: error.provider ?? provider, model: error.model ?? '', category: error.category, delayMs });
          context.lastFailure = error;
        }
      }
      if ('gaveUp' in decision) {
        const { gaveUp } = decision;
        return throwError(() => completeError(error, { gaveUp }));
      }
      if (context) {
        waited += decision.delayMs;
        context.announce?.({ type: 'retry', requestId, attempt, delayMs: decision.delayMs, error });
      }
      // A timer even for no wait at all: synchronous failures would recurse.
      return timer(decision.delayMs);
    },
  };
}
