import { describe, expect, it } from 'vitest';
import { fetchTransport } from '../../src/index.ts';
import type { Answer } from '../../src/testing/fault-server.ts';
import { clientOf, collect, eventsOf, expectAborted, expectError, expectText, messagesOf, request, serve, wires } from './support.ts';

const once = { retry: { maxAttempts: 1 } };
/** Two, three and four bytes in UTF-8, a combination of code points, and separators that are none to the format. */
const words = ['Größe ', '漢字 ', '👩‍👩‍👧 ', 'a\u2028b\u2029c\u0085d ', '"quoted" \\ back ', 'tab\tand\nline'];
const whole = words.join('');

describe.each(wires)('%s', (wire) => {
  const good: Record<string, Answer> = {
    'a message a write': { text: words },
    'every byte a write of its own': { text: words, split: 'byte' },
    'two bytes a write': { text: words, split: 2 },
    'three bytes a write': { text: words, split: 3 },
    'seven bytes a write': { text: words, split: 7 },
    'all in one write': { text: words, split: 1_000_000 },
    'CR LF': { text: words, lineEnding: '\r\n' },
    'CR LF, every byte a write of its own': { text: words, lineEnding: '\r\n', split: 'byte' },
    CR: { text: words, lineEnding: '\r' },
    'CR, every byte a write of its own': { text: words, lineEnding: '\r', split: 'byte' },
    'mixed line ends': { text: words, lineEnding: 'mixed' },
    'mixed line ends, five bytes a write': { text: words, lineEnding: 'mixed', split: 5 },
    'a byte order mark': { text: words, byteOrderMark: true },
    'a byte order mark that is cut in two': { text: words, byteOrderMark: true, split: [1, 2] },
    'comments between messages': { text: words, between: ': OPENROUTER PROCESSING\n\n' },
    'comments of nothing between messages': { text: words, between: ':\n' },
    'blank lines between messages': { text: words, between: '\n\n\n' },
    'ids, retry times and unknown fields between messages': { text: words, between: 'id: 7\nretry: 10\nnovelty: x\nnovelty\n\n' },
    'events without data between messages': { text: words, between: 'event: ping\n\n' },
    'a last message without its line ends': { text: words, unterminated: true },
    'a last message without its line ends, under CR': { text: words, unterminated: true, lineEnding: '\r' },
    'a last message without its line ends, under CR LF': { text: words, unterminated: true, lineEnding: '\r\n' },
    'no space after the colon': { events: messagesOf(wire, { text: words }).map((message) => message.replaceAll('data: ', 'data:')) },
    'a space after the data': { events: messagesOf(wire, { text: words }).map((message) => message.replace(/\n\n$/, ' \n\n')) },
    'data over several lines': {
      events: messagesOf(wire, { text: words }).map((message) => message.replace(/"(model|type)":/, '\ndata: "$1":')),
    },
    'pings between messages': { text: words, between: wire === 'anthropic' ? 'event: ping\ndata: {"type":"ping"}\n\n' : 'data: {}\n\n' },
    'unknown events between messages': { text: words, between: 'event: novelty\ndata: {"type":"novelty","text":"no"}\n\n' },
  };
  for (const [what, answer] of Object.entries(good)) {
    it(`${what}: the text comes whole, once`, async () => {
      const server = await serve(answer);
      expectText(await collect(clientOf(wire, server.url, once).stream(request)), whole);
    });
  }

  it('a break at any byte of the answer does no harm', async () => {
    const text = ['ä👍', '\r'];
    const { length } = Buffer.from(messagesOf(wire, { text }).join(''));
    const server = await serve((_, index) => ({ text, lineEnding: '\r\n', split: [index + 1] }));
    const client = clientOf(wire, server.url, once);
    const offsets = Array.from({ length }, (_, index) => index);
    // Some at a time, in the order that they come: the script numbers the requests.
    for (let start = 0; start < offsets.length; start += 50) {
      const endings = await Promise.all(offsets.slice(start, start + 50).map(() => collect(client.stream(request))));
      for (const ending of endings) expectText(ending, text.join(''));
    }
    expect(server.requests).toHaveLength(length);
  });

  it('a large network chunk holds many messages, all of them delivered in order', async () => {
    const text = Array.from({ length: 5_000 }, (_, index) => `${index} `);
    const server = await serve({ text, split: 1_000_000 });
    expectText(await collect(clientOf(wire, server.url, once).stream(request)), text.join(''));
  });

  it('a delta of half a megabyte is delivered', async () => {
    const text = ['x'.repeat(500_000), 'end'];
    const server = await serve({ text, split: 65_536 });
    expectText(await collect(clientOf(wire, server.url, once).stream(request)), text.join(''));
  });

  it('a byte that is no UTF-8 becomes U+FFFD and breaks nothing', async () => {
    const [before, after] = messagesOf(wire, { text: ['a~b'] })
      .join('')
      .split('~');
    const body = Buffer.concat([Buffer.from(before ?? ''), Uint8Array.of(0xc3), Buffer.from(after ?? '')]);
    const server = await serve({ body, headers: { 'content-type': 'text/event-stream' } });
    expectText(await collect(clientOf(wire, server.url, once).stream(request)), 'a\ufffdb');
  });

  it('a code point that is split over two deltas is joined again', async () => {
    const text = ['Go \ud83d', '\ude80 now'];
    const server = await serve({ text });
    expectText(await collect(clientOf(wire, server.url, once).stream(request)), 'Go 🚀 now');
  });

  for (const after of [0, 1]) {
    it(`a line without an end, ${after ? 'after' : 'before'} content, ends as protocol, long before memory does`, async () => {
      const server = await serve({ text: ['Hel', 'lo'], after, fault: 'endless-line', bytesPerSecond: 100_000_000 });
      const ending = await collect(clientOf(wire, server.url, once).stream(request));
      const error = expectError(ending, { category: 'protocol', phase: after ? 'streaming' : 'first-content' });
      expect(error.message.length).toBeLessThan(300);
      await expectAborted(server.requests[0]);
      expect(server.requests[0]?.bytesSent).toBeLessThan(16 * 1024 * 1024);
      expect(error.partial?.text).toBe(after ? 'Hel' : undefined);
    });
  }

  it('a message of endless data lines ends as protocol', async () => {
    const server = await serve({
      text: ['Hel', 'lo'],
      after: 1,
      fault: { endless: `data: ${'x'.repeat(1_000)}\n` },
      bytesPerSecond: 100_000_000,
    });
    const ending = await collect(clientOf(wire, server.url, once).stream(request));
    expectError(ending, { category: 'protocol' });
    expect(server.requests[0]?.bytesSent).toBeLessThan(16 * 1024 * 1024);
  });

  it('a never-ending comment line ends as protocol', async () => {
    const server = await serve({ text: ['Hel', 'lo'], after: 1, fault: [{ send: ':' }, { endless: 'x' }], bytesPerSecond: 100_000_000 });
    expectError(await collect(clientOf(wire, server.url, once).stream(request)), { category: 'protocol' });
    expect(server.requests[0]?.bytesSent).toBeLessThan(16 * 1024 * 1024);
  });

  it('comments without an end are no life, and cost nothing', async () => {
    const server = await serve({ text: ['Hel', 'lo'], after: 1, fault: { endless: ': keep-alive\n\n' }, bytesPerSecond: 2_000_000 });
    const ending = await collect(clientOf(wire, server.url, { ...once, timeout: { idle: 300 } }).stream(request));
    expectError(ending, { category: 'timeout', timeout: 'idle' });
    await expectAborted(server.requests[0]);
  });

  it('carriage returns without an end are no life, cost nothing, and let timers run', async () => {
    const server = await serve({ text: ['Hel', 'lo'], after: 1, fault: { endless: '\r' }, bytesPerSecond: 4_000_000 });
    const ending = await collect(clientOf(wire, server.url, { ...once, timeout: { idle: 300 } }).stream(request));
    expectError(ending, { category: ['timeout', 'protocol'] });
    expect(ending.elapsed).toBeLessThan(4_000);
  });

  it('JSON that is broken is an error of the protocol, and what was said stays said', async () => {
    const server = await serve({ text: ['Hel', 'lo'], after: 1, fault: 'malformed' });
    const ending = await collect(clientOf(wire, server.url).stream(request));
    const error = expectError(ending, { category: 'protocol', phase: 'streaming', gaveUp: 'content-delivered' });
    expect(error.partial?.text).toBe('Hel');
    expect(server.requests).toHaveLength(1);
  });

  it('JSON that is broken before content is tried again', async () => {
    const server = await serve([{ text: 'Hello', after: 0, fault: 'malformed' }, { text: 'Hello there' }]);
    expectText(await collect(clientOf(wire, server.url).stream(request)), 'Hello there');
    expect(server.requests).toHaveLength(2);
  });

  it('the last message, cut in the middle of its JSON, is an interruption and not an error of the protocol', async () => {
    const server = await serve({ text: ['Hel', 'lo'], after: 1, fault: [{ send: 'data: {"choices":[{"ind' }, 'end'] });
    const ending = await collect(clientOf(wire, server.url).stream(request));
    expectError(ending, { category: 'interrupted' });
    expect(ending.text).toBe('Hel');
  });

  it('raw messages are emitted when asked for', async () => {
    const server = await serve({ text: ['Hel', 'lo'] });
    const ending = await collect(clientOf(wire, server.url).stream(request, { raw: true }));
    expectText(ending, 'Hello');
    expect(eventsOf(ending.events, 'raw')).toHaveLength(messagesOf(wire, { text: ['Hel', 'lo'] }).length);
  });

  it('a line that is longer than the limit is an error, and is not where the limit is higher', async () => {
    const server = await serve({ text: ['Hello', 'x'.repeat(5_000)], split: 500 });
    const limited = (maxLine: number) => ({ ...once, transport: fetchTransport({ maxLine }) });
    const cut = await collect(clientOf(wire, server.url, limited(2_000)).stream(request));
    expectError(cut, { category: 'protocol' });
    expect(cut.error?.partial?.text).toBe('Hello');
    expectText(await collect(clientOf(wire, server.url, limited(10_000)).stream(request)), `Hello${'x'.repeat(5_000)}`);
    expect(() => fetchTransport({ maxLine: 0 })).toThrow('fetchTransport: maxLine');
  });
});
