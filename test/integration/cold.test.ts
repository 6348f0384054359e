import { firstValueFrom, share, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createClient, openai, textDeltas, viewState } from '../../src/index.ts';
import { about, clientOf, collect, expectError, expectText, providerOf, quiet, request, serve, wires } from './support.ts';

describe.each(wires)('%s', (wire) => {
  it('nothing happens before somebody subscribes: no request, no key', async () => {
    const server = await serve({ text: 'Hello' });
    let asked = 0;
    const provider = providerOf(wire, server.url, () => {
      asked++;
      return 'key-of-the-day';
    });
    clientOf(wire, '', { provider }).stream(request).pipe(textDeltas());
    await quiet();
    expect(server.requests).toHaveLength(0);
    expect(asked).toBe(0);
  });

  it('two subscriptions are two requests, with two ids and two idempotency keys', async () => {
    const server = await serve((_, index) => ({ text: `answer ${index}` }));
    const stream$ = clientOf(wire, server.url).stream(request);
    expectText(await collect(stream$), 'answer 0');
    expectText(await collect(stream$), 'answer 1');
    const headers = server.requests.map((each) => each.headers);
    expect(new Set(headers.map((each) => each['x-client-request-id'])).size).toBe(2);
    expect(new Set(headers.map((each) => each['idempotency-key'])).size).toBe(2);
  });

  it('two subscriptions with the caller’s one id have two idempotency keys', async () => {
    const server = await serve({ text: 'Hello' });
    const stream$ = clientOf(wire, server.url).stream(request, { requestId: 'order-1' });
    await Promise.all([collect(stream$), collect(stream$)]);
    const headers = server.requests.map((each) => each.headers);
    expect(headers.map((each) => each['x-client-request-id'])).toEqual(['order-1', 'order-1']);
    expect(new Set(headers.map((each) => each['idempotency-key'])).size).toBe(2);
  });

  it('subscriptions that run at the same time do not disturb each other', async () => {
    const server = await serve((_, index) => ({
      text: Array.from({ length: 30 }, (__, token) => `${index}.${token} `),
      tokenDelay: index % 3,
    }));
    const client = clientOf(wire, server.url);
    const endings = await Promise.all(Array.from({ length: 25 }, () => collect(client.stream(request))));
    const texts = endings.map((ending) => ending.text).sort();
    expect(texts).toEqual(
      Array.from({ length: 25 }, (_, index) => Array.from({ length: 30 }, (__, token) => `${index}.${token} `).join('')).sort(),
    );
    expect(server.requests).toHaveLength(25);
  });

  it('a failure of one subscription leaves the next one as it was', async () => {
    const server = await serve([{ status: 400 }, { text: 'Hello' }]);
    const stream$ = clientOf(wire, server.url).stream(request);
    expectError(await collect(stream$), { category: 'invalid-request' });
    const ending = await collect(stream$);
    expectText(ending, 'Hello');
    expect(ending.events[0]).toMatchObject({ type: 'start', attempt: 1 });
  });

  it('a subscription that is shared is one request', async () => {
    const server = await serve({ text: 'Hello there', tokenDelay: 10 });
    const shared$ = clientOf(wire, server.url).stream(request).pipe(share());
    const [one, two] = await Promise.all([collect(shared$), collect(shared$)]);
    expectText(one, 'Hello there');
    expectText(two, 'Hello there');
    expect(server.requests).toHaveLength(1);
  });

  it('a key function is asked for each attempt', async () => {
    const server = await serve([{ status: 503 }, { text: 'Hello' }]);
    let asked = 0;
    const provider = providerOf(wire, server.url, async () => `key-number-${++asked}`);
    expectText(await collect(clientOf(wire, '', { provider }).stream(request)), 'Hello');
    const header = about[wire].keyHeader;
    expect(server.requests.map(({ headers }) => String(headers[header]).replace('Bearer ', ''))).toEqual(['key-number-1', 'key-number-2']);
  });

  it('a view of a stream that fails keeps the text, and does not fail', async () => {
    const server = await serve({ text: ['Hel', 'lo'], after: 1, fault: 'reset' });
    const states = await firstValueFrom(clientOf(wire, server.url).stream(request).pipe(viewState(), toArray()));
    expect(states[0]).toMatchObject({ status: 'connecting', text: '' });
    expect(states.at(-1)).toMatchObject({ status: 'failed', text: 'Hel', error: { category: 'network' } });
  });

  const bad: Record<string, [unknown, RegExp]> = {
    'no model': [{ messages: request.messages }, /model/],
    'an empty model': [{ ...request, model: ' ' }, /model/],
    'no messages': [{ model: 'm-1' }, /messages/],
    'an empty list of messages': [{ ...request, messages: [] }, /messages/],
    'a role that is none': [{ ...request, messages: [{ role: 'robot', content: 'x' }] }, /role/],
    'an unknown field': [{ ...request, temprature: 1 }, /temprature/],
    'a temperature out of range': [{ ...request, temperature: 9 }, /temperature/],
    'nothing at all': [undefined, /request/],
    null: [null, /request/],
    'a model that has no text': [{ ...request, model: Object.create(null) }, /model/],
    'a cycle': [
      { ...request, messages: [{ role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'a', toolName: 'b', input: cyclic() }] }] },
      /JSON|serializable/,
    ],
    'a BigInt': [{ ...request, providerOptions: { [wire]: { n: 1n } } }, /JSON|serializable/],
  };
  for (const [what, [value, words]] of Object.entries(bad)) {
    it(`a request with ${what} is invalid-request, names the field, and is never sent`, async () => {
      const server = await serve({ text: 'Hello' });
      const ending = await collect(clientOf(wire, server.url).stream(value as typeof request));
      const error = expectError(ending, { category: 'invalid-request', phase: 'local', retryable: false });
      expect(error.message).toMatch(words);
      expect(server.requests).toHaveLength(0);
    });
  }

  const badOptions: Record<string, [object, RegExp]> = {
    'an unknown option': [{ signl: 1 }, /signl/],
    'a negative time': [{ timeout: { idle: -1 } }, /timeout\.idle/],
    'a time that is no number': [{ timeout: { total: '5' } }, /timeout\.total/],
    NaN: [{ timeout: { total: Number.NaN } }, /timeout\.total/],
    'no attempt': [{ retry: { maxAttempts: 0 } }, /retry\.maxAttempts/],
    'half an attempt': [{ retry: { maxAttempts: 1.5 } }, /retry\.maxAttempts/],
    'a jitter that is none': [{ retry: { jitter: 'some' } }, /retry\.jitter/],
    'a signal that is none': [{ signal: {} }, /signal/],
  };
  for (const [what, [options, words]] of Object.entries(badOptions)) {
    it(`${what} in the options of a call throws a TypeError at once that names it`, async () => {
      const server = await serve();
      const client = clientOf(wire, server.url);
      expect(() => client.stream(request, options)).toThrow(TypeError);
      expect(() => client.stream(request, options)).toThrow(words);
    });
  }
});

describe('a client', () => {
  const bad: Record<string, [unknown, RegExp]> = {
    'no options': [undefined, /createClient/],
    'no provider': [{}, /provider/],
    'a provider that is none': [{ provider: {} }, /provider/],
    'an unknown option': [{ provider: openai(), retries: 3 }, /retries/],
    'a negative wait': [{ provider: openai(), retry: { initialDelay: -1 } }, /retry\.initialDelay/],
    'an unknown retry option': [{ provider: openai(), retry: { count: 3 } }, /retry\.count/],
    'a rule of an unknown category': [{ provider: openai(), classify: { rules: [{ category: 'nope' }] } }, /rules\.0\.category/],
    'breakers that are none': [{ provider: openai(), breakers: {} }, /breakers/],
    'a transport that is none': [{ provider: openai(), transport: 7 }, /transport/],
  };
  for (const [what, [config, words]] of Object.entries(bad)) {
    it(`with ${what} throws a TypeError at once that names it`, () => {
      expect(() => createClient(config as Parameters<typeof createClient>[0])).toThrow(TypeError);
      expect(() => createClient(config as Parameters<typeof createClient>[0])).toThrow(words);
    });
  }

  for (const baseURL of ['', 'example.com/v1', 'ftp://example.com', 'http://', '/v1']) {
    it(`with the address ${JSON.stringify(baseURL)} throws a TypeError at once that names it`, () => {
      for (const wire of wires) expect(() => providerOf(wire, baseURL)).toThrow(/baseURL/);
    });
  }
});

function cyclic(): object {
  const value: { self?: unknown } = {};
  value.self = value;
  return value;
}
