import { getEventListeners } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createCircuitBreakers, createCooldowns, isProviderError, type LifecycleEvent, openai, type ProviderError } from '../src/index.ts';
import { type ResilientFetch, type ResilientFetchOptions, resilientFetch } from '../src/resilient-fetch.ts';
import type { Answer, FaultServer } from '../src/testing/fault-server.ts';
import { about, afterwards, expectAborted, messagesOf, quiet, serve, type Wire, wires, within } from './integration/support.ts';

const quick = (options: ResilientFetchOptions = {}): ResilientFetch =>
  resilientFetch({ ...options, retry: { initialDelay: 1, jitter: 'none', ...options.retry } });

/** What an SDK asks for a stream with. */
function ask(
  fetch: typeof globalThis.fetch,
  url: string,
  wire: Wire = 'openai',
  { body = {}, headers, signal }: { body?: object; headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Response> {
  return within(
    fetch(`${url}/${about[wire].path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer sk-test', ...headers },
      body: JSON.stringify({ model: 'm-1', stream: true, messages: [], ...body }),
      ...(signal && { signal }),
    }),
    'fetch did not answer',
  );
}

/** The same without a stream. */
function askWhole(fetch: typeof globalThis.fetch, url: string, path = 'chat/completions', init: RequestInit = {}): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return within(fetch(`${url}/${path}`, { method: 'POST', headers, body: '{"model":"m-1"}', ...init }), 'fetch did not answer');
}

async function failure(promise: Promise<unknown>): Promise<ProviderError> {
  const error = await within(promise, 'it did not fail').then(
    (value) => expect.fail(`an error, not ${String(value)}`),
    (thrown: unknown) => thrown,
  );
  expect(isProviderError(error), String(error)).toBe(true);
  return error as ProviderError;
}

/** A server of our own, for what the fault server has not. */
async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterwards(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}

const text = 'one two three';

describe('the bytes of a stream', () => {
  it.each(wires)('pass exactly as they came, however they are cut: %s', async (wire) => {
    const answer = { text, reasoning: wire === 'openai' ? 'hm hm' : undefined, between: ': note\n\n', lineEnding: '\r\n' } as const;
    const server = await serve([
      { ...answer, id: 'x' },
      { ...answer, id: 'x', split: 'byte' },
    ]);
    const alone = await (await ask(globalThis.fetch, server.url, wire)).text();
    const behind = await (await ask(quick(), server.url, wire)).text();
    const timeless = (all: string) => all.replace(/"created(?:_at)?":\d+/g, '');
    expect(timeless(behind)).toBe(timeless(alone));
    expect(behind.length).toBeGreaterThan(200);
  });

  it('come with the head of the real response', async () => {
    const server = await serve([{ text, headers: { 'x-request-id': 'req_7', 'x-ratelimit-limit-requests': '9' } }]);
    const response = await ask(quick(), server.url);
    expect(response).toMatchObject({ status: 200, statusText: 'OK', ok: true, url: `${server.url}/chat/completions` });
    expect(response.clone().clone().url).toBe(response.url);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(response.headers.get('x-request-id')).toBe('req_7');
    expect(response.headers.get('x-ratelimit-limit-requests')).toBe('9');
    expect(response.headers.get('x-should-retry')).toBeNull();
    await response.text();
  });

  it('come unpacked, and no header says otherwise', async () => {
    const body = gzipSync(messagesOf('openai', { text }).join(''));
    const url = await listen((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip', 'content-length': body.length });
      response.end(body);
    });
    const response = await ask(quick(), url);
    expect(response.headers.has('content-encoding')).toBe(false);
    expect(response.headers.has('content-length')).toBe(false);
    expect(await response.text()).toContain('[DONE]');
  });

  it('of a format that nobody knows pass as they come, and a broken connection is an error', async () => {
    const events = ['data: {"step":1}\n\n', 'data: {"step":2}\n\n'];
    const server = await serve([
      { status: 503 },
      { events },
      { events, after: 1, fault: 'reset' },
      { events, after: 'headers', fault: 'reset' },
      { events },
    ]);
    const fetch = quick();
    const runs = () => askWhole(fetch, server.url, 'threads/runs', { body: '{"stream":true}' });
    expect(await (await runs()).text()).toBe(events.join(''));
    const cut = await failure((await runs()).text());
    expect(cut).toMatchObject({ category: 'network', phase: 'streaming' });
    expect(await (await runs()).text(), 'before the first byte it is asked for again').toBe(events.join(''));
    expect(server.requests).toHaveLength(5);
  });
});

describe('before content', () => {
  const trouble: readonly (readonly [string, Answer])[] = [
    ['a 503', { status: 503 }],
    ['a reset', { text, after: 0, fault: 'reset' }],
    ['a clean close', { text, after: 0, fault: 'end' }],
    ['an error inside the stream', { text, after: 0, fault: 'error-event' }],
    ['an empty 200', { status: 200, body: '' }],
    ['a page', { status: 200, body: '<html>Sign in</html>' }],
    ['an error that is no message', { status: 200, body: '{"error":{"message":"busy"}}', headers: { 'content-type': null } }],
    ['silence', { text, after: 'headers', fault: 'stall' }],
    ['nothing but keep-alives', { text, after: 0, fault: 'stall', heartbeat: 10 }],
  ];

  it.each(wires.flatMap((wire) => trouble.map(([what, answer]) => [what, wire, answer] as const)))(
    '%s is tried again, unseen: %s',
    async (what, wire, answer) => {
      const server = await serve([answer, { text }]);
      const isSilent = what === 'silence' || what === 'nothing but keep-alives';
      const response = await ask(quick({ timeout: { headers: 5_000, firstContent: isSilent ? 500 : 5_000 } }), server.url, wire);
      expect(response.status).toBe(200);
      const body = await response.text();
      for (const word of ['one', ' two', ' three']) expect(body).toContain(`${word}"`);
      expect(server.requests).toHaveLength(2);
    },
  );

  it('a message may be as long as an image', async () => {
    const image = { id: 'c', choices: [{ index: 0, delta: { content: 'x'.repeat(3_000_000) } }] };
    const events = [`data: ${JSON.stringify(image)}\n\n`, ...messagesOf('openai', { text })];
    const server = await serve({ events, split: 65_536 });
    expect((await (await ask(quick(), server.url)).text()).length).toBeGreaterThan(3_000_000);
    const error = await failure(ask(quick({ maxLine: 100_000, retry: { maxAttempts: 1 } }), server.url));
    expect(error.category).toBe('protocol');
  });

  it('an error that stays is passed on as it came, and its body still ends in an error', async () => {
    const server = await serve({ text, after: 0, fault: 'error-event' });
    const response = await ask(quick(), server.url);
    expect(server.requests).toHaveLength(3);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let body = '';
    const error = await failure(
      (async () => {
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return;
          body += new TextDecoder().decode(value);
        }
      })(),
    );
    expect(body).toContain('overloaded');
    expect(error).toMatchObject({ category: 'overloaded', gaveUp: 'attempts' });
  });

  it.each([
    ['an empty answer', { status: 200, body: '' }, 'interrupted'],
    ['a page', { status: 200, body: '<html></html>' }, 'protocol'],
    ['silence', { text, after: 'headers', fault: 'stall' }, 'timeout'],
    ['a reset', { text, after: 0, fault: 'reset' }, 'network'],
  ] as const)('%s that stays rejects with what it was', async (_, answer, category) => {
    const server = await serve(answer);
    const error = await failure(ask(quick({ timeout: { firstContent: 100 } }), server.url));
    expect(error).toMatchObject({ category, gaveUp: 'attempts', provider: new URL(server.url).host, model: 'm-1' });
    expect(error.attempts).toHaveLength(3);
    expect(server.requests).toHaveLength(3);
  });

  it('so much may come that it cannot be held back: then it is passed on', async () => {
    const noise = Array.from({ length: 20 }, () => `: ${'x'.repeat(65_536)}\n\n`);
    const release = deferred();
    const server = await serve([{ events: [...noise, ...messagesOf('openai', { text })], after: 20, fault: { wait: release.promise } }]);
    const response = await ask(quick(), server.url);
    release.resolve(undefined);
    const body = await response.text();
    expect(body.length).toBeGreaterThan(20 * 65_536);
    expect(body).toContain('[DONE]');
  });
});

describe('after content', () => {
  it.each(wires.map((wire) => [wire]))('a clean close in the middle is an error, with what was said: %s', async (wire) => {
    const server = await serve([{ text, after: 2, fault: 'end' }]);
    const error = await failure((await ask(quick(), server.url, wire)).text());
    expect(error).toMatchObject({ category: 'interrupted', phase: 'streaming', gaveUp: 'content-delivered' });
    expect(error.partial?.text).toBe('one two');
    expect(error.checkpoint).toBeUndefined();
    expect(server.requests).toHaveLength(1);
  });

  it('what was sent before the error is read before it', async () => {
    const server = await serve([{ text, after: 2, fault: 'end' }]);
    const response = await ask(quick(), server.url);
    await quiet();
    const read: string[] = [];
    const error = await failure(
      (async () => {
        for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) read.push(new TextDecoder().decode(chunk));
      })(),
    );
    expect(read.join('')).toContain('two');
    expect(error.category).toBe('interrupted');
  });

  it('an error that nobody reads is nobody to be surprised by', async () => {
    const server = await serve([{ text, after: 1, fault: 'stall' }]);
    const response = await ask(quick({ timeout: { idle: 80 } }), server.url);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    while (!new TextDecoder().decode((await reader.read()).value).includes('one'));
    reader.releaseLock();
    // Vitest fails at an unhandled rejection.
    await expectAborted(server.requests[0]);
    await quiet();
  });

  it('keep-alives are no life', async () => {
    const server = await serve([{ text, after: 1, fault: 'stall', heartbeat: 20 }]);
    const error = await failure((await ask(quick({ timeout: { idle: 150 } }), server.url)).text());
    expect(error).toMatchObject({ category: 'timeout', timeout: 'idle' });
    await expectAborted(server.requests[0]);
  });

  it('a last message that the end of the body cuts off is no end: no SDK reads it', async () => {
    const last = { text, unterminated: true } as const;
    const server = await serve([last, last]);
    const error = await failure((await ask(quick(), server.url, 'gemini')).text());
    expect(error.category).toBe('interrupted');
    const responses = await failure((await ask(quick(), server.url, 'openai-responses')).text());
    expect(responses.category).toBe('interrupted');
  });

  it('of several choices, the end of the first is not the end of all', async () => {
    const chunk = (index: number, content: string, reason: string | null) =>
      `data: ${JSON.stringify({ id: 'c', choices: [{ index, delta: { content }, finish_reason: reason }] })}\n\n`;
    const events = [chunk(0, 'a', null), chunk(1, 'b', null), chunk(0, '', 'stop')];
    const server = await serve([{ events }, { events: [...events, chunk(1, 'c', 'stop'), 'data: [DONE]\n\n'] }]);
    const error = await failure((await ask(quick(), server.url, 'openai', { body: { n: 2 } })).text());
    expect(error.category).toBe('interrupted');
    expect(await (await ask(quick(), server.url, 'openai', { body: { n: 2 } })).text()).toContain('[DONE]');
  });

  it('a server that does not close behind the end is not waited for', async () => {
    const server = await serve([{ text, after: 'end', fault: 'stall' }]);
    expect(await within((await ask(quick(), server.url)).text())).toContain('[DONE]');
    await expectAborted(server.requests[0]);
  });
});

describe('an answer that is no stream', () => {
  const answer = { id: 'x', data: [1, 2, 3] };

  it.each([
    ['after a 429', { status: 429, headers: { 'retry-after-ms': '5' } }],
    ['after a reset', { body: answer, after: 'request', fault: 'reset' }],
    ['after a reset in the middle of it', { body: answer, after: 8, fault: 'reset' }],
  ] as readonly (readonly [string, Answer])[])('is asked for again %s', async (_, first) => {
    const server = await serve([first, { body: answer }]);
    const response = await askWhole(quick(), server.url, 'embeddings');
    expect(await response.json()).toEqual(answer);
    expect(response.headers.get('content-length')).toBe(String(JSON.stringify(answer).length));
    expect(server.requests).toHaveLength(2);
  });

  it('may take longer than the head of a stream', async () => {
    const server = await serve([{ body: answer, headersDelay: 300 }]);
    const fetch = quick({ timeout: { firstContent: 50 } });
    expect(await (await askWhole(fetch, server.url)).json()).toEqual(answer);
  });

  it('has a deadline for its head where one is given, and one for all', async () => {
    const server = await serve({ text: 'x', after: 'request', fault: 'stall' });
    const retry = { maxAttempts: 1 };
    expect(await failure(askWhole(quick({ retry, timeout: { headers: 60 } }), server.url))).toMatchObject({ timeout: 'headers' });
    expect(await failure(askWhole(quick({ retry, timeout: { total: 60 } }), server.url))).toMatchObject({ timeout: 'total' });
    await expectAborted(server.requests[1]);
  });

  it('is passed on as it comes if it is large, or no JSON', async () => {
    const large = { text: 'x'.repeat(3_000_000) };
    const release = deferred();
    const server = await serve([{ body: large }, { body: Buffer.from('RIFF....'), after: 4, fault: [{ wait: release.promise }] }]);
    const fetch = quick();
    expect(await (await askWhole(fetch, server.url)).json()).toEqual(large);
    const speech = await askWhole(fetch, server.url, 'audio/speech');
    expect(speech.status, 'the head is there before the body is').toBe(200);
    release.resolve(undefined);
    expect(await speech.text()).toBe('RIFF....');
  });

  it('can be a list, a file, or nothing', async () => {
    const server = await serve([{ body: { data: [] } }, { status: 204 }]);
    const fetch = quick();
    const list = await fetch(`${server.url}/models`);
    expect(await list.json()).toEqual({ data: [] });
    expect(server.requests[0]).toMatchObject({ method: 'GET', text: '' });
    expect(server.requests[0]?.headers['idempotency-key']).toBeUndefined();
    const gone = await fetch(`${server.url}/files/f-1`, { method: 'DELETE' });
    expect(gone).toMatchObject({ status: 204, body: null });
  });
});

function deferred(): { promise: Promise<unknown>; resolve: (value: unknown) => void } {
  let resolve!: (value: unknown) => void;
  const promise = new Promise<unknown>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

describe('an error of the server', () => {
  const body = { error: { message: 'no such key', type: 'invalid_request_error', code: 'invalid_api_key' } };

  it('that is final is the response itself, after one request', async () => {
    const server = await serve([{ status: 401, body }]);
    const response = await ask(quick(), server.url);
    expect(response).toMatchObject({ status: 401, statusText: 'Unauthorized', ok: false });
    expect(await response.json()).toEqual(body);
    expect(server.requests).toHaveLength(1);
  });

  it('that stays is the response itself, which asks for no retry of the SDK', async () => {
    const server = await serve({ status: 529, body: { error: { message: 'overloaded' } } });
    const response = await ask(quick(), server.url, 'anthropic');
    expect(response.status).toBe(529);
    expect(response.headers.get('x-should-retry')).toBe('false');
    expect(await response.json()).toEqual({ error: { message: 'overloaded' } });
    expect(server.requests).toHaveLength(3);
  });

  it('that asks for a longer wait than there is comes back at once', async () => {
    const server = await serve([{ status: 429, headers: { 'retry-after': '3600' }, body }]);
    const response = await ask(quick(), server.url);
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('3600');
  });

  it('may be huge, and is read for 64 KiB', async () => {
    const server = await serve([{ status: 400, body: Buffer.alloc(50_000_000, 'x'), split: 65_536 }]);
    const response = await ask(quick(), server.url);
    expect(response.status).toBe(400);
    expect(response.headers.has('content-length')).toBe(false);
    expect((await response.text()).length).toBe(65_536);
    await expectAborted(server.requests[0]);
    expect(server.requests[0]?.bytesSent).toBeLessThan(20_000_000);
  });

  it('whose body does not come is known by its status', async () => {
    const server = await serve([{ status: 403, body: '{"error":', fault: 'stall' }]);
    const response = await ask(quick({ timeout: { headers: 400 } }), server.url);
    expect(response.status).toBe(403);
    expect(await response.text()).toBe('{"error":');
    await expectAborted(server.requests[0]);
  });

  it('is unpacked too', async () => {
    const url = await listen((request, response) => {
      request.resume();
      response.writeHead(400, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(gzipSync(JSON.stringify(body)));
    });
    const response = await ask(quick(), url);
    expect(await response.json()).toEqual(body);
    expect(response.headers.has('content-encoding')).toBe(false);
  });

  it('with a status that no Response can have is an error of ours, and nothing is thrown beside', async () => {
    const server = await serve({ raw: 'HTTP/1.1 999 Denied\r\ncontent-length: 2\r\n\r\nno' });
    const error = await failure(ask(quick({ retry: { maxAttempts: 1 } }), server.url));
    expect(error.status).toBe(999);
  });
});

describe('a redirect', () => {
  it('is followed within the origin, with method and body', async () => {
    const server = await serve([{ status: 307, headers: { location: '/v2/chat/completions' } }, { text }]);
    const response = await ask(quick(), server.url);
    expect(await response.text()).toContain('[DONE]');
    expect(response.url).toContain('/v2/chat/completions');
    expect(server.requests[1]).toMatchObject({ method: 'POST', path: '/v2/chat/completions', text: server.requests[0]?.text });
  });

  it('to another origin is not followed: the credentials would go with it', async () => {
    const [other, server] = [await serve({ text }), await serve()];
    server.script({ status: 307, headers: { location: `${other.url}/chat/completions` } });
    const response = await ask(quick(), server.url);
    expect(response).toMatchObject({ status: 307, ok: false });
    expect(await response.text()).toBe('');
    expect(other.requests).toHaveLength(0);
  });

  it('is shown to who wants to see it', async () => {
    const server = await serve([{ status: 302, headers: { location: '/elsewhere' } }]);
    const response = await quick()(`${server.url}/files/1/content`, { redirect: 'manual' });
    expect(response.status).toBe(302);
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    [302, { redirect: 'manual' } as const],
    [304, { headers: { 'if-none-match': '"1"' } }],
  ])('or a %i that was asked for is no failure, however often it comes', async (status, init) => {
    const server = await serve(Array.from({ length: 8 }, () => ({ status, headers: { location: '/elsewhere' } })));
    const fetch = quick();
    const moments: LifecycleEvent[] = [];
    fetch.lifecycle$.subscribe((moment) => moments.push(moment));
    for (let call = 1; call <= 8; call++) {
      const response = await fetch(`${server.url}/files/1/content`, init);
      expect([response.status, response.headers.get('location')]).toEqual([status, '/elsewhere']);
      await response.text();
      expect(server.requests).toHaveLength(call);
    }
    expect(moments.filter(({ type }) => type === 'error' || type === 'breaker')).toEqual([]);
  });
});

describe('a request', () => {
  it('has one id and one idempotency key over all its attempts', async () => {
    const server = await serve([{ status: 503 }, { text, after: 0, fault: 'end' }, { text }, { text }]);
    const fetch = quick();
    await (await ask(fetch, server.url)).text();
    await (await ask(fetch, server.url)).text();
    const of = (name: string) => server.requests.map(({ headers }) => headers[name]);
    const [id, key] = [of('x-client-request-id'), of('idempotency-key')];
    expect(id[0]).toMatch(/^req_[0-9a-f]{32}$/);
    expect(key[0]).toContain(id[0]);
    expect([new Set(id.slice(0, 3)).size, new Set(id).size]).toEqual([1, 2]);
    expect([new Set(key.slice(0, 3)).size, new Set(key).size]).toEqual([1, 2]);
  });

  it('keeps the id and the key that its caller gave it, on its errors too', async () => {
    const server = await serve({ text, after: 1, fault: 'end' });
    const headers = { 'X-Client-Request-Id': 'mine-1', 'Idempotency-Key': 'once' };
    const error = await failure((await ask(quick(), server.url, 'openai', { headers })).text());
    expect(server.requests[0]?.headers).toMatchObject({ 'x-client-request-id': 'mine-1', 'idempotency-key': 'once' });
    expect(error.requestId).toBe('mine-1');
  });

  it('may be a Request, and is sent again as it was', async () => {
    const server = await serve([{ status: 503 }, { text }]);
    const body = JSON.stringify({ model: 'm-1', stream: true });
    const init = { method: 'POST', headers: { 'content-type': 'application/json', 'x-mine': '1' }, body };
    const response = await quick()(new Request(`${server.url}/chat/completions`, init));
    expect(await response.text()).toContain('[DONE]');
    for (const seen of server.requests) expect(seen).toMatchObject({ method: 'POST', text: body, headers: { 'x-mine': '1' } });
    expect(server.requests).toHaveLength(2);
  });

  it('may be a Request of a browser that does not show its body', async () => {
    const server = await serve([{ body: {} }, { body: {} }]);
    const body = '{"model":"m-1"}';
    const hidden = { body: { value: undefined } };
    const post = new Request(`${server.url}/embeddings`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect((await quick()(Object.defineProperties(post, hidden))).status).toBe(200);
    expect((await quick()(Object.defineProperties(new Request(`${server.url}/models`), hidden))).status).toBe(200);
    expect(server.requests).toMatchObject([
      { method: 'POST', text: body },
      { method: 'GET', text: '' },
    ]);
  });

  it('that fetch would not make is refused as a mistake of the caller, and never counts against the provider', async () => {
    const server = await serve({ body: {} });
    const fetch = quick();
    for (let call = 0; call < 8; call++)
      await expect(fetch(`${server.url}/models`, { method: 'get', body: '{}' })).rejects.toBeInstanceOf(TypeError);
    expect((await fetch(`${server.url}/models`)).status).toBe(200);
    expect(server.requests).toHaveLength(1);
  });

  it('whose body is a stream is sent once', async () => {
    const server = await serve([{ status: 503 }, { body: {} }]);
    const stream = new Blob(['part one']).stream();
    const init = { method: 'POST', body: stream, duplex: 'half' };
    const response = await quick()(`${server.url}/files`, init);
    expect(response.status).toBe(503);
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]?.text).toBe('part one');
  });

  it('with a form is sent again, and keeps its type', async () => {
    const server = await serve([{ status: 503 }, { body: {} }]);
    const body = new FormData();
    body.set('file', new Blob(['audio']), 'a.wav');
    expect((await quick()(`${server.url}/audio/transcriptions`, { method: 'POST', body })).status).toBe(200);
    for (const { headers, text: sent } of server.requests) {
      expect(headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
      expect(sent).toContain('audio');
    }
  });

  it('goes through the fetch that was given, with what its caller said beside', async () => {
    const server = await serve({ text });
    const seen: (RequestInit | undefined)[] = [];
    const fetch = quick({
      fetch: (input, init) => {
        seen.push(init);
        return globalThis.fetch(input, init);
      },
    });
    await (await fetch(`${server.url}/chat/completions`, { method: 'POST', body: '{"stream":true}', keepalive: true })).text();
    expect(seen[0]).toMatchObject({ keepalive: true, method: 'POST' });
  });

  it('to an address that is none is refused as fetch refuses it', async () => {
    await expect(quick()('/v1/chat/completions')).rejects.toThrow(TypeError);
  });

  it('tells no secret in its errors', async () => {
    const server = await serve([{ status: 200, body: '<html>Bearer sk-test</html>' }]);
    const error = await failure(ask(quick({ retry: { maxAttempts: 1 } }), `${server.url}`));
    expect(error.message + JSON.stringify(error)).not.toContain('sk-test');
  });
});

describe('what calls share', () => {
  it('opens at an outage: then nobody is asked, and whoever asks is told at once', async () => {
    const server = await serve({ status: 500 });
    const breakers = createCircuitBreakers({ consecutiveFailures: 3 });
    const fetch = quick({ breakers, retry: { maxAttempts: 1 } });
    for (let call = 0; call < 3; call++) expect((await ask(fetch, server.url)).status).toBe(500);
    const error = await failure(ask(fetch, server.url));
    expect(error).toMatchObject({ category: 'circuit-open', phase: 'local' });
    expect(error.retryAfterMs).toBeGreaterThan(0);
    expect(server.requests).toHaveLength(3);
    expect(breakers.get(new URL(server.url).host, 'm-1').state).toBe('open');
    expect((await ask(fetch, server.url, 'openai', { body: { model: 'm-2' } })).status, 'another model is another breaker').toBe(500);
  });

  it('is kept under the name of the provider that was named, whose format the streams are in', async () => {
    const server = await serve([{ text, after: 1, fault: 'end' }]);
    const breakers = createCircuitBreakers();
    const fetch = quick({ breakers, provider: openai({ name: 'house' }) });
    const response = await fetch(`${server.url}/generate`, { method: 'POST', body: '{"stream":true,"model":"m-1"}' });
    expect(await failure(response.text())).toMatchObject({ category: 'interrupted', provider: 'house' });
    expect(breakers.snapshots().map(({ provider }) => provider)).toEqual(['house']);
  });

  it('waits for all when the provider asks one to wait', async () => {
    const server = await serve([{ status: 429, headers: { 'retry-after-ms': '250' } }, { text }, { text }]);
    const cooldowns = createCooldowns();
    const [one, other] = [quick({ cooldowns }), quick({ cooldowns })];
    const first = ask(one, server.url).then((response) => response.text());
    await (await server.request(0)).ended;
    await quiet(30);
    const begin = performance.now();
    await (await ask(other, server.url)).text();
    expect(performance.now() - begin).toBeGreaterThan(100);
    await first;
    expect(server.requests).toHaveLength(3);
  });
});

describe('a caller who leaves', () => {
  const moments: readonly (readonly [string, readonly Answer[], (server: FaultServer) => Promise<unknown>])[] = [
    ['before the headers', [{ text, after: 'request', fault: 'stall' }], (server) => server.request(0)],
    [
      'between headers and content',
      [{ text, after: 0, fault: 'stall' }],
      async (server) => {
        const recorded = await server.request(0);
        while (recorded.bytesSent < 50) await quiet(5);
        await quiet(20);
      },
    ],
    [
      'while the body of an error is read',
      [{ status: 500, body: '{', fault: 'stall' }],
      async (server) => {
        await server.request(0);
        await quiet(40);
      },
    ],
    ['in a second attempt', [{ status: 503 }, { text, after: 'request', fault: 'stall' }], (server) => server.request(1)],
  ];

  it.each(moments)('%s is heard by the server, and rejected with his own reason', async (_, answers, reached) => {
    const server = await serve(answers);
    const stop = new AbortController();
    const pending = ask(quick(), server.url, 'openai', { signal: stop.signal }).catch((error: unknown) => error);
    await within(reached(server));
    stop.abort();
    const error = await pending;
    expect(error).toBe(stop.signal.reason);
    expect(error).toMatchObject({ name: 'AbortError' });
    await expectAborted(server.requests.at(-1));
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(0);
  });

  it('in a wait is rejected at once, and nobody is asked again', async () => {
    const server = await serve([{ status: 503, headers: { 'retry-after': '60' } }]);
    const reason = new Error('enough');
    const stop = new AbortController();
    const pending = ask(quick(), server.url, 'openai', { signal: stop.signal }).catch((error: unknown) => error);
    await (await server.request(0)).ended;
    await quiet(30);
    stop.abort(reason);
    expect(await pending).toBe(reason);
    expect(server.requests).toHaveLength(1);
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(0);
  });

  it('in the middle of the text breaks the body with his own reason', async () => {
    const server = await serve([{ text, after: 1, fault: 'stall' }]);
    const stop = new AbortController();
    const response = await ask(quick(), server.url, 'openai', { signal: stop.signal });
    const body = response.text().catch((error: unknown) => error);
    stop.abort();
    expect(await within(body)).toBe(stop.signal.reason);
    await expectAborted(server.requests[0]);
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(0);
  });

  it('cancels the body, read or not, and all is free', async () => {
    const server = await serve([
      { text, after: 1, fault: 'stall' },
      { text, after: 1, fault: 'stall' },
    ]);
    const breakers = createCircuitBreakers();
    const fetch = quick({ breakers });
    const unread = await ask(fetch, server.url);
    await unread.body?.cancel();
    await expectAborted(server.requests[0]);
    const reader = ((await ask(fetch, server.url)).body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await reader.cancel();
    await expectAborted(server.requests[1]);
  });

  it('before he asks is never heard of', async () => {
    const server = await serve({ text });
    const signal = AbortSignal.abort();
    expect(await ask(quick(), server.url, 'openai', { signal }).catch((error: unknown) => error)).toBe(signal.reason);
    expect(server.requests).toHaveLength(0);
  });
});

describe('a slow reader', () => {
  it('slows the server, and is not taken for a silent provider', async () => {
    const server = await serve([{ text: 'x'.repeat(1_000), repeat: 40_000, split: 65_536 }]);
    const response = await ask(quick({ timeout: { idle: 800 } }), server.url);
    const [recorded] = server.requests;
    await quiet(1_200);
    const sent = recorded?.bytesSent ?? 0;
    expect(recorded?.outcome).toBeUndefined();
    await quiet(100);
    expect(recorded?.bytesSent).toBe(sent);
    expect(sent).toBeLessThan(20_000_000);
    const body = await within(response.arrayBuffer());
    expect(body.byteLength).toBeGreaterThan(40_000_000);
    expect(new TextDecoder().decode(body.slice(-20))).toContain('[DONE]');
  });

  it('reads all of an answer that had ended long before', async () => {
    const server = await serve([{ text }]);
    const response = await ask(quick({ timeout: { idle: 100, total: 300 } }), server.url);
    await quiet(500);
    expect(await response.text()).toContain('[DONE]');
  });
});

describe('what is told', () => {
  it('is what a client tells: attempts, retries, the end', async () => {
    const server = await serve([{ status: 503 }, { text }]);
    const fetch = quick();
    const told: LifecycleEvent[] = [];
    const subscription = fetch.lifecycle$.subscribe((event) => told.push(event));
    await (await ask(fetch, server.url)).text();
    subscription.unsubscribe();
    expect(told.map(({ type }) => type)).toEqual([
      'begin',
      'attempt',
      'attempt-end',
      'retry',
      'attempt',
      'headers',
      'first-content',
      'attempt-end',
      'finish',
    ]);
    expect(told.at(-1)).toMatchObject({ provider: new URL(server.url).host, model: 'm-1', attempt: 2, finishReason: 'stop' });
  });

  it('of an option that is none is a TypeError that names it', () => {
    expect(() => resilientFetch({ retry: { maxAttempts: 0 } })).toThrow(/^resilientFetch: retry.maxAttempts /);
    expect(() => resilientFetch({ timeout: { idel: 1 } } as never)).toThrow(/^resilientFetch: timeout.idel is not an option/);
    expect(() => resilientFetch({ fetch: 'x' } as never)).toThrow(/^resilientFetch: fetch must be a function/);
    expect(() => resilientFetch({ provider: {} } as never)).toThrow(/^resilientFetch: provider must be a provider/);
  });
});

describe('when all is over', () => {
  it('no timer and no connection is left', async () => {
    const active = () => process.getActiveResourcesInfo().filter((each) => each === 'Timeout' || each === 'TCPSocketWrap');
    const server = await serve((_, index) => [{ status: 503 }, { text, after: 1, fault: 'end' as const }, { text }][index % 3] as Answer);
    const fetch = quick();
    for (let call = 0; call < 6; call++) await (await ask(fetch, server.url)).text().catch(() => undefined);
    await server.close();
    // Of vitest itself: the limit of this test, and its clock.
    const isLeft = () => active().includes('TCPSocketWrap') || active().length > 2;
    for (let look = 0; isLeft() && look < 40; look++) await quiet(50);
    expect(active().filter((each) => each === 'TCPSocketWrap')).toEqual([]);
    expect(active().length).toBeLessThanOrEqual(2);
  });
});
