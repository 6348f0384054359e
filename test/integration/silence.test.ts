import { describe, expect, it } from 'vitest';
import type { StreamOptions, TimeoutName } from '../../src/index.ts';
import type { Answer } from '../../src/testing/fault-server.ts';
import { clientOf, collect, eventsOf, expectAborted, expectError, expectText, quiet, request, serve, wires } from './support.ts';

interface Case {
  readonly what: string;
  readonly answer: Answer;
  readonly timeout: NonNullable<StreamOptions['timeout']>;
  readonly name: TimeoutName;
  readonly text?: string;
}

const deadline = 150;

const cases: readonly Case[] = [
  { what: 'no answer', answer: { text: 'Hello', after: 'request', fault: 'stall' }, timeout: { headers: deadline }, name: 'headers' },
  { what: 'headers that come too late', answer: { text: 'Hello', headersDelay: 2_000 }, timeout: { headers: deadline }, name: 'headers' },
  { what: 'headers that drip', answer: { text: 'Hello', headersDrip: 25 }, timeout: { headers: deadline }, name: 'headers' },
  {
    what: 'headers that never end',
    answer: { after: 'request', fault: 'endless-headers', text: '', bytesPerSecond: 1_000 },
    timeout: { headers: deadline },
    name: 'headers',
  },
  {
    what: 'a status line that never ends',
    answer: { after: 'request', fault: 'endless-status-line', text: '', bytesPerSecond: 1_000 },
    timeout: { headers: deadline },
    name: 'headers',
  },
  {
    what: 'headers and nothing else',
    answer: { text: 'Hello', after: 'headers', fault: 'stall' },
    timeout: { firstContent: deadline },
    name: 'first-content',
  },
  {
    what: 'a preamble and nothing else',
    answer: { text: 'Hello', after: 0, fault: 'stall' },
    timeout: { firstContent: deadline },
    name: 'first-content',
  },
  {
    what: 'heartbeats before content',
    answer: { text: 'Hello', after: 0, fault: 'stall', heartbeat: 20 },
    timeout: { firstContent: deadline, idle: 100 },
    name: 'first-content',
  },
  {
    what: 'blank lines before content',
    answer: { text: 'Hello', after: 'headers', fault: 'stall', heartbeat: { every: 20, send: '\n' } },
    timeout: { firstContent: deadline },
    name: 'first-content',
  },
  {
    what: 'silence after content',
    answer: { text: ['Hel', 'lo'], after: 1, fault: 'stall' },
    timeout: { idle: deadline },
    name: 'idle',
    text: 'Hel',
  },
  {
    what: 'heartbeats after content',
    answer: { text: ['Hel', 'lo'], after: 1, fault: 'stall', heartbeat: 20 },
    timeout: { idle: deadline },
    name: 'idle',
    text: 'Hel',
  },
  {
    what: 'comments after content',
    answer: { text: ['Hel', 'lo'], after: 1, fault: 'stall', heartbeat: { every: 20, send: ': OPENROUTER PROCESSING\n\n' } },
    timeout: { idle: deadline },
    name: 'idle',
    text: 'Hel',
  },
  {
    what: 'unknown events after content',
    answer: {
      text: ['Hel', 'lo'],
      after: 1,
      fault: 'stall',
      heartbeat: { every: 20, send: 'event: novelty\ndata: {"type":"novelty"}\n\n' },
    },
    timeout: { idle: deadline },
    name: 'idle',
    text: 'Hel',
  },
  {
    what: 'half a message after content',
    answer: { text: ['Hel', 'lo'], after: 1, fault: [{ send: 'data: {"choices":[{"index":0,"del' }, 'stall'] },
    timeout: { idle: deadline },
    name: 'idle',
    text: 'Hel',
  },
  {
    what: 'no end after all deltas',
    answer: { text: ['Hel', 'lo'], after: 'deltas', fault: 'stall' },
    timeout: { idle: deadline },
    name: 'idle',
    text: 'Hello',
  },
  {
    what: 'an answer that drips on and on',
    answer: { text: 'x', repeat: 10_000, tokenDelay: 20 },
    timeout: { total: 300, idle: 100 },
    name: 'total',
    text: 'x',
  },
  {
    what: 'no answer, under total alone',
    answer: { text: 'Hello', after: 'request', fault: 'stall' },
    timeout: { total: deadline },
    name: 'total',
  },
];

describe.each(wires)('%s', (wire) => {
  for (const { what, answer, timeout, name, text = '' } of cases) {
    it(`${what} ends at the deadline ${name}, and the request is aborted`, async () => {
      const server = await serve(answer);
      const ending = await collect(clientOf(wire, server.url, { timeout, retry: { maxAttempts: 1 } }).stream(request));
      const error = expectError(ending, { category: 'timeout', timeout: name, retryable: true, ...(text && { phase: 'streaming' }) });
      expect(error.message).toContain(name);
      expect(ending.elapsed).toBeLessThan(3_000);
      expect(ending.elapsed).toBeGreaterThan(90);
      expect(ending.text.startsWith(text)).toBe(true);
      expect(error.partial?.text ?? '').toBe(ending.text);
      await expectAborted(server.requests[0]);
      expect(server.requests).toHaveLength(1);
    });
  }

  it('silence before content is tried again, and the text comes once', async () => {
    const server = await serve([
      { text: 'Hello', after: 'request', fault: 'stall' },
      { text: 'Hello', after: 0, fault: 'stall', heartbeat: 20 },
      { text: 'Hello there' },
    ]);
    const ending = await collect(clientOf(wire, server.url, { timeout: { headers: 150, firstContent: 200 } }).stream(request));
    expectText(ending, 'Hello there');
    expect(eventsOf(ending.events, 'retry').map(({ error }) => error.timeout)).toEqual(['headers', 'first-content']);
    await expectAborted(server.requests[0]);
    await expectAborted(server.requests[1]);
  });

  it('silence after content is not tried again', async () => {
    const server = await serve({ text: ['Hel', 'lo'], after: 1, fault: 'stall' });
    const ending = await collect(clientOf(wire, server.url, { timeout: { idle: 100 } }).stream(request));
    expectError(ending, { category: 'timeout', timeout: 'idle', phase: 'streaming', gaveUp: 'content-delivered' });
    expect(server.requests).toHaveLength(1);
  });

  it('the total deadline ends a wait between attempts too, and no request follows', async () => {
    const server = await serve({ status: 503 });
    const client = clientOf(wire, server.url, { retry: { initialDelay: 400, factor: 1, maxAttempts: 9 }, timeout: { total: 600 } });
    const ending = await collect(client.stream(request));
    // Either the wait would not fit, which is told at once, or the deadline passes in it.
    const error = expectError(ending, { category: ['server-error', 'timeout'] });
    if (error.category === 'server-error') expect(error.gaveUp).toBe('deadline');
    else expect(error.timeout).toBe('total');
    const { length } = server.requests;
    expect(length).toBeLessThanOrEqual(2);
    await quiet(500);
    expect(server.requests).toHaveLength(length);
  });

  it('an answer that is slow but alive is not ended', async () => {
    const server = await serve({ text: 'one two three four five six', tokenDelay: 60, heartbeat: 10 });
    const ending = await collect(clientOf(wire, server.url, { timeout: { headers: 500, firstContent: 500, idle: 500 } }).stream(request));
    expectText(ending, 'one two three four five six');
  });

  it('a tool call that arrives slowly is alive', async () => {
    const server = await serve({ toolCalls: [{ name: 'look', inputFragments: ['{', '"q"', ':', '"a', 'b"', '}'] }], tokenDelay: 80 });
    const ending = await collect(clientOf(wire, server.url, { timeout: { firstContent: 400, idle: 400 } }).stream(request));
    expect(ending.error).toBeUndefined();
    expect(eventsOf(ending.events, 'tool-call')).toMatchObject([{ toolName: 'look', input: { q: 'ab' } }]);
  });

  it('headers without end, and fast, end the request before memory does', async () => {
    const server = await serve({
      after: 'request',
      fault: 'endless-headers',
      text: '',
      bytesPerSecond: 20_000_000,
      maxBytes: 64 * 1024 * 1024,
    });
    const ending = await collect(clientOf(wire, server.url, { retry: { maxAttempts: 1 } }).stream(request));
    expectError(ending, { category: ['network', 'protocol', 'timeout'] });
    expect(server.requests[0]?.bytesSent).toBeLessThan(16 * 1024 * 1024);
  });
});
