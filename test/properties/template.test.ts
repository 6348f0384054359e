import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SseMessage } from '../../src/core/transport.ts';
import { ExpectantHead, type ExpectedMessages } from '../../src/policies/expected-messages.ts';
import { AnthropicDecoder, anthropicReads } from '../../src/providers/anthropic-decoder.ts';
import type { ReadMembers } from '../../src/providers/delta-template.ts';
import { OpenAIDecoder, openaiReads } from '../../src/providers/openai-decoder.ts';
import { createMessageParser } from '../../src/transport/message-parser.ts';
import { createUtf8Decoder } from '../../src/transport/utf8-decoder.ts';
import { decodeAll } from '../providers/decoding.ts';
import { numRuns, timeout } from './runs.ts';

const text = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', ' the', 'text', 'delta', '0', 'a rather long piece of text', '日本語', '🚀', 'é') },
  { weight: 2, arbitrary: fc.constantFrom('"', '\\', '\n', '\r\n', '\u0000', '\ud83d', '\u2028', '\ufeff', '', '"}', '\\"', '\n\ndata: ') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
);
/** Values of members that no decoder reads, or that one does. */
const value = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0.5, 1e21, 'x', 'a\\b', '"', null, true, [], {}, [{ logprob: -0.5, token: ' a\u2028' }], { a: { content: 'x' } }),
  text,
);
const member = fc.constantFrom(
  'sequence_number',
  'obfuscation',
  'created',
  'id',
  'type',
  'error',
  'usage',
  'nonce',
  'text',
  'content',
  'index',
  'logprobs',
  'finish_reason',
  'role',
  'refusal',
  'reasoning',
  'signature',
);

/** Runs of messages of one shape, for a template learns from repetition; now and then one of them is damaged. */
interface Run {
  readonly texts: readonly string[];
  readonly shape: number;
  readonly extra: string;
  /** How deep inside it stands. */
  readonly depth: number;
  readonly values: readonly unknown[];
  readonly isFirst: boolean;
  readonly style: 'plain' | 'unspaced' | 'with an id' | 'with a comment' | 'in two lines' | 'event behind' | 'other event';
  readonly damage: readonly [number, string] | undefined;
}
const run: fc.Arbitrary<Run> = fc.record({
  texts: fc.array(text, { minLength: 1, maxLength: 10, size: 'max' }),
  shape: fc.oneof({ weight: 3, arbitrary: fc.constant(4) }, { weight: 1, arbitrary: fc.nat(3) }),
  extra: fc.oneof({ weight: 1, arbitrary: fc.constant('') }, { weight: 1, arbitrary: member }),
  depth: fc.nat(2),
  values: fc.array(value, { minLength: 1, maxLength: 10, size: 'max' }),
  isFirst: fc.boolean(),
  style: fc.constantFrom(
    'plain',
    'plain',
    'plain',
    'plain',
    'unspaced',
    'unspaced',
    'with an id',
    'with a comment',
    'in two lines',
    'event behind',
    'other event',
  ),
  damage: fc.oneof(
    { weight: 9, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.tuple(fc.nat(), fc.constantFrom('', '"', '\\', '\\q', ',', '}', '1', '\n', '\n\n', '\u0001', '"id":"x",')) },
  ),
});

type Body = Readonly<Record<string, unknown>>;

const openai = (shape: number, content: string): readonly [string, Body] => {
  const chunk = (delta: object, more: object = {}): readonly [string, Body] => ['', { id: 'c', choices: [{ index: 0, delta, ...more }] }];
  if (shape === 0) return chunk({ reasoning_content: content });
  if (shape === 1) return chunk({ tool_calls: [{ index: 0, id: 'c', function: { name: 'f', arguments: content } }] });
  if (shape === 2) return chunk({ content }, { finish_reason: 'stop' });
  if (shape === 3) return chunk({ content }, { logprobs: { content: [content] } });
  return chunk({ content });
};
const anthropic = (shape: number, content: string): readonly [string, Body] => {
  const event = (type: string, more: object): readonly [string, Body] => [type, { type, ...more }];
  if (shape === 0) return event('content_block_delta', { index: 1, delta: { type: 'thinking_delta', thinking: content } });
  if (shape === 1) return event('content_block_start', { index: 2, content_block: { type: 'tool_use', id: 't', name: 'f', input: {} } });
  if (shape === 2) return event('ping', {});
  if (shape === 3) return event('content_block_delta', { index: 2, delta: { type: 'input_json_delta', partial_json: content } });
  return event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: content } });
};

function frame(data: string, event: string, style: Run['style']): string {
  const gap = style === 'unspaced' ? '' : ' ';
  const name = style === 'other event' ? 'message' : event;
  const line = name && `event:${gap}${name}\n`;
  if (style === 'with an id') return `id: 7\n${line}data: ${data}\n\n`;
  if (style === 'with a comment') return `: hello\n\n${line}: there\ndata: ${data}\n\n`;
  if (style === 'in two lines') return `${line}data: ${data.replace(',', ',\ndata: ')}\n\n`;
  if (style === 'event behind') return `data: ${data}\n${line}\n`;
  return `${line}data:${gap}${data}\n\n`;
}

/** Puts members into a message, or into the object that carries its delta, or into the delta. */
function withAdded(body: Body, added: object, isFirst: boolean, depth: number): Body {
  const inner = ['choices', 'delta', 'content_block'].find((name) => name in body);
  if (depth === 0 || inner === undefined) return isFirst ? { ...added, ...body } : { ...body, ...added };
  const value = body[inner];
  const [first, ...others] = Array.isArray(value) ? value : [];
  return {
    ...body,
    [inner]: first ? [withAdded(first, added, isFirst, depth - 1), ...others] : withAdded(value as Body, added, isFirst, 0),
  };
}

function write(runs: readonly Run[], shapeOf: (shape: number, content: string) => readonly [string, Body]): string {
  return runs
    .flatMap(({ texts, shape, extra, depth, values, isFirst, style, damage }) =>
      texts.map((content, index) => {
        const [event, body] = shapeOf(shape, content);
        const added = extra === '' ? {} : { [extra]: values[index % values.length] };
        const json = JSON.stringify(withAdded(body, added, isFirst, depth));
        const at = damage && index === texts.length - 1 ? damage[0] % json.length : undefined;
        const data = at === undefined || !damage ? json : json.slice(0, at) + damage[1] + json.slice(at + 1);
        return frame(data, event, style);
      }),
    )
    .join('');
}

function cut(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const ends = [...cuts.map((each) => each % (bytes.length + 1)), bytes.length].sort((one, other) => one - other);
  return ends.map((end, index) => bytes.slice(ends[index - 1] ?? 0, end));
}

interface Path {
  readonly outcome: unknown;
  readonly messages: readonly SseMessage[];
  readonly found: number;
}

/** The whole path from bytes to events. Messages are decoded as they come, or `behind` a closed gate, all at the end. */
function path(
  make: (head: ExpectantHead, isPlain: boolean) => OpenAIDecoder | AnthropicDecoder,
  chunks: readonly Uint8Array[],
  { isPlain = false, isBehind = false } = {},
): Path {
  const expected: ExpectedMessages = { current: undefined };
  const head = new ExpectantHead(200, new Headers(), expected);
  const decoder = make(head, isPlain);
  const messages: SseMessage[] = [];
  const waiting: SseMessage[] = [];
  const outcomes: unknown[] = [];
  let hasFailed = false;
  const decode = (message: SseMessage): void => {
    if (hasFailed) return;
    const { events, error } = decodeAll({ decode: (each) => decoder.decode(each) }, [message]);
    outcomes.push(...events);
    if (error) outcomes.push({ ...error });
    hasFailed = error !== undefined;
  };
  const parser = createMessageParser(
    (message) => {
      messages.push(message);
      if (!isBehind) decode(message);
      else if (waiting.push(message) > 5) for (const each of waiting.splice(0)) decode(each);
    },
    undefined,
    isPlain ? undefined : expected,
  );
  for (const chunk of chunks) parser.feed(chunk);
  parser.end();
  for (const each of waiting) decode(each);
  const found = messages.filter((message) => message.constructor !== Object).length;
  return { outcome: outcomes, messages: messages.map((message) => ({ ...message })), found };
}

const formats = {
  openai: {
    shapeOf: openai,
    reads: openaiReads,
    make: (head: ExpectantHead, isPlain: boolean) => (isPlain ? new OpenAIDecoder(head, null) : new OpenAIDecoder(head)),
  },
  anthropic: {
    shapeOf: anthropic,
    reads: anthropicReads,
    make: (head: ExpectantHead, isPlain: boolean) => (isPlain ? new AnthropicDecoder(head, null) : new AnthropicDecoder(head)),
  },
};

const lineEnd = fc.constantFrom('\n', '\n', '\n', '\r\n', '\r');
const body = fc.tuple(fc.array(run, { maxLength: 8, size: 'max' }), lineEnd, fc.boolean(), fc.nat(40));
const cuts = fc.array(fc.nat(), { maxLength: 40, size: 'max' });

describe.each(Object.entries(formats))('a stream in the format of %s', (_name, { shapeOf, reads, make }) => {
  it('gives the same messages and events with and without templates, however it is written and cut', { timeout }, () => {
    let found = 0;
    fc.assert(
      fc.property(body, cuts, fc.boolean(), ([runs, end, hasMark, lost], places, isBehind) => {
        const whole = (hasMark ? '\ufeff' : '') + write(runs, shapeOf).replaceAll('\n', end);
        const bytes = new TextEncoder().encode(whole.slice(0, Math.max(0, whole.length - (lost > 20 ? 0 : lost))));
        const plain = path(make, [bytes], { isPlain: true });
        for (const chunks of [[bytes], cut(bytes, places), Array.from(bytes, (byte) => Uint8Array.of(byte))]) {
          const templated = path(make, chunks, { isBehind });
          expect(templated.messages).toEqual(plain.messages);
          expect(templated.outcome).toEqual(plain.outcome);
          found += templated.found;
        }
      }),
      { numRuns },
    );
    // The property is worth nothing if no message is ever found by what was expected.
    expect(found).toBeGreaterThan(numRuns);
  });

  it('reads no member that a template may pass over', () => {
    const read = new Set<string>();
    const parse = JSON.parse;
    const watch = (value: unknown, path: readonly string[], known: ReadMembers | true): unknown => {
      if (typeof value !== 'object' || value === null || known === true) return value;
      const get = (target: object, name: string | symbol): unknown => {
        const member: unknown = Reflect.get(target, name);
        if (typeof name !== 'string' || (Array.isArray(target) && !/^\d+$/.test(name))) return member;
        const at = Array.isArray(target) ? known : known[name];
        if (at === undefined) read.add([...path, name].join('.'));
        return watch(member, [...path, name], Array.isArray(at) ? at[0] : (at ?? true));
      };
      return new Proxy(value, { get });
    };
    JSON.parse = (json: string) => watch(parse(json), [], reads);
    try {
      const decoder = make(new ExpectantHead(200, new Headers(), { current: undefined }), true);
      for (let shape = 0; shape < 8; shape++) {
        for (const type of [undefined, ...types]) {
          const [event, plain] = shapeOf(shape, 'a');
          const data = JSON.stringify({ ...plain, ...(type && { type }) });
          try {
            for (const _event of decoder.decode({ type: 'message', event, data, id: '' }));
          } catch {}
        }
      }
    } finally {
      JSON.parse = parse;
    }
    expect([...read]).toEqual([]);
  });
});

const types = ['message_start', 'message_delta', 'message_stop', 'content_block_start', 'content_block_stop', 'content_block_delta'];

describe('text in UTF-8', () => {
  it('is what a streaming TextDecoder makes of it, at any cuts, of any bytes', { timeout }, () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 6 }),
      fc.constantFrom('\ufeff', 'a', 'é', '日', '😀').map((each) => new TextEncoder().encode(each)),
      fc
        .array(fc.constantFrom(0xe0, 0x80, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xed, 0xef, 0xbb, 0xf0, 0x8f, 0x90, 0xf4, 0xf5), { maxLength: 5 })
        .map((each) => Uint8Array.from(each)),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20, size: 'max' }), cuts, (pieces, places) => {
        const bytes = Uint8Array.from(pieces.flatMap((each) => [...each]));
        const decoder = createUtf8Decoder();
        const ours =
          cut(bytes, places)
            .map((each) => decoder.decode(each))
            .join('') + decoder.end();
        expect(ours).toBe(new TextDecoder().decode(bytes));
      }),
      { numRuns: numRuns * 3 },
    );
  });
});
