import { assertInInjectionContext, type EnvironmentProviders, InjectionToken, inject, makeEnvironmentProviders } from '@angular/core';
import { type Client, type ClientConfig, createClient, type EventLike } from '../index.ts';

/**
 * The client of an application, for code that asks for tokens, and for tests that put another one in its place.
 *
 * @example
 * ```ts
 * TestBed.configureTestingModule({ providers: [{ provide: STEADYSTREAM_CLIENT, useValue: createClient({ provider: fakeProvider() }) }] });
 * ```
 */
export const STEADYSTREAM_CLIENT = new InjectionToken<Client>('steadystream client');

/** What a client is made of: its configuration; or a function that returns that, or a client that is ready, and may call `inject()`. */
export type SteadyStreamConfig<E extends EventLike = never> = ClientConfig<E> | (() => ClientConfig<E> | Client<E>);

/**
 * Gives an application, a route or a test its client. It is made when it is first asked for, once an injector; making it asks nothing.
 *
 * A configuration is read at once; a function is called when the client is made, also on the server.
 *
 * @throws TypeError for an option that is unknown or out of range; the message names it.
 *
 * @example
 * ```ts
 * export const appConfig: ApplicationConfig = {
 *   providers: [provideSteadyStream({ provider: relay({ url: '/api/chat' }) })],
 * };
 * ```
 */
export function provideSteadyStream<E extends EventLike = never>(config: SteadyStreamConfig<E>): EnvironmentProviders {
  // Made once for its checks: a mistake shows where it stands, and not where the client is first used.
  if (typeof config !== 'function') createClient(config);
  const make = () => {
    const given = typeof config === 'function' ? config() : config;
    return isClient(given) ? given : createClient(given);
  };
  return makeEnvironmentProviders([{ provide: STEADYSTREAM_CLIENT, useFactory: make }]);
}

/**
 * The application's client. Call it where `inject()` may be called.
 *
 * @throws Error outside of an injection context, and without `provideSteadyStream`.
 *
 * @example
 * ```ts
 * readonly #client = injectSteadyStream();
 * ```
 */
export function injectSteadyStream(): Client {
  assertInInjectionContext(injectSteadyStream);
  const client = inject(STEADYSTREAM_CLIENT, { optional: true });
  if (!client)
    throw new Error('steadystream has no client here: add provideSteadyStream({ provider }) to the providers of the application.');
  return client;
}

function isClient<E extends EventLike>(value: ClientConfig<E> | Client<E>): value is Client<E> {
  return typeof (value as Partial<Client<E>> | undefined)?.stream === 'function';
}
