import { lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  anthropic,
  createCircuitBreakers,
  type LifecycleEvent,
  openai,
  result,
  type Target,
  textDeltas,
  viewState,
} from '../../src/index.ts';
import type { Answer, FaultServer, Script } from '../../src/testing/fault-server.ts';
import {
  apiKey,
  clientOf,
  collect,
  eventsOf,
  expectAborted,
  expectError,
  expectText,
  quiet,
  request,
  type Settings,
  serve,
  textOf,
  typesOf,
  within,
} from './support.ts';

const busy: Answer = { status: 503 };
/** So that the breaker does not speak first. */
const patientBreakers = () => createCircuitBreakers({ consecutiveFailures: 1_000, minOutcomes: 10_000 });

const spare = (server: FaultServer, more: Partial<Target> = {}): Target => ({
  provider: anthropic({ apiKey, baseURL: server.url }),
  model: 'm-2',
  ...more,
});

/** OpenAI's wire first, Anthropic's behind it, each on a server of its own. */
async function pair(first: Script, second: Script, settings: Settings = {}, more: Partial<Target> = {}) {
  const [primary, secondary] = [await serve(first), await serve(second)];
  const client = clientOf('openai', primary.url, {
    breakers: patientBreakers(),
    fallback: [spare(secondary, more)],
    ...settings,
  });
  return { primary, secondary, client };
}

describe('a client with a fallback', () => {
  it('fbk-01: the first is asked three times, the other once, and answers', async () => {
    const { primary, secondary, client } = await pair(busy, { text: 'Hello there' });
    const ending = await collect(client.stream(request));
    expectText(ending, 'Hello there');
    expect([primary.requests.length, secondary.requests.length]).toEqual([3, 1]);
    expect(eventsOf(ending.events, 'start')).toMatchObject([{ provider: 'anthropic', model: 'm-2', attempt: 4 }]);
    expect(secondary.requests[0]?.body).toMatchObject({ model: 'm-2' });
  });

  it('fbk-02: what is the caller’s own mistake surfaces after one request', async () => {
    for (const [status, category] of [
      [400, 'invalid-request'],
      [401, 'authentication'],
      [404, 'not-found'],
    ] as const) {
      const { primary, secondary, client } = await pair({ status }, { text: 'no' });
      expectError(await collect(client.stream(request)), { category, provider: 'openai', status });
      expect([primary.requests.length, secondary.requests.length]).toEqual([1, 0]);
    }
  });

  it('fbk-02: but which failures it is for can be said', async () => {
    const tooLong = { status: 400, body: { error: { code: 'context_length_exceeded', message: 'too long' } } };
    const { client } = await pair(tooLong, { text: 'It fits here' }, {}, { on: ['context-length'] });
    expectText(await collect(client.stream(request)), 'It fits here');
    const other = await pair(busy, { text: 'no' }, {}, { on: ['context-length'] });
    expectError(await collect(other.client.stream(request)), { category: 'server-error' });
    expect(other.secondary.requests).toHaveLength(0);
  });

  it('fbk-03: when all fail, the first’s error is the one that is raised, and the ledger has them all', async () => {
    const { primary, secondary, client } = await pair(busy, { status: 529 });
    const ending = await collect(client.stream(request));
    const error = expectError(ending, { category: 'server-error', provider: 'openai', model: 'm-1', status: 503, gaveUp: 'attempts' });
    expect([primary.requests.length, secondary.requests.length]).toEqual([3, 3]);
    expect(error.attempts.map(({ attempt, provider, category }) => [attempt, provider, category])).toEqual([
      [1, 'openai', 'server-error'],
      [2, 'openai', 'server-error'],
      [3, 'openai', 'server-error'],
      [4, 'anthropic', 'overloaded'],
      [5, 'anthropic', 'overloaded'],
      [6, 'anthropic', 'overloaded'],
    ]);
    expect(error.message).toContain('openai');
  });

  it('fbk-03: all targets together make eight requests at most', async () => {
    const servers = await Promise.all([serve(busy), serve(busy), serve(busy), serve(busy)]);
    const [primary, ...others] = servers as [FaultServer, ...FaultServer[]];
    const client = clientOf('openai', primary.url, {
      breakers: patientBreakers(),
      retry: { maxAttempts: 3 },
      fallback: others.map((server, index) => spare(server, { model: `m-${index + 2}` })),
    });
    const error = expectError(await collect(client.stream(request)), { category: 'server-error', provider: 'openai' });
    expect(servers.map((server) => server.requests.length)).toEqual([3, 3, 2, 0]);
    expect(error.attempts).toHaveLength(8);
  });

  it('fbk-04: the second wait is longer than the first', async () => {
    const { client } = await pair(busy, { text: 'Hello' }, { retry: { initialDelay: 20 } });
    const [one, two] = eventsOf((await collect(client.stream(request))).events, 'retry');
    expect(two?.delayMs).toBeGreaterThan(one?.delayMs ?? Number.POSITIVE_INFINITY);
  });

  it('fbk-05: without retry and fallback a failure is one request', async () => {
    const server = await serve(busy);
    const client = clientOf('openai', server.url, { retry: { maxAttempts: 1 }, fallback: [] });
    expectError(await collect(client.stream(request)), { category: 'server-error', gaveUp: 'attempts' });
    expect(server.requests).toHaveLength(1);
  });

  it('fbk-06: an open breaker sends the call elsewhere at once, without a request', async () => {
    const breakers = createCircuitBreakers({ consecutiveFailures: 2, openFor: 60_000 });
    const { primary, secondary, client } = await pair(busy, { text: 'Hello' }, { breakers, retry: { maxAttempts: 2 } });
    expectText(await collect(client.stream(request)), 'Hello');
    const before = primary.requests.length;
    const ending = await collect(client.stream(request));
    expectText(ending, 'Hello');
    expect(primary.requests).toHaveLength(before);
    expect(eventsOf(ending.events, 'retry')).toEqual([]);
    expect(eventsOf(ending.events, 'start')).toMatchObject([{ attempt: 1, provider: 'anthropic' }]);
    expect(secondary.requests).toHaveLength(2);
  });

  it('fbk-06: when the breaker refused the first, what the other said is the better reason', async () => {
    const breakers = createCircuitBreakers({ consecutiveFailures: 1, openFor: 60_000 });
    const { client } = await pair(busy, [{ text: 'Hello' }, { status: 401 }], { breakers, retry: { maxAttempts: 1 } });
    expectText(await collect(client.stream(request)), 'Hello');
    expectError(await collect(client.stream(request)), { category: 'authentication', provider: 'anthropic', status: 401 });
  });

  it('passes over a target whose breaker is open', async () => {
    const breakers = createCircuitBreakers({ consecutiveFailures: 1, openFor: 60_000 });
    const [primary, broken, last] = [await serve(busy), await serve(busy), await serve({ text: 'Hello' })];
    const client = clientOf('openai', primary.url, {
      breakers,
      retry: { maxAttempts: 1 },
      fallback: [spare(broken), spare(last, { model: 'm-3' })],
    });
    expectText(await collect(client.stream(request)), 'Hello');
    expectText(await collect(client.stream(request)), 'Hello');
    expect([primary, broken, last].map((server) => server.requests.length)).toEqual([1, 1, 2]);
  });

  it('passes over a target that cools down for longer than there is time', async () => {
    const [primary, limited, last] = [
      await serve(busy),
      await serve({ status: 429, headers: { 'retry-after': '60' } }),
      await serve({ text: 'Hello' }),
    ];
    const client = clientOf('openai', primary.url, {
      breakers: patientBreakers(),
      retry: { maxAttempts: 1 },
      fallback: [spare(limited), spare(last, { model: 'm-3' })],
    });
    expectText(await collect(client.stream(request)), 'Hello');
    const ending = await collect(client.stream(request));
    expectText(ending, 'Hello');
    expect(ending.elapsed).toBeLessThan(2_000);
    expect([primary, limited, last].map((server) => server.requests.length)).toEqual([2, 1, 2]);
  });

  it('goes on at once for a Retry-After that nobody would wait for', async () => {
    const { primary, client } = await pair({ status: 429, headers: { 'retry-after': '3600' } }, { text: 'Hello' });
    const ending = await collect(client.stream(request));
    expectText(ending, 'Hello');
    expect(ending.elapsed).toBeLessThan(2_000);
    expect(primary.requests).toHaveLength(1);
  });

  it('fbk-07, str-28: nothing is mixed: after content the failure surfaces, with its partial', async () => {
    const { secondary, client } = await pair({ text: ['Hel', 'lo'], after: 2, fault: 'reset' }, { text: 'Good day' });
    const ending = await collect(client.stream(request));
    const error = expectError(ending, { category: ['network', 'interrupted'], phase: 'streaming', provider: 'openai' });
    expect(error.partial?.text).toBe('Hello');
    await quiet();
    expect(secondary.requests).toHaveLength(0);
  });

  it('fbk-07, str-04: a target that may take over after content says so: `restart`', async () => {
    const script = { text: ['Hel', 'lo'], after: 2, fault: 'reset' } as const;
    const { client } = await pair(script, { text: 'Good day' }, {}, { afterContent: true });
    const { events, completed } = await collect(client.stream(request));
    expect(completed).toBe(true);
    const restart = typesOf(events).indexOf('restart');
    expect(textOf(events.slice(0, restart))).toBe('Hello');
    expect(textOf(events.slice(restart))).toBe('Good day');
    expect(events[restart]).toMatchObject({ provider: 'anthropic', model: 'm-2', attempt: 2, error: { provider: 'openai' } });
    expect(typesOf(events).filter((type) => type === 'start')).toHaveLength(1);
  });

  it('the projections know a restart', async () => {
    const script = { text: ['Hel', 'lo'], after: 2, fault: 'reset' } as const;
    const { client } = await pair([script, script, script, script], { text: 'Good day' }, {}, { afterContent: true });
    expect(await lastValueFrom(client.stream(request).pipe(result()))).toMatchObject({ text: 'Good day' });
    const states = await lastValueFrom(client.stream(request).pipe(viewState({ every: 0 }), toArray()));
    expect(states.at(-1)).toMatchObject({ status: 'done', text: 'Good day' });
    expect(states.map(({ text }) => text)).not.toContainEqual(expect.stringMatching(/Hel.*Good/));
    await expect(lastValueFrom(client.stream(request).pipe(textDeltas()))).rejects.toMatchObject({ provider: 'openai' });
    const texts = await lastValueFrom(client.stream(request).pipe(textDeltas({ onRestart: 'ignore' }), toArray()));
    expect(texts.join('')).toBe('HelloGood day');
  });

  it('str-04: a partial is of one generation, also after a restart', async () => {
    const { client } = await pair(
      { text: ['Hel', 'lo'], after: 2, fault: 'reset' },
      { text: ['Good', ' day'], after: 1, fault: 'reset' },
      {},
      { afterContent: true },
    );
    const ending = await collect(client.stream(request));
    expect(ending.error?.partial?.text).toBe('Good');
  });

  it('a tool that was called is not called again elsewhere', async () => {
    const call = { name: 'pay', input: { amount: 5 } };
    const primary = await serve({ toolCalls: [call, { name: 'look' }], after: 2, fault: 'reset' });
    const secondary = await serve({ text: 'Good day' });
    const fallback = [spare(secondary, { afterContent: true })];
    const ending = await collect(clientOf('anthropic', primary.url, { breakers: patientBreakers(), fallback }).stream(request));
    expect(eventsOf(ending.events, 'tool-call')).toMatchObject([{ toolName: 'pay', input: { amount: 5 } }]);
    expectError(ending, { category: ['network', 'interrupted'], gaveUp: 'content-delivered' });
    expect(secondary.requests).toHaveLength(0);
  });

  it('fbk-08: one request id over all targets; each attempt has it', async () => {
    const { primary, secondary, client } = await pair(busy, { text: 'Hello' });
    const ending = await collect(client.stream(request, { requestId: 'order-7' }));
    const ids = [...primary.requests, ...secondary.requests].map(({ headers }) => headers['x-client-request-id']);
    expect(new Set(ids)).toEqual(new Set(['order-7']));
    expect(eventsOf(ending.events, 'start')[0]?.requestId).toBe('order-7');
    expect(eventsOf(ending.events, 'finish')[0]?.requestId).toBe('order-7');
  });

  it('fbk-09: a breaker of three: the first call makes three requests, the next at most one', async () => {
    const breakers = createCircuitBreakers({ consecutiveFailures: 3, openFor: 60_000 });
    const server = await serve(busy);
    const client = clientOf('openai', server.url, { breakers });
    await collect(client.stream(request));
    expect(server.requests).toHaveLength(3);
    await collect(client.stream(request));
    expect(server.requests.length).toBeLessThanOrEqual(4);
  });

  it('the key of one provider is never sent to the other', async () => {
    const [primary, secondary] = [await serve(busy), await serve({ text: 'Hello' })];
    const client = clientOf('openai', primary.url, {
      provider: openai({ apiKey: 'sk-of-openai-1234567890', baseURL: primary.url }),
      retry: { maxAttempts: 1 },
      fallback: [{ provider: anthropic({ apiKey: 'sk-ant-1234567890', baseURL: secondary.url }), model: 'm-2' }],
    });
    await collect(client.stream(request));
    expect(JSON.stringify(secondary.requests[0]?.headers)).not.toContain('sk-of-openai');
    expect(JSON.stringify(primary.requests[0]?.headers)).not.toContain('sk-ant');
  });

  it('the lifecycle tells of it', async () => {
    const { client } = await pair(busy, { text: 'Hello' }, { retry: { maxAttempts: 1 } });
    const moments: LifecycleEvent[] = [];
    const listening = client.lifecycle$.subscribe((moment) => moments.push(moment));
    await collect(client.stream(request));
    listening.unsubscribe();
    expect(moments.map(({ type }) => type)).toEqual([
      ...['begin', 'attempt', 'attempt-end', 'fallback'],
      ...['attempt', 'headers', 'first-content', 'attempt-end', 'finish'],
    ]);
    expect(moments[3]).toMatchObject({ to: { provider: 'anthropic', model: 'm-2' }, error: { category: 'server-error' } });
  });

  it('who leaves, leaves the target that is being asked', async () => {
    const { secondary, client } = await pair(busy, { text: 'x', after: 'request', fault: 'stall' }, { retry: { maxAttempts: 1 } });
    const subscription = client.stream(request).subscribe();
    const recorded = await within(secondary.request(0));
    subscription.unsubscribe();
    await expectAborted(recorded);
  });

  it('bud-02, bud-03: the total deadline is the call’s, and the error says what had failed before', async () => {
    const { client } = await pair(
      busy,
      { text: 'x', after: 'headers', fault: 'stall' },
      { retry: { maxAttempts: 1 }, timeout: { total: 400 } },
    );
    const ending = await collect(client.stream(request));
    const error = expectError(ending, { category: 'timeout', timeout: 'total', gaveUp: 'deadline' });
    expect(ending.elapsed).toBeLessThan(1_500);
    expect(error.cause).toMatchObject({ category: 'server-error', status: 503 });
    expect(error.attempts.map(({ provider }) => provider)).toEqual(['openai', 'anthropic']);
  });
});
