import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { ErrorResponse } from '../../src/core/error-response.ts';
import type { SseMessage } from '../../src/core/transport.ts';
import { createMessageParser } from '../../src/transport/message-parser.ts';
import { propertyTimeout, runs } from '../core/properties.ts';

const encode = (text: string) => new TextEncoder().encode(text);

function parse(chunks: readonly Uint8Array[], maxLine?: number) {
  const messages: SseMessage[] = [];
  const parser = createMessageParser((message) => messages.push(message), maxLine);
  for (const chunk of chunks) parser.feed(chunk);
  parser.end();
  return { messages, strayText: parser.strayText() };
}

const all = (text: string) => parse([encode(text)]).messages;
const message = (data: string, more: Partial<SseMessage> = {}): SseMessage => ({ type: 'message', event: '', data, id: '', ...more });

/** The bytes in pieces; a cut may repeat, which is an empty piece. */
function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const ends = [...at.map((each) => each % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.slice(ends[index - 1] ?? 0, end));
}

/** The format as the HTML standard tells it, over the whole text at once; an unfinished message counts too. */
function reference(text: string): SseMessage[] {
  const messages: SseMessage[] = [];
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/);
  let [event, id, data] = ['', '', undefined as string | undefined];
  const dispatch = (isWhole: boolean) => {
    if (data !== undefined) messages.push(message(data, { event, id, ...(!isWhole && { unterminated: true as const }) }));
    [event, id, data] = ['', '', undefined];
  };
  // What follows the last line end is no line of the format; an empty rest ends nothing.
  if (lines.at(-1) === '') lines.pop();
  for (const line of lines) {
    if (line === '') {
      dispatch(true);
      continue;
    }
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') data = data === undefined ? value : `${data}\n${value}`;
    else if (field === 'event') event = value;
    else if (field === 'id' && !value.includes('\0')) id = value;
  }
  dispatch(false);
  return messages;
}

const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
const word = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', ' ', ':', 'é', '日', '😀', '{', '"', '\0'), maxLength: 8 }),
  fc.string({ unit: 'grapheme', maxLength: 5 }).map((text) => text.replace(/[\r\n\ufeff]/g, '')),
);
const line = fc.oneof(
  { weight: 6, arbitrary: word.map((text) => `data: ${text}`) },
  { weight: 1, arbitrary: word.map((text) => `data:${text}`) },
  { weight: 1, arbitrary: word.map((text) => `event: ${text}`) },
  { weight: 1, arbitrary: word.map((text) => `id:${text}`) },
  { weight: 1, arbitrary: word.map((text) => `: ${text}`) },
  { weight: 1, arbitrary: fc.constantFrom('data', 'retry: 5', 'retry: x', 'foo: bar', 'junk') },
  { weight: 6, arbitrary: fc.constant('') },
);
const body = fc
  .tuple(fc.array(fc.tuple(line, lineEnd), { maxLength: 25, size: 'max' }), fc.oneof(fc.constant(''), line), fc.boolean())
  .map(([lines, rest, hasMark]) => `${hasMark ? '\ufeff' : ''}${lines.map(([text, end]) => text + end).join('')}${rest}`);

describe('messages', () => {
  it('are those of the standard, however the bytes are split and the lines end', { timeout: propertyTimeout }, () => {
    fc.assert(
      fc.property(body, fc.array(fc.nat(), { maxLength: 40, size: 'max' }), (text, cuts) => {
        const bytes = encode(text);
        const expected = reference(text);
        expect(parse([bytes]).messages).toEqual(expected);
        expect(parse(cut(bytes, cuts)).messages).toEqual(expected);
        expect(parse(Array.from(bytes, (byte) => Uint8Array.of(byte))).messages).toEqual(expected);
      }),
      runs(1_000),
    );
  });

  it('survive bytes that are no UTF-8, the same at any split', { timeout: propertyTimeout }, () => {
    const piece = fc.oneof(fc.uint8Array({ maxLength: 6 }), fc.constantFrom('data: ', '\n\n', '\r', '\r\n', 'id:1').map(encode));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20, size: 'max' }), fc.array(fc.nat(), { maxLength: 20 }), (pieces, cuts) => {
        const bytes = Uint8Array.from(pieces.flatMap((each) => [...each]));
        expect(parse(cut(bytes, cuts)).messages).toEqual(parse([bytes]).messages);
      }),
      runs(),
    );
  });

  it('are delivered with their last line end, not with the next message', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const messages: SseMessage[] = [];
      createMessageParser((each) => messages.push(each)).feed(encode(`data: a${end}${end}`));
      expect(messages, JSON.stringify(end)).toEqual([message('a')]);
    }
  });

  it('have an event and an id of their own', () => {
    expect(all('event: e\nid: 7\ndata: a\n\ndata: b\n\n')).toEqual([message('a', { event: 'e', id: '7' }), message('b')]);
  });

  it('are marked when the body ends within one', () => {
    expect(all('data: a\n\ndata: {"b')).toEqual([message('a'), message('{"b', { unterminated: true })]);
    expect(all('data: a\n')).toEqual([message('a', { unterminated: true })]);
    expect(all('data: a\r')).toEqual([message('a', { unterminated: true })]);
    expect(all('data: a\n\n')).toEqual([message('a')]);
    expect(all('data: a\r\r')).toEqual([message('a')]);
    expect(all('event: a')).toEqual([]);
  });

  it('a code point that the body ended within is replaced', () => {
    expect(parse([encode('data: '), Uint8Array.of(0xf0, 0x9f)]).messages).toEqual([message('\ufffd', { unterminated: true })]);
  });

  it('are none in an empty body, of comments, and of heartbeats', () => {
    expect(parse([]).messages).toEqual([]);
    expect(all(': ping\n\n: ping\n\nevent: ping\n\n')).toEqual([]);
  });
});

describe('stray text', () => {
  it('is what was no field, in case it says why', () => {
    expect(parse([encode('{"error":{"message":"busy"}}\n')]).strayText).toBe('{"error":{"message":"busy"}}\n');
    expect(parse([encode('upstream connect error')]).strayText).toBe('upstream connect error\n');
    expect(parse([encode('data: a\nid: 1\n: c\nretry: 5\n\n')]).strayText).toBe('');
  });

  it('is bounded', () => {
    expect(parse([encode('junk of a kind\n'.repeat(100_000))]).strayText.length).toBeLessThan(10_000);
    expect(parse([encode(`${'j'.repeat(900_000)}\n`.repeat(3))]).strayText.length).toBeLessThan(10_000);
  });
});

describe('limits', () => {
  const overlong = (chunks: readonly Uint8Array[], maxLine: number) => {
    try {
      parse(chunks, maxLine);
      return undefined;
    } catch (error) {
      expect(error).toBeInstanceOf(ErrorResponse);
      return (error as ErrorResponse).facts.reason;
    }
  };
  const slices = (text: string, size: number) =>
    Array.from({ length: Math.ceil(text.length / size) }, (_, index) => encode(text.slice(index * size, (index + 1) * size)));

  test.each<[string, string]>([
    ['a line that never ends', 'data: '.padEnd(5_000, 'x')],
    ['a message that never ends', 'data: x\n'.repeat(5_000)],
    ['a field that is none', 'x'.repeat(5_000)],
  ])('%s is given up', (_name, text) => {
    expect(overlong(slices(text, 100), 1_000)).toBe('a line of the response is longer than 1000 characters');
  });

  it('many short messages are not: the limit is of one', () => {
    expect(overlong(slices('data: x\n\n'.repeat(10_000), 100), 1_000)).toBeUndefined();
    expect(overlong(slices(`data: ${'x'.repeat(900)}\n\n`.repeat(50), 100), 1_000)).toBeUndefined();
  });

  test.each(['\r', '\n', '\r\n', 'data:\r', ':\r', 'data: x\r\r'])(
    'takes no more than linearly longer for ten times the input: %j',
    (piece) => {
      const time = (length: number) => {
        const chunk = encode(piece.repeat(Math.ceil(16_384 / piece.length)));
        let best = Number.POSITIVE_INFINITY;
        for (let round = 0; round < 5; round++) {
          const start = performance.now();
          const parser = createMessageParser(() => undefined, 1e9);
          for (let each = 0; each < length / 16_384; each++) parser.feed(chunk);
          best = Math.min(best, performance.now() - start);
        }
        return best;
      };
      expect(time(1_600_000)).toBeLessThan(30 * Math.max(time(160_000), 0.2));
    },
  );
});
