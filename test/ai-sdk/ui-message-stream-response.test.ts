import { describe, expect, it } from 'vitest';
import { toUIMessageStreamResponse } from '../../src/ai-sdk/index.ts';
import { createClient, openai, type StreamRequest } from '../../src/index.ts';
import { toNodeHandler } from '../../src/node/index.ts';
import type { Script } from '../../src/testing/index.ts';
import { serve } from '../integration/support.ts';
import { serveNode } from '../relay/support.ts';
import { readByAiSdk } from './reading.ts';

const request: StreamRequest = { model: 'm-1', messages: [{ role: 'user', content: 'Hello' }] };

async function setup(script: Script) {
  const provider = await serve(script);
  const client = createClient({ provider: openai({ baseURL: provider.url, apiKey: 'none' }), retry: { initialDelay: 1 } });
  const server = await serveNode(toNodeHandler(() => toUIMessageStreamResponse(client.stream(request), { heartbeat: 50 })));
  return { provider, url: server.url };
}

describe('an answer for one reader', () => {
  it('is told over a socket, with the attempts that came before it', async () => {
    const { url } = await setup([{ status: 503 }, { text: 'Hello there' }]);
    const { message, chunks } = await readByAiSdk(await fetch(url));
    expect(message?.parts.map((part) => (part.type === 'text' ? part.text : part.type))).toEqual(['step-start', 'Hello there']);
    expect(chunks[0]).toMatchObject({ type: 'data-retry', transient: true, data: { attempt: 1, error: { category: 'server-error' } } });
  });

  it('is kept alive by comments that the AI SDK passes over', async () => {
    const { url } = await setup([{ text: 'Hello there', headersDelay: 300 }]);
    const [forText, forAiSdk] = ((await fetch(url)).body as ReadableStream<Uint8Array>).tee();
    const { message } = await readByAiSdk(new Response(forAiSdk));
    expect(message?.parts.at(-1)).toMatchObject({ text: 'Hello there' });
    expect((await new Response(forText).text()).split('\n\n').filter((block) => block === ':').length).toBeGreaterThan(1);
  });

  it('ends with its reader, down to the socket of the provider', async () => {
    const { url, provider } = await setup([{ text: 'x', repeat: Number.POSITIVE_INFINITY, tokenDelay: 2 }]);
    const leaving = new AbortController();
    const response = await fetch(url, { signal: leaving.signal });
    await (response.body as ReadableStream<Uint8Array>).getReader().read();
    leaving.abort();
    expect(await (await provider.request(0)).ended).toBe('aborted');
  });

  it('is slowed down by a slow reader, down to the socket of the provider', async () => {
    const { url, provider } = await setup([{ text: ['x'.repeat(1_000)], repeat: 100_000, split: 65_536 }]);
    const leaving = new AbortController();
    const response = await fetch(url, { signal: leaving.signal });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    const asked = await provider.request(0);
    let before = -1;
    while (before !== asked.bytesSent) {
      before = asked.bytesSent;
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    // Of a hundred million.
    expect(asked.bytesSent).toBeLessThan(30_000_000);
    leaving.abort();
    expect(await asked.ended).toBe('aborted');
  });
});
