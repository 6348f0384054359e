import { isObject, type JsonObject } from '../core/json-value.ts';
import type { HttpRequest } from '../core/transport.ts';

type Fetch = typeof globalThis.fetch;

/** A request as `fetch` was given it, in a form that can be sent again. */
export interface FetchRequest {
  readonly url: URL;
  /** The method, the address and the headers, to which those of ours are added. */
  readonly method: string;
  readonly headers: Headers;
  /** What it says, if that is JSON. */
  readonly json: JsonObject | undefined;
  /** Whether its body can be sent twice; a stream cannot. */
  readonly isRepeatable: boolean;
  readonly signal: AbortSignal | undefined;
  /** Whether the caller wants to see redirects, or none at all. */
  readonly redirect: 'manual' | 'error' | undefined;
  /** Sends it: with everything that the caller said beside (`dispatcher`, `credentials`, `cache` ...). */
  send(fetch: Fetch, http: HttpRequest, signal: AbortSignal, redirect: RequestRedirect): Promise<Response>;
}

const json = /[/+]json\b/i;

/** Reads what `fetch` was called with. Rejects as `fetch` would, for an address that is none. */
export async function readFetchRequest(input: string | URL | Request, init: RequestInit = {}): Promise<FetchRequest> {
  const request = input instanceof Request ? input : undefined;
  const url = new URL(request?.url ?? String(input), globalThis.location?.href);
  const headers = new Headers(init.headers ?? request?.headers);
  const saysJson = json.test(headers.get('content-type') ?? '');
  const body = init.body ?? (request && (await bodyOf(request, saysJson)));
  const method = (init.method ?? request?.method ?? 'GET').toUpperCase();
  // As `fetch` would: a mistake of the caller's is no trouble of the provider's.
  if (body != null && /^(?:GET|HEAD)$/.test(method)) throw new TypeError(`a ${method} request cannot have a body`);
  const isRepeatable = !isStream(body);
  const redirect = init.redirect ?? request?.redirect;
  const extras = { ...(request && extrasOf(request)), ...init, ...(isRepeatable ? {} : { duplex: 'half' }) };
  return {
    url,
    method,
    headers,
    json: parseJson(body, saysJson),
    isRepeatable,
    signal: init.signal ?? request?.signal ?? undefined,
    redirect: redirect === 'follow' ? undefined : redirect,
    send: (fetch, http, signal, follow) =>
      fetch(http.url, { ...extras, method: http.method ?? 'GET', headers: http.headers, body: body ?? null, signal, redirect: follow }),
  };
}

/** JSON is read, so that it can be looked at and sent again; anything else is passed on as it is. */
async function bodyOf(request: Request, saysJson: boolean): Promise<BodyInit | null> {
  // Firefox does not show it.
  if (request.body === undefined) {
    const bytes = await request.arrayBuffer();
    return bytes.byteLength === 0 ? null : bytes;
  }
  return saysJson && request.body ? request.text() : request.body;
}

function extrasOf({ cache, credentials, integrity, keepalive, mode, referrerPolicy }: Request): RequestInit {
  return { cache, credentials, integrity, keepalive, referrerPolicy, ...(mode === 'navigate' ? {} : { mode }) };
}

/** Streams, and the iterables that Node's `fetch` takes too. */
function isStream(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false;
  return body instanceof ReadableStream || (Symbol.asyncIterator in body && !(body instanceof Blob));
}

/** Some callers leave the type out: what begins like an object is tried. */
function parseJson(body: unknown, saysJson: boolean): JsonObject | undefined {
  const isBytes = ArrayBuffer.isView(body) || body instanceof ArrayBuffer;
  if (typeof body !== 'string' && !(isBytes && saysJson)) return undefined;
  try {
    const text = typeof body === 'string' ? body : new TextDecoder().decode(body as ArrayBuffer);
    const parsed: unknown = saysJson || text.trimStart().startsWith('{') ? JSON.parse(text) : undefined;
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
