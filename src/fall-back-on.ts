import { catchError, identity, type MonoTypeOperatorFunction, map, type Observable, throwError } from 'rxjs';
import type { Call } from './call.ts';
import type { ClientSettings, Target } from './client-options.ts';
import { type ErrorCategory, errorCategories } from './core/error-category.ts';
import type { EventLike, StreamEvent } from './core/event.ts';
import { completeError, type ProviderError } from './core/provider-error.ts';
import { fallbackCategories, fallbackTo } from './operators/fallback-to.ts';

/** What is left to ask, in order, and how. */
type Answer<E extends EventLike> = (targets: readonly [Target<E>, ...Target<E>[]]) => Observable<StreamEvent | E>;

/**
 * Goes on with the next target that can help: one that is meant for this failure, whose breaker lets a request through, and that does
 * not cool down for longer than there is time.
 *
 * Nothing is said twice: after content it takes a target that allows it, and a `restart` event says that the content so far is void.
 * A tool that was called is never called again. When every target has failed, the first real failure is the one that is raised.
 */
export function fallBackOn<E extends EventLike>(
  targets: readonly Target<E>[],
  call: Call,
  settings: ClientSettings<E>,
  answer: Answer<E>,
): MonoTypeOperatorFunction<StreamEvent | E> {
  if (targets.length === 0) return identity;

  const canHelp = ({ provider, model, on = fallbackCategories, afterContent = false }: Target<E>, error: ProviderError): boolean =>
    !call.delivered.isWhole &&
    on.includes(error.category) &&
    (error.phase !== 'streaming' || (afterContent && !call.delivered.hasToolCalls)) &&
    settings.breakers.get(provider.name, model).retryAfter() === 0 &&
    settings.cooldowns.get(provider.name, model).waitFor() < call.remaining();

  const goOn = (error: ProviderError): Observable<StreamEvent | E> => {
    const index = targets.findIndex((target) => canHelp(target, error));
    const target = targets[index];
    if (!target) return throwError(() => error);
    if (call.requests >= call.settings.maxRequests) return throwError(() => completeError(error, { gaveUp: 'attempts' }));
    call.report?.({ type: 'fallback', to: { provider: target.provider.name, model: target.model }, error });
    return answer([target, ...targets.slice(index + 1)]).pipe(
      error.phase === 'streaming' ? map((event) => restarted(event, error, call)) : identity,
      catchError((later: ProviderError) => throwError(() => (isBetterReason(later, error) ? later : error))),
    );
  };

  return fallbackTo(goOn, { on: Object.keys(errorCategories) as ErrorCategory[], afterContent: true });
}

/** The content before was another generation's. */
function restarted<E extends EventLike>(event: StreamEvent | E, error: ProviderError, call: Call): StreamEvent | E {
  if (event.type !== 'start') return event;
  const { requestId, attempt, provider, model } = event as Extract<StreamEvent, { type: 'start' }>;
  const restart: StreamEvent = { type: 'restart', requestId, attempt, provider, model, error };
  call.delivered.add(restart);
  return restart;
}

/** What failed first was what was asked for; unless nothing was asked of it, or the later one has delivered content. */
function isBetterReason(later: ProviderError, first: ProviderError): boolean {
  const wasRefusedHere = errorCategories[first.category].side === 'local' && errorCategories[later.category].side !== 'local';
  return wasRefusedHere || later.phase === 'streaming';
}
