import { config, lastValueFrom, map, take, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createCircuitBreakers, type LifecycleEvent } from '../../src/index.ts';
import type { Answer } from '../../src/testing/fault-server.ts';
import { afterwards, clientOf, collect, expectText, providerOf, quiet, request, serve, wires } from '../integration/support.ts';

type Moments = Exclude<LifecycleEvent, { type: 'breaker' }>[];

function listen(client: ReturnType<typeof clientOf>): Moments {
  const moments: Moments = [];
  client.lifecycle$.subscribe((moment) => moment.type !== 'breaker' && moments.push(moment));
  return moments;
}

function of<T extends LifecycleEvent['type']>(moments: Moments, type: T): Extract<LifecycleEvent, { type: T }>[] {
  return moments.filter((moment): moment is never => moment.type === type);
}

describe('the lifecycle of a call', () => {
  it('begins with the request that was given, told while it is subscribed to', async () => {
    const server = await serve({ text: 'Hello' });
    const client = clientOf('openai', server.url);
    const moments = listen(client);
    const running = client.stream(request).subscribe();
    expect(moments[0]).toMatchObject({ type: 'begin', attempt: 0, provider: 'openai', model: 'm-1' });
    expect(of(moments, 'begin')[0]?.request).toBe(request);
    running.unsubscribe();
  });

  it('tells two calls with one request id apart', async () => {
    const server = await serve(() => ({ text: 'Hello' }));
    const client = clientOf('openai', server.url);
    const moments = listen(client);
    await Promise.all([1, 2].map(() => collect(client.stream(request, { requestId: 'same' }))));
    expect(new Set(moments.map(({ requestId }) => requestId))).toEqual(new Set(['same']));
    const ids = new Set(moments.map(({ callId }) => callId));
    expect(ids.size).toBe(2);
    for (const id of ids) {
      const types = moments.filter(({ callId }) => callId === id).map(({ type }) => type);
      expect(types).toEqual(['begin', 'attempt', 'headers', 'first-content', 'attempt-end', 'finish']);
    }
  });

  it.each(wires)('%s tells the status and the provider’s id of each response', async (wire) => {
    const server = await serve({ text: 'Hello' });
    const client = clientOf(wire, server.url);
    const moments = listen(client);
    await collect(client.stream(request));
    expect(of(moments, 'headers')).toMatchObject([{ status: 200, ...(wire !== 'gemini' && { providerRequestId: 'req_fault_0' }) }]);
  });

  it('says of which attempt a step is, also where two run at once', async () => {
    const server = await serve([
      { text: 'slow', headersDelay: 150, tokenDelay: 2_000 },
      { text: 'fast', headersDelay: 250 },
    ]);
    const client = clientOf('openai', server.url, { hedge: { after: 50 } });
    const moments = listen(client);
    expectText(await collect(client.stream(request)), 'fast');
    expect(of(moments, 'headers').map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(of(moments, 'attempt-end').map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      [1, 'cancel'],
      [2, 'finish'],
    ]);
  });

  it('tells a refusal, and that it was no attempt', async () => {
    const server = await serve({ status: 503 });
    const client = clientOf('openai', server.url, {
      breakers: createCircuitBreakers({ consecutiveFailures: 1 }),
      retry: { maxAttempts: 1 },
    });
    await collect(client.stream(request));
    const moments = listen(client);
    await collect(client.stream(request));
    expect(moments.map(({ type }) => type)).toEqual(['begin', 'refusal', 'error']);
    expect(of(moments, 'refusal')).toMatchObject([{ attempt: 0, error: { category: 'circuit-open' } }]);
  });

  it('tells the answer at the end, and what came of one that was left', async () => {
    const server = await serve(() => ({ text: 'one two three', tokenDelay: 20, usage: { inputTokens: 9, outputTokens: 6 } }));
    const client = clientOf('openai', server.url);
    const moments = listen(client);
    await collect(client.stream(request));
    await lastValueFrom(client.stream(request).pipe(take(2), toArray()));
    expect(of(moments, 'finish')).toMatchObject([{ finishReason: 'stop', rawFinishReason: 'stop', usage: { inputTokens: 9 } }]);
    expect(of(moments, 'finish')[0]?.result().text).toBe('one two three');
    expect(of(moments, 'cancel')).toMatchObject([{ usage: { estimated: true } }]);
    expect('one two three'.startsWith(of(moments, 'cancel')[0]?.partial()?.text ?? 'nothing')).toBe(true);
  });

  it('tells what a call has cost that failed', async () => {
    const server = await serve([{ text: ['Hel', 'lo'], after: 2, fault: 'reset' }, { status: 503 }]);
    const client = clientOf('openai', server.url, { recovery: ['continue'], retry: { maxAttempts: 2 } });
    const moments = listen(client);
    await collect(client.stream(request));
    const [end] = of(moments, 'error');
    expect(end?.usage).toMatchObject({ outputTokens: 1, estimated: true });
    expect(end?.usage).toEqual(end?.error.attempts.find(({ usage }) => usage)?.usage);
  });

  const endings: Record<string, Answer> = {
    whole: { text: 'Hello' },
    refused: { status: 400 },
    'cut before content': { text: 'x', after: 0, fault: 'reset' },
    'cut after content': { text: ['a', 'b'], after: 1, fault: 'reset' },
    'closed without an end': { text: ['a', 'b'], after: 'deltas', fault: 'end' },
    malformed: { text: ['a', 'b'], after: 1, fault: 'malformed' },
    'an error inside the stream': { text: ['a', 'b'], after: 1, fault: 'error-event' },
    silent: { text: 'x', after: 'headers', fault: 'stall' },
    'silent after content': { text: ['a', 'b'], after: 1, fault: 'stall' },
  };
  for (const [name, answer] of Object.entries(endings)) {
    for (const recovery of [[], ['continue'], ['restart']] as const) {
      it(`has one begin and one end, and nothing behind it: ${name}, recovery ${recovery[0] ?? 'none'}`, async () => {
        const server = await serve((_, index) => (index < 2 ? answer : { text: 'x' }));
        const other = await serve({ text: 'other' });
        const client = clientOf('openai', server.url, {
          recovery,
          retry: { maxAttempts: 2 },
          timeout: { firstContent: 60, idle: 60, total: 2_000 },
          fallback: [{ provider: providerOf('anthropic', other.url), model: 'm-2', on: ['timeout'] }],
        });
        const moments = listen(client);
        const ending = await collect(client.stream(request));
        const types = moments.map(({ type }) => type);
        expect(types.filter((type) => type === 'begin')).toHaveLength(1);
        expect(types.filter((type) => ['finish', 'error', 'cancel'].includes(type))).toEqual([ending.completed ? 'finish' : 'error']);
        expect([types[0], types.at(-1)]).toEqual(['begin', ending.completed ? 'finish' : 'error']);
        expect(of(moments, 'attempt-end').length).toBe(of(moments, 'attempt').length);
      });
    }
  }
});

describe('a listener to the lifecycle', () => {
  const throwing = () => {
    throw new Error('listener threw');
  };

  it('that throws, in whatever form it listens, reaches neither the stream nor the other listeners', async () => {
    const reported: unknown[] = [];
    config.onUnhandledError = (error) => reported.push(error);
    afterwards(() => {
      config.onUnhandledError = null;
    });
    const server = await serve([{ status: 503 }, { text: 'Hello' }]);
    const client = clientOf('openai', server.url);
    client.lifecycle$.subscribe(throwing);
    client.lifecycle$.subscribe({ next: throwing });
    client.lifecycle$.pipe(map(throwing)).subscribe();
    client.lifecycle$.pipe(map(throwing)).subscribe({ error: throwing });
    const moments = listen(client);
    expectText(await collect(client.stream(request)), 'Hello');
    await quiet(20);
    expect(moments.at(-1)?.type).toBe('finish');
    expect(reported.length).toBeGreaterThan(0);
  });

  it('may end the call at any step, and is told that it was left', async () => {
    for (const step of ['begin', 'attempt', 'headers', 'first-content', 'retry'] as const) {
      const server = await serve([{ status: 503 }, { text: 'Hello', tokenDelay: 5 }]);
      const client = clientOf('openai', server.url);
      const stop = new AbortController();
      const moments: Moments = [];
      client.lifecycle$.subscribe((moment) => {
        if (moment.type === 'breaker') return;
        moments.push(moment);
        if (moment.type === step) stop.abort();
      });
      const ending = await collect(client.stream(request, { signal: stop.signal }));
      expect(ending.error?.category).toBe('cancelled');
      expect(moments.map(({ type }) => type).filter((type) => ['finish', 'error', 'cancel'].includes(type))).toEqual(['error']);
      expect(moments.at(-1)?.type).toBe('error');
    }
  });
});
