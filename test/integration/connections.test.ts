import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { ErrorCategory } from '../../src/index.ts';
import type { Answer } from '../../src/testing/fault-server.ts';
import {
  about,
  clientOf,
  collect,
  expectError,
  expectText,
  messagesOf,
  request,
  serve,
  type Wire,
  wires,
  wiresWithMarker,
} from './support.ts';

const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n';
const chunked = (...chunks: string[]): string => chunks.map((each) => `${Buffer.byteLength(each).toString(16)}\r\n${each}\r\n`).join('');
/** Opening messages and two deltas, without an end. */
const begun = (wire: Wire): string =>
  messagesOf(wire, { text: ['Hel', 'lo'] })
    .slice(0, about[wire].opening + 2)
    .join('');

interface Case {
  readonly what: string;
  readonly answer: Answer | ((wire: Wire) => Answer);
  readonly category: ErrorCategory | readonly ErrorCategory[];
  readonly text?: string;
  /** Default: all. */
  readonly wires?: readonly Wire[];
}

/** A connection that breaks before content is tried again; after content, the partial answer is handed over. */
const cases: readonly Case[] = [
  { what: 'closed before a byte of the answer', answer: { after: 'request', fault: 'end' }, category: 'network' },
  { what: 'reset before a byte of the answer', answer: { after: 'request', fault: 'reset' }, category: 'network' },
  { what: 'reset in the middle of the headers', answer: { raw: head, fault: 'reset' }, category: 'network' },
  { what: 'closed in the middle of the headers', answer: { raw: head }, category: 'network' },
  { what: 'answered by something that is not HTTP', answer: { raw: 'SSH-2.0-OpenSSH_9.6\r\n' }, category: ['network', 'protocol'] },
  { what: 'reset after the headers', answer: { text: 'Hello', after: 'headers', fault: 'reset' }, category: 'network' },
  {
    what: 'truncated after the headers',
    answer: { text: 'Hello', after: 'headers', fault: 'truncate' },
    category: ['network', 'interrupted'],
  },
  { what: 'reset after the preamble', answer: { text: 'Hello', after: 0, fault: 'reset' }, category: 'network' },
  { what: 'truncated after the preamble', answer: { text: 'Hello', after: 0, fault: 'truncate' }, category: ['network', 'interrupted'] },
  { what: 'reset after one delta', answer: { text: ['Hel', 'lo'], after: 1, fault: 'reset' }, category: 'network', text: 'Hel' },
  { what: 'reset after all deltas', answer: { text: ['Hel', 'lo'], after: 'deltas', fault: 'reset' }, category: 'network', text: 'Hello' },
  {
    what: 'truncated after one delta',
    answer: { text: ['Hel', 'lo'], after: 1, fault: 'truncate' },
    category: ['network', 'interrupted'],
    text: 'Hel',
  },
  {
    what: 'reset after the finish reason',
    wires: wiresWithMarker,
    answer: { text: 'Hello', after: 'finish-reason', fault: 'reset' },
    category: 'network',
    text: 'Hello',
  },
  {
    what: 'cut inside a chunk',
    answer: (wire) => ({ raw: `${head}transfer-encoding: chunked\r\n\r\n${chunked(begun(wire))}fff\r\ndata: {"x` }),
    category: ['network', 'interrupted'],
    text: 'Hello',
  },
  {
    what: 'cut between chunks',
    answer: (wire) => ({ raw: `${head}transfer-encoding: chunked\r\n\r\n${chunked(begun(wire))}` }),
    category: ['network', 'interrupted'],
    text: 'Hello',
  },
  {
    what: 'with a chunk of no size',
    answer: (wire) => ({
      raw: [`${head}transfer-encoding: chunked\r\n\r\n${chunked(begun(wire))}`, 'zz\r\nnot a chunk\r\n'],
      split: 'message',
    }),
    category: ['network', 'protocol', 'interrupted'],
    text: 'Hello',
  },
  {
    what: 'with fewer bytes than its content-length',
    answer: (wire) => ({ raw: `${head}content-length: 100000\r\n\r\n${begun(wire)}` }),
    category: ['network', 'interrupted'],
    text: 'Hello',
  },
  {
    what: 'closed without lengths at all',
    answer: (wire) => ({ raw: `${head}\r\n${begun(wire)}` }),
    category: ['interrupted', 'network'],
    text: 'Hello',
  },
];

describe.each(wires)('a connection to %s', (wire) => {
  for (const { what, answer, category, text = '', wires: applies = wires } of cases) {
    if (!applies.includes(wire)) continue;
    it(`${what} ${text ? 'is an error with what was said' : 'is tried again'}`, async () => {
      const broken = typeof answer === 'function' ? answer(wire) : answer;
      const server = await serve([broken, { text: 'All of it' }]);
      const ending = await collect(clientOf(wire, server.url).stream(request));
      if (text) {
        const error = expectError(ending, { category, retryable: true, phase: 'streaming', gaveUp: 'content-delivered' });
        // A parser that meets broken framing may drop what stood in the same read.
        expect(text.startsWith(ending.text), `${ending.text} begins ${text}`).toBe(true);
        expect(ending.text).toBe(error.partial?.text);
        expect(error.partial?.finishReason).toBeUndefined();
        expect(server.requests).toHaveLength(1);
      } else {
        expectText(ending, 'All of it');
        expect(server.requests).toHaveLength(2);
      }
    });
    if (!text) {
      it(`${what}, again and again, is an error of its own`, async () => {
        const server = await serve(typeof answer === 'function' ? answer(wire) : answer);
        const ending = await collect(clientOf(wire, server.url).stream(request));
        expectError(ending, { category, retryable: true, gaveUp: 'attempts', partial: undefined });
        expect(server.requests).toHaveLength(3);
      });
    }
  }

  it('that is refused is an error of the network', async () => {
    const server = await serve();
    const ending = await collect(clientOf(wire, await server.refusedUrl()).stream(request));
    const error = expectError(ending, { category: 'network', code: 'ECONNREFUSED', phase: 'connect', retryable: true, gaveUp: 'attempts' });
    expect(error.attempts).toHaveLength(3);
    expect(server.requests).toHaveLength(0);
  });

  it('that is refused and then accepted delivers the text', async () => {
    const server = await serve({ text: 'Hello there' });
    server.refuse();
    const accepted = new Promise<void>((resolve) => setTimeout(() => void server.accept().then(resolve), 100));
    const ending = await collect(clientOf(wire, server.url, { retry: { initialDelay: 100, maxAttempts: 6 } }).stream(request));
    await accepted;
    expectText(ending, 'Hello there');
    expect(server.requests).toHaveLength(1);
  });

  it('whose host does not exist is an error of the network', async () => {
    const ending = await collect(clientOf(wire, 'http://does-not-exist.invalid/v1', { retry: { maxAttempts: 1 } }).stream(request));
    expectError(ending, { category: ['network', 'timeout'], retryable: true, phase: 'connect' });
  });

  it('that speaks TLS to a server without is an error of the network', async () => {
    const server = await serve({ text: 'Hello' });
    const ending = await collect(clientOf(wire, server.url.replace('http:', 'https:'), { retry: { maxAttempts: 1 } }).stream(request));
    expectError(ending, { category: 'network', phase: 'connect' });
  });

  it('with a whole answer but fewer bytes than its content-length is a success: a failure after the end is none', async () => {
    const whole = messagesOf(wire, { text: ['Hel', 'lo'] }).join('');
    const server = await serve([{ raw: `${head}content-length: 100000\r\n\r\n${whole}`, fault: 'reset' }]);
    expectText(await collect(clientOf(wire, server.url).stream(request)), 'Hello');
    expect(server.requests).toHaveLength(1);
  });

  it('that is used again after a whole answer', async () => {
    const server = await serve({ text: 'Hello' });
    const client = clientOf(wire, server.url);
    expectText(await collect(client.stream(request)), 'Hello');
    expectText(await collect(client.stream(request)), 'Hello');
    expect(server.requests.map(({ aborted }) => aborted)).toEqual([false, false]);
    expect(new Set(server.requests.map(({ connection }) => connection)).size, 'connections').toBe(1);
  });

  it('that compresses the answer delivers the text', async () => {
    const body = gzipSync(messagesOf(wire, { text: ['Hel', 'lo'] }).join(''));
    const server = await serve({ body, headers: { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' }, split: 7 });
    expectText(await collect(clientOf(wire, server.url).stream(request)), 'Hello');
  });

  it('whose compressed answer is cut off is an error and no success', async () => {
    const body = gzipSync(messagesOf(wire, { text: 'word '.repeat(2_000) }).join('')).subarray(0, 300);
    const server = await serve({ body, headers: { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' } });
    expectError(await collect(clientOf(wire, server.url, { retry: { maxAttempts: 1 } }).stream(request)), {
      category: ['network', 'interrupted', 'protocol'],
      retryable: true,
    });
  });

  it('whose answer says gzip and is none is an error that names it', async () => {
    const server = await serve({ body: begun(wire), headers: { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' } });
    expectError(await collect(clientOf(wire, server.url, { retry: { maxAttempts: 1 } }).stream(request)), {
      category: ['network', 'protocol'],
    });
  });

  it('reaches the path of its API', async () => {
    const server = await serve({ text: 'Hello' });
    await collect(clientOf(wire, `${server.url}/`).stream(request));
    expect(server.requests[0]).toMatchObject({ method: 'POST', path: `/v1/${about[wire].path}` });
  });
});
