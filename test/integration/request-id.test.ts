import { describe, expect, it } from 'vitest';
import type { LifecycleEvent } from '../../src/index.ts';
import { clientOf, collect, eventsOf, expectError, expectText, request, serve, wires } from './support.ts';

describe.each(wires)('%s', (wire) => {
  for (const given of [undefined, 'order-77']) {
    it(`${given ? 'the caller’s id' : 'one id, made once,'} is on headers, events and lifecycle of every attempt`, async () => {
      const server = await serve([{ status: 503 }, { text: 'Hello' }]);
      const client = clientOf(wire, server.url);
      const moments: LifecycleEvent[] = [];
      const listening = client.lifecycle$.subscribe((moment) => moments.push(moment));
      const ending = await collect(client.stream(request, { requestId: given }));
      listening.unsubscribe();
      expectText(ending, 'Hello');
      const ids = [
        ...server.requests.map(({ headers }) => headers['x-client-request-id']),
        ...[...eventsOf(ending.events, 'retry'), ...eventsOf(ending.events, 'start'), ...eventsOf(ending.events, 'finish')].map(
          ({ requestId }) => requestId,
        ),
        ...eventsOf(ending.events, 'retry').map(({ error }) => error.requestId),
        ...moments.map((moment) => ('requestId' in moment ? moment.requestId : undefined)),
      ];
      expect(ids.length).toBeGreaterThan(8);
      expect(new Set(ids).size).toBe(1);
      if (given) expect(ids[0]).toBe(given);
      else expect(ids[0]).toMatch(/^req_[0-9a-f]{32}$/);
      for (const event of eventsOf(ending.events, 'text-delta')) expect(event).not.toHaveProperty('requestId');
    });
  }

  it('the id is on the error, in its message, in its public form, and on the lifecycle', async () => {
    const server = await serve({ status: 400 });
    const client = clientOf(wire, server.url);
    const moments: LifecycleEvent[] = [];
    const listening = client.lifecycle$.subscribe((moment) => moments.push(moment));
    const ending = await collect(client.stream(request, { requestId: 'order-78' }));
    listening.unsubscribe();
    const error = expectError(ending, { category: 'invalid-request', requestId: 'order-78' });
    expect(error.message).toContain('[order-78]');
    expect(error.toPublic().requestId).toBe('order-78');
    expect(moments.at(-1)).toMatchObject({ type: 'error', requestId: 'order-78', error });
  });

  it('an error that no request was made for has an id too', async () => {
    const server = await serve();
    const client = clientOf(wire, server.url);
    const bad = expectError(await collect(client.stream({ ...request, messages: [] })), { category: 'invalid-request' });
    const cancelled = expectError(await collect(client.stream(request, { signal: AbortSignal.abort() })), { category: 'cancelled' });
    expect(bad.requestId).toMatch(/^req_/);
    expect(cancelled.requestId).toMatch(/^req_/);
    expect(server.requests).toHaveLength(0);
  });

  it('the provider’s own id of the request is on the error', async () => {
    const server = await serve({ status: 400 });
    const error = expectError(await collect(clientOf(wire, server.url).stream(request)), { category: 'invalid-request' });
    expect(error.providerRequestId).toBe('req_fault_0');
  });

  it('the provider’s own id of the request is on an error inside the stream too', async () => {
    const server = await serve({ text: ['a', 'b'], after: 1, fault: 'error-event' });
    const error = expectError(await collect(clientOf(wire, server.url).stream(request)), { category: ['overloaded', 'server-error'] });
    expect(error.providerRequestId).toMatch(/^req_/);
  });

  it('the idempotency key is the same on every attempt of a call', async () => {
    const server = await serve([{ status: 503 }, { status: 503 }, { text: 'Hello' }]);
    await collect(clientOf(wire, server.url).stream(request, { requestId: 'order-79' }));
    const keys = server.requests.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^order-79-/);
  });

  it('the caller’s idempotency key is sent as it is', async () => {
    const server = await serve({ text: 'Hello' });
    await collect(clientOf(wire, server.url).stream(request, { idempotencyKey: 'pay-once' }));
    expect(server.requests[0]?.headers['idempotency-key']).toBe('pay-once');
  });

  for (const requestId of ['', 'a b', 'a\nb', 'x'.repeat(129), 'ü']) {
    it(`an id of ${JSON.stringify(requestId.slice(0, 10))} is refused at once`, async () => {
      const server = await serve();
      expect(() => clientOf(wire, server.url).stream(request, { requestId })).toThrow(/requestId/);
    });
  }
});
