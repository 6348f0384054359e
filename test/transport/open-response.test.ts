import { describe, expect, it, test, vi } from 'vitest';
import { ErrorResponse } from '../../src/core/error-response.ts';
import { isProviderError } from '../../src/core/provider-error.ts';
import type { HttpRequest } from '../../src/core/transport.ts';
import { openResponse } from '../../src/transport/open-response.ts';

const request: HttpRequest = {
  url: 'https://host/v1/chat',
  headers: { authorization: 'Bearer k', accept: 'text/event-stream' },
  body: '{}',
};
const { signal } = new AbortController();
const redirect = (location: string, status = 307) => new Response(null, { status, headers: { location } });

function scripted(...responses: Response[]) {
  const seen: { readonly url: string; readonly init: RequestInit }[] = [];
  const fetch = vi.fn(async (url: string | URL | Request, init?: RequestInit) => {
    seen.push({ url: String(url), init: init ?? {} });
    const response = responses[seen.length - 1];
    if (!response) throw new Error('one request too many');
    return response;
  });
  return { fetch: fetch as typeof globalThis.fetch, seen };
}

const reasonOf = async (promise: Promise<unknown>) => {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ErrorResponse);
  return (error as ErrorResponse).facts;
};

describe('a request', () => {
  it('is made as the provider describes it, and never follows by itself', async () => {
    const answer = new Response('x');
    const { fetch, seen } = scripted(answer);
    expect(await openResponse(fetch, request, signal)).toBe(answer);
    expect(seen).toEqual([
      { url: request.url, init: { method: 'POST', headers: request.headers, body: '{}', redirect: 'manual', signal } },
    ]);
  });

  it('may have another method, and no body', async () => {
    const { fetch, seen } = scripted(new Response('x'));
    await openResponse(fetch, { url: request.url, method: 'GET', headers: {} }, signal);
    expect(seen[0]?.init.method).toBe('GET');
    expect(seen[0]?.init).not.toHaveProperty('body');
  });

  test.each([200, 400, 404, 429, 500, 529])('is answered by status %i as it is', async (status) => {
    const { fetch } = scripted(new Response('x', { status }));
    expect((await openResponse(fetch, request, signal)).status).toBe(status);
  });

  test.each(['hunter2\n', 'hunter2\u0000', 'ключ', 'hunter2\r\nx-evil: 1', '😀'])(
    'is not made with a header that HTTP does not allow, and the value is not told: %j',
    async (value) => {
      const { fetch, seen } = scripted();
      const error = await openResponse(fetch, { ...request, headers: { 'x-api-key': value } }, signal).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ category: 'invalid-request', phase: 'local', retryable: false });
      expect(isProviderError(error) && `${error.message}${JSON.stringify(error)}`).not.toContain(value.replace(/\p{Cc}.*/su, ''));
      expect((error as Error).message).toContain('x-api-key');
      expect(seen).toEqual([]);
    },
  );

  it('may have headers of Latin 1, and a tab', async () => {
    const { fetch } = scripted(new Response('x'));
    await expect(openResponse(fetch, { ...request, headers: { 'x-name': 'Zoë\tB' } }, signal)).resolves.toBeInstanceOf(Response);
  });
});

describe('a redirect', () => {
  test.each([301, 302, 307, 308])('within the origin is followed, with method, body and headers as they are: %i', async (status) => {
    const { fetch, seen } = scripted(redirect('/v2/chat?x=1', status), new Response('x'));
    await openResponse(fetch, request, signal);
    expect(seen.map(({ url }) => url)).toEqual([request.url, 'https://host/v2/chat?x=1']);
    expect(seen[1]?.init).toEqual(seen[0]?.init);
  });

  it('is relative to where it came from', async () => {
    const { fetch, seen } = scripted(redirect('/a/b'), redirect('c'), new Response('x'));
    await openResponse(fetch, request, signal);
    expect(seen[2]?.url).toBe('https://host/a/c');
  });

  test.each([
    'https://evil/v1',
    'http://host/v1/chat',
    'https://host:8443/v1/chat',
    '//evil/',
    'https://host@evil/',
    'javascript:alert(1)',
    'http://[',
  ])('elsewhere is not followed: the credentials would be given away: %s', async (location) => {
    const { fetch, seen } = scripted(redirect(location));
    expect(await reasonOf(openResponse(fetch, request, signal))).toMatchObject({
      status: 307,
      reason: 'a redirect to another origin was not followed',
    });
    expect(seen).toHaveLength(1);
  });

  it('is followed three times, and not a fourth', async () => {
    const { fetch } = scripted(redirect('/1'), redirect('/2'), redirect('/3'), new Response('x'));
    await expect(openResponse(fetch, request, signal)).resolves.toBeInstanceOf(Response);
    const circle = scripted(redirect('/1'), redirect('/2'), redirect('/1'), redirect('/2'), redirect('/1'));
    expect(await reasonOf(openResponse(circle.fetch, request, signal))).toMatchObject({ reason: 'redirected too often' });
    expect(circle.seen).toHaveLength(4);
  });

  it('that a browser hides is not followed', async () => {
    const hidden = Object.defineProperties(new Response(null), { type: { value: 'opaqueredirect' }, status: { value: 0 } });
    const { fetch } = scripted(hidden);
    expect(await reasonOf(openResponse(fetch, request, signal))).toMatchObject({ status: undefined });
  });

  it('without a place to go to is an answer', async () => {
    const { fetch } = scripted(new Response(null, { status: 302 }));
    expect((await openResponse(fetch, request, signal)).status).toBe(302);
  });

  it('lets its body go', async () => {
    const cancel = vi.fn();
    const { fetch } = scripted(
      new Response(new ReadableStream({ cancel }), { status: 307, headers: { location: '/x' } }),
      new Response('x'),
    );
    await openResponse(fetch, request, signal);
    expect(cancel).toHaveBeenCalledTimes(1);
  });
});
