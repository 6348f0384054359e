import { concat, firstValueFrom, from, of, throwError, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fromEventStream } from '../../src/from-event-stream.ts';
import { type EventLike, ProviderError, relay, toEventStreamResponse } from '../../src/index.ts';
import { liveFetch } from '../../src/relay/live-fetch.ts';
import { onReturn } from '../../src/relay/on-return.ts';

const context = { requestId: 'req_1', attempt: 1, signal: new AbortController().signal, idempotencyKey: 'key_1' };
const request = { model: 'm-1', messages: [{ role: 'user', content: 'Hi' }] } as const;
const result = {} as never;
const checkpoint = (cursor: string) =>
  ({ version: 1, requestId: '', fingerprint: '', provider: 'relay', model: 'm', attempts: 1, result, cursor }) as const;

describe('relay() as a provider', () => {
  const provider = relay({ url: 'https://relay.test/chat', headers: { authorization: 'Bearer t' } });

  it('starts with a key, and takes bytes along as base64', () => {
    const image = { type: 'image', data: Buffer.from('hi'), mediaType: 'image/png' } as const;
    const http = provider.request({ ...request, messages: [{ role: 'user', content: [image] }] }, context);
    expect(http).toMatchObject({ url: 'https://relay.test/chat', method: 'POST' });
    expect(http.headers).toEqual({
      accept: 'text/event-stream',
      authorization: 'Bearer t',
      'content-type': 'application/json',
      'idempotency-key': 'key_1',
      'x-client-request-id': 'req_1',
    });
    expect(JSON.parse(http.body ?? '').messages[0].content[0].data).toBe('aGk=');
  });

  it('sends no longer key than a relay takes, and the end of it, which is its own', () => {
    const { headers } = provider.request(request, { ...context, idempotencyKey: `${'r'.repeat(128)}-nonce-1` });
    expect(headers['idempotency-key']).toMatch(/^r{120}-nonce-1$/);
  });

  it('resumes behind the last event, and from the beginning where there was none', () => {
    const resume = (cursor: string) => provider.resume?.(checkpoint(cursor), context);
    expect(resume('https://relay.test/chat/1#c2')).toMatchObject({
      url: 'https://relay.test/chat/1',
      method: 'GET',
      headers: { 'last-event-id': 'c2' },
    });
    expect(resume('https://relay.test/chat/1#c%232%7E5~3')?.headers).toMatchObject({ 'last-event-id': 'c#2~5' });
    expect(resume('https://relay.test/chat/1#')?.headers).not.toHaveProperty('last-event-id');
  });

  it.each(['https://evil.test/chat/1#c2', 'javascript:alert(1)#c2', 'nonsense', ''])(
    'gives its credentials to no other server: %j',
    (cursor) => {
      expect(() => provider.resume?.(checkpoint(cursor), context)).toThrow('not of this relay');
    },
  );

  it.each([
    ['/chat/1', 'https://relay.test/chat/1#'],
    ['https://evil.test/chat/1', undefined],
    ['http://relay.test:x', undefined],
  ])('goes on at the location %s as %s', (location, cursor) => {
    expect(provider.decoder({ type: 'head', status: 201, headers: new Headers({ location }) }).cursor).toBe(cursor);
  });

  it('asks for its headers each time, where they are a function', async () => {
    const asked = relay({ url: 'https://relay.test/chat', headers: async () => ({ authorization: 'Bearer fresh' }) });
    expect(await asked.request(request, context).credentials?.()).toEqual({ authorization: 'Bearer fresh' });
  });

  it.each([
    { url: '' },
    { url: 'https://user:pw@relay.test' },
    { url: '/x', heartbeat: 0 },
    { url: '/x', headers: 'a' },
    { url: '/x', to: 1 },
  ])('refuses %o', (options) => {
    expect(() => relay(options as never)).toThrow(/^relay: /);
    expect(() => relay(options as never)).not.toThrow('pw');
  });
});

describe('a response, read without a client', () => {
  const delta = (text: string, cursor: string) => ({ type: 'text-delta', id: '0', text, cursor });
  const finish = {
    type: 'finish',
    requestId: 'r',
    finishReason: 'stop',
    rawFinishReason: 'stop',
    usage: { inputTokens: 0, outputTokens: 0, totalTokens: 0, estimated: true },
  };
  const read = (source: Response | ReadableStream<Uint8Array>) => firstValueFrom(fromEventStream<EventLike>(source).pipe(toArray()));

  it('is the events that were written, half an emoji in each of two included (lone-surrogate-in-a-stored-event)', async () => {
    const events = [{ type: 'start', requestId: 'r' }, delta('Go \ud83d', 'c1'), delta('\ude80 now', 'c2'), finish];
    expect(await read(toEventStreamResponse(from(events)))).toEqual([events[0], delta('Go 🚀 now', 'c2'), finish]);
  });

  it('completes with the end marker, also of events of somebody else, and of a body alone', async () => {
    expect(await read(toEventStreamResponse(of({ type: 'mine' })).body as ReadableStream<Uint8Array>)).toEqual([{ type: 'mine' }]);
  });

  it('raises what the server said, and an end without the marker', async () => {
    const failing = concat(
      of({ type: 'mine' }),
      throwError(() => new ProviderError({ category: 'content-filter' })),
    );
    await expect(read(toEventStreamResponse(failing))).rejects.toMatchObject({ category: 'content-filter' });
    const headers = { 'content-type': 'text/event-stream' };
    await expect(read(new Response('data: {"type":"mine"}\n\n', { headers }))).rejects.toMatchObject({ category: 'interrupted' });
    await expect(read(new Response('{}', { status: 404 }))).rejects.toMatchObject({ category: 'not-found' });
  });
});

describe('a body that falls silent', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  async function silentBody() {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      cancel() {
        cancelled = true;
      },
    });
    const fetch = liveFetch(() => async () => new Response(body), { heartbeat: 1_000, silence: 3_000 });
    const reader = ((await fetch('http://relay.test')).body as ReadableStream<Uint8Array>).getReader();
    return { reader, wasCancelled: () => cancelled };
  }

  it('fails after three heartbeats in which somebody waited for it, and leaves nothing behind', async () => {
    const { reader, wasCancelled } = await silentBody();
    await vi.advanceTimersByTimeAsync(60_000);
    const failure = reader.read().catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(2_999);
    expect(wasCancelled()).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await failure).toMatchObject({ category: 'interrupted', code: 'silent' });
    expect([wasCancelled(), vi.getTimerCount()]).toEqual([true, 0]);
  });

  it('fails within a heartbeat and a half once the page has come back', async () => {
    const page = new EventTarget();
    const document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
    vi.stubGlobal('document', document);
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
    for (const [target, type] of [
      [page, 'online'],
      [document, 'visibilitychange'],
    ] as const) {
      const { reader } = await silentBody();
      const failure = reader.read().catch((error: unknown) => error);
      target.dispatchEvent(new Event(type));
      await vi.advanceTimersByTimeAsync(1_499);
      expect(vi.getTimerCount()).toBe(1);
      await vi.advanceTimersByTimeAsync(1);
      expect(await failure).toMatchObject({ code: 'silent' });
    }
  });

  it('is not asked about a page that is hidden, and listens no longer than it is read', () => {
    const document = Object.assign(new EventTarget(), { visibilityState: 'hidden' });
    let calls = 0;
    const stop = onReturn(() => void calls++, { document } as never);
    document.dispatchEvent(new Event('visibilitychange'));
    expect(calls).toBe(0);
    document.visibilityState = 'visible';
    document.dispatchEvent(new Event('visibilitychange'));
    stop();
    document.dispatchEvent(new Event('visibilitychange'));
    expect(calls).toBe(1);
  });
});
