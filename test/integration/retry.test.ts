import { defer, lastValueFrom, retry as retryOperator, take, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { backoff, createCircuitBreakers, type LifecycleEvent, ProviderError, type RetryContext } from '../../src/index.ts';
import type { Answer } from '../../src/testing/fault-server.ts';
import { clientOf, collect, eventsOf, expectError, expectText, quiet, request, serve, typesOf, wires } from './support.ts';

const busy: Answer = { status: 503 };
/** So that the breaker does not speak first. */
const patientBreakers = () => createCircuitBreakers({ consecutiveFailures: 1_000, minOutcomes: 10_000 });

describe.each(wires)('%s', (wire) => {
  for (const maxAttempts of [1, 2, 3, 5]) {
    it(`${maxAttempts} attempts at most are ${maxAttempts} requests`, async () => {
      const server = await serve(busy);
      const ending = await collect(clientOf(wire, server.url, { retry: { maxAttempts }, breakers: patientBreakers() }).stream(request));
      const error = expectError(ending, { category: 'server-error', gaveUp: 'attempts' });
      expect(server.requests).toHaveLength(maxAttempts);
      expect(error.attempts.map(({ attempt }) => attempt)).toEqual(Array.from({ length: maxAttempts }, (_, index) => index + 1));
      expect(error.attempts.at(-1)?.delayMs).toBe(0);
      expect(eventsOf(ending.events, 'retry')).toHaveLength(maxAttempts - 1);
      if (maxAttempts > 1) expect(error.message).toContain(`after ${maxAttempts} attempts`);
    });
  }

  it('a call makes no more requests than maxRequests, whatever its attempts', async () => {
    const server = await serve(busy);
    const client = clientOf(wire, server.url, { retry: { maxAttempts: 50 }, maxRequests: 4, breakers: patientBreakers() });
    expectError(await collect(client.stream(request)), { gaveUp: 'attempts', category: 'server-error' });
    expect(server.requests).toHaveLength(4);
  });

  it('a call makes eight requests by default, whatever its attempts', async () => {
    const server = await serve(busy);
    const client = clientOf(wire, server.url, { retry: { maxAttempts: 50 }, breakers: patientBreakers() });
    expectError(await collect(client.stream(request)), { gaveUp: 'attempts', category: 'server-error' });
    expect(server.requests).toHaveLength(8);
  });

  it('the text comes once, whatever failed before', async () => {
    const server = await serve([
      busy,
      { text: 'No', after: 'headers', fault: 'reset' },
      { text: 'No', after: 0, fault: 'error-event' },
      { text: 'No', after: 0, fault: 'end' },
      { text: 'Hello there' },
    ]);
    const ending = await collect(clientOf(wire, server.url, { retry: { maxAttempts: 5 }, breakers: patientBreakers() }).stream(request));
    expectText(ending, 'Hello there');
    expect(typesOf(ending.events).slice(0, 5)).toEqual(['retry', 'retry', 'retry', 'retry', 'start']);
    expect(eventsOf(ending.events, 'start')).toMatchObject([{ attempt: 5, provider: wire, model: 'm-1' }]);
    expect(server.requests).toHaveLength(5);
    expect(new Set(server.requests.map(({ text }) => text)).size, 'the same request each time').toBe(1);
  });

  it('nothing is tried again after content, be it text, reasoning or a tool call', async () => {
    const contents: Answer[] = [
      { text: ['Hel', 'lo'] },
      { reasoning: ['Let', ' me'] },
      { toolCalls: [{ name: 'look', inputFragments: ['{"q"', ':1}'] }] },
    ].map((content) => ({ ...content, after: 1, fault: 'error-event' as const }));
    for (const answer of contents) {
      const server = await serve([answer]);
      const ending = await collect(clientOf(wire, server.url).stream(request));
      expectError(ending, { category: ['overloaded', 'server-error'], phase: 'streaming', gaveUp: 'content-delivered', retryable: true });
      expect(server.requests).toHaveLength(1);
    }
  });

  it('a long preamble that fails before content leaves no trace, and start comes once', async () => {
    const ping = wire === 'anthropic' ? 'event: ping\ndata: {"type":"ping"}\n\n' : 'data: {"choices":[]}\n\n';
    const server = await serve([
      { text: 'No', after: 0, fault: [{ send: ping.repeat(200) }, { wait: 20 }, 'reset'] },
      { text: 'Hello there' },
    ]);
    const ending = await collect(clientOf(wire, server.url).stream(request, { raw: true }));
    expect(eventsOf(ending.events, 'start')).toHaveLength(1);
    if (ending.completed) expectText(ending, 'Hello there');
  });

  it('Retry-After is a floor', async () => {
    const server = await serve([
      { status: 429, headers: { 'retry-after': '0.3' } },
      { status: 529, headers: { 'retry-after-ms': '200' } },
      { text: 'Hello' },
    ]);
    const ending = await collect(clientOf(wire, server.url, { retry: { jitter: 'full' } }).stream(request));
    expectText(ending, 'Hello');
    const [first = 0, second = 0, third = 0] = server.requests.map(({ receivedAt }) => receivedAt);
    expect(second - first).toBeGreaterThanOrEqual(295);
    expect(third - second).toBeGreaterThanOrEqual(195);
    const [one, two] = eventsOf(ending.events, 'retry');
    expect(one?.delayMs).toBeGreaterThanOrEqual(300);
    expect(two?.delayMs).toBeGreaterThanOrEqual(200);
    expect(one?.error).toMatchObject({ category: 'rate-limit', retryAfterMs: 300 });
  });

  it('a Retry-After beyond the limit is not waited for, and the error says how long it would be', async () => {
    const server = await serve({ status: 429, headers: { 'retry-after': '3600' } });
    const ending = await collect(clientOf(wire, server.url).stream(request));
    const error = expectError(ending, { category: 'rate-limit', gaveUp: 'retry-after', retryAfterMs: 3_600_000, retryable: true });
    expect(error.toPublic().retryAfterMs).toBe(3_600_000);
    expect(ending.elapsed).toBeLessThan(2_000);
    expect(server.requests).toHaveLength(1);
  });

  it('a wait that the total deadline does not allow is not begun', async () => {
    const server = await serve({ status: 429, headers: { 'retry-after': '30' } });
    const ending = await collect(clientOf(wire, server.url, { timeout: { total: 5_000 } }).stream(request));
    expectError(ending, { category: 'rate-limit', gaveUp: 'deadline', retryAfterMs: 30_000 });
    expect(ending.elapsed).toBeLessThan(2_000);
    expect(server.requests).toHaveLength(1);
  });

  it('waits are bounded together by maxTotalDelay', async () => {
    const server = await serve(busy);
    const retry = { initialDelay: 60, factor: 1, maxAttempts: 8, maxTotalDelay: 130 };
    const ending = await collect(clientOf(wire, server.url, { retry, breakers: patientBreakers() }).stream(request));
    expectError(ending, { category: 'server-error', gaveUp: 'deadline' });
    expect(server.requests).toHaveLength(3);
  });

  it('waits grow by the factor, to the cap', async () => {
    const server = await serve(busy);
    const retry = { initialDelay: 60, factor: 2, maxDelay: 150, maxAttempts: 4 };
    const ending = await collect(clientOf(wire, server.url, { retry, breakers: patientBreakers() }).stream(request));
    expect(eventsOf(ending.events, 'retry').map(({ delayMs }) => delayMs)).toEqual([60, 120, 150]);
    expect(ending.error?.attempts.map(({ delayMs }) => delayMs)).toEqual([60, 120, 150, 0]);
  });

  it('options of a call override the client’s, one by one', async () => {
    const server = await serve(busy);
    const client = clientOf(wire, server.url, { retry: { maxAttempts: 3, initialDelay: 70 } });
    const ending = await collect(client.stream(request, { retry: { maxAttempts: 2 } }));
    expect(server.requests).toHaveLength(2);
    expect(eventsOf(ending.events, 'retry').map(({ delayMs }) => delayMs)).toEqual([70]);
  });

  it('a call that tries again shows it in its lifecycle', async () => {
    const server = await serve([busy, { text: 'Hello' }]);
    const client = clientOf(wire, server.url);
    const moments: LifecycleEvent[] = [];
    const listening = client.lifecycle$.subscribe((moment) => moments.push(moment));
    await collect(client.stream(request));
    listening.unsubscribe();
    expect(moments.map(({ type }) => type)).toEqual([
      ...['begin', 'attempt', 'attempt-end', 'retry'],
      ...['attempt', 'headers', 'first-content', 'attempt-end', 'finish'],
    ]);
  });

  it('leaving at the retry event ends the call: no further request', async () => {
    const server = await serve(busy);
    const event = await lastValueFrom(clientOf(wire, server.url).stream(request).pipe(take(1)));
    expect(event.type).toBe('retry');
    await quiet();
    expect(server.requests).toHaveLength(1);
  });

  it('a rule of the user’s decides before anything built in', async () => {
    const server = await serve([{ status: 400, body: { error: { message: 'Network issue, sorry' } } }, { text: 'Hello' }]);
    const client = clientOf(wire, server.url, { classify: { rules: [{ message: 'network issue', category: 'network' }] } });
    const ending = await collect(client.stream(request));
    expectText(ending, 'Hello');
    expect(eventsOf(ending.events, 'retry')[0]?.error).toMatchObject({ category: 'network', status: 400 });
  });

  it('a rule sees timeouts too', async () => {
    const server = await serve({ text: 'x', after: 'request', fault: 'stall' });
    const classify = { rules: [{ code: 'timeout', retryable: false }] };
    const ending = await collect(clientOf(wire, server.url, { classify, timeout: { headers: 100 } }).stream(request));
    expectError(ending, { category: 'timeout', timeout: 'headers', retryable: false, gaveUp: 'not-retryable' });
    expect(server.requests).toHaveLength(1);
  });
});

describe('jitter', () => {
  const delaysOf = async (context: Partial<RetryContext>): Promise<number[]> => {
    const delays: number[] = [];
    const failing = defer(() => throwError(() => new ProviderError({ category: 'overloaded' })));
    const full: RetryContext = {
      requestId: 'r-1',
      announce: ({ delayMs }) => delays.push(delayMs),
      ...context,
    };
    const policy = { initialDelay: 60, maxDelay: 100, maxAttempts: 4 };
    await lastValueFrom(failing.pipe(retryOperator(backoff(policy, full)))).catch(() => undefined);
    return delays;
  };

  it('is the same for the same request id and nonce, and another for another nonce', async () => {
    const [one, again, other] = await Promise.all([delaysOf({ nonce: 'n-1' }), delaysOf({ nonce: 'n-1' }), delaysOf({ nonce: 'n-2' })]);
    expect(one).toHaveLength(3);
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
  });

  it('differs between two subscriptions with one request id', async () => {
    const server = await serve(busy);
    const retry = { initialDelay: 90, jitter: 'full' as const, maxAttempts: 4 };
    const stream$ = clientOf('openai', server.url, { retry, breakers: patientBreakers() }).stream(request, { requestId: 'r-1' });
    const endings = await Promise.all([collect(stream$), collect(stream$)]);
    const [one, two] = endings.map(({ events }) => eventsOf(events, 'retry').map(({ delayMs }) => delayMs));
    expect(one).not.toEqual(two);
  });

  it('takes its number from random, with the request id and the attempt', async () => {
    const server = await serve(busy);
    const asked: [string, number][] = [];
    const random = (id: string, attempt: number): number => asked.push([id, attempt]) && 0.5;
    const retry = { initialDelay: 120, jitter: 'full' as const, random };
    const ending = await collect(clientOf('openai', server.url, { retry }).stream(request, { requestId: 'r-1' }));
    expect(eventsOf(ending.events, 'retry').map(({ delayMs }) => delayMs)).toEqual([60, 120]);
    expect(new Set(asked.map((each) => each.join()))).toEqual(new Set(['r-1,1', 'r-1,2']));
  });

  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, -5, 1e12]) {
    it(`that is given ${bad} for its number neither spins nor hangs`, async () => {
      const server = await serve(busy);
      const retry = { initialDelay: 60, jitter: 'full' as const, random: () => bad };
      const ending = await collect(clientOf('openai', server.url, { retry }).stream(request));
      expectError(ending, { category: 'server-error' });
      for (const { delayMs } of eventsOf(ending.events, 'retry')) {
        expect(delayMs).toBeGreaterThanOrEqual(1);
        expect(Number.isFinite(delayMs)).toBe(true);
      }
      for (const { delayMs } of ending.error?.attempts ?? []) expect(Number.isFinite(delayMs)).toBe(true);
      expect(server.requests.length).toBeLessThanOrEqual(3);
    });
  }
});
