import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createCircuitBreakers, createClient, type LifecycleEvent } from '../../src/index.ts';
import { clientOf, collect, expectAborted, expectError, expectText, factories, quiet, request, serve, wires, within } from './support.ts';

const once = { maxAttempts: 1 };

describe.each(wires)('%s', (wire) => {
  it('opens after failures in a row, and rejects without a request', async () => {
    const server = await serve({ status: 503 });
    const breakers = createCircuitBreakers({ consecutiveFailures: 3, openFor: 60_000, maxOpenFor: 60_000 });
    const client = clientOf(wire, server.url, { breakers, retry: once });
    for (let call = 0; call < 3; call++) expectError(await collect(client.stream(request)), { category: 'server-error' });
    const error = expectError(await collect(client.stream(request)), { category: 'circuit-open', phase: 'local', retryable: true });
    expect(error.retryAfterMs).toBeGreaterThan(20_000);
    expect(error.attempts).toEqual([]);
    expect(server.requests).toHaveLength(3);
  });

  it('that opens during a call ends it with the last real failure as its cause', async () => {
    const server = await serve({ status: 503 });
    const breakers = createCircuitBreakers({ consecutiveFailures: 2, openFor: 60_000 });
    const ending = await collect(clientOf(wire, server.url, { breakers, retry: { maxAttempts: 5 } }).stream(request));
    const error = expectError(ending, { category: 'circuit-open', gaveUp: undefined });
    expect(error.cause).toMatchObject({ category: 'server-error', status: 503 });
    expect(error.attempts).toHaveLength(2);
    expect(server.requests).toHaveLength(2);
  });

  it('lets a probe through when it is over, and closes', async () => {
    const server = await serve([{ status: 503 }, { status: 503 }]);
    const breakers = createCircuitBreakers({ consecutiveFailures: 2, openFor: 100, maxOpenFor: 100 });
    const client = clientOf(wire, server.url, { breakers, retry: once });
    const moments: LifecycleEvent[] = [];
    const listening = client.lifecycle$.subscribe((moment) => moments.push(moment));
    await collect(client.stream(request));
    await collect(client.stream(request));
    expectError(await collect(client.stream(request)), { category: 'circuit-open' });
    server.script({ text: 'Hello' });
    await quiet(120);
    for (let call = 0; call < 3; call++) expectText(await collect(client.stream(request)), 'Hello');
    expect(breakers.get(wire, 'm-1').state).toBe('closed');
    expect(server.requests).toHaveLength(5);
    listening.unsubscribe();
    const changes = moments.filter((moment) => moment.type === 'breaker');
    expect(changes).toMatchObject([
      { from: 'closed', to: 'open', provider: wire, model: 'm-1', reason: 'consecutive-failures' },
      { from: 'open', to: 'half-open' },
      { from: 'half-open', to: 'closed', reason: 'probe' },
    ]);
  });

  it('a probe that fails opens it again', async () => {
    const server = await serve({ status: 503 });
    const breakers = createCircuitBreakers({ consecutiveFailures: 2, openFor: 400, maxOpenFor: 60_000 });
    const client = clientOf(wire, server.url, { breakers, retry: once });
    for (let call = 0; call < 2; call++) await collect(client.stream(request));
    await quiet(420);
    expectError(await collect(client.stream(request)), { category: 'server-error' });
    expectError(await collect(client.stream(request)), { category: 'circuit-open' });
    expect(server.requests).toHaveLength(3);
  });

  it('one probe at a time, and a cancelled probe gives its place to another', async () => {
    const server = await serve([{ status: 503 }, { status: 503 }, { text: 'x', after: 'request', fault: 'stall' }, { text: 'Hello' }]);
    const breakers = createCircuitBreakers({ consecutiveFailures: 2, openFor: 60, maxOpenFor: 60 });
    const client = clientOf(wire, server.url, { breakers, retry: once });
    for (let call = 0; call < 2; call++) await collect(client.stream(request));
    await quiet(80);
    const probe = client.stream(request).subscribe();
    await within(server.request(2));
    expectError(await collect(client.stream(request)), { category: 'circuit-open' });
    probe.unsubscribe();
    await expectAborted(server.requests[2]);
    expectText(await collect(client.stream(request)), 'Hello');
    expect(server.requests).toHaveLength(4);
  });

  for (const status of [400, 401, 403, 404, 409, 422, 429]) {
    it(`is not opened by ${status}: the caller’s mistakes and limits are no sign of an outage`, async () => {
      const server = await serve({ status });
      const breakers = createCircuitBreakers({ consecutiveFailures: 2 });
      const client = clientOf(wire, server.url, { breakers, retry: once });
      for (let call = 0; call < 6; call++) await collect(client.stream(request));
      expect(breakers.get(wire, 'm-1').state).toBe('closed');
      expect(server.requests).toHaveLength(6);
    });
  }

  it('is not opened by cancelled calls', async () => {
    const server = await serve({ text: 'x', after: 'request', fault: 'stall' });
    const breakers = createCircuitBreakers({ consecutiveFailures: 2 });
    const client = clientOf(wire, server.url, { breakers });
    for (let call = 0; call < 6; call++) {
      const subscription = client.stream(request).subscribe();
      await within(server.request(call));
      subscription.unsubscribe();
    }
    expect(breakers.get(wire, 'm-1').snapshot()).toMatchObject({ state: 'closed', failureRatio: 0, pending: 0 });
  });

  it('is not opened by one who is busy and says until when', async () => {
    const server = await serve({ status: 529, headers: { 'retry-after': '1' } });
    const breakers = createCircuitBreakers({ consecutiveFailures: 2 });
    const client = clientOf(wire, server.url, { breakers, retry: once });
    for (let call = 0; call < 4; call++) await collect(client.stream(request));
    expect(breakers.get(wire, 'm-1').state).toBe('closed');
  });

  const failures = {
    'refused connections': undefined,
    'silence before the headers': { text: 'x', after: 'request', fault: 'stall' },
    'connections reset before content': { text: 'x', after: 0, fault: 'reset' },
    'answers without content': { text: 'x', after: 0, fault: 'end' },
    'errors inside the stream before content': { text: 'x', after: 0, fault: 'error-event' },
    'answers that are pages': { body: '<html></html>' },
  } as const;
  for (const [what, answer] of Object.entries(failures)) {
    it(`is opened by ${what}`, async () => {
      const server = await serve(answer ?? []);
      const breakers = createCircuitBreakers({ consecutiveFailures: 3 });
      const url = answer ? server.url : await server.refusedUrl();
      const client = clientOf(wire, url, { breakers, retry: once, timeout: { headers: 120 } });
      for (let call = 0; call < 3; call++) await collect(client.stream(request));
      expect(breakers.get(wire, 'm-1').state).toBe('open');
    });
  }

  it('of another model stays closed', async () => {
    const server = await serve(({ path, text }) => (`${path} ${text}`.includes('m-1') ? { status: 503 } : { text: 'Hello' }));
    const breakers = createCircuitBreakers({ consecutiveFailures: 2 });
    const client = clientOf(wire, server.url, { breakers, retry: once });
    for (let call = 0; call < 2; call++) await collect(client.stream(request));
    expectError(await collect(client.stream(request)), { category: 'circuit-open' });
    expectText(await collect(client.stream({ ...request, model: 'm-2' })), 'Hello');
  });

  it('of another endpoint stays closed, when the two have names of their own', async () => {
    const down = await serve({ status: 503 });
    const up = await serve({ text: 'Hello' });
    const breakers = createCircuitBreakers({ consecutiveFailures: 2 });
    const client = clientOf(wire, down.url, { breakers, retry: once });
    for (let call = 0; call < 2; call++) await collect(client.stream(request));
    expectError(await collect(client.stream(request)), { category: 'circuit-open' });
    const other = createClient({
      provider: factories[wire]({ name: 'other', baseURL: up.url }),
      breakers,
      retry: once,
    });
    expectText(await collect(other.stream(request)), 'Hello');
  });

  it('isolated by hand rejects without a request until it is reset', async () => {
    const server = await serve({ text: 'Hello' });
    const breakers = createCircuitBreakers();
    const client = clientOf(wire, server.url, { breakers });
    breakers.get(wire, 'm-1').isolate();
    expectError(await collect(client.stream(request)), { category: 'circuit-open' });
    expect(server.requests).toHaveLength(0);
    breakers.get(wire, 'm-1').reset();
    expectText(await collect(client.stream(request)), 'Hello');
  });

  it('counts a stream that arrives and then dies apart from failures to start', async () => {
    const server = await serve({ text: ['a', 'b'], after: 1, fault: 'reset' });
    const breakers = createCircuitBreakers({ consecutiveFailures: 2, minOutcomes: 4 });
    const client = clientOf(wire, server.url, { breakers, retry: once });
    for (let call = 0; call < 3; call++) await collect(client.stream(request));
    expect(breakers.get(wire, 'm-1').snapshot()).toMatchObject({ state: 'closed', failureRatio: 0, deathRatio: 1 });
    await collect(client.stream(request));
    expect(await firstValueFrom(breakers.get(wire, 'm-1').state$)).toBe('open');
  });
});
