/** Statuses whose responses have no body, and may not be made with one. */
const withoutBody = new Set([101, 204, 205, 304]);

/** Whether a response says that it is JSON, of whatever kind. */
export function isJsonType(response: Response | undefined): boolean {
  return /[/+]json\b/i.test(response?.headers.get('content-type') ?? '');
}

/**
 * A response with the head of another and a body of its own.
 *
 * Its address is kept, also on clones. What `fetch` has unpacked is no longer packed, and has another length.
 *
 * @param changes Headers that are set, or with `undefined` left out.
 */
export function responseLike(
  { status, statusText, headers, url }: Response,
  body: ReadableStream<Uint8Array>,
  changes: Readonly<Record<string, string | undefined>> = {},
): Response {
  const own = new Headers(headers);
  if (own.has('content-encoding')) {
    own.delete('content-encoding');
    own.delete('content-length');
  }
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) own.delete(name);
    else own.set(name, value);
  }
  return at(url, new Response(withoutBody.has(status) ? null : body, { status, statusText, headers: own }));
}

function at(url: string, response: Response): Response {
  return Object.defineProperties(response, {
    url: { value: url },
    clone: { value: () => at(url, Response.prototype.clone.call(response)) },
  });
}
