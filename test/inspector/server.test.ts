import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { NEVER, Subject, Subscription } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { LifecycleEvent } from '../../src/index.ts';
import { type Inspector, type InspectorOptions, startInspector } from '../../src/inspector/index.ts';
import { afterwards, clientOf, collect, request, serve } from '../integration/support.ts';
import { beginning, Story } from './records.ts';

const idle = { lifecycle$: NEVER };

async function inspect(options: Partial<InspectorOptions> = {}): Promise<Inspector> {
  const given = options.log === undefined ? { client: idle, port: 0, ...options } : { port: 0, ...options };
  const inspector = await startInspector(given);
  afterwards(() => inspector.close());
  return inspector;
}

/** With headers that `fetch` does not let anybody set. */
function get(url: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ readonly status: number | undefined; readonly text: string; readonly headers: Record<string, unknown> }>(
    (resolve, reject) => {
      httpRequest(url, { headers, method, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode, text, headers: response.headers }));
        response.on('error', reject);
      })
        .on('error', reject)
        .end();
    },
  );
}

interface Message {
  readonly type: string;
  readonly lanes?: { readonly lanes: readonly { readonly requestId: string; readonly outcome: string }[] };
  readonly records?: readonly { readonly type: string }[];
}

/** Reads messages until one is what is waited for. */
async function messagesUntil(url: string, isEnough: (messages: readonly Message[]) => boolean): Promise<readonly Message[]> {
  const leaving = new AbortController();
  const { body } = await fetch(`${url}/events`, { signal: leaving.signal });
  const reader = (body as ReadableStream<Uint8Array>)
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader();
  const messages: Message[] = [];
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      const parts = (rest + (value ?? '')).split('\n\n');
      rest = parts.pop() ?? '';
      for (const part of parts) {
        const data = part.split('\n').find((line) => line.startsWith('data: '));
        if (data) messages.push(JSON.parse(data.slice(6)) as Message);
      }
      if (done || isEnough(messages)) return messages;
    }
  } finally {
    leaving.abort();
  }
}

describe('the page', () => {
  it('is served on loopback, with a policy that lets nothing else in', async () => {
    const { url } = await inspect();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const page = await get(`${url}/`);
    expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8', 'x-frame-options': 'DENY' } });
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    const script = await get(`${url}/inspector.js`);
    expect(script.text).toContain('uPlot');
    expect(script.text).toContain('Permission is hereby granted');
    for (const path of ['/other', '//', '//evil.example/', '/%']) expect(await get(url + path)).toMatchObject({ status: 404 });
  });

  it('is where it was asked to be', async () => {
    const named = await inspect({ host: 'localhost' });
    expect(named.url).toMatch(/^http:\/\/localhost:\d+$/);
    expect((await get(named.url)).status).toBe(200);
    const everywhere = await inspect({ host: '0.0.0.0' });
    expect((await get(everywhere.url.replace('0.0.0.0', '127.0.0.1'))).status).toBe(200);
    await expect(startInspector({ client: idle, host: '192.0.2.1', port: 0 })).rejects.toThrow('EADDRNOTAVAIL');
  });

  it('is on port 4984, or on another where that is taken', async () => {
    const [one, other] = [await inspect({ port: undefined }), await inspect({ port: undefined })];
    expect(one.url).not.toBe(other.url);
    for (const { url } of [one, other]) expect((await get(`${url}/`)).status).toBe(200);
    await expect(startInspector({ client: idle, port: Number(new URL(one.url).port) })).rejects.toThrow('EADDRINUSE');
  });
});

describe('a request', () => {
  const refused = { status: 403 };

  it('by a foreign name is refused, so that a name that was pointed here reads nothing', async () => {
    const { url } = await inspect({ allowedHosts: ['devbox.example'] });
    const { port } = new URL(url);
    for (const path of ['/', '/inspector.js', '/events']) {
      expect(await get(url + path, { host: `evil.example:${port}` })).toMatchObject(refused);
      expect(await get(url + path, { host: `127.0.0.1.evil.example:${port}` })).toMatchObject(refused);
      expect(await get(url + path, { host: '127.0.0.1:1' })).toMatchObject(refused);
    }
    expect(await get(url, { host: `localhost:${port}` })).toMatchObject({ status: 200 });
    expect(await get(url, { host: `DevBox.example:${port}` })).toMatchObject({ status: 200 });
  });

  it('of a foreign page is refused, and a link to the page is not', async () => {
    const { url } = await inspect();
    expect(await get(`${url}/events`, { origin: 'https://evil.example' })).toMatchObject(refused);
    expect(await get(`${url}/events`, { origin: 'null' })).toMatchObject(refused);
    expect(await get(`${url}/inspector.js`, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' })).toMatchObject(refused);
    expect(await get(`${url}/`, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).toMatchObject({ status: 200 });
    expect(await get(`${url}/inspector.js`, { origin: url, 'sec-fetch-site': 'same-origin' })).toMatchObject({ status: 200 });
  });

  it('that would change something is refused', async () => {
    const { url } = await inspect();
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) expect(await get(url, {}, method)).toMatchObject(refused);
  });
});

describe('what a page is told', () => {
  it('is what was before it was opened, and then what comes', async () => {
    const server = await serve({ text: 'Hello' });
    const client = clientOf('openai', server.url);
    const { url } = await inspect({ client });
    await collect(client.stream(request, { requestId: 'early' }));
    const told = messagesUntil(url, (messages) => messages.some(({ records }) => records?.some(({ type }) => type === 'finish')));
    const later = setTimeout(() => void collect(client.stream(request, { requestId: 'late' })), 150);
    const [first, ...others] = await told;
    clearTimeout(later);
    expect(first).toMatchObject({ type: 'snapshot', lanes: { lanes: [{ requestId: 'early', outcome: 'ok' }] } });
    expect(others.flatMap(({ records = [] }) => records.map(({ type }) => type))).toEqual(
      expect.arrayContaining(['begin', 'attempt', 'headers', 'first-content', 'finish']),
    );
  });

  it('names several clients, and tells them apart', async () => {
    const server = await serve({ text: 'Hello' });
    const clients = { checkout: clientOf('openai', server.url), search: clientOf('openai', server.url) };
    const { url } = await inspect({ client: undefined, clients });
    await collect(clients.checkout.stream(request, { requestId: 'same' }));
    await collect(clients.search.stream(request, { requestId: 'same' }));
    const [first] = await messagesUntil(url, ({ length }) => length > 0);
    expect(first?.lanes?.lanes).toMatchObject([{ client: 'checkout' }, { client: 'search' }]);
  });

  it('is of a log what of it is a log', async () => {
    const odd = [null, 5, { at: 1 }, { at: 1, type: 'gauges', breakers: [null], cooldowns: [], budgets: [7] }, { at: 1, type: 'attempt' }];
    const log = [...odd, ...new Story('a').attempt(0).finish(50).records, ...odd] as InspectorOptions['log'];
    const { url } = await inspect({ log });
    const [first] = await messagesUntil(url, ({ length }) => length > 0);
    expect(first?.lanes?.lanes).toMatchObject([{ requestId: 'a', outcome: 'ok' }]);
  });

  it('is a recorded log, where there is one', async () => {
    const { url } = await inspect({ log: new Story('a').attempt(0).retry(10, 20).attempt(30).finish(50).records });
    const [first] = await messagesUntil(url, ({ length }) => length > 0);
    expect(first).toMatchObject({ isLog: true, now: beginning + 50, lanes: { lanes: [{ requestId: 'a', retries: 1, outcome: 'ok' }] } });
  });
});

describe('an inspector', () => {
  const moment = { callId: 'c', requestId: 'r', provider: 'acme', model: 'm-1', attempt: 1, elapsedMs: 1 };

  it('bounds what waits for a page that never reads', async () => {
    const lifecycle$ = new Subject<LifecycleEvent>();
    const inspector = await inspect({ client: { lifecycle$ }, maxStreams: 10 });
    const { port } = new URL(inspector.url);
    const socket = connect(Number(port), '127.0.0.1');
    afterwards(() => socket.destroy());
    socket.pause();
    socket.write(`GET /events HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    globalThis.gc?.();
    const before = process.memoryUsage();
    const model = 'x'.repeat(150);
    // 40 MB of JSON, if anybody kept it.
    for (let round = 0; round < 60; round++) {
      for (let each = 0; each < 2_000; each++) {
        lifecycle$.next({ ...moment, model, callId: `${round}-${each}`, type: 'attempt' });
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    const after = process.memoryUsage();
    expect(after.rss - before.rss).toBeLessThan(150 * 1_048_576);
    expect(after.external + after.arrayBuffers - before.external - before.arrayBuffers).toBeLessThan(20 * 1_048_576);
    const [first] = await messagesUntil(inspector.url, ({ length }) => length > 0);
    expect(first?.lanes?.lanes).toHaveLength(10);
  });

  it('never disturbs a stream, whatever it is told', async () => {
    const lifecycle$ = new Subject<LifecycleEvent>();
    const inspector = await inspect({ client: { lifecycle$ } });
    const hostile = Object.defineProperty({ ...moment, type: 'attempt' }, 'delayMs', {
      enumerable: true,
      get: () => {
        throw new Error('of no use');
      },
    });
    const seen: string[] = [];
    lifecycle$.subscribe({ next: (event) => seen.push(event?.type), error: () => seen.push('error') });
    lifecycle$.next(hostile as unknown as LifecycleEvent);
    for (const odd of [
      null,
      'text',
      {},
      { type: 'retry' },
      { ...moment, type: 'retry' },
      { ...moment, elapsedMs: Number.NaN, type: 'attempt' },
    ]) {
      lifecycle$.next(odd as unknown as LifecycleEvent);
    }
    lifecycle$.next({ ...moment, type: 'fallback', to: {}, error: 'none' } as unknown as LifecycleEvent);
    lifecycle$.next({ ...moment, type: 'attempt' });
    lifecycle$.error(new Error('no more'));
    expect(seen).toHaveLength(10);
    expect(seen.slice(-2)).toEqual(['attempt', 'error']);
    const [first] = await messagesUntil(inspector.url, ({ length }) => length > 0);
    expect(first?.lanes?.lanes).toHaveLength(1);
  });

  it('listens to its clients until it is closed, and leaves nothing open', async () => {
    const lifecycle$ = new Subject<LifecycleEvent>();
    const inspector = await startInspector({ client: { lifecycle$ }, port: 0 });
    expect(lifecycle$.observed).toBe(true);
    const { body } = await fetch(`${inspector.url}/events`);
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    const handles = new Subscription();
    handles.add(lifecycle$.subscribe());
    await inspector.close();
    handles.unsubscribe();
    expect(lifecycle$.observed).toBe(false);
    // Whoever reads is sent away.
    for (;;) if ((await reader.read().catch(() => ({ done: true }))).done) break;
    await expect(fetch(inspector.url)).rejects.toThrow();
    const kinds = process.getActiveResourcesInfo().filter((kind) => kind === 'TCPServerWrap');
    expect(kinds).toEqual([]);
    await inspector.close();
  });
});

describe('options', () => {
  it('that are bad are refused at once, by name', () => {
    const wrong = (options: object) => () => void startInspector(options as InspectorOptions);
    expect(wrong({})).toThrow(new TypeError('startInspector: client is missing: give client, clients, or log'));
    expect(wrong({ client: idle, log: 'x' })).toThrow(/^startInspector: client is missing/);
    expect(wrong({ client: idle, port: 70_000 })).toThrow('startInspector: port must be a whole number from 0 to 65535');
    expect(wrong({ client: idle, breakers: {} })).toThrow('startInspector: breakers must be made with createCircuitBreakers()');
    expect(wrong({ clients: { one: {} } })).toThrow(/^startInspector: clients\.one must have a lifecycle\$/);
    expect(wrong({ client: idle, hosts: [] })).toThrow('startInspector: hosts is not an option');
  });

  it('that name a log which is not there are a rejection', async () => {
    await expect(startInspector({ log: '/nowhere/log.ndjson', port: 0 })).rejects.toThrow('ENOENT');
  });
});
