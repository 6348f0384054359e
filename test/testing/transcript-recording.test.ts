import { once } from 'node:events';
import { get } from 'node:http';
import { lastValueFrom, take, toArray } from 'rxjs';
import { afterEach, describe, expect, it, test, vi } from 'vitest';
import {
  anthropic,
  createClient,
  fetchTransport,
  openai,
  type ProviderError,
  result,
  type StreamRequest,
  textDeltas,
} from '../../src/index.ts';
import {
  type FaultServer,
  openaiChunks,
  parseTranscript,
  type RecordOptions,
  recordTranscript,
  replayProvider,
  type Script,
  startFaultServer,
  startRecordingProxy,
  type Transcript,
} from '../../src/testing/index.ts';

const request: StreamRequest = { model: 'm-1', messages: [{ role: 'user', content: 'A private question' }] };
const apiKey = 'kx-4f9Kd02mQz81';

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((close) => close()));
});

async function serve(script: Script): Promise<FaultServer> {
  const server = await startFaultServer(script);
  opened.push(() => server.close());
  return server;
}

/** A place where transcripts are written, and the next of them. */
function recorder(options: Partial<RecordOptions> = {}) {
  const written: Transcript[] = [];
  const fetch = recordTranscript({ write: (transcript) => written.push(transcript), ...options });
  const next = () =>
    vi.waitFor(() => (written.length > 0 ? (written.shift() as Transcript) : Promise.reject(new Error('nothing is written'))));
  return { fetch, written, next };
}

/** A `fetch` that answers with these bytes. */
function answering(parts: readonly (string | Uint8Array)[], init: ResponseInit = {}): typeof globalThis.fetch {
  return async () => {
    const left = [...parts];
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const part = left.shift();
        if (part === undefined) controller.close();
        else controller.enqueue(typeof part === 'string' ? new TextEncoder().encode(part) : part);
      },
    });
    return new Response(body, init);
  };
}

/** The chunks but that which is the time of the end. */
const chunksOf = ({ response }: Transcript) => response.chunks.filter(({ text }) => text !== '');
const textOf = ({ response }: Transcript) => response.chunks.map(({ text }) => text).join('');

describe('recordTranscript()', () => {
  it('what failed in production fails the same way in a test', async () => {
    const server = await serve({ text: ['Hel', 'lo'], after: 2, fault: 'reset' });
    const { fetch, next } = recorder();
    const retry = { maxAttempts: 1 };
    const production = createClient({ provider: openai({ apiKey, baseURL: server.url }), transport: fetchTransport({ fetch }), retry });
    const incident: ProviderError = await lastValueFrom(production.stream(request)).catch((error) => error);
    const transcript = parseTranscript(JSON.stringify(await next()));
    expect(transcript).toMatchObject({ provider: 'openai', response: { status: 200, end: 'reset' } });
    expect(JSON.stringify(transcript)).not.toMatch(/private question|kx-4f9/);

    const provider = replayProvider(openai(), [transcript], { speed: 'instant' });
    const again: ProviderError = await lastValueFrom(createClient({ provider, retry }).stream(request)).catch((error) => error);
    expect(again).toMatchObject({ category: incident.category, code: incident.code, partial: { text: 'Hello' } });
  });

  it('keeps the head of an error response, its body and its request id', async () => {
    const server = await serve({
      status: 429,
      body: { error: { message: 'slow down' } },
      headers: { 'retry-after': '7', 'x-ratelimit-limit-requests': '3' },
    });
    const { fetch, next } = recorder();
    const client = createClient({
      provider: anthropic({ apiKey, baseURL: server.url }),
      transport: fetchTransport({ fetch }),
      retry: { maxAttempts: 1 },
    });
    await expect(lastValueFrom(client.stream(request))).rejects.toMatchObject({ category: 'rate-limit', retryAfterMs: 7_000 });
    const transcript = await next();
    expect(textOf(transcript)).toBe('{"error":{"message":"slow down"}}');
    expect(transcript).toMatchObject({
      provider: 'anthropic',
      response: {
        status: 429,
        headers: { 'content-type': 'application/json', 'retry-after': '7', 'x-ratelimit-limit-requests': '3', 'request-id': 'req_fault_0' },
        end: 'close',
      },
    });
  });

  it('leaves out every header that may tell who asked, and masks secrets in the same length, also where they are cut', async () => {
    const headers = {
      'set-cookie': 'session=1',
      'openai-organization': 'org-1',
      'x-token': 't',
      'retry-after': '1',
      'request-id': `of ${apiKey}`,
    };
    const body = `{"error":"wrong key ${apiKey}, or sk-proj-abcdefghij0123456789; password=hunter2hunter2","token":"Hello","bearer":"Bearer abcdefghijkl"}`;
    const { fetch, next } = recorder({ fetch: answering([...body], { status: 401, headers }) });
    await (await fetch('https://api.example.invalid/v1?key=of-the-query', { headers: { authorization: `Bearer ${apiKey}` } })).text();
    const transcript = await next();
    expect(transcript.response.headers).toEqual({ 'retry-after': '1', 'request-id': `of ${'*'.repeat(apiKey.length)}` });
    expect(textOf(transcript)).toBe(
      `{"error":"wrong key ${'*'.repeat(15)}, or ${'*'.repeat(28)}; password=${'*'.repeat(14)}","token":"Hello","bearer":"Bearer ${'*'.repeat(12)}"}`,
    );
    expect(chunksOf(transcript)).toHaveLength(body.length);
  });

  test.each([
    ['sk-proj-abcdefghij0123456789', ''],
    [String.raw`key:\nsk-proj-abcdefghij0123456789`, String.raw`key:\n`],
    ['\u001b[1mgsk_abcdefghij0123456789', '\u001b[1m'],
    ['AIzaSyabcdefghij0123456789', ''],
    ['AKIAABCDEFGHIJKLMNOP', ''],
    ['eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.c2lnbmF0dXJl', ''],
    ['"client_secret":"abcdef123456', '"client_secret":"'],
    ['x-api-key: abcdef123456', 'x-api-key: '],
    ['Authorization: Basic abcdef123456', 'Authorization: Basic '],
    ['Cookie: session=abcdef', 'Cookie: '],
    ['https://a.invalid/?key=abcdef123456', 'https://a.invalid/?key='],
    ['https://me:pass@', 'https://'],
  ])('masks what looks like a secret: %j', async (secret, kept) => {
    const { fetch, next } = recorder({ fetch: answering([secret]) });
    await (await fetch('https://a.invalid/')).text();
    const said = textOf(await next());
    expect(said.replace(/\*+/, '')).toBe(secret.endsWith('@') ? `${kept}@` : kept);
    expect(said).toHaveLength(secret.length);
  });

  test.each([
    '"total_tokens":123456789',
    '{"token":"Hello there"}',
    '"signature":"EqQBCgIYAhIM"',
    'a risk-based sk-learn answer',
    '"max_tokens": 1000000',
  ])('leaves what is none: %s', async (text) => {
    const { fetch, next } = recorder({ fetch: answering([text]) });
    await (await fetch('https://a.invalid/')).text();
    expect(textOf(await next())).toBe(text);
  });

  test.each(['null', 'data', 'test', 'dummy-1'])(
    'leaves the answer as it is where the key of a local server is a word of it: %s',
    async (key) => {
      const { fetch, next } = recorder({
        fetch: answering(openaiChunks({ text: `a ${key} of data` }), { headers: { 'content-type': 'text/event-stream' } }),
      });
      const provider = openai({ apiKey: key, baseURL: 'http://localhost:1/v1' });
      await lastValueFrom(createClient({ provider, transport: fetchTransport({ fetch }) }).stream(request));
      const replayed = createClient({ provider: replayProvider(provider, [await next()], { speed: 'instant' }) });
      expect(await lastValueFrom(replayed.stream(request).pipe(result()))).toMatchObject({ text: `a ${key} of data` });
    },
  );

  it('masks a short key where it stands as a word, a long one everywhere, and takes no number of a header for a key', async () => {
    const long = 'kx.4f9K(d02)+mQz81';
    const said = String.raw`password passwords my-password "\npassword" %3Dpassword x${long}y 16777216`;
    const { fetch, next } = recorder({ fetch: answering([said]) });
    const headers = { 'x-key': 'password', authorization: `Bearer ${long}`, 'x-max-tokens': '16777216' };
    await (await fetch('https://a.invalid/', { headers })).text();
    const eight = '*'.repeat(8);
    expect(textOf(await next())).toBe(
      String.raw`${eight} passwords my-${eight} "\n${eight}" %3D${eight} x${'*'.repeat(long.length)}y 16777216`,
    );
  });

  it('keeps what tells limits and the id of the request, also where it has no x- or another name', async () => {
    const headers = {
      'x-generation-id': 'gen-1',
      'ratelimitbysize-remaining': '3',
      'tokenlimit-reset': '2',
      'x-ratelimitbysize-limit': '9',
    };
    const { fetch, next } = recorder({ fetch: answering(['{}'], { status: 429, headers }) });
    await (await fetch('https://a.invalid/')).text();
    expect((await next()).response.headers).toEqual(headers);
  });

  it('bytes that are no whole characters are kept in base64', async () => {
    const tick = new TextEncoder().encode('✓');
    const { fetch, next } = recorder({ fetch: answering(['a', tick.subarray(0, 1), tick.subarray(1), '\ufeffb']) });
    expect(await (await fetch('https://a.invalid/')).text()).toBe('a✓\ufeffb');
    expect(chunksOf(await next()).map(({ text, base64 }) => text ?? Buffer.from(base64 ?? '', 'base64'))).toEqual([
      'a',
      Buffer.from(tick.subarray(0, 1)),
      Buffer.from(tick.subarray(1)),
      '\ufeffb',
    ]);
  });

  it('reads no faster than the consumer, and leaving cancels the body', async () => {
    let pulled = 0;
    const cancel = vi.fn();
    const source = new ReadableStream<Uint8Array>(
      { pull: (controller) => controller.enqueue(Uint8Array.of(97 + pulled++)), cancel },
      { highWaterMark: 0 },
    );
    const { fetch, next, written } = recorder({ fetch: async () => new Response(source) });
    const reader = ((await fetch('https://a.invalid/')).body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await reader.read();
    await new Promise((resolve) => setImmediate(resolve));
    expect([pulled, written.length]).toEqual([2, 0]);
    await reader.cancel('enough');
    expect(cancel).toHaveBeenCalledWith('enough');
    expect((await next()).response).toMatchObject({ chunks: [{ text: 'a' }, { text: 'b' }], end: 'stall' });
  });

  it('an answer that is left by unsubscribing is a stall, written once', async () => {
    const server = await serve({ text: ['Hel', 'lo'], after: 1, fault: 'stall' });
    const { fetch, next, written } = recorder();
    const client = createClient({ provider: openai({ apiKey, baseURL: server.url }), transport: fetchTransport({ fetch }) });
    expect(await lastValueFrom(client.stream(request).pipe(textDeltas(), take(1), toArray()))).toEqual(['Hel']);
    expect((await next()).response.end).toBe('stall');
    expect(await server.requests[0]?.ended).toBe('aborted');
    expect(written).toEqual([]);
  });

  it('keeps so many bytes, and says that there were more', async () => {
    const { fetch, next } = recorder({ fetch: answering(['abc', 'def', 'ghi']), maxBytes: 4 });
    expect(await (await fetch('https://a.invalid/')).text()).toBe('abcdefghi');
    expect((await next()).response).toMatchObject({ chunks: [{ text: 'abc' }, { text: 'd' }], truncated: true, end: 'close' });
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('the disk is full');
      },
    ],
    ['rejects', () => Promise.reject(new Error('the disk is full'))],
  ])('goes on as if nobody recorded where write %s', async (_how, write) => {
    const { fetch } = recorder({
      fetch: answering(openaiChunks({ text: 'Hello' }), { headers: { 'content-type': 'text/event-stream' } }),
      write,
    });
    const client = createClient({ provider: openai(), transport: fetchTransport({ fetch }) });
    expect(await lastValueFrom(client.stream(request).pipe(result()))).toMatchObject({ text: 'Hello' });
  });

  it('passes on what is no answer, unrecorded: a redirect, a failure', async () => {
    const redirect = new Response(null, { status: 307, headers: { location: '/else' } });
    const { fetch, written } = recorder({ fetch: async () => redirect });
    expect(await fetch('https://a.invalid/')).toBe(redirect);
    await expect(recorder({ fetch: () => Promise.reject(new TypeError('fetch failed')) }).fetch('https://a.invalid/')).rejects.toThrow(
      'fetch failed',
    );
    expect(written).toEqual([]);
  });

  test.each([
    ['https://api.anthropic.com/v1/messages', 'anthropic'],
    ['https://api.openai.com/v1/responses', 'openai-responses'],
    ['https://api.openai.com/v1/chat/completions', 'openai'],
    ['https://generativelanguage.googleapis.com/v1beta/models/m:streamGenerateContent?alt=sse', 'gemini'],
    ['https://api.x.ai/v1/chat/completions', 'xai'],
    ['https://api.groq.com/openai/v1/chat/completions', 'openai:groq'],
    ['http://localhost:8000/v1/chat/completions', 'openai'],
  ])('knows by the address whose format it is: %s', async (url, provider) => {
    const { fetch, next } = recorder({ fetch: answering([]) });
    await (await fetch(url)).text();
    expect((await next()).provider).toBe(provider);
  });

  test.each<[string, object]>([
    ['write must be a function', { write: 'file' }],
    ['fetch must be a function', { write: () => undefined, fetch: 1 }],
    ['maxBytes must be a whole number from 1', { write: () => undefined, maxBytes: 0 }],
    ['speed is not known here', { write: () => undefined, speed: 1 }],
  ])('refuses options: %s', (message, options) => {
    expect(() => recordTranscript(options as RecordOptions)).toThrow(new TypeError(`recordTranscript: ${message}`));
  });
});

describe('startRecordingProxy()', () => {
  async function proxyOf(target: string) {
    const written: Transcript[] = [];
    const proxy = await startRecordingProxy({ target, write: (transcript) => written.push(transcript) });
    opened.push(() => proxy.close());
    const client = createClient({ provider: openai({ apiKey, baseURL: proxy.url }), retry: { maxAttempts: 1 } });
    return { proxy, written, client };
  }

  it('passes requests and answers through, and writes the answers down', async () => {
    const server = await serve([
      { text: ['Hel', 'lo'] },
      { status: 503, body: { error: { message: 'busy' } }, headers: { 'set-cookie': ['a=1', 'b=2'] } },
    ]);
    const { proxy, written, client } = await proxyOf(server.url);
    expect(await lastValueFrom(client.stream(request).pipe(result()))).toMatchObject({ text: 'Hello', finishReason: 'stop' });
    const answer = await fetch(`${proxy.url}/models?limit=1`, { headers: { 'x-of-mine': '1' } });
    expect([answer.status, await answer.json(), answer.headers.getSetCookie()]).toEqual([
      503,
      { error: { message: 'busy' } },
      ['a=1', 'b=2'],
    ]);
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /v1/chat/completions', 'GET /v1/models?limit=1']);
    expect(server.requests[0]?.headers).toMatchObject({ authorization: `Bearer ${apiKey}`, host: `127.0.0.1:${server.port}` });
    expect(server.requests[0]?.body).toMatchObject({ model: 'm-1', stream: true });
    await vi.waitFor(() => expect(written.map(({ response }) => response.status)).toEqual([200, 503]));
    expect(JSON.stringify(written)).not.toContain(apiKey);
  });

  it('an answer that breaks off breaks off behind it too', async () => {
    const server = await serve({ text: ['Hel', 'lo'], after: 1, fault: 'reset' });
    const { written, client } = await proxyOf(server.url);
    await expect(lastValueFrom(client.stream(request))).rejects.toMatchObject({ category: 'network', partial: { text: 'Hel' } });
    await vi.waitFor(() => expect(written[0]?.response.end).toBe('reset'));
  });

  it('a client that leaves ends the request to the provider', async () => {
    const server = await serve({ text: ['Hel', 'lo'], after: 1, fault: 'stall' });
    const { written, client } = await proxyOf(server.url);
    await lastValueFrom(client.stream(request).pipe(textDeltas(), take(1)));
    expect(await server.requests[0]?.ended).toBe('aborted');
    await vi.waitFor(() => expect(written[0]?.response.end).toBe('stall'));
  });

  it('is a 502 where the target cannot be reached, and takes no address but a path', async () => {
    const server = await serve([]);
    const { client, written } = await proxyOf(await server.refusedUrl());
    await expect(lastValueFrom(client.stream(request))).rejects.toMatchObject({ status: 502 });
    const { proxy } = await proxyOf(server.url);
    const asked = get({ port: proxy.port, path: `${server.url}/models` });
    const [answer] = await once(asked, 'response');
    expect([answer.statusCode, server.requests, written]).toEqual([400, [], []]);
    answer.resume();
  });

  it('close() ends what is under way, also twice', async () => {
    const server = await serve({ text: ['Hel', 'lo'], after: 1, fault: 'stall' });
    const { proxy, client } = await proxyOf(server.url);
    const failed = lastValueFrom(client.stream(request)).catch((error: ProviderError) => error.category);
    await server.request(0);
    await Promise.all([proxy.close(), proxy.close()]);
    expect(await failed).toBe('network');
    expect(await server.requests[0]?.ended).toBe('aborted');
  });

  test.each(['/v1', 'ftp://a.invalid', 'https://a.invalid/?key=1', 'https://me:pass@a.invalid/'])(
    'refuses the target %s',
    async (target) => {
      await expect(startRecordingProxy({ target, write: () => undefined })).rejects.toThrow(
        'target must be an absolute URL without query and credentials',
      );
    },
  );
});
