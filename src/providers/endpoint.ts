import * as z from 'zod';
import type { RequestContext } from '../core/context.ts';
import { parseOptions } from '../core/options.ts';
import { ProviderError } from '../core/provider-error.ts';
import type { HttpRequest } from '../core/transport.ts';

/** A key, or a function that returns one; called for each attempt, so that a key may be short-lived. */
export type ApiKey = string | (() => string | Promise<string>);

/** What every provider can be told of its endpoint. */
export interface EndpointOptions {
  /** Default: none is sent, as a local server wants none. Never read from the environment. */
  readonly apiKey?: ApiKey | undefined;
  /** The address up to the path of the API's version; a query in it is kept, as Azure's `?api-version=`. Default: the provider's own. */
  readonly baseURL?: string | undefined;
  /** The provider's name in events, errors, `providerOptions`, and the key of its breaker: give endpoints that fail apart two names. Default: the wire format's, `openai` or `anthropic`. */
  readonly name?: string | undefined;
  /** Sent with every request, in place of the library's own where they have the same name. Default: none. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** The checks that need no care about secrets; the others are made in {@link Endpoint}. */
export const endpointSchema = {
  apiKey: z.unknown().optional(),
  baseURL: z.unknown().optional(),
  headers: z.unknown().optional(),
  name: nonEmpty().optional(),
};

/** A text that is not empty. */
export function nonEmpty() {
  return z.custom<string>((value) => typeof value === 'string' && /^[\x20-\x7e]+$/.test(value), {
    error: 'must be a text of printable ASCII characters',
  });
}

type HeaderRecord = Readonly<Record<string, string>>;

/**
 * Where a provider's requests go and what they carry. Made when the provider is, so that wrong options throw at once.
 *
 * Refuses a base URL with credentials in it: fetch refuses it too, later and with the password in its words.
 */
export class Endpoint {
  readonly name: string;
  /** Without the query, which may hold a secret. */
  readonly address: string;
  readonly host: string;
  readonly #factory: string;
  readonly #search: string;
  readonly #headers: HeaderRecord;
  readonly #key: ApiKey | undefined;
  readonly #headersOf: (key: string) => HeaderRecord;

  /**
   * @param factory What the user called, for the words of errors.
   * @param own The provider's own name, address, headers, and the header that carries a key.
   */
  constructor(
    factory: string,
    schema: z.ZodType,
    options: EndpointOptions,
    own: {
      readonly name?: string | undefined;
      readonly baseURL: string | undefined;
      readonly headers: HeaderRecord;
      readonly headersOf: (key: string) => HeaderRecord;
    },
  ) {
    if (typeof options !== 'object' || options === null) throw new TypeError(`${factory}: the options must be an object`);
    parseOptions(factory, schema, options);
    this.#factory = factory;
    this.name = options.name ?? own.name ?? factory;
    const url = parseBaseURL(factory, options.baseURL ?? own.baseURL);
    this.address = `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
    this.host = url.hostname;
    this.#search = url.search;
    this.#headersOf = own.headersOf;
    const given = parseHeaders(factory, options.headers);
    this.#headers = { 'content-type': 'application/json', accept: 'text/event-stream', ...own.headers, ...given };
    const names = Object.keys(own.headersOf(''));
    // Headers that carry the key themselves need no other.
    this.#key = names.some((name) => name in given) ? undefined : parseKey(factory, options.apiKey);
  }

  /**
   * The request for a path of the API; of two queries, a path's own counts more than the base URL's.
   *
   * @param body `undefined` only asks for what is there.
   * @param model What stands for `{model}` in the base URL, which is then an endpoint for each. Default: nothing does.
   */
  request(path: string, body: string | undefined, context: RequestContext, model?: string): HttpRequest {
    const key = this.#key;
    const headers: Record<string, string> = { 'x-client-request-id': headerText(context.requestId), ...this.#headers };
    if (context.idempotencyKey !== undefined) headers['idempotency-key'] ??= headerText(context.idempotencyKey);
    if (typeof key === 'string') Object.assign(headers, this.#headersOf(key));
    const address = model === undefined ? this.address : this.address.replace(modelPlace, () => pathSegment(model));
    const method = body === undefined ? 'GET' : 'POST';
    const request = { url: withQuery(`${address}${path}`, this.#search), method, headers, body };
    return typeof key === 'function' ? { ...request, credentials: () => this.#fetchKey(key) } : request;
  }

  // Not async: a key that is there at once must not cost a turn of the event loop.
  #fetchKey(key: () => string | Promise<string>): HeaderRecord | PromiseLike<HeaderRecord> {
    const fetched: unknown = key();
    return isPromise(fetched) ? fetched.then((value) => this.#checkKey(value)) : this.#checkKey(fetched);
  }

  #checkKey(value: unknown): HeaderRecord {
    const key = typeof value === 'string' ? value.trim() : '';
    if (!isHeaderToken(key)) {
      throw new ProviderError({ category: 'authentication', phase: 'local', reason: `${this.#factory}: apiKey() returned no usable key` });
    }
    return this.#headersOf(key);
  }
}

/** As a URL has `{model}` in its path. */
const modelPlace = /%7Bmodel%7D/i;

/** Dots alone would be another path. */
function pathSegment(model: string): string {
  if (/^\.{1,2}$/.test(model)) throw new ProviderError({ category: 'invalid-request', phase: 'local', reason: 'model is no name' });
  return encodeURIComponent(model);
}

function withQuery(address: string, search: string): string {
  const start = address.indexOf('?');
  if (start === -1 || search === '') return `${address}${search}`;
  const query = new URLSearchParams(search);
  for (const [name, value] of new URLSearchParams(address.slice(start))) query.set(name, value);
  return `${address.slice(0, start)}?${query}`;
}

function parseBaseURL(factory: string, value: unknown): URL {
  const text = typeof value === 'string' ? value.trim() : '';
  const url = /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) {
    const shown = typeof value === 'string' && !/[@?]/.test(value) ? `, got ${JSON.stringify(value.slice(0, 60))}` : '';
    throw new TypeError(`${factory}: baseURL must be an absolute URL that begins with https:// or http://${shown}`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new TypeError(`${factory}: baseURL must not hold credentials; pass them as apiKey or headers`);
  }
  return url;
}

function parseHeaders(factory: string, value: unknown): HeaderRecord {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Headers) {
    throw new TypeError(`${factory}: headers must be an object of texts`);
  }
  const headers: Record<string, string> = {};
  for (const [name, text] of Object.entries(value)) {
    if (text === undefined) continue;
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) throw new TypeError(`${factory}: headers has a name that no header can have`);
    if (typeof text !== 'string' || !/^[\t\x20-\x7e\x80-\xff]*$/.test(text)) {
      throw new TypeError(`${factory}: headers.${name} must be a text that a header can carry`);
    }
    headers[name.toLowerCase()] = text;
  }
  return headers;
}

/** The message says what kind of value it was, and never the value. */
function parseKey(factory: string, value: unknown): ApiKey | undefined {
  if (value === undefined || typeof value === 'function') return value as ApiKey | undefined;
  if (typeof value !== 'string')
    throw new TypeError(`${factory}: apiKey must be a string or a function that returns one, got a ${typeof value}`);
  const key = value.trim();
  if (key === '') throw new TypeError(`${factory}: apiKey must not be empty; leave it out where none is needed`);
  if (!isHeaderToken(key)) throw new TypeError(`${factory}: apiKey holds a character that a header cannot carry`);
  return key;
}

function isHeaderToken(key: string): boolean {
  return /^[\x21-\x7e]+$/.test(key);
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** A caller's id as a header can carry it: what is not printable ASCII is percent-encoded. */
function headerText(text: string): string {
  return text.slice(0, 512).replace(/[^\x21-\x7e]/gu, (character) => {
    const unpaired = character >= '\ud800' && character <= '\udfff' && character.length === 1;
    return encodeURIComponent(unpaired ? '\ufffd' : character);
  });
}
