import type { EventLike } from './core/event.ts';
import type { Provider } from './core/provider.ts';
import { type RelayOptions, relayProvider } from './relay/relay-provider.ts';
import { fetchTransport } from './transport/fetch-transport.ts';

/**
 * A relay as a provider: for pages, and for anything else that shall not hold a provider's key.
 *
 * The request is sent as JSON to where {@link createRelayHandler} answers, with an idempotency key, so that a retry joins the session that the
 * first attempt has started. An answer that breaks is taken up where it was (`recovery: ['resume']`, the default). It ends with the end
 * marker and nothing else; what the server says of a failure is raised with its category.
 *
 * Unsubscribing leaves the session as it is: who comes back can read on, from `error.checkpoint` or `follow`. `client.cancel` ends it.
 *
 * `E` are events of your own that the server sends.
 *
 * @throws TypeError for an option that is unknown or out of range; the message names it.
 *
 * @example
 * ```ts
 * const provider = relay({ url: '/api/chat', headers: async () => ({ authorization: `Bearer ${await token()}` }) });
 * const client = createClient({ provider });
 * client.stream(request).pipe(textDeltas()).subscribe((text) => show(text));
 * ```
 */
export function relay<E extends EventLike = never>(options: RelayOptions): Provider<E> {
  return relayProvider<E>(options, (fetch) => fetchTransport({ fetch }));
}
