import { defer, identity, type MonoTypeOperatorFunction } from 'rxjs';
import type { Call } from './call.ts';
import type { ClientSettings } from './client-options.ts';
import type { EventLike, StreamEvent } from './core/event.ts';
import type { ProviderError } from './core/provider-error.ts';
import type { StreamRequest } from './core/request.ts';
import type { Cooldown } from './operators/cooldown.ts';
import type { CircuitBreaker } from './operators/create-circuit-breaker.ts';
import { hedge } from './operators/hedge.ts';

/**
 * Starts a second attempt when first content is late, if the client is set to, and if the call may: a further request must be left,
 * breaker and cooldown must let it through, and it costs a token of the budget. Refused, it is simply not made. Tools could run twice: a request
 * with tools is not hedged unless that is allowed.
 */
export function hedgeAttempts<E extends EventLike>(
  settings: ClientSettings<E>,
  call: Call,
  request: StreamRequest,
  provider: string,
  breaker: CircuitBreaker,
  gate: Cooldown,
): MonoTypeOperatorFunction<StreamEvent | E> {
  const { after, allowTools = false } = settings.hedge ?? {};
  const hasTools = (request.tools?.length ?? 0) > 0;
  if (after === undefined || (hasTools && !allowTools)) return identity;
  const { tenant, retry } = call.settings;
  return (source) =>
    defer(() => {
      const before = call.requests;
      const mayStart = (): boolean =>
        // One that still waits for its turn is not slow, and its request is yet to be counted.
        call.requests > before &&
        call.requests < call.settings.maxRequests &&
        breaker.retryAfter() === 0 &&
        gate.waitFor() === 0 &&
        (retry.budget?.take({ provider, tenant }) ?? true);
      const onFailure = ({ attempt = call.requests, provider: from = provider, model = request.model, category }: ProviderError): void => {
        call.attempts.push({ attempt, provider: from, model, category, delayMs: 0 });
      };
      return source.pipe(hedge({ after, mayStart, onFailure }));
    });
}
