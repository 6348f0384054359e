import type { HttpAgent } from '@ag-ui/client';
import { describe, expect, it, vi } from 'vitest';
import { type AgUiHandlerOptions, createAgUiHandler, toMessages, toTools } from '../../src/ag-ui/index.ts';
import { createClient, createSessions, openai } from '../../src/index.ts';
import { toNodeHandler } from '../../src/node/index.ts';
import type { Script } from '../../src/testing/index.ts';
import { afterwards, serve } from '../integration/support.ts';
import { serveNode } from '../relay/support.ts';
import { newAgent, runByAgent } from './running.ts';

async function setup(script: Script, options: Partial<AgUiHandlerOptions> & { inSessions?: boolean; recovery?: ['restart'] } = {}) {
  const { inSessions, recovery, ...others } = options;
  const provider = await serve(script);
  const client = createClient({ provider: openai({ baseURL: provider.url, apiKey: 'none' }), ...(recovery && { recovery }) });
  const handler = createAgUiHandler({
    ...(inSessions ? { sessions: createSessions({ client }) } : { client }),
    requestFrom: ({ messages, tools }) => ({
      model: 'm-1',
      messages: toMessages(messages),
      ...(tools?.length && { tools: toTools(tools) }),
    }),
    ...others,
  });
  const server = await serveNode(toNodeHandler(handler));
  return { provider, server, url: `${server.url}/agent` };
}

const saidBy = ({ messages }: Pick<HttpAgent, 'messages'>): string =>
  messages.map(({ role, content }) => (role === 'assistant' ? String(content ?? '') : '')).join('');

/** An answer that waits in its middle. */
function heldAnswer() {
  let release = (): void => {};
  const wait = new Promise<void>((resolve) => {
    release = resolve;
  });
  afterwards(() => release());
  return { answer: { text: ['One ', 'two ', 'three.'], after: 2, fault: { wait } } as const, release: () => release() };
}

describe('an agent', () => {
  it('answers a client over a socket', async () => {
    const { url, provider } = await setup([{ reasoning: 'Hm', text: 'Hello there' }]);
    const run = await runByAgent(url);
    expect(run.failure).toBeUndefined();
    expect(run.warnings).toEqual([]);
    expect(saidBy(run as never)).toBe('Hello there');
    expect(run.events.map(({ type }) => type).filter((type, index, all) => type !== all[index - 1])).toEqual([
      'RUN_STARTED',
      'CUSTOM',
      'REASONING_START',
      'REASONING_MESSAGE_START',
      'REASONING_MESSAGE_CONTENT',
      'REASONING_MESSAGE_END',
      'REASONING_END',
      'TEXT_MESSAGE_START',
      'TEXT_MESSAGE_CONTENT',
      'TEXT_MESSAGE_END',
      'RUN_FINISHED',
    ]);
    const asked = provider.requests[0]?.body as { messages?: unknown } | undefined;
    expect(asked?.messages).toEqual([{ role: 'user', content: 'Hello' }]);
  });

  it('tells a failure in words for people, and keeps what was said before it', async () => {
    const { url } = await setup([{ text: ['Hel', 'lo'], after: 1, fault: 'reset' }]);
    const run = await runByAgent(url);
    expect(run.events.at(-1)).toMatchObject({ type: 'RUN_ERROR', code: 'network', message: expect.not.stringContaining('ECONNRESET') });
    expect(saidBy(run as never)).toBe('Hel');
  });

  it('says nothing twice after a restart', async () => {
    const { url } = await setup([{ text: ['Hel', 'lo'], after: 1, fault: 'reset' }, { text: 'Good morning' }], { recovery: ['restart'] });
    const run = await runByAgent(url);
    expect(run.warnings).toEqual([]);
    expect(saidBy(run as never)).toBe('Good morning');
    expect(run.events.map(({ type }) => type)).toContain('MESSAGES_SNAPSHOT');
  });

  it('ends with its client, down to the socket of the provider', async () => {
    const { answer } = heldAnswer();
    const { url, provider } = await setup([answer]);
    const agent = newAgent(url);
    const running = runByAgent(url, { agent });
    await vi.waitFor(() => expect(saidBy(agent)).toBe('One two '), { timeout: 5_000 });
    agent.abortRun();
    await running;
    expect(await provider.requests[0]?.ended).toBe('aborted');
    expect(saidBy(agent)).toBe('One two ');
  });

  it('tells a run as failed where the process is about to end, because a clean end would be taken for that of the run', async () => {
    const { answer } = heldAnswer();
    const closing = new AbortController();
    const { url } = await setup([answer], { signal: closing.signal });
    const agent = newAgent(url);
    const running = runByAgent(url, { agent });
    await vi.waitFor(() => expect(saidBy(agent)).toBe('One two '), { timeout: 5_000 });
    closing.abort();
    expect((await running).events.at(-1)).toMatchObject({ type: 'RUN_ERROR', code: 'interrupted' });
  });
});

describe('an agent over sessions', () => {
  it('goes on without its client, and is joined by who asks for the same run again, with each word once', async () => {
    const { answer, release } = heldAnswer();
    const { url, provider } = await setup([answer], { inSessions: true });
    const agent = newAgent(url);
    const running = runByAgent(url, { agent });
    await vi.waitFor(() => expect(saidBy(agent)).toBe('One two '), { timeout: 5_000 });
    agent.abortRun();
    await running;
    release();
    expect(await provider.requests[0]?.ended).toBe('complete');

    const again = await runByAgent(url, { agent });
    expect(again.failure).toBeUndefined();
    expect(saidBy(agent)).toBe('One two three.');
    expect(provider.requests).toHaveLength(1);
  });

  it('tells who joins a conversation that is longer than what may wait for a slow reader', async () => {
    const { answer, release } = heldAnswer();
    const { url, provider } = await setup([answer], { inSessions: true, maxBufferedBytes: 4_096 });
    const agent = newAgent(url);
    agent.addMessage({ id: 'user-2', role: 'user', content: 'x'.repeat(20_000) });
    const running = runByAgent(url, { agent });
    await vi.waitFor(() => expect(saidBy(agent)).toBe('One two '), { timeout: 5_000 });
    agent.abortRun();
    await running;
    release();
    expect(await provider.requests[0]?.ended).toBe('complete');
    const again = await runByAgent(url, { agent });
    expect(again.failure).toBeUndefined();
    expect(again.events.at(-1)).toMatchObject({ type: 'RUN_FINISHED' });
    expect(saidBy(agent)).toBe('One two three.');
  });

  it('is cancelled at its location, which finishes the run as that', async () => {
    const { answer } = heldAnswer();
    const { url, server, provider } = await setup([answer], { inSessions: true });
    let location = '';
    const agent = newAgent(url, async (input, init) => {
      const response = await fetch(input, init);
      location = response.headers.get('location') ?? '';
      return response;
    });
    const running = runByAgent(url, { agent });
    await vi.waitFor(() => expect(saidBy(agent)).toBe('One two '), { timeout: 5_000 });
    expect((await fetch(new URL(location, server.url), { method: 'DELETE' })).status).toBe(204);
    expect((await running).events.at(-1)).toMatchObject({ type: 'RUN_FINISHED', outcome: { type: 'cancelled' } });
    expect(await provider.requests[0]?.ended).toBe('aborted');
  });

  it('is not found by another tenant', async () => {
    const { answer } = heldAnswer();
    const authorize = (request: Request) => ({ tenant: request.headers.get('x-tenant') ?? 'nobody' });
    const { url, server } = await setup([answer, { text: 'Mine.' }], { inSessions: true, authorize });
    const body = JSON.stringify({ threadId: 't', runId: 'r', messages: [{ id: '1', role: 'user', content: 'Hello' }] });
    const headers = { 'content-type': 'application/json', 'x-tenant': 'ada' };
    const mine = await fetch(url, { method: 'POST', headers, body });
    const location = new URL(mine.headers.get('location') ?? '', server.url);
    expect((await fetch(location, { method: 'DELETE', headers: { 'x-tenant': 'bob' } })).status).toBe(404);
    const theirs = await fetch(url, { method: 'POST', headers: { ...headers, 'x-tenant': 'bob' }, body });
    expect(await theirs.text()).toContain('Mine.');
    expect((await fetch(location, { method: 'DELETE', headers: { 'x-tenant': 'ada' } })).status).toBe(204);
    await mine.body?.cancel();
  });
});

describe('what is no run', () => {
  const run = { threadId: 't', runId: 'r', messages: [] };

  it.each([
    [415, 'POST', 'x', 'text/plain'],
    [400, 'POST', '{', 'application/json'],
    [400, 'POST', JSON.stringify({ ...run, runId: '' }), 'application/json'],
    [400, 'POST', JSON.stringify({ ...run, threadId: 1 }), 'application/json'],
    [400, 'POST', JSON.stringify({ ...run, messages: [{}] }), 'application/json'],
    [400, 'POST', JSON.stringify({ ...run, messages: [{ id: '1', role: 'robot' }] }), 'application/json'],
    [400, 'POST', JSON.stringify({ ...run, tools: 1 }), 'application/json'],
    [400, 'POST', JSON.stringify({ ...run, tools: [null] }), 'application/json'],
    [413, 'POST', JSON.stringify({ ...run, state: 'x'.repeat(1_000) }), 'application/json'],
    [405, 'PUT', '{}', 'application/json'],
    [404, 'DELETE', undefined, 'application/json'],
  ])('is refused with %i: %s %s', async (status, method, body, type) => {
    const { url, provider } = await setup([], { maxBody: 500 });
    const response = await fetch(url, { method, headers: { 'content-type': type }, ...(body !== undefined && { body }) });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { category: expect.any(String), message: expect.any(String) } });
    expect(provider.requests).toHaveLength(0);
  });

  it('is refused as whoever authorizes says', async () => {
    const { url } = await setup([], { authorize: () => new Response('no', { status: 401 }) });
    expect((await runByAgent(url)).failure).toMatchObject({ status: 401 });
  });

  it('is told of at once where an option is wrong', () => {
    const requestFrom = () => ({ model: 'm-1', messages: [] });
    const sessions = createSessions({});
    const client = createClient({ provider: openai({ apiKey: 'none' }) });
    expect(() => createAgUiHandler({ requestFrom })).toThrow(/^createAgUiHandler: client is missing: it must be given/);
    expect(() => createAgUiHandler({ requestFrom, client, sessions })).toThrow(/not both/);
    expect(() => createAgUiHandler({ requestFrom, client, path: '/' } as never)).toThrow(/path/);
  });
});
