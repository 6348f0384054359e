import { describe, expect, it } from 'vitest';
import { createCircuitBreakers, createCooldowns, createRetryBudget, type LifecycleEvent, type StreamRequest } from '../../src/index.ts';
import type { Answer } from '../../src/testing/fault-server.ts';
import { clientOf, collect, expectAborted, expectError, expectText, quiet, request, serve, wires, within } from './support.ts';

const limited = (seconds: string): Answer => ({ status: 429, headers: { 'retry-after': seconds } });
const patientBreakers = () => createCircuitBreakers({ consecutiveFailures: 1_000, minOutcomes: 10_000 });
const still = { refillEvery: Number.POSITIVE_INFINITY, tenantRefillEvery: Number.POSITIVE_INFINITY };

describe.each(wires)('%s', (wire) => {
  it('one call’s 429 holds back the others, until it is over', async () => {
    const server = await serve([limited('0.5'), { text: 'Hello' }, { text: 'Hello' }]);
    const client = clientOf(wire, server.url);
    const first = collect(client.stream(request));
    await within(server.request(0));
    await quiet();
    const second = collect(client.stream(request));
    await quiet(150);
    expect(server.requests, 'the second has not asked').toHaveLength(1);
    for (const ending of await Promise.all([first, second])) expectText(ending, 'Hello');
    const [one = 0, ...later] = server.requests.map(({ receivedAt }) => receivedAt);
    expect(Math.min(...later) - one).toBeGreaterThanOrEqual(495);
    expect(server.requests).toHaveLength(3);
  });

  it('calls that wait leave one by one', async () => {
    const server = await serve((_, index) => (index === 0 ? limited('0.3') : { text: 'Hello' }));
    const client = clientOf(wire, server.url, { retry: { maxAttempts: 1 } });
    await collect(client.stream(request));
    const endings = await Promise.all([1, 2, 3].map(() => collect(client.stream(request))));
    for (const ending of endings) expectText(ending, 'Hello');
    const times = server.requests.slice(1).map(({ receivedAt }) => receivedAt);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    // One a second, and half a request a second more for each that came to content.
    expect(gaps[0]).toBeGreaterThan(550);
    expect(gaps[1]).toBeGreaterThan(400);
    expect(gaps[1]).toBeLessThan((gaps[0] ?? 0) + 50);
  });

  it('a wait beyond the deadline is refused at once, and says how long it would be', async () => {
    const server = await serve(limited('30'));
    const client = clientOf(wire, server.url);
    expectError(await collect(client.stream(request)), { category: 'rate-limit', gaveUp: 'deadline' });
    const ending = await collect(client.stream(request));
    const error = expectError(ending, { category: 'limit-exceeded', phase: 'local', retryable: true });
    expect(error.retryAfterMs).toBeGreaterThan(25_000);
    expect(error.attempts).toEqual([]);
    expect(ending.elapsed).toBeLessThan(1_000);
    expect(server.requests).toHaveLength(1);
  });

  it('two clients share one registry; another model has a gate of its own', async () => {
    const server = await serve((_, index) => (index === 0 ? limited('30') : { text: 'Hello' }));
    const cooldowns = createCooldowns();
    const [one, two] = [clientOf(wire, server.url, { cooldowns }), clientOf(wire, server.url, { cooldowns })];
    await collect(one.stream(request));
    expectError(await collect(two.stream(request)), { category: 'limit-exceeded' });
    const other: StreamRequest = { ...request, model: 'm-2' };
    expectText(await collect(two.stream(other)), 'Hello');
  });

  it('rty-17: a call that leaves while it waits makes no request', async () => {
    const server = await serve((_, index) => (index === 0 ? limited('0.4') : { text: 'Hello' }));
    const client = clientOf(wire, server.url, { retry: { maxAttempts: 1 } });
    await collect(client.stream(request));
    const waiting = client.stream(request).subscribe();
    await quiet(50);
    waiting.unsubscribe();
    expectText(await collect(client.stream(request)), 'Hello');
    await quiet(100);
    expect(server.requests).toHaveLength(2);
  });

  it('the wait does not run on the clock of the headers', async () => {
    const server = await serve((_, index) => (index === 0 ? limited('0.6') : { text: 'Hello' }));
    const client = clientOf(wire, server.url, { retry: { maxAttempts: 1 }, timeout: { headers: 300, firstContent: 400 } });
    await collect(client.stream(request));
    expectText(await collect(client.stream(request)), 'Hello');
  });

  it('the lifecycle tells of a wait', async () => {
    const server = await serve((_, index) => (index === 0 ? limited('0.3') : { text: 'Hello' }));
    const client = clientOf(wire, server.url, { retry: { maxAttempts: 1 } });
    await collect(client.stream(request));
    const moments: LifecycleEvent[] = [];
    const listening = client.lifecycle$.subscribe((moment) => moments.push(moment));
    await collect(client.stream(request));
    listening.unsubscribe();
    expect(moments.map(({ type }) => type)).toEqual([
      ...['begin', 'cooldown'],
      ...['attempt', 'headers', 'first-content', 'attempt-end', 'finish'],
    ]);
    expect((moments[1] as { waitMs: number }).waitMs).toBeGreaterThan(100);
  });

  it('rty-22: an outage costs the budget, not attempts times calls', async () => {
    const server = await serve({ status: 503 });
    const budget = createRetryBudget({ ...still, tokens: 4, share: 0 });
    const client = clientOf(wire, server.url, { budget, breakers: patientBreakers() });
    const endings = await Promise.all(Array.from({ length: 20 }, () => collect(client.stream(request))));
    expect(server.requests).toHaveLength(24);
    for (const { error } of endings) expect(['budget', 'attempts']).toContain(error?.gaveUp);
    for (const ending of endings) expectError(ending, { category: 'server-error', retryable: true });
    expect(endings.find(({ error }) => error?.gaveUp === 'budget')?.error?.attempts.at(-1)).toMatchObject({ delayMs: 0 });
  });

  it('a tenant’s budget is its own', async () => {
    const server = await serve({ status: 503 });
    const budget = createRetryBudget({ ...still, tenantTokens: 1 });
    const client = clientOf(wire, server.url, { budget, breakers: patientBreakers() });
    expectError(await collect(client.stream(request, { tenant: 'a' })), { category: 'server-error', gaveUp: 'budget' });
    expectError(await collect(client.stream(request, { tenant: 'a' })), { category: 'server-error', gaveUp: 'budget' });
    expect(server.requests).toHaveLength(3);
    expectError(await collect(client.stream(request, { tenant: 'b' })), { category: 'server-error', gaveUp: 'budget' });
    expect(server.requests).toHaveLength(5);
  });

  it('a 429 costs no token', async () => {
    const server = await serve([limited('0.05'), limited('0.05'), { text: 'Hello' }]);
    const budget = createRetryBudget({ ...still, tokens: 0 });
    expectText(await collect(clientOf(wire, server.url, { budget }).stream(request)), 'Hello');
  });

  it('late first content starts a second request, and the loser’s is aborted', async () => {
    const server = await serve([
      { text: 'slow', after: 'headers', fault: 'stall' },
      { text: 'fast', headersDelay: 20 },
    ]);
    const ending = await collect(clientOf(wire, server.url, { hedge: { after: 100 } }).stream(request));
    expectText(ending, 'fast');
    expect(server.requests).toHaveLength(2);
    await expectAborted(server.requests[0]);
  });

  it('a fast answer is never hedged', async () => {
    const server = await serve({ text: 'Hello' });
    expectText(await collect(clientOf(wire, server.url, { hedge: { after: 1_000 } }).stream(request)), 'Hello');
    await quiet();
    expect(server.requests).toHaveLength(1);
  });

  it('a request with tools is not hedged', async () => {
    const server = await serve((_, index) => ({ text: `answer ${index}`, headersDelay: 300 }));
    const tools = [{ name: 'pay', inputSchema: { type: 'object' } }];
    const ending = await collect(clientOf(wire, server.url, { hedge: { after: 50 } }).stream({ ...request, tools }));
    expectText(ending, 'answer 0');
    expect(server.requests).toHaveLength(1);
  });

  it('who leaves aborts both', async () => {
    const server = await serve({ text: 'x', after: 'headers', fault: 'stall' });
    const subscription = clientOf(wire, server.url, { hedge: { after: 50 } })
      .stream(request)
      .subscribe();
    await within(server.request(1));
    subscription.unsubscribe();
    for (const recorded of server.requests) await expectAborted(recorded);
  });
});
