import { defaults } from '../core/defaults.ts';
import { ErrorResponse } from '../core/error-response.ts';
import { ProviderError } from '../core/provider-error.ts';
import type { HttpRequest } from '../core/transport.ts';
import { cancelQuietly } from './cancel-quietly.ts';

const followed = new Set([301, 302, 307, 308]);

/**
 * Makes the request and follows redirects, with method and body as they are, but only within the origin: elsewhere, the credentials
 * would be given away.
 */
export async function openResponse(fetch: typeof globalThis.fetch, request: HttpRequest, signal: AbortSignal): Promise<Response> {
  checkHeaders(request.headers);
  let { url } = request;
  for (let redirects = 0; ; redirects++) {
    const response = await fetch(url, {
      method: request.method ?? 'POST',
      headers: request.headers,
      ...(request.body !== undefined && { body: request.body }),
      redirect: 'manual',
      signal,
    });
    const location = response.headers.get('location');
    const isRedirect = response.type === 'opaqueredirect' || (followed.has(response.status) && location !== null);
    if (!isRedirect) return response;
    cancelQuietly(response.body);
    const target = location === null ? undefined : sameOrigin(url, location);
    if (target === undefined || redirects >= defaults.transport.maxRedirects) {
      const reason = target === undefined ? 'a redirect to another origin was not followed' : 'redirected too often';
      throw new ErrorResponse({ status: response.status || undefined, body: undefined, headers: response.headers, reason });
    }
    url = target;
  }
}

/** `fetch` would quote the value in its own complaint, and the value may be a key. */
function checkHeaders(headers: HttpRequest['headers']): void {
  for (const [name, value] of Object.entries(headers)) {
    if (/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) continue;
    throw new ProviderError({
      category: 'invalid-request',
      phase: 'local',
      reason: `the header ${name} holds a character that HTTP does not allow`,
    });
  }
}

function sameOrigin(from: string, location: string): string | undefined {
  try {
    const base = new URL(from, globalThis.location?.href);
    const target = new URL(location, base);
    return target.origin === base.origin ? target.href : undefined;
  } catch {
    return undefined;
  }
}
