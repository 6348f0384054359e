import { catchError, defaultIfEmpty, defer, firstValueFrom, from, map, of, switchMap, throwError, timeout } from 'rxjs';
import type { ClientSettings } from './client-options.ts';
import type { StreamPosition } from './core/checkpoint.ts';
import { defaults } from './core/defaults.ts';
import { ErrorResponse } from './core/error-response.ts';
import type { EventLike } from './core/event.ts';
import type { Provider } from './core/provider.ts';
import { ProviderError } from './core/provider-error.ts';
import { randomId } from './core/random-id.ts';
import type { HttpRequest } from './core/transport.ts';
import { classifyErrors } from './operators/classify-errors.ts';

/**
 * Has a provider end a generation that it goes on with though nobody reads it.
 *
 * Nothing is asked for where the provider keeps none. One that has ended, or is gone, needs no end.
 */
export async function cancelGeneration<E extends EventLike>(settings: ClientSettings<E>, position: StreamPosition): Promise<void> {
  const targets = [settings.provider, ...settings.fallback.map(({ provider }) => provider)];
  const provider = targets.find(({ name }) => name === position.provider);
  if (!provider?.cancelRequest || position.cursor === undefined) return;
  await firstValueFrom(
    defer(() => ask(settings, provider, position)).pipe(
      timeout({ first: defaults.cancelTimeout, with: () => throwError(() => tooLate()) }),
      catchError((error: unknown) => (isOver(error) ? of(undefined) : throwError(() => error))),
      classifyErrors({ provider: provider.name, model: position.model, describeError: provider.describeError?.bind(provider) }),
      defaultIfEmpty(undefined),
    ),
  );
}

function ask<E extends EventLike>(settings: ClientSettings<E>, provider: Provider<E>, position: StreamPosition) {
  const controller = new AbortController();
  const context = { requestId: `req_${randomId()}`, attempt: 1, signal: controller.signal };
  const request = provider.cancelRequest?.(position, context) as HttpRequest;
  const withCredentials = from(Promise.resolve(request.credentials?.() ?? {})).pipe(
    map((credentials) => ({ ...request, headers: { ...request.headers, ...credentials } })),
  );
  return withCredentials.pipe(switchMap((http) => settings.transportOf(provider)(http, context)));
}

/** Whether the answer is one at all: it is no stream of events, and need not be. */
function isOver(error: unknown): boolean {
  const status = error instanceof ErrorResponse ? error.facts.status : undefined;
  return status !== undefined && (status < 300 || status === 404 || status === 409 || status === 410);
}

function tooLate(): ProviderError {
  return new ProviderError({ category: 'timeout', timeout: 'headers', phase: 'connect' });
}
