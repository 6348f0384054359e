import { describe, expect, it } from 'vitest';
import type { ErrorCategory } from '../../src/index.ts';
import type { Answer } from '../../src/testing/fault-server.ts';
import { clientOf, collect, expectError, expectText, messagesOf, request, serve, wires } from './support.ts';

const json = 'application/json';
const stream = 'text/event-stream';

interface Case {
  readonly what: string;
  readonly answer: Answer;
  readonly category: ErrorCategory | readonly ErrorCategory[];
  readonly retryable: boolean;
}

/** All with status 200, as gateways do. */
const cases: readonly Case[] = [
  {
    what: 'an error in JSON',
    answer: { body: { error: { message: 'busy', type: 'overloaded_error' } } },
    category: 'overloaded',
    retryable: true,
  },
  {
    what: 'a quota’s error in JSON',
    answer: { body: { error: { code: 'insufficient_quota', message: 'no' } } },
    category: 'quota-exhausted',
    retryable: false,
  },
  {
    what: 'a key’s error in JSON',
    answer: { body: { error: { code: 'invalid_api_key', message: 'no' } } },
    category: 'authentication',
    retryable: false,
  },
  {
    what: 'an error in JSON with a status of its own',
    answer: { body: { error: { code: 429, message: 'slow' } } },
    category: 'rate-limit',
    retryable: true,
  },
  {
    what: 'an error in xAI’s words',
    answer: { body: { code: 'x', error: 'This failed' } },
    category: ['server-error', 'protocol'],
    retryable: true,
  },
  {
    what: 'an answer in JSON',
    answer: { body: { id: '1', choices: [{ message: { content: 'Hi' } }] } },
    category: 'protocol',
    retryable: true,
  },
  { what: 'empty JSON', answer: { body: {} }, category: ['protocol', 'server-error'], retryable: true },
  { what: 'a page', answer: { body: '<!DOCTYPE html><title>Welcome</title>' }, category: 'protocol', retryable: true },
  {
    what: 'a page of a login',
    answer: { body: '<html><title>Sign in</title></html>', headers: { 'content-type': 'text/html' } },
    category: 'protocol',
    retryable: true,
  },
  { what: 'plain text', answer: { body: 'upstream connect error' }, category: ['protocol', 'network', 'server-error'], retryable: true },
  {
    what: 'an image',
    answer: { body: Uint8Array.of(1, 2, 3), headers: { 'content-type': 'image/png' } },
    category: 'protocol',
    retryable: true,
  },
  {
    what: 'JSON that says it is an event stream',
    answer: { body: '{"error":{"type":"overloaded_error","message":"busy"}}', headers: { 'content-type': stream } },
    category: 'overloaded',
    retryable: true,
  },
  {
    what: 'pretty-printed JSON that says it is an event stream',
    answer: {
      body: JSON.stringify({ error: { code: 503, status: 'UNAVAILABLE', message: 'overloaded' } }, null, 2),
      headers: { 'content-type': stream },
    },
    category: 'overloaded',
    retryable: true,
  },
  {
    what: 'a page that says it is an event stream',
    answer: { body: '<html>\n<title>502 Bad Gateway</title>\n</html>\n', headers: { 'content-type': stream } },
    category: ['protocol', 'server-error'],
    retryable: true,
  },
  {
    what: 'JSON without a type',
    answer: { body: '{"error":{"type":"overloaded_error","message":"busy"}}', headers: { 'content-type': null } },
    category: 'overloaded',
    retryable: true,
  },
  {
    what: 'noise of another format (NDJSON)',
    answer: { body: '{"message":{"content":"Hi"},"done":false}\n{"done":true}\n', headers: { 'content-type': 'application/x-ndjson' } },
    category: 'protocol',
    retryable: true,
  },
];

describe.each(wires)('%s', (wire) => {
  for (const { what, answer, category, retryable } of cases) {
    it(`200 with ${what} is never a success`, async () => {
      const server = await serve(answer);
      const ending = await collect(clientOf(wire, server.url, { retry: { maxAttempts: 2 } }).stream(request));
      const error = expectError(ending, { category, retryable });
      expect(error.message).not.toContain('<');
      expect(ending.text).toBe('');
      expect(server.requests).toHaveLength(retryable ? 2 : 1);
    });
  }

  for (const type of [
    null,
    'text/plain',
    'application/octet-stream',
    'text/event-stream;charset=UTF-8',
    'TEXT/EVENT-STREAM',
    'text/event-stream; charset=utf-8; x=y',
  ]) {
    it(`a good stream whose type is ${type ?? 'missing'} is delivered`, async () => {
      const server = await serve({ text: 'Hello there', headers: { 'content-type': type } });
      expectText(await collect(clientOf(wire, server.url).stream(request)), 'Hello there');
    });
  }

  it('a 201 with a good stream is delivered', async () => {
    const server = await serve({ text: 'Hello there', status: 201 });
    expectText(await collect(clientOf(wire, server.url).stream(request)), 'Hello there');
  });

  for (const between of ['', '\n']) {
    it(`a bare JSON error after valid messages${between && ' and a blank line'} is what ended the stream`, async () => {
      const send = `${between}{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}\n`;
      const server = await serve({ text: ['Hel', 'lo'], after: 1, fault: [{ send }, 'end'] });
      const ending = await collect(clientOf(wire, server.url).stream(request));
      const error = expectError(ending, { category: 'overloaded', phase: 'streaming', gaveUp: 'content-delivered' });
      expect(error.partial?.text).toBe('Hel');
    });
  }

  it('a bare JSON error before content is tried again', async () => {
    const send = '{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}\n';
    const server = await serve([{ text: 'Hello', after: 0, fault: [{ send }, 'end'] }, { text: 'Hello there' }]);
    expectText(await collect(clientOf(wire, server.url).stream(request)), 'Hello there');
    expect(server.requests).toHaveLength(2);
  });

  it('a good status with a content-type of JSON is not read as a stream, whatever its body', async () => {
    const server = await serve({ body: messagesOf(wire, { text: 'Hello' }).join(''), headers: { 'content-type': json } });
    const ending = await collect(clientOf(wire, server.url, { retry: { maxAttempts: 1 } }).stream(request));
    expectError(ending, { category: 'protocol' });
  });

  it('a 200 whose JSON never ends is left after a while', async () => {
    const server = await serve({
      body: '{"error":{"message":"',
      headers: { 'content-type': json },
      fault: { endless: 'x' },
      bytesPerSecond: 1_000_000,
    });
    const ending = await collect(clientOf(wire, server.url, { retry: { maxAttempts: 1 } }).stream(request));
    expectError(ending, { category: 'protocol' });
    expect(await server.requests[0]?.ended).toBe('aborted');
  });
});
