import { describe, expect, it, test } from 'vitest';
import { countOf } from '../../src/core/json-value.ts';
import { anthropic } from '../../src/providers/anthropic.ts';
import { openai } from '../../src/providers/openai.ts';
import { presets } from '../../src/providers/presets.ts';
import { xai } from '../../src/providers/xai.ts';
import { chunk, decodeAll, done, head, message, stop } from './decoding.ts';

const say = chunk({ content: 'a' });
const chat = (...messages: Parameters<typeof decodeAll>[1][number][]) => decodeAll(openai().decoder(head()), messages);
const told = (usage: unknown) => chat(say, stop(), message({ choices: [], usage }), done).finish?.usage;
const event = (type: string, body: object) => message({ type, ...body }, type);
const counted = (first: object, last: object | null) =>
  decodeAll(anthropic().decoder(head()), [
    event('message_start', { message: { id: 'm', usage: first } }),
    event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'a' } }),
    event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: last }),
    event('message_stop', {}),
  ]).finish?.usage;

test.each<[unknown, number | undefined]>([
  [0, 0],
  [10, 10],
  [5.5, 5],
  ['10', 10],
  ['5.5', 5],
  ['5.', 5],
  [-1, undefined],
  ['-1', undefined],
  ['1e3', undefined],
  ['0x10', undefined],
  ['', undefined],
  ['many', undefined],
  [Number.NaN, undefined],
  [Number.POSITIVE_INFINITY, undefined],
  [2 ** 60, undefined],
  ['9'.repeat(400), undefined],
  [null, undefined],
  [true, undefined],
  [[1], undefined],
])('the count %j is %j (usg-07)', (value, count) => {
  expect(countOf(value)).toBe(count);
});

describe('a chat completion', () => {
  it('whose counts are texts and fractions has whole ones (usg-07)', () => {
    expect(told({ prompt_tokens: '10', completion_tokens: 5.5 })).toEqual({
      inputTokens: 10,
      outputTokens: 5,
      totalTokens: 15,
      estimated: false,
    });
  });

  it('counts what the cache read as input, as the provider does (usg-08)', () => {
    const usage = told({ prompt_tokens: 100, completion_tokens: 20, total_tokens: 120, prompt_tokens_details: { cached_tokens: 50 } });
    expect(usage).toMatchObject({ inputTokens: 100, cachedInputTokens: 50, totalTokens: 120 });
  });

  test.each([undefined, null, 0, -1, 'x'])('whose total is %j has the sum of both (usg-10)', (total_tokens) => {
    expect(told({ prompt_tokens: 100, completion_tokens: 20, total_tokens })?.totalTokens).toBe(120);
  });

  it('has what the cache wrote where it is told', () => {
    const usage = told({ prompt_tokens: 100, completion_tokens: 20, prompt_tokens_details: { cached_tokens: 0, cache_write_tokens: 30 } });
    expect(usage).toMatchObject({ inputTokens: 100, cachedInputTokens: 0, cacheWriteTokens: 30 });
  });

  const usage = { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 };
  test.each<[string, Parameters<typeof chat>]>([
    ['behind the finish reason', [say, stop(), message({ choices: [], usage })]],
    ['on the chunk of the finish reason', [say, chunk({}, { finish_reason: 'stop' }, { usage })]],
    [
      'on the chunk of the finish reason, with null on all others',
      [chunk({ content: 'a' }, {}, { usage: null }), chunk({}, { finish_reason: 'stop' }, { usage })],
    ],
    ['in x_groq', [say, chunk({}, { finish_reason: 'stop' }, { x_groq: { id: 'req_1', usage } })]],
    ['in the choice', [say, chunk({}, { finish_reason: 'stop', usage })]],
    ['twice', [say, chunk({}, { finish_reason: 'stop' }, { usage }), message({ choices: [], usage })]],
    [
      'counted along on every chunk',
      [
        chunk({ content: '' }, {}, { usage: { ...usage, completion_tokens: 0, total_tokens: 9 } }),
        chunk({ content: 'a' }, {}, { usage: { ...usage, completion_tokens: 1, total_tokens: 10 } }),
        chunk({}, { finish_reason: 'stop' }, { usage }),
      ],
    ],
  ])('tells its usage once, wherever it stands: %s', (_name, messages) => {
    const { events, finish } = chat(...messages, done);
    expect(finish?.usage).toEqual({ inputTokens: 9, outputTokens: 5, totalTokens: 14, estimated: false });
    expect(events.filter(({ type }) => type === 'usage')).toHaveLength(1);
  });

  test.each([
    ['DeepSeek', presets.deepSeek, { prompt_cache_hit_tokens: 8, prompt_cache_miss_tokens: 1 }, { cachedInputTokens: 8 }],
    ['Moonshot', presets.moonshot, { cached_tokens: 8 }, { cachedInputTokens: 8 }],
    ['Mistral', presets.mistral, { prompt_tokens_details: { cached_tokens: 8 } }, { cachedInputTokens: 8 }],
    ['Qwen', presets.qwen, { completion_tokens_details: { reasoning_tokens: 3 } }, { outputTokens: 5, reasoningTokens: 3 }],
  ])('of %s has its details', (_name, preset, details, expected) => {
    const provider = openai({ preset, apiKey: 'k' });
    const { finish } = decodeAll(provider.decoder(head()), [
      say,
      chunk({}, { finish_reason: 'stop' }, { usage: { ...usage, ...details } }),
      done,
    ]);
    expect(finish?.usage).toMatchObject({ inputTokens: 9, totalTokens: 14, ...expected });
  });

  it('of xAI counts reasoning, which stands beside the output, as output', () => {
    const details = { completion_tokens: 5, total_tokens: 17, completion_tokens_details: { reasoning_tokens: 3 } };
    const { finish } = decodeAll(xai().decoder(head()), [say, message({ choices: [], usage: { ...usage, ...details } }), done]);
    expect(finish?.usage).toEqual({ inputTokens: 9, outputTokens: 8, totalTokens: 17, reasoningTokens: 3, estimated: false });
  });
});

describe('a message of Anthropic', () => {
  it('counts what the cache read and wrote as input, so that it means the same as everywhere (usg-09)', () => {
    const first = { input_tokens: 100, output_tokens: 1, cache_read_input_tokens: 50, cache_creation_input_tokens: 0 };
    expect(counted(first, { output_tokens: 20 })).toEqual({
      inputTokens: 150,
      outputTokens: 20,
      totalTokens: 170,
      cachedInputTokens: 50,
      cacheWriteTokens: 0,
      estimated: false,
    });
  });

  it('has what the cache wrote, also where it is told by how long that is kept', () => {
    const kept = { ephemeral_5m_input_tokens: 30, ephemeral_1h_input_tokens: 12 };
    expect(counted({ input_tokens: 10, cache_creation: kept }, { output_tokens: 2 })).toMatchObject({
      inputTokens: 52,
      cacheWriteTokens: 42,
    });
    const both = { input_tokens: 10, cache_creation_input_tokens: 42, cache_creation: kept };
    expect(counted(both, { output_tokens: 2 })).toMatchObject({ inputTokens: 52, cacheWriteTokens: 42 });
  });

  it('is cumulative: what is told last holds, and what is not told stays', () => {
    expect(counted({ input_tokens: 43, output_tokens: 1 }, { input_tokens: 61, output_tokens: 7 })).toMatchObject({
      inputTokens: 61,
      totalTokens: 68,
    });
    expect(counted({ input_tokens: 43, output_tokens: 1 }, { input_tokens: null, output_tokens: '7' })).toMatchObject({
      inputTokens: 43,
      outputTokens: 7,
    });
  });
});

it('each provider says how many characters make a token, where it is not four (usg-01)', () => {
  const ratios = [openai(), anthropic(), xai()].map(({ capabilities }) => capabilities?.charactersPerToken ?? 4);
  expect(ratios).toEqual([4, 3.5, 4.2]);
});
