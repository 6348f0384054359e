import { Chat } from '@ai-sdk/react';
import { DefaultChatTransport, lastAssistantMessageIsCompleteWithToolCalls } from 'ai';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  createUIMessageHandler,
  currentParts,
  memoryActiveChats,
  toMessages,
  type UIMessageHandlerOptions,
} from '../../src/ai-sdk/index.ts';
import { createClient, createSessions, memoryStore, openai, ProviderError } from '../../src/index.ts';
import { toNodeHandler } from '../../src/node/index.ts';
import type { FaultServer, Script } from '../../src/testing/index.ts';
import { afterwards, serve } from '../integration/support.ts';
import { type RestartableServer, serveNode } from '../relay/support.ts';
import { type ChatMessage, readByAiSdk } from './reading.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** Something that a test holds in its hand. */
function hold() {
  let release = (): void => {};
  const wait = new Promise<void>((resolve) => {
    release = resolve;
  });
  afterwards(() => release());
  return { wait, release: () => release() };
}

function heldAnswer() {
  const { wait, release } = hold();
  return { answer: { text: ['One ', 'two ', 'three.'], after: 2, fault: { wait } } as const, release };
}

class Setup {
  readonly provider: FaultServer;
  readonly server: RestartableServer;
  readonly sessions: ReturnType<typeof createSessions>;

  private constructor(provider: FaultServer, server: RestartableServer, sessions: ReturnType<typeof createSessions>) {
    this.provider = provider;
    this.server = server;
    this.sessions = sessions;
  }

  static async of(script: Script, options: Partial<UIMessageHandlerOptions> = {}, store = memoryStore()): Promise<Setup> {
    const provider = await serve(script);
    const sessions = createSessions({ client: createClient({ provider: openai({ baseURL: provider.url, apiKey: 'none' }) }), store });
    const handler = createUIMessageHandler({
      sessions,
      requestFrom: ({ messages }) => ({ model: 'm-1', messages: toMessages(messages) }),
      ...options,
    });
    return new Setup(provider, await serveNode(toNodeHandler(handler)), sessions);
  }

  fetch(method: string, path: string, options: { body?: unknown; headers?: Record<string, string> } = {}): Promise<Response> {
    const { body, headers } = options;
    return fetch(`${this.server.url}/api/chat${path}`, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  }

  post(text: string, options: { id?: string; headers?: Record<string, string> } = {}): Promise<Response> {
    const { id = 'chat-1', headers = {} } = options;
    return this.fetch('POST', '', { body: { id, messages: [{ id: 'u1', role: 'user', parts: [{ type: 'text', text }] }] }, headers });
  }
}

/** Reads until something was said, and goes. */
async function readUntil(response: Response, text: string): Promise<void> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let read = '';
  while (!read.includes(text)) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the body ended with ${read}`);
    read += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
}

/** Where a connection is lost, browsers say so in words by which the AI SDK knows it. */
const fetchAsInBrowsers: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  const reader = response.body?.getReader();
  if (!reader) return response;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch {
        controller.error(new TypeError('network error'));
      }
    },
  });
  return new Response(body, response);
};

const textOf = (message: ChatMessage | undefined): string =>
  currentParts(message?.parts ?? [])
    .map((part) => (part.type === 'text' ? part.text : ''))
    .join('');

describe('a chat', () => {
  it('is told its answer, and again from the beginning while it runs, as the same message', async () => {
    const { answer, release } = heldAnswer();
    const setup = await Setup.of([answer]);
    const first = await setup.post('Hello');
    expect(first.status).toBe(200);
    await readUntil(first, 'two ');

    const again = await setup.fetch('GET', '/chat-1/stream');
    expect(again.status).toBe(200);
    const reading = readByAiSdk(again);
    release();
    const { message, chunks } = await reading;
    expect(textOf(message)).toBe('One two three.');
    expect(chunks.slice(0, 2)).toMatchObject([
      { type: 'start', messageId: expect.stringMatching(/^msg_stream_/) },
      { type: 'data-restart', data: { reason: 'replay' } },
    ]);
    expect(chunks.filter(({ type }) => type === 'text-delta').map((chunk) => (chunk as { delta: string }).delta)).toEqual([
      'One two ',
      'three.',
    ]);
    expect(setup.provider.requests).toHaveLength(1);
  });

  it('has nothing to go on with before its first answer and after the end of one', async () => {
    const setup = await Setup.of([{ text: 'Hello.' }]);
    expect((await setup.fetch('GET', '/chat-1/stream')).status).toBe(204);
    await (await setup.post('Hello')).text();
    expect((await setup.fetch('GET', '/chat-1/stream')).status).toBe(204);
  });

  it('is told the whole after the end where that is asked for, and what it failed with', async () => {
    const setup = await Setup.of([{ text: ['Hel', 'lo.'], after: 1, fault: 'reset' }], { replayEnded: true });
    const first = await readByAiSdk(await setup.post('Hello'));
    const again = await readByAiSdk(await setup.fetch('GET', '/chat-1/stream'));
    expect(again.message?.id).toBe(first.message?.id);
    expect(textOf(again.message)).toBe('Hel');
    expect(again.errors).toEqual(first.errors);
    expect(first.errors).toHaveLength(1);
  });

  it.each([
    ['DELETE', '/chat-1'],
    ['DELETE', '/chat-1/stream'],
    ['POST', '/chat-1/stop'],
  ])('is stopped down to the socket of the provider by %s %s, and its readers end without an error', async (method, path) => {
    const { answer } = heldAnswer();
    const setup = await Setup.of([answer]);
    const reading = readByAiSdk(await setup.post('Hello'));
    await readUntil(await setup.fetch('GET', '/chat-1/stream'), 'two ');
    expect((await setup.fetch(method, path)).status).toBe(204);
    expect(await setup.provider.requests[0]?.ended).toBe('aborted');
    const { message, errors, chunks } = await reading;
    expect(textOf(message)).toBe('One two ');
    expect(errors).toEqual([]);
    expect(chunks.at(-1)?.type).toBe('abort');
    expect((await setup.fetch('GET', '/chat-1/stream')).status).toBe(204);
    expect((await setup.fetch(method, path)).status).toBe(204);
  });

  it('is stopped while its answer is being started', async () => {
    const { wait, release } = hold();
    const provider = await serve([{ text: 'x', repeat: Number.POSITIVE_INFINITY, tokenDelay: 5 }]);
    const sessions = createSessions({ client: createClient({ provider: openai({ baseURL: provider.url, apiKey: 'none' }) }) });
    let hasBegun = (): void => {};
    const begun = new Promise<void>((resolve) => {
      hasBegun = resolve;
    });
    const slow: typeof sessions = {
      ...sessions,
      start: async (...words) => {
        hasBegun();
        await wait;
        return await sessions.start(...words);
      },
    };
    const setup = await Setup.of([], { sessions: slow });
    const reading = setup.post('Hello').then(readByAiSdk);
    await begun;
    const stopping = setup.fetch('POST', '/chat-1/stop');
    await vi.waitFor(() => expect(setup.server.requests).toHaveLength(2), { timeout: 5_000 });
    release();
    expect((await stopping).status).toBe(204);
    expect((await reading).chunks.at(-1)?.type).toBe('abort');
  });

  it('has one answer at a time: a new question cancels what nobody could reach any more', async () => {
    const { answer } = heldAnswer();
    const setup = await Setup.of([answer, { text: 'Well.' }]);
    await readUntil(await setup.post('Hello'), 'two ');
    expect(textOf((await readByAiSdk(await setup.post('No, this'))).message)).toBe('Well.');
    expect(await setup.provider.requests[0]?.ended).toBe('aborted');
  });

  it('joins what the same idempotency key has started', async () => {
    const { answer, release } = heldAnswer();
    const setup = await Setup.of([answer]);
    const headers = { 'idempotency-key': 'k-1', 'x-client-request-id': 'req_mine' };
    const first = await setup.post('Hello', { headers });
    const second = await setup.post('Hello', { headers });
    release();
    const [a, b] = await Promise.all([readByAiSdk(first), readByAiSdk(second)]);
    expect([textOf(a.message), textOf(b.message)]).toEqual(['One two three.', 'One two three.']);
    expect(a.message?.metadata?.requestId).toBe('req_mine');
    expect((await setup.post('Other', { headers })).status).toBe(409);
    expect(setup.provider.requests).toHaveLength(1);
  });

  it('stays on its newest answer where a request that started an older one comes once more, and late', async () => {
    const held = heldAnswer();
    const newer = heldAnswer();
    const setup = await Setup.of([held.answer, newer.answer]);
    const headers = { 'idempotency-key': 'k-1' };
    await readUntil(await setup.post('Hello', { headers }), 'two ');
    const reading = readByAiSdk(await setup.post('No, this'));
    expect(await setup.provider.requests[0]?.ended).toBe('aborted');
    await vi.waitFor(async () => {
      expect((await readByAiSdk(await setup.post('Hello', { headers }))).chunks.at(-1)?.type).toBe('abort');
    });
    const again = readByAiSdk(await setup.fetch('GET', '/chat-1/stream'));
    newer.release();
    expect(textOf((await reading).message)).toBe('One two three.');
    expect((await again).message?.id).toBe((await reading).message?.id);
    expect(setup.provider.requests).toHaveLength(2);
  });

  it('is not stopped by a page of another origin that nobody has given leave', async () => {
    const { answer, release } = heldAnswer();
    const setup = await Setup.of([answer]);
    const reading = readByAiSdk(await setup.post('Hello'));
    for (const site of ['cross-site', 'same-site']) {
      const headers = { 'sec-fetch-site': site };
      expect((await setup.fetch('POST', '/chat-1/stop', { headers })).status).toBe(415);
      expect((await setup.fetch('POST', '/chat-1/stop', { headers: { ...headers, 'content-type': 'text/plain' } })).status).toBe(415);
    }
    release();
    expect(textOf((await reading).message)).toBe('One two three.');
    const asked = { headers: { 'sec-fetch-site': 'cross-site', 'content-type': 'application/json' } };
    expect((await setup.fetch('POST', '/chat-1/stop', asked)).status).toBe(204);
    expect((await setup.fetch('POST', '/chat-1/stop', { headers: { 'sec-fetch-site': 'same-origin' } })).status).toBe(204);
  });

  it('of nobody is not that of a tenant without a name', async () => {
    const { answer, release } = heldAnswer();
    const authorize = (request: Request) => (request.headers.has('x-nameless') ? { tenant: '' } : {});
    const setup = await Setup.of([answer, { text: 'Mine.' }], { authorize });
    await readUntil(await setup.post('Hello'), 'two ');
    await (await setup.post('Hello', { headers: { 'x-nameless': '1' } })).text();
    const reading = readByAiSdk(await setup.fetch('GET', '/chat-1/stream'));
    release();
    expect(textOf((await reading).message)).toBe('One two three.');
  });

  it('is told again an answer that is longer than what may wait for a slow reader', async () => {
    const { wait, release } = hold();
    const text = 'x'.repeat(20_000);
    const setup = await Setup.of([{ text: [text, text, '.'], after: 2, fault: { wait } }], { maxBufferedBytes: 8_192 });
    await readUntil(await setup.post('Hello'), 'xxx');
    const reading = readByAiSdk(await setup.fetch('GET', '/chat-1/stream'));
    release();
    const { message, errors, failure } = await reading;
    expect([errors, failure]).toEqual([[], undefined]);
    expect(textOf(message)).toBe(`${text}${text}.`);
  });

  it('keeps of what a page has sent the name of its chat alone', async () => {
    const kept: string[] = [];
    const activeChats = { get: () => undefined, set: (...words: [string, string]) => kept.push(...words) };
    const setup = await Setup.of([{ text: 'Hello.' }], { activeChats });
    const last = { id: 'x'.repeat(100_000), role: 'assistant', parts: [{ type: 'text', text: 'Hi' }] };
    await (await setup.fetch('POST', '', { body: { id: 'chat-1', messages: [last] } })).text();
    expect(kept).toEqual(['chat-1', expect.stringMatching(/^stream_\w{32}$/)]);
  });

  it('may have the name of something that every object has', async () => {
    const setup = await Setup.of([{ text: 'One.' }, { text: 'Two.' }], { replayEnded: true });
    for (const [id, text] of [
      ['__proto__', 'One.'],
      ['constructor', 'Two.'],
    ] as const) {
      await (await setup.post('Hello', { id })).text();
      expect(textOf((await readByAiSdk(await setup.fetch('GET', `/${id}/stream`))).message)).toBe(text);
    }
  });

  it('of another tenant is one of which nothing is known', async () => {
    const { answer, release } = heldAnswer();
    const authorize = (request: Request) => {
      const tenant = request.headers.get('x-tenant');
      return tenant === null ? new Response(null, { status: 401 }) : { tenant };
    };
    const setup = await Setup.of([answer, { text: 'Mine.' }], { authorize });
    const ada = { headers: { 'x-tenant': 'ada' } };
    const bob = { headers: { 'x-tenant': 'bob' } };
    await readUntil(await setup.post('Hello', ada), 'two ');
    expect((await setup.fetch('GET', '/chat-1/stream')).status).toBe(401);
    expect((await setup.fetch('GET', '/chat-1/stream', bob)).status).toBe(204);
    expect((await setup.fetch('POST', '/chat-1/stop', bob)).status).toBe(204);
    await (await setup.post('Hello', bob)).text();
    const reading = readByAiSdk(await setup.fetch('GET', '/chat-1/stream', ada));
    release();
    expect(textOf((await reading).message)).toBe('One two three.');
    expect(await setup.provider.requests[0]?.ended).toBe('complete');
  });

  it('goes on, and is stopped, at another process that shares store and chats', async () => {
    const { answer } = heldAnswer();
    const store = memoryStore();
    const activeChats = memoryActiveChats();
    const one = await Setup.of([answer], { activeChats }, store);
    const other = await Setup.of([], { activeChats }, store);
    await readUntil(await one.post('Hello'), 'two ');
    const reading = readByAiSdk(await other.fetch('GET', '/chat-1/stream'));
    expect((await other.fetch('DELETE', '/chat-1')).status).toBe(204);
    expect(await one.provider.requests[0]?.ended).toBe('aborted');
    expect(textOf((await reading).message)).toBe('One two ');
  });

  it('goes on in the message of the model that ends it, and takes nothing from that when it is told again', async () => {
    const { answer, release } = heldAnswer();
    const setup = await Setup.of([answer]);
    const messages = [
      { id: 'u1', role: 'user', parts: [{ type: 'text', text: 'Count' }] },
      {
        id: 'a1',
        role: 'assistant',
        parts: [{ type: 'tool-count', toolCallId: 'c', state: 'output-available', input: {}, output: 1 }],
      },
    ];
    const first = readByAiSdk(await setup.fetch('POST', '', { body: { id: 'chat-1', messages, trigger: 'submit-message' } }));
    const again = readByAiSdk(await setup.fetch('GET', '/chat-1/stream'));
    release();
    expect((await first).message?.id).toBe('a1');
    expect((await again).message?.id).toMatch(/^msg_/);
    const asked = setup.provider.requests[0]?.body as { messages: { role: string }[] } | undefined;
    expect(asked?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool']);
  });

  it('shows each word once where a chat that lost its connection still holds what it had', async () => {
    const { answer, release } = heldAnswer();
    const setup = await Setup.of([answer], { replayEnded: true });
    const transport = new DefaultChatTransport<ChatMessage>({ api: `${setup.server.url}/api/chat`, fetch: fetchAsInBrowsers });
    // What useChat makes of a transport says not that answers are told from their beginning.
    const chat = new Chat<ChatMessage>({
      id: 'chat-1',
      transport: {
        sendMessages: (options) => transport.sendMessages(options),
        reconnectToStream: (options) => transport.reconnectToStream(options),
      },
    });
    const sending = chat.sendMessage({ text: 'Hello' });
    await vi.waitFor(() => expect(textOf(chat.lastMessage)).toBe('One two '), { timeout: 5_000 });
    await setup.server.down();
    await sending;
    expect(chat.status).toBe('error');
    await setup.server.up();
    release();
    await setup.provider.requests[0]?.ended;
    await chat.resumeStream();
    expect(chat.messages).toHaveLength(2);
    expect(textOf(chat.lastMessage)).toBe('One two three.');
  });
});

describe('a chat that resumes', () => {
  /** A chat of the AI SDK that holds some messages, while an answer is being given. */
  async function resuming(messages: readonly ChatMessage[]) {
    const { answer, release } = heldAnswer();
    const setup = await Setup.of([answer]);
    await readUntil(await setup.post('Hello'), 'two ');
    const chat = new Chat<ChatMessage>({
      id: 'chat-1',
      messages: [...messages],
      transport: new DefaultChatTransport({ api: `${setup.server.url}/api/chat` }),
    });
    return { chat, release, setup };
  }

  it('has one message of it where its page resumes twice at once, as in the strict mode of React (vercel/ai 13863)', async () => {
    const { chat, release } = await resuming([{ id: 'u1', role: 'user', parts: [{ type: 'text', text: 'Hello' }] }]);
    const both = Promise.all([chat.resumeStream(), chat.resumeStream()]);
    await vi.waitFor(() => expect(textOf(chat.lastMessage)).toBe('One two '), { timeout: 5_000 });
    release();
    await both;
    expect(chat.messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
    expect(textOf(chat.lastMessage)).toBe('One two three.');
  });

  it('shows nothing of the answer before it where that is the last message that it holds (vercel/ai 18457)', async () => {
    const { chat, release } = await resuming([{ id: 'a0', role: 'assistant', parts: [{ type: 'text', text: 'Before.' }] }]);
    const resuming$ = chat.resumeStream();
    release();
    await resuming$;
    expect(chat.messages.map(textOf)).toEqual(['Before.', 'One two three.']);
    expect(toMessages(chat.messages)).toEqual([
      { role: 'assistant', content: 'Before.' },
      { role: 'assistant', content: 'One two three.' },
    ]);
  });
});

describe('a tool that runs in the page', () => {
  it('is called, answered, and talked of in the same message', async () => {
    const setup = await Setup.of([{ toolCalls: [{ name: 'where', id: 'c-1', input: { exact: true } }] }, { text: 'You are in Zurich.' }]);
    const chat: Chat<ChatMessage> = new Chat<ChatMessage>({
      id: 'chat-1',
      transport: new DefaultChatTransport({ api: `${setup.server.url}/api/chat` }),
      sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithToolCalls,
      onToolCall: ({ toolCall }) => {
        void chat.addToolOutput({ tool: 'where' as never, toolCallId: toolCall.toolCallId, output: { city: 'Zurich' } as never });
      },
    });
    await chat.sendMessage({ text: 'Where am I?' });
    await vi.waitFor(() => expect(textOf(chat.lastMessage)).toBe('You are in Zurich.'), { timeout: 5_000 });
    await vi.waitFor(() => expect(chat.status).toBe('ready'), { timeout: 5_000 });
    expect(chat.messages).toHaveLength(2);
    expect(chat.lastMessage?.parts.find(({ type }) => type === 'tool-where')).toMatchObject({
      state: 'output-available',
      input: { exact: true },
      output: { city: 'Zurich' },
    });
    const asked = setup.provider.requests[1]?.body as { messages: { role: string; content: unknown }[] } | undefined;
    expect(asked?.messages.at(-1)).toMatchObject({ role: 'tool', content: '{"city":"Zurich"}' });
  });
});

describe('what is known of a stream', () => {
  it('is whether it runs, for its own tenant', async () => {
    const { answer, release } = heldAnswer();
    const { sessions } = await Setup.of([answer]);
    const { id } = await sessions.start({ model: 'm-1', messages: [{ role: 'user', content: 'Hello' }] }, { tenant: 'ada' });
    expect(await sessions.find(id, { tenant: 'ada' })).toMatchObject({ id, state: 'held' });
    expect(await sessions.find(id, { tenant: 'bob' })).toBeUndefined();
    expect(await sessions.find(id)).toBeUndefined();
    expect(await sessions.find('stream_none')).toBeUndefined();
    await expect(sessions.find(id, { tenant: 1 } as never)).rejects.toThrow(/find: tenant must be a string/);
    release();
    await vi.waitFor(async () =>
      expect(await sessions.find(id, { tenant: 'ada' })).toMatchObject({ state: 'sealed', outcome: { status: 'done' } }),
    );
  });
});

describe('what is no chat', () => {
  const requestFrom = () => {
    throw new ProviderError({ category: 'permission-denied', phase: 'local' });
  };

  it.each([
    [415, 'POST', '', { body: 'x', headers: { 'content-type': 'text/plain' } }],
    [400, 'POST', '', { body: '{' }],
    [400, 'POST', '', { body: [] }],
    [400, 'POST', '', { body: { id: '', messages: [] } }],
    [400, 'POST', '', { body: { id: 'a'.repeat(201), messages: [] } }],
    [400, 'POST', '', { body: { id: 'a', messages: {} } }],
    [400, 'POST', '', { body: { id: '\ud83d', messages: [] } }],
    [400, 'POST', '', { body: { id: 'a', messages: [{ id: '1', role: 'robot', parts: [] }] } }],
    [400, 'POST', '', { body: { id: 'a', messages: [] } }],
    [400, 'POST', '', { body: { id: 'a', messages: [] }, headers: { 'idempotency-key': 'a b' } }],
    [413, 'POST', '', { body: { id: 'a', messages: ['x'.repeat(2_000)] } }],
    [405, 'PUT', '', { body: {} }],
    [404, 'GET', '', {}],
    [404, 'GET', '/chat-1', {}],
    [404, 'GET', '/%ff/stream', {}],
    [404, 'DELETE', `/${'a'.repeat(201)}`, {}],
  ])('is refused with %i: %s %s', async (status, method, path, options) => {
    const setup = await Setup.of([], { maxBody: 1_000 });
    const response = await setup.fetch(method, path, options as object);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { category: expect.any(String), message: expect.any(String) } });
    expect(setup.provider.requests).toHaveLength(0);
  });

  it('is refused as whoever makes the request says', async () => {
    const setup = await Setup.of([], { requestFrom });
    expect((await setup.post('Hello')).status).toBe(403);
  });

  it('gets in nobody by a mistake', async () => {
    const setup = await Setup.of([], { authorize: () => false as never });
    expect((await setup.post('Hello')).status).toBe(500);
  });

  it('is cancelled where nobody could find it again', async () => {
    const { answer } = heldAnswer();
    const activeChats = { get: () => undefined, set: () => Promise.reject(new ProviderError({ category: 'network', phase: 'local' })) };
    const setup = await Setup.of([answer], { activeChats });
    const response = await setup.post('Hello');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('2');
    const asked = setup.provider.requests[0];
    expect(asked === undefined || (await asked.ended) === 'aborted').toBe(true);
  });

  it('waits for ever for no store of chats that is silent, and says of one that fails that it does not answer', async () => {
    vi.useFakeTimers();
    const authorize = () => ({});
    const requestFrom = () => ({ model: 'm-1', messages: [] });
    for (const get of [() => new Promise<never>(() => {}), () => Promise.reject(new Error('secret words'))]) {
      const handler = createUIMessageHandler({ sessions: createSessions({}), authorize, requestFrom, activeChats: { get, set: () => {} } });
      const answering = handler(new Request('http://chat.test/api/chat/chat-1/stream'));
      await vi.advanceTimersByTimeAsync(10_000);
      const response = await answering;
      expect(response.status).toBe(503);
      expect(await response.text()).not.toContain('secret');
    }
  });

  it('is told of at once where an option is wrong', () => {
    const sessions = createSessions({});
    expect(() => createUIMessageHandler({ sessions } as never)).toThrow(/^createUIMessageHandler: requestFrom is missing/);
    expect(() => createUIMessageHandler({ sessions: {}, requestFrom: () => ({}) } as never)).toThrow(
      /sessions must be made with createSessions/,
    );
    expect(() => createUIMessageHandler({ sessions, requestFrom: () => ({}), path: '/x' } as never)).toThrow(/path/);
  });
});

describe('the chats in memory', () => {
  it('are so many at most, and those are forgotten that were asked for longest ago', () => {
    const chats = memoryActiveChats({ maxChats: 2 });
    chats.set('a', '1');
    chats.set('b', '2');
    expect(chats.get('a')).toBe('1');
    chats.set('c', '3');
    expect([chats.get('a'), chats.get('b'), chats.get('c')]).toEqual(['1', undefined, '3']);
  });

  it('are forgotten after their time, from when they were last asked for', () => {
    vi.useFakeTimers();
    const chats = memoryActiveChats({ ttl: 1_000 });
    chats.set('a', '1');
    chats.set('b', '2');
    vi.advanceTimersByTime(600);
    expect(chats.get('a')).toBe('1');
    vi.advanceTimersByTime(600);
    expect([chats.get('a'), chats.get('b')]).toEqual(['1', undefined]);
  });
});
