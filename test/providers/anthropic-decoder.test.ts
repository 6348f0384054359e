import { describe, expect, it, test } from 'vitest';
import { defaults } from '../../src/core/defaults.ts';
import { ResultBuilder } from '../../src/core/result-builder.ts';
import type { SseMessage } from '../../src/core/transport.ts';
import { anthropic } from '../../src/providers/anthropic.ts';
import { anthropicBody } from '../../src/providers/anthropic-request.ts';
import { classified, decodeAll, head, message } from './decoding.ts';

const provider = anthropic();
const decode = (...messages: SseMessage[]) => decodeAll(provider.decoder(head()), messages);
const event = (type: string, body: object = {}) => message({ type, ...body }, type);
const begin = (id = 'msg_1', usage: object = { input_tokens: 43, output_tokens: 1 }) => event('message_start', { message: { id, usage } });
const start = (index: unknown, block: object) => event('content_block_start', { index, content_block: block });
const text = (index: unknown, value: unknown) => event('content_block_delta', { index, delta: { type: 'text_delta', text: value } });
const input = (index: unknown, json: string) =>
  event('content_block_delta', { index, delta: { type: 'input_json_delta', partial_json: json } });
const end = (index: unknown) => event('content_block_stop', { index });
const reason = (stop: string | null, usage: object | null = { output_tokens: 7 }, more: object = {}) =>
  event('message_delta', { delta: { stop_reason: stop, stop_sequence: null, ...more }, usage });
const stop = event('message_stop');
const ping = event('ping');
const hello = [begin(), start(0, { type: 'text', text: '' }), text(0, 'Hel'), text(0, 'lo'), end(0)];

describe('text', () => {
  it('is delivered in order and finished at message_stop; the usage is told as it grows', () => {
    const first = { inputTokens: 43, outputTokens: 1, totalTokens: 44, estimated: true };
    const last = { inputTokens: 43, outputTokens: 7, totalTokens: 50, estimated: false };
    expect(decode(...hello, reason('end_turn'), stop).events).toEqual([
      { type: 'usage', usage: first },
      { type: 'text-delta', id: 'text-0', text: 'Hel' },
      { type: 'text-delta', id: 'text-0', text: 'lo' },
      { type: 'usage', usage: last },
      { type: 'finish', finishReason: 'stop', rawFinishReason: 'end_turn', usage: last },
    ]);
  });

  it('has an id for each block', () => {
    const { events } = decode(
      begin(),
      text(0, 'a'),
      text(0, 'b'),
      text(0, 'c'),
      end(0),
      text(2, 'd'),
      text(2, 'e'),
      text(2, 'f'),
      text('__proto__', 'g'),
    );
    expect(events.flatMap((each) => (each.type === 'text-delta' ? [`${each.id} ${each.text}`] : []))).toEqual([
      'text-0 a',
      'text-0 b',
      'text-0 c',
      'text-2 d',
      'text-2 e',
      'text-2 f',
      'text-0 g',
    ]);
  });

  test.each<[string, SseMessage[], string]>([
    [
      'pings anywhere',
      [ping, begin(), ping, start(0, { type: 'text', text: '' }), ping, text(0, 'a'), ping, text(0, 'b'), ping, end(0)],
      'ab',
    ],
    [
      'unknown events and deltas',
      [
        begin(),
        event('future', { x: 1 }),
        event('content_block_delta', { index: 0, delta: { type: 'new_delta', text: 'x' } }),
        text(0, 'a'),
      ],
      'a',
    ],
    ['empty deltas', [begin(), text(0, ''), text(0, 'a')], 'a'],
    ['text in the beginning of a block', [begin(), start(0, { type: 'text', text: 'a' }), text(0, 'b')], 'ab'],
    ['events without a name', [message({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'a' } })], 'a'],
    ['events without a type', [message({ index: 0, delta: { type: 'text_delta', text: 'a' } }, 'content_block_delta')], 'a'],
    ['the same message_start twice', [begin(), text(0, 'a'), begin(), text(0, 'b')], 'ab'],
    ['another message_start before any content', [begin('msg_1'), begin('msg_2'), text(0, 'a')], 'a'],
    ['comments sent as data', [message(': keep-alive'), begin(), text(0, 'a')], 'a'],
    ['a number as text', [begin(), text(0, 7)], '7'],
    [
      'malformed members',
      [event('message_start'), event('content_block_start'), event('content_block_delta'), event('content_block_stop'), text(0, 'a')],
      'a',
    ],
  ])('%s', (_name, messages, joined) => {
    expect(decode(...messages, reason('end_turn'), stop)).toMatchObject({
      text: joined,
      error: undefined,
      finish: { finishReason: 'stop' },
    });
  });
});

describe('a second message before any content', () => {
  it('begins the usage anew', () => {
    const first = { input_tokens: 5, cache_read_input_tokens: 100, cache_creation_input_tokens: 50, output_tokens: 1 };
    const { finish } = decode(begin('msg_1', first), begin('msg_2'), text(0, 'a'), reason('end_turn'), stop);
    expect(finish?.usage).toEqual({ inputTokens: 43, outputTokens: 7, totalTokens: 50, estimated: false });
  });

  it('takes back the stop reason of the first', () => {
    expect(decode(begin('msg_1'), reason('refusal'), begin('msg_2'), text(0, 'a')).finish).toBeUndefined();
  });
});

describe('thinking', () => {
  const think = (index: unknown, thinking: string) => event('content_block_delta', { index, delta: { type: 'thinking_delta', thinking } });
  const sign = (index: unknown, signature: unknown) =>
    event('content_block_delta', { index, delta: { type: 'signature_delta', signature } });
  const signed = (index: number, signature: string) => ({
    type: 'reasoning-delta',
    id: `reasoning-${index}`,
    text: '',
    providerMetadata: { anthropic: { signature } },
  });

  it('is reasoning, with its signature as metadata of the same part', () => {
    const block = start(0, { type: 'thinking', thinking: '', signature: '' });
    const { events } = decode(begin(), block, think(0, 'Weigh'), think(0, ' both.'), sign(0, 'sig'), end(0), text(1, 'Bus.'));
    expect(events.slice(1)).toEqual([
      { type: 'reasoning-delta', id: 'reasoning-0', text: 'Weigh' },
      { type: 'reasoning-delta', id: 'reasoning-0', text: ' both.' },
      signed(0, 'sig'),
      { type: 'text-delta', id: 'text-1', text: 'Bus.' },
    ]);
  });

  test.each<[string, SseMessage[], object[]]>([
    ['that is omitted has a signature alone', [start(0, { type: 'thinking', thinking: '' }), sign(0, 'sig'), end(0)], [signed(0, 'sig')]],
    ['that is signed where it begins', [start(0, { type: 'thinking', thinking: '', signature: 'sig' })], [signed(0, 'sig')]],
    ['that is signed twice', [sign(0, 'old'), sign(0, 'new')], [signed(0, 'old'), signed(0, 'new')]],
    ['whose signature is empty, or none', [sign(0, ''), sign(0, null), sign(0, 5)], []],
  ])('%s', (_name, messages, events) => {
    expect(decode(begin(), ...messages).events.slice(1)).toEqual(events);
  });

  it('is read the same after a signature as before', () => {
    const texts = Array.from({ length: 40 }, (_, index) => `part ${index} `);
    const messages = texts.flatMap((each, index) => (index % 10 === 9 ? [think(0, each), sign(0, `sig${index}`)] : [think(0, each)]));
    expect(decode(begin(), ...messages).reasoning).toBe(texts.join(''));
  });

  it('goes back as it came, between what else was said, and so does what is the provider’s own', () => {
    const { events } = decode(
      begin(),
      start(0, { type: 'thinking', thinking: '' }),
      think(0, 'Weigh.'),
      sign(0, 'sig0'),
      end(0),
      start(1, { type: 'redacted_thinking', data: 'xyz' }),
      end(1),
      text(2, 'I look.'),
      end(2),
      start(3, { type: 'thinking', thinking: '' }),
      sign(3, 'sig3'),
      end(3),
      start(4, { type: 'tool_use', id: 't1', name: 'look', input: {} }),
      input(4, '{"q":"a"}'),
      end(4),
      reason('tool_use'),
      stop,
    );
    const builder = new ResultBuilder();
    for (const each of events) builder.add(each);
    const { messages } = builder.snapshot();
    const result = { type: 'tool-result', toolCallId: 't1', toolName: 'look', output: 'none', isError: true } as const;
    const request = { model: 'm', messages: [...messages, { role: 'tool', content: [result] }] } as const;
    expect(anthropicBody(request)).toMatchObject({
      messages: [
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Weigh.', signature: 'sig0' },
            { type: 'redacted_thinking', data: 'xyz' },
            { type: 'text', text: 'I look.' },
            { type: 'thinking', thinking: '', signature: 'sig3' },
            { type: 'tool_use', id: 't1', name: 'look', input: { q: 'a' } },
          ],
        },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: 'none', is_error: true }] },
      ],
    });
  });
});

describe('what only the provider understands', () => {
  const use = { type: 'server_tool_use', id: 's1', name: 'web_search', input: {} };
  const found = {
    type: 'web_search_tool_result',
    tool_use_id: 's1',
    content: [{ type: 'web_search_result', url: 'https://a.example', encrypted_content: 'x' }],
  };
  const items = (...messages: SseMessage[]) =>
    decode(begin(), ...messages).events.flatMap((each) => (each.type === 'provider-item' ? [[each.format, each.item]] : []));

  test.each<[string, SseMessage[], object[]]>([
    ['redacted thinking', [start(0, { type: 'redacted_thinking', data: 'x' }), end(0)], [{ type: 'redacted_thinking', data: 'x' }]],
    [
      'a tool that it runs, with its input in pieces, and what that found',
      [start(0, use), input(0, ''), input(0, '{"query":'), input(0, '"tea"}'), end(0), start(1, found), end(1)],
      [{ ...use, input: { query: 'tea' } }, found],
    ],
    [
      'a tool that it runs, with its input where it begins',
      [start(0, { ...use, input: { query: 'tea' } }), end(0)],
      [{ ...use, input: { query: 'tea' } }],
    ],
    ['a tool whose input is broken, and was run all the same', [start(0, use), input(0, '{"query"'), end(0)], [use]],
    [
      'a file for its container',
      [start(0, { type: 'container_upload', file_id: 'f' }), end(0)],
      [{ type: 'container_upload', file_id: 'f' }],
    ],
    [
      'a tool of another server',
      [start(0, { type: 'mcp_tool_use', id: 'm1', name: 'n', server_name: 's', input: {} }), input(0, '{"a":1}'), end(0)],
      [{ type: 'mcp_tool_use', id: 'm1', name: 'n', server_name: 's', input: { a: 1 } }],
    ],
    [
      'a summary of the conversation',
      [
        start(0, { type: 'compaction', content: null }),
        event('content_block_delta', { index: 0, delta: { type: 'compaction_delta', content: 'So far.' } }),
        end(0),
      ],
      [{ type: 'compaction', content: 'So far.' }],
    ],
    ['what is yet to be invented', [start(0, { type: 'future', x: 1 }), end(0)], [{ type: 'future', x: 1 }]],
    ['nothing, of a block that has no type', [start(0, { x: 1 }), end(0), event('content_block_start', { index: 1 }), end(1)], []],
    ['a block that does not stop, at the end', [start(0, found), reason('end_turn'), stop], [found]],
    ['nothing, of one that the limit on tokens has cut', [start(0, use), input(0, '{"que'), reason('max_tokens'), stop], []],
  ])('is an item: %s', (_name, messages, expected) => {
    expect(items(...messages)).toEqual(expected.map((item) => ['anthropic', item]));
  });

  it('comes in its order, and is no tool call of ours', () => {
    const { events, finish } = decode(
      begin(),
      text(0, 'a'),
      end(0),
      start(1, use),
      end(1),
      start(2, found),
      end(2),
      text(3, 'b'),
      reason('pause_turn'),
      stop,
    );
    const order = ['usage', 'text-delta', 'provider-item', 'source', 'provider-item', 'text-delta', 'usage', 'finish'];
    expect(events.map(({ type }) => type)).toEqual(order);
    expect(finish).toMatchObject({ finishReason: 'other', rawFinishReason: 'pause_turn' });
  });

  it('is limited in length and number', () => {
    const piece = 'x'.repeat(1_048_576);
    expect(classified(provider, decode(start(0, use), ...Array.from({ length: 5 }, () => input(0, piece))).error).category).toBe(
      'protocol',
    );
    const many = Array.from({ length: defaults.decoder.maxToolCalls + 1 }, (_, index) => start(index, found));
    expect(classified(provider, decode(...many).error).category).toBe('protocol');
  });
});

describe('the end', () => {
  test.each<[string, SseMessage[], string | undefined]>([
    ['a missing message_stop, after the stop reason', [...hello, reason('end_turn')], 'stop'],
    ['a missing stop reason, at message_stop', [...hello, stop], 'other'],
    ['a clean end without either is none', hello, undefined],
    ['message_stop after nothing is none', [begin(), stop], undefined],
    ['an empty body is none', [], undefined],
    ['message_delta without a stop reason is none', [...hello, reason(null)], undefined],
    ['[DONE] from a gateway, after the stop reason', [...hello, reason('end_turn'), message('[DONE]')], 'stop'],
    ['[DONE] from a gateway before it is none', [...hello, message('[DONE]')], undefined],
    ['what follows message_stop is dropped', [...hello, reason('end_turn'), stop, text(0, 'x'), stop], 'stop'],
    ['a refusal without content', [begin(), reason('refusal'), stop], 'refusal'],
    ['max_tokens', [...hello, reason('max_tokens'), stop], 'length'],
    ['model_context_window_exceeded', [...hello, reason('model_context_window_exceeded'), stop], 'length'],
    ['stop_sequence', [...hello, reason('stop_sequence'), stop], 'stop'],
    ['pause_turn', [...hello, reason('pause_turn'), stop], 'other'],
  ])('%s', (_name, messages, finishReason) => {
    const { events, finish, error } = decode(...messages);
    expect(error).toBeUndefined();
    expect(finish?.finishReason).toBe(finishReason);
    expect(events.filter((each) => each.type === 'finish')).toHaveLength(finishReason === undefined ? 0 : 1);
  });

  it('tells the explanation of a refusal', () => {
    const { events } = decode(
      begin(),
      reason('refusal', null, { stop_details: { type: 'refusal', category: 'cyber', explanation: 'No.' } }),
      stop,
    );
    expect(events).toContainEqual({ type: 'refusal-delta', id: 'refusal-0', text: 'No.' });
  });
});

describe('usage', () => {
  test.each<[string, object, object | null, object]>([
    [
      'is cumulative: the last count holds',
      { input_tokens: 43, output_tokens: 1 },
      { input_tokens: 61, output_tokens: 7 },
      { inputTokens: 61, outputTokens: 7, totalTokens: 68, estimated: false },
    ],
    [
      'keeps a count that is null',
      { input_tokens: 43, output_tokens: 1 },
      { input_tokens: null, output_tokens: 7 },
      { inputTokens: 43, outputTokens: 7 },
    ],
    [
      'counts what the cache read and wrote as input',
      { input_tokens: 10, cache_read_input_tokens: 5, cache_creation_input_tokens: 3, output_tokens: 1 },
      { output_tokens: 7 },
      { inputTokens: 18, cachedInputTokens: 5, cacheWriteTokens: 3, totalTokens: 25 },
    ],
    [
      'is estimated where the end was not told',
      { input_tokens: 43, output_tokens: 1 },
      null,
      { inputTokens: 43, outputTokens: 1, estimated: true },
    ],
    ['is unknown where nothing was told', {}, null, { inputTokens: 0, outputTokens: 0, totalTokens: 0, estimated: true }],
  ])('%s', (_name, first, last, usage) => {
    expect(decode(begin('msg_1', first), text(0, 'a'), reason('end_turn', last), stop).finish?.usage).toMatchObject(usage);
  });
});

describe('tool calls', () => {
  const tool = (index: unknown, id = 'tu_1', whole: unknown = {}) => start(index, { type: 'tool_use', id, name: 'look', input: whole });
  const call = (id: string, value: unknown) => ({ id, name: 'look', input: value });

  test.each<[string, SseMessage[], object[]]>([
    ['in pieces', [tool(0), input(0, ''), input(0, '{"q":'), input(0, '"a"}'), end(0)], [call('tu_1', { q: 'a' })]],
    ['without input', [tool(0), input(0, ''), end(0)], [call('tu_1', {})]],
    ['with the input in the beginning of the block', [tool(0, 'tu_1', { q: 'a' }), end(0)], [call('tu_1', { q: 'a' })]],
    [
      'two',
      [tool(0), input(0, '{}'), end(0), tool(1, 'tu_2'), input(1, '{"q":"b"}'), end(1)],
      [call('tu_1', {}), call('tu_2', { q: 'b' })],
    ],
    [
      'interleaved',
      [tool(0), tool(1, 'tu_2'), input(1, '{"q":"b"}'), input(0, '{}'), end(1), end(0)],
      [call('tu_2', { q: 'b' }), call('tu_1', {})],
    ],
    ['whose block does not stop', [tool(0), input(0, '{"q":"a"}')], [call('tu_1', { q: 'a' })]],
    [
      'that share an index',
      [tool(0), input(0, '{"q":"a"}'), tool(0, 'tu_2'), input(0, '{}'), end(0)],
      [call('tu_1', { q: 'a' }), call('tu_2', {})],
    ],
    [
      'without input, before another',
      [tool(0), input(0, ''), end(0), tool(1, 'tu_2'), input(1, '{"q":"b"}'), end(1)],
      [call('tu_1', {}), call('tu_2', { q: 'b' })],
    ],
    ['with the input as a text in the beginning', [tool(0, 'tu_1', '{"q":"a"}'), end(0)], [call('tu_1', { q: 'a' })]],
    ['after a placeholder', [tool(0), input(0, '{}'), input(0, '{"q":'), input(0, '"a"}'), end(0)], [call('tu_1', { q: 'a' })]],
    ['after a placeholder that is a text', [tool(0, 'tu_1', '{}'), input(0, '{"q":"a"}'), end(0)], [call('tu_1', { q: 'a' })]],
    ['whose input is null', [tool(0), input(0, 'null'), end(0)], [call('tu_1', {})]],
    [
      'whose input is null, before another',
      [tool(0), input(0, 'null'), end(0), tool(1, 'tu_2'), end(1)],
      [call('tu_1', {}), call('tu_2', {})],
    ],
    ['with a huge index', [tool(2 ** 40), input(2 ** 40, '{}'), end(2 ** 40)], [call('tu_1', {})]],
    [
      'not of tools that the provider runs',
      [start(0, { type: 'server_tool_use', id: 's', name: 'web_search', input: {} }), input(0, '{"x'), end(0), tool(1), end(1)],
      [call('tu_1', {})],
    ],
  ])('%s', (_name, messages, calls) => {
    const { toolCalls, finish, error } = decode(begin(), ...messages, reason('tool_use'), stop);
    expect(error).toBeUndefined();
    expect(toolCalls).toEqual(calls);
    expect(finish?.finishReason).toBe('tool-calls');
  });

  it('have ids of their own where the provider gives one to two, the same each time', () => {
    const two = [tool(0), input(0, '{"q":"a"}'), end(0), tool(1), input(1, '{"q":"b"}'), end(1)];
    const { toolCalls, events } = decode(begin(), ...two, reason('tool_use'), stop);
    expect(toolCalls.map(({ input: each }) => each)).toEqual([{ q: 'a' }, { q: 'b' }]);
    const [first, second] = toolCalls.map(({ id }) => id);
    expect(first).toBe('tu_1');
    expect(second).toMatch(/^[a-z0-9]{9}$/);
    expect(events.filter((each) => each.type === 'tool-input-delta').map(({ toolCallId }) => toolCallId)).toEqual([first, second]);
    expect(decode(begin(), ...two, reason('tool_use'), stop).toolCalls).toEqual(toolCalls);
  });

  it('with a text in the beginning that is no JSON are a protocol error, unless something better follows', () => {
    expect(classified(provider, decode(begin(), tool(0, 'tu_1', '{"q":'), end(0), reason('tool_use'), stop).error).category).toBe(
      'protocol',
    );
    const better = decode(begin(), tool(0, 'tu_1', '{"q":'), input(0, '{"q":"a"}'), end(0), reason('tool_use'), stop);
    expect(better.toolCalls).toEqual([call('tu_1', { q: 'a' })]);
  });

  it('without input is emitted when the next block begins, and not when the limit on tokens may have cut it off', () => {
    expect(decode(begin(), tool(0), end(0), start(1, { type: 'text', text: '' })).toolCalls).toHaveLength(1);
    expect(decode(begin(), tool(0), end(0)).toolCalls).toEqual([]);
  });

  it('is emitted as soon as its block is whole', () => {
    expect(decode(begin(), tool(0), input(0, '{"q":"a"}'), end(0)).toolCalls).toHaveLength(1);
  });

  it('ends a turn as tool-calls also where the provider says end_turn', () => {
    expect(decode(begin(), tool(0), end(0), reason('end_turn'), stop).finish?.finishReason).toBe('tool-calls');
  });

  test.each(['', '{"q":'])('cut off by the limit on tokens is left out: %j', (json) => {
    const { toolCalls, finish, error } = decode(begin(), text(0, 'a'), tool(1), input(1, json), end(1), reason('max_tokens'), stop);
    expect({ toolCalls, error }).toEqual({ toolCalls: [], error: undefined });
    expect(finish?.finishReason).toBe('length');
  });

  it('whose beginning was lost is a protocol error', () => {
    const { toolCalls, error } = decode(begin(), input(0, '{"q":"a"}'), reason('tool_use'), stop);
    expect(toolCalls).toEqual([]);
    expect(classified(provider, error).category).toBe('protocol');
  });

  it('are limited in length and number', () => {
    const piece = 'x'.repeat(1_048_576);
    expect(classified(provider, decode(tool(0), ...Array.from({ length: 5 }, () => input(0, piece))).error).category).toBe('protocol');
    const many = Array.from({ length: defaults.decoder.maxToolCalls + 1 }, (_, index) => tool(index, `tu_${index}`));
    expect(classified(provider, decode(...many).error).category).toBe('protocol');
  });
});

describe('sources', () => {
  const cite = (citation: object) => event('content_block_delta', { index: 1, delta: { type: 'citations_delta', citation } });

  it('are citations and the results of a search, each once', () => {
    const { events } = decode(
      begin(),
      start(0, {
        type: 'web_search_tool_result',
        tool_use_id: 's',
        content: [{ type: 'web_search_result', url: 'https://a.example', title: 'A' }],
      }),
      event('content_block_delta', { index: 1, delta: { type: 'citations_delta', citation: { url: 'https://a.example', title: 'A' } } }),
      event('content_block_delta', { index: 1, delta: { type: 'citations_delta', citation: { url: 'https://b.example' } } }),
      event('content_block_delta', { index: 1, delta: { type: 'citations_delta', citation: { type: 'char_location', cited_text: 'x' } } }),
      cite({ type: 'search_result_location', source: 'https://c.example', title: 'C' }),
      cite({ type: 'search_result_location', source: 'my notes', title: 'D' }),
      start(2, { type: 'web_fetch_tool_result', tool_use_id: 's', content: { type: 'web_fetch_result', url: 'https://d.example' } }),
    );
    expect(events.filter(({ type }) => type === 'source')).toEqual([
      { type: 'source', url: 'https://a.example', title: 'A' },
      { type: 'source', url: 'https://b.example' },
      { type: 'source', url: 'https://c.example', title: 'C' },
      { type: 'source', url: 'https://d.example' },
    ]);
  });
});

describe('citations', () => {
  const found = { type: 'web_search_result_location', url: 'https://a.example', title: 'A', cited_text: 'x', encrypted_index: 'e' };
  const other = { type: 'char_location', document_index: 0, document_title: 'D', cited_text: 'y', start_char_index: 0, end_char_index: 1 };
  const cite = (index: number, citation: unknown) => event('content_block_delta', { index, delta: { type: 'citations_delta', citation } });
  const cited = [
    begin(),
    start(0, { type: 'text', text: '', citations: [found] }),
    cite(0, other),
    text(0, 'Tea'),
    cite(0, null),
    end(0),
    text(1, ' is hot.'),
    end(1),
  ];

  it('are metadata of their text, told when its block stops', () => {
    const { events } = decode(...cited);
    expect(events.slice(1)).toEqual([
      { type: 'source', url: 'https://a.example', title: 'A' },
      { type: 'text-delta', id: 'text-0', text: 'Tea' },
      { type: 'text-delta', id: 'text-0', text: '', providerMetadata: { anthropic: { citations: [found, other] } } },
      { type: 'text-delta', id: 'text-1', text: ' is hot.' },
    ]);
  });

  it('go back with it', () => {
    const builder = new ResultBuilder();
    for (const each of decode(...cited, reason('end_turn'), stop).events) builder.add(each);
    expect(anthropicBody({ model: 'm', messages: builder.snapshot().messages })).toMatchObject({
      messages: [
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'Tea', citations: [found, other] },
            { type: 'text', text: ' is hot.' },
          ],
        },
      ],
    });
    const alone = {
      role: 'assistant',
      content: [{ type: 'text', text: 'Tea', providerMetadata: { anthropic: { citations: [found] } } }],
    } as const;
    expect(anthropicBody({ model: 'm', messages: [alone] })).toMatchObject({
      messages: [{ role: 'assistant', content: [{ type: 'text', text: 'Tea', citations: [found] }] }],
    });
  });

  it('are limited in number', () => {
    const many = Array.from({ length: 1_100 }, () => cite(0, other));
    const { events } = decode(begin(), ...many, end(0));
    expect(events.at(-1)).toMatchObject({ providerMetadata: { anthropic: { citations: { length: 1_024 } } } });
  });
});

describe('errors in the stream', () => {
  test.each<[string, SseMessage, string]>([
    ['overloaded', event('error', { error: { type: 'overloaded_error', message: 'Overloaded' }, request_id: 'req_1' }), 'overloaded'],
    ['rate limit', event('error', { error: { type: 'rate_limit_error', message: 'x' } }), 'rate-limit'],
    ['api error', event('error', { error: { type: 'api_error', message: 'x' } }), 'server-error'],
    ['invalid request', event('error', { error: { type: 'invalid_request_error', message: 'x' } }), 'invalid-request'],
    ['without a name', message({ type: 'error', error: { type: 'overloaded_error' } }), 'overloaded'],
    ['without a type', message({ error: { message: 'boom' } }), 'server-error'],
    ['not JSON', message('{"type":"content_block_del', 'content_block_delta'), 'protocol'],
    ['a second message after content', begin('msg_2'), 'protocol'],
  ])('%s', (_name, failure, category) => {
    const { text: said, error, finish } = decode(...hello, failure, stop);
    expect(said).toBe('Hello');
    expect(finish).toBeUndefined();
    expect(classified(provider, error).category).toBe(category);
  });

  it('name the request', () => {
    const failure = event('error', { error: { type: 'overloaded_error', message: 'Overloaded' }, request_id: 'req_1' });
    expect(classified(provider, decode(failure).error)).toMatchObject({
      code: 'overloaded_error',
      detail: 'Overloaded',
      providerRequestId: 'req_1',
    });
  });
});

describe('rate limits', () => {
  it('are points in time, read by the clock of the provider', () => {
    const headers = {
      date: 'Tue, 01 Sep 2026 00:00:00 GMT',
      'anthropic-ratelimit-requests-limit': '50',
      'anthropic-ratelimit-requests-remaining': '49',
      'anthropic-ratelimit-requests-reset': '2026-09-01T00:00:30Z',
      'anthropic-ratelimit-input-tokens-remaining': '0',
    };
    expect(decodeAll(provider.decoder(head(headers)), []).events).toEqual([
      {
        type: 'rate-limits',
        limits: [
          { kind: 'requests', limit: 50, remaining: 49, resetMs: 30_000 },
          { kind: 'input-tokens', limit: undefined, remaining: 0, resetMs: undefined },
        ],
      },
    ]);
  });
});
