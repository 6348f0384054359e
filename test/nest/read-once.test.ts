import { connect } from 'node:net';
import { concat, lastValueFrom, type Observable, of, throwError, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { fromEventStream, type StreamEvent, textDeltas } from '../../src/index.ts';
import { apiKey, clientOf, serve, within } from '../integration/support.ts';
import { messagesIn } from '../relay/support.ts';
import { readUntil, serveNest } from './support.ts';

const words = ['One ', 'two ', 'three ', 'four.'];

describe('a stream that is read once by @Sse()', () => {
  const all = { isRefusal: () => true };

  it('is whole, and its provider is left when its reader leaves', async () => {
    const provider = await serve([{ text: words }, { text: words, after: 2, fault: 'stall' }]);
    const { url } = await serveNest(provider.url);
    const whole = await fetch(`${url}/once`, { method: 'POST' });
    expect(whole.status).toBe(201);
    const text = await within(lastValueFrom(fromEventStream(whole).pipe(textDeltas(), toArray())));
    expect(text.join('')).toBe(words.join(''));
    const leaving = new AbortController();
    await within(readUntil(await fetch(`${url}/once`, { method: 'POST', signal: leaving.signal }), 'two '));
    leaving.abort();
    await within((await provider.request(1)).ended);
    expect((await provider.request(1)).aborted).toBe(true);
  });

  it('says no id that would be asked for', async () => {
    const provider = await serve({ text: words });
    const { url } = await serveNest(provider.url);
    const read = messagesIn(await (await fetch(`${url}/once`, { method: 'POST' })).text());
    expect(read.slice(0, -1).map(({ id }) => id)).toEqual(read.slice(1).map(() => ''));
    expect(read.at(-1)?.id).toBe('.end');
  });

  it.each([
    [401, { status: 401, body: { error: { message: `no ${apiKey}`, code: 'invalid_api_key' } } }, 502, null],
    [429, { status: 429, headers: { 'retry-after': '7' }, body: { error: { message: 'slow down' } } }, 429, '7'],
    [529, { status: 529, body: { error: { message: 'overloaded' } } }, 503, '2'],
    [400, { status: 400, body: { error: { message: 'x', code: 'context_length_exceeded' } } }, 400, null],
  ] as const)('answers a %i of the provider with a status, where it is asked to', async (_, answer, status, retryAfter) => {
    const provider = await serve(answer);
    const client = clientOf('openai', provider.url, { retry: { maxAttempts: 1 } });
    const { url } = await serveNest(provider.url, { client, messages: all });
    const response = await fetch(`${url}/once`, { method: 'POST' });
    expect(response.status).toBe(status);
    expect(response.headers.get('retry-after')).toBe(retryAfter);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ error: { message: expect.any(String), category: expect.any(String) } });
    expect(text).not.toContain(apiKey);
  });

  it('slows its provider down for a reader that is slow', async () => {
    const provider = await serve({ text: 'x'.repeat(1_000), repeat: 40_000, split: 65_536 });
    const { url, logged } = await serveNest(provider.url);
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.pause();
    socket.write('POST /once HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n');
    const asked = await provider.request(0);
    let sent = -1;
    while (sent !== asked.bytesSent) {
      sent = asked.bytesSent;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    expect(sent).toBeLessThan(30_000_000);
    expect(asked.aborted).toBe(false);
    expect(logged).toEqual([]);
    socket.destroy();
    await within(asked.ended);
  });
});

describe('a failure that is no error of the library', () => {
  it('is thrown as it is before the head, and said to the log alone behind it', async () => {
    const provider = await serve({ text: words });
    const failing$ = [
      throwError(() => new Error('a bug')),
      concat(
        of({ type: 'note' }),
        throwError(() => new Error('another')),
      ),
    ];
    const client = { ...clientOf('openai', provider.url), stream: () => failing$.shift() as Observable<StreamEvent> };
    const { url, logged } = await serveNest(provider.url, { client });
    const before = await fetch(`${url}/once`, { method: 'POST' });
    expect([before.status, await before.json()]).toEqual([500, { statusCode: 500, message: 'Internal server error' }]);
    const behind = await fetch(`${url}/once`, { method: 'POST' });
    const text = await behind.text();
    expect(messagesIn(text).map(({ data }) => data.type)).toEqual(['note', 'error', 'end']);
    expect(text).not.toContain('another');
    expect(logged).toEqual([expect.stringContaining('a bug'), expect.stringContaining('another')]);
  });
});
