import { firstValueFrom, map, reduce, retry, take, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  backoff,
  classifyErrors,
  fromAsyncIterable,
  fromReadableStream,
  holdUntilContent,
  throwIfUnfinished,
  toAsyncIterable,
} from '../../src/index.ts';
import { expectAborted, quiet, serve, within } from './support.ts';

/** An SDK in short: it opens with a signal, throws for a status, and yields the parsed messages of the body. */
async function openSdk(url: string, signal: AbortSignal): Promise<AsyncIterable<{ readonly text: string; readonly done: boolean }>> {
  const response = await fetch(`${url}/chat/completions`, { method: 'POST', body: '{"stream":true}', signal });
  if (!response.ok)
    throw Object.assign(new Error(`${response.status} from the SDK`), { status: response.status, headers: response.headers });
  const { body } = response;
  if (!body) throw new TypeError('no body');
  return (async function* () {
    let rest = '';
    for await (const chunk of body.pipeThrough(new TextDecoderStream()) as unknown as AsyncIterable<string>) {
      const messages = (rest + chunk).split('\n\n');
      rest = messages.pop() ?? '';
      for (const message of messages) {
        const data = message.replace(/^data: /, '');
        if (data === '[DONE]') return;
        const [choice] = (JSON.parse(data) as { choices: { delta: { content?: string }; finish_reason: string | null }[] }).choices;
        if (choice) yield { text: choice.delta.content ?? '', done: choice.finish_reason !== null };
      }
    }
  })();
}

const said = { isContent: ({ text }: { readonly text: string }) => text !== '' };
const joined = reduce<{ readonly text: string }, string>((all, { text }) => all + text, '');

describe('the stream of an SDK', () => {
  const steady = (url: string) =>
    fromAsyncIterable((signal) => openSdk(url, signal)).pipe(
      throwIfUnfinished(({ done }) => done),
      classifyErrors(said),
      holdUntilContent(said),
      retry(backoff({ initialDelay: 1, jitter: 'none' })),
    );

  it('str-01: comes whole and in order, in one request', async () => {
    const server = await serve({ text: 'Hello there you' });
    expect(await within(firstValueFrom(steady(server.url).pipe(joined)))).toBe('Hello there you');
    expect(server.requests).toHaveLength(1);
  });

  it('str-23: is tried again for a status, a break and an early end before content, and comes once', async () => {
    const server = await serve([{ status: 503 }, { text: 'No', after: 0, fault: 'reset' }, { text: 'Hello there' }]);
    expect(await within(firstValueFrom(steady(server.url).pipe(joined)))).toBe('Hello there');
    expect(server.requests).toHaveLength(3);
  });

  it('str-22: an early end before content is no empty success', async () => {
    const server = await serve([{ text: 'No', after: 0, fault: 'end' }, { text: 'Hello' }]);
    expect(await within(firstValueFrom(steady(server.url).pipe(joined)))).toBe('Hello');
  });

  it('str-24: an early end after content is an error, with no second request', async () => {
    const server = await serve({ text: ['Hel', 'lo'], after: 1, fault: 'end' });
    await expect(within(firstValueFrom(steady(server.url).pipe(joined)))).rejects.toMatchObject({
      category: 'interrupted',
      phase: 'streaming',
      gaveUp: 'content-delivered',
    });
    expect(server.requests).toHaveLength(1);
  });

  it('a Retry-After of the SDK’s error is waited for', async () => {
    const server = await serve([{ status: 429, headers: { 'retry-after': '0.3' } }, { text: 'Hello' }]);
    expect(await within(firstValueFrom(steady(server.url).pipe(joined)))).toBe('Hello');
    const [one = 0, two = 0] = server.requests.map(({ receivedAt }) => receivedAt);
    expect(two - one).toBeGreaterThanOrEqual(295);
  });

  it('str-18: is aborted when it is left, before the head, in the middle, and within a value', async () => {
    const hanging = await serve({ text: 'x', after: 'request', fault: 'stall' });
    const early = steady(hanging.url).subscribe({ error: () => undefined });
    const recorded = await within(hanging.request(0));
    early.unsubscribe();
    await expectAborted(recorded);
    const server = await serve({ text: 'x ', repeat: 100_000, tokenDelay: 2 });
    await firstValueFrom(steady(server.url).pipe(take(1)));
    await expectAborted(server.requests[0]);
    await quiet();
  });

  it('a slow consumer loses nothing of it', async () => {
    const server = await serve({ text: ['x'.repeat(100)], repeat: 3_000, split: 65_536 });
    let length = 0;
    const texts = fromAsyncIterable((signal) => openSdk(server.url, signal)).pipe(map(({ text }) => text));
    for await (const text of toAsyncIterable(texts, { maxItems: 32 })) {
      if (length === 0) await quiet(50);
      length += text.length;
    }
    expect(length).toBe(300_000);
  });
});

describe('a body as a ReadableStream', () => {
  const open = (url: string) => async (signal: AbortSignal) => {
    const { body } = await fetch(`${url}/chat/completions`, { method: 'POST', body: '{}', signal });
    return body as unknown as ReadableStream<Uint8Array>;
  };

  it('comes whole, opened anew by a retry', async () => {
    const server = await serve([{ text: 'No', after: 'request', fault: 'reset' }, { body: 'Hello there' }]);
    const chunks = fromReadableStream(open(server.url)).pipe(
      classifyErrors(),
      retry(backoff({ initialDelay: 1, jitter: 'none' })),
      toArray(),
    );
    const bytes = await within(firstValueFrom(chunks));
    expect(Buffer.concat(bytes).toString()).toBe('Hello there');
    expect(server.requests).toHaveLength(2);
  });

  it('is cancelled when it is left', async () => {
    const server = await serve({ text: 'x ', repeat: 100_000, tokenDelay: 2 });
    await within(firstValueFrom(fromReadableStream(open(server.url)).pipe(take(1))));
    await expectAborted(server.requests[0]);
  });
});
