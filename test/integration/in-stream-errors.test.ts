import { describe, expect, it } from 'vitest';
import type { ErrorCategory } from '../../src/index.ts';
import { clientOf, collect, eventsOf, expectError, expectText, request, serve, type Wire, wires } from './support.ts';

interface Case {
  readonly what: string;
  readonly wire?: Wire;
  readonly send: string;
  readonly category: ErrorCategory | readonly ErrorCategory[];
  readonly retryable: boolean;
}

const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const event = (value: unknown): string => `event: error\n${data(value)}`;

const cases: readonly Case[] = [
  {
    what: 'overloaded',
    send: event({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }),
    category: 'overloaded',
    retryable: true,
  },
  {
    what: 'a server’s error',
    send: event({ type: 'error', error: { type: 'api_error', message: 'Internal' } }),
    category: 'server-error',
    retryable: true,
  },
  {
    what: 'a rate limit',
    send: event({ type: 'error', error: { type: 'rate_limit_error', message: 'Slow down' } }),
    category: 'rate-limit',
    retryable: true,
  },
  {
    what: 'a key’s error',
    send: event({ type: 'error', error: { type: 'authentication_error', message: 'no' } }),
    category: 'authentication',
    retryable: false,
  },
  {
    what: 'a request’s error',
    send: event({ type: 'error', error: { type: 'invalid_request_error', message: 'no' } }),
    category: 'invalid-request',
    retryable: false,
  },
  {
    what: 'a quota without a name for the event',
    send: data({ error: { code: 'insufficient_quota', type: 'insufficient_quota', message: 'no' } }),
    category: 'quota-exhausted',
    retryable: false,
  },
  {
    what: 'a server’s error without a name for the event',
    send: data({ error: { type: 'server_error', code: 'server_error', message: 'no' } }),
    category: 'server-error',
    retryable: true,
  },
  {
    what: 'a status as a number',
    send: data({ error: { code: 503, message: 'no' } }),
    category: ['server-error', 'overloaded'],
    retryable: true,
  },
  { what: 'a status as text', send: data({ error: { code: '429', message: 'no' } }), category: 'rate-limit', retryable: true },
  { what: 'an error that is a string', send: data({ error: 'It broke' }), category: ['server-error', 'unknown'], retryable: true },
  {
    what: 'a flat error by vLLM',
    send: data({ object: 'error', message: 'no', type: 'BadRequestError', code: 400 }),
    category: 'invalid-request',
    retryable: false,
  },
  {
    what: 'an error event of plain text',
    send: 'event: error\ndata: Internal Server Error\n\n',
    category: 'server-error',
    retryable: true,
  },
  {
    what: 'a context that is too long',
    send: data({ error: { code: 'context_length_exceeded', message: 'too long' } }),
    category: 'context-length',
    retryable: false,
  },
  {
    what: 'a timeout',
    send: event({ type: 'error', error: { type: 'timeout_error', message: 'too slow' } }),
    category: 'timeout',
    retryable: true,
  },
  {
    what: 'an error beside a finish reason, by OpenRouter',
    wire: 'openai',
    send: data({
      error: { code: 502, message: 'Provider disconnected' },
      choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }],
    }),
    category: 'server-error',
    retryable: true,
  },
  {
    what: 'a finish reason that says error',
    wire: 'openai',
    send: data({ choices: [{ index: 0, delta: {}, finish_reason: 'error' }] }),
    category: ['server-error', 'protocol'],
    retryable: true,
  },
];

describe.each(wires)('%s', (wire) => {
  for (const { what, send, category, retryable } of cases.filter((each) => (each.wire ?? wire) === wire)) {
    it(`${what}, before content, is ${[category].flat().join(' or ')} and ${retryable ? 'tried again' : 'final'}`, async () => {
      const server = await serve([{ text: 'Hello', after: 0, fault: [{ send }, 'end'] }, { text: 'Hello there' }]);
      const ending = await collect(clientOf(wire, server.url).stream(request));
      if (retryable) {
        expectText(ending, 'Hello there');
        expect([category].flat()).toContain(eventsOf(ending.events, 'retry')[0]?.error.category);
      } else {
        expectError(ending, { category, retryable, gaveUp: 'not-retryable', status: undefined });
      }
      expect(server.requests).toHaveLength(retryable ? 2 : 1);
    });

    it(`${what}, after content, is ${[category].flat().join(' or ')} with what was said`, async () => {
      const server = await serve({ text: ['Hel', 'lo'], after: 1, fault: [{ send }, 'end'] });
      const ending = await collect(clientOf(wire, server.url).stream(request));
      const error = expectError(ending, { category, retryable, phase: 'streaming', gaveUp: 'content-delivered' });
      expect(error.partial?.text).toBe('Hel');
      expect(ending.text).toBe('Hel');
      expect(server.requests).toHaveLength(1);
    });
  }

  it('a wait that the error names is kept', async () => {
    const send = data({ error: { code: 'rate_limit_exceeded', message: 'Please try again in 300ms.' } });
    const server = await serve([{ text: 'x', after: 0, fault: [{ send }, 'end'] }, { text: 'Hello' }]);
    const ending = await collect(clientOf(wire, server.url).stream(request));
    expectText(ending, 'Hello');
    expect((server.requests[1]?.receivedAt ?? 0) - (server.requests[0]?.receivedAt ?? 0)).toBeGreaterThanOrEqual(295);
  });

  it('error: null in a good message is none', async () => {
    const server = await serve({ text: 'Hello', after: 0, fault: { send: data({ error: null, choices: [], type: 'novelty' }) } });
    expectText(await collect(clientOf(wire, server.url).stream(request)), 'Hello');
  });

  it('an error event that lingers ends the stream at once, and the connection', async () => {
    const server = await serve({ text: ['Hel', 'lo'], after: 1, fault: ['error-event', 'stall'] });
    const ending = await collect(clientOf(wire, server.url).stream(request));
    expectError(ending, { category: wire === 'openai' ? ['overloaded', 'server-error'] : 'overloaded' });
    expect(ending.elapsed).toBeLessThan(2_000);
    expect(await server.requests[0]?.ended).toBe('aborted');
  });

  it('usage and preamble of a failed attempt are not part of the answer (usage-of-the-failed-attempt)', async () => {
    const server = await serve([
      { text: 'x', usage: { inputTokens: 50, outputTokens: 1 }, after: 0, fault: 'error-event' },
      { text: 'Yes', usage: { inputTokens: 50, outputTokens: 7 } },
    ]);
    const ending = await collect(clientOf(wire, server.url).stream(request));
    expectText(ending, 'Yes');
    expect(eventsOf(ending.events, 'start')).toMatchObject([{ attempt: 2 }]);
    expect(ending.events.at(-1)).toMatchObject({ usage: { inputTokens: 50, outputTokens: 7 } });
    expect(eventsOf(ending.events, 'usage').at(-1)).toMatchObject({ usage: { inputTokens: 50, outputTokens: 7 } });
    expect(server.requests).toHaveLength(2);
  });
});
