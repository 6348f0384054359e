import fc from 'fast-check';
import { afterEach, describe, expect, it, test, vi } from 'vitest';
import type { SseMessage } from '../../src/core/transport.ts';
import { AnthropicDecoder } from '../../src/providers/anthropic-decoder.ts';
import { OpenAIDecoder } from '../../src/providers/openai-decoder.ts';
import { chunk, decodeAll, done, head, message, stop } from './decoding.ts';

const piece = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom('a', ' the', 'assistant', 'text', 'content', '0', 'null', 'm', 'mmmm', '🚀', 'a rather long piece of text'),
  },
  { weight: 1, arbitrary: fc.constantFrom('"', '\\', '\n', '\u0000', '\ud83d', '\u2028', '<think>', '</think>', '', '"}', '\\"') },
  { weight: 1, arbitrary: fc.string() },
);

/** Consecutive repeats are what a template learns from. */
const streamOf = (one: fc.Arbitrary<readonly SseMessage[]>) => fc.array(one, { maxLength: 12 }).map((parts): SseMessage[] => parts.flat());
const runOf = (make: (text: string) => SseMessage) => fc.array(piece, { minLength: 1, maxLength: 8 }).map((texts) => texts.map(make));

/** Damage that a wire can do, and JSON that no provider writes. */
const damaged = (base: fc.Arbitrary<SseMessage>) =>
  fc
    .tuple(base, fc.nat(), fc.constantFrom('', '"', '\\', ',', '{', '}', '1', '"content":"x",', '"text":"x",'))
    .map(([each, at, inserted]) => {
      const place = at % (each.data.length + 1);
      return { ...each, data: `${each.data.slice(0, place)}${inserted}${each.data.slice(place + (inserted === '' ? 1 : 0))}` };
    });

const outcome = (decoder: OpenAIDecoder | AnthropicDecoder, messages: SseMessage[]) => {
  const { events, error } = decodeAll(decoder, messages);
  return { events, error: error && { ...error } };
};

describe('a chat completion', () => {
  const content = (text: string) => chunk({ content: text });
  const one = fc.oneof(
    { weight: 6, arbitrary: runOf(content) },
    runOf((text) => chunk({ role: 'assistant', content: text })),
    runOf((text) => chunk({ reasoning_content: text, content: null })),
    runOf((text) => chunk({ reasoning: text, reasoning_content: text })),
    runOf((text) => chunk({ content: text, reasoning: 'x' })),
    runOf((text) => chunk({ content: text }, { index: 1 })),
    runOf((text) => chunk({ content: text }, {}, { obfuscation: text + text })),
    runOf((text) => chunk({ content: text }, {}, { usage: { prompt_tokens: 1, completion_tokens: text.length } })),
    runOf((text) => chunk({ content: [{ type: 'text', text }] })),
    runOf((text) => message({ choices: [{ delta: { content: text } }, { delta: { content: 'b' } }] })),
    runOf((text) => message(`{"choices":[{"delta":{"content":"x","content":${JSON.stringify(text)}}}]}`)),
    runOf((text) => message(`{"choices":[{"delta":{"content":${JSON.stringify(text)},"content":"x"}}]}`)),
    runOf((text) => message(`{"x":${JSON.stringify(text)},"choices":[{"delta":{"content":${JSON.stringify(text)}}}]}`)),
    runOf((text) => message({ choices: [{ message: { content: text } }] })),
    runOf((text) => chunk({ content: text }, {}, { id: text })),
    runOf((text) => ({ ...content(text), event: text === 'a' ? 'error' : text })),
    runOf((text) => chunk({ refusal: text })),
    runOf((text) => chunk({ tool_calls: [{ index: 0, id: 'c', function: { name: 'f', arguments: text } }] })),
    runOf((text) => chunk({ annotations: [{ url_citation: { url: text } }], content: text })),
    fc.constantFrom([stop()], [done], [message(': comment')], [message('{}')], [message({ error: { code: 500 } })]),
    damaged(piece.map(content)).map((each) => [each]),
  );

  it('is decoded the same with and without the template', () => {
    fc.assert(
      fc.property(streamOf(one), (messages) => {
        expect(outcome(new OpenAIDecoder(head()), messages)).toEqual(outcome(new OpenAIDecoder(head(), null), messages));
      }),
      { numRuns: 1_500 },
    );
  });
});

describe('a message of Anthropic', () => {
  const index = fc.constantFrom(0, 0, 0, 1, 10);
  const event = (body: { type: string; [member: string]: unknown }) => message(body, body.type);
  const run = (make: (text: string, index: number) => SseMessage) =>
    fc.tuple(index, fc.array(piece, { minLength: 1, maxLength: 8 })).map(([at, texts]) => texts.map((text) => make(text, at)));
  const delta = (at: number, part: object) => event({ type: 'content_block_delta', index: at, delta: part });
  const one = fc.oneof(
    { weight: 6, arbitrary: run((text, at) => delta(at, { type: 'text_delta', text })) },
    run((thinking, at) => delta(at, { type: 'thinking_delta', thinking })),
    run((text, at) => delta(at, { text, type: 'text_delta' })),
    run((text, at) => delta(at, { type: text, text })),
    run((text, at) => event({ type: 'content_block_start', index: at, content_block: { type: 'text', text } })),
    run((json, at) => delta(at, { type: 'input_json_delta', partial_json: json })),
    run((url, at) => delta(at, { type: 'citations_delta', citation: { url } })),
    index.map((at) => [event({ type: 'content_block_stop', index: at })]),
    index.map((at) => [
      event({ type: 'content_block_start', index: at, content_block: { type: 'tool_use', id: 't', name: 'f', input: {} } }),
    ]),
    fc.constantFrom(
      [event({ type: 'ping' })],
      [event({ type: 'message_start', message: { id: 'a', usage: { input_tokens: 1 } } })],
      [event({ type: 'message_start', message: { id: 'b' } })],
      [event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 1 } })],
      [event({ type: 'message_stop' })],
    ),
    damaged(piece.map((text) => delta(0, { type: 'text_delta', text }))).map((each) => [each]),
  );

  it('is decoded the same with and without the template', () => {
    fc.assert(
      fc.property(streamOf(one), (messages) => {
        expect(outcome(new AnthropicDecoder(head()), messages)).toEqual(outcome(new AnthropicDecoder(head(), null), messages));
      }),
      { numRuns: 1_500 },
    );
  });
});

it.each([1, 2, 3, 8])('what stands behind the end of a message is no part of what fits, after %d that did', (count) => {
  const decoder = new OpenAIDecoder(head());
  const plain = chunk({ content: 'a' });
  for (let index = 0; index < count; index++) for (const _event of decoder.decode(plain));
  expect(() => [...decoder.decode({ ...plain, data: `${plain.data}}` })]).toThrow();
});

describe('how often JSON is parsed', () => {
  afterEach(() => vi.restoreAllMocks());

  function parses(decoder: OpenAIDecoder | AnthropicDecoder, messages: SseMessage[]): number {
    const parse = vi.spyOn(JSON, 'parse');
    for (const each of messages) for (const _event of decoder.decode(each));
    return parse.mock.calls.length;
  }

  const texts = (count: number, of: (index: number) => string = (index) => ` t${index}`) =>
    Array.from({ length: count }, (_, index) => of(index));
  const anthropicText = (text: string) =>
    message({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }, 'content_block_delta');
  const ping = message({ type: 'ping' }, 'ping');

  test.each<[string, OpenAIDecoder | AnthropicDecoder, SseMessage[], number]>([
    ['a few times for plain deltas', new OpenAIDecoder(head()), texts(1_000).map((content) => chunk({ content })), 3],
    ['a few times for reasoning', new OpenAIDecoder(head()), texts(1_000).map((reasoning) => chunk({ reasoning })), 4],
    ['a few times for text of Anthropic', new AnthropicDecoder(head()), texts(1_000).map(anthropicText), 3],
    [
      'once more for each delta with an escape',
      new OpenAIDecoder(head()),
      texts(1_000, (index) => (index % 10 === 5 ? '\n' : ' t')).map((content) => chunk({ content })),
      103,
    ],
    ['once more for each ping', new AnthropicDecoder(head()), texts(100).flatMap((text) => [anthropicText(text), ping]), 103],
    [
      'hardly more than each time where a member that is read varies',
      new OpenAIDecoder(head()),
      texts(1_000).map((content, index) => chunk({ content }, {}, { id: `cc-${index}` })),
      1_010,
    ],
    [
      'a few times where a member varies that is not read',
      new OpenAIDecoder(head()),
      texts(1_000).map((content, index) => chunk({ content }, {}, { obfuscation: 'x'.repeat(index % 16), created: index })),
      12,
    ],
    [
      'a few times where something varies that is inside a member and not read',
      new OpenAIDecoder(head()),
      texts(1_000).map((content, index) => chunk({ content }, { logprobs: { content: [{ logprob: -index }] } })),
      10,
    ],
    [
      'hardly more than each time where usage is counted along',
      new OpenAIDecoder(head()),
      texts(1_000).map((content, index) => chunk({ content }, {}, { usage: { completion_tokens: index } })),
      1_000,
    ],
  ])('%s', (_name, decoder, messages, most) => {
    expect(parses(decoder, messages)).toBeLessThanOrEqual(most);
  });
});
