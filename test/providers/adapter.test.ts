import { describe, expect, it, test } from 'vitest';
import type { ProviderEvent } from '../../src/core/event.ts';
import type { Provider } from '../../src/core/provider.ts';
import { ResultBuilder } from '../../src/core/result-builder.ts';
import type { SseMessage } from '../../src/core/transport.ts';
import { anthropic } from '../../src/providers/anthropic.ts';
import { openai } from '../../src/providers/openai.ts';
import { xai } from '../../src/providers/xai.ts';
import { chunk, decodeAll, done, head, message, stop } from './decoding.ts';

const event = (type: string, body: object = {}) => message({ type, ...body }, type);
const chatText = (content: string) => chunk({ content });
const chatEnd = [stop(), message({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 2 } }), done];
const messageText = (text: string) => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } });
const messageBegin = event('message_start', { message: { id: 'm', usage: { input_tokens: 3, output_tokens: 1 } } });
const messageEnd = [
  event('content_block_stop', { index: 0 }),
  event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } }),
  event('message_stop'),
];

interface Format {
  readonly name: string;
  readonly provider: Provider;
  readonly text: (text: string) => SseMessage;
  readonly begin: readonly SseMessage[];
  readonly end: readonly SseMessage[];
}
const formats: readonly Format[] = [
  { name: 'openai', provider: openai(), text: chatText, begin: [], end: chatEnd },
  { name: 'anthropic', provider: anthropic(), text: messageText, begin: [messageBegin], end: messageEnd },
  { name: 'xai', provider: xai(), text: chatText, begin: [], end: chatEnd },
];

const ids = { openai: 'adp-01', anthropic: 'adp-02', xai: 'adp-03' };
test.each(formats.map((format) => ({ ...format, id: ids[format.name as keyof typeof ids] })))(
  'one delta of text of $name is one event, of a provider of that name ($id)',
  ({ name, provider, text }) => {
    expect(provider.name).toBe(name);
    expect(decodeAll(provider.decoder(head()), [text(`Hello ${name}`)]).events).toEqual([
      { type: 'text-delta', id: 'text-0', text: `Hello ${name}` },
    ]);
  },
);

describe.each(formats)('an answer of $name', ({ provider, text, begin, end }) => {
  const decode = (texts: readonly string[]) => decodeAll(provider.decoder(head()), [...begin, ...texts.map(text), ...end]);

  it('of 1,000 deltas is delivered whole and in order (adp-07)', () => {
    const texts = Array.from({ length: 1_000 }, (_, index) => `chunk${index} `);
    const { events } = decode(texts);
    expect(events.flatMap((each) => (each.type === 'text-delta' ? [each.text] : []))).toEqual(texts);
  });

  test.each([
    [['Simple', ' ', 'text']],
    [['', 'Empty', '', 'chunks', '']],
    [['Single']],
    [['Unicode', ' ', '😀', ' ', 'test']],
    [['New\n', 'lines\n', 'preserved']],
  ])('is what its deltas are when joined, and an empty one is no event: %j (adp-11)', (texts) => {
    const decoded = decode(texts);
    expect(decoded.text).toBe(texts.join(''));
    expect(decoded.events.filter(({ type }) => type === 'text-delta')).toHaveLength(texts.filter(Boolean).length);
  });

  it('is collected with its usage (adp-16)', () => {
    const builder = new ResultBuilder();
    for (const each of decode(['Hello', ' world']).events) builder.add(each);
    expect(builder.snapshot()).toMatchObject({
      text: 'Hello world',
      finishReason: 'stop',
      usage: { inputTokens: 3, outputTokens: 2, totalTokens: 5, estimated: false },
    });
  });

  it('tells its usage as final only at the end (adp-05)', () => {
    const isFinal = (events: readonly ProviderEvent[]) => events.some((each) => each.type === 'usage' && !each.usage.estimated);
    expect(isFinal(decodeAll(provider.decoder(head()), [...begin, text('a')], true).events)).toBe(false);
    expect(isFinal(decode(['a']).events)).toBe(true);
  });
});

it('usage that is null is none (adp-05)', () => {
  const { events, finish } = decodeAll(openai().decoder(head()), [chunk({ content: 'a' }, {}, { usage: null }), stop(), done]);
  expect(events.filter(({ type }) => type === 'usage')).toEqual([]);
  expect(finish?.usage.estimated).toBe(true);
});

it('tool calls, reasoning, refusals and finish reasons of a chat completion are events of their own (adp-19)', () => {
  const { events } = decodeAll(openai().decoder(head()), [
    chunk({ reasoning_content: 'Weigh.' }),
    chunk({ content: 'I look.' }),
    chunk({ refusal: 'Not that.' }),
    chunk({ tool_calls: [{ index: 0, id: 'c1', function: { name: 'look', arguments: '{"q":"a"}' } }] }),
    stop('tool_calls'),
    done,
  ]);
  expect(events.map(({ type }) => type)).toEqual([
    'reasoning-delta',
    'text-delta',
    'refusal-delta',
    'tool-input-delta',
    'tool-call',
    'finish',
  ]);
  expect(events.at(-1)).toMatchObject({ finishReason: 'tool-calls', rawFinishReason: 'tool_calls' });
});

it('so are those of a message (adp-19)', () => {
  const { events } = decodeAll(anthropic().decoder(head()), [
    event('content_block_delta', { index: 0, delta: { type: 'thinking_delta', thinking: 'Weigh.' } }),
    messageText('I look.'),
    event('content_block_start', { index: 1, content_block: { type: 'tool_use', id: 't1', name: 'look', input: {} } }),
    event('content_block_delta', { index: 1, delta: { type: 'input_json_delta', partial_json: '{"q":"a"}' } }),
    event('content_block_stop', { index: 1 }),
    event('message_delta', { delta: { stop_reason: 'refusal', stop_details: { type: 'refusal', explanation: 'Not that.' } } }),
    event('message_stop'),
  ]);
  expect(events.map(({ type }) => type)).toEqual([
    'reasoning-delta',
    'text-delta',
    'tool-input-delta',
    'tool-call',
    'refusal-delta',
    'finish',
  ]);
  expect(events.at(-1)).toMatchObject({ finishReason: 'refusal', rawFinishReason: 'refusal' });
});
