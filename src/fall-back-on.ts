import { catchError, identity, type MonoTypeOperatorFunction, type Observable, throwError } from 'rxjs';
import type { Call } from './call.ts';
import type { ClientSettings, Target } from './client-options.ts';
import { type ErrorCategory, errorCategories } from './core/error-category.ts';
import type { EventLike, StreamEvent } from './core/event.ts';
import { completeError, type ProviderError } from './core/provider-error.ts';
import { fallbackCategories, fallbackTo } from './operators/fallback-to.ts';
import { type TakeOver, takeOver } from './recover-on.ts';

/** What is left to ask, in order, and how. */
type Answer<E extends EventLike> = (
  targets: readonly [Target<E>, ...Target<E>[]],
  after: TakeOver | undefined,
) => Observable<StreamEvent | E>;

/**
 * Goes on with the next target that can help: one that is meant for this failure, whose breaker lets a request through, and that does
 * not cool down for longer than there is time.
 *
 * Nothing is said twice: after content it takes a target that allows it, and a `restart` event says that the content so far is void; or one
 * that can go on as the call's `recovery` allows.
 * A tool that was called is never called again. When every target has failed, the first real failure is the one that is raised.
 */
export function fallBackOn<E extends EventLike>(
  targets: readonly Target<E>[],
  call: Call,
  settings: ClientSettings<E>,
  answer: Answer<E>,
): MonoTypeOperatorFunction<StreamEvent | E> {
  if (targets.length === 0) return identity;

  const takeOverBy = (target: Target<E>, error: ProviderError): TakeOver | undefined => {
    const { afterContent = false } = target;
    const allowed = takeOver(call, target, error);
    const mayBeginAnew = afterContent && !call.delivered.hasToolCalls;
    return allowed ?? (mayBeginAnew ? { verb: 'restart', error, at: call.checkpoint() } : undefined);
  };

  const canHelp = (target: Target<E>, error: ProviderError): boolean => {
    const { provider, model, on = fallbackCategories } = target;
    return (
      !call.delivered.isWhole &&
      on.includes(error.category) &&
      (!call.hasDelivered || takeOverBy(target, error) !== undefined) &&
      settings.breakers.get(provider.name, model).retryAfter() === 0 &&
      settings.cooldowns.get(provider.name, model).waitFor() < call.remaining()
    );
  };

  const goOn = (error: ProviderError): Observable<StreamEvent | E> => {
    const index = targets.findIndex((target) => canHelp(target, error));
    const target = targets[index];
    if (!target) return throwError(() => error);
    if (call.requests >= call.settings.maxRequests) return throwError(() => completeError(error, { gaveUp: 'attempts' }));
    call.report?.({ type: 'fallback', to: { provider: target.provider.name, model: target.model }, error });
    return answer([target, ...targets.slice(index + 1)], call.hasDelivered ? takeOverBy(target, error) : undefined).pipe(
      catchError((later: ProviderError) => throwError(() => (isBetterReason(later, error) ? later : error))),
    );
  };

  return fallbackTo(goOn, { on: Object.keys(errorCategories) as ErrorCategory[], afterContent: true });
}

/** What failed first was what was asked for; unless nothing was asked of it, or the later one has delivered content. */
function isBetterReason(later: ProviderError, first: ProviderError): boolean {
  const wasRefusedHere = errorCategories[first.category].side === 'local' && errorCategories[later.category].side !== 'local';
  return wasRefusedHere || later.phase === 'streaming';
}
