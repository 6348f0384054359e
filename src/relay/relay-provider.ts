import { catchError, throwError } from 'rxjs';
import * as z from 'zod';
import type { RequestContext } from '../core/context.ts';
import { defaults } from '../core/defaults.ts';
import { errorCategories } from '../core/error-category.ts';
import { ErrorResponse } from '../core/error-response.ts';
import type { EventLike } from '../core/event.ts';
import { isObject } from '../core/json-value.ts';
import { callback, milliseconds, parseOptions } from '../core/options.ts';
import type { Decoder, ErrorDescription, ErrorFacts, Provider } from '../core/provider.ts';
import { ProviderError } from '../core/provider-error.ts';
import type { HttpRequest, Transport } from '../core/transport.ts';
import { liveFetch } from './live-fetch.ts';
import { absoluteUrl, cursorOf, parseRelayCursor, sameOrigin } from './relay-cursor.ts';
import { categoryOf, RelayDecoder, relayedError } from './relay-decoder.ts';
import { requestJson } from './request-json.ts';

type HeaderRecord = Readonly<Record<string, string>>;

/** Options of {@link relay}. */
export interface RelayOptions {
  /** Where sessions are started; in a browser it may be relative to the page. */
  readonly url: string;
  /** In events, errors, and the key of the breaker. Default: `relay`. */
  readonly name?: string | undefined;
  /** Sent with every request; a function is asked each time, so that a token may be short-lived. Default: none. */
  readonly headers?: HeaderRecord | (() => HeaderRecord | PromiseLike<HeaderRecord>) | undefined;
  /** Default: `globalThis.fetch`, looked up at each request. The place for `credentials: 'include'`. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** How often the server says something, in milliseconds, as its own `heartbeat` has it; after three times that in silence, it is asked anew. Default: 15,000. */
  readonly heartbeat?: number | undefined;
}

const schema = z.strictObject({
  url: z.custom<string>((value) => typeof value === 'string' && value.trim() !== '' && !/^\w+:\/\/[^/]*@/.test(value), {
    error: 'must be an address without credentials',
  }),
  name: z
    .custom<string>((value) => typeof value === 'string' && /^[\x20-\x7e]+$/.test(value), { error: 'must be a text' })
    .default('relay'),
  headers: z
    .custom<NonNullable<RelayOptions['headers']>>(
      (value) => typeof value === 'function' || (isObject(value) && !(value instanceof Headers)),
      {
        error: 'must be an object of texts, or a function that returns one',
      },
    )
    .default({}),
  fetch: callback<typeof globalThis.fetch>().optional(),
  heartbeat: milliseconds(10).default(defaults.relay.heartbeat),
});

/** The provider that reads a relay, over the transport that is made for it. */
export function relayProvider<E extends EventLike>(
  options: RelayOptions,
  transportOver: (fetch: typeof globalThis.fetch) => Transport,
): Provider<E> {
  const { url, name, headers, heartbeat, ...given } = parseOptions('relay', schema, options);
  const silence = heartbeat * defaults.relay.maxSilentHeartbeats;
  const fetch = (): typeof globalThis.fetch => given.fetch ?? globalThis.fetch;
  const transport = transportOver(liveFetch(fetch, { heartbeat, silence }));

  /** Fixed headers are there at once; others are fetched for each attempt. */
  const withHeaders = (request: Omit<HttpRequest, 'headers'>, own: HeaderRecord): HttpRequest => {
    if (typeof headers === 'function') return { ...request, headers: own, credentials: headers };
    return { ...request, headers: { ...own, ...headers } };
  };

  const ownHeaders = ({ requestId }: RequestContext, more: HeaderRecord): HeaderRecord => ({
    accept: 'text/event-stream',
    ...(isHeaderValue(requestId) && { 'x-client-request-id': requestId }),
    ...more,
  });

  return {
    name,
    capabilities: { resume: true, resumesFreely: true },
    // Its silence is noticed by heartbeats, the other side has the deadlines, and asking for the rest costs nothing.
    defaults: defaults.relay.client,
    transport: (request, context) =>
      transport(request, context).pipe(catchError((error: unknown) => throwError(() => finalError(error) ?? error))),
    request: (request, context) => {
      // Made of a long request id it may be longer than a relay takes; what sets it apart from others is its end.
      const key = context.idempotencyKey?.slice(-maxHeaderLength);
      const more = { 'content-type': 'application/json', ...(key !== undefined && isHeaderValue(key) && { 'idempotency-key': key }) };
      return withHeaders({ url: absoluteUrl(url), method: 'POST', body: requestJson(request) }, ownHeaders(context, more));
    },
    resume: ({ cursor }, context) => {
      const { location, id } = cursorOf(cursor, absoluteUrl(url));
      return withHeaders({ url: location, method: 'GET' }, ownHeaders(context, id === '' ? {} : { 'last-event-id': id }));
    },
    decoder: (head, from) => {
      const location = sameOrigin(head.headers.get('location'), absoluteUrl(url));
      const begun = location === undefined ? undefined : { location, id: '', unlogged: 0 };
      return new RelayDecoder(from === undefined ? begun : parseRelayCursor(from)) as Decoder<never> as Decoder<E>;
    },
    describeError,
    cancelRequest: ({ cursor }, context) => {
      const { location } = cursorOf(cursor, absoluteUrl(url));
      return withHeaders({ url: location, method: 'DELETE' }, ownHeaders(context, {}));
    },
  };
}

/** What a relay says of a failure. */
function describeError({ status, body }: ErrorFacts): ErrorDescription | undefined {
  // Nothing is left to be read, and there was no end marker: whoever asks once more will hear the same.
  if (status === 204) return { category: 'interrupted', retryable: false, code: 'nothing-left' };
  const told = isObject(body) && isObject(body.error) ? body.error : undefined;
  const category = categoryOf(told?.category);
  if (!told || !category) return undefined;
  const { retryAfterMs, providerRequestId } = relayedError(told);
  return { category, retryAfterMs, providerRequestId };
}

/** A refusal that will not change is what the relay calls it; any other is what its status says. */
function finalError(error: unknown): ProviderError | undefined {
  if (!(error instanceof ErrorResponse)) return undefined;
  const { body, status } = error.facts;
  const told = isObject(body) && isObject(body.error) ? body.error : undefined;
  const category = categoryOf(told?.category);
  if (status === undefined || !category || errorCategories[category].retryable || errorCategories[category].side !== 'local')
    return undefined;
  const { providerRequestId } = relayedError(told);
  return new ProviderError({ category, status, retryable: false, providerRequestId, cause: error });
}

/** Of ids and keys, as a relay and the client behind it take them. */
const maxHeaderLength = 128;

function isHeaderValue(text: string): boolean {
  return text.length <= maxHeaderLength && /^[\x21-\x7e]+$/.test(text);
}
